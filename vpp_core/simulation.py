"""A period, strategy by strategy: gates close, prices clear curves, stores follow, the books are made.

What a strategy may see at a gate closure is decided by `dispatch.knowledge`. A realised price touches nothing but the
clearing of its own interval.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpp_core.calendar import INTERVAL
from vpp_core.dispatch.run import PeriodRun
from vpp_core.errors import InputError
from vpp_core.fleet.fleet import Ints
from vpp_core.llm.usage import Usage
from vpp_core.market.decision import Bid
from vpp_core.market.inputs import Inputs
from vpp_core.settlement.outcome import Outcome, OutcomeTables, Settled, outcome_tables, outcomes_to_arrow
from vpp_core.settlement.programme_gap import programme_gap_usd
from vpp_core.settlement.settle import Settlement, settle, windows_of
from vpp_core.settlement.trajectory import Trajectory
from vpp_core.strategies.no_vpp import NoVpp
from vpp_core.strategies.registry import STRATEGIES, require_known
from vpp_core.strategies.strategy import Bound, GateClosureStrategy, Strategy
from vpp_core.tables import NEGOTIATION_MESSAGES

if TYPE_CHECKING:
    from vpp_core.llm.gateway import Gateway
    from vpp_core.negotiation.ledger import Ledger, Sink
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
    "settled",
    "simulate",
]

Progress = Callable[[str, float], None]


def simulate(
    inputs: Inputs,
    keys: Iterable[str],
    progress: Progress | None = None,
    gateway: Gateway | None = None,
    kept: Ints | None = None,
    messages: Sink | None = None,
) -> list[Outcome]:
    """Run strategies one after another, each from the same initial state, settle them, and keep what all stores did.

    Parameters
    ----------
    inputs : Inputs
        The period, as all strategies share it.
    keys : iterable of str
        Keys of strategies, in the order in which they run.
    progress : callable, optional
        Told a key and the share done, 0 to 1.
    gateway : Gateway, optional
        The way to a language model, for scenarios that negotiate by one.
    kept : array of int, optional
        As in `settle`: homes whose days, windows and intervals are kept.
    messages : callable, optional
        Given what was said in negotiations, day by day.

    Returns
    -------
    list of Outcome
        One per key.

    Raises
    ------
    InputError
        Where a key is not known, or a language model that was to decide never did.
    """
    keys = list(keys)
    require_known(keys)
    counterfactual, _, _ = run(inputs, NoVpp(), None)
    outcomes = []
    for key in keys:
        strategy = STRATEGIES[key]()
        began = time.perf_counter()
        gap_usd = None
        bids: list[Bid] = []
        if isinstance(strategy, Bound):
            trajectory, gap_usd = strategy.plan(inputs)
            gap_usd += programme_gap_usd(inputs, trajectory, counterfactual)
            timings = {"solve": time.perf_counter() - began}
        else:
            assert isinstance(strategy, GateClosureStrategy)
            strategy.gateway = gateway
            trajectory, bids, timings = run(inputs, strategy, progress, messages)
        enrolled = isinstance(strategy, Bound) or strategy.bids
        outcome = settle(inputs, key, trajectory, counterfactual, bids, gap_usd, kept, enrolled)
        _require_heard(inputs.scenario, strategy, bids, gateway)
        outcome.timings.update(timings, total=time.perf_counter() - began)
        outcomes.append(outcome)
        if progress:
            progress(key, 1.0)
    return outcomes


def settled(
    inputs: Inputs,
    keys: Iterable[str],
    progress: Progress | None = None,
    gateway: Gateway | None = None,
    kept: Ints | None = None,
    messages: Sink | None = None,
) -> Iterator[Settled]:
    """Run strategies as `simulate` does, to the bit, and let go of each day once its books are made.

    What stores do in every interval is what memory would be full of with a fleet of thousands over a month. Where
    programmes pay, baselines look back over the period, so all of it is held.

    Parameters
    ----------
    inputs, keys, progress, gateway, kept, messages : as in `simulate`

    Yields
    ------
    Settled
        One per key, in order.
    """
    keys = list(keys)
    require_known(keys)
    if inputs.events:
        yield from simulate(inputs, keys, progress, gateway, kept, messages)
        return
    for key in keys:
        strategy = STRATEGIES[key]()
        began = time.perf_counter()
        bound, gap_usd, bids, timings = None, None, [], {}
        if isinstance(strategy, Bound):
            bound, gap_usd = strategy.plan(inputs)
            timings["solve"] = time.perf_counter() - began
        else:
            assert isinstance(strategy, GateClosureStrategy)
            strategy.gateway = gateway
            period = PeriodRun(inputs, strategy)
            bids, timings = period.bids, period.timings
            days = _days(inputs, period, progress, messages, one_by_one=True)
        alone = PeriodRun(inputs, NoVpp())
        settlement = Settlement(inputs, key, operable=bound is None, kept=kept)
        for _ in _days(inputs, alone, None, None, one_by_one=True):
            now = slice(alone.trajectory.first, alone.trajectory.first + len(alone.trajectory.energy_kwh))
            if bound is None:
                next(days)
            done = period.trajectory if bound is None else bound.during(now)
            settlement.add(done, alone.trajectory, bids[windows_of(inputs, now)])
        _require_heard(inputs.scenario, strategy, bids, gateway)
        result = settlement.finish(gap_usd)
        result.timings.update(timings, total=time.perf_counter() - began)
        yield result
        if progress:
            progress(key, 1.0)


def _require_heard(scenario: Scenario, strategy: Strategy, bids: Sequence[Bid], gateway: Gateway | None) -> None:
    """A result in which the language model never had a say must not carry its name."""
    if strategy.negotiates and scenario.negotiation.decider == "llm":
        _require_answers(scenario, sum((bid.decision.usage for bid in bids), Usage()), gateway)


def _require_answers(scenario: Scenario, usage: Usage, gateway: Gateway | None) -> None:
    if usage.answers > 0:
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
    inputs: Inputs, strategy: GateClosureStrategy, progress: Progress | None, messages: Sink | None = None
) -> tuple[Trajectory, list[Bid], dict[str, float]]:
    """Run one gate-closure strategy over the period.

    Parameters
    ----------
    inputs : Inputs
        The period: T intervals, W windows, S stores.
    strategy : GateClosureStrategy
        An instance of its own for this run.
    progress : callable or None
        Told its key and the share done, 0 to 1.
    messages : callable, optional
        Given what was said in negotiations, day by day.

    Returns
    -------
    trajectory : Trajectory
        What its stores did.
    bids : list of Bid
        What was bid, one per window.
    timings : dict
        Seconds by part of the work.
    """
    period = PeriodRun(inputs, strategy)
    for _ in _days(inputs, period, progress, messages):
        pass
    return period.trajectory, period.bids, period.timings


def _days(
    inputs: Inputs, period: PeriodRun, progress: Progress | None, messages: Sink | None, one_by_one: bool = False
) -> Iterator[int]:
    """Run a period, and give each local day once it is over; `one_by_one`: days before it are let go."""
    strategy = period.strategy
    ledger = _ledger(period.inputs, strategy, messages)
    for day in range(len(inputs.period.days)):
        now = inputs.period.intervals_of(day)
        if progress:
            progress(strategy.key, now.start / len(inputs.period))
        if one_by_one:
            period.start_day(day)
        for t in range(now.start, now.stop):
            period.before(t)
            period.dispatch(t)
        if ledger is not None:
            ledger.close(day, period.bids, period.trajectory)
        yield day


def _ledger(inputs: Inputs, strategy: GateClosureStrategy, messages: Sink | None) -> Ledger | None:
    """What keeps the messages of a strategy that negotiates, where anybody wants them."""
    if messages is None or not strategy.negotiates:
        return None
    from vpp_core.negotiation.ledger import Ledger

    ledger = Ledger(inputs, strategy.key, messages)
    strategy.heard = ledger.hear
    return ledger


def negotiate_window(inputs: Inputs, at: pd.Timestamp, gateway: Gateway | None = None) -> pa.Table:
    """Tell what was said about a market window, by a run up to it.

    Parameters
    ----------
    inputs : Inputs
        The period.
    at : pandas.Timestamp
        A moment of the window, UTC.
    gateway : Gateway, optional
        The way to a language model, for scenarios that negotiate by one.

    Returns
    -------
    pyarrow.Table
        Rows of `NEGOTIATION_MESSAGES`; none where nobody had anything to offer.

    Raises
    ------
    InputError
        Where the moment is outside the period.
    """
    _require_inside(inputs, at)
    window = int(inputs.windows.starts.searchsorted(at, side="right")) - 1
    rows = _negotiated_until(inputs, gateway, "real_time", inputs.windows.starts[window])
    assert rows is not None
    return rows


def negotiate_reserves(inputs: Inputs, at: pd.Timestamp, gateway: Gateway | None = None) -> pa.Table:
    """Tell what was said about the reserves of a local day, the day before.

    Parameters
    ----------
    inputs : Inputs
        The period.
    at : pandas.Timestamp
        A moment of the day, UTC.
    gateway : Gateway, optional
        The way to a language model, for scenarios that negotiate by one.

    Returns
    -------
    pyarrow.Table
        Rows of `NEGOTIATION_MESSAGES`.

    Raises
    ------
    InputError
        Where the moment is outside the period, or no reserves are negotiated for its day.
    """
    _require_inside(inputs, at)
    midnight = at.tz_convert(inputs.period.timezone).normalize()
    rows = _negotiated_until(inputs, gateway, "day_ahead", midnight) if inputs.sells_reserves else None
    if rows is None:
        raise InputError(
            f"no reserves are negotiated for {midnight:%Y-%m-%d}: the scenario sells none, or none has a price that day"
        )
    return rows


def _require_inside(inputs: Inputs, at: pd.Timestamp) -> None:
    starts = inputs.windows.starts
    if at < starts[0] or at >= inputs.period.timestamps[-1] + INTERVAL:
        first, last = (f"{t.tz_convert(inputs.period.timezone):%Y-%m-%d}" for t in (starts[0], starts[-1]))
        raise InputError(
            f"{at.tz_convert(inputs.period.timezone):%Y-%m-%d %H:%M} is outside the period, {first} to {last}"
        )


def _negotiated_until(inputs: Inputs, gateway: Gateway | None, gate: str, start: pd.Timestamp) -> pa.Table | None:
    """What was said in one negotiation, by a run up to it; None where there was none.

    By rules the run goes on to the end of the day, so that what followed is known; a language model, which would have
    to be asked for all windows until then, is not asked any more.
    """
    from vpp_core.negotiation.ledger import Ledger
    from vpp_core.strategies.negotiated import Negotiated

    kept: list[pa.Table] = []
    strategy = Negotiated()
    ledger = Ledger(inputs.longer or inputs, strategy.key, kept.append)
    strategy.gateway, strategy.heard = gateway, ledger.hear
    period = PeriodRun(inputs, strategy)
    inputs = period.inputs
    days = inputs.period.day_of_interval
    day = int(days[inputs.period.timestamps.searchsorted(start)])
    rows = None
    for t in range(int(np.flatnonzero(days == day)[-1]) + 1):
        period.before(t)
        if inputs.scenario.negotiation.decider == "llm" and ledger.has_heard(gate, start):
            rows = ledger.without_what_followed(gate, start, period.bids)
            break
        period.dispatch(t)
    if ledger.usage.fallbacks and inputs.scenario.negotiation.decider == "llm":
        _require_answers(inputs.scenario, ledger.usage, gateway)
    if rows is not None or not ledger.has_heard(gate, start):
        return rows
    ledger.close(day, period.bids, period.trajectory)
    of_day = pa.concat_tables(kept) if kept else NEGOTIATION_MESSAGES.schema.empty_table()
    return of_day.filter((pc.field("gate") == gate) & (pc.field("window_start") == start))
