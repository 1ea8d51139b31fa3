"""How stores run: their defaults, the limits within which they may deviate, and who gives what the market cleared.

What clears in an interval is given by the aggregator to homes in that interval, cheapest first: the price inside the
fleet at which its homes would deviate by just that much is searched (`giving`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.columns import Bounds, Grouped, Homes, Members, Met, Quarter, StoreColumns, own
from vpp_core.dispatch.giving import curve_kw, give_kw
from vpp_core.dispatch.limits import defaults, limits_kw, sums_kw
from vpp_core.dispatch.response import respond
from vpp_core.fleet.fleet import Bools, Floats, Ints
from vpp_core.fleet.permission import Permission
from vpp_core.fleet.stores import Stores
from vpp_core.physics.storage import step_energy_kwh

_ALWAYS = 10**6
"""Intervals until a store that never leaves must be ready: it must be always (heaters), or is asked nothing."""


@dataclass(frozen=True)
class Conditions:
    """One quarter hour as stores and homes meet it."""

    energy_kwh: Floats
    """in the stores at its start, after what is drawn from them, shape (S,)"""
    available: Bools
    net_generation_kw: Floats
    """of homes, shape (N,)"""
    imported_usd_per_kwh: Floats
    """each home's, shape (N,)"""
    exported_usd_per_kwh: Floats

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, own(getattr(self, field.name)))


@dataclass(frozen=True)
class Limits:
    """Power [kW, giving positive] of each store, shape (S,): on its own, and between which it may run."""

    default: Floats
    low: Floats
    high: Floats


def quarter(at: Conditions, limits: Limits, slopes: Floats, markup: Floats) -> Quarter:
    """A quarter hour as the compiled loops are given it."""
    return Quarter(
        slopes, at.energy_kwh, markup, at.imported_usd_per_kwh, at.exported_usd_per_kwh, at.net_generation_kw,
        limits.default, limits.low, limits.high,
    )  # fmt: skip


class Operation:
    """The stores of a fleet under one permission."""

    def __init__(
        self,
        stores: Stores,
        permission: Permission,
        columns: StoreColumns,
        homes: Homes,
        aggregation_of_home: Ints,
        exports: bool = True,
    ) -> None:
        self.exports = exports
        self.stores, self.permission, self.columns, self.homes = stores, permission, columns, homes
        self.aggregation_of_home = aggregation_of_home
        self.aggregations = int(aggregation_of_home.max(initial=-1)) + 1
        self.aggregation = aggregation_of_home[stores.home]
        self._home = stores.home.astype(np.int64)
        grouped = Grouped(aggregation_of_home.astype(np.int64), self.aggregation.astype(np.int64))
        self._members = Members(columns, homes, grouped)
        self._never_leaves = (stores.leave_slot >= 96).all(axis=0)

    def default_kw(self, at: Conditions) -> Floats:
        """What stores do on their own."""
        default = np.zeros(len(self.stores))
        defaults(self.columns, self._home, at.energy_kwh, at.available, at.net_generation_kw, INTERVAL_HOURS, default)
        return default

    def limits(
        self,
        at: Conditions,
        taken_kwh: Floats,
        need_kwh: Floats,
        ready_in: Ints,
        asked_kw: Floats,
        reserved_kw: Floats,
        reserve_hours: float,
    ) -> Limits:
        """Limits of an interval.

        `taken_kwh` today (S,); `need_kwh` (S,) in `ready_in` intervals at the latest; `asked_kw` (3, S): the most that
        may be asked of selling, giving and buying; `reserved_kw` (S,) is held as reserve.
        """  # fmt: skip
        count = len(self.stores)
        found = Limits(np.zeros(count), np.zeros(count), np.zeros(count))
        met = Met(at.energy_kwh, at.available, at.net_generation_kw)
        bounds = Bounds(
            self.permission.daily_kwh, own(taken_kwh), own(need_kwh), own(ready_in), own(asked_kw), own(reserved_kw),
            reserve_hours,
        )  # fmt: skip
        limits_kw(self.columns, self._home, met, bounds, INTERVAL_HOURS, found.default, found.low, found.high)
        if self.exports:
            return found
        more = self.drawn_only(found.high - found.default, found.default, at.net_generation_kw)
        return Limits(found.default, found.low, found.default + more)

    def drawn_only(self, more_kw: Floats, default: Floats, net_generation_kw: Floats) -> Floats:
        """What stores may give more where homes may not export for the VPP: together no more than their home draws."""
        home, homes = self.stores.home, len(net_generation_kw)
        drawn = np.maximum(-(net_generation_kw + np.bincount(home, default, homes)), 0.0)
        wished = np.bincount(home, more_kw, homes)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(wished > 0, np.minimum(drawn / wished, 1.0), 0.0)
        limited: Floats = more_kw * share[home]
        return limited

    def intervals_to_ready(self, slot: int, weekend: int, weekend_tomorrow: int) -> Ints:
        """Intervals until each store must hold what is needed, by usual times; (S,)."""
        s = self.stores
        today = s.leave_slot[weekend] - s.early_slots - slot
        tomorrow = 96 - slot + s.leave_slot[weekend_tomorrow] - s.early_slots
        back = slot >= s.return_slot[weekend]
        left = np.where(back, tomorrow, np.maximum(today, 0))
        return np.where(self._never_leaves, np.where(s.follows_meter, _ALWAYS, 0), left)

    def respond(
        self, at: Conditions, limits: Limits, slopes: Floats, markup: Floats, sell_usd_per_kwh: Floats,
        buy_usd_per_kwh: Floats,
    ) -> Floats:  # fmt: skip
        """Power of every store where deviations up and down are worth so much, by aggregation (A,)."""
        power = limits.default.copy()
        respond(
            self.columns, self.homes, quarter(at, limits, slopes, markup), sell_usd_per_kwh[self.aggregation_of_home],
            buy_usd_per_kwh[self.aggregation_of_home], power,
        )  # fmt: skip
        return power

    def sums(self, power: Floats, default: Floats) -> tuple[Floats, Floats]:
        """Deviations up and down of each aggregation [kW], shape (A,)."""
        up, down = np.zeros(self.aggregations), np.zeros(self.aggregations)
        sums_kw(self._members.grouped.store, power, default, up, down)
        return up, down

    def after(self, at: Conditions, power: Floats) -> Floats:
        """Energy in the stores at the interval's end."""
        s = self.stores
        return step_energy_kwh(
            at.energy_kwh, np.maximum(-power, 0.0), np.maximum(power, 0.0), s.charge_efficiency,
            s.discharge_efficiency, INTERVAL_HOURS,
        )  # fmt: skip

    def sustainable_kw(
        self,
        energy_kwh: Floats,
        power: Floats,
        reserve_hours: float,
        taken_kwh: Floats | float = 0.0,
        given_kw: Floats | float = 0.0,
    ) -> Floats:
        """Reserve that stores can hold with so much energy at an interval's end, beside their power; (S,).

        A call takes no more than the day still allows, of which `taken_kwh` is used; `given_kw` of what a store offers
        is given to the VPP as energy.
        """
        s, p = self.stores, self.permission
        stored = np.minimum(energy_kwh - p.floor_kwh, p.daily_kwh - taken_kwh)
        sustained = np.maximum(stored, 0.0) * s.discharge_efficiency / reserve_hours
        headroom = np.maximum(s.max_discharge_kw - np.maximum(power, 0.0), 0.0)
        held = np.minimum(np.minimum(p.deviation_kw - given_kw, headroom), sustained)
        return np.where(s.follows_meter & (s.max_discharge_kw > 0), np.maximum(held, 0.0), 0.0)

    def give(
        self, at: Conditions, limits: Limits, slopes: Floats, markup: Floats, price_usd_per_kwh: float, sold_kw: Floats,
        bought_kw: Floats, penalty_share: float,
    ) -> tuple[Floats, Floats]:  # fmt: skip
        """Power of every store (S,) so that each aggregation deviates by what cleared, and its shortfall [kW] (A,)."""
        power, short = np.zeros(len(self.stores)), np.zeros(self.aggregations)
        give_kw(
            self._members, quarter(at, limits, slopes, markup), price_usd_per_kwh, penalty_share, sold_kw, bought_kw,
            power, short,
        )  # fmt: skip
        return power, short

    def curve(
        self, at: Conditions, limits: Limits, slopes: Floats, markup: Floats, prices_usd_per_kwh: Floats,
        surely: Floats, up_kw: Floats, down_kw: Floats,
    ) -> None:  # fmt: skip
        """Raise `up_kw` and `down_kw` (P, A) to what aggregations would deviate by at each price (P,), each store
        counted as surely as it is there (S,).
        """
        curve_kw(
            self._members, quarter(at, limits, slopes, markup), prices_usd_per_kwh, surely, up_kw, down_kw,
        )  # fmt: skip
