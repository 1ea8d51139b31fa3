"""Two runs side by side: a strategy's difference between them, and the parameters in which they differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vpp_core.results.statistics import Interval, dominates, sum_interval
from vpp_core.scenario import Scenario


@dataclass(frozen=True)
class Between:
    """A strategy's figure in one run less that in another, over the days that both have."""

    interval: Interval
    days: pd.Series
    """the daily differences, by local day"""
    one_day: str | None
    """the day that alone makes more than half of a sum"""


def between(one: pd.DataFrame, other: pd.DataFrame, strategy: str, measure: str) -> Between | None:
    """The paired difference of two months' `KPI_DAILY`; None where they share no day on which the figure applies.

    A sum of daily differences for money, energy and counts, a mean for satisfaction, with a day-block bootstrap
    interval. Runs of different months share no day: nothing pairs them, and no interval is given.
    """
    values = [frame[frame["strategy"] == strategy].set_index("local_day")[measure] for frame in (one, other)]
    days = (values[0] - values[1]).dropna().sort_index()
    if days.empty:
        return None
    sums_up = not measure.startswith("satisfaction")
    weight = 1.0 if sums_up else 1 / len(days)
    daily = days.to_numpy(dtype=float)
    largest = str(days.index[int(np.argmax(np.sign(daily.sum()) * daily))])
    return Between(sum_interval(daily * weight), days, largest if sums_up and dominates(daily) else None)


def parameters_apart(one: Scenario, other: Scenario) -> list[tuple[str, str, str]]:
    """Parameters in which two scenarios differ: dotted name, and the value in each, as JSON."""
    from vpp_core.results.database import parameters_of

    first, second = dict(parameters_of(one)), dict(parameters_of(other))
    names = [name for name in {**first, **second} if name != "description"]
    return [
        (name, first.get(name, "–"), second.get(name, "–")) for name in names if first.get(name) != second.get(name)
    ]
