"""A run, a backfill or a study that a person asks for: its words for `vpp`, how long it takes, what it made.

Knows no Streamlit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from vpp_core.errors import InputError
from vpp_core.scenario import Scenario
from vpp_core.scenario.variation import SWEEPS
from vpp_pipeline.cli import options as o
from vpp_pipeline.cli.size import Size
from vpp_pipeline.lake import Lake


@dataclass(frozen=True)
class Request:
    """What a form says; None: the scenario's own."""

    kind: str
    """run, backfill or study"""
    scenario: str
    months: tuple[str, ...]
    """one; the first and the last; those of a study"""
    homes: int | None = None
    first_days: int | None = None
    seed: int | None = None
    source: str | None = None
    seeds: int = 1
    """of a study"""
    sweep: str | None = None
    """what a study varies; None: the fleet's seed"""

    def arguments(self) -> list[str]:
        """As on the command line, whose own checks say what is wrong."""
        said = [self.kind]
        if self.kind == "run":
            said += ["--month", self.months[0]]
        elif self.kind == "backfill":
            said += ["--from", self.months[0], "--to", self.months[1]]
        else:
            said += ["--months", ",".join(self.months), "--seeds", str(self.seeds)]
            said += ["--sweep", self.sweep] if self.sweep else []
        said += ["--scenario", self.scenario]
        for option, value in (
            ("--homes", self.homes),
            ("--first-days", self.first_days),
            ("--seed", self.seed),
            ("--source", self.source),
        ):
            said += [option, str(value)] if value is not None else []
        return said

    def expected_seconds(self, lake: Lake) -> float | None:
        """What its runs take one after the other by their size, were nothing of them in the lake; None of one that
        `vpp` will refuse.
        """
        try:
            base = o.chosen_scenario(
                replace(lake, writable=False),
                self.scenario,
                homes=self.homes,
                seed=self.seed,
                first_days=self.first_days,
                source=self.source,
            )
            months = [o.finished_month(month) for month in self.months]
            if self.kind == "backfill":
                months = o.months_between(*months)
            runs = self.seeds * _values(self.sweep, base) if self.kind == "study" else 1
            return runs * sum(Size.of(base, month).seconds for month in months)
        except InputError:
            return None


def _values(sweep: str | None, base: Scenario) -> int:
    """How many scenarios a study makes of one fleet."""
    return sum(len(list(part.scenarios(base))) for part in SWEEPS[sweep]) if sweep else 1


_REPORT = re.compile(r"^report +\S.*[/\\]([^/\\]+)[/\\](\d{4}-\d{2})$", re.MULTILINE)


def reports_in(said: str) -> list[tuple[str, str]]:
    """Month and scenario of every report that a command said it made."""
    return [(month, scenario) for scenario, month in dict.fromkeys(_REPORT.findall(said))]
