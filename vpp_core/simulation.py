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
    from vpp_core.strategies.negotiated import Negotiated

    starts = inputs.windows.starts
    window = int(starts.searchsorted(at, side="right")) - 1
    if window < 0 or at >= inputs.period.timestamps[-1] + INTERVAL:
        first, last = (f"{t.tz_convert(LOCAL_TIMEZONE):%Y-%m-%d}" for t in (starts[0], starts[-1]))
        raise InputError(f"{at.tz_convert(LOCAL_TIMEZONE):%Y-%m-%d %H:%M} is outside the period, {first} to {last}")
    seen: dict[int, tuple[GateView, State]] = {}

    class Watched(Negotiated):
        def negotiate(self, view: GateView) -> State:
            state = super().negotiate(view)
            if view.gate == "real_time":
                seen.clear()
                seen[view.window] = (view, state)
            return state

    strategy = Watched()
    strategy.gateway = gateway
    period = Run(inputs, strategy)
    for t in range(len(inputs.period)):
        period.before(t)
        if len(period.bids) > window:
            break
        period.dispatch(t)
    view, state = seen[window]
    if sum((b.decision.usage for b in period.bids), Usage()).fallbacks:
        _require_heard(inputs.scenario, period.bids, gateway)
    gate = starts[window] - pd.Timedelta(minutes=inputs.scenario.market.gate_closure_minutes)
    return Transcript(view, state, period.bids[window], gate)
