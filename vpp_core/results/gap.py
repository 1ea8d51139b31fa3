"""The distance from perfect foresight to the negotiated result, split into steps, each with its interval.

Both paths run between the same ends and end with the same step; they differ in which rung stands between:

- preferences first: perfect_foresight → perfect_foresight_aware → centralized_aware → negotiated,
- information first: perfect_foresight → centralized → centralized_aware → negotiated.

That the price of preferences (and of information) differs between the paths is no fault: it costs something else to
obey preferences when one knows all prices than when one does not.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from vpp_core.results.statistics import Interval, autocorrelation, sum_interval
from vpp_core.tables import GAP_SPLIT

TOTAL = "total"

_PATHS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "preferences_first": (
        ("price_of_preferences", "perfect_foresight", "perfect_foresight_aware"),
        ("value_of_information", "perfect_foresight_aware", "centralized_aware"),
        ("price_of_negotiating", "centralized_aware", "negotiated"),
        (TOTAL, "perfect_foresight", "negotiated"),
    ),
    "information_first": (
        ("value_of_information", "perfect_foresight", "centralized"),
        ("price_of_preferences", "centralized", "centralized_aware"),
        ("price_of_negotiating", "centralized_aware", "negotiated"),
        (TOTAL, "perfect_foresight", "negotiated"),
    ),
    "comparison": (
        ("negotiated_over_no_vpp", "negotiated", "no_vpp"),
        ("centralized_aware_over_no_vpp", "centralized_aware", "no_vpp"),
        ("centralized_over_no_vpp", "centralized", "no_vpp"),
        ("negotiated_over_centralized", "negotiated", "centralized"),
        ("negotiated_over_centralized_aware", "negotiated", "centralized_aware"),
    ),
}
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
    for path, steps in _PATHS.items():
        total = _paired(daily, "surplus_usd", steps[-1][1], steps[-1][2]) if path != "comparison" else None
        for step, upper, lower in steps:
            for measure in _COMPARED if path == "comparison" else ("surplus_usd",):
                paired = _paired(daily, measure, upper, lower)
                if paired is None:
                    continue
                row = _row(paired, measure)
                share = 100 * row["difference"] / total.sum() if total is not None and total.sum() > 0 else None
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


def step_interval(
    split: pd.DataFrame, step: str, measure: str = "surplus_usd", path: str | None = None
) -> Interval | None:
    """A difference of `split` with its interval; None where it was not measured."""
    found = split[(split["step"] == step) & (split["measure"] == measure)]
    if path is not None:
        found = found[found["path"] == path]
    if found.empty:
        return None
    row = found.iloc[0]
    if pd.isna(row["low"]):
        return Interval(float(row["difference"]), None, None)
    return Interval(float(row["difference"]), float(row["low"]), float(row["high"]))


def _paired(daily: pd.DataFrame, measure: str, upper: str, lower: str) -> pd.Series | None:
    """Daily differences upper − lower over the days that both have; None where there are none."""
    by_day = daily.set_index(["local_day", "strategy"])[measure].unstack()  # noqa: PD010
    if upper not in by_day or lower not in by_day:
        return None
    differences = (by_day[upper] - by_day[lower]).dropna()
    return differences if len(differences) else None


def _row(paired: pd.Series, measure: str) -> dict[str, Any]:
    values = paired.to_numpy(dtype=float)
    weight = 1.0 if measure.endswith("_usd") else 1 / len(values)
    interval = sum_interval(values * weight)
    return {
        "difference": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "days": len(values),
        "days_positive": int((values > 0).sum()),
        "day_autocorrelation": autocorrelation(values),
    }
