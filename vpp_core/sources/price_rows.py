"""Prices as all readers give them: rows in long form, of one report, of whatever market.

What cannot be a price of the market is refused here, for files, kept answers and live ones alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vpp_core.errors import InputError, UnavailableError
from vpp_core.iso import ISOS, Iso, PriceBounds
from vpp_core.sources.csv_text import coded, tidied, tidy

REAL_TIME, DAY_AHEAD, RESERVES = "real-time LMP", "day-ahead LMP", "reserve prices"
STEPS = {REAL_TIME: pd.Timedelta(minutes=15), DAY_AHEAD: pd.Timedelta(hours=1), RESERVES: pd.Timedelta(hours=1)}
LMP = "LMP"
"""Item of a whole price, beside its parts and the reserve products of the market."""
COLUMNS = ("timestamp", "name", "item", "price")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?")
_SAME_PRICE = 1e-5
"""Reports print five decimals: two prices closer than this [$/MWh] are the same."""


@dataclass(frozen=True)
class PriceRows:
    """Rows of one report, in long form.

    `rows` has timestamp [UTC], name (node, or reserve region), item (LMP, one of its parts, or a reserve product of the
    market) and price.
    """

    report: str
    rows: pd.DataFrame
    retrieved_at: pd.Timestamp


class NotPricesError(UnavailableError):
    """A file that holds no prices a result can rest on. `what` says what it is, in a clause."""

    def __init__(self, where: str, what: str, advice: str) -> None:
        self.what = what
        super().__init__(f"{where} {what}; {advice}")


def without_duplicates(reports: Iterable[PriceRows], report: str, folder: str) -> pd.DataFrame:
    """Gather all rows of one kind of report, identical repetitions dropped.

    Parameters
    ----------
    reports : iterable of PriceRows
        Of any kind.
    report : str
        The kind: `REAL_TIME`, `DAY_AHEAD` or `RESERVES`.
    folder : str
        Below `raw`, where a person would look.

    Returns
    -------
    pandas.DataFrame
        Rows with `COLUMNS` and `retrieved_at`, ordered by time, name and item.

    Raises
    ------
    InputError
        Where two prices contradict each other.
    """
    parts = [r.rows.assign(retrieved_at=r.retrieved_at) for r in reports if r.report == report]
    if not parts:
        return pd.DataFrame(columns=[*COLUMNS, "retrieved_at"])
    rows = pd.concat(parts, ignore_index=True).dropna(subset=["price"])
    key = ["timestamp", "name", "item"]
    spread = rows.groupby(key)["price"].agg(["min", "max"])
    conflict = spread[spread["max"] - spread["min"] > _SAME_PRICE]
    if len(conflict):
        (when, name, item), prices = conflict.index[0], conflict.iloc[0]
        raise InputError(
            f"the files hold two prices for {name} {item} at {when:%Y-%m-%dT%H:%MZ}: {prices['min']:g} and "
            f"{prices['max']:g} $/MWh; keep the right file in raw/{folder}"
        )
    return rows.sort_values([*key, "retrieved_at"]).drop_duplicates(key, keep="last").reset_index(drop=True)


def numbers(text: pd.Series, lines: pd.Series, where: str) -> pd.Series:
    """Read prices as numbers.

    Parameters
    ----------
    text : pandas.Series
        Cells, shape (n,); an empty one is NaN.
    lines : pandas.Series
        Line of each in the file, shape (n,).
    where : str
        The file, for people.

    Returns
    -------
    pandas.Series
        Floats, shape (n,).

    Raises
    ------
    InputError
        For infinity, NaN and words, with their line.
    """
    codes, texts = coded(text)
    plain = np.array([one == "" or _NUMBER.fullmatch(one) is not None for one in texts], dtype=bool)
    if not plain.all():
        raise InputError(unreadable(tidied(text), pd.Series(~plain[codes], index=text.index), lines, where))
    read = np.array([float(one or "nan") for one in texts])
    return pd.Series(read[codes], index=text.index)


def unreadable(text: pd.Series, unread: pd.Series, lines: pd.Series, where: str) -> str:
    """Tell about the first cell that is no time or price.

    Parameters
    ----------
    text : pandas.Series
        Cells, shape (n,).
    unread : pandas.Series
        Whether a cell is none, shape (n,); at least one is.
    lines : pandas.Series
        Line of each in the file, shape (n,).
    where : str
        The file, for people.

    Returns
    -------
    str
        A sentence.
    """
    first = int(np.argmax(unread.to_numpy()))
    return (
        f"{where} holds an unreadable time or price ({tidy(text.iloc[first])[:40]!r} in line {lines.iloc[first]}); "
        "download it again or remove it"
    )


def refuse_impossible(rows: pd.DataFrame, where: str, iso: Iso) -> None:
    """Refuse a price that the market cannot have, of any series.

    Parameters
    ----------
    rows : pandas.DataFrame
        With `COLUMNS`.
    where : str
        The file or service, for people.
    iso : Iso
        The market.

    Raises
    ------
    InputError
        Names the first such price.
    """
    for bounds, here in _bounded(rows["item"], iso):
        price = rows["price"].to_numpy(dtype=float)
        beyond = here & ~np.isnan(price) & ~((price >= bounds.low) & (price <= bounds.high))
        if beyond.any():
            row = rows.iloc[int(np.argmax(beyond))]
            raise InputError(
                f"{where} has {row['item']} of {row['price']:g} {bounds.unit} at {row['timestamp']:%Y-%m-%dT%H:%MZ} "
                f"({row['name']}), outside {bounds}: no {iso.name} price; correct or remove it"
            )


def _bounded(item: pd.Series, iso: Iso) -> list[tuple[PriceBounds, np.ndarray]]:
    reserve = item.isin([product.item for product in iso.products]).to_numpy()
    whole = (item == LMP).to_numpy()
    possible = iso.prices
    return [(possible.reserve, reserve), (possible.energy, whole), (possible.energy_part, ~reserve & ~whole)]


def inside(rows: pd.DataFrame, month_start: pd.Timestamp, month_end: pd.Timestamp) -> pd.DataFrame:
    """Keep the rows of a month.

    Parameters
    ----------
    rows : pandas.DataFrame
        With `timestamp` [UTC].
    month_start, month_end : pandas.Timestamp
        Start and end [UTC], the end not included.

    Returns
    -------
    pandas.DataFrame
        Those within.
    """
    return rows[(rows["timestamp"] >= month_start) & (rows["timestamp"] < month_end)]


def other_market(head: list[str], iso: Iso) -> str | None:
    """Tell whether a table is a report of another market.

    Parameters
    ----------
    head : list of str
        Names of its columns.
    iso : Iso
        The market that is read for.

    Returns
    -------
    str or None
        What it is, in a clause; None where it is none of another.
    """
    names = {re.sub(r"[\s_]", "", tidy(cell)).upper() for cell in head}
    for other in ISOS.values():
        if other is not iso and names & set(other.file_marks):
            return f"is a report of {other.name}, which scenarios of that market read from raw/{other.folder}"
    return None
