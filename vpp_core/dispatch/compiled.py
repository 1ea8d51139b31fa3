"""The physics, meter and price functions compiled as they stand, for the inner loops of this folder.

No second version of a formula: numba compiles the very functions that `physics` and `market` export. Division by zero
gives infinity as in numpy, since a loop that might raise cannot do several cases per instruction. Machine code is kept
in a `__pycache__` folder named after the sources it was made from, since numba itself would not notice that a function
called by a kernel has changed; where that folder cannot be written, kernels are compiled anew in each process.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import numba

from vpp_core.market import distribution
from vpp_core.physics import meter, storage

_LOOPS = (b"@c.kernel", b"@c.part", b"@njit", b"NamedTuple", b"numba")


def _prepare_cache() -> bool:
    """Point numba at the folder for these sources; whether there is one that can be written."""
    here = Path(__file__).parent
    ours = {path: path.read_bytes() for path in here.rglob("*.py")}
    # Only files that hold loops, or the records that loops are given: another's change must not compile all anew.
    loops = [content for path, content in sorted(ours.items()) if any(word in content for word in _LOOPS)]
    formulas = [Path(module.__file__ or "").read_bytes() for module in (distribution, meter, storage)]
    digest = hashlib.sha256(b"".join([*loops, *formulas])).hexdigest()[:16]
    folder = here / "__pycache__" / f"numba-{digest}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    if not os.access(folder, os.W_OK):
        return False
    setattr(numba.config, "CACHE_DIR", str(folder))  # noqa: B010 (numba makes its settings at run time)
    return True


_CACHED = _prepare_cache()


def kernel(function: Callable[..., Any]) -> Any:
    """Compile an inner loop; a decorator."""
    return numba.njit(cache=_CACHED, error_model="numpy")(function)


def part(function: Callable[..., Any]) -> Any:
    """Compile a loop, or what it does for each store, that makes no arrays of its own; a decorator.

    numba counts references to arrays, a slice or a field of a record being one more: for what is done a million times
    that takes longer than the arithmetic. Who makes no arrays needs no such count.
    """
    options: dict[str, Any] = {"cache": _CACHED, "error_model": "numpy", "_nrt": False}
    return numba.njit(**options)(function)


def _compile(function: Any, **calls: Callable[..., Any]) -> Any:
    """Compile a function whose calls to its neighbours go to their compiled forms.

    Its arguments are numbers, never missing (`Inputs.build` refuses tables that lack any): without a care for NaN a
    minimum is one instruction.
    """
    names = {**function.__globals__, **calls}
    return numba.njit(FunctionType(function.__code__, names, function.__name__), error_model="numpy", fastmath={"nnan"})


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
