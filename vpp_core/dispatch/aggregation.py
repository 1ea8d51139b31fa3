"""One aggregation's part of a window: its segments, what they gain, and the sums they are held to.

Aggregations share no limit, so each is solved on its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.dispatch.offers import SharedLimits
from vpp_core.fleet.fleet import Bools, Floats, Ints
from vpp_core.market.segments import BOOKS, Layout


@dataclass(frozen=True)
class Aggregation:
    """Which segments are one aggregation's: sales, purchases, spin and non-spin of its B batteries, then cars.

    `homes` (B,) and `segments` (K,) are positions in the layout, `book` (K,) positions in `BOOKS`.
    """

    homes: Ints
    segments: Ints
    book: Ints

    @property
    def batteries(self) -> int:
        return len(self.homes)

    def row(self, position: int) -> slice:
        """The battery segments of an entry of `BOOKS`."""
        return slice(position * self.batteries, (position + 1) * self.batteries)


def aggregations_of(layout: Layout, has_battery: Bools) -> list[Aggregation]:
    """One for each aggregation that has any segment; homes without a battery have no battery segments."""
    aggregation_of_home = np.unique(layout.aggregation_of_home, return_inverse=True)[1]
    rows = (layout.battery_sell, layout.battery_buy, layout.battery_spin, layout.battery_nonspin)
    of_cars = np.ones(len(layout), dtype=bool)
    for row in rows:
        of_cars[row] = False
    parts = []
    for aggregation in range(layout.books // len(BOOKS)):
        homes = np.flatnonzero((aggregation_of_home == aggregation) & has_battery)
        cars = np.flatnonzero(of_cars & (layout.book // len(BOOKS) == aggregation))
        segments = np.concatenate([*(row.start + homes for row in rows), cars])
        if len(segments):
            parts.append(Aggregation(homes, segments, layout.book[segments] % len(BOOKS)))
    return parts


@dataclass(frozen=True)
class Window:
    """What an aggregation's segments gain when held whole [$] and their size [kW], (K,), and what batteries share."""

    aggregation: Aggregation
    gain_usd: Floats
    quantity_kw: Floats
    shared: SharedLimits

    @classmethod
    def of(cls, aggregation: Aggregation, gain_usd: Floats, quantity_kw: Floats, shared: SharedLimits) -> Window:
        """The aggregation's part of columns over the whole layout."""
        homes, segments = aggregation.homes, aggregation.segments
        return cls(
            aggregation,
            gain_usd[segments],
            quantity_kw[segments],
            SharedLimits(
                shared.sale_power[homes], shared.reserve_power[homes],
                shared.sale_energy[homes], shared.reserve_energy[homes],
            ),
        )  # fmt: skip

    def sums_kw(self, share: Floats) -> Floats:
        """What shares (K,) add up to by entry of `BOOKS`."""
        sums: Floats = np.bincount(
            self.aggregation.book, weights=share * self.quantity_kw, minlength=len(BOOKS)
        ).astype(np.float64)
        return sums


@dataclass(frozen=True)
class Answer:
    """The best shares of a window within limits on its sums, or the reason why there are none."""

    share: Floats | None
    value_usd: float
    bound_usd: float
    """no shares within the limits gain more"""
    status: str
    """optimal, infeasible, or what else the solver said"""
