"""One gate-closure strategy over a period: its plans, its bids, and what its stores then do."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.arrivals import Arrivals
from vpp_core.dispatch.columns import Stages, columns_of, homes_of, own, shown
from vpp_core.dispatch.cost import deviation_costs
from vpp_core.dispatch.day_ahead import DayAhead
from vpp_core.dispatch.delivery import Delivery
from vpp_core.dispatch.knowledge import USD_PER_KWH, ExactKnowledge, Knowledge
from vpp_core.dispatch.offers import Offers, markups_usd_per_kwh
from vpp_core.dispatch.operation import Interval, Limits, Operation
from vpp_core.dispatch.response import thresholds
from vpp_core.dispatch.value import CELLS, plan_homes
from vpp_core.dispatch.view import GateView
from vpp_core.fleet.fleet import Floats, Ints
from vpp_core.llm.usage import Usage
from vpp_core.market.curve import HIGHEST_USD_PER_MWH, LOWEST_USD_PER_MWH, Curve, held_to_size, levels
from vpp_core.market.decision import Bid, Decision
from vpp_core.market.inputs import Inputs
from vpp_core.market.segments import ENERGY, Segments
from vpp_core.physics.storage import charge_on_arrival_kw, step_energy_kwh, taken_kwh
from vpp_core.settlement.trajectory import Trajectory

if TYPE_CHECKING:
    from vpp_core.strategies.strategy import GateClosureStrategy


SHORT_KW = 1e-6
"""What falls short by less is rounding."""


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


class Run:
    """The state of one strategy's run: energies, what is pending, what was taken today, what was committed."""

    def __init__(self, inputs: Inputs, strategy: GateClosureStrategy) -> None:
        self.inputs, self.strategy = inputs, strategy
        stores = inputs.stores
        self.permission = strategy.permission(inputs)
        exact = strategy.forecasts_are_exact
        self.knowledge: Knowledge = ExactKnowledge(inputs) if exact else Knowledge(inputs)
        columns = columns_of(stores, self.permission, plans_departures=not exact)
        homes = homes_of(stores, len(inputs.fleet))
        layout = inputs.layout
        exports = inputs.scenario.market.export == "all"
        self.operation = Operation(stores, self.permission, columns, homes, layout.aggregation_of_home, exports)
        self._shown = shown(columns)
        self.trajectory = Trajectory.empty(
            len(inputs.period), len(stores), layout.aggregations, self.permission.floor_kwh
        )
        self.delivery = Delivery(stores.home, layout.aggregation_of_home)
        self.energy_kwh = stores.initial_kwh.copy()
        self.taken_kwh = np.zeros(len(stores))
        self.bids: list[Bid] = []
        self.timings: dict[str, float] = {"plan": 0.0, "offers": 0.0, "decide": 0.0, "dispatch": 0.0}
        self.arrivals = Arrivals()
        self._plans: list[Plan] = []
        self._no_curve = Curve.none(layout.aggregations)
        self._day_ahead = DayAhead(inputs, self.permission) if strategy.bids else None
        self._devices = tuple(stores.kinds[kind] for kind in stores.kind)
        self._home_of_store = stores.home.astype(np.int64)
        self._usage = Usage()
        """of day-ahead decisions since the last window's: counted with the next window's"""
        self._reserve_hours = inputs.scenario.market.reserve_duration_minutes / 60
        self._may_fail = inputs.scenario.reliability.fails

    def gate(self, window: int) -> int:
        """The interval that starts at a window's gate closure."""
        return self.inputs.windows.gate_interval(window, self.inputs.scenario.market.gate_closure_minutes)

    def before(self, t: int) -> None:
        """Close the day-ahead and real-time gates that close by the start of interval `t`, in the market's order: what
        is committed for a day is known when its first windows are bid for."""
        if self._day_ahead is not None:
            for day in self._day_ahead.closing(t):
                self._close_day_ahead(day, t)
        while len(self.bids) < len(self.inputs.windows) and self.gate(len(self.bids)) <= t:
            self._close_gate(len(self.bids), t)

    def committed_kw(self, day: int) -> Floats:
        """Spin and non-spin that the fleet is to hold in each interval of a local day, shape (2, intervals)."""
        assert self._day_ahead is not None
        first = self._day_ahead.first_interval(day)
        return self._day_ahead.committed_kw[:, :, first : first + self._day_ahead.intervals(day)].sum(axis=1)

    # ── gates ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _close_gate(self, window: int, t: int) -> None:
        """Take the strategy's decision for a window with the state at the start of interval `t`."""
        inputs, strategy = self.inputs, self.strategy
        length, first = inputs.windows.length, inputs.windows.first_interval(window)
        if not (strategy.bids or strategy.manages_home):
            nothing = Segments.none(inputs.layout)
            self.bids.append(Bid(self._no_curve, False, 0.0, Decision(nothing)))
            return
        began = time.perf_counter()
        stages = self._stages(t, window)
        pending = first - t
        slopes, _ = self._plan(stages, pending + length)
        window_slopes = np.ascontiguousarray(slopes[pending:])
        self.timings["plan"] += time.perf_counter() - began
        if strategy.manages_home:
            unlimited = np.full((3, len(inputs.stores)), np.inf)
            none = Segments.none(inputs.layout)
            self._plans.append(Plan(window_slopes, np.zeros((3, len(inputs.stores))), unlimited, none, None))
            self.bids.append(Bid(self._no_curve, False, 0.0, Decision(none)))
            return
        began = time.perf_counter()
        paid = stages.paid[:, pending]
        path = self._expected_path(t, window, stages, window_slopes)
        forecast = inputs.forecast[:, window, 0]
        offers = self._offers(window, t, stages, window_slopes, path)
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
        plan = replace(plan, markup=plan.markup + self._less_asked(paid))
        self._plans.append(plan)
        curve = self._curve(plan, path, inputs.forecast[ENERGY, window, 0], self._surely(t, first, path))
        curve, below = held_to_size(curve, inputs.scenario.market)
        feasible = float(offers.quantity_kw[~inputs.layout.is_reserve].sum())
        self.bids.append(Bid(curve, below or decision.below_minimum, feasible, decision))
        self.timings["offers"] += time.perf_counter() - began

    def _less_asked(self, paid: Floats) -> Floats:
        """What a programme that pays a kWh (2,) takes off what stores ask for, as part of their mark-ups (3, S)."""
        of_store = paid[self.inputs.stores.follows_meter.astype(np.intp)]
        return np.stack([-of_store, -of_store, of_store])

    def _not_kept_usd_per_mwh(self, paid: Floats, t: int, stage: int) -> Floats:
        """What of `paid` (2,) for a battery's kWh, which the forecast counts, the VPP does not have, by column (K,)."""
        layout, of_column = self.inputs.layout, np.full(len(self.inputs.layout), -np.inf)
        missing = (paid[1] - self.knowledge.kept_by_vpp(t, stage)) / USD_PER_KWH
        of_column[layout.sell] = of_column[layout.give] = missing[self.inputs.stores.follows_meter.astype(np.intp)]
        return of_column

    def _stages(self, t: int, window: int) -> Stages:
        inputs = self.inputs
        until = inputs.windows.first_interval(window) + inputs.windows.length
        stages = self.knowledge.at(t, window, until)
        stages = stages._replace(need=own(self.permission.need_kwh[t]))
        if self.strategy.manages_home:
            return stages._replace(
                price=np.zeros_like(stages.price),
                reserve=np.zeros_like(stages.reserve),
                paid=np.zeros_like(stages.paid),
            )
        return self._day_ahead.counted(stages, t) if self._day_ahead else stages

    def _plan(self, stages: Stages, kept: int, whole_path: bool = False) -> tuple[Floats, Floats]:
        """V's slopes after the first stages (kept, S, CELLS), and if asked for the expected energy of all (K, S)."""
        stores, operation = self.inputs.stores, self.operation
        slopes = np.zeros((kept, len(stores), CELLS))
        expected = np.zeros((len(stages.price) if whole_path else 0, len(stores)))
        mean_price = float(stages.price[:, 1].mean())
        replacement = mean_price + stages.imported.min(axis=1)[stages.tariff]
        plan_homes(
            operation.columns, operation.homes, stages, self.energy_kwh, replacement, self._reserve_hours, kept,
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
            homes=self.operation.homes,
            reliability=self.delivery.reliability,
            energy_kwh=energy_kwh,
            stages=stages,
            first_stage=first_stage,
            stage_count=stage_count,
        )

    # ── what is expected ───────────────────────────────────────────────────────────────────────────────────────────

    @dataclass(frozen=True)
    class Expected:
        """An interval as it is expected to be met."""

        at: Interval
        limits: Limits
        slopes: Floats

    def _expected_path(self, t: int, window: int, stages: Stages, slopes: Floats) -> list[Run.Expected]:
        """The window's intervals on the expected path: what is pending clears at the price expected for it."""
        inputs, operation = self.inputs, self.operation
        length, first = inputs.windows.length, inputs.windows.first_interval(window)
        energy, taken = self.energy_kwh, self.taken_kwh.copy()
        path = []
        everything = np.full((3, len(inputs.stores)), np.inf)
        for k in range(first - t + length):
            s = t + k
            if (
                s > 0
                and s < len(inputs.period)
                and inputs.period.day_of_interval[s] != inputs.period.day_of_interval[s - 1]
            ):
                taken[:] = 0.0
            inside = k >= first - t
            at = self._interval(stages, k, s, energy)
            price = np.full(operation.aggregations, stages.price[k, 1])
            if inside:
                plan = None
                asked, markup, now = everything, self._less_asked(stages.paid[:, k]), slopes[k - (first - t)]
            else:
                plan = self._plans[s // length]
                asked, markup, now = plan.asked_kw, plan.markup, plan.slopes[s % length]
            reserved = self._reserved(s, energy, taken, t)
            limits = self._limits(s, at, taken, stages.need, asked, reserved)
            if plan is not None and plan.schedule_kw is not None:
                power = _scheduled_kw(plan.schedule_kw[s % length], limits)
            else:
                power = operation.respond(at, limits, now, markup, price, price)
            if inside:
                path.append(Run.Expected(at, limits, now))
            taken = taken + self._taken(power, limits.default)
            energy = operation.after(at, power)
        return path

    def _interval(self, stages: Stages, k: int, s: int, energy: Floats) -> Interval:
        stores = self.inputs.stores
        available = stages.available[stages.available_row[k]]
        if k == 0:
            available = stores.available[s]
        drawn = stages.draw[stages.draw_row[k]]
        if k > 0:
            left = stages.available[stages.available_row[k - 1]] & ~available
            drawn = drawn + np.where(left, self.operation.columns.trip, 0.0)
            energy = np.maximum(energy - drawn, np.minimum(energy, stores.floor_kwh))
        else:
            energy = self._drawn(s, energy)
        return Interval(
            energy,
            available,
            stages.net_generation[stages.net_row[k]],
            stages.imported[stages.tariff, k],
            stages.exported[stages.tariff, k],
        )

    def _offers(self, window: int, t: int, stages: Stages, slopes: Floats, path: list[Run.Expected]) -> Offers:
        """What stores can be asked for on the expected path, and what it costs."""
        inputs, operation, stores = self.inputs, self.operation, self.inputs.stores
        room = np.zeros((3, len(stores)))
        for expected in path:
            limits = expected.limits
            up, down = limits.high - limits.default, limits.default - limits.low
            follows = stores.follows_meter
            held_off = np.where(follows, up, np.minimum(limits.high, 0.0) - limits.default)
            room[0] = np.maximum(room[0], held_off)
            room[1] = np.maximum(room[1], np.where(follows, 0.0, np.maximum(limits.high, 0.0)))
            room[2] = np.maximum(room[2], down)
        own, total = np.zeros_like(room), np.zeros_like(room)
        first = inputs.windows.first_interval(window) - t
        deviation_costs(
            operation.columns, stages, self._home_of_store, path[0].at.energy_kwh, slopes[-1], first,
            inputs.windows.length, room, own, total,
        )  # fmt: skip
        allowed = self.permission
        asks = allowed.moving_ask_usd_per_kwh
        moved = self._newly_moved(t, window, stages, path) if asks.any() else np.ones(len(stores))
        return Offers.of_energy(inputs.layout, room, own, total, allowed.compensation_usd_per_kwh, asks, moved)

    def _newly_moved(self, t: int, window: int, stages: Stages, path: list[Run.Expected]) -> Floats:
        """Share of the charging in a window that being held off moves; the rest of it was moved before; (S,).

        A car that is held off for five hours is sold in each of them, and its charge is moved once: as long as it would
        be charging had it been left alone. What is moved is what it would then have charged.
        """
        stores, first = self.inputs.stores, self.inputs.windows.first_interval(window) - t
        alone = np.where(stores.follows_meter, self.energy_kwh, stores.counterfactual_kwh[t])
        would, sold = np.zeros(len(stores)), np.zeros(len(stores))
        for k in range(first + len(path)):
            at = self._interval(stages, k, t + k, alone)
            charge = charge_on_arrival_kw(
                at.energy_kwh, at.available, stores.ceiling_kwh, stores.max_charge_kw, stores.charge_efficiency,
                INTERVAL_HOURS,
            )  # fmt: skip
            alone = step_energy_kwh(at.energy_kwh, charge, 0.0, stores.charge_efficiency, 1.0, INTERVAL_HOURS)
            if k >= first:
                default = np.maximum(-path[k - first].limits.default, 0.0)
                would, sold = would + np.minimum(charge, default), sold + default
        share: Floats = np.divide(would, sold, out=np.zeros(len(stores)), where=sold > 0)
        return share

    def _surely(self, t: int, first: int, path: list[Run.Expected]) -> Floats:
        """How surely each store is there in the window, as seen at its gate; (S,)."""
        if self.knowledge.exact:
            return np.ones(len(self.inputs.stores))
        connected = self.inputs.stores.available[t]
        last = first + len(path) - 1
        return self.arrivals.surely(last, connected, path[-1].at.available, self.knowledge.usually_connected(t))

    def _curve(self, plan: Plan, path: list[Run.Expected], quantiles: Floats, surely: Floats) -> Curve:
        """What the fleet expects to deviate by at each price level, in the interval of the window in which it is most.

        A bid holds for all of them. What falls short of it is bought back with a penalty of a tenth of the price; what
        could have been given beyond it is lost, a car that is then not held off for the whole night: so the most. A
        store that is overdue counts as surely as such stores have come so far (`arrivals`).
        """
        operation = self.operation
        if plan.schedule_kw is not None:
            return self._scheduled(plan, path, surely)
        middle = path[len(path) // 2]
        begins = np.zeros((4, len(self.inputs.stores)))
        weight = np.zeros_like(begins)
        thresholds(
            operation.columns, self._home_of_store, plan.slopes[len(path) // 2], middle.at.energy_kwh,
            middle.at.imported_usd_per_kwh, middle.at.exported_usd_per_kwh, plan.markup, begins, weight,
        )  # fmt: skip
        weight = weight * middle.at.available
        sell_price, buy_price = levels(quantiles, begins.ravel() / USD_PER_KWH, weight.ravel())
        tried = np.unique(np.concatenate([sell_price, buy_price]))
        up, down = np.zeros((2, len(tried), operation.aggregations))
        for k in sorted({0, len(path) - 1}):  # it is most at the window's beginning or its end
            limits = self._within(path[k].limits, plan.asked_kw)
            operation.curve(path[k].at, limits, plan.slopes[k], plan.markup, tried * USD_PER_KWH, surely, up, down)
        up = np.maximum.accumulate(up, axis=0).T
        down = np.maximum.accumulate(down[::-1], axis=0)[::-1].T
        comes = self.delivery.expected_share[:, None]
        up, down = up * comes, down * comes
        return Curve(
            sell_price, up[:, np.searchsorted(tried, sell_price)], buy_price, down[:, np.searchsorted(tried, buy_price)]
        )

    def _scheduled(self, plan: Plan, path: list[Run.Expected], surely: Floats) -> Curve:
        """A schedule's sums over its defaults, sold and bought whatever the price."""
        assert plan.schedule_kw is not None
        sums = [
            self.operation.sums(
                e.limits.default + surely * (_scheduled_kw(power, e.limits) - e.limits.default), e.limits.default
            )
            for power, e in zip(plan.schedule_kw, path, strict=True)
        ]
        comes = self.delivery.expected_share
        up, down = np.mean([s[0] for s in sums], axis=0) * comes, np.mean([s[1] for s in sums], axis=0) * comes
        return Curve(np.array([LOWEST_USD_PER_MWH]), up[:, None], np.array([HIGHEST_USD_PER_MWH]), down[:, None])

    def _within(self, limits: Limits, asked_kw: Floats) -> Limits:
        """Limits drawn in to what was asked for."""
        follows = self.inputs.stores.follows_meter
        up = np.where(follows, limits.default + asked_kw[0], np.maximum(limits.default + asked_kw[0], 0.0))
        up = np.where(
            follows,
            up,
            np.where(asked_kw[1] > 0, np.maximum(asked_kw[1], 0.0), np.minimum(limits.default + asked_kw[0], 0.0)),
        )
        high = np.maximum(np.minimum(limits.high, up), limits.default)
        return Limits(limits.default, np.maximum(limits.low, limits.default - asked_kw[2]), high)

    # ── day ahead ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _close_day_ahead(self, day: int, t: int) -> None:
        """Bid reserves for the hours of a local day, with the state at the start of interval `t`."""
        inputs, day_ahead = self.inputs, self._day_ahead
        assert day_ahead is not None
        window = max(len(self.bids) - 1, 0)
        stages = self._stages(t, window)
        _, expected = self._plan(stages, 1, whole_path=True)
        offered = day_ahead.offers(day, t, stages, expected, self.operation, window, self._expected_to_follow(t))
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

    def _reserved(self, s: int, energy: Floats, taken: Floats, now: int) -> Floats:
        """What each store is expected to hold of the fleet's commitment in interval `s`, as known at `now`; (S,)."""
        if self._day_ahead is None or s >= len(self.inputs.period):
            return np.zeros(len(energy))
        committed = self._day_ahead.known_kw(s, now)
        if not committed.any():
            return np.zeros(len(energy))
        able = self.operation.sustainable_kw(energy, np.zeros(len(energy)), self._reserve_hours, taken)
        able = self._day_ahead.able(able, s)
        if self.knowledge.exact:
            able = np.where(self.inputs.stores.reachable[s], able, 0.0)
        return _shared_out(able, committed / self.delivery.expected_share, self.operation.aggregation)

    def _expected_to_follow(self, t: int) -> Floats:
        """What share of each store is expected to follow: as so far (S,), or exactly, from interval `t` on (K, S)."""
        if self.knowledge.exact:
            return self.inputs.stores.reachable[t:].astype(np.float64)
        share: Floats = self.delivery.expected_share[self.operation.aggregation]
        return share

    # ── dispatch ───────────────────────────────────────────────────────────────────────────────────────────────────

    def dispatch(self, t: int) -> None:
        """Clear interval `t` at its realised price, call reserve if it is called, and let every store follow."""
        began = time.perf_counter()
        inputs, out, operation = self.inputs, self.trajectory, self.operation
        stores = inputs.stores
        self.arrivals.see(t, stores.available[t])
        if t and inputs.period.day_of_interval[t] != inputs.period.day_of_interval[t - 1]:
            self.taken_kwh[:] = 0.0
        at = Interval(
            self._drawn(t, self.energy_kwh), stores.available[t], inputs.surplus_kw[t], *inputs.home_prices(t),
        )  # fmt: skip
        if self.strategy.bids:
            power, default = self._give(t, at)
        elif self.strategy.manages_home:
            plan = self._plans[t // inputs.windows.length]
            limits = self._limits(
                t, at, self.taken_kwh, self.permission.need_kwh[t], plan.asked_kw, np.zeros(len(stores))
            )
            free = np.zeros(operation.aggregations)
            power = operation.respond(at, limits, plan.slopes[t % inputs.windows.length], plan.markup, free, free)
            power = default = np.where(stores.reachable[t], power, limits.default)
        else:
            power = default = operation.default_kw(at)
        out.default_kw[t] = default
        out.discharge_kw[t], out.charge_kw[t] = np.maximum(power, 0.0), np.maximum(-power, 0.0)
        self.taken_kwh += self._taken(power, default)
        self.energy_kwh = operation.after(at, power)
        out.energy_kwh[t] = self.energy_kwh
        self.timings["dispatch"] += time.perf_counter() - began

    def _give(self, t: int, at: Interval) -> tuple[Floats, Floats]:
        """Power of every store and its default: what cleared is given, reserve is held, and delivered if called."""
        inputs, out, operation = self.inputs, self.trajectory, self.operation
        length, rules = inputs.windows.length, inputs.scenario.market
        window = t // length
        plan, bid = self._plans[window], self.bids[window]
        reserved = self._reserved(t, at.energy_kwh, self.taken_kwh, t)
        limits = self._limits(t, at, self.taken_kwh, self.permission.need_kwh[t], plan.asked_kw, reserved)
        sold, bought = bid.curve.cleared(float(inputs.price[ENERGY, t]))
        price = float(inputs.price[ENERGY, t]) * USD_PER_KWH
        comes = (
            self.delivery.expected_share
        )  # more is asked for than cleared, so that what cleared may be expected to come
        if plan.schedule_kw is not None:
            power, short = self._follow(plan.schedule_kw[t % length], limits, sold / comes, bought / comes)
        else:
            power, short = operation.give(
                at, limits, plan.slopes[t % length], plan.markup, price, sold / comes, bought / comes,
                rules.delivery_penalty_share,
            )  # fmt: skip
        if self._may_fail:
            power, short = self._answered(t, power, limits.default, sold, bought)
        out.short_energy_kw[t] = short
        award = power - limits.default
        out.award_kw[t] = award
        gives = ~inputs.stores.follows_meter & (award > 0)
        out.give_award_kw[t] = np.where(gives, np.maximum(power, 0.0), 0.0)
        agreed = plan.segments.agreed_usd_per_mwh * USD_PER_KWH
        layout = inputs.layout
        out.agreed_usd_per_kwh[t] = np.where(
            award > 0, agreed[layout.sell], np.where(award < 0, agreed[layout.buy], 0.0)
        )
        out.give_agreed_usd_per_kwh[t] = np.where(out.give_award_kw[t] > 0, agreed[layout.give], 0.0)
        power = self._hold(t, at, limits, power)
        return power, limits.default

    def _answered(self, t: int, power: Floats, default: Floats, sold: Floats, bought: Floats) -> tuple[Floats, Floats]:
        """What comes of the power that was asked for, no more than cleared, and what each aggregation is short of."""
        operation, reachable = self.operation, self.inputs.stores.reachable[t]
        asked = power - default
        self.trajectory.missed_kw[t] = np.where(reachable, 0.0, asked)
        self.delivery.note(np.abs(asked), reachable)
        came = np.where(reachable, asked, 0.0)
        rise = _at_most(np.maximum(came, 0.0), sold, operation.aggregation)
        fall = _at_most(np.maximum(-came, 0.0), bought, operation.aggregation)
        up, down = operation.sums(rise - fall, np.zeros_like(rise))
        short = np.maximum(sold - up, 0.0) + np.maximum(bought - down, 0.0)
        return default + rise - fall, np.where(short > SHORT_KW, short, 0.0)

    def _follow(self, schedule: Floats, limits: Limits, sold: Floats, bought: Floats) -> tuple[Floats, Floats]:
        """A schedule, scaled so that each aggregation deviates by what cleared, as far as limits allow."""
        operation = self.operation
        wished = _scheduled_kw(schedule, limits) - limits.default
        up, down = operation.sums(limits.default + wished, limits.default)
        with np.errstate(divide="ignore", invalid="ignore"):
            rise = np.where(up > 0, sold / up, 0.0)[operation.aggregation]
            fall = np.where(down > 0, bought / down, 0.0)[operation.aggregation]
        power = np.clip(
            limits.default + np.maximum(wished, 0.0) * rise - np.maximum(-wished, 0.0) * fall, limits.low, limits.high
        )
        up, down = operation.sums(power, limits.default)
        short = np.maximum(sold - up, 0.0) + np.maximum(bought - down, 0.0)
        return power, np.where(short > SHORT_KW, short, 0.0)

    def _hold(self, t: int, at: Interval, limits: Limits, power: Floats) -> Floats:
        """Hold the commitment beside the power given, and deliver it if it is called."""
        inputs, out, operation, day_ahead = self.inputs, self.trajectory, self.operation, self._day_ahead
        assert day_ahead is not None
        committed = day_ahead.committed_kw[:, :, t]
        if not committed.any():
            return power
        taken = self.taken_kwh + self._taken(power, limits.default)
        able = operation.sustainable_kw(operation.after(at, power), power, self._reserve_hours, taken)
        able = day_ahead.able(
            np.maximum(np.minimum(able, self.permission.deviation_kw - np.maximum(power - limits.default, 0.0)), 0.0), t
        )
        if not operation.exports:
            able = operation.drawn_only(able, power, at.net_generation_kw)
        if self.knowledge.exact:
            able = np.where(inputs.stores.reachable[t], able, 0.0)
        held = _shared_out(able, committed.sum(axis=0) / self.delivery.expected_share, operation.aggregation)
        if self._may_fail:
            self.delivery.note(held, inputs.stores.reachable[t])
            in_reach = np.where(inputs.stores.reachable[t], held, 0.0)
            held = _at_most(in_reach, committed.sum(axis=0), operation.aggregation)
        with np.errstate(divide="ignore", invalid="ignore"):
            spin_share = np.where(committed.sum(axis=0) > 0, committed[0] / committed.sum(axis=0), 0.0)
        spin = held * spin_share[operation.aggregation]
        out.spin_kw[t], out.nonspin_kw[t] = spin, held - spin
        short = np.maximum(
            committed.sum(axis=0) - np.bincount(operation.aggregation, held, operation.aggregations), 0.0
        )
        short = np.where(short > SHORT_KW, short, 0.0)
        out.short_spin_kw[t], out.short_nonspin_kw[t] = short * spin_share, short * (1 - spin_share)
        out.spin_agreed_usd_per_kw_h[t] = day_ahead.agreed_usd_per_kw_h[0, :, t]
        out.nonspin_agreed_usd_per_kw_h[t] = day_ahead.agreed_usd_per_kw_h[1, :, t]
        if not inputs.called[t]:
            return power
        out.called_kw[t] = held
        out.call_agreed_usd_per_kwh[t] = np.where(held > 0, day_ahead.call_usd_per_kwh[:, t], 0.0)
        stores = inputs.stores
        room = np.maximum(at.energy_kwh - self.permission.floor_kwh, 0.0) * stores.discharge_efficiency / INTERVAL_HOURS
        most = np.minimum(stores.max_discharge_kw, room)
        return np.where(held > 0, np.maximum(np.minimum(power + held, most), power), power)

    # ── small things ───────────────────────────────────────────────────────────────────────────────────────────────

    def _limits(self, s: int, at: Interval, taken: Floats, need: Floats, asked: Floats, reserved: Floats) -> Limits:
        limits = self.operation.limits(at, taken, need, self._ready_in(s), asked, reserved, self._reserve_hours)
        if self._may_fail and self.knowledge.exact and s < len(self.inputs.period):
            follows, default = self.inputs.stores.reachable[s], limits.default
            return Limits(default, np.where(follows, limits.low, default), np.where(follows, limits.high, default))
        return limits

    def _ready_in(self, s: int) -> Ints:
        if self.knowledge.exact:
            stores = self.inputs.stores
            departure = stores.departure[min(s, len(stores.departure) - 1)]
            left = departure - s
            return np.where((stores.leave_slot >= 96).all(axis=0), np.where(stores.follows_meter, 10**6, 0), left)
        k = self.knowledge
        tomorrow = min(s + 96, len(k.weekend) - 1)
        return self.operation.intervals_to_ready(int(k.slot[s]), int(k.weekend[s]), int(k.weekend[tomorrow]))

    def _drawn(self, t: int, energy: Floats) -> Floats:
        """Energy after what leaves the stores at the start of interval `t`, never below what a store must hold."""
        stores = self.inputs.stores
        return np.maximum(energy - stores.draw_kwh[t], np.minimum(energy, stores.floor_kwh))

    def _taken(self, power: Floats, default: Floats) -> Floats:
        return taken_kwh(power, default, self.inputs.stores.discharge_efficiency, INTERVAL_HOURS)


def _scheduled_kw(schedule: Floats, limits: Limits) -> Floats:
    """A schedule within the limits; the default where it says nothing (NaN)."""
    wished = np.where(np.isnan(schedule), limits.default, schedule)
    return np.clip(wished, limits.low, limits.high)


def _at_most(of_store_kw: Floats, most_kw: Floats, aggregation: Ints) -> Floats:
    """Each aggregation's stores cut alike, so that they are together no more than `most_kw` (A,); (S,)."""
    total = np.bincount(aggregation, of_store_kw, len(most_kw))
    share = np.minimum(np.divide(most_kw, total, out=np.ones_like(most_kw), where=total > 0), 1.0)
    cut: Floats = of_store_kw * share[aggregation]
    return cut


def _shared_out(able_kw: Floats, wanted_kw: Floats, aggregation: Ints) -> Floats:
    """What each store holds of what its aggregation wants (A,), in proportion to what it is able to; (S,)."""
    total = np.bincount(aggregation, able_kw, len(wanted_kw))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(total > 0, np.minimum(wanted_kw / total, 1.0), 0.0)
    return able_kw * share[aggregation]
