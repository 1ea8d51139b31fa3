"""ERCOT's public reports as its web page gives them, read from a folder: CSV, Excel, or zips of either.

By their columns are told: settlement point prices of 15 minutes (NP6-905 a file per interval, NP6-785 a workbook per
year), day-ahead ones by the hour (NP4-190 per day, NP4-180 per year), and clearing prices of reserve (NP4-188 per day,
NP4-181 per year, a column per product). Hours are named by their end in local time; of the hour that a clock change
repeats, the second one carries the flag `DSTFlag` or `Repeated Hour Flag`. Kept are load zones and hubs: plants settle
at resource nodes, and prices weighted by energy (type LZEW) are no one's settlement.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from vpp_core.calendar import Month
from vpp_core.errors import InputError
from vpp_core.iso import ERCOT
from vpp_core.sources import csv_text, gridstatus_files
from vpp_core.sources.dropped_files import PriceReader
from vpp_core.sources.price_rows import (
    COLUMNS,
    DAY_AHEAD,
    LMP,
    REAL_TIME,
    RESERVES,
    NotPricesError,
    PriceRows,
    inside,
    numbers,
    other_market,
    refuse_impossible,
    unreadable,
)
from vpp_core.sources.unread import Unread

_READ = f"read are {ERCOT.reports}"
_DATE, _HOUR, _QUARTER = "DELIVERYDATE", ("HOURENDING", "DELIVERYHOUR"), "DELIVERYINTERVAL"
_FLAG = ("DSTFLAG", "REPEATEDHOURFLAG")
_POINT = ("SETTLEMENTPOINTNAME", "SETTLEMENTPOINT")
_PRICE, _TYPE = "SETTLEMENTPOINTPRICE", "SETTLEMENTPOINTTYPE"
_SERVICE, _SERVICE_PRICE = "ANCILLARYTYPE", "MCPC"
_PER_QUARTER = 15
MAX_ROWS = 5_000_000
_POINTS = re.compile(ERCOT.node_pattern)
_SERVICES = {"REGDN", "REGUP", "NSPIN", *(product.item for product in ERCOT.products)}

_FILE_DAY = re.compile(r"NP(?:6905|4190|4188)_(\d{8})_|\.(20\d{6})\.\d{6}\.")


def may_touch(name: str, month: Month) -> bool:
    """By its name, whether a file can hold prices of a month: those of one interval or day say which."""
    match = _FILE_DAY.search(name)
    day = pd.to_datetime(match[1] or match[2], format="%Y%m%d", utc=True, errors="coerce") if match else pd.NaT
    if pd.isna(day):
        return True
    around = pd.Timedelta(days=3)
    return bool(day > month.start - around and day < month.end + around)


def sheet_wanted(name: str, month: Month) -> bool:
    """A yearly workbook has a sheet per month."""
    names = {short.lower(): number for number, short in enumerate(calendar.month_abbr) if short}
    number = names.get(name.strip().lower()[:3])
    return number is None or number == month.month


def read(
    content: bytes, where: str, label: str, month: Month, retrieved_at: pd.Timestamp, unread: list[Unread]
) -> list[PriceRows]:
    """The month's prices in one table. What holds none of it is added to `unread`."""
    lines = csv_text.rows(content, where)
    _, head = next(lines, (0, []))
    if not head:
        raise InputError(f"{where} is not a readable CSV (it is empty); download it again or remove it")
    saved = gridstatus_files.places_of(head, ERCOT)
    found = gridstatus_files.read_table(lines, saved, ERCOT, where) if saved else _report(lines, head, where)
    kept = [(report, inside(_of_homes(rows), month.start, month.end)) for report, rows in found]
    if not any(len(rows) for _, rows in kept):
        points = any(len(_of_homes(rows)) for _, rows in found)
        why = f"holds no price of {month} at a load zone or hub"
        unread.append(Unread(label, why, of_another_time=points))
    return [PriceRows(report, rows.reset_index(drop=True), retrieved_at) for report, rows in kept if len(rows)]


def _of_homes(rows: pd.DataFrame) -> pd.DataFrame:
    """Load zones and hubs, and what is no point at all (reserve)."""
    region = ERCOT.reserve_zones[ERCOT.reserve_zone][0]
    known = {name: name == region or bool(_POINTS.fullmatch(name)) for name in rows["name"].unique()}
    return rows[rows["name"].map(known).astype(bool)]


def _report(lines: Iterator[tuple[int, list[str]]], head: list[str], where: str) -> list[tuple[str, pd.DataFrame]]:
    """Which report a table is, by its columns, and its rows."""
    names = [re.sub(r"[\s_]", "", csv_text.tidy(cell)).upper() for cell in head]
    names = [_DATE if name in ("DELIVERYDATE", "DELIVERYDAY") else name for name in names]
    hour = next((name for name in _HOUR if name in names), None)
    point = next((name for name in _POINT if name in names), None)
    services = [name for name in names if name in _SERVICES]
    if _DATE not in names or hour is None:
        raise NotPricesError(where, _what_else(head, names), f"{_READ}: download one of those, and remove this one")
    if point and _PRICE in names:
        report = REAL_TIME if _QUARTER in names else DAY_AHEAD
    elif (_SERVICE in names and _SERVICE_PRICE in names) or services:
        report = RESERVES
    else:
        raise NotPricesError(where, _what_else(head, names), f"{_READ}: download one of those, and remove this one")
    table = _table(lines, names, where)
    table = table[table[_DATE] != ""]
    if report != RESERVES:
        if _TYPE in table:
            table = table[~table[_TYPE].str.upper().str.endswith("EW")]
        return [(report, _rows(table, hour, table[point], LMP, table[_PRICE], where))]
    region = pd.Series(ERCOT.reserve_zones[ERCOT.reserve_zone][0], index=table.index)
    sold = [product.item for product in ERCOT.products]
    if _SERVICE in table:
        table = table[table[_SERVICE].str.upper().isin(sold)]
        region = region[table.index]
        return [(report, _rows(table, hour, region, table[_SERVICE].str.upper(), table[_SERVICE_PRICE], where))]
    parts = [_rows(table, hour, region, item, table[item], where) for item in sold if item in table]
    return [(report, pd.concat(parts, ignore_index=True))] if parts else [(report, pd.DataFrame(columns=[*COLUMNS]))]


def _what_else(head: list[str], names: list[str]) -> str:
    """What a table of other columns is: another market's file by name, where that can be told."""
    other = other_market(head, ERCOT)
    if other:
        return other
    if {"INTERVALSTART", "INTERVALSTARTUTC"} & set(names):
        return f"is saved by gridstatus, but holds neither prices at a location nor {ERCOT.name}'s reserves"
    return f"holds {', '.join(name.lower() for name in names[:4] if name) or 'nothing'}, no prices that are read here"


def _table(lines: Iterator[tuple[int, list[str]]], names: list[str], where: str) -> pd.DataFrame:
    """The needed columns as text; of points those alone at which homes settle: a file has 15 of them and 900 others."""
    if len(names) > csv_text.MAX_COLUMNS:
        raise InputError(f"{where} has {len(names):,} columns, which no report of {ERCOT.name} has; remove it")
    wanted = {_DATE, *_HOUR, _QUARTER, *_FLAG, *_POINT, _PRICE, _TYPE, _SERVICE, _SERVICE_PRICE, *_SERVICES}
    places = {name: place for place, name in reversed(list(enumerate(names))) if name in wanted}
    blank = [""] * len(names)
    point = next((places[name] for name in _POINT if name in places), None)
    cells, numbered = list[list[str]](), list[int]()
    for number, row in lines:
        if csv_text.too_long(row, len(names)):
            raise InputError(
                f"{where} has more cells in line {number} than in its header; download it again or remove it"
            )
        whole = row + blank
        if point is not None and not _POINTS.fullmatch(csv_text.tidy(whole[point])):
            continue
        cells.append([whole[place] for place in places.values()])
        numbered.append(number)
        if len(cells) > MAX_ROWS:
            raise InputError(f"{where} holds more than {MAX_ROWS:,} prices; keep the files of a month or two")
    table = pd.DataFrame(cells, columns=list(places), dtype=object)
    for name in table:
        table[name] = csv_text.tidied(table[name])
    return table.assign(LINE=pd.Series(numbered, dtype=object))


def _rows(
    table: pd.DataFrame, hour: str, name: pd.Series, item: pd.Series | str, price: pd.Series, where: str
) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "timestamp": _starts(table, hour, name, item, where),
            "name": name,
            "item": item,
            "price": numbers(price, table["LINE"], where),
        }
    )
    refuse_impossible(rows, where, ERCOT)
    return rows


def _starts(table: pd.DataFrame, hour: str, name: pd.Series, item: pd.Series | str, where: str) -> pd.Series:
    """Starts of intervals in UTC from day, hour ending and quarter; the flag tells the repeated hour's two apart."""
    lines = table["LINE"]
    day = pd.to_datetime(table[_DATE].str[:10], format="mixed", errors="coerce")
    ending = table[hour].str.extract(r"^(\d{1,2})(?::00(?::00)?)?\*?(?:\.0+)?$")[0].astype(float)
    quarter = table[_QUARTER].str.extract(r"^([1-4])(?:\.0+)?$")[0].astype(float) if _QUARTER in table else 1.0
    wrong = day.isna() | ending.isna() | (ending < 1) | (ending > 24) | pd.isna(quarter)
    if wrong.any():
        text = table[_DATE] + " hour " + table[hour]
        raise InputError(unreadable(text, wrong, lines, where))
    minutes = (ending - 1) * 60 + (quarter - 1) * _PER_QUARTER
    plain = day + pd.to_timedelta(minutes, unit="m")
    flag = next((column for column in _FLAG if column in table), None)
    if flag:
        second = table[flag].str.upper().str[:1] == "Y"
    else:
        second = table[hour].str.endswith("*") | pd.DataFrame({"t": plain, "n": name, "i": item}).duplicated()
    local = pd.DatetimeIndex(plain).tz_localize(ERCOT.timezone, ambiguous=~second.to_numpy(), nonexistent="NaT")
    skipped = np.asarray(local.isna())
    if skipped.any():
        at = int(np.argmax(skipped))
        raise InputError(
            f"{where} has an hour that the clock change skips ({plain.iloc[at]:%Y-%m-%d %H:%M}, line "
            f"{lines.iloc[at]}); download it again or remove it"
        )
    return pd.Series(local.tz_convert("UTC").as_unit("us"), index=table.index)


READER = PriceReader(
    endings=(".csv", ".zip", ".gz", ".xlsx"), read=read, may_touch=may_touch, sheet_wanted=sheet_wanted, joins=True
)
