"""All that a report is made from, in one record, with the few look-ups that every section needs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import pandas as pd
import pyarrow as pa

from vpp_core.calendar import Month
from vpp_core.fleet.fleet import Fleet
from vpp_core.results.fidelity import EventDelivery
from vpp_core.results.gap import step_interval, step_row
from vpp_core.results.statistics import Interval
from vpp_core.results.text import count
from vpp_core.scenario import Scenario
from vpp_core.settlement.outcome import OutcomeTables, outcome_tables

Parameters = ParamSpec("Parameters")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Run:
    """One month of one scenario: its results, its inputs, and how it came about.

    `provenance` is what reproduces the run (command, seeds, versions, hashes): plain values, nested at most once, and
    no times, since the report must be the same bytes each time. `study`: rows of `STUDY` to draw the frontier from.
    `event`: what the fleet would have delivered in an event that took place. `scores`:
    rows of `NEGOTIATOR_SCORES`.
    """

    kpis: pd.DataFrame
    daily: pd.DataFrame
    split: pd.DataFrame
    claims: pd.DataFrame
    outcomes: pa.Table
    scenario: Scenario
    month: Month
    market_prices: pd.DataFrame
    solar: pd.DataFrame
    load: pd.DataFrame
    forecast: pd.DataFrame
    fleet: Fleet
    provenance: Mapping[str, Any]
    study: pd.DataFrame | None = None
    event: EventDelivery | None = None
    scores: pd.DataFrame | None = None

    def __repr__(self) -> str:
        return (
            f"<Run of {self.scenario.name} {self.month}: {count(self.days, 'day')}, {count(self.homes, 'home')}, "
            f"{', '.join(self.kpis['strategy'])}>"
        )

    @cached_property
    def made(self) -> dict[Hashable, Any]:
        """Results of the functions marked `once_a_run`, by function and arguments."""
        return {}

    @cached_property
    def flat(self) -> OutcomeTables:
        return outcome_tables(self.outcomes)

    @cached_property
    def by_strategy(self) -> pd.DataFrame:
        """The monthly figures, indexed by strategy."""
        return self.kpis.set_index("strategy")

    @property
    def timezone(self) -> str:
        """The time zone of the market's days."""
        return self.scenario.operator.timezone

    @property
    def days(self) -> int:
        return int(self.daily["local_day"].nunique())

    @property
    def homes(self) -> int:
        """How many homes the fleet has, described ones included."""
        return len(self.fleet)

    def figure(self, strategy: str, name: str) -> float | None:
        """A monthly figure; None where the strategy was not run or the figure does not apply."""
        if strategy not in self.by_strategy.index:
            return None
        value: Any = self.by_strategy.loc[strategy, name]
        return None if pd.isna(value) else float(value)

    def difference(self, step: str, measure: str = "surplus_usd", path: str | None = None) -> Interval | None:
        """A difference of the gap split with its interval; None where it was not measured."""
        return step_interval(self.split, step, measure, path)

    def dominating_day(self, step: str, path: str | None = None) -> tuple[str, float] | None:
        """The day that alone makes more than half of a step's surplus, and its share [%]; None where none does."""
        row = step_row(self.split, step, path=path)
        if row is None or not row["one_day_dominates"]:
            return None
        return str(row["largest_day"]), float(row["largest_day_percent"])


def once_a_run(
    function: Callable[Concatenate[Run, Parameters], Made],
) -> Callable[Concatenate[Run, Parameters], Made]:
    """Make of a run once what several sections tell: it is remembered as long as the run, and nobody may change it."""
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def remembered(run: Run, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Made:
        key = (name, *args, *sorted(kwargs.items()))
        if key not in run.made:
            run.made[key] = function(run, *args, **kwargs)
        made: Made = run.made[key]
        return made

    return remembered
