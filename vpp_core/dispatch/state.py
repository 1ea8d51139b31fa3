"""The state of one strategy's run over a period, and what follows from it alone: what may run, what is held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.arrivals import Arrivals
from vpp_core.dispatch.columns import columns_of, homes_of
from vpp_core.dispatch.day_ahead import DayAhead
from vpp_core.dispatch.delivery import Delivery
from vpp_core.dispatch.knowledge import ExactKnowledge, Knowledge
from vpp_core.dispatch.operation import Conditions, Limits, Operation
from vpp_core.fleet.fleet import Floats, Ints
from vpp_core.market.decision import Bid
from vpp_core.market.inputs import Inputs
from vpp_core.market.segments import Segments
from vpp_core.physics.storage import taken_kwh
from vpp_core.settlement.trajectory import Trajectory

if TYPE_CHECKING:
    from vpp_core.strategies.strategy import GateClosureStrategy


@dataclass(frozen=True)
class Plan:
    """The plan of a window: what dispatch within it goes by."""

    slopes: Floats
    """V's slopes after each interval of the window, (L, S, CELLS)"""
    markup: Floats
    """(3, S) [$/kWh]"""
    asked_kw: Floats
    """(3, S): most that selling, giving and buying are asked for"""
    segments: Segments
    schedule_kw: Floats | None


class State:
    """One strategy's stores and commitments: energies, what is pending, what was taken today, what was committed."""

    def __init__(self, inputs: Inputs, strategy: GateClosureStrategy) -> None:
        self.inputs = inputs
        stores = inputs.stores
        self.permission = strategy.permission(inputs)
        exact = strategy.forecasts_are_exact
        self.knowledge: Knowledge = ExactKnowledge(inputs) if exact else Knowledge(inputs)
        columns = columns_of(stores, self.permission, plans_departures=not exact)
        homes = homes_of(stores, len(inputs.fleet))
        layout = inputs.layout
        exports = inputs.scenario.market.export == "all"
        self.operation = Operation(stores, self.permission, columns, homes, layout.aggregation_of_home, exports)
        self.delivery = Delivery(stores.home, layout.aggregation_of_home)
        self.arrivals = Arrivals()
        self.energy_kwh = stores.initial_kwh.copy()
        self.trajectory = self._to_be_filled(slice(0, len(inputs.period)))
        self.taken_kwh = np.zeros(len(stores))
        self.bids: list[Bid] = []
        self.plans: dict[int, Plan] = {}
        """by window, from its gate until it is over: a plan's slopes would be most of what a run holds"""
        self.counts_bills = not strategy.negotiates
        self.for_profit = strategy.maximises_own_profit(inputs.scenario)
        self.day_ahead = DayAhead(inputs, self.permission) if strategy.bids else None
        self.home_of_store = stores.home.astype(np.int64)
        self.reserve_hours = inputs.scenario.market.reserve_duration_minutes / 60
        self.may_fail = inputs.scenario.reliability.fails

    def start(self, intervals: slice) -> None:
        """From now on the trajectory is that of these intervals alone; what was before is let go."""
        self.trajectory = self._to_be_filled(intervals)

    def _to_be_filled(self, intervals: slice) -> Trajectory:
        return Trajectory.empty(
            intervals.stop - intervals.start, len(self.energy_kwh), self.inputs.layout.aggregations,
            self.permission.floor_kwh, self.energy_kwh.copy(), intervals.start,
        )  # fmt: skip

    def reserved_kw(self, s: int, energy: Floats, taken: Floats, now: int) -> Floats:
        """What each store is expected to hold of the fleet's commitment in interval `s`, as known at `now`; (S,)."""
        if self.day_ahead is None or s >= len(self.inputs.period):
            return np.zeros(len(energy))
        committed = self.day_ahead.known_kw(s, now)
        if not committed.any():
            return np.zeros(len(energy))
        able = self.operation.sustainable_kw(energy, np.zeros(len(energy)), self.reserve_hours, taken)
        able = self.day_ahead.able(able, s)
        if self.knowledge.exact:
            able = np.where(self.inputs.stores.reachable[s], able, 0.0)
        return shared_out(able, committed / self.delivery.expected_share, self.operation.aggregation)

    def expected_to_follow(self, t: int, stages: int) -> Floats:
        """Share of each store that is expected to follow: as so far (S,), or exactly, in stages from `t` on (K, S)."""
        if self.knowledge.exact:
            return self.inputs.stores.reachable[t : t + stages].astype(np.float64)
        share: Floats = self.delivery.expected_share[self.operation.aggregation]
        return share

    def limits(self, s: int, at: Conditions, taken: Floats, need: Floats, asked: Floats, reserved: Floats) -> Limits:
        """Limits of stores in interval `s`, with `taken` today and `need` at departure [kWh] (S,), `asked` (3, S) and
        `reserved` (S,) [kW]; `Operation.limits` says what they do.
        """
        limits = self.operation.limits(at, taken, need, self.ready_in(s), asked, reserved, self.reserve_hours)
        if self.may_fail and self.knowledge.exact and s < len(self.inputs.period):
            follows, default = self.inputs.stores.reachable[s], limits.default
            return Limits(default, np.where(follows, limits.low, default), np.where(follows, limits.high, default))
        return limits

    def ready_in(self, s: int) -> Ints:
        """Intervals from `s` until each store must hold what is needed; (S,)."""
        if self.knowledge.exact:
            stores = self.inputs.stores
            departure = stores.departure[min(s, len(stores.departure) - 1)]
            left = departure - s
            return np.where((stores.leave_slot >= 96).all(axis=0), np.where(stores.follows_meter, 10**6, 0), left)
        k = self.knowledge
        tomorrow = min(s + 96, len(k.weekend) - 1)
        left = self.operation.intervals_to_ready(int(k.slot[s]), int(k.weekend[s]), int(k.weekend[tomorrow]))
        return left - k.skipped[s] if k.skipped[s] else left

    def drawn_kwh(self, t: int, energy: Floats) -> Floats:
        """Energy after what leaves the stores at the start of interval `t`, never below what a store must hold."""
        stores = self.inputs.stores
        return np.maximum(energy - stores.draw_kwh[t], np.minimum(energy, stores.floor_kwh))

    def taken_by_kwh(self, power: Floats, default: Floats) -> Floats:
        """Energy taken from stores in an interval by giving more than the default; (S,)."""
        return taken_kwh(power, default, self.inputs.stores.discharge_efficiency, INTERVAL_HOURS)


def scheduled_kw(schedule: Floats, limits: Limits) -> Floats:
    """A schedule within the limits; the default where it says nothing (NaN)."""
    wished = np.where(np.isnan(schedule), limits.default, schedule)
    return np.clip(wished, limits.low, limits.high)


def at_most(of_store_kw: Floats, max_kw: Floats, aggregation: Ints) -> Floats:
    """Each aggregation's stores cut alike, so that they are together no more than `max_kw` (A,); (S,)."""
    total = np.bincount(aggregation, of_store_kw, len(max_kw))
    share = np.minimum(np.divide(max_kw, total, out=np.ones_like(max_kw), where=total > 0), 1.0)
    cut: Floats = of_store_kw * share[aggregation]
    return cut


def shared_out(able_kw: Floats, wanted_kw: Floats, aggregation: Ints) -> Floats:
    """What each store holds of what its aggregation wants (A,), in proportion to what it is able to; (S,)."""
    total = np.bincount(aggregation, able_kw, len(wanted_kw))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(total > 0, np.minimum(wanted_kw / total, 1.0), 0.0)
    return able_kw * share[aggregation]
