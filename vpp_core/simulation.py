"""A period, strategy by strategy: gates close, prices clear curves, stores follow, the books are made.

What a strategy may see at a gate closure is decided by `dispatch.knowledge`. A realised price touches nothing but the
clearing of its own interval.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import pandas as pd

from vpp_core.calendar import INTERVAL, LOCAL_TIMEZONE
from vpp_core.dispatch.run import Run
from vpp_core.dispatch.view import GateView
from vpp_core.errors import InputError
from vpp_core.fleet.fleet import Ints
from vpp_core.llm.usage import Usage
from vpp_core.market.decision import Bid
from vpp_core.market.inputs import Inputs
from vpp_core.settlement.outcome import (
    Outcome,
    OutcomeTables,
    outcome_tables,
    outcomes_to_arrow,
    settle,
)
from vpp_core.settlement.trajectory import Trajectory
from vpp_core.strategies.no_vpp import NoVpp
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
    "negotiate_reserves",
    "negotiate_window",
    "outcome_tables",
    "outcomes_to_arrow",
    "run",
    "simulate",
]

Progress = Callable[[str, float], None]


def simulate(
    inputs: Inputs,
    keys: Iterable[str],
    progress: Progress | None = None,
    gateway: Gateway | None = None,
    kept: Ints | None = None,
) -> list[Outcome]:
    """Run the strategies one after another, each from the same initial state; `progress` gets a key and a share.

    `gateway` leads to a language model, for scenarios that negotiate by one. `kept`: see `settle`.
    """
    keys = list(keys)
    unknown = [key for key in keys if key not in STRATEGIES]
    if unknown:
        raise InputError(f"strategy {unknown[0]!r} is not known; known are {', '.join(STRATEGIES)}")
    counterfactual, _, _ = run(inputs, NoVpp(), None)
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
        outcome = settle(inputs, key, trajectory, counterfactual, bids, gap_usd, kept)
        if strategy.negotiates:
            _require_heard(inputs.scenario, sum((bid.decision.usage for bid in bids), Usage()), gateway)
        outcome.timings.update(timings, total=time.perf_counter() - began)
        outcomes.append(outcome)
        if progress:
            progress(key, 1.0)
    return outcomes


def _require_heard(scenario: Scenario, usage: Usage, gateway: Gateway | None) -> None:
    """A result in which the language model never had a say must not carry its name."""
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
    """One gate-closure strategy over the period: what its stores did, and what was bid for each window."""
    period = Run(inputs, strategy)
    for t in range(len(inputs.period)):
        period.before(t)
        period.dispatch(t)
        if progress and t % 96 == 0:
            progress(strategy.key, t / len(inputs.period))
    return period.trajectory, period.bids, period.timings


def negotiate_window(inputs: Inputs, at: pd.Timestamp, gateway: Gateway | None = None) -> Transcript:
    """The negotiation of the window that contains `at` (UTC), in the state that negotiating up to it has led to."""
    from vpp_core.negotiation.transcript import Transcript

    _require_inside(inputs, at)
    window = int(inputs.windows.starts.searchsorted(at, side="right")) - 1
    period, seen = _negotiated_until(inputs, gateway, lambda view: view.gate == "real_time" and view.window == window)
    assert seen is not None
    gate = inputs.windows.starts[window] - pd.Timedelta(minutes=inputs.scenario.market.gate_closure_minutes)
    return Transcript(*seen, gate, period.bids[window])


def negotiate_reserves(inputs: Inputs, at: pd.Timestamp, gateway: Gateway | None = None) -> Transcript:
    """The day-ahead negotiation of the reserves of the local day that contains `at` (UTC)."""
    from vpp_core.dispatch.day_ahead import GATE_HOUR
    from vpp_core.negotiation.transcript import Transcript

    _require_inside(inputs, at)
    interval = int(inputs.period.timestamps.searchsorted(at, side="right")) - 1
    day = int(inputs.period.day_of_interval[interval])
    midnight = at.tz_convert(LOCAL_TIMEZONE).normalize()
    period, seen = _negotiated_until(
        inputs, gateway, lambda view: view.gate == "day_ahead" and view.start == midnight, until=interval
    )
    if seen is None:
        raise InputError(
            f"no reserves are negotiated for {midnight:%Y-%m-%d}: the scenario sells none, or none has a price that day"
        )
    gate = (midnight - pd.DateOffset(days=1)).replace(hour=GATE_HOUR)
    return Transcript(*seen, gate.tz_convert("UTC"), committed_kw=period.committed_kw(day))


def _require_inside(inputs: Inputs, at: pd.Timestamp) -> None:
    starts = inputs.windows.starts
    if at < starts[0] or at >= inputs.period.timestamps[-1] + INTERVAL:
        first, last = (f"{t.tz_convert(LOCAL_TIMEZONE):%Y-%m-%d}" for t in (starts[0], starts[-1]))
        raise InputError(f"{at.tz_convert(LOCAL_TIMEZONE):%Y-%m-%d %H:%M} is outside the period, {first} to {last}")


def _negotiated_until(
    inputs: Inputs, gateway: Gateway | None, wanted: Callable[[GateView], bool], until: int | None = None
) -> tuple[Run, tuple[GateView, State] | None]:
    """A negotiated run up to the negotiation that is wanted, and that negotiation; none where there was none before
    interval `until` had passed."""
    from vpp_core.strategies.negotiated import Negotiated

    seen: list[tuple[GateView, State]] = []
    usage = Usage()

    class Watched(Negotiated):
        def negotiate(self, view: GateView) -> State:
            nonlocal usage
            state = super().negotiate(view)
            usage = usage + state["decision"].usage
            if wanted(view):
                seen.append((view, state))
            return state

    strategy = Watched()
    strategy.gateway = gateway
    period = Run(inputs, strategy)
    for t in range(len(inputs.period) if until is None else until + 1):
        period.before(t)
        if seen:
            break
        period.dispatch(t)
    if usage.fallbacks:
        _require_heard(inputs.scenario, usage, gateway)
    return period, seen[0] if seen else None
