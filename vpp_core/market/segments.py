"""Household segments as columns, and the VPP bid they add up to.

A segment is power held for a whole market window, with a price. Which segments can exist is fixed by the fleet, so
their layout is made once: battery sales, battery purchases, spin and non-spin held in batteries, sales by delaying a
car's charge, sales by discharging a car (V2G). Energy is priced in $/MWh, reserve in $ per MW held for an hour
($/MW-h).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from vpp_core.fleet.fleet import Fleet
from vpp_core.scenario import MarketRules

Floats = npt.NDArray[np.float64]

ENERGY, SPIN, NONSPIN = range(3)
"""Products, as positions in tables of prices by product."""
PRODUCTS = ("energy", "spin", "nonspin")
BOOKS = ("sell", "buy", "spin", "nonspin")
"""The sums that a bid consists of, per aggregation."""


@dataclass(frozen=True)
class Layout:
    """Which column stands for what: N battery sales, N purchases, N spin, N non-spin, then M delayed car charges, then
    a discharge of each car that may (V2G)."""

    home_of_car: npt.NDArray[np.integer]
    aggregation_of_home: npt.NDArray[np.integer]
    discharging_car: npt.NDArray[np.integer] = field(default_factory=lambda: np.zeros(0, dtype=np.intp))
    """positions of the cars with V2G"""

    @classmethod
    def of(cls, fleet: Fleet) -> Layout:
        return cls(fleet.cars.home, fleet.aggregation_id, np.flatnonzero(fleet.cars.v2g))

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
    def battery_spin(self) -> slice:
        return slice(2 * self.homes, 3 * self.homes)

    @property
    def battery_nonspin(self) -> slice:
        return slice(3 * self.homes, 4 * self.homes)

    @property
    def car_sell(self) -> slice:
        return slice(4 * self.homes, 4 * self.homes + len(self.home_of_car))

    @property
    def car_discharge(self) -> slice:
        return slice(self.car_sell.stop, self.car_sell.stop + len(self.discharging_car))

    def __len__(self) -> int:
        return self.car_discharge.stop

    @cached_property
    def home(self) -> npt.NDArray[np.integer]:
        """Position of each segment's home, shape (K,)."""
        homes = np.arange(self.homes)
        return np.concatenate([homes, homes, homes, homes, self.home_of_car, self.home_of_car[self.discharging_car]])

    @cached_property
    def product(self) -> npt.NDArray[np.intp]:
        """ENERGY, SPIN or NONSPIN, shape (K,)."""
        product = np.full(len(self), ENERGY, dtype=np.intp)
        product[self.battery_spin] = SPIN
        product[self.battery_nonspin] = NONSPIN
        return product

    @cached_property
    def is_reserve(self) -> npt.NDArray[np.bool_]:
        """Shape (K,)."""
        return self.product != ENERGY

    @cached_property
    def direction(self) -> Floats:
        """+1 sells, −1 buys, shape (K,)."""
        direction = np.ones(len(self))
        direction[self.battery_buy] = -1.0
        return direction

    @cached_property
    def is_battery(self) -> npt.NDArray[np.bool_]:
        """Shape (K,)."""
        return np.arange(len(self)) < self.car_sell.start

    @cached_property
    def is_compensated(self) -> npt.NDArray[np.bool_]:
        """Whether the household names a price for it: all but a delayed charge, which is owed readiness. Shape (K,)."""
        compensated = np.ones(len(self), dtype=bool)
        compensated[self.car_sell] = False
        return compensated

    @cached_property
    def book(self) -> npt.NDArray[np.intp]:
        """Which sum a segment counts towards: one per aggregation and entry of `BOOKS`, shape (K,)."""
        aggregation = np.unique(self.aggregation_of_home, return_inverse=True)[1][self.home]
        of_bid = np.where(self.direction < 0, 1, np.where(self.is_reserve, self.product + 1, 0))
        return (len(BOOKS) * aggregation + of_bid).astype(np.intp)

    @cached_property
    def books(self) -> int:
        """Number of sums."""
        return len(BOOKS) * len(np.unique(self.aggregation_of_home))


@dataclass(frozen=True)
class Segments:
    """What homes hold for a window: columns over the layout, shape (K,).

    Where `quantity_kw` is 0 there is no segment. `price_usd_per_mwh` is the least a sale clears at, the most a
    purchase does; `agreed_usd_per_mwh` what the household is paid per MWh delivered (or pays per MWh taken). Of a
    reserve both are per MW-h held, and what a call delivers is paid apart, at `call_usd_per_mwh` (N,).
    """

    quantity_kw: Floats
    price_usd_per_mwh: Floats
    agreed_usd_per_mwh: Floats
    call_usd_per_mwh: Floats

    @classmethod
    def none(cls, layout: Layout) -> Segments:
        """No segment at all."""
        return cls(np.zeros(len(layout)), np.zeros(len(layout)), np.zeros(len(layout)), np.zeros(layout.homes))


@dataclass(frozen=True)
class Submission:
    """What the market accepted of a decision."""

    segments: Segments
    below_minimum: bool


def submit(segments: Segments, layout: Layout, rules: MarketRules) -> Submission:
    """Hold a decision to the size rules: a sum below the minimum is no bid, one above the maximum is cut in proportion.

    The sum is taken per aggregation and entry of `BOOKS`.
    """
    sums = np.bincount(layout.book, weights=segments.quantity_kw, minlength=layout.books)
    below = (sums > 0) & (sums < rules.minimum_bid_mw * 1000 * (1 - 1e-9))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(sums > 0, np.minimum(1.0, rules.maximum_bid_mw * 1000 / sums), 0.0)
    share[below] = 0.0
    kept = share[layout.book]
    if not (kept == 1.0).all():
        segments = replace(segments, quantity_kw=segments.quantity_kw * kept)
    return Submission(segments, bool(below.any()))


def cleared(segments: Segments, layout: Layout, price: Floats) -> npt.NDArray[np.bool_]:
    """Which segments clear at the realised prices of the products (3,): energy [$/MWh], spin and non-spin [$/MW-h].

    A sale does where it asks no more, a purchase where it bids no less; nothing clears at a price that is missing.
    """
    margin = layout.direction * (price[layout.product] - segments.price_usd_per_mwh)
    return (segments.quantity_kw > 0) & (margin >= 0)
