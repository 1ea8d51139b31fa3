"""One gate-closure strategy over a period: its plans and bids at the gates, and what its stores then do.

What it has (`state`), what it expects at a gate (`expected`) and what its stores do in an interval (`delivering`) are
files of their own.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.columns import Stages, own, shown
from vpp_core.dispatch.delivering import give
from vpp_core.dispatch.expected import curve_on, expected_path, less_asked, offers_on, path_left_alone_kwh, surely_there
from vpp_core.dispatch.knowledge import USD_PER_KWH
from vpp_core.dispatch.offers import Offers, markups_usd_per_kwh
from vpp_core.dispatch.operation import Conditions
from vpp_core.dispatch.state import Plan, State
from vpp_core.dispatch.value import CELLS, plan_homes
from vpp_core.dispatch.view import GateView
from vpp_core.fleet.fleet import Floats
from vpp_core.llm.usage import Usage
from vpp_core.market.curve import Curve, held_to_size
from vpp_core.market.decision import Bid, Decision
from vpp_core.market.inputs import Inputs
from vpp_core.market.segments import ENERGY, Segments

if TYPE_CHECKING:
    from vpp_core.settlement.trajectory import Trajectory
    from vpp_core.strategies.strategy import GateClosureStrategy


class PeriodRun:
    """One strategy's run: interval by interval, `before` closes the gates and `dispatch` lets stores follow."""

    def __init__(self, inputs: Inputs, strategy: GateClosureStrategy) -> None:
        count, self._windows, inputs = len(inputs.period), len(inputs.windows), inputs.longer or inputs
        self.inputs, self.strategy = inputs, strategy
        self.state = State(inputs, strategy)
        self.state.start(slice(0, count))
        self.bids = self.state.bids
        self.timings: dict[str, float] = {"plan": 0.0, "offers": 0.0, "decide": 0.0, "dispatch": 0.0}
        self._shown = shown(self.state.operation.columns)
        self._no_curve = Curve.none(inputs.layout.aggregations)
        self._nothing, self._let_go = Segments.none(inputs.layout), 0
        self._devices = tuple(inputs.stores.kinds[kind] for kind in inputs.stores.kind)
        self._usage = Usage()
        """of day-ahead decisions since the last window's: counted with the next window's"""

    @property
    def trajectory(self) -> Trajectory:
        """Powers and energies of stores: of the period, or since the day on which `forget` was called."""
        return self.state.trajectory

    def start_day(self, day: int) -> None:
        """Let go of all but what is yet to come, a local day being about to begin: what stores did, and of bids that
        are over what they asked of each store, would be most of what a long run of many homes holds.
        """
        now = self.inputs.period.intervals_of(day)
        self.state.start(now)
        for window in range(self._let_go, now.start // self.inputs.windows.length):
            self.bids[window] = self.bids[window].without_segments(self._nothing)
        self._let_go = now.start // self.inputs.windows.length

    def gate(self, window: int) -> int:
        """The interval that starts at a window's gate closure."""
        return self.inputs.windows.gate_interval(window, self.inputs.scenario.market.gate_closure_minutes)

    def before(self, t: int) -> None:
        """Close the day-ahead and real-time gates that close by the start of interval `t`, in the market's order: what
        is committed for a day is known when its first windows are bid for.
        """
        if self.state.day_ahead is not None:
            for day in self.state.day_ahead.closing(t):
                self._close_day_ahead(day, t)
        while len(self.bids) < self._windows and self.gate(len(self.bids)) <= t:
            self._close_gate(len(self.bids), t)

    def committed_kw(self, day: int) -> Floats:
        """Spin and non-spin that the fleet is to hold in each interval of a local day, shape (2, intervals)."""
        day_ahead = self.state.day_ahead
        assert day_ahead is not None
        first = day_ahead.first_interval(day)
        return day_ahead.committed_kw[:, :, first : first + day_ahead.intervals(day)].sum(axis=1)

    # ── gates ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _close_gate(self, window: int, t: int) -> None:
        """Take the strategy's decision for a window with the state at the start of interval `t`."""
        inputs, strategy = self.inputs, self.strategy
        length, first = inputs.windows.length, inputs.windows.first_interval(window)
        if not (strategy.bids or strategy.manages_home):
            self.bids.append(Bid(self._no_curve, False, 0.0, Decision(self._nothing)))
            return
        began = time.perf_counter()
        stages = self._stages(t, window)
        pending = first - t
        slopes, _ = self._plan(stages, pending + length)
        window_slopes = np.ascontiguousarray(slopes[pending:])
        self.timings["plan"] += time.perf_counter() - began
        if strategy.manages_home:
            unlimited = np.full((3, len(inputs.stores)), np.inf)
            none = self._nothing
            self.state.plans[window] = Plan(window_slopes, np.zeros((3, len(inputs.stores))), unlimited, none, None)
            self.bids.append(Bid(self._no_curve, False, 0.0, Decision(none)))
            return
        began = time.perf_counter()
        paid = stages.paid[:, pending]
        path = expected_path(self.state, t, window, stages, window_slopes)
        forecast = inputs.forecast[:, window, 0]
        offers = offers_on(self.state, window, t, stages, window_slopes, path)
        if paid.any():
            forecast = forecast.copy()
            forecast[ENERGY] += paid[1] / USD_PER_KWH
            offers = replace(offers, not_kept_usd_per_mwh=self._not_kept_usd_per_mwh(paid, t, pending))
        self.timings["offers"] += time.perf_counter() - began
        began = time.perf_counter()
        view = self._view("real_time", window, length, forecast, offers, stages, pending, path[0].at.energy_kwh)
        decision = strategy.decide(view)
        decision, self._usage = replace(decision, usage=decision.usage + self._usage), Usage()
        self.timings["decide"] += time.perf_counter() - began
        for name, seconds in decision.timings.items():
            self.timings[name] = self.timings.get(name, 0.0) + seconds
        began = time.perf_counter()
        plan = self._asked(decision, offers, window_slopes)
        plan = replace(plan, markup=plan.markup + less_asked(self.state, paid))
        self.state.plans[window] = plan
        surely = surely_there(self.state, t, first, path)
        curve = curve_on(self.state, plan, path, inputs.forecast[ENERGY, window, 0], surely)
        curve, below = held_to_size(curve, inputs.scenario.market)
        feasible = float(offers.quantity_kw[~inputs.layout.is_reserve].sum())
        self.bids.append(Bid(curve, below or decision.below_minimum, feasible, decision))
        self.timings["offers"] += time.perf_counter() - began

    def _not_kept_usd_per_mwh(self, paid: Floats, t: int, stage: int) -> Floats:
        """What of `paid` (2,) for a battery's kWh, which the forecast counts, the VPP does not have, by column (K,)."""
        layout, of_column = self.inputs.layout, np.full(len(self.inputs.layout), -np.inf)
        missing = (paid[1] - self.state.knowledge.kept_by_vpp(t, stage)) / USD_PER_KWH
        of_column[layout.sell] = of_column[layout.give] = missing[self.inputs.stores.follows_meter.astype(np.intp)]
        return of_column

    def _stages(self, t: int, window: int) -> Stages:
        inputs = self.inputs
        until = inputs.windows.first_interval(window) + inputs.windows.length
        stages = self.state.knowledge.at(t, window, until)
        stages = stages._replace(need=own(self.state.permission.need_kwh[t]))
        if self.strategy.manages_home:
            return stages._replace(
                price=np.zeros_like(stages.price),
                reserve=np.zeros_like(stages.reserve),
                paid=np.zeros_like(stages.paid),
            )
        return self.state.day_ahead.counted(stages, t) if self.state.day_ahead else stages

    def _plan(self, stages: Stages, kept: int, whole_path: bool = False) -> tuple[Floats, Floats]:
        """V's slopes after the first stages (kept, S, CELLS), and if asked for the expected energy of all (K, S)."""
        state, operation, count = self.state, self.state.operation, len(self.inputs.stores)
        slopes = np.zeros((kept, count, CELLS))
        expected = np.zeros((len(stages.price) if whole_path else 0, count))
        mean_price = float(stages.price[:, 1].mean())
        replacement = mean_price + stages.imported.min(axis=1)[stages.tariff]
        plan_homes(
            operation.columns, operation.homes, stages, state.energy_kwh, replacement, state.reserve_hours, kept,
            slopes, expected,
        )  # fmt: skip
        return slopes, expected

    def _asked(self, decision: Decision, offers: Offers, slopes: Floats) -> Plan:
        """What was decided, as dispatch goes by it: never more than was offered, never below own cost."""
        layout = self.inputs.layout
        segments = decision.segments
        signed = layout.direction * segments.agreed_usd_per_mwh
        # Who is asked for all that was expected of it may be asked for all that it then has.
        whole = (offers.quantity_kw > 0) & (segments.quantity_kw >= offers.quantity_kw * (1 - 1e-6))
        quantity = np.where(whole, np.inf, np.minimum(segments.quantity_kw, offers.quantity_kw))
        asked = np.stack([quantity[layout.sell], quantity[layout.give], quantity[layout.buy]])
        return Plan(slopes, markups_usd_per_kwh(layout, offers, signed), asked, segments, decision.schedule_kw)

    def _view(
        self,
        gate: Literal["real_time", "day_ahead"],
        window: int,
        stage_count: int,
        forecast: Floats,
        offers: Offers,
        stages: Stages,
        first_stage: int,
        energy_kwh: Floats,
    ) -> GateView:
        inputs = self.inputs
        return GateView(
            gate=gate,
            window=window,
            start=inputs.windows.starts[window],
            hours=stage_count * INTERVAL_HOURS,
            forecast=forecast,
            offers=offers,
            layout=inputs.layout,
            fleet=inputs.fleet,
            scenario=inputs.scenario,
            devices=self._devices,
            stores=self._shown,
            homes=self.state.operation.homes,
            reliability=self.state.delivery.reliability,
            energy_kwh=energy_kwh,
            stages=stages,
            first_stage=first_stage,
            stage_count=stage_count,
        )

    # ── day ahead ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _close_day_ahead(self, day: int, t: int) -> None:
        """Bid reserves for the hours of a local day, with the state at the start of interval `t`."""
        inputs, day_ahead = self.inputs, self.state.day_ahead
        assert day_ahead is not None
        window = max(len(self.bids) - 1, 0)
        stages = self._stages(t, window)
        if self.state.for_profit:
            expected = path_left_alone_kwh(self.state, t, stages)
        else:
            _, expected = self._plan(stages, 1, whole_path=True)
        followed = self.state.expected_to_follow(t, len(expected))
        offered = day_ahead.offers(day, t, stages, expected, self.state.operation, window, followed)
        if offered is None:
            return
        offers, hourly_kw, forecast = offered
        first = day_ahead.first_interval(day)
        view = self._view(
            "day_ahead", first // inputs.windows.length, day_ahead.intervals(day), forecast, offers, stages,
            max(first - t, 0), expected[min(max(first - t, 0), len(expected) - 1)],
        )  # fmt: skip
        decision = self.strategy.decide(view)
        self._usage = self._usage + decision.usage
        day_ahead.commit(day, decision, offers, hourly_kw)

    # ── dispatch ───────────────────────────────────────────────────────────────────────────────────────────────────

    def dispatch(self, t: int) -> None:
        """Clear interval `t` at its realised price, call reserve if it is called, and let every store follow."""
        began = time.perf_counter()
        inputs, state, out, operation = self.inputs, self.state, self.trajectory, self.state.operation
        stores = inputs.stores
        state.arrivals.see(t, stores.available[t])
        if t and inputs.period.day_of_interval[t] != inputs.period.day_of_interval[t - 1]:
            state.taken_kwh[:] = 0.0
        energy = state.drawn_kwh(t, state.energy_kwh)
        at = Conditions(energy, stores.available[t], inputs.net_generation_kw[t], *inputs.home_prices(t))
        if self.strategy.bids:
            power, default = give(state, t, at)
        elif self.strategy.manages_home:
            plan = state.plans[t // inputs.windows.length]
            limits = state.limits(
                t, at, state.taken_kwh, state.permission.need_kwh[t], plan.asked_kw, np.zeros(len(stores))
            )
            free = np.zeros(operation.aggregations)
            power = operation.respond(at, limits, plan.slopes[t % inputs.windows.length], plan.markup, free, free)
            power = default = np.where(stores.reachable[t], power, limits.default)
        else:
            power = default = operation.default_kw(at)
        row = t - out.first
        out.default_kw[row] = default
        out.discharge_kw[row], out.charge_kw[row] = np.maximum(power, 0.0), np.maximum(-power, 0.0)
        state.taken_kwh += state.taken_by_kwh(power, default)
        state.energy_kwh = operation.after(at, power)
        out.energy_kwh[row] = state.energy_kwh
        if (t + 1) % inputs.windows.length == 0:
            state.plans.pop(t // inputs.windows.length, None)
        self.timings["dispatch"] += time.perf_counter() - began
