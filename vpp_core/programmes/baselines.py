"""What homes would have done without an event, by the methods that programmes use.

Power is an injection: export, or output of a battery, positive; a load is its negative.

- *10 in 10*: the mean of the last ten days of the same kind (weekday, or weekend and holiday) without an event.
- *5 in 10*: of these, the mean of the five with the highest load over the event's hours.
- *adjusted*: scaled by what the day itself showed in the three hours that end one hour before the event, by at most
  40 % (5 in 10) or 20 % (10 in 10); a mean load there of next to nothing is not scaled.
- *control group*: the mean of other homes with the same devices that were left alone.

So the California ISO's tariff has them (section 4.13.4; there weekends look at four days). A period has no days before
it: its own earlier days count as far as there are any, of the other kind where there is none of the same; where there
is none at all, the first days after it stand in for those before the period (assumption).
"""

from __future__ import annotations

import numpy as np

from vpp_core.calendar import Period, utility_holidays
from vpp_core.fleet.fleet import Bools, Floats, Ints

METHODS = ("5_in_10", "5_in_10_adjusted", "10_in_10", "10_in_10_adjusted", "control_group")
"""Those that are judged against what would truly have been."""
LOOKED_AT_DAYS = 10
HIGHEST_DAYS = 5
MAX_ADJUSTED = {"5_in_10_adjusted": 0.4, "10_in_10_adjusted": 0.2}
ADJUSTED_BY_SLOTS = (16, 4)
"""Quarter hours before the event between which the day itself is looked at."""
SMALLEST_LOAD_KW = 0.01
SLOTS = 96


def own_baseline_kw(method: str, injection_kw: Floats, called: Bools, period: Period) -> Floats:
    """A method that looks at a home's own days.

    Parameters
    ----------
    method
        One of `METHODS` but the control group.
    injection_kw
        What was measured, shape (T, N).
    called
        Whether an event is on, shape (T,).

    Returns
    -------
    Expected injection [kW] where an event is on, shape (T, N); NaN elsewhere and where every day has an event.
    """
    expected = np.full_like(injection_kw, np.nan)
    at = interval_of_slot(period)
    kind = kind_of_day(period)
    has_event = np.bincount(period.day_of_interval, called, len(period.days)) > 0
    for day in np.flatnonzero(has_event):
        now = np.flatnonzero(called & (period.day_of_interval == day))
        slots = period.slot_of_interval[now]
        before = slots[0] - np.arange(ADJUSTED_BY_SLOTS[0], ADJUSTED_BY_SLOTS[1], -1)
        before = before[before >= 0]
        looked_at = days_looked_at(int(day), kind, has_event | (at[:, slots] < 0).any(axis=1))
        if not len(looked_at):
            continue
        days = injection_kw[at[looked_at][:, slots]]
        chosen = np.arange(len(looked_at))[:, None] * np.ones((1, injection_kw.shape[1]), dtype=np.intp)
        if method.startswith("5_in_10"):
            # the highest load is the lowest injection; equal ones by their order
            chosen = np.argsort(days.sum(axis=1), axis=0, kind="stable")[:HIGHEST_DAYS]
        baseline = np.take_along_axis(days, chosen[:, None, :], axis=0).mean(axis=0)
        if method in MAX_ADJUSTED and len(before) and (at[looked_at][:, before] >= 0).all():
            then = np.take_along_axis(injection_kw[at[looked_at][:, before]], chosen[:, None, :], axis=0)
            baseline = baseline * _ratio(
                -injection_kw[at[day, before]].mean(axis=0), -then.mean(axis=(0, 1)), MAX_ADJUSTED[method]
            )
        expected[now] = baseline
    return expected


def control_baseline_kw(alone_kw: Floats, alike: Ints, in_group: Bools) -> Floats:
    """The mean injection of other homes of the group that are alike, of all others in it where none is; (T, N).

    `alone_kw` (T, N) is what homes do when left alone, `alike` (N,) numbers their kind, `in_group` (N,) who is watched.
    NaN where the group has nobody else.
    """
    kinds = np.eye(int(alike.max(initial=0)) + 1)[alike]
    watched = alone_kw * in_group
    own = watched
    with np.errstate(invalid="ignore", divide="ignore"):
        of_kind = ((watched @ kinds)[:, alike] - own) / ((in_group @ kinds)[alike] - in_group)
        of_all = (watched.sum(axis=1, keepdims=True) - own) / (in_group.sum() - in_group)
    baseline: Floats = np.where(np.isfinite(of_kind), of_kind, np.where(np.isfinite(of_all), of_all, np.nan))
    return baseline


def days_looked_at(day: int, kind: Ints, left_out: Bools) -> Ints:
    """The last ten days before a day that are not left out, of its kind, else of any; else the first ten after it."""
    usable = np.flatnonzero(~left_out)
    for there, part in ((usable[usable < day], slice(-LOOKED_AT_DAYS, None)), (usable, slice(LOOKED_AT_DAYS))):
        same = there[kind[there] == kind[day]]
        if len(there):
            return (same if len(same) else there)[part]
    return usable


def _ratio(load_kw: Floats, expected_kw: Floats, most: float) -> Floats:
    """By what a day's load differs from what was expected of it before the event; 1 where little was expected."""
    usual = expected_kw > SMALLEST_LOAD_KW
    ratio = np.divide(load_kw, expected_kw, out=np.ones_like(load_kw), where=usual)
    return np.clip(ratio, 1 - most, 1 + most)


def interval_of_slot(period: Period) -> Ints:
    """Interval of each day and quarter hour, (D, 96); −1 where the clock skips it, the later of a repeated one."""
    at = np.full((len(period.days), SLOTS), -1, dtype=np.intp)
    at[period.day_of_interval, period.slot_of_interval] = np.arange(len(period))
    return at


def kind_of_day(period: Period) -> Ints:
    """1 for weekend and holiday, else 0, (D,)."""
    first = np.searchsorted(period.day_of_interval, np.arange(len(period.days)))
    days = period.local[first].tz_localize(None).normalize()
    year = period.month.year
    free = (np.asarray(days.dayofweek) >= 5) | days.isin(utility_holidays(year, year))
    return np.asarray(free, dtype=np.intp)
