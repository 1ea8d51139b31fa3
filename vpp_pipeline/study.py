"""Studies: the same month under many scenarios that differ in one thing, run by the batch runner, kept as one table.

A member is a month of a scenario like any other, so what was run before is reused and a killed study continues where
it was. Only its key figures are made; the scenario that a study starts from is reported, and its report then shows
the study. One file per study and month: `tables/study/<study>/<month>.parquet`, whole or absent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vpp_core.errors import InputError
from vpp_core.scenario import Scenario
from vpp_core.scenario.deciders import decider_sweep, mark_of
from vpp_core.scenario.variation import SWEEPS, variation
from vpp_core.tables import STUDY
from vpp_pipeline.batch import Task
from vpp_pipeline.io.parquet import contract_of
from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.table_file import TableFile, encode

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Member:
    """One scenario of a study, and what it has of the thing that is varied."""

    varied: str
    value: float
    scenario: Scenario


@dataclass(frozen=True)
class Study:
    """Members that differ from `base` in one thing, over the same months."""

    name: str
    base: Scenario
    members: tuple[Member, ...]
    months: tuple[str, ...]

    def scenarios(self) -> Iterator[Scenario]:
        """All that must be known before the first run."""
        yield self.base
        for member in self.members:
            yield member.scenario

    def tasks(self) -> Iterator[Task]:
        """A run per member and month, without reports."""
        for month in self.months:
            for member in self.members:
                yield Task(month, member.scenario.name, report=False)

    def reports(self) -> Iterator[Task]:
        """The runs whose reports show this study."""
        for month in self.months:
            yield Task(month, self.base.name)


def study_of(base: Scenario, months: Sequence[str], seeds: int, sweep: str | None) -> Study:
    """A study over `seeds` fleet seeds, from the base's own upwards, or over a sweep with as many seeds per value."""
    drawn = [variation(base, {"seed": (f"s{seed}", seed)}) for seed in range(base.seed, base.seed + seeds)]
    if sweep is None:
        members = [Member("seed", float(scenario.seed), scenario) for scenario in drawn]
        return Study(f"{base.name}-{seeds}seeds", base, tuple(members), tuple(months))
    members = [
        Member(part.varied, value, scenario)
        for part in SWEEPS[sweep]
        for one in drawn
        for value, scenario in part.scenarios(one)
    ]
    name = f"{base.name}-{sweep}" + (f"-{seeds}seeds" if seeds > 1 else "")
    return Study(name, base, tuple(members), tuple(months))


def decider_study(
    base: Scenario, months: Sequence[str], seeds: int, deciders: Sequence[str], depth: str | None = None
) -> Study:
    """A study of several deciders on the same months and homes; the first one's scenario is reported.

    `base` is what they share, `depth` what language models are asked. The same decider under two names is refused.
    """
    sweep = decider_sweep(deciders, depth)
    members, known = [], dict[str, str]()
    for seed in range(base.seed, base.seed + seeds):
        drawn = variation(base, {"seed": (f"s{seed}", seed)})
        for value, scenario in sweep.scenarios(drawn):
            decider = deciders[int(value)]
            if known.setdefault(scenario.name, decider) != decider:
                raise InputError(f"deciders {known[scenario.name]} and {decider} are the same here; leave one out")
            members.append(Member(sweep.varied, value, scenario))
    name = "-".join([base.name, "deciders", *map(mark_of, deciders), *([depth] if depth else [])])
    name += f"-{seeds}seeds" if seeds > 1 else ""
    return Study(name, members[0].scenario, tuple(members), tuple(months))


def gather(lake: Lake, study: Study, done: Iterable[Task]) -> pd.DataFrame:
    """Rows of `STUDY` from the results of those members that are `done`, put into the lake by month."""
    import pandas as pd

    from vpp_core.calendar import Month
    from vpp_core.results.kpis import kpi_daily
    from vpp_core.results.study import study_rows

    finished = {(task.month, task.scenario) for task in done}
    tables = []
    for month in study.months:
        rows, parts = [], []
        for member in study.members:
            scenario = member.scenario
            if (month, scenario.name) in finished:
                monthly, outcomes, prices, judged = (
                    lake.read(table, month, scenario.name, contract_of(table))
                    for table in ("kpi_monthly", "window_results", "market_prices", "negotiator_scores")
                )
                simulated = scenario.period(month).rows_of(prices.table.to_pandas())
                daily = kpi_daily(outcomes.table, scenario, Month.parse(month), simulated)
                figures, scores = monthly.table.to_pandas(), judged.table.to_pandas()
                rows.append(study_rows(figures, daily, scores, scenario, study.name, member.varied, member.value))
                parts += [monthly.digest, outcomes.digest, judged.digest]
        if rows:
            table = pd.concat(rows, ignore_index=True)
            recipe = hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]
            lake.write(STUDY.name, month, study.name, encode(STUDY.arrow(table), STUDY, recipe))
            tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else STUDY.schema.empty_table().to_pandas()


def studies_with(lake: Lake, month: str, scenario: str) -> dict[str, list[TableFile]]:
    """Studies that have this month of this scenario as a member, by name: the files of all their months."""
    import pyarrow.compute as pc

    found: dict[str, dict[str, TableFile]] = {}
    for stored, name in lake.partitions(STUDY.name):
        found.setdefault(name, {})[stored] = lake.read(STUDY.name, stored, name)
    return {
        name: list(files.values())
        for name, files in found.items()
        if month in files and pc.any(pc.equal(files[month].table.column("scenario"), scenario)).as_py()
    }
