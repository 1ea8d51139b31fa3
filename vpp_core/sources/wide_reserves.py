"""Day-ahead reserve prices as gridstatus and gridstatus.io save them: a row per hour and region, a column per product.

Its columns are `Interval Start` or `interval_start_utc`, `Region`, `Market`, `Spinning Reserves` and `Non Spinning
Reserves`, in either spelling; regulation is left aside. gridstatus writes 0 where it has no price: a 0 of such a file
cannot be told from a price, which is why OASIS's own files are the better ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pandas as pd

from vpp_core.errors import InputError
from vpp_core.sources.csv_text import tidy
from vpp_core.sources.oasis_reports import refuse_impossible

PRODUCTS = {"SPINNING_RESERVES": "SR", "NON_SPINNING_RESERVES": "NR"}
_TIMES = ("INTERVAL_START_UTC", "INTERVAL_START")
_DAY_AHEAD = ("DAM", "DAY_AHEAD_HOURLY")
MOST_ROWS = 2_000_000


def places_of(head: list[str]) -> dict[str, int] | None:
    """Where the columns are, by name in capitals with underscores; None where the table is of another kind."""
    places = {tidy(cell).upper().replace(" ", "_"): place for place, cell in enumerate(head)}
    known = any(time in places for time in _TIMES) and "REGION" in places
    return places if known and any(product in places for product in PRODUCTS) else None


def read_wide(lines: Iterator[tuple[int, list[str]]], places: dict[str, int], where: str) -> pd.DataFrame:
    """Rows as `OasisRows` has them: timestamp [UTC], name, item, price, in the order of products and lines."""
    time = next(name for name in _TIMES if name in places)
    products = [name for name in PRODUCTS if name in places]
    needed = [time, "REGION", *(["MARKET"] if "MARKET" in places else []), *products]
    wide = max(places[name] for name in needed)
    cells = [[*row, *[""] * (wide + 1 - len(row))] for _, row in islice(lines, MOST_ROWS)]
    table = pd.DataFrame([[tidy(row[places[name]]) for name in needed] for row in cells], columns=needed, dtype=object)
    if "MARKET" in table:
        table = table[table["MARKET"].str.upper().isin(_DAY_AHEAD)]
        if table.empty:
            raise InputError(
                f"{where} holds reserve prices of another market than the day-ahead one; save those of DAM"
            )
    start = _starts(table[time], time, where)
    parts = [
        pd.DataFrame(
            {"timestamp": start, "name": table["REGION"], "item": PRODUCTS[name], "price": _prices(table[name], where)}
        )
        for name in products
    ]
    rows = pd.concat(parts, ignore_index=True)
    refuse_impossible(rows, where)
    return rows


def _starts(text: pd.Series, column: str, where: str) -> pd.Series:
    """Instants; a local time without an offset could be two in November, and is refused."""
    try:
        if column == "INTERVAL_START" and not text.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$").all():
            raise InputError(f"{where} has times without an offset in its column Interval Start; save them with one")
        start = pd.to_datetime(text, utc=True, format="ISO8601").dt.as_unit("us")
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{where} holds a time that is none ({error}); save it again or remove it") from None
    if (start != start.dt.floor("h")).any():
        raise InputError(f"{where} holds reserve prices of other intervals than hours; save those of DAM")
    return start


def _prices(text: pd.Series, where: str) -> pd.Series:
    try:
        return text.where(text != "", "nan").astype(float)
    except ValueError as error:
        raise InputError(f"{where} holds a price that is none ({error}); save it again or remove it") from None
