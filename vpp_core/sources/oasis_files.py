"""OASIS downloads as a person gets them from CAISO's web page, read from a folder: CSV or zip, any order, overlapping.

Understood are PRC_RTPD_LMP (real-time, 15 min), PRC_LMP (day-ahead, hourly) and PRC_AS (day-ahead reserves, hourly),
the last also as gridstatus saves it (`wide_reserves`).
The same reader serves what the live client kept, because it keeps answers as they came. What a row is, its
XML_DATA_ITEM says (`oasis_reports`): only clearing prices count, and any other report is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pandas as pd

from vpp_core.calendar import Month
from vpp_core.errors import InputError, UnavailableError
from vpp_core.sources import csv_text, wide_reserves
from vpp_core.sources.oasis_reports import (
    DAY_AHEAD,
    REAL_TIME,
    RESERVES,
    Columns,
    OtherReportError,
    prices_of,
)
from vpp_core.sources.raw_files import documents, files_below, last_changed, named, not_read
from vpp_core.sources.raw_files import read_file as read_content
from vpp_core.sources.unread import Unread

__all__ = ["DAY_AHEAD", "REAL_TIME", "RESERVES", "OasisRefusalError", "OasisRows", "read_bytes", "read_folder"]

_ENDINGS = (".csv", ".zip", ".gz", ".xml", ".html", ".htm")
_DATE_RANGE = re.compile(r"(?<!\d)(\d{8})_(\d{8})_[A-Z]", re.IGNORECASE)
_SAME_PRICE = 1e-5
"""OASIS prints five decimals: two prices closer than this [$/MWh] are the same."""
_ROWS_AT_ONCE = 200_000
MOST_ROWS = 10_000_000
"""Of a month, in all files: a node's month is 15,000."""


class OasisRefusalError(UnavailableError):
    """OASIS said no: 1000 nothing for the selection, 1001 a bad argument, 1004 too long a range."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True)
class OasisRows:
    """Rows of one report, in long form.

    `rows` has timestamp [UTC], name (node, or reserve region), item (LMP, MCE, MCC, MCL, MGHG, or SR, NR) and price.
    """

    report: str
    rows: pd.DataFrame
    retrieved_at: pd.Timestamp


@dataclass
class FolderRows:
    """What a folder of downloads has of a month, and which files it was not read from."""

    reports: list[OasisRows] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)


def read_folder(folder: Path, month: Month) -> FolderRows:
    """Every report below `folder` that may touch the month; files whose name says otherwise are not opened.

    A broken file is an `InputError` that names it. Another report than prices is told as unread, and refused only
    where no file of the month has prices: then it is what somebody took for them.
    """
    found, kept = FolderRows(), 0
    refusal: OtherReportError | None = None
    for path in files_below(folder):
        label = named(path, folder)
        if path.suffix.lower() not in _ENDINGS:
            found.unread.append(Unread(label, not_read(path.name)))
        elif not _may_touch(path.name, month):
            found.unread.append(Unread(label, f"by its name of another time than {month}"))
        else:
            content = read_content(path)
            try:
                reports = read_bytes(content, str(path), month, last_changed(path), unread=found.unread, label=label)
            except OtherReportError as error:
                refusal = refusal or error
                found.unread.append(Unread(label, error.what))
                continue
            found.reports += reports
            kept += sum(len(report.rows) for report in reports)
            if kept > MOST_ROWS:
                raise InputError(
                    f"the files in {folder} hold more than {MOST_ROWS:,} prices of {month}; keep those of one node"
                )
    if refusal and not found.reports:
        raise refusal
    return found


def read_bytes(
    content: bytes,
    where: str,
    month: Month,
    retrieved_at: pd.Timestamp,
    *,
    unread: list[Unread] | None = None,
    label: str = "",
) -> list[OasisRows]:
    """The month's rows of one answer, zipped or not; what is not prices becomes a sentence with `where` in it.

    What is passed over (files in an archive, rows that are no prices) is added to `unread` under `label`.
    """
    told = [] if unread is None else unread
    found: list[OasisRows] = []
    refusal: OtherReportError | None = None
    if where.lower().endswith(".zip") and content[:2] != b"PK":
        _refuse_error_answer(content, where)
        raise InputError(f"{where} is not a readable zip file; download it again or remove it")
    inside = list[Unread]()
    for document in documents(content, where, _ENDINGS, label or where):
        if isinstance(document, Unread):
            inside.append(document)
            continue
        _refuse_error_answer(document.content, document.where)
        name = (label or where) + document.where.removeprefix(where)
        try:
            reports = _parse(document.content, document.where, name, month, retrieved_at, inside)
        except OtherReportError as error:
            refusal = refusal or error
            inside.append(Unread(name, error.what))
            continue
        found += reports
    if refusal and not found:
        raise refusal
    told += inside
    return found


def _may_touch(name: str, month: Month) -> bool:
    match = _DATE_RANGE.search(name)
    if not match:
        return True
    first, last = (pd.to_datetime(d, format="%Y%m%d", utc=True, errors="coerce") for d in match.groups())
    if pd.isna(first) or pd.isna(last):
        return True
    day = pd.Timedelta(days=1)
    return first - day < month.end and last + 2 * day > month.start


def _looks_like_html(text: bytes) -> bool:
    head = text[:500].lstrip().lower()
    return head.startswith((b"<!doctype", b"<html")) or b"<html" in head


def _refuse_error_answer(text: bytes, where: str) -> None:
    """OASIS says no with HTTP 200: a page, or an XML with an error code."""
    if _looks_like_html(text):
        raise UnavailableError(
            f"{where} is a web page, not prices (OASIS may have throttled it); download it again or remove it"
        )
    if text.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        code = re.search(rb"<[\w:]*ERR_CODE>\s*(\d{1,9})", text)
        said = re.search(rb"<[\w:]*ERR_DESC>\s*([^<]{0,200})", text)
        if code:
            what = " ".join(said[1].decode(errors="replace").split()) if said else "no description"
            raise OasisRefusalError(
                f"{where} holds OASIS error {code[1].decode()} ({what}), no prices; check node and month or remove it",
                int(code[1]),
            )
        raise InputError(f"{where} is an XML without prices that are read here; download the report as CSV")


def _parse(
    text: bytes, where: str, label: str, month: Month, retrieved_at: pd.Timestamp, unread: list[Unread]
) -> list[OasisRows]:
    """The month's prices in one CSV. What its other rows are is added to `unread`."""
    lines = csv_text.rows(text, where)
    _, head = next(lines, (0, []))
    if not head:
        raise InputError(f"{where} is not a readable CSV (it is empty); download it again or remove it")
    wide = wide_reserves.places_of(head)
    if wide is not None:
        rows = wide_reserves.read_wide(lines, wide, where)
        inside = rows[(rows["timestamp"] >= month.start) & (rows["timestamp"] < month.end)]
        if len(inside):
            return [OasisRows(RESERVES, inside.reset_index(drop=True), retrieved_at)]
        unread.append(Unread(label, f"holds no price of {month}"))
        return []
    columns = Columns.of([csv_text.tidy(cell).upper() for cell in head], where)
    found: dict[str, list[pd.DataFrame]] = {}
    first, last = "", ""
    other: set[str] = set()
    count = 0
    for part in _parts(lines, columns, len(head), where):
        count += len(part)
        reports, strange = prices_of(part, columns, where)
        other |= strange
        for report, rows in reports.items():
            if not len(rows):
                continue
            early, late = str(rows["timestamp"].min()), str(rows["timestamp"].max())
            first, last = min(first or early, early), max(last, late)
            inside = rows[(rows["timestamp"] >= month.start) & (rows["timestamp"] < month.end)]
            if len(inside):
                found.setdefault(report, []).append(inside)
    if other and not first:
        raise OtherReportError(where, columns, other)
    if other:
        unread.append(Unread(label, f"its rows of {', '.join(sorted(other)[:4])} are not prices that are sold here"))
    if not found:
        why = f"holds no price of {month}" + (f", only of {first[:10]} to {last[:10]}" if first else "")
        unread.append(Unread(label, why))
    return [OasisRows(report, pd.concat(parts, ignore_index=True), retrieved_at) for report, parts in found.items()]


def _parts(lines: Iterator[tuple[int, list[str]]], columns: Columns, width: int, where: str) -> Iterator[pd.DataFrame]:
    """The needed columns of the rows as text, so many at a time."""
    names, places = list(columns.places), list(columns.places.values())
    while batch := list(islice(lines, _ROWS_AT_ONCE)):
        for number, cells in batch:
            if csv_text.too_long(cells, width):
                raise InputError(
                    f"{where} has more cells in line {number} than in its header; download it again or remove it"
                )
        padding = [""] * width
        yield pd.DataFrame(
            [[(cells + padding)[place] for place in places] for _, cells in batch], columns=names, dtype=object
        ).assign(line=[number for number, _ in batch])


def without_duplicates(reports: Iterable[OasisRows], report: str) -> pd.DataFrame:
    """All rows of one kind of report, identical repetitions dropped, with `retrieved_at`; a conflict is an error."""
    parts = [r.rows.assign(retrieved_at=r.retrieved_at) for r in reports if r.report == report]
    if not parts:
        return pd.DataFrame(columns=[*("timestamp", "name", "item", "price"), "retrieved_at"])
    rows = pd.concat(parts, ignore_index=True).dropna(subset=["price"])
    key = ["timestamp", "name", "item"]
    spread = rows.groupby(key)["price"].agg(["min", "max"])
    conflict = spread[spread["max"] - spread["min"] > _SAME_PRICE]
    if len(conflict):
        (when, name, item), prices = conflict.index[0], conflict.iloc[0]
        raise InputError(
            f"the files hold two prices for {name} {item} at {when:%Y-%m-%dT%H:%MZ}: {prices['min']:g} and "
            f"{prices['max']:g} $/MWh; keep the right file in raw/oasis"
        )
    return rows.sort_values([*key, "retrieved_at"]).drop_duplicates(key, keep="last").reset_index(drop=True)
