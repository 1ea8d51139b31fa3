"""The only clock: 15-minute intervals, market windows, trade days and months of a market.

A timestamp is the start of an interval, in UTC and timezone-aware. A month is a calendar month of a market's trade days
in its own time zone, so a month with a clock change has 2,972 or 2,884 intervals instead of a multiple of 96.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.errors import InputError
from vpp_core.iso import DEFAULT, Iso, iso_of

INTERVAL_MINUTES = 15
INTERVAL_HOURS = INTERVAL_MINUTES / 60
INTERVAL = pd.Timedelta(minutes=INTERVAL_MINUTES)


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month of a market's trade days, written `2023-08`; without a market, that of the default one."""

    year: int
    month: int
    market: str = DEFAULT.key

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read a month, as one of the default market.

        Parameters
        ----------
        text : str
            A month such as `2023-08`; blanks around it do not count.

        Returns
        -------
        Month
            That month of the default market.

        Raises
        ------
        InputError
            Where it is no month, or one before the market began.
        """
        match = re.fullmatch(r"(\d{4})-(\d{2})", text.strip())
        if not match or not 1 <= int(match[2]) <= 12:
            raise InputError(f"month {text!r} is not a month; write it as YYYY-MM, such as 2023-08")
        return cls(int(match[1]), int(match[2])).of(DEFAULT.key)

    def of(self, market: str) -> Month:
        """Give the same month of another market.

        Parameters
        ----------
        market : str
            Key of the market, one of `iso.ISOS`.

        Returns
        -------
        Month
            Year and month as they are, in that market's time zone.

        Raises
        ------
        InputError
            Where the month is before that market began.
        """
        first = iso_of(market).first_month
        if str(self) < first:
            raise InputError(
                f"month {self} is before {first}, when {iso_of(market).name}'s nodal market began; choose a later one"
            )
        return replace(self, market=market)

    @property
    def iso(self) -> Iso:
        """Its market."""
        return iso_of(self.market)

    @property
    def timezone(self) -> str:
        """The time zone of its days."""
        return self.iso.timezone

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    def next(self) -> Month:
        """Give the month after this one.

        Returns
        -------
        Month
            Of the same market.
        """
        return replace(self, year=self.year + self.month // 12, month=self.month % 12 + 1)

    @property
    def start(self) -> pd.Timestamp:
        """Local midnight of the first day, in UTC."""
        return pd.Timestamp(f"{self}-01", tz=self.timezone).tz_convert("UTC")

    @property
    def end(self) -> pd.Timestamp:
        """Local midnight after the last day, in UTC."""
        return self.next().start


@dataclass(frozen=True)
class Period:
    """The intervals of a result: a month, or only its first days.

    `first_days` shortens a month for tests and quick looks; what is computed inside is the same. `days_after` adds days
    beyond it, which no result has: what households plan by does not end with the month. `skipped_days` leaves out the
    first days of those: what is made of a period is made day by day where all of it at once would be too large.
    """

    month: Month
    first_days: int | None = None
    days_after: int = 0
    skipped_days: int = 0

    @classmethod
    def of(cls, month: str | Month, first_days: int | None = None) -> Period:
        """Make the period of a month, or of its first days.

        Parameters
        ----------
        month : str or Month
            A month such as `2023-08`, then of the default market, or one of any market.
        first_days : int, optional
            Only so many days from the first on; by default all.

        Returns
        -------
        Period
            The intervals of these days.
        """
        return cls(Month.parse(month) if isinstance(month, str) else month, first_days)

    @property
    def iso(self) -> Iso:
        """The market."""
        return self.month.iso

    @property
    def timezone(self) -> str:
        """The time zone of its days."""
        return self.month.timezone

    @cached_property
    def _intervals(self) -> _Intervals:
        return _shared_intervals(self, self.timezone)

    @property
    def timestamps(self) -> pd.DatetimeIndex:
        """Interval starts [UTC], shape (T,)."""
        return self._intervals.timestamps

    def __len__(self) -> int:
        return len(self.timestamps)

    @property
    def local(self) -> pd.DatetimeIndex:
        """Interval starts in local time, shape (T,)."""
        return self._intervals.local

    @property
    def days(self) -> list[str]:
        """The local days, `YYYY-MM-DD`, in order."""
        return list(self._intervals.days)

    @property
    def day_of_interval(self) -> npt.NDArray[np.intp]:
        """For each interval the position of its local day in `days`, shape (T,), read-only."""
        return self._intervals.day_of_interval

    @property
    def slot_of_interval(self) -> npt.NDArray[np.intp]:
        """Quarter hour of the local day, 0 … 95, shape (T,), read-only. A repeated hour repeats its slots."""
        return self._intervals.slot_of_interval

    def rows_of(self, table: pd.DataFrame, column: str = "timestamp") -> pd.DataFrame:
        """The rows of a table that lie in the period.

        Parameters
        ----------
        table : pandas.DataFrame
            With moments [UTC] that may lie beyond it, not before it.
        column : str, default "timestamp"
            Where they stand.

        Returns
        -------
        pandas.DataFrame
            The table itself where none is beyond.
        """
        inside = table[column] <= self.timestamps[-1]
        return table if inside.all() else table[inside].reset_index(drop=True)

    def one_day(self, day: int) -> Period:
        """One of its local days alone.

        Parameters
        ----------
        day : int
            Position of the day in `days`.

        Returns
        -------
        Period
            Of the intervals of that day.
        """
        return replace(self, first_days=self.skipped_days + day + 1, skipped_days=self.skipped_days + day, days_after=0)

    def intervals_of(self, day: int) -> slice:
        """Positions of the intervals of a local day.

        Parameters
        ----------
        day : int
            Position of the day in `days`.

        Returns
        -------
        slice
            Positions in `timestamps`.
        """
        first, after = np.searchsorted(self.day_of_interval, [day, day + 1])
        return slice(int(first), int(after))

    def windows(self, window_minutes: int = 60) -> Windows:
        """Give the market windows of this period.

        Parameters
        ----------
        window_minutes : int, default 60
            Length of a window [min], a multiple of 15.

        Returns
        -------
        Windows
            Consecutive windows from the period's start on.
        """
        return Windows(self, window_minutes // INTERVAL_MINUTES)


class _Intervals:
    """The intervals of a period. Periods that are equal share one, for pandas takes milliseconds to make it."""

    def __init__(self, period: Period, timezone: str) -> None:
        self._period, self._timezone = period, timezone

    @cached_property
    def timestamps(self) -> pd.DatetimeIndex:
        period = self._period
        start, end = period.month.start, period.month.end
        local_start = start.tz_convert(self._timezone)
        if period.first_days is not None:
            end = min(end, (local_start + pd.DateOffset(days=period.first_days)).tz_convert("UTC"))
        if period.skipped_days:
            start = (local_start + pd.DateOffset(days=period.skipped_days)).tz_convert("UTC")
        if period.days_after:
            local_end = end.tz_convert(self._timezone) + pd.DateOffset(days=period.days_after)
            end = local_end.tz_convert("UTC")
        index = pd.date_range(start, end, freq=INTERVAL, inclusive="left", name="timestamp")
        return index.as_unit("us")

    @cached_property
    def local(self) -> pd.DatetimeIndex:
        return self.timestamps.tz_convert(self._timezone)

    @cached_property
    def _midnights(self) -> pd.DatetimeIndex:
        """Of each interval the local midnight before it, shape (T,)."""
        return self.local.normalize()

    @cached_property
    def days(self) -> tuple[str, ...]:
        return tuple(self._midnights.unique().strftime("%Y-%m-%d"))

    @cached_property
    def day_of_interval(self) -> npt.NDArray[np.intp]:
        return _kept(pd.factorize(self._midnights)[0])

    @cached_property
    def slot_of_interval(self) -> npt.NDArray[np.intp]:
        return _kept(self.local.hour * 4 + self.local.minute // INTERVAL_MINUTES)


def _kept(values: npt.ArrayLike) -> npt.NDArray[np.intp]:
    """Positions that nobody can write to."""
    positions = np.array(values, dtype=np.intp)
    positions.flags.writeable = False
    return positions


@lru_cache(maxsize=128)
def _shared_intervals(period: Period, timezone: str) -> _Intervals:
    return _Intervals(period, timezone)


@dataclass(frozen=True)
class Windows:
    """Market windows: consecutive groups of `length` intervals of a period."""

    period: Period
    length: int

    def __len__(self) -> int:
        return len(self.period) // self.length

    def first_interval(self, window: int) -> int:
        """Position of a window's first interval.

        Parameters
        ----------
        window : int
            Position of the window.

        Returns
        -------
        int
            Position in the period's `timestamps`.
        """
        return window * self.length

    @cached_property
    def starts(self) -> pd.DatetimeIndex:
        """Window starts [UTC], shape (W,)."""
        return self.period.timestamps[:: self.length][: len(self)]

    def gate_interval(self, window: int, gate_closure_minutes: int) -> int:
        """Position of the interval that starts at a window's gate closure.

        Parameters
        ----------
        window : int
            Position of the window.
        gate_closure_minutes : int
            How long before the window its gate closes [min], a multiple of 15.

        Returns
        -------
        int
            Position in the period's `timestamps`; negative for the first windows, whose gates close before it starts.
        """
        return self.first_interval(window) - gate_closure_minutes // INTERVAL_MINUTES


def parse_local_time(text: str, iso: Iso = DEFAULT) -> pd.Timestamp:
    """Read a moment given by a person, as UTC.

    The hour that a clock change repeats is ambiguous and the one it skips does not exist; both are refused.

    Parameters
    ----------
    text : str
        A moment such as `2020-07-15T19:00`, in the market's local time unless an offset is given.
    iso : Iso, optional
        The market whose clock holds; by default the default market.

    Returns
    -------
    pandas.Timestamp
        The moment in UTC.

    Raises
    ------
    InputError
        Where it is not one moment.
    """
    try:
        moment = pd.Timestamp(text)
        if moment is pd.NaT:
            raise ValueError(text)
        if moment.tzinfo is None:
            moment = moment.tz_localize(iso.timezone, ambiguous="raise", nonexistent="raise")
    except Exception as error:
        raise InputError(
            f"time {text!r} is not a single moment in {iso.city}; write 2020-07-15T19:00, with an offset where the "
            "clock change makes it ambiguous (2023-11-05T01:30-07:00)"
        ) from error
    return moment.tz_convert("UTC")


def in_local_time(table: pd.DataFrame, iso: Iso) -> pd.DataFrame:
    """Give a table to be drawn its timestamps as the market's clock shows them.

    Parameters
    ----------
    table : pandas.DataFrame
        With a column `timestamp`, timezone-aware.
    iso : Iso
        The market whose clock holds.

    Returns
    -------
    pandas.DataFrame
        A copy with `timestamp` in local time.
    """
    return table.assign(timestamp=pd.DatetimeIndex(table["timestamp"]).tz_convert(iso.timezone))


def local_days(stamps: pd.Series, timezone: str) -> pd.Series:
    """Give the local day of each moment.

    Parameters
    ----------
    stamps : pandas.Series
        Moments [UTC].
    timezone : str
        Time zone of the days.

    Returns
    -------
    pandas.Series
        Days as text, `YYYY-MM-DD`, with the moments' index and name.
    """
    # Each day is formatted once: that takes longer than to find the day of a moment.
    position, days = pd.factorize(stamps.dt.tz_convert(timezone).dt.normalize())
    return pd.Series(days.strftime("%Y-%m-%d").to_numpy()[position], index=stamps.index, name=stamps.name)


def local_index(stamps: pd.Series | pd.Index) -> pd.DatetimeIndex:
    """Give timestamps in the time zone that they are in; those in UTC as the default market's clock shows them.

    Parameters
    ----------
    stamps : pandas.Series or pandas.Index
        Timezone-aware timestamps, shape (n,).

    Returns
    -------
    pandas.DatetimeIndex
        The same moments, shape (n,).
    """
    index = pd.DatetimeIndex(stamps)
    return index.tz_convert(DEFAULT.timezone) if str(index.tz) == "UTC" else index


@lru_cache(maxsize=8)
def utility_holidays(first_year: int, last_year: int) -> pd.DatetimeIndex:
    """Days that utilities bill as weekend: the eight of California's tariff sheets, a Sunday's on the Monday.

    Parameters
    ----------
    first_year, last_year : int
        Years, both included.

    Returns
    -------
    pandas.DatetimeIndex
        Midnights of these days, without a time zone.
    """
    from pandas.tseries import holiday as h

    eight = [
        h.Holiday("New Year's Day", month=1, day=1, observance=h.sunday_to_monday),
        h.USPresidentsDay,
        h.USMemorialDay,
        h.Holiday("Independence Day", month=7, day=4, observance=h.sunday_to_monday),
        h.USLaborDay,
        h.Holiday("Veterans Day", month=11, day=11, observance=h.sunday_to_monday),
        h.USThanksgivingDay,
        h.Holiday("Christmas Day", month=12, day=25, observance=h.sunday_to_monday),
    ]
    calendar = h.AbstractHolidayCalendar("utilities", rules=eight)
    days: pd.DatetimeIndex = calendar.holidays(f"{first_year}-01-01", f"{last_year}-12-31")
    return days
