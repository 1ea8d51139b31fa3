"""OASIS downloads as a person gets them from CAISO's web page, read from a folder: CSV or zip, any order, overlapping.

Understood are PRC_RTPD_LMP (real-time, 15 min), PRC_LMP (day-ahead, hourly) and PRC_AS (day-ahead reserves, hourly),
the last also as gridstatus saves it (`gridstatus_files`).
The same reader serves what the live client kept, because it keeps answers as they came. What a row is, its
XML_DATA_ITEM says (`oasis_reports`): only clearing prices count, and any other report is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

import pandas as pd

from vpp_core.calendar import Month
from vpp_core.errors import InputError, UnavailableError
from vpp_core.iso import CAISO
from vpp_core.sources import csv_text, dropped_files, gridstatus_files
from vpp_core.sources.dropped_files import PriceReader
from vpp_core.sources.oasis_reports import Columns, OtherReportError, prices_of
from vpp_core.sources.price_rows import NotPricesError, PriceRows, inside, other_market
from vpp_core.sources.unread import Unread

__all__ = ["READER", "OasisRefusalError", "read_bytes"]

_ENDINGS = (".csv", ".zip", ".gz", ".xml", ".html", ".htm")
_DATE_RANGE = re.compile(r"(?<!\d)(\d{8})_(\d{8})_[A-Z]", re.IGNORECASE)
_ROWS_AT_ONCE = 200_000


class OasisRefusalError(UnavailableError):
    """OASIS said no: 1000 nothing for the selection, 1001 a bad argument, 1004 too long a range."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


def read_bytes(
    content: bytes,
    where: str,
    month: Month,
    retrieved_at: pd.Timestamp,
    *,
    unread: list[Unread] | None = None,
    label: str = "",
) -> list[PriceRows]:
    """The month's rows of one answer of OASIS, zipped or not."""
    return dropped_files.read_bytes(content, where, month, retrieved_at, READER, unread=unread, label=label)


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
) -> list[PriceRows]:
    """The month's prices in one CSV. What its other rows are is added to `unread`."""
    lines = csv_text.rows(text, where)
    _, head = next(lines, (0, []))
    if not head:
        raise InputError(f"{where} is not a readable CSV (it is empty); download it again or remove it")
    saved = gridstatus_files.places_of(head, CAISO)
    if saved is not None:
        tables = gridstatus_files.read_table(lines, saved, CAISO, where)
        kept = [(report, inside(rows, month.start, month.end)) for report, rows in tables]
        if not any(len(rows) for _, rows in kept):
            some = any(len(rows) for _, rows in tables)
            unread.append(Unread(label, f"holds no price of {month}", of_another_time=some))
        return [PriceRows(report, rows.reset_index(drop=True), retrieved_at) for report, rows in kept if len(rows)]
    of_another = other_market(head, CAISO)
    if of_another:
        raise NotPricesError(where, of_another, "remove it from here")
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
            of_month = inside(rows, month.start, month.end)
            if len(of_month):
                found.setdefault(report, []).append(of_month)
    if other and not first:
        raise OtherReportError(where, columns, other)
    if other:
        unread.append(Unread(label, f"its rows of {', '.join(sorted(other)[:4])} are not prices that are sold here"))
    if not found:
        why = f"holds no price of {month}" + (f", only of {first[:10]} to {last[:10]}" if first else "")
        unread.append(Unread(label, why, of_another_time=bool(first)))
    return [PriceRows(report, pd.concat(parts, ignore_index=True), retrieved_at) for report, parts in found.items()]


def _parts(lines: Iterator[tuple[int, list[str]]], columns: Columns, width: int, where: str) -> Iterator[pd.DataFrame]:
    """The needed columns of the rows as text, so many at a time."""
    while batch := list(islice(lines, _ROWS_AT_ONCE)):
        numbers, rows = zip(*batch, strict=True)
        if set(map(len, rows)) != {width}:
            rows = tuple(_fitting(cells, number, width, where) for number, cells in batch)
        cells_of = list(zip(*rows, strict=True))
        yield pd.DataFrame(
            {name: pd.Series(cells_of[place], dtype=object) for name, place in columns.places.items()}
        ).assign(line=list(numbers))


def _fitting(cells: list[str], number: int, width: int, where: str) -> list[str]:
    """A row with as many cells as the header: what it lacks is empty, and what is beyond has to be."""
    if csv_text.too_long(cells, width):
        raise InputError(f"{where} has more cells in line {number} than in its header; download it again or remove it")
    return [*cells[:width], *[""] * (width - len(cells))]


READER = PriceReader(endings=_ENDINGS, read=_parse, may_touch=_may_touch, first_look=_refuse_error_answer)
