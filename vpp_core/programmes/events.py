"""When a programme has events in a period, from when on they are known, and what a kWh at them is worth.

An event that a day-ahead price, a draw or a test brings is known from 13:00 of the day before, when day-ahead prices
are published; on a period's first day, from its start. An emergency that came without notice is known as it begins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import INTERVAL_HOURS, Period
from vpp_core.fleet.draws import uniform
from vpp_core.fleet.fleet import Bools, Floats, Ints
from vpp_core.programmes.emergencies import EMERGENCIES
from vpp_core.scenario.programmes import Programme

USUAL_START_HOUR = 18
"""Of an event, where no day-ahead price says which hours are dearest; assumption."""
PUBLISHED_HOUR = 13
TEST_DAYS = 7
"""A month's last days, on whose first weekday it is tested."""


@dataclass(frozen=True)
class Events:
    """A programme's events in a period of T intervals."""

    programme: Programme
    called: Bools
    """whether an event is on, (T,)"""
    known_from: Ints
    """interval at whose start it is known, where one is on, (T,)"""
    usd_per_kwh: Floats
    """what a kWh more is paid, as it turned out, where an event is on, (T,); 0 where homes are paid for being there"""
    usd_per_kw: float
    """paid for a kW of mean power over all events, over the period"""
    usd_per_home: float
    """paid for a home that takes part, over the period"""

    @property
    def floored(self) -> bool:
        """Whether a home's event with less than nothing pays nothing."""
        return bool(self.programme.usd_per_kwh)

    def known_usd_per_kwh(self, now: int, count: int) -> Floats:
        """What a kWh more is worth in the coming `count` intervals, by the events known at the start of `now`.

        A capacity is the mean over a month's events, of which the coming ones are unknown: it is taken over those
        known so far.
        """
        worth = np.zeros(count)
        known = self.called & (self.known_from <= now)
        if not known.any():
            return worth
        coming = np.where(known, self.usd_per_kwh, 0.0)[now : now + count]
        if self.usd_per_kw:
            coming = known[now : now + count] * (self.usd_per_kw / (known.sum() * INTERVAL_HOURS))
        worth[: len(coming)] = coming
        return worth


def events_of(programme: Programme, period: Period, day_ahead_usd_per_mwh: Floats, data_seed: int) -> Events:
    """The events of a programme. `day_ahead_usd_per_mwh` (T,) may be NaN where it is not known."""
    intervals, month = len(period), period.month.month
    called, known_from = np.zeros(intervals, dtype=bool), np.zeros(intervals, dtype=np.int64)
    hour, day = np.asarray(period.local.hour), period.day_of_interval
    drawn = _drawn_days(programme, period, data_seed)
    test_day = _test_day(period)
    events = 0
    for position, name in enumerate(period.days if month in programme.months else []):
        if events >= programme.most_events_per_month:
            break
        inside = np.flatnonzero((day == position) & (hour >= programme.hours[0]) & (hour < programme.hours[1]))
        limit = programme.day_ahead_above_usd_per_mwh
        dear = limit is not None and bool((day_ahead_usd_per_mwh[inside] > limit).any())
        emergency = EMERGENCIES.get(name) if programme.emergencies else None
        expected = dear or name in drawn or (programme.test_event and not events and name == test_day)
        if not expected and emergency is None:
            continue
        events += 1
        start = _start_hour(programme, day_ahead_usd_per_mwh[inside], hour[inside])
        now = inside[(hour[inside] >= start) & (hour[inside] < start + programme.event_hours)]
        called[now] = True
        published = np.flatnonzero((day == position - 1) & (hour >= PUBLISHED_HOUR))
        known_from[now] = published[0] if len(published) else 0
        if emergency is not None and emergency.without_notice and not expected:
            known_from[now] = now[0]
    share = len(period.days) / pd.Period(str(period.month)).days_in_month
    per_kwh, per_kw = programme.rate("usd_per_kwh", month), programme.rate("usd_per_kw_month", month) * share
    if called.any() and per_kw:
        per_kwh = per_kw / (called.sum() * INTERVAL_HOURS)
    usd_per_kwh = np.where(called, per_kwh, 0.0)
    for array in (called, known_from, usd_per_kwh):
        array.flags.writeable = False
    per_home = programme.rate("usd_per_home_month", month) * share
    return Events(programme, called, known_from, usd_per_kwh, per_kw, per_home)


def _start_hour(programme: Programme, price: Floats, hour: npt.NDArray[np.integer]) -> int:
    """The first hour of the event: where its hours' day-ahead prices are highest together, the earliest of equals."""
    first, last = programme.hours[0], programme.hours[1] - programme.event_hours
    starts = np.arange(first, last + 1)
    totals = np.array([price[(hour >= start) & (hour < start + programme.event_hours)].mean() for start in starts])
    if np.isnan(totals).any():
        return int(np.clip(USUAL_START_HOUR, first, last))
    return int(starts[np.argmax(totals)])


def _drawn_days(programme: Programme, period: Period, data_seed: int) -> set[str]:
    """Local days on which events are drawn: of the whole month, so that a shortened one has the same."""
    days = pd.Period(str(period.month)).days_in_month
    order = np.argsort(uniform(data_seed, f"events of {programme.name}", np.arange(days)), kind="stable")
    return {f"{period.month}-{day + 1:02d}" for day in order[: programme.drawn_events_per_month]}


def _test_day(period: Period) -> str:
    """The first weekday of the month's last days."""
    end = period.month.end.tz_convert(period.timezone).tz_localize(None)
    days = pd.date_range(end - pd.Timedelta(days=TEST_DAYS), periods=TEST_DAYS)
    return str(days[days.dayofweek < 5][0].date())
