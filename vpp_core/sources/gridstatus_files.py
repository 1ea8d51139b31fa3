"""Prices of any market as gridstatus and gridstatus.io save them as CSV, in either spelling of their columns.

Energy has a row per interval and location: `Interval Start` (or `interval_start_utc`), `Location`, `Market`, and `LMP`
or `SPP`, with parts where the market has them; prices of five minutes are averaged over quarter hours. Reserves have a
row per hour (and `Region` or `Zone` where there are several) and a column per product (`Iso.products`); regulation is
left aside. gridstatus writes 0 where CAISO has no price, which cannot be told from one: the market's own files are the
better ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import pandas as pd

from vpp_core.errors import InputError
from vpp_core.iso import Iso
from vpp_core.sources.csv_text import tidied, tidy
from vpp_core.sources.price_rows import COLUMNS, DAY_AHEAD, LMP, REAL_TIME, RESERVES, STEPS, refuse_impossible

PARTS = {"ENERGY": "MCE", "CONGESTION": "MCC", "LOSS": "MCL", "GHG": "MGHG"}
_TIMES = ("INTERVAL_START_UTC", "INTERVAL_START", "INTERVAL_START_LOCAL")
_PRICES = ("LMP", "SPP")
_FIVE_MINUTES = "REAL_TIME_5_MIN"
_MARKETS = {
    "REAL_TIME_15_MIN": REAL_TIME,
    "DAY_AHEAD_HOURLY": DAY_AHEAD,
    "DAM": DAY_AHEAD,
}
MAX_ROWS = 2_000_000
FIVE = pd.Timedelta(minutes=5)

Places = dict[str, int]


def places_of(head: list[str], iso: Iso) -> Places | None:
    """Where the columns are, by name in capitals with underscores; None where the table is of another kind."""
    places = {re.sub("[ -]", "_", tidy(cell).upper()): place for place, cell in enumerate(head)}
    if "LOCATION" not in places and "ZONE" in places:
        places.setdefault("REGION", places["ZONE"])
    if not any(time in places for time in _TIMES):
        return None
    energy = "LOCATION" in places and any(price in places for price in _PRICES)
    regions = len(iso.reserve_zones[iso.reserve_zone]) == 1 or "REGION" in places
    return places if energy or (regions and _products(places, iso)) else None


def _products(places: Places, iso: Iso) -> dict[str, str]:
    """Column of each reserve product that there is → its item."""
    return {heading: product.item for product in iso.products for heading in product.headings if heading in places}


def read_table(
    lines: Iterator[tuple[int, list[str]]], places: Places, iso: Iso, where: str
) -> list[tuple[str, pd.DataFrame]]:
    """Rows by report, as `PriceRows` has them, in the order of columns and lines."""
    time = next(name for name in _TIMES if name in places)
    price = next((name for name in _PRICES if name in places and "LOCATION" in places), None)
    columns = {price: LMP, **{part: item for part, item in PARTS.items() if part in places}} if price else {}
    products = {} if price else _products(places, iso)
    values = [*(name for name in columns if name), *products]
    optional = [name for name in ("MARKET", "REGION", "LOCATION") if name in places]
    needed = [time, *optional, *values]
    wide = max(places[name] for name in needed)
    cells = [[*row, *[""] * (wide + 1 - len(row))] for _, row in islice(lines, MAX_ROWS + 1)]
    if len(cells) > MAX_ROWS:
        raise InputError(f"{where} holds more than {MAX_ROWS:,} rows; keep those of the needed locations and months")
    table = pd.DataFrame([[row[places[name]] for name in needed] for row in cells], columns=needed, dtype=object)
    table = table.apply(tidied)
    if price is None:
        return [(RESERVES, _reserves(table, time, products, iso, where))]
    if "MARKET" not in table:
        raise InputError(f"{where} has no column Market, so its prices may be of any; save it with that column")
    five = iso.interval_minutes == 5
    known = {_FIVE_MINUTES: REAL_TIME, "DAY_AHEAD_HOURLY": DAY_AHEAD} if five else _MARKETS
    market = table["MARKET"].str.upper().map(known)
    if market.isna().all():
        raise InputError(
            f"{where} holds prices of {', '.join(sorted(set(table['MARKET']))[:3])}; save those of "
            f"{' or '.join(name for name in known if name != 'DAM')}"
        )
    return [
        (str(report), _long(part, time, "LOCATION", columns, iso, where, str(report)))
        for report, part in table.groupby(market, sort=True)
    ]


def _reserves(table: pd.DataFrame, time: str, products: dict[str, str], iso: Iso, where: str) -> pd.DataFrame:
    if "MARKET" in table:
        table = table[table["MARKET"].str.upper().map(_MARKETS) == DAY_AHEAD]
        if table.empty:
            raise InputError(
                f"{where} holds reserve prices of another market than the day-ahead one; save those of DAM"
            )
    if "REGION" not in table:
        table = table.assign(REGION=iso.reserve_zones[iso.reserve_zone][0])
    return _long(table, time, "REGION", products, iso, where, RESERVES)


def _long(
    table: pd.DataFrame, time: str, name: str, columns: dict[str, str], iso: Iso, where: str, report: str
) -> pd.DataFrame:
    start = _starts(table[time], time, where)
    five = report == REAL_TIME and iso.interval_minutes == 5
    step = FIVE if five else STEPS[report]
    if (start != start.dt.floor(step)).any():
        reserve = report == RESERVES
        what = "reserve prices of other intervals than hours" if reserve else f"{report}s of other intervals"
        raise InputError(f"{where} holds {what}; save those of {'DAM' if reserve else 'that market'}")
    parts = [
        pd.DataFrame({"timestamp": start, "name": table[name], "item": item, "price": _prices(table[column], where)})
        for column, item in columns.items()
    ]
    rows = pd.concat(parts, ignore_index=True)[list(COLUMNS)]
    refuse_impossible(rows, where, iso)
    return _quarters(rows) if five else rows


def _quarters(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over the three prices of each quarter hour; of a quarter that lacks one there is none."""
    by = [rows["timestamp"].dt.floor("15min"), "name", "item"]
    quarter = rows.drop(columns="timestamp").groupby(by, sort=False)["price"].agg(["mean", "count"]).reset_index()
    whole = quarter[quarter["count"] == 3]
    return whole.rename(columns={"mean": "price"})[list(COLUMNS)].reset_index(drop=True)


def _starts(text: pd.Series, column: str, where: str) -> pd.Series:
    """Instants; a local time without an offset could be two in November, and is refused."""
    try:
        if column != "INTERVAL_START_UTC" and not text.str.contains(r"(?:Z|[+-]\d\d:?\d\d)$").all():
            raise InputError(f"{where} has times without an offset in its column Interval Start; save them with one")
        return pd.to_datetime(text, utc=True, format="ISO8601").dt.as_unit("us")
    except (ValueError, TypeError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{where} holds a time that is none ({error}); save it again or remove it") from None


def _prices(text: pd.Series, where: str) -> pd.Series:
    try:
        return text.where(~text.isin(["", "nan", "NaN", "None"]), "nan").astype(float)
    except ValueError as error:
        raise InputError(f"{where} holds a price that is none ({error}); save it again or remove it") from None
