"""Contingency events: when the system operator calls the reserves it holds.

A few a month, 15 or 30 minutes each, at any time, at most one per local day; drawn from the data seed and the month,
so they are the same for every strategy, fleet and length of a study. Nobody knows one before it happens.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from vpp_core.calendar import INTERVAL_HOURS, Month, Period
from vpp_core.scenario import MarketRules

LONGEST_INTERVALS = 2
"""The longest call, in intervals."""
LONGEST_HOURS = LONGEST_INTERVALS * INTERVAL_HOURS
_STREAM = 0xCA11
"""Keeps these draws apart from all others of the data seed."""


def called_intervals(period: Period, data_seed: int, rules: MarketRules) -> npt.NDArray[np.bool_]:
    """Whether reserves are called in each interval of the period, shape (T,).

    The number of events is Poisson with mean `rules.contingencies_per_month`. They are drawn for the whole month, so
    that its first days see the same events as the month.
    """
    return _of_month(period.month, data_seed, rules.contingencies_per_month)[: len(period)].copy()


@lru_cache(maxsize=128)
def _of_month(month: Month, data_seed: int, per_month: float) -> npt.NDArray[np.bool_]:
    """Called intervals of a whole month, booleans of shape (T,); kept, since a month's calendar is slow to make."""
    whole = Period(month)
    called = np.zeros(len(whole), dtype=bool)
    rng = np.random.Generator(np.random.Philox(key=[data_seed, (_STREAM << 32) | _number(month)]))
    days = len(whole.days)
    events = min(int(rng.poisson(per_month)), days)
    for day in np.sort(rng.choice(days, size=events, replace=False)):
        of_day = np.flatnonzero(whole.day_of_interval == day)
        length = int(rng.integers(1, LONGEST_INTERVALS + 1))
        first = int(rng.integers(0, len(of_day) - length + 1))
        called[of_day[first : first + length]] = True
    return called


def expected_called_hours(hours: float, rules: MarketRules) -> float:
    """How many hours of a window reserves are expected to be called, from the rate of events alone."""
    month_hours = 730.0
    mean_hours = (1 + LONGEST_INTERVALS) / 2 * INTERVAL_HOURS
    return rules.contingencies_per_month * mean_hours * hours / month_hours


def since_call(called: npt.NDArray[np.bool_], window_length: int) -> npt.NDArray[np.bool_]:
    """From a call to the end of its window, the call included, shape (T,): held reserve need not be deliverable."""
    by_window = called.reshape(-1, window_length)
    return np.logical_or.accumulate(by_window, axis=1).ravel()


def _number(month: Month) -> int:
    return month.year * 12 + month.month
