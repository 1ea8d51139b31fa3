"""Sums and means of interval columns over local days, market windows, and the cars of a home."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from vpp_core.fleet.fleet import Bools, Floats
from vpp_core.market.inputs import Inputs


def sum_by_home(inputs: Inputs, of_car: Floats) -> Floats:
    """Columns of cars as columns of homes, (T, M) → (T, N)."""
    homes, cars = len(inputs.fleet), len(inputs.cars)
    membership = csr_array((np.ones(cars), (np.arange(cars), inputs.cars.home)), shape=(cars, homes))
    total: Floats = of_car @ membership
    return total


class Groups:
    """The days and windows of a period."""

    def __init__(self, inputs: Inputs) -> None:
        day = inputs.period.day_of_interval
        self.day_starts = np.flatnonzero(np.diff(day, prepend=-1))
        self.length = inputs.windows.length
        self.windows = len(inputs.windows)
        self.day_of_window = day[:: self.length][: self.windows]

    def day_sum(self, values: Floats) -> Floats:
        """(T, N) → (D, N)."""
        total: Floats = np.add.reduceat(values, self.day_starts, axis=0)
        return total

    def day_mean(self, values: Floats) -> Floats:
        """(T, N) → (D, N), mean of what is a number; NaN where nothing is."""
        known = ~np.isnan(values)
        count = self.day_sum(known.astype(np.float64))
        with np.errstate(invalid="ignore", divide="ignore"):
            mean: Floats = np.where(count > 0, self.day_sum(np.where(known, values, 0.0)) / count, np.nan)
        return mean

    def window_sum(self, values: Floats) -> Floats:
        """(T, …) → (W, …)."""
        total: Floats = values.reshape(self.windows, self.length, *values.shape[1:]).sum(axis=1)
        return total

    def window_any(self, values: Bools) -> Bools:
        """(T, N) → (W, N)."""
        result: Bools = np.any(values.reshape(self.windows, self.length, *values.shape[1:]), axis=1)
        return result

    def window_days_sum(self, values: Floats) -> Floats:
        """(W, N) → (D, N)."""
        starts = np.flatnonzero(np.diff(self.day_of_window, prepend=-1))
        total: Floats = np.add.reduceat(values, starts, axis=0)
        return total
