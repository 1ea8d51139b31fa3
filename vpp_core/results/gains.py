"""What households got: the median home's gain and the share of homes that gain, with intervals over days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.results.run import Run, once_a_run
from vpp_core.results.statistics import Floats, Interval, draws_of_days, interval_of
from vpp_core.tables.outcome import A_CENT

RESAMPLES = 1_000
"""Each draw of days needs the gains of all homes anew; the ends of an interval move by a few percent of its width."""

_HELD = 1_000_000
"""Gains (draws times homes) that are held at once, 8 MB: a median for each draw by itself is mostly calls."""


@dataclass(frozen=True)
class Gains:
    """Households' gains over the period under a strategy."""

    median_usd: Interval
    gaining: Interval
    """share of the homes that have a cent or more than without a VPP, 0–1"""
    losing: int
    """homes a cent or more worse off"""
    worst_usd: float
    homes: int


@once_a_run
def gains(run: Run, strategy: str) -> Gains | None:
    """None where the strategy was not run, or pays nobody."""
    rows = run.flat.months[run.flat.months["strategy"] == strategy]
    if rows.empty or rows["household_gain_usd"].isna().any():
        return None
    by_day: Floats = np.ascontiguousarray(np.stack(rows["gain_by_day_usd"].to_list()).T)
    months = by_day.sum(axis=0)
    redrawn = _redrawn(by_day)
    return Gains(
        interval_of(float(np.median(months)), None if redrawn is None else redrawn[:, 0]),
        interval_of(float((months >= A_CENT).mean()), None if redrawn is None else redrawn[:, 1]),
        int((months <= -A_CENT).sum()),
        float(months.min()),
        len(months),
    )


def _redrawn(by_day: Floats) -> Floats | None:
    """Median and share that gains where whole days are redrawn, shape (resamples, 2); None with one day."""
    if len(by_day) < 2:
        return None
    made = np.empty((RESAMPLES, 2))
    draws = draws_of_days(len(by_day), RESAMPLES)
    at_once = max(_HELD // by_day.shape[1], 1)
    for first in range(0, RESAMPLES, at_once):
        now = slice(first, first + at_once)
        months = np.stack([np.einsum("d,dh->h", counts, by_day) for counts in draws[now]])
        made[now] = np.column_stack([np.median(months, axis=1), (months >= A_CENT).mean(axis=1)])
    return made
