"""What exported energy is credited under net billing, from the CSV that a utility publishes: month × day type × hour.

Two forms are read (CPUC Resolution E-5301 asks the utilities for such files). Southern California Edison's has a row
per month, day type (1 to 5, 6 to 8: weekend and holidays) and hour of each year, in local time. Pacific Gas &
Electric's has a row per hour of twenty years, in UTC, whose `ValueName` says month, day type and hour (`Sep Weekday
HS19`), once for the generation and once for the delivery part of the credit, which add up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from vpp_core.errors import InputError
from vpp_core.scenario.price_table import DAY_TYPES, HIGHEST_USD_PER_KWH, MONTHS, SHAPE
from vpp_core.sources.csv_text import rows

EDISON = ("datestart", "timestart", "dateend", "daytypestart", "daytypeend", "value", "unit")
PACIFIC = ("rin", "ratename", "datestart", "timestart", "valuename", "value", "unit")
_PACIFIC_STANDARD = timedelta(hours=8)
_VALUE_NAME = re.compile(rf"({'|'.join(MONTHS)})\w* (weekday|weekend)\w* HS ?(\d{{1,2}})", re.IGNORECASE)
_DAY_TYPES = {(1, 5): 0, (6, 8): 1, (6, 7): 1}
Cell = tuple[int, int, int]


class _Value(NamedTuple):
    """A row: the part of the credit it belongs to, its year, where it stands in the table, and the value [$/kWh]."""

    line: int
    part: str
    year: int
    cell: Cell
    usd_per_kwh: float


def export_values(content: bytes, where: str, year: int) -> list[float]:
    """The 576 values of a year [$/kWh] in the order of `Tariff.export_usd_per_kwh`; a fault is an `InputError`."""
    table: dict[str, dict[Cell, _Value]] = {}
    years: set[int] = set()
    for value in _values(content, where):
        years.add(value.year)
        if value.year != year:
            continue
        before = table.setdefault(value.part, {}).setdefault(value.cell, value)
        if before.usd_per_kwh != value.usd_per_kwh:
            raise InputError(
                f"{where}, rows {before.line} and {value.line}: {_name(value.cell)} of {year} has two values, "
                f"{before.usd_per_kwh:g} and {value.usd_per_kwh:g}; keep one of them"
            )
    if not table:
        held = f"{min(years)} to {max(years)}" if years else "no year"
        raise InputError(f"{where} holds {held} and not {year}; name a year that it holds")
    total = np.zeros(SHAPE)
    for part, found in table.items():
        missing = [cell for cell in np.ndindex(SHAPE) if cell not in found]
        if missing:
            raise InputError(
                f"{where} has no value for {_name(missing[0])} of {year}{f' of {part}' if part else ''} "
                f"({len(missing)} of {total.size} are missing); download it again, or name another year"
            )
        for cell, value in found.items():
            total[cell] += value.usd_per_kwh
    if not (total.min() >= 0 and total.max() <= HIGHEST_USD_PER_KWH):
        furthest = tuple(
            int(i) for i in np.unravel_index(int(np.argmax(np.abs(total - HIGHEST_USD_PER_KWH / 2))), SHAPE)
        )
        raise InputError(
            f"{where}: {_name(furthest)} of {year} is {total[furthest]:g} $/kWh, outside 0 … "
            f"{HIGHEST_USD_PER_KWH:g}; look whether its unit is $/kWh"
        )
    return [round(float(value), 6) for value in total.ravel()]


def with_export_files(scenario: Any, read: Callable[[str], bytes], where: str) -> Any:
    """A scenario's JSON in which each `"export_usd_per_kwh": {"file": …, "year": …}` has become the file's values.

    `read` gives the content of a file by the name written there. All else is left to the scenario's own checks.
    """
    if not isinstance(scenario, dict):
        return scenario
    given = scenario.get("tariffs", [scenario.get("tariff")])
    for tariff in given if isinstance(given, list) else []:
        wanted = tariff.get("export_usd_per_kwh") if isinstance(tariff, dict) else None
        if not isinstance(wanted, dict):
            continue
        name, year = wanted.get("file"), wanted.get("year")
        if set(wanted) != {"file", "year"} or not isinstance(name, str) or type(year) is not int:
            raise InputError(f'{where}: export_usd_per_kwh as a file is written {{"file": "values.csv", "year": 2025}}')
        tariff["export_usd_per_kwh"] = export_values(read(name), name, year)
    return scenario


def _name(cell: Cell | tuple[int, ...]) -> str:
    month, day, hour = cell
    return f"{MONTHS[month]}, {DAY_TYPES[day]}, {hour} h"


def _values(content: bytes, where: str) -> Iterator[_Value]:
    lines = rows(content, where)
    header = [cell.strip().lower() for cell in next(lines, (1, []))[1]]
    forms = {PACIFIC: _pacific, EDISON: _edison}
    form = next((form for form in forms if set(form) <= set(header)), None)
    if form is None:
        raise InputError(
            f"{where}, row 1: its columns ({', '.join(header)[:120]}) are in the form of neither SCE "
            "(DateStart, TimeStart, DateEnd, TimeEnd, DayTypeStart, DayTypeEnd, Value, Unit) nor PG&E (RIN, RateName, "
            "DateStart, …, ValueName, Value, Unit); download your utility's export values of net billing as CSV"
        )
    place = [header.index(name) for name in form]
    rates: set[str] = set()
    for line, cells in lines:
        try:
            named = dict(zip(form, (cells[i].strip() for i in place), strict=True))
            value = forms[form](line, named)
        except (IndexError, ValueError, KeyError):
            raise InputError(f"{where}, row {line}: not a value of that form; download the file again") from None
        if "$/kwh" not in named["unit"].lower():
            raise InputError(f"{where}, row {line}: its unit is {named['unit']!r}; give $/kWh")
        rates.add(named.get("ratename", ""))
        if len(rates) > 1:
            raise InputError(
                f"{where}, row {line}: it holds {' and '.join(sorted(rates))}; keep the rows of one vintage"
            )
        yield value


def _edison(line: int, row: dict[str, str]) -> _Value:
    start, end = (datetime.strptime(row[name], "%Y-%m-%d") for name in ("datestart", "dateend"))  # noqa: DTZ007 (local)
    if (start.year, start.month) != (end.year, end.month):
        raise ValueError
    day = _DAY_TYPES[int(row["daytypestart"]), int(row["daytypeend"])]
    hour = int(row["timestart"].split(":")[0])
    return _Value(line, "", start.year, _cell(start.month - 1, day, hour), float(row["value"]))


def _pacific(line: int, row: dict[str, str]) -> _Value:
    match = _VALUE_NAME.fullmatch(row["valuename"])
    if match is None:
        raise ValueError
    month = [name.lower() for name in MONTHS].index(match[1].lower())
    start = datetime.strptime(f"{row['datestart']} {row['timestart']}", "%m/%d/%Y %H:%M:%S")  # noqa: DTZ007 (UTC)
    year = (start - _PACIFIC_STANDARD).year
    return _Value(
        line, row["rin"], year, _cell(month, DAY_TYPES.index(match[2].lower()), int(match[3])), float(row["value"])
    )


def _cell(month: int, day: int, hour: int) -> Cell:
    if not 0 <= hour < SHAPE[2]:
        raise ValueError
    return month, day, hour
