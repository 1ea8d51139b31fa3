"""Times as people's files write them → starts of intervals in UTC.

The local time unless an offset is given. The hour that a clock change repeats is told apart by its order in the file;
the one that it skips does not exist, and what a file says of it is left out and told.
"""

from __future__ import annotations

import calendar
import re

import numpy as np
import numpy.typing as npt
import pandas as pd

Bools = npt.NDArray[np.bool_]

_TAIL = (
    r"(?:[T ,]+(?P<H>\d{1,2})(?::(?P<M>\d{2}))?(?::(?P<S>\d{2})(?:[.,]\d+)?)?\s*(?:(?P<half>[AaPp])\.?\s?[Mm]\.?)?)?"
    r"\s*(?P<offset>Z|z|UTC|GMT|P[SD]T|[+-]\d{2}:?\d{2})?$"
)
_YEAR_FIRST = re.compile(r"^(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})" + _TAIL)
_COMPACT = re.compile(r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})" + _TAIL)
_YEAR_LAST = re.compile(r"^(?P<a>\d{1,2})(?P<mark>[-/.])(?P<b>\d{1,2})[-/.](?P<y>\d{4}|\d{2})" + _TAIL)
_NAMED = re.compile(r"^(?P<a>[A-Za-z]{3,9}|\d{1,2})[-. ]+(?P<b>[A-Za-z]{3,9}|\d{1,2})[-,. ]+(?P<y>\d{4})" + _TAIL)
_MONTHS = {month[:3].lower(): number for number, month in enumerate(calendar.month_name) if month}
_PERIOD = re.compile(r"^(.+?\d.*?)\s+(?:to|until|-|–|—)\s+.*\d.*$")
_UNTIL = frozenset(("to", "until", "-", "–", "—"))
"""The words between a period's start and end."""
_EPOCH = re.compile(r"^\d{10}(?:\.\d+)?$|^\d{13}$|^\d{16}$|^\d{19}$")
_MIDNIGHT = re.compile(r"[T ]+(?:0?0:00(?::00)?|12:00(?::00)? ?AM)$", re.IGNORECASE)
_OFFSETS = {"Z": "+0000", "UTC": "+0000", "GMT": "+0000", "PST": "-0800", "PDT": "-0700"}


class TimeFaultError(ValueError):
    """Why a file's times cannot be told, in a clause."""


def joined(date: pd.Series, clock: pd.Series) -> pd.Series:
    """A column of dates and one of times of day as one text; a date's own midnight is left out."""
    whole = clock.str.contains(r"\d[-/.]\d", regex=True)
    text = date.map({cell: _MIDNIGHT.sub("", cell) for cell in date.unique()}) + " " + clock
    return text.where(~whole, clock)


def read_times(text: pd.Series) -> tuple[pd.DatetimeIndex, Bools]:
    """Each text as a moment, and whether it said its offset: such are UTC, others as the clock showed them.

    What is no time is NaT. Texts without any agreement on day and month are a `TimeFaultError`.
    """
    plain = text.map(_start)
    epoch = plain.map(lambda cell: bool(_EPOCH.match(cell)))
    if epoch.any():
        return _from_epoch(plain.where(epoch, "")), np.ones(len(plain), dtype=bool)
    if (plain[plain != ""].str.fullmatch(r"[34]\d{4}(\.\d+)?")).any():
        raise TimeFaultError("gives times as day numbers of a spreadsheet; format that column as date and time")
    parts = _parts(plain)
    hour = parts["H"].fillna(0)
    half = parts["half"]
    impossible = half.notna() & ((hour < 1) | (hour > 12)) | (hour > 24)
    hour = hour.where(half.isna(), hour % 12 + 12 * (half == "p"))
    day = pd.to_datetime(parts[["year", "month", "day"]], errors="coerce")
    seconds = hour * 3600 + parts["M"].fillna(0) * 60 + parts["S"].fillna(0)
    impossible |= (parts["M"].fillna(0) > 59) | (parts["S"].fillna(0) > 59) | (seconds > 86_400)
    moment = (day + pd.to_timedelta(seconds, unit="s")).mask(impossible)
    has_offset = parts["offset"].notna()
    offsets = {offset: _offset_minutes(offset) for offset in parts["offset"].dropna().unique()}
    shift = parts["offset"].map(offsets).astype(float).fillna(0)
    moment -= pd.to_timedelta(shift, unit="m")
    return pd.DatetimeIndex(moment), has_offset.to_numpy()


def _start(cell: str) -> str:
    """The start time in a cell, which may hold a period such as `10:00 to 10:15`."""
    return (cell if _UNTIL.isdisjoint(cell.split()) else _PERIOD.sub(r"\1", cell)).strip()


def _from_epoch(text: pd.Series) -> pd.DatetimeIndex:
    digits = text.str.extract(r"^(\d+)")[0].fillna("")
    scale = digits.str.len().map({10: 1.0, 13: 1e-3, 16: 1e-6, 19: 1e-9})
    return pd.DatetimeIndex(pd.to_datetime(pd.to_numeric(digits, errors="coerce") * scale, unit="s", errors="coerce"))


def _offset_minutes(offset: str) -> int:
    plain = _OFFSETS.get(offset.upper(), offset).replace(":", "")
    return (1 if plain[0] == "+" else -1) * (int(plain[1:3]) * 60 + int(plain[3:5]))


def _parts(text: pd.Series) -> pd.DataFrame:
    """Year, month, day and the rest of each text as numbers, missing where it is no time."""
    found = text.map(_match)
    year_last = found.map(lambda match: match is not None and match.re is _YEAR_LAST)
    day_first = _day_first([match for match in found[year_last]]) if year_last.any() else False
    rows = [_numbers(match, day_first) for match in found]
    numbers = np.array([row[:6] for row in rows], dtype=float).reshape(-1, 6)
    table = pd.DataFrame(numbers, columns=["year", "month", "day", "H", "M", "S"], index=text.index)
    for place, name in ((6, "half"), (7, "offset")):
        table[name] = np.array([row[place] for row in rows], dtype=object)
    return table


def _match(text: str) -> re.Match[str] | None:
    for form in (_YEAR_FIRST, _YEAR_LAST, _COMPACT, _NAMED):
        match = form.match(text)
        if match:
            return match
    return None


def _numbers(match: re.Match[str] | None, day_first: bool) -> tuple[object, ...]:
    nothing = (None,) * 8
    if match is None:
        return nothing
    part = match.groupdict()
    year = int(part["y"]) + (2000 if len(part["y"]) == 2 else 0)
    if "m" in part:
        month, day = int(part["m"]), int(part["d"])
    elif match.re is _YEAR_LAST:
        first, second = int(part["a"]), int(part["b"])
        month, day = (second, first) if day_first else (first, second)
    else:
        word, number = (part["a"], part["b"]) if part["a"].isalpha() else (part["b"], part["a"])
        if not number.isdigit() or word[:3].lower() not in _MONTHS:
            return nothing
        month, day = _MONTHS[word[:3].lower()], int(number)
    half = part["half"].lower() if part["half"] else None
    clock = (None if part[name] is None else int(part[name]) for name in "HMS")
    return (year, month, day, *clock, half, part["offset"])


def _day_first(matches: list[re.Match[str]]) -> bool:
    """Whether 01/08/2023 is the first of August: by a number above 12, by dots, else by what lies closer together.

    Where both read equally well (a single day), the month stands first, as it does in the United States.
    """
    pairs = {(int(m["a"]), int(m["b"]), int(m["y"])) for m in matches}
    first, second = max(a for a, _, _ in pairs), max(b for _, b, _ in pairs)
    if first > 12 and second > 12:
        raise TimeFaultError("writes the day first in some dates and the month first in others; write 2023-08-01")
    if first > 12 or second > 12:
        return first > 12
    if all(m["mark"] == "." for m in matches):
        return True
    return _span(pairs, day_first=True) < _span(pairs, day_first=False)


def _span(pairs: set[tuple[int, int, int]], *, day_first: bool) -> int:
    days = [year * 372 + (b * 31 + a if day_first else a * 31 + b) for a, b, year in pairs]
    return max(days) - min(days)


def repeated(moment: pd.DatetimeIndex, timezone: str) -> Bools:
    """Which local times happen twice because the clock is put back."""
    plain = moment.tz_localize(timezone, ambiguous="NaT", nonexistent="shift_forward")
    return np.asarray(plain.isna()) & np.asarray(moment.notna())


def to_utc(moment: pd.DatetimeIndex, second_time: Bools, timezone: str) -> pd.DatetimeIndex:
    """Local clock times in UTC; `second_time`: after the clock was put back. One that the clock skips is NaT."""
    local = moment.tz_localize(timezone, ambiguous=~second_time, nonexistent="NaT")
    return local.tz_convert("UTC").as_unit("us")
