"""One home's meter, as a utility, a spreadsheet or another program saved it: CSV or Parquet → mean load by interval.

Read are the CSV of SCE, PG&E and SDG&E as they come (lines about the customer above, a header per day, delivered and
received, 12-hour clock, newest first, totals below), and plain tables. Whatever a file says that would make its
numbers something else than a home's own use (gas, another unit, export, several homes) is obeyed or refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.errors import InputError
from vpp_core.iso import DEFAULT
from vpp_core.sources import meter_words as words
from vpp_core.sources.meter_numbers import read_numbers
from vpp_core.sources.meter_table import MeterTable, read_table
from vpp_core.sources.meter_times import TimeFaultError, joined, read_times, repeated, to_utc
from vpp_core.sources.meter_words import CLOCK, DATE, DURATION, EXPORT, HOME, KIND, NET, START, UNIT, USE, Unit

STEPS = (15, 30, 60)


class OtherCommodityError(InputError):
    """A meter of gas or water."""


@dataclass(frozen=True)
class Meter:
    """Use by start of interval [UTC]: in kWh of the interval where `energy`, else in kW; and what was left out."""

    value: pd.Series
    energy: bool
    notes: tuple[str, ...] = ()


def read_meter(content: bytes, where: str, timezone: str = DEFAULT.timezone) -> Meter:
    """The use that a file holds. What it cannot be is one `InputError` that names the file and the place."""
    return _meter(read_table(content, where), timezone)


def _meter(table: MeterTable, timezone: str) -> Meter:
    where, notes = table.where, list[str]()
    frame = pd.DataFrame({role: pd.Series(cells, dtype=object) for role, cells in table.cells.items()})
    frame["line"] = table.lines
    frame["moment"], frame["offset"] = _moments(table, frame)
    frame = _without_other_commodity(table, frame, notes)
    if not (set(table.headers) & {USE, NET}):
        raise InputError(f"{where} holds only what a home exports, not what it uses; give the delivered energy too")
    measured = USE if USE in table.headers else NET
    _refuse_export(table, frame)
    rows = frame[frame[measured] != ""] if EXPORT in table.headers else frame
    value, unit = _values(table, rows, measured)
    _refuse_other_duration(table, rows)
    series = _series(table, rows, value, notes, timezone)
    return Meter(series, unit.energy, tuple(notes))


def _moments(table: MeterTable, frame: pd.DataFrame) -> tuple[npt.NDArray[np.datetime64], npt.NDArray[np.bool_]]:
    """Start of each row, as the clock showed it or in UTC, and whether it is UTC."""
    if table.typed is not None:
        moment = pd.DatetimeIndex(table.typed)
        known = moment.tz is not None or words.says_utc(table.headers[START])
        plain = moment.tz_convert("UTC").tz_localize(None) if moment.tz is not None else moment
        return plain.as_unit("us").to_numpy(), np.full(len(moment), known)
    if START in table.headers:
        text, header = frame[START], table.headers[START]
    elif DATE in table.headers:
        text, header = joined(frame[DATE], frame[CLOCK]), table.headers[DATE]
    else:
        raise InputError(f"{table.where} has no column with the start of the interval, only its end; give the start")
    try:
        moment, known_offset = read_times(text)
    except TimeFaultError as fault:
        raise InputError(f"{table.where} {fault}") from None
    unread = moment.isna()
    if unread.all():
        shown = f" ({text.iloc[0][:40]!r} in line {frame['line'].iloc[0]})" if len(text) else ""
        raise InputError(f"{table.where} has no readable time column{shown}; write 2023-08-01 00:15, see docs/data.md")
    if unread.any():
        at = int(np.argmax(unread))
        raise InputError(
            f"{table.where} has no readable time in line {frame['line'].iloc[at]} ({text.iloc[at][:40]!r}); correct it"
        )
    if known_offset.any() and not known_offset.all():
        raise InputError(f"{table.where} gives offsets with some times and none with others; give all or none")
    return moment.as_unit("us").to_numpy(), known_offset | words.says_utc(header)


def _without_other_commodity(table: MeterTable, frame: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    for key in ("resource", "service", "service type", "type of readings", "commodity", "title"):
        if words.is_other_commodity(table.above.get(key, "")):
            raise OtherCommodityError(
                f"{table.where} is a meter of {table.above[key][:40]}, not of electricity; remove it"
            )
    kinds = {text: words.is_other_commodity(text) for text in frame[KIND].unique()}
    other = frame[KIND].map(kinds).astype(bool)
    if other.all() and len(frame):
        raise OtherCommodityError(f"{table.where} holds {frame[KIND].iloc[0][:40]}, not electricity; remove it")
    if other.any():
        notes.append(f"its {int(other.sum())} rows of {frame[KIND][other].iloc[0][:40]} are not electricity")
    return frame[~other]


def _refuse_export(table: MeterTable, frame: pd.DataFrame) -> None:
    if EXPORT not in table.headers:
        return
    given = frame[frame[EXPORT] != ""]
    value, unit = _values(table, given, EXPORT)
    back = value[np.isfinite(value) & (value != 0)]
    if len(back):
        total = f"{abs(back).sum():.1f} kWh" if unit.energy else f"up to {abs(back).max():.2f} kW"
        raise InputError(
            f"{table.where} is a net meter: {len(back)} intervals export ({table.headers[EXPORT][:30]}, {total}); a "
            "home's own use is asked for, without solar and without the car"
        )


def _values(table: MeterTable, rows: pd.DataFrame, role: str) -> tuple[npt.NDArray[np.float64], Unit]:
    """Numbers in kWh or kW, an empty cell as NaN, and which of both."""
    where, header = table.where, table.headers[role]
    text = rows[role]
    number, suffix = read_numbers(text, rows["line"], where)
    try:
        of_header = words.unit_in_header(header)
        above = words.unit_of_cell(table.above.get("uom", table.above.get("units", "")))
        stated = {cell: words.unit_of_cell(cell) for cell in {*rows[UNIT], *suffix}}
    except KeyError as error:
        raise InputError(
            f"{where} gives its use in {str(error.args[0])[:30]!r}, no unit of electric energy or power that is read "
            "(kWh, Wh, MWh, kW, W, MW); convert or remove it"
        ) from None
    of_row = [stated[s] or stated[u] or of_header for u, s in zip(rows[UNIT], suffix, strict=True)]
    clash = {unit.name for unit in [of_header, *stated.values()] if unit}
    if of_header and len(clash) > 1:
        raise InputError(f"{where} says {' and '.join(sorted(clash))} of the same numbers ({header[:40]}); correct it")
    known = {unit for unit in of_row if unit}
    fallback = of_header or above or (next(iter(known)) if len(known) == 1 else None) or _by_custom(header)
    units = [unit or fallback for unit in of_row]
    if None in units:
        raise InputError(f"{where} does not say the unit of {header[:40]}; name the column load_kw or usage_kwh")
    kinds = {unit.energy for unit in units if unit}
    if len(kinds) > 1:
        raise InputError(f"{where} mixes energy and power ({', '.join(sorted(clash))}) in one column; keep one")
    factor = np.array([unit.factor for unit in units if unit], dtype=float)
    return number * factor, next((unit for unit in units if unit), fallback or words.KWH)


def _by_custom(header: str) -> Unit | None:
    """Utilities mean kWh where they say usage; load, power and value can be anything."""
    said = set(re.split(r"[^a-z]+", header.lower()))
    customary = {"usage", "use", "used", "consumption", "consumed", "import", "delivered", "export", "received", "net"}
    return words.KWH if said & (customary | {"generation", "generated", "imported", "exported"}) else None


def _refuse_other_duration(table: MeterTable, rows: pd.DataFrame) -> None:
    allowed = {str(step) for step in STEPS} | {
        "",
        "hour",
        "1 hour",
        "quarter hour",
        "half hour",
        "00:15",
        "00:30",
        "01:00",
    }
    odd = [text for text in rows[DURATION].unique() if text.lower() not in allowed]
    if odd and DURATION in table.headers:
        raise InputError(f"{table.where} has intervals of {odd[0][:20]}; give steps of 15, 30 or 60 minutes")


def _series(
    table: MeterTable, rows: pd.DataFrame, value: npt.NDArray[np.float64], notes: list[str], timezone: str
) -> pd.Series:
    """The values by start in UTC: equal rows once, the repeated hour by its order, the skipped hour left out."""
    moment = pd.DatetimeIndex(rows["moment"])
    known = rows["offset"].to_numpy(dtype=bool)
    homes = rows[HOME].nunique()
    if len(moment) > 1 and (moment[1:] < moment[:-1]).sum() > (moment[1:] > moment[:-1]).sum():
        moment, value, known = moment[::-1], value[::-1], known[::-1]
    twice = repeated(moment, timezone) & ~known
    keep = _once(moment, value, twice, table, homes)
    moment, value, known, twice = moment[keep], value[keep], known[keep], twice[keep]
    order = pd.Series(range(len(moment))).groupby(np.asarray(moment)).cumcount().to_numpy()
    utc = moment.tz_localize("UTC").as_unit("us") if known.all() else to_utc(moment, twice & (order == 1), timezone)
    skipped = np.asarray(utc.isna())
    if skipped.any():
        lost = np.nansum(np.abs(value[skipped]))
        notes.append(
            f"{int(skipped.sum())} rows of an hour that the clock change skips ({moment[skipped][0]:%Y-%m-%d %H:%M}), "
            f"{lost:.2f} in all"
        )
    return pd.Series(value[~skipped], index=utc[~skipped]).sort_index()


def _once(
    moment: pd.DatetimeIndex,
    value: npt.NDArray[np.float64],
    twice: npt.NDArray[np.bool_],
    table: MeterTable,
    homes: int,
) -> npt.NDArray[np.bool_]:
    """Which rows to keep, so that each moment is there once (twice in the hour that a clock change repeats)."""
    keep = np.ones(len(moment), dtype=bool)
    frame = pd.DataFrame({"moment": moment, "value": value})
    for _, group in frame[frame.duplicated("moment", keep=False)].groupby("moment", sort=True):
        at, values = group.index.to_numpy(), group["value"].to_numpy()
        if twice[at[0]] and len(at) == 2:
            continue
        same = [a == b or (np.isnan(a) and np.isnan(b)) for a, b in zip(values, np.roll(values, -1), strict=True)]
        if twice[at[0]] and len(at) == 4 and (same[0] and same[2]):
            keep[at[[1, 3]]] = False
        elif twice[at[0]] and len(at) == 4 and np.array_equal(values[:2], values[2:]):
            keep[at[2:]] = False
        elif not twice[at[0]] and all(same):
            keep[at[1:]] = False
        elif homes > 1:
            raise InputError(
                f"{table.where} holds {homes} homes (column {table.headers[HOME][:30]}); give each a file of its own"
            )
        else:
            raise InputError(
                f"{table.where} has two values at {group['moment'].iloc[0]:%Y-%m-%d %H:%M}; keep one (where it holds "
                "several homes, give each a file of its own)"
            )
    return keep


def step_minutes(index: pd.DatetimeIndex, where: str) -> int:
    """Minutes between the rows of a file; one that are not all on such a grid is an `InputError`."""
    minutes = pd.DatetimeIndex(index).as_unit("us").asi8 / 60_000_000
    gaps = np.diff(minutes)
    step = float(np.median(gaps)) if len(gaps) else 0.0
    if step not in STEPS or gaps.min() < step:
        found = f"{gaps.min():g}" if len(gaps) else "one row, not rows some"
        raise InputError(f"{where} has rows {found} minutes apart; give steps of 15, 30 or 60 minutes")
    if (minutes % step != 0).any():
        at = index[int(np.argmax(minutes % step != 0))]
        raise InputError(f"{where} has a row at {at:%H:%M}, off the steps of {step:g} minutes; begin on the full step")
    return int(step)
