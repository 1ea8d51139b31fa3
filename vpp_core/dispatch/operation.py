"""How stores run: their defaults, the limits within which they may deviate, and who gives what the market cleared.

What clears in an interval is given by the aggregator to homes in that interval, cheapest first: the price inside the
fleet at which its homes would deviate by just that much is searched. It is the market's where they are as expected,
lower where more would deviate than cleared, higher, up to what falling short costs, where fewer would. Between the two
tried prices nearest to it homes are mixed in proportion, so that the sum is met exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.columns import Homes, StoreColumns
from vpp_core.dispatch.response import respond
from vpp_core.fleet.fleet import Bools, Floats, Ints
from vpp_core.fleet.permission import Permission
from vpp_core.fleet.stores import Stores
from vpp_core.physics.storage import (
    charge_limit_kw,
    charge_on_arrival_kw,
    discharge_limit_kw,
    self_consumption_kw,
    step_energy_kwh,
)

NEAR = 0.02
"""Share of what cleared by which the tried prices' sums may differ when they are mixed."""
_MOST_TRIES = 8
_FIRST_STEP_USD_PER_KWH = 0.02
_NEGLIGIBLE_KW = 1e-6
_NEGLIGIBLE_KWH = 1e-9
_ALWAYS = 10**6
"""Intervals until a store that never leaves must be ready: it must be always (heaters), or is asked nothing."""


@dataclass(frozen=True)
class Interval:
    """One quarter hour as stores and homes meet it."""

    energy_kwh: Floats
    """in the stores at its start, after what is drawn from them, shape (S,)"""
    available: Bools
    net_generation_kw: Floats
    """of homes, shape (N,)"""
    imported_usd_per_kwh: Floats
    """each home's, shape (N,)"""
    exported_usd_per_kwh: Floats


@dataclass(frozen=True)
class Limits:
    """Power [kW, giving positive] of each store, shape (S,): on its own, and between which it may run."""

    default: Floats
    low: Floats
    high: Floats


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
        self._never_leaves = (stores.leave_slot >= 96).all(axis=0)

    def default_kw(self, at: Interval) -> Floats:
        """What stores do on their own."""
        s = self.stores
        follows = self_consumption_kw(
            at.energy_kwh, at.net_generation_kw[s.home], s.backup_kwh, s.ceiling_kwh, s.max_charge_kw,
            s.charge_efficiency, s.discharge_efficiency, INTERVAL_HOURS,
        )  # fmt: skip
        charges = charge_on_arrival_kw(
            at.energy_kwh, at.available, s.ceiling_kwh, s.max_charge_kw, s.charge_efficiency, INTERVAL_HOURS
        )
        return np.where(s.follows_meter, np.where(at.available, follows, 0.0), -charges)

    def limits(
        self,
        at: Interval,
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
        s, p = self.stores, self.permission
        default = self.default_kw(at)
        follows = s.follows_meter
        most_in = charge_limit_kw(at.energy_kwh, s.ceiling_kwh, s.max_charge_kw, s.charge_efficiency, INTERVAL_HOURS)
        reserved_kwh = reserved_kw * reserve_hours / s.discharge_efficiency
        most_out = discharge_limit_kw(
            at.energy_kwh, p.floor_kwh + reserved_kwh, self.columns.give - reserved_kw, s.discharge_efficiency,
            INTERVAL_HOURS,
        )  # fmt: skip
        left_kw = np.maximum(p.daily_kwh - taken_kwh - reserved_kwh, 0.0) * s.discharge_efficiency / INTERVAL_HOURS
        most_out = np.minimum(most_out, np.maximum(default, 0.0) + left_kw)
        deviation = np.minimum(p.deviation_kw, np.where(follows, np.inf, 2 * s.max_charge_kw))
        low = np.where(follows, np.maximum(-most_in, default - np.minimum(deviation, asked_kw[2])), default)
        # A battery below what preferences protect is neither discharged nor kept from charging until it is there.
        protected = at.energy_kwh < p.floor_kwh - _NEGLIGIBLE_KWH
        high_follow = np.where(protected, default, np.minimum(most_out, default + np.minimum(deviation, asked_kw[0])))
        missing = (need_kwh - at.energy_kwh) / (s.charge_efficiency * INTERVAL_HOURS)
        must = np.clip(missing - np.maximum(ready_in - 1, 0) * s.max_charge_kw, 0.0, -np.minimum(default, 0.0))
        may_give = np.where(must > 0, 0.0, np.minimum(most_out, asked_kw[1]))
        high_other = np.where(may_give > 0, may_give, np.minimum(-must, default + asked_kw[0]))
        high_other = np.where(p.movable, high_other, default)
        high = np.maximum(np.where(follows, high_follow, high_other), default)
        if not self.exports:
            high = default + self.drawn_only(np.maximum(high - default, 0.0), default, at.net_generation_kw)
        idle = ~at.available
        return Limits(default, np.where(idle, 0.0, np.minimum(low, default)), np.where(idle, 0.0, high))

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
        self, at: Interval, limits: Limits, slopes: Floats, markup: Floats, sell_usd_per_kwh: Floats,
        buy_usd_per_kwh: Floats,
    ) -> Floats:  # fmt: skip
        """Power of every store where deviations up and down are worth so much, by aggregation (A,)."""
        power = limits.default.copy()
        respond(
            self.columns, self.homes, slopes, at.energy_kwh, sell_usd_per_kwh[self.aggregation_of_home],
            buy_usd_per_kwh[self.aggregation_of_home], markup, at.imported_usd_per_kwh, at.exported_usd_per_kwh,
            at.net_generation_kw, limits.default, limits.low, limits.high, power,
        )  # fmt: skip
        return power

    def sums(self, power: Floats, default: Floats) -> tuple[Floats, Floats]:
        """Deviations up and down of each aggregation [kW], shape (A,)."""
        moved = power - default
        return self._sum(np.maximum(moved, 0.0)), self._sum(np.maximum(-moved, 0.0))

    def after(self, at: Interval, power: Floats) -> Floats:
        """Energy in the stores at the interval's end."""
        s = self.stores
        return step_energy_kwh(
            at.energy_kwh, np.maximum(-power, 0.0), np.maximum(power, 0.0), s.charge_efficiency,
            s.discharge_efficiency, INTERVAL_HOURS,
        )  # fmt: skip

    def sustainable_kw(
        self, energy_kwh: Floats, power: Floats, reserve_hours: float, taken_kwh: Floats | float = 0.0
    ) -> Floats:
        """Reserve that stores can hold with so much energy at an interval's end, beside their power; (S,).

        A call takes no more than the day still allows, of which `taken_kwh` is used.
        """
        s, p = self.stores, self.permission
        stored = np.minimum(energy_kwh - p.floor_kwh, p.daily_kwh - taken_kwh)
        sustained = np.maximum(stored, 0.0) * s.discharge_efficiency / reserve_hours
        headroom = np.maximum(s.max_discharge_kw - np.maximum(power, 0.0), 0.0)
        held = np.minimum(np.minimum(p.deviation_kw, headroom), sustained)
        return np.where(s.follows_meter & (s.max_discharge_kw > 0), np.maximum(held, 0.0), 0.0)

    def give(
        self, at: Interval, limits: Limits, slopes: Floats, markup: Floats, price_usd_per_kwh: float, sold_kw: Floats,
        bought_kw: Floats, penalty_share: float,
    ) -> tuple[Floats, Floats]:  # fmt: skip
        """Power of every store (S,) so that each aggregation deviates by what cleared, and its shortfall [kW] (A,)."""
        price = np.full(self.aggregations, price_usd_per_kwh)
        most = price + penalty_share * abs(price_usd_per_kwh)
        least = price - penalty_share * abs(price_usd_per_kwh)
        start = self.respond(at, limits, slopes, markup, price, price)

        def up(tried: Floats) -> Floats:
            return np.maximum(self.respond(at, limits, slopes, markup, tried, price) - limits.default, 0.0)

        def down(tried: Floats) -> Floats:
            return np.maximum(limits.default - self.respond(at, limits, slopes, markup, price, -tried), 0.0)

        moved = start - limits.default
        risen = self._meet(up, price, most, np.maximum(moved, 0.0), sold_kw)
        fallen = self._meet(down, -price, -least, np.maximum(-moved, 0.0), bought_kw)
        # A store asked both ways (its two prices were searched apart) does the difference.
        short = np.maximum(sold_kw - self._sum(risen), 0.0) + np.maximum(bought_kw - self._sum(fallen), 0.0)
        power = np.clip(limits.default + risen - fallen, limits.low, limits.high)
        return power, np.where(short > _NEGLIGIBLE_KW, short, 0.0)

    def _sum(self, of_store: Floats) -> Floats:
        total: Floats = np.bincount(self.aggregation, of_store, self.aggregations).astype(np.float64)
        return total

    def _meet(self, deviation, price, most, at_price, wanted_kw):  # type: ignore[no-untyped-def]
        """Deviations (S,) that add up to `wanted_kw` (A,), from a function of the price that does not fall."""
        total = self._sum(at_price)
        close = np.abs(total - wanted_kw) <= NEAR * np.maximum(wanted_kw, 0.0) + _NEGLIGIBLE_KW
        if not (wanted_kw > 0).any():
            return np.zeros_like(at_price)
        below, above = np.zeros_like(at_price), at_price
        low, high = np.full_like(price, -np.inf), price
        short = total < wanted_kw
        if (short & ~close).any():
            tried = deviation(np.where(short, most, price))
            of_short = (short & ~close)[self.aggregation]
            below = np.where(of_short, at_price, below)
            above = np.where(of_short, tried, above)
            low, high = np.where(short, price, low), np.where(short, most, high)
        step = _FIRST_STEP_USD_PER_KWH
        for _ in range(_MOST_TRIES):
            under, over = self._sum(below), self._sum(above)
            open_ = ~close & (wanted_kw > 0) & (over > wanted_kw) & (over - under > NEAR * wanted_kw + _NEGLIGIBLE_KW)
            if not open_.any():
                break
            bounded = np.isfinite(low)
            tried_price = np.where(bounded, 0.5 * (np.where(bounded, low, 0.0) + high), high - step)
            step *= 4.0
            tried = deviation(np.where(open_, tried_price, price))
            sums = self._sum(tried)
            too_much = open_ & (sums >= wanted_kw)
            too_few = open_ & ~too_much
            high, low = np.where(too_much, tried_price, high), np.where(too_few, tried_price, low)
            above = np.where(too_much[self.aggregation], tried, above)
            below = np.where(too_few[self.aggregation], tried, below)
        under, over = self._sum(below), self._sum(above)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.clip(np.where(over > under, (wanted_kw - under) / (over - under), 1.0), 0.0, 1.0)
            # Prices whose sums were close from the start are mixed with nothing: homes give alike.
        share = np.where(wanted_kw > 0, share, 0.0)[self.aggregation]
        return below + share * (above - below)
