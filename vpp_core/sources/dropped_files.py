"""Reports that people drop into a market's folder: every file is read, told as unread, or refused by name.

What a document holds, a reader of the market says (`PriceReader`); zips, spreadsheets and sizes are dealt with here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from vpp_core.calendar import Month
from vpp_core.errors import InputError
from vpp_core.sources.price_rows import NotPricesError, PriceRows
from vpp_core.sources.raw_files import Document, documents, files_below, last_changed, named, not_read, read_file
from vpp_core.sources.unread import Unread

LARGEST_JOINED = 1_000_000
"""Bytes of a table that is read together with others."""
MAX_ROWS = 10_000_000
"""Of a month, in all files: a node's month is 15,000."""


@dataclass(frozen=True)
class PriceReader:
    """How a market's files are read."""

    endings: tuple[str, ...]
    read: Callable[[bytes, str, str, Month, pd.Timestamp, list[Unread]], list[PriceRows]]
    """a document, its name in refusals, its name in what is not read, the month, when it changed, what is not read"""
    sheet_wanted: Callable[[str, Month], bool] = lambda name, month: True
    """by its name, whether a sheet of a workbook can"""
    may_touch: Callable[[str, Month], bool] = lambda name, month: True
    """by its name, whether a file can hold prices of a month; others are not opened"""
    joins: bool = False
    """whether tables of one archive that begin alike are read as one: a month of ERCOT's intervals is 3,000 files"""
    first_look: Callable[[bytes, str], None] = lambda content, where: None
    """refuses what is no report at all"""


@dataclass
class FolderRows:
    """What a folder of downloads has of a month, and which files it was not read from."""

    reports: list[PriceRows] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)


def read_folder(folder: Path, month: Month, reader: PriceReader) -> FolderRows:
    """Every report below `folder` that may touch the month; files whose name says otherwise are not opened.

    A broken file is an `InputError` that names it. Another report than prices is told as unread, and refused only
    where no file of the month has prices: then it is what somebody took for them.
    """
    found, kept = FolderRows(), 0
    refusal: NotPricesError | None = None
    for path in files_below(folder):
        label = named(path, folder)
        if path.suffix.lower() not in reader.endings:
            found.unread.append(Unread(label, not_read(path.name)))
        elif not reader.may_touch(path.name, month):
            found.unread.append(Unread(label, f"by its name of another time than {month}", of_another_time=True))
        else:
            content = read_file(path)
            try:
                reports = read_bytes(
                    content, str(path), month, last_changed(path), reader, unread=found.unread, label=label
                )
            except NotPricesError as error:
                refusal = refusal or error
                found.unread.append(Unread(label, error.what))
                continue
            found.reports += reports
            kept += sum(len(report.rows) for report in reports)
            if kept > MAX_ROWS:
                raise InputError(
                    f"the files in {folder} hold more than {MAX_ROWS:,} prices of {month}; keep those of one node"
                )
    if refusal and not found.reports:
        raise refusal
    return found


def read_bytes(
    content: bytes,
    where: str,
    month: Month,
    retrieved_at: pd.Timestamp,
    reader: PriceReader,
    *,
    unread: list[Unread] | None = None,
    label: str = "",
) -> list[PriceRows]:
    """The month's rows of one answer, zipped or not; what is not prices becomes a sentence with `where` in it.

    What is passed over (files in an archive, rows that are no prices) is added to `unread` under `label`.
    """
    told = [] if unread is None else unread
    found: list[PriceRows] = []
    refusal: NotPricesError | None = None
    if where.lower().endswith(".zip") and content[:2] != b"PK":
        reader.first_look(content, where)
        raise InputError(f"{where} is not a readable zip file; download it again or remove it")
    inside = list[Unread]()
    unpacked = documents(content, where, reader.endings, label or where, lambda name: reader.sheet_wanted(name, month))
    for group in _alike(unpacked) if reader.joins else ([one] for one in unpacked):
        together = _read_together(group, month, retrieved_at, reader)
        if together:
            found += together
            continue
        for document in group:
            if isinstance(document, Unread):
                inside.append(document)
                continue
            reader.first_look(document.content, document.where)
            name = (label or where) + document.where.removeprefix(where)
            try:
                found += reader.read(document.content, document.where, name, month, retrieved_at, inside)
            except NotPricesError as error:
                refusal = refusal or error
                inside.append(Unread(name, error.what))
    if refusal and not found:
        raise refusal
    told += inside
    return found


Found = Document | Unread


def _alike(found: Iterable[Found]) -> Iterator[list[Found]]:
    """What an archive holds, small tables with the same header together."""
    alike: dict[bytes, list[Found]] = {}
    for one in found:
        if isinstance(one, Unread) or len(one.content) > LARGEST_JOINED:
            yield [one]
        else:
            alike.setdefault(one.content.partition(b"\n")[0].rstrip(b"\r"), []).append(one)
    yield from alike.values()


def _read_together(
    group: list[Found], month: Month, retrieved_at: pd.Timestamp, reader: PriceReader
) -> list[PriceRows]:
    """The prices of several tables with the same header, read as one; none where one of them cannot be read: each is
    then read by itself, so that what is wrong is said of it.
    """
    tables = [one for one in group if isinstance(one, Document)]
    if len(tables) < 2:
        return []
    bodies = (table.content.partition(b"\n")[2].rstrip(b"\r\n") for table in tables)
    whole = tables[0].content.partition(b"\n")[0] + b"\n" + b"\n".join(bodies) + b"\n"
    try:
        reader.first_look(whole, tables[0].where)
        return reader.read(whole, tables[0].where, "", month, retrieved_at, [])
    except InputError:
        return []
