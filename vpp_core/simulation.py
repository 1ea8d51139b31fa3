"""A period, strategy by strategy: gates close, prices clear segments, devices follow, the books are made.

This is the only place that decides what a strategy may see. At a window's gate closure it gets the forecast issued
then, its own state, the homes' load and sun up to the window's end, and their average day so far. A realised price
touches nothing but the clearing of its own interval.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vpp_core.calendar import INTERVAL, INTERVAL_HOURS, LOCAL_TIMEZONE
from vpp_core.dispatch.average_day import AverageDay
from vpp_core.dispatch.following import awards, step_batteries, step_cars, taken_from_cars_kwh
from vpp_core.dispatch.gate_state import Coming, StateRange
from vpp_core.dispatch.offers import marginal_offers, sustained
from vpp_core.dispatch.opportunity_cost import Outlook
from vpp_core.dispatch.view import GateView
from vpp_core.errors import InputError
from vpp_core.fleet.devices import Permission
from vpp_core.fleet.fleet import Bools, Floats
from vpp_core.fleet.permission import Permission as Allowed
from vpp_core.llm.usage import Usage
from vpp_core.market.contingencies import LONGEST_HOURS
from vpp_core.market.decision import Bid, Decision
from vpp_core.market.inputs import Inputs
from vpp_core.market.segments import NONSPIN, SPIN, Segments, Submission, cleared, submit
from vpp_core.physics.storage import taken_kwh
from vpp_core.settlement.grouping import aggregation_of_home
from vpp_core.settlement.outcome import (
    Outcome,
    OutcomeTables,
    outcome_tables,
    outcomes_to_arrow,
    settle,
)
from vpp_core.settlement.trajectory import Trajectory
from vpp_core.strategies.registry import STRATEGIES
from vpp_core.strategies.strategy import Bound, GateClosureStrategy

if TYPE_CHECKING:
    from vpp_core.llm.gateway import Gateway
    from vpp_core.negotiation.transcript import Transcript
    from vpp_core.negotiation.workflow import State
    from vpp_core.scenario import Scenario

__all__ = [
    "Inputs",
    "Outcome",
    "OutcomeTables",
    "negotiate_window",
    "outcome_tables",
    "outcomes_to_arrow",
    "run",
    "simulate",
]

Progress = Callable[[str, float], None]


def simulate(
    inputs: Inputs, keys: Iterable[str], progress: Progress | None = None, gateway: Gateway | None = None
) -> list[Outcome]:
    """Run the strategies one after another, each from the same initial state; `progress` gets a key and a share.

    `gateway` leads to a language model, for scenarios that negotiate by one.
    """
    keys = list(keys)
    unknown = [key for key in keys if key not in STRATEGIES]
    if unknown:
        raise InputError(f"strategy {unknown[0]!r} is not known; known are {', '.join(STRATEGIES)}")
    counterfactual, _, _ = run(inputs, STRATEGIES["no_vpp"](), None)  # type: ignore[arg-type]
    outcomes = []
    for key in keys:
        strategy = STRATEGIES[key]()
        began = time.perf_counter()
        gap_usd = None
        bids: list[Bid] = []
        if isinstance(strategy, Bound):
            trajectory, gap_usd = strategy.plan(inputs)
            timings = {"solve": time.perf_counter() - began}
        else:
            assert isinstance(strategy, GateClosureStrategy)
            strategy.gateway = gateway
            trajectory, bids, timings = run(inputs, strategy, progress)
        outcome = settle(inputs, key, trajectory, counterfactual, bids, gap_usd)
        if key == "negotiated":
            _require_heard(inputs.scenario, bids, gateway)
        outcome.timings.update(timings, total=time.perf_counter() - began)
        outcomes.append(outcome)
        if progress:
            progress(key, 1.0)
    return outcomes


def _require_heard(scenario: Scenario, bids: Iterable[Bid], gateway: Gateway | None) -> None:
    """A result in which the language model never had a say must not carry its name."""
    usage = sum((bid.decision.usage for bid in bids), Usage())
    if scenario.negotiation.decider != "llm" or usage.answers > 0:
        return
    reasons = ", ".join(f"{kind} {count}" for kind, count in usage.fallbacks.items()) or "it was never asked"
    if gateway is not None and gateway.troubles.example:
        reasons += f"; {gateway.troubles.example}"
    advice = gateway.troubles.advice if gateway is not None else "run the scenario with decider rules"
    raise InputError(
        f"{scenario.negotiation.llm.model} decided nothing ({reasons}), so this would be a result by rules under the "
        f"name of a language model; {advice}"
    )


def run(
    inputs: Inputs, strategy: GateClosureStrategy, progress: Progress | None
) -> tuple[Trajectory, list[Bid], dict[str, float]]:
    """One gate-closure strategy over the period: what its devices did, and what was bid for each window."""
    period = _Run(inputs, strategy)
    windows = inputs.windows
    next_window = 0
    for t in range(len(inputs.period)):
        while next_window < len(windows) and period.gate(next_window) <= t:
            period.close_gate(next_window, t)
            next_window += 1
        period.dispatch(t)
        if progress and t % 96 == 0:
            progress(strategy.key, t / len(inputs.period))
    return period.trajectory, period.bids, period.timings


def negotiate_window(inputs: Inputs, at: pd.Timestamp, gateway: Gateway | None = None) -> Transcript:
    """The negotiation of the window that contains `at` (UTC), in the state that negotiating up to it has led to."""
    from vpp_core.negotiation.transcript import Transcript
    from vpp_core.strategies.negotiated import Negotiated

    starts = inputs.windows.starts
    window = int(starts.searchsorted(at, side="right")) - 1
    if window < 0 or at >= inputs.period.timestamps[-1] + INTERVAL:
        first, last = (f"{t.tz_convert(LOCAL_TIMEZONE):%Y-%m-%d}" for t in (starts[0], starts[-1]))
        raise InputError(f"{at.tz_convert(LOCAL_TIMEZONE):%Y-%m-%d %H:%M} is outside the period, {first} to {last}")
    seen: list[tuple[GateView, State]] = []

    class Watched(Negotiated):
        def negotiate(self, view: GateView) -> State:
            seen[:] = [(view, super().negotiate(view))]
            return seen[0][1]

    strategy = Watched()
    strategy.gateway = gateway
    run = _Run(inputs, strategy)
    for t in range(len(inputs.period)):
        while len(run.bids) <= window and run.gate(len(run.bids)) <= t:
            run.close_gate(len(run.bids), t)
        if len(run.bids) > window:
            break
        run.dispatch(t)
    view, state = seen[0]
    if sum((b.decision.usage for b in run.bids), Usage()).fallbacks:
        _require_heard(inputs.scenario, run.bids, gateway)
    gate = starts[window] - pd.Timedelta(minutes=inputs.scenario.market.gate_closure_minutes)
    bid = run.bids[window]
    return Transcript(view, state, Submission(bid.segments, bid.below_minimum), gate)


class _Run:
    """The state of one strategy's run: energies, what is pending, what was taken today."""

    def __init__(self, inputs: Inputs, strategy: GateClosureStrategy) -> None:
        self.inputs, self.strategy = inputs, strategy
        self.permission = Permission.of(inputs.fleet, inputs.batteries, inputs.cars, strategy.obeys_preferences)
        stores = inputs.stores
        floor = Allowed.of(inputs.fleet, stores, strategy.obeys_preferences).floor_kwh
        _, aggregations = aggregation_of_home(inputs.fleet)
        self.trajectory = Trajectory.empty(len(inputs.period), len(stores), aggregations, floor)
        self.battery, self.car = stores.of_kind("battery"), stores.of_kind("car")
        self.battery_home = stores.home[self.battery]
        heater = stores.of_kind("water_heater")  # left alone by these strategies
        self.trajectory.charge_kw[:, heater] = stores.counterfactual_kw[:, heater]
        self.trajectory.energy_kwh[:, heater] = stores.counterfactual_kwh[1:, heater]
        self.trajectory.default_kw[:, heater] = -stores.counterfactual_kw[:, heater]
        self.stored_kwh = inputs.batteries.initial_kwh.copy()
        self.car_kwh = inputs.cars.initial_kwh.copy()
        self.taken_kwh = np.zeros(len(inputs.fleet))
        self.car_taken_kwh = np.zeros(len(inputs.cars))
        self.bids: list[Bid] = []
        self.timings: dict[str, float] = {"offers": 0.0, "decide": 0.0}
        self._average_day = AverageDay(len(inputs.fleet), inputs.windows.length)
        self._known = 0

    def gate(self, window: int) -> int:
        return self.inputs.windows.gate_interval(window, self.inputs.scenario.market.gate_closure_minutes)

    def close_gate(self, window: int, t: int) -> None:
        """Take the strategy's decision for a window with the state at the start of interval `t`."""
        inputs, layout = self.inputs, self.inputs.layout
        length = inputs.windows.length
        first = inputs.windows.first_interval(window)
        if not self.strategy.bids:
            nothing = Segments.none(layout)
            self.bids.append(Bid(nothing, False, 0.0, Decision(nothing)))
            return
        began = time.perf_counter()
        known = slice(first, first + length)
        coming = Coming(
            first, inputs.surplus_kw[known], inputs.import_usd_per_kwh[known], inputs.export_usd_per_kwh[known]
        )
        state = self._reach(t, first)
        forecast = inputs.forecast[:, window, 0]
        rules = inputs.scenario.market
        offers = marginal_offers(
            layout,
            inputs.batteries,
            inputs.cars,
            self.permission,
            state,
            coming,
            self._outlook(window),
            forecast,
            rules,
        )
        offered = time.perf_counter()
        view = GateView(
            window=window,
            start=inputs.windows.starts[window],
            hours=length * INTERVAL_HOURS,
            forecast=forecast,
            offers=offers,
            layout=layout,
            fleet=inputs.fleet,
            scenario=inputs.scenario,
        )
        decision = self.strategy.decide(view)
        self.timings["offers"] += offered - began
        self.timings["decide"] += time.perf_counter() - offered
        for name, seconds in decision.timings.items():
            self.timings[name] = self.timings.get(name, 0.0) + seconds
        wanted = decision.segments.quantity_kw
        held = sustained(layout, inputs.batteries, self.permission, state, coming, offers, wanted, rules)
        submission = submit(replace(decision.segments, quantity_kw=held), layout, rules)
        feasible_kw = float(offers.quantity_kw[~layout.is_reserve].sum())
        below = submission.below_minimum or decision.below_minimum
        self.bids.append(Bid(submission.segments, below, feasible_kw, decision))

    def dispatch(self, t: int) -> None:
        """Clear interval `t` at its realised prices, call reserve if it is called, and let every device follow."""
        inputs, out, layout = self.inputs, self.trajectory, self.inputs.layout
        if t and inputs.period.day_of_interval[t] != inputs.period.day_of_interval[t - 1]:
            self.taken_kwh[:] = 0.0
            self.car_taken_kwh[:] = 0.0
        segments = self.bids[t // inputs.windows.length].segments
        accepted = np.where(cleared(segments, layout, inputs.price[:, t]), segments.quantity_kw, 0.0)
        award, delay, discharge = awards(inputs, accepted)
        battery, car, home = self.battery, self.car, self.battery_home
        out.award_kw[t, battery], out.award_kw[t, car] = award[home], delay + discharge
        out.give_award_kw[t, car] = discharge
        out.spin_kw[t, battery], out.nonspin_kw[t, battery] = (
            accepted[layout.battery_spin][home],
            accepted[layout.battery_nonspin][home],
        )
        called = np.zeros(len(inputs.fleet))
        if inputs.called[t]:
            out.called_kw[t] = out.spin_kw[t] + out.nonspin_kw[t]
            called[home] = out.called_kw[t, battery]
        self._agreed(t, segments, accepted)
        default, power, stored = step_batteries(inputs, self.permission, self.stored_kwh, award + called, t)
        car_default, car_kw, given, car_energy = step_cars(inputs, self.car_kwh, delay, discharge, t)
        out.default_kw[t, battery], out.default_kw[t, car] = default[home], -car_default
        out.energy_kwh[t, battery], out.energy_kwh[t, car] = stored[home], car_energy
        out.discharge_kw[t, battery], out.charge_kw[t, battery] = (
            np.maximum(power, 0)[home],
            np.maximum(-power, 0)[home],
        )
        out.discharge_kw[t, car], out.charge_kw[t, car] = given, car_kw + given
        self.taken_kwh += taken_kwh(power, default, inputs.batteries.discharge_efficiency, INTERVAL_HOURS)
        self.car_taken_kwh += taken_from_cars_kwh(inputs, given)
        self.stored_kwh, self.car_kwh = stored, car_energy

    def _agreed(self, t: int, segments: Segments, accepted: Floats) -> None:
        """At what prices households are paid for what was accepted in interval `t`."""
        out, layout, home = self.trajectory, self.inputs.layout, self.battery_home
        agreed = np.where(accepted > 0, segments.agreed_usd_per_mwh, 0.0) / 1000
        sold = accepted[layout.battery_sell] > 0
        price = np.where(sold, agreed[layout.battery_sell], agreed[layout.battery_buy])
        out.agreed_usd_per_kwh[t, self.battery] = price[home]
        out.agreed_usd_per_kwh[t, self.car] = agreed[layout.car_sell]
        out.give_agreed_usd_per_kwh[t, self.car.start + layout.discharging_car] = agreed[layout.car_discharge]
        out.spin_agreed_usd_per_kw_h[t, self.battery] = agreed[layout.battery_spin][home]
        out.nonspin_agreed_usd_per_kw_h[t, self.battery] = agreed[layout.battery_nonspin][home]
        called = out.called_kw[t, self.battery] > 0
        out.call_agreed_usd_per_kwh[t, self.battery] = np.where(called, segments.call_usd_per_mwh[home] / 1000, 0.0)

    def _reach(self, t: int, first: int) -> StateRange:
        """Energies at interval `first`: the least and the most that pending segments can lead to, and as expected.

        A sale takes most of what is stored from the fullest battery: one that the sun is filling sells first what it
        would have charged. So what is taken today is read from there, and the least energy from both ends.

        Reserve that is pending or held may be called, once a day and for half an hour at most: on the lowest path it
        is, at the last moment, when nothing makes up for it any more.
        """
        inputs = self.inputs
        low, high = self.stored_kwh, self.stored_kwh
        car_low, car_high, car_expected = self.car_kwh, self.car_kwh, self.car_kwh
        taken, car_taken = self.taken_kwh.copy(), self.car_taken_kwh.copy()
        days = inputs.period.day_of_interval
        if days[first] != days[max(t - 1, 0)]:
            taken[:] = 0.0
            car_taken[:] = 0.0
        reserve_kw = np.zeros_like(low)
        for s in range(t, first):
            quantity = self.bids[s // inputs.windows.length].segments.quantity_kw
            held = quantity[inputs.layout.battery_spin] + quantity[inputs.layout.battery_nonspin]
            reserve_kw = np.maximum(reserve_kw, held)
            sells = np.where(inputs.layout.direction > 0, quantity, 0.0)
            sale, delay, discharge = awards(inputs, sells)
            _, _, from_low = step_batteries(inputs, self.permission, low, sale, s)
            default, battery, from_high = step_batteries(inputs, self.permission, high, sale, s)
            low = np.minimum(from_low, from_high)
            if days[s] == days[first]:
                taken += taken_kwh(battery, default, inputs.batteries.discharge_efficiency, INTERVAL_HOURS)
            _, _, high = step_batteries(inputs, self.permission, high, awards(inputs, quantity - sells)[0], s)
            _, _, given, car_low = step_cars(inputs, car_low, delay, discharge, s)
            if days[s] == days[first]:
                car_taken += taken_from_cars_kwh(inputs, given)
            _, _, _, car_high = step_cars(inputs, car_high, np.zeros_like(delay), np.zeros_like(delay), s)
            likely = np.where(self._likely(s // inputs.windows.length), sells, 0.0)
            _, _, _, car_expected = step_cars(inputs, car_expected, *awards(inputs, likely)[1:], s)
        called_kwh = reserve_kw * LONGEST_HOURS / inputs.batteries.discharge_efficiency
        low = np.maximum(low - called_kwh, np.minimum(low, self.permission.battery_floor_kwh))
        return StateRange(low, high, car_low, car_high, car_expected, taken + called_kwh, car_taken)

    def _likely(self, window: int) -> Bools:
        """Segments that, sold, are priced below the median forecast at the window's gate closure."""
        price = self.bids[window].segments.price_usd_per_mwh
        return price <= self.inputs.forecast_usd_per_mwh[window, 0, 1]

    def _outlook(self, window: int) -> Outlook:
        """What is expected after the window: the forecast, and each home's average day up to the window's end."""
        inputs, length = self.inputs, self.inputs.windows.length
        end = inputs.windows.first_interval(window) + length
        for t in range(self._known, end):
            self._average_day.add(int(inputs.slot[t]), inputs.surplus_kw[t])
        self._known = max(self._known, end)
        price, reserve = inputs.forecast_usd_per_mwh[window, 1:], inputs.forecast[SPIN : NONSPIN + 1, window, 1:]
        ahead = slice(end, end + len(price) * length)
        per_window = (len(price), length)
        return Outlook(
            window_hours=length * INTERVAL_HOURS,
            price_usd_per_mwh=price,
            reserve_usd_per_mw_h=np.nan_to_num(np.fmax(reserve[0], reserve[1])),
            reserve_hours=inputs.scenario.market.reserve_duration_minutes / 60,
            surplus_kw=self._average_day.expected_kw(inputs.slot[ahead][::length]),
            import_usd_per_kwh=inputs.import_usd_per_kwh[ahead].reshape(per_window).mean(axis=1),
            export_usd_per_kwh=inputs.export_usd_per_kwh[ahead].reshape(per_window).mean(axis=1),
        )
