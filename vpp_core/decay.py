"""Sums that decay: each value adds to what is left of all before it.

`scipy.signal.lfilter` does the same to the bit, and takes every process half a second to import.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt


def decaying_sum(values: npt.NDArray[Any], keep: float, before: float = 0.0) -> npt.NDArray[Any]:
    """Add up values, of which a share is left from one to the next.

    Parameters
    ----------
    values : array of float
        Along the last axis, T of them.
    keep : float
        Share of the sum that is left when the next value comes.
    before : float, default 0.0
        The sum before the first value.

    Returns
    -------
    array of float
        The sum with each value, of the same shape and type.
    """
    left = values.dtype.type(keep)
    if values.ndim == 1:
        running = accumulate(values.tolist(), lambda total, value: value + left * total, initial=before)
        next(running)
        return np.array(list(running), dtype=values.dtype)
    # Of many at once, time for time: each step's values beside one another.
    sums = np.moveaxis(values, -1, 0).copy()
    total: Any = before
    for step in sums:
        step += left * total
        total = step
    return np.ascontiguousarray(np.moveaxis(sums, 0, -1))
