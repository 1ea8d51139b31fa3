"""Text tables as programs and people save them: which encoding, which delimiter, and rows as they stand."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.errors import InputError

MAX_COLUMNS = 300
_LONGEST_LINE = 100_000
DELIMITERS = (",", ";", "\t", "|")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(content: bytes, where: str) -> str:
    """UTF-8, what a byte-order mark says, or Windows' Latin letters; what is no text is an `InputError`."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    if b"\0" in content[:_LONGEST_LINE]:
        raise InputError(f"{where} is not a text file; save it as CSV or remove it")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def rows(content: bytes, where: str, delimiter: str | None = None) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each line that is not blank. Without a delimiter the first line tells which it is.

    What is no CSV (a line without end, quotes that never close, another encoding) is an `InputError` with the line.
    """
    encoding = encoding_of(content, where)
    stream = io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline="")
    try:
        if delimiter is None:
            delimiter = delimiter_of(stream.readline(_LONGEST_LINE))
            stream.seek(0)
        lines = stream if _needs_no_look(content) else _short_lines(stream, where)
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        for cells in reader:
            if any(cells):
                yield reader.line_num, cells
    except (csv.Error, UnicodeError) as error:
        raise InputError(f"{where} is not a readable CSV ({error}); download it again or remove it") from None


def _needs_no_look(content: bytes) -> bool:
    """True where every line of a file is short enough and none holds a NUL character, as in almost every file."""
    return b"\0" not in content and max(map(len, content.split(b"\n"))) < _LONGEST_LINE


def _short_lines(stream: io.TextIOWrapper, where: str) -> Iterator[str]:
    """The lines of a text; one that does not end is refused before it fills the memory."""
    number = 0
    while line := stream.readline(_LONGEST_LINE):
        number += 1
        if len(line) == _LONGEST_LINE:
            raise InputError(
                f"{where} has a line {number} of more than {_LONGEST_LINE:,} letters, which no price or meter file "
                "has; download it again or remove it"
            )
        yield line.replace("\0", "")


def delimiter_of(line: str) -> str:
    """The delimiter that a line has most of; the comma where it has none."""
    return max(DELIMITERS, key=lambda mark: (line.count(mark), mark == ","))


def tidy(cell: str) -> str:
    """A cell without quotes, no-break spaces and the blanks around it."""
    if not cell.isascii():
        cell = cell.replace("\xa0", " ").replace("\u202f", " ").replace("\ufeff", "")
    return cell.strip().strip('"').strip()


def tidied(column: pd.Series) -> pd.Series:
    """A column's cells tidied; each text once, since most of them stand in thousands of rows."""
    codes, plain = coded(column)
    return pd.Series(plain[codes], index=column.index, dtype=object)


def coded(column: pd.Series) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.object_]]:
    """The position of each cell of a column in an array of its distinct texts, tidied; and that array."""
    codes, texts = pd.factorize(column.to_numpy(dtype=object))
    return codes, np.array([tidy(text) for text in texts], dtype=object)


def too_long(cells: Sequence[str], columns: int) -> bool:
    """Whether a row has more cells than there are columns; empty ones at its end do not count."""
    return len(cells) > columns and any(cell.strip() for cell in cells[columns:])
