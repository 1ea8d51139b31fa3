"""Excel workbooks as text tables, a sheet at a time; read without formulas, styles or macros."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import date, datetime

from vpp_core.errors import InputError

ENDING = ".xlsx"


def is_workbook(content: bytes) -> bool:
    """Whether it is an Excel workbook, which is a zip with a list of its parts."""
    if content[:2] != b"PK":
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False


def sheets(content: bytes, where: str, wanted: Callable[[str], bool], largest: int) -> Iterator[tuple[str, bytes]]:
    """Name and CSV of each wanted sheet; a damaged or too large workbook is an `InputError`."""
    try:
        import openpyxl
    except ModuleNotFoundError:
        raise InputError(
            f"{where} is a spreadsheet, and openpyxl, which reads it, is not installed; save it as CSV"
        ) from None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            too_large = max(info.file_size for info in archive.infolist()) > largest
        if too_large:
            raise InputError(f"{where} is larger than {largest // 2**20} MB, unpacked; save the needed sheet as CSV")
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        for name in book.sheetnames:
            if wanted(name):
                yield name, _as_csv(book[name].iter_rows(values_only=True))
    except InputError:
        raise
    except Exception as error:  # openpyxl fails on damaged files in many ways of its own
        raise InputError(
            f"{where} is not a readable spreadsheet ({type(error).__name__}); download it again or remove it"
        ) from None


def _as_csv(rows: Iterator[tuple[object, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([_text(cell) for cell in row])
    return text.getvalue().encode()


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
