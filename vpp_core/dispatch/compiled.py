"""The physics, meter and price functions compiled as they stand, for the inner loops of this folder.

No second version of a formula: numba compiles the very functions that `physics` and `market` export.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from numba import njit

from vpp_core.market import distribution
from vpp_core.physics import meter, storage


def _compile(function: Any, **calls: Callable[..., Any]) -> Any:
    """Compile a function whose calls to its neighbours go to their compiled forms."""
    names = {**function.__globals__, **calls}
    return njit(FunctionType(function.__code__, names, function.__name__))


charge_limit_kw = _compile(storage.charge_limit_kw)
discharge_limit_kw = _compile(storage.discharge_limit_kw)
step_energy_kwh = _compile(storage.step_energy_kwh)
within_limits_kw = _compile(storage.within_limits_kw)
self_consumption_kw = _compile(
    storage.self_consumption_kw, charge_limit_kw=charge_limit_kw, discharge_limit_kw=discharge_limit_kw
)
charge_on_arrival_kw = _compile(storage.charge_on_arrival_kw, charge_limit_kw=charge_limit_kw)
retail_bill_usd = _compile(meter.retail_bill_usd)
expected_gain_above = _compile(distribution.expected_gain_above)
expected_gain_below = _compile(distribution.expected_gain_below, expected_gain_above=expected_gain_above)
