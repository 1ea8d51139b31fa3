"""What stores may be asked for in a market window, as columns.

A segment is the power that a store may be asked for in any interval of the window, and at what price its home is paid.
Which can exist is fixed by the fleet, so their layout is made once. Energy is priced in $/MWh, reserve in $ per MW held
for an hour ($/MW-h).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from vpp_core.fleet.fleet import Fleet
from vpp_core.fleet.stores import Stores

Floats = npt.NDArray[np.float64]

ENERGY, SPIN, NONSPIN = range(3)
"""Products, as positions in tables of prices by product."""
PRODUCTS = ("energy", "spin", "nonspin")
TICK_USD_PER_MWH = 0.01
"""What every segment asks above its cost: the market's smallest step, so that nothing moves for nothing."""
BOOKS = ("sell", "buy", "spin", "nonspin")
"""The sums that a bid consists of, per aggregation."""


@dataclass(frozen=True)
class Layout:
    """Which column stands for what, S columns each: sales, purchases, spin, non-spin, and giving by a store that does
    not follow its home's meter (V2G), whose sale is only charge held off.
    """

    home_of_store: npt.NDArray[np.integer]
    follows_meter: npt.NDArray[np.bool_]
    aggregation_of_home: npt.NDArray[np.integer]

    @classmethod
    def of(cls, stores: Stores, fleet: Fleet) -> Layout:
        aggregation = np.unique(fleet.aggregation_id, return_inverse=True)[1]
        return cls(stores.home, stores.follows_meter, aggregation)

    @property
    def homes(self) -> int:
        return len(self.aggregation_of_home)

    @property
    def stores(self) -> int:
        return len(self.home_of_store)

    @property
    def aggregations(self) -> int:
        return int(self.aggregation_of_home.max(initial=-1)) + 1

    @property
    def sell(self) -> slice:
        return slice(0, self.stores)

    @property
    def buy(self) -> slice:
        return slice(self.stores, 2 * self.stores)

    @property
    def spin(self) -> slice:
        return slice(2 * self.stores, 3 * self.stores)

    @property
    def nonspin(self) -> slice:
        return slice(3 * self.stores, 4 * self.stores)

    @property
    def give(self) -> slice:
        return slice(4 * self.stores, 5 * self.stores)

    def __len__(self) -> int:
        return 5 * self.stores

    @cached_property
    def store(self) -> npt.NDArray[np.integer]:
        """Position of each segment's store, shape (K,)."""
        return np.tile(np.arange(self.stores), 5)

    @cached_property
    def home(self) -> npt.NDArray[np.integer]:
        """Position of each segment's home, shape (K,)."""
        return self.home_of_store[self.store]

    @cached_property
    def product(self) -> npt.NDArray[np.intp]:
        """ENERGY, SPIN or NONSPIN, shape (K,)."""
        product = np.full(len(self), ENERGY, dtype=np.intp)
        product[self.spin] = SPIN
        product[self.nonspin] = NONSPIN
        return product

    @cached_property
    def is_reserve(self) -> npt.NDArray[np.bool_]:
        """Shape (K,)."""
        return self.product != ENERGY

    @cached_property
    def direction(self) -> Floats:
        """+1 sells, −1 buys, shape (K,)."""
        direction = np.ones(len(self))
        direction[self.buy] = -1.0
        return direction

    @cached_property
    def is_battery(self) -> npt.NDArray[np.bool_]:
        """Whether the segment is of a store that follows its home's meter, shape (K,)."""
        return np.asarray(self.follows_meter[self.store])

    @cached_property
    def is_held_off(self) -> npt.NDArray[np.bool_]:
        """Whether it is charging that is held off: a sale by a store that does not follow its meter. Shape (K,)."""
        held_off = np.zeros(len(self), dtype=bool)
        held_off[self.sell] = ~self.follows_meter
        return held_off

    @cached_property
    def book(self) -> npt.NDArray[np.intp]:
        """Which sum each segment counts towards: aggregation and entry of `BOOKS`, shape (K,)."""
        row = np.repeat([0, 1, 2, 3, 0], self.stores)
        return np.asarray(self.aggregation_of_home[self.home] * len(BOOKS) + row, dtype=np.intp)

    @property
    def books(self) -> int:
        return self.aggregations * len(BOOKS)


@dataclass(frozen=True)
class Segments:
    """What homes hold for a window: columns over the layout, shape (K,).

    Where `quantity_kw` is 0 there is no segment. `price_usd_per_mwh` is the least a sale clears at, the most a
    purchase does; `agreed_usd_per_mwh` what the household is paid per MWh delivered (or pays per MWh taken). Of a
    reserve both are per MW-h held, and what a call delivers is paid apart, at `call_usd_per_mwh` (S,).
    """

    quantity_kw: Floats
    price_usd_per_mwh: Floats
    agreed_usd_per_mwh: Floats
    call_usd_per_mwh: Floats

    def __repr__(self) -> str:
        sell, buy, spin, nonspin, give = self.quantity_kw.reshape(5, -1).sum(axis=1)
        parts = {"sell": sell + give, "buy": buy, "spin": spin, "non-spin": nonspin}
        told = ", ".join(f"{name} {kw:,.1f} kW" for name, kw in parts.items() if kw > 0)
        return f"<Segments {(self.quantity_kw > 0).sum():,} of {len(self.quantity_kw):,}: {told or 'nothing'}>"

    @classmethod
    def none(cls, layout: Layout) -> Segments:
        """No segment at all."""
        return cls(np.zeros(len(layout)), np.zeros(len(layout)), np.zeros(len(layout)), np.zeros(layout.stores))


def later_usd_per_mwh(direction: Floats, rebound_usd_per_mwh: Floats) -> Floats:
    """What a segment's price adds to what is agreed (signed): the rebound where it costs, of purchases also where it
    brings, and the market's smallest step.
    """
    rebound = rebound_usd_per_mwh
    return np.where(direction > 0, np.maximum(rebound, 0.0), rebound) + TICK_USD_PER_MWH
