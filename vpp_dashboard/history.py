"""Which runs there are, what failed, and how long they took: the run log beside the database. Knows no Streamlit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from vpp_core.calendar import Month
from vpp_dashboard.queries import kpis, shares
from vpp_dashboard.store import remembered
from vpp_pipeline.cli.execution import STAGES
from vpp_pipeline.lake import Lake

STATES = ("real prices", "part real", "synthetic prices", "failed", "unfinished", "missing")


@remembered
def _reported(lake: Lake) -> pd.DataFrame:
    real = shares(lake).pivot_table(index=["month", "scenario"], columns="series", values="real_percent").reset_index()
    found = kpis(lake)[["month", "scenario"]].drop_duplicates().merge(real, how="left")
    energy = found.get("real-time price", pd.Series(0.0, index=found.index)).fillna(0.0)
    state = np.select([energy >= 99.5, energy > 0.5], ["real prices", "part real"], "synthetic prices")
    return found.assign(state=state)


def runs(lake: Lake) -> pd.DataFrame:
    """Every month × scenario: month, scenario, state (`STATES`), reason (of a failure), and real share by series.

    Scenarios of which nothing was reported or failed (members of studies) are left out; months between the first and
    the last are all there.
    """
    reported = _reported(lake)
    failed = failures(lake)
    started = set(lake.partitions("market_prices")) - set(lake.partitions("kpi_monthly"))
    known = set(zip(reported["month"], reported["scenario"], strict=True))
    scenarios = sorted({scenario for _, scenario in known} | {scenario for _, scenario in failed})
    months = sorted({month for month, _ in known} | {month for month, _ in failed})
    others = [
        {"month": month, "scenario": scenario, **_unreported((month, scenario), failed, started)}
        for month in _between(months)
        for scenario in scenarios
        if (month, scenario) not in known
    ]
    every = pd.concat([reported, pd.DataFrame(others, columns=["month", "scenario", "state", "reason"])])
    return every.sort_values(["scenario", "month"], ignore_index=True)


def _unreported(
    run: tuple[str, str], failed: dict[tuple[str, str], str], started: set[tuple[str, str]]
) -> dict[str, str]:
    if run in failed:
        return {"state": "failed", "reason": failed[run]}
    return {"state": "unfinished" if run in started else "missing", "reason": ""}


def _between(months: list[str]) -> list[str]:
    """All months from the first to the last."""
    if not months:
        return []
    every, month = [], Month.parse(months[0])
    while str(month) <= months[-1]:
        every.append(str(month))
        month = month.next()
    return every


def failures(lake: Lake) -> dict[tuple[str, str], str]:
    """The reason of every run whose last word in the run log is that a stage failed."""
    last: dict[tuple[str, str], str] = {}
    for entry in _log(lake):
        run = (str(entry.get("month")), str(entry.get("scenario")))
        last.pop(run, None)
        if "failed" in entry:
            stage = str(entry.get("stage", "the run"))
            last[run] = f"{STAGES[stage][0] if stage in STAGES else stage}: {entry['failed']}"
    return last


def seconds_of_strategies(lake: Lake, month: str, scenario: str) -> float:
    """How long the strategies of a run took when they were last computed [s]; 0 where the run log does not know."""
    took: dict[str, float] = {}
    for entry in _log(lake):
        if (entry.get("month"), entry.get("scenario")) == (month, scenario) and not entry.get("reused", True):
            took |= {name: float(value) for name, value in entry.items() if _is_total(name)}
    return sum(took.values())


def _is_total(name: str) -> bool:
    return name.startswith("seconds_") and name.endswith("_total")


def _log(lake: Lake) -> Iterator[dict[str, Any]]:
    """Entries of the run log, oldest first; a line that is none is passed over."""
    for line in lake.log_lines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry
