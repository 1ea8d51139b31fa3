"""The distance from perfect foresight to the negotiated result, split into steps, each with its interval.

Both paths (`rungs.SPLIT`) run between the same ends and end with the same step; they differ in which rungs stand
between: preferences first, over the bound within preferences and exact forecasts; or last, over `centralized`, which
ignores them. That the price of preferences differs between the paths is no fault: it costs something else to obey
preferences when one knows all prices than when one does not.

A step is told as a finding only where no single day makes it: where one of three or more days brings more than half of
a difference, that day is named instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from vpp_core.results.rungs import BOUND, COMPARISON, COMPARISONS, NEGOTIATED, SPLIT, TOTAL
from vpp_core.results.statistics import Floats, Interval, autocorrelation, dominates, largest_share, sum_interval
from vpp_core.tables import GAP_SPLIT

__all__ = ["TOTAL", "gap_split", "step_interval", "step_row"]

_COMPARED = ("surplus_usd", "vpp_profit_usd", "household_gain_usd", "satisfaction_mean")
"""What comparisons compare. Satisfaction is a mean over days, the money a sum."""


def gap_split(daily: pd.DataFrame) -> pd.DataFrame:
    """Differences between strategies, a row per path, step and measure, columns of `GAP_SPLIT`.

    `daily` is `KPI_DAILY` of one month and scenario. Each difference is a sum of daily differences of the same days
    (a mean, for satisfaction) with a paired day-block bootstrap 95 % interval. The interval covers the day-to-day
    variation within this month only: not other months, not the draw of the fleet, not errors of the model. A step
    whose strategies were not both run is left out; where a measure does not apply to one of them, so is the row.
    A price of preferences is never negative over a whole month, but may be so on single days: a bound owes its
    optimality to the period, not to the day.
    """
    rows = []
    paths = {path: (*steps, (TOTAL, BOUND, NEGOTIATED)) for path, steps in SPLIT.items()}
    of_day = daily.set_index(["local_day", "strategy"])
    by_day = {measure: of_day[measure].unstack() for measure in _COMPARED}  # noqa: PD010
    total = _paired(by_day["surplus_usd"], BOUND, NEGOTIATED)
    for path, steps in (paths | {COMPARISON: COMPARISONS}).items():
        for step, upper, lower in steps:
            for measure in _COMPARED if path == COMPARISON else ("surplus_usd",):
                paired = _paired(by_day[measure], upper, lower)
                if paired is None:
                    continue
                row = _row(paired, measure)
                of_total = path != COMPARISON and total is not None and total.sum() > 0
                share = 100 * row["difference"] / total.sum() if of_total and total is not None else None
                rows.append(
                    {
                        "month": daily["month"].iloc[0],
                        "scenario": daily["scenario"].iloc[0],
                        "path": path,
                        "step": step,
                        "measure": measure,
                        "upper_strategy": upper,
                        "lower_strategy": lower,
                        "share_of_total_percent": share,
                        **row,
                    }
                )
    names = [column.name for column in GAP_SPLIT.columns]
    return GAP_SPLIT.arrow(pd.DataFrame(rows, columns=names)).to_pandas()


def step_row(
    split: pd.DataFrame, step: str, measure: str = "surplus_usd", path: str | None = None
) -> dict[str, Any] | None:
    """A row of `split`; None where it was not measured."""
    found = split[(split["step"] == step) & (split["measure"] == measure)]
    if path is not None:
        found = found[found["path"] == path]
    return None if found.empty else {str(name): value for name, value in found.iloc[0].items()}


def step_interval(
    split: pd.DataFrame, step: str, measure: str = "surplus_usd", path: str | None = None
) -> Interval | None:
    """A difference of `split` with its interval; None where it was not measured."""
    row = step_row(split, step, measure, path)
    if row is None:
        return None
    if pd.isna(row["low"]):
        return Interval(float(row["difference"]), None, None)
    return Interval(float(row["difference"]), float(row["low"]), float(row["high"]))


def _paired(by_day: pd.DataFrame, upper: str, lower: str) -> pd.Series | None:
    """Daily differences upper − lower over the days that both have; None where there are none.

    `by_day` has a row per day, a column per strategy.
    """
    if upper not in by_day or lower not in by_day:
        return None
    differences = (by_day[upper] - by_day[lower]).dropna()
    return differences if len(differences) else None


def _row(paired: pd.Series, measure: str) -> dict[str, Any]:
    values = paired.to_numpy(dtype=float)
    weight = 1.0 if measure.endswith("_usd") else 1 / len(values)
    interval = sum_interval(values * weight)
    share = largest_share(values)
    sums_up = measure.endswith("_usd")  # a mean is no day's making
    return {
        "difference": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "days": len(values),
        "days_positive": int((values > 0).sum()),
        "largest_day": None if share is None else str(paired.index[_largest(values)]),
        "largest_day_percent": None if share is None else 100 * share,
        "one_day_dominates": sums_up and dominates(values),
        "day_autocorrelation": autocorrelation(values),
    }


def _largest(values: Floats) -> int:
    """Position of the day that makes most of a difference: the largest of its sign."""
    return int(np.argmax(np.sign(values.sum()) * values))
