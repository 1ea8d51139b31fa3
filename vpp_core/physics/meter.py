"""The home's meter: net injection, and the retail bill on it."""

from __future__ import annotations

import numpy as np

from vpp_core.physics.storage import Numeric


def net_injection_kw(pv_kw: Numeric, load_kw: Numeric, stores_kw: Numeric) -> Numeric:
    """Power at the meter [kW, export positive]; `stores_kw` is what the home's stores give less what they take."""
    return pv_kw - load_kw + stores_kw


def retail_bill_usd(
    injection_kw: Numeric, import_usd_per_kwh: Numeric, export_usd_per_kwh: Numeric, hours: float
) -> Numeric:
    """What the home pays its retailer for the interval [$]: import charged, export credited."""
    imported = np.maximum(-injection_kw, 0.0)
    exported = np.maximum(injection_kw, 0.0)
    return hours * (import_usd_per_kwh * imported - export_usd_per_kwh * exported)
