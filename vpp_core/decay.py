"""Exponentially decaying sums: each value is added to a fixed share of the sum before it (an AR(1) recursion).

`scipy.signal.lfilter` computes the same to the bit, but importing it takes every process half a second.
"""

from __future__ import annotations

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
    sums = np.array(np.moveaxis(values, -1, 0), order="C")  # the values of one time lie beside one another
    sums[:1] += left * values.dtype.type(before)
    for t in range(1, len(sums)):
        sums[t] += left * sums[t - 1]
    return np.ascontiguousarray(np.moveaxis(sums, 0, -1))
