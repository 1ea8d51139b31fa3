"""Sums and means of interval columns over local days, market windows, the stores of a home, and aggregations."""

from __future__ import annotations

import numpy as np

from vpp_core.fleet.fleet import Bools, Fleet, Floats, Ints
from vpp_core.market.inputs import Inputs


def sum_by_home(inputs: Inputs, of_store: Floats, kind: str | None = None) -> Floats:
    """Columns of stores as columns of homes, (T, S) → (T, N): of all stores, or those of a kind."""
    stores = inputs.stores
    which = slice(0, len(stores)) if kind is None else stores.of_kind(kind)
    total: Floats = stores.membership(kind, len(inputs.fleet)) @ of_store[:, which].T
    return total.T


def any_by_home(inputs: Inputs, of_store: Bools) -> Bools:
    """(T, S) → (T, N): any of the home's stores."""
    return sum_by_home(inputs, of_store.astype(np.float64)) > 0


def mean_by_home(inputs: Inputs, of_store: Floats) -> Floats:
    """(T, S) → (T, N): mean of the home's values that are numbers; NaN where none is."""
    known = ~np.isnan(of_store)
    count = sum_by_home(inputs, known.astype(np.float64))
    total = sum_by_home(inputs, np.where(known, of_store, 0.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = np.where(count > 0, total / count, np.nan)
    return mean


def minimum_by_home(inputs: Inputs, of_store: Floats) -> Floats:
    """(D, S) → (D, N): least of the home's values that are numbers; NaN where none is."""
    least = np.full((len(inputs.fleet), len(of_store)), np.nan)
    np.fmin.at(least, inputs.stores.home, of_store.T)
    return least.T


def aggregation_of_home(fleet: Fleet) -> tuple[Ints, int]:
    """Position of each home's aggregation among those of the fleet, shape (N,), and how many there are."""
    known, position = np.unique(fleet.aggregation_id, return_inverse=True)
    return position, len(known)


def shared_by_homes(inputs: Inputs, of_aggregation: Floats) -> Floats:
    """(T, A) → (T, N): in equal parts among the homes of an aggregation."""
    position, count = aggregation_of_home(inputs.fleet)
    shares: Floats = of_aggregation / np.bincount(position, minlength=count)
    return shares[:, position]


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
