"""Which report an OASIS table is, and its prices: told by market and XML_DATA_ITEM, not by the shape of its columns.

Requirements, awards and forecasts come in the very columns of prices. Where a table was saved without XML_DATA_ITEM,
LMP_TYPE and ANC_TYPE are what is left to go by.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vpp_core.errors import InputError
from vpp_core.iso import CAISO
from vpp_core.sources.csv_text import MAX_COLUMNS, coded, tidied, tidy
from vpp_core.sources.price_rows import (
    DAY_AHEAD,
    REAL_TIME,
    RESERVES,
    STEPS,
    NotPricesError,
    numbers,
    refuse_impossible,
    unreadable,
)

TIME = "INTERVALSTARTTIME_GMT"
ENERGY_ITEMS = {
    "LMP_PRC": "LMP",
    "LMP_ENE_PRC": "MCE",
    "LMP_CONG_PRC": "MCC",
    "LMP_LOSS_PRC": "MCL",
    "LMP_GHG_PRC": "MGHG",
}
RESERVE_ITEMS = {"SP_CLR_PRC": "SR", "NS_CLR_PRC": "NR"}
_NOT_SOLD = {"RU": "RU_CLR_PRC", "RD": "RD_CLR_PRC", "RMU": "RMU_CLR_PRC", "RMD": "RMD_CLR_PRC"}
"""Prices of PRC_AS that no home here earns: part of every such file, so not worth a word."""
_MARKET_OF_COLUMN = {"PRC": "RTPD", "MW": "DAM", "VALUE": "RTM"}
"""Column of the price → the market that has it so, where a table says none."""
_READ = "prices are read from PRC_RTPD_LMP (15-minute market, RTPD), PRC_LMP (DAM) and PRC_AS (DAM)"
_MARKETS = {
    "RTM": "the five-minute market (PRC_INTVL_LMP)",
    "RTD": "the five-minute market",
    "RTPD": "the 15-minute market",
    "HASP": "the hour-ahead process",
    "RUC": "residual unit commitment",
    "DAM": "the day-ahead market",
}
_OTHER = (
    ("_REQ_M", "reserve requirements in MW (AS_REQ)"),
    ("REN_FCST", "a forecast of wind and solar (SLD_REN_FCST)"),
    ("RENEW_FCST", "a forecast of wind and solar (SLD_REN_FCST)"),
    ("FCST", "a load forecast (SLD_FCST)"),
    ("_SELF_MW", "reserve awards in MW (AS_RESULTS)"),
    ("_PROC_MW", "reserve awards in MW (AS_RESULTS)"),
    ("_AWARD", "awards in MW"),
    ("SHADOW", "shadow prices of constraints"),
    ("FUEL", "fuel prices (PRC_FUEL)"),
    ("GHG_ALL", "greenhouse-gas allowance prices"),
)
"""Part of an item's name → the report it is of."""


class OtherReportError(NotPricesError):
    """A report that holds no prices a result can rest on: which one, and which are read."""

    def __init__(self, where: str, columns: Columns, found: Iterable[str]) -> None:
        names = sorted(name or "no kind that is named" for name in found)
        known = next((report for part, report in _OTHER if any(part in name for name in names)), "")
        if all(name.startswith("market ") for name in names):
            market = names[0].removeprefix("market ")
            what = f"is of market {market}, {_MARKETS.get(market, 'which is not read')}"
        elif known:
            what = f"holds {known}, no prices"
        else:
            what = f"holds {', '.join(names[:3])}, no prices that are read here"
        super().__init__(where, what, f"{_READ}: download that, and remove this one")


@dataclass(frozen=True)
class Columns:
    """Where a table has what is needed: position by column name, and which of them is the price."""

    places: dict[str, int]
    price: str
    name: str
    missing: tuple[str, ...] = ()
    """columns of a price report that are not there; what is there may tell which report it is"""

    @classmethod
    def of(cls, head: list[str], where: str) -> Columns:
        """From a header in capitals; one that is no price report's is an `InputError` that says what it lacks."""
        if len(head) > MAX_COLUMNS:
            raise InputError(f"{where} has {len(head):,} columns, which no OASIS report has; remove it")
        places = {name: place for place, name in reversed(list(enumerate(head)))}
        name, kind = ("ANC_REGION", "ANC_TYPE") if "ANC_TYPE" in places else ("NODE", "LMP_TYPE")
        price = next((column for column in _MARKET_OF_COLUMN if column in places), "")
        missing = tuple(column for column in (TIME, name, kind, price or "MW") if column not in places)
        if missing and not {"XML_DATA_ITEM", TIME} <= set(places):
            raise InputError(_lacking(where, missing))
        needed = (TIME, "INTERVALENDTIME_GMT", name, kind, "MARKET_RUN_ID", "XML_DATA_ITEM", price)
        return cls({column: places[column] for column in needed if column in places}, price, name, missing)

    @property
    def kind(self) -> str:
        return "ANC_TYPE" if self.name == "ANC_REGION" else "LMP_TYPE"


def _lacking(where: str, missing: Iterable[str]) -> str:
    return f"{where} lacks the column(s) {', '.join(missing)} of an OASIS price report; download it again as CSV"


def prices_of(table: pd.DataFrame, columns: Columns, where: str) -> tuple[dict[str, pd.DataFrame], set[str]]:
    """Rows of prices by report, and what the other rows are. A price that cannot be is an `InputError`."""
    kinds = [name for name in ("XML_DATA_ITEM", "MARKET_RUN_ID", columns.kind) if name in table]
    text = {name: _in_capitals(tidied(table[name])) for name in kinds}
    said = text.get("XML_DATA_ITEM")
    if columns.missing:
        assert said is not None
        if said.isin([*ENERGY_ITEMS, *RESERVE_ITEMS]).any():
            raise InputError(_lacking(where, columns.missing))
        return {}, set(said.unique())
    items = RESERVE_ITEMS if columns.kind == "ANC_TYPE" else ENERGY_ITEMS
    kind = text[columns.kind]
    if said is None:
        item = kind.where(kind.isin(items.values()))
        said = kind
    else:
        item = said.map(items)
        _refuse_contradiction(table, item, kind, columns, where)
    plain = _MARKET_OF_COLUMN[columns.price]
    market = text["MARKET_RUN_ID"].replace("", plain) if "MARKET_RUN_ID" in text else pd.Series(plain, index=kind.index)
    report = market.map({name: _report(name, columns) for name in market.unique()}).where(item.notna())
    other = said[item.isna()]
    of_homes = other[~other.isin([*_NOT_SOLD, *_NOT_SOLD.values()])]
    strange = set((other if len(other) == len(said) else of_homes).unique())
    strange |= {f"market {name}" for name in market[item.notna() & report.isna()].unique()}
    return {
        str(name): _rows(table[report == name], item[report == name], columns, str(name), where)
        for name in report.dropna().unique()
    }, strange


def _in_capitals(column: pd.Series) -> pd.Series:
    return column.map({text: text.upper() for text in column.unique()})


def _report(market: str, columns: Columns) -> str | None:
    if columns.kind == "ANC_TYPE":
        return RESERVES if market == "DAM" else None
    return {"RTPD": REAL_TIME, "DAM": DAY_AHEAD}.get(market)


def _refuse_contradiction(table: pd.DataFrame, item: pd.Series, kind: pd.Series, columns: Columns, where: str) -> None:
    odd = item.notna() & (kind != "") & (kind != item)
    if odd.any():
        row = _first(table, odd)
        raise InputError(
            f"{where} says {row[columns.kind]} and {row['XML_DATA_ITEM']} of one price in line {row['line']}; "
            "download it again"
        )


def _rows(table: pd.DataFrame, item: pd.Series, columns: Columns, report: str, where: str) -> pd.DataFrame:
    start = _times(table, TIME, where)
    price = numbers(table[columns.price], table["line"], where)
    rows = pd.DataFrame(
        {"timestamp": start, "name": tidied(table[columns.name]), "item": item, "price": price, "line": table["line"]}
    )
    step = STEPS[report]
    off = start != start.dt.floor(step)
    if "INTERVALENDTIME_GMT" in table:
        given = tidied(table["INTERVALENDTIME_GMT"]) != ""
        end = start + step
        end[given] = _times(table[given], "INTERVALENDTIME_GMT", where)
        off |= end - start != step
    if off.any():
        row = _first(table, off)
        raise InputError(
            f"{where} is said to be {report}, but line {row['line']} is not of an interval of "
            f"{step.total_seconds() / 60:g} minutes (it starts at {tidy(row[TIME])[:30]}); {_READ}"
        )
    refuse_impossible(rows, where, CAISO)
    return rows.drop(columns="line").reset_index(drop=True)


def _times(table: pd.DataFrame, column: str, where: str) -> pd.Series:
    """The instants of a column; each text is read once, since every part of a price has its row at that time."""
    codes, texts = coded(table[column])
    try:
        instants = pd.to_datetime(pd.Index(texts, dtype=object), utc=True, format="ISO8601").as_unit("us")
    except (ValueError, TypeError, OverflowError):
        read = pd.to_datetime(tidied(table[column]), utc=True, format="ISO8601", errors="coerce")
        raise InputError(unreadable(table[column], read.isna(), table["line"], where)) from None
    return pd.Series(instants.take(codes), index=table.index)


def _first(table: pd.DataFrame, where: pd.Series) -> pd.Series:
    """The first row of which something is true."""
    return table.iloc[int(np.argmax(where.to_numpy()))]
