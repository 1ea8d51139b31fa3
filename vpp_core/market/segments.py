"""Household segments as columns, and the VPP bid they add up to.

A segment is power held for a whole market window, with a price. Which segments can exist is fixed by the fleet, so
their layout is made once: battery sales, battery purchases, sales by delaying a car.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from vpp_core.fleet.fleet import Fleet
from vpp_core.scenario import MarketRules

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Layout:
    """Which column stands for what: `homes` battery sales, `homes` battery purchases, `cars` delayed charges."""

    home_of_car: npt.NDArray[np.integer]
    aggregation_of_home: npt.NDArray[np.integer]

    @classmethod
    def of(cls, fleet: Fleet) -> Layout:
        return cls(fleet.cars.home, fleet.aggregation_id)

    @property
    def homes(self) -> int:
        return len(self.aggregation_of_home)

    @property
    def battery_sell(self) -> slice:
        return slice(0, self.homes)

    @property
    def battery_buy(self) -> slice:
        return slice(self.homes, 2 * self.homes)

    @property
    def car_sell(self) -> slice:
        return slice(2 * self.homes, 2 * self.homes + len(self.home_of_car))

    def __len__(self) -> int:
        return 2 * self.homes + len(self.home_of_car)

    @cached_property
    def home(self) -> npt.NDArray[np.integer]:
        """Position of each segment's home, shape (K,)."""
        homes = np.arange(self.homes)
        return np.concatenate([homes, homes, self.home_of_car])

    @cached_property
    def direction(self) -> Floats:
        """+1 sells, −1 buys, shape (K,)."""
        return np.where(np.arange(len(self)) // self.homes == 1, -1.0, 1.0)

    @cached_property
    def is_battery(self) -> npt.NDArray[np.bool_]:
        """Shape (K,)."""
        return np.arange(len(self)) < 2 * self.homes

    @cached_property
    def book(self) -> npt.NDArray[np.intp]:
        """Which sum a segment counts towards: one per aggregation and direction, shape (K,)."""
        aggregation = np.unique(self.aggregation_of_home, return_inverse=True)[1][self.home]
        return (2 * aggregation + (self.direction < 0)).astype(np.intp)

    @cached_property
    def books(self) -> int:
        """Number of (aggregation, direction) sums."""
        return 2 * len(np.unique(self.aggregation_of_home))


@dataclass(frozen=True)
class Segments:
    """What homes hold for a window: columns over the layout, shape (K,).

    Where `quantity_kw` is 0 there is no segment. `price_usd_per_mwh` is the least a sale clears at, the most a
    purchase does; `agreed_usd_per_mwh` what the household is paid per MWh delivered (or pays per MWh taken).
    """

    quantity_kw: Floats
    price_usd_per_mwh: Floats
    agreed_usd_per_mwh: Floats

    @classmethod
    def none(cls, layout: Layout) -> Segments:
        """No segment at all."""
        return cls(np.zeros(len(layout)), np.zeros(len(layout)), np.zeros(len(layout)))


@dataclass(frozen=True)
class Submission:
    """What the market accepted of a decision."""

    segments: Segments
    below_minimum: bool


def submit(segments: Segments, layout: Layout, rules: MarketRules) -> Submission:
    """Hold a decision to the size rules: a sum below the minimum is no bid, one above the maximum is cut in proportion.

    The sum is taken per aggregation and direction.
    """
    sums = np.bincount(layout.book, weights=segments.quantity_kw, minlength=layout.books)
    below = (sums > 0) & (sums < rules.minimum_bid_mw * 1000 * (1 - 1e-9))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(sums > 0, np.minimum(1.0, rules.maximum_bid_mw * 1000 / sums), 0.0)
    share[below] = 0.0
    kept = share[layout.book]
    if not (kept == 1.0).all():
        segments = Segments(segments.quantity_kw * kept, segments.price_usd_per_mwh, segments.agreed_usd_per_mwh)
    return Submission(segments, bool(below.any()))


def cleared(segments: Segments, layout: Layout, lmp_usd_per_mwh: float) -> npt.NDArray[np.bool_]:
    """Which segments clear at a realised price: a sale where it asks no more, a purchase where it bids no less."""
    margin = layout.direction * (lmp_usd_per_mwh - segments.price_usd_per_mwh)
    return (segments.quantity_kw > 0) & (margin >= 0)
