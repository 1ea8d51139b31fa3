"""Reserves, sold day ahead: gates on the day before for each hour, what is offered, committed and agreed.

Offers are made from the path of stores that is expected at the gate: in each hour the power that they can hold in
every quarter of it, beside what they give in it. A kW is sold once: of a battery that is to give all it may in an
evening hour, none is offered as reserve. The path is the plan's, which counts homes' bills. For an aggregator that
maximises its own profit, and will not ask for what only lowers a bill, it is that of homes left alone. What clears at
the day-ahead price is the aggregation's commitment, published that day, and held by whichever homes can. The first day
of a period is bid from its initial state, with the prices forecast for it.
"""

from __future__ import annotations

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS, INTERVAL_MINUTES
from vpp_core.dispatch.columns import Stages
from vpp_core.dispatch.knowledge import RESERVE_SHARE, USD_PER_KWH
from vpp_core.dispatch.offers import Offers
from vpp_core.dispatch.operation import Operation
from vpp_core.fleet.fleet import Floats
from vpp_core.fleet.permission import Permission
from vpp_core.fleet.stores import Stores
from vpp_core.market.contingencies import expected_called_hours
from vpp_core.market.decision import Decision
from vpp_core.market.inputs import Inputs
from vpp_core.market.segments import ENERGY, NONSPIN, SPIN
from vpp_core.physics.storage import reachable_kw

HOUR = 4
"""Intervals of an hour, for which reserve is bid."""


class DayAhead:
    """Commitments of reserve of one strategy's run."""

    def __init__(self, inputs: Inputs, permission: Permission) -> None:
        self._inputs, self._permission = inputs, permission
        layout, count = inputs.layout, len(inputs.period)
        self.committed_kw = np.zeros((2, layout.aggregations, count))
        """of spin and non-spin"""
        days = len(inputs.period.days)
        self.agreed_usd_per_kw_h = np.zeros((2, days, layout.stores))
        """of spin and non-spin, by local day"""
        self.call_usd_per_kwh = np.zeros((days, layout.stores))
        self._member = np.zeros((days, layout.stores), dtype=bool)
        day, slot = inputs.period.day_of_interval, inputs.period.slot_of_interval
        iso = inputs.period.iso
        gate_slot = iso.day_ahead_gate_minutes // INTERVAL_MINUTES
        published_slot = iso.day_ahead_published_minutes // INTERVAL_MINUTES
        self._first = np.searchsorted(day, np.arange(day[-1] + 2))
        self._gates: dict[int, list[int]] = {}
        self._published = np.zeros(day[-1] + 1, dtype=np.intp)
        for d in range(day[-1] + 1):
            before = np.flatnonzero((day == d - 1) & (slot >= gate_slot))
            gate = int(before[0]) if len(before) else 0
            after = np.flatnonzero((day == d - 1) & (slot >= published_slot))
            self._published[d] = int(after[0]) if len(after) else 0
            self._gates.setdefault(gate, []).append(d)

    def closing(self, t: int) -> list[int]:
        """Local days whose gate closes at the start of interval `t`."""
        return self._gates.get(t, []) if self._inputs.sells_reserves else []

    def first_interval(self, day: int) -> int:
        return int(self._first[day])

    def intervals(self, day: int) -> int:
        return int(self._first[day + 1] - self._first[day])

    def counted(self, stages: Stages, t: int) -> Stages:
        """Stages with the share of reserve prices that a plan counts on: all in hours that are committed, half beyond,
        none where the commitment is known to be nothing.
        """
        inputs = self._inputs
        count = len(stages.reserve)
        share = np.full(count, RESERVE_SHARE)
        until = min(t + count, len(inputs.period))
        day = inputs.period.day_of_interval[t:until]
        known = self._published[day] <= t
        committed = self.committed_kw[:, :, t:until].sum(axis=(0, 1)) > 0
        share[: until - t] = np.where(known, np.where(committed, 1.0, 0.0), RESERVE_SHARE)
        return stages._replace(reserve=stages.reserve * share)

    def offers(
        self,
        day: int,
        t: int,
        stages: Stages,
        expected: Floats,
        operation: Operation,
        window: int,
        reachable: Floats,
    ) -> tuple[Offers, Floats, Floats] | None:
        """Offers of a day's reserve (the most of any hour), power by hour and store (hours, S), and the mean forecast
        (3, 3). None where nothing can be held. `reachable`: with what share each store is expected to follow, (S,) or,
        by stage, (K, S).
        """
        inputs, rules = self._inputs, self._inputs.scenario.market
        first, last = self._first[day] - t, self._first[day + 1] - t
        first, last = max(int(first), 0), min(int(last), len(expected))
        hours = (last - first) // HOUR
        if hours <= 0:
            return None
        reserve_hours = rules.reserve_duration_minutes / 60
        given, beside = _planned_kw(inputs.stores, stages, expected)
        taken = np.cumsum(beside[first:last], axis=0) * INTERVAL_HOURS / inputs.stores.discharge_efficiency
        able = np.stack([
            operation.sustainable_kw(expected[k], given[k], reserve_hours, taken[k - first], beside[k])
            for k in range(first, last)
        ])  # fmt: skip
        able = able * (reachable if reachable.ndim == 1 else reachable[first:last])
        hourly = able[: hours * HOUR].reshape(hours, HOUR, -1).min(axis=1)
        fast = reachable_kw(inputs.stores.max_discharge_kw, rules.reserve_response_minutes)
        hourly = np.minimum(hourly, fast)
        ahead = (first + t) // HOUR - inputs.windows.first_interval(window) // HOUR
        length = inputs.windows.length
        lead = np.clip(np.arange(hours) * HOUR // length + ahead * HOUR // length, 0, inputs.forecast.shape[2] - 1)
        forecast = inputs.forecast[:, window, lead].mean(axis=1)
        call = np.maximum(self._permission.compensation_usd_per_kwh, self._replacement(stages, operation)) / USD_PER_KWH
        spin, nonspin = (float(np.nan_to_num(forecast[p, 1], nan=-np.inf)) for p in (SPIN, NONSPIN))
        if max(spin, nonspin) == -np.inf:
            return None
        sold = (spin >= nonspin, spin < nonspin)  # a kW is sold once, as the dearer of the two
        offers = Offers.of_reserve(
            inputs.layout, hourly.max(axis=0), sold, call, expected_called_hours(1.0, rules), float(forecast[ENERGY, 1])
        )
        return offers, hourly, forecast

    def commit(self, day: int, decision: Decision, offers: Offers, hourly_kw: Floats) -> None:
        """Clear a decision hour by hour at the day-ahead price."""
        inputs, layout, rules = self._inputs, self._inputs.layout, self._inputs.scenario.market
        least = rules.minimum_bid_mw * 1000 * rules.fleet_share * (1 - 1e-9)
        most = rules.maximum_bid_mw * 1000 * rules.fleet_share
        segments = decision.segments
        quantity = np.minimum(segments.quantity_kw, offers.quantity_kw)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(offers.quantity_kw > 0, quantity / offers.quantity_kw, 0.0)
        floor = offers.rebound_usd_per_mwh + segments.agreed_usd_per_mwh
        first = self.first_interval(day)
        aggregation = layout.aggregation_of_home[layout.home_of_store]
        for hour in range(len(hourly_kw)):
            now = slice(first + hour * HOUR, min(first + (hour + 1) * HOUR, self._first[day + 1]))
            for row, (product, columns) in enumerate(((SPIN, layout.spin), (NONSPIN, layout.nonspin))):
                price = inputs.price[product, now.start]
                if not np.isfinite(price):
                    continue
                offered = share[columns] * hourly_kw[hour]
                total = np.bincount(aggregation, offered, layout.aggregations)
                cut = np.where(total >= least, np.minimum(1.0, most / np.maximum(total, 1e-12)), 0.0)
                clears = floor[columns] <= price
                held = np.where(clears, offered * cut[aggregation], 0.0)
                if not held.any():
                    continue
                self.committed_kw[row, :, now] = np.bincount(aggregation, held, layout.aggregations)[:, None]
        for row, columns in enumerate((layout.spin, layout.nonspin)):
            self.agreed_usd_per_kw_h[row, day] = segments.agreed_usd_per_mwh[columns] * USD_PER_KWH
        self._member[day] = quantity[layout.spin] + quantity[layout.nonspin] > 0
        self.call_usd_per_kwh[day] = segments.call_usd_per_mwh * USD_PER_KWH

    def known_kw(self, s: int, now: int) -> Floats:
        """What each aggregation is committed to in interval `s`, of both products, as known at `now`: nothing before
        results are published; (A,).
        """
        committed: Floats = self.committed_kw[:, :, s].sum(axis=0)
        return committed if self._published[self._inputs.period.day_of_interval[s]] <= now else np.zeros_like(committed)

    def able(self, able_kw: Floats, t: int) -> Floats:
        """What members of the day's reserve are able to hold."""
        return np.where(self._member[self._inputs.period.day_of_interval[t]], able_kw, 0.0)

    def _replacement(self, stages: Stages, operation: Operation) -> Floats:
        """What a kWh that a call delivers costs a home: replacing it at the cheapest tariff, and wear [$/kWh]."""
        stores = operation.stores
        replacement: Floats = (
            stages.imported.min(axis=1)[stages.tariff[stores.home]]
            / stores.discharge_efficiency
            / stores.charge_efficiency
            + stores.wear_usd_per_kwh
        )
        return replacement


def _planned_kw(stores: Stores, stages: Stages, expected: Floats) -> tuple[Floats, Floats]:
    """Power that each battery is expected to discharge at in each stage [kW], (K, S), and the part of it above its
    home's load, which a VPP sells as energy. From the energies `expected` at the stages' ends (K, S).
    """
    fall = -np.diff(expected, axis=0, prepend=expected[:1])
    given = np.maximum(fall, 0.0) * stores.discharge_efficiency / INTERVAL_HOURS
    load = np.maximum(-stages.net_generation[stages.net_row], 0.0)[:, stores.home]
    return given, np.maximum(given - load, 0.0)
