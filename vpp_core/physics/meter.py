"""The home's meter: net injection, and the retail bill on it."""

from __future__ import annotations

import numpy as np

from vpp_core.physics.storage import Numeric


def net_injection_kw(pv_kw: Numeric, load_kw: Numeric, stores_kw: Numeric) -> Numeric:
    """Power at the meter, export positive.

    Parameters
    ----------
    pv_kw : numeric
        What the panels give [kW].
    load_kw : numeric
        What the home uses [kW].
    stores_kw : numeric
        What its stores give less what they take [kW].

    Returns
    -------
    numeric
        Net injection [kW].
    """
    return pv_kw - load_kw + stores_kw


def retail_bill_usd(
    injection_kw: Numeric, import_usd_per_kwh: Numeric, export_usd_per_kwh: Numeric, hours: float
) -> Numeric:
    """Bill of an interval: import charged, export credited.

    Parameters
    ----------
    injection_kw : numeric
        Net injection at the meter [kW].
    import_usd_per_kwh, export_usd_per_kwh : numeric
        Retail prices [$/kWh].
    hours : float
        Length of the interval [h].

    Returns
    -------
    numeric
        What the home pays its retailer [$]; negative where it is paid.
    """
    imported = np.maximum(-injection_kw, 0.0)
    exported = np.maximum(injection_kw, 0.0)
    return hours * (import_usd_per_kwh * imported - export_usd_per_kwh * exported)
