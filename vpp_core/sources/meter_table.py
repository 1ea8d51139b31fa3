"""The rows of a meter's file as text, by what they mean: from CSV with whatever stands above it, and from Parquet."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from itertools import islice

import pandas as pd

from vpp_core.errors import InputError
from vpp_core.sources import csv_text
from vpp_core.sources import meter_words as words
from vpp_core.sources.csv_text import tidy
from vpp_core.sources.meter_words import CLOCK, DATE, DURATION, END, EXPORT, HOME, KIND, NET, START, UNIT, USE, Unit

_HEADER_WITHIN = 100
"""Lines above the header: utilities tell about the customer there."""
MAX_ROWS = 1_000_000
"""Ten years of a meter at 15 minutes are 350,000."""
_ROLES = (START, DATE, CLOCK, END, DURATION, USE, EXPORT, NET, UNIT, KIND, HOME)
_NUMBER = re.compile(r"[\s\"$]*\d")
_SEVERAL = -1
"""Place of the column of use where there are several."""


@dataclass
class MeterTable:
    """The rows of interest as text, by role, with line numbers; and what header and the lines above say."""

    where: str
    cells: dict[str, list[str]] = field(default_factory=lambda: {role: [] for role in _ROLES})
    lines: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    above: dict[str, str] = field(default_factory=dict)
    typed: pd.Series | None = None
    """times that a Parquet file already has as times"""


def read_table(content: bytes, where: str) -> MeterTable:
    """The rows of a CSV or Parquet file. What cannot be a home's meter is one `InputError` that names the file."""
    return _read_parquet(content, where) if content[:4] == b"PAR1" else _read_csv(content, where)


def _read_csv(content: bytes, where: str) -> MeterTable:
    table = MeterTable(where)
    layout: dict[str, int] | None = None
    width, seen = 0, list[list[str]]()
    for number, cells in csv_text.rows(content, where, _delimiter(content, where)):
        if len(cells) > csv_text.MAX_COLUMNS and csv_text.too_long(cells, csv_text.MAX_COLUMNS):
            raise InputError(
                f"{where} has {len(cells):,} columns in line {number}, which no home's meter has; remove it"
            )
        found = _layout(cells)
        if found:
            layout, width = found, len(cells)
            _refuse_several(layout, where)
            _fill_up(table)
            table.headers.update({role: tidy(cells[place]) for role, place in layout.items()})
            continue
        if layout is None:
            seen.append(cells)
            _note_above(table.above, cells)
            if len(seen) > _HEADER_WITHIN:
                break
            continue
        if csv_text.too_long(cells, width):
            raise InputError(f"{where} has more cells in line {number} than in its header; quote numbers with commas")
        if len(table.lines) == MAX_ROWS:
            raise InputError(f"{where} has more than {MAX_ROWS:,} rows; keep the years needed")
        _take(table, number, cells, layout)
    if layout is None:
        raise InputError(_no_header(seen, where))
    _fill_up(table)
    return table


def _take(table: MeterTable, number: int, cells: list[str], layout: dict[str, int]) -> None:
    row = {role: tidy(cells[place]) if place < len(cells) else "" for role, place in layout.items()}
    when = row.get(START) or " ".join(filter(None, (row.get(DATE), row.get(CLOCK)))) or row.get(END, "")
    if not when[:1].isdecimal():
        if not any(row.get(role) for role in (USE, EXPORT, NET)):
            return
        if words.is_summary(when or next((tidy(cell) for cell in cells if cell.strip()), "")):
            return
    for role, text in row.items():
        table.cells[role].append(text)
    table.lines.append(number)


def _fill_up(table: MeterTable) -> None:
    """Empty cells where the rows so far had no column of that role."""
    for column in table.cells.values():
        column += [""] * (len(table.lines) - len(column))


def _delimiter(content: bytes, where: str) -> str:
    """The delimiter with which a header is found; else the comma."""
    for mark in csv_text.DELIMITERS:
        if any(_layout(cells) for _, cells in islice(csv_text.rows(content, where, mark), _HEADER_WITHIN)):
            return mark
    return ","


def _layout(cells: list[str]) -> dict[str, int] | None:
    """Role → position, where the cells are a header with a time and a measured column; else None."""
    if any(map(_NUMBER.match, cells)) or len(cells) < 2:
        return None
    roles = [words.role_of(cell) for cell in cells]
    layout: dict[str, int] = {}
    for place, role in enumerate(roles):
        if role and role not in layout:
            layout[role] = place
    if DATE in layout and CLOCK not in layout and START not in layout:
        layout[START] = layout.pop(DATE)
    if CLOCK in layout and DATE not in layout and START not in layout:
        layout[START] = layout.pop(CLOCK)
    times = {START, DATE, END} & set(layout)
    if not times or not {USE, EXPORT, NET} & set(layout):
        return None
    if START in layout:
        for role in (DATE, CLOCK):
            layout.pop(role, None)
    uses = [place for place, role in enumerate(roles) if role == USE]
    if len(uses) > 1:
        layout[USE] = _best_use(cells, uses)
    return layout


def _best_use(cells: list[str], places: list[int]) -> int:
    """Of several columns of use the only one in energy: what is left may be the demand."""
    energy = [place for place in places if (unit := _header_unit(cells[place])) and unit.energy]
    return energy[0] if len(energy) == 1 else _SEVERAL


def _refuse_several(layout: dict[str, int], where: str) -> None:
    if layout.get(USE) == _SEVERAL:
        raise InputError(f"{where} has several columns of use; give each home a file of its own, with one column")


def _header_unit(header: str) -> Unit | None:
    try:
        return words.unit_in_header(header)
    except KeyError:
        return None


def _note_above(above: dict[str, str], cells: list[str]) -> None:
    """Lines such as `UOM,kWh` or `"Type of readings: Electricity"`."""
    filled = [tidy(cell) for cell in cells if cell.strip()]
    if len(filled) == 1 and ":" in filled[0]:
        filled = [part.strip() for part in filled[0].split(":", 1)]
    if len(filled) == 2:
        above[filled[0].lower().rstrip(":")] = filled[1]


def _no_header(seen: list[list[str]], where: str) -> str:
    timed = next((cells for cells in seen if {words.role_of(c) for c in cells} & {START, DATE, CLOCK, END}), None)
    if timed and len(timed) > 1:
        names = ", ".join(tidy(cell)[:20] for cell in timed[:6])
        return f"{where} lacks a column load_kw or usage_kwh (it has {names}); see docs/data.md for the form"
    return f"{where} is not a readable profile (no line names a time and a use); see docs/data.md or remove it"


def _read_parquet(content: bytes, where: str) -> MeterTable:
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        rows, columns = file.metadata.num_rows, file.schema_arrow.names
        if rows > MAX_ROWS or len(columns) > csv_text.MAX_COLUMNS:
            raise InputError(
                f"{where} has {rows:,} rows and {len(columns):,} columns; keep one home and the years needed"
            )
        frame = file.read().to_pandas()
    except InputError:
        raise
    except Exception as error:  # a damaged file fails in ways of its own
        raise InputError(
            f"{where} is not a readable profile ({type(error).__name__}); see docs/data.md or remove it"
        ) from None
    if isinstance(frame.index, pd.DatetimeIndex) and frame.index.name is None:
        frame = frame.reset_index(names="timestamp")
    elif any(words.role_of(str(name)) for name in frame.index.names if name is not None):
        frame = frame.reset_index()
    names = [str(name) for name in frame.columns]
    layout = _layout(names)
    if layout is None:
        raise InputError(_no_header([names], where))
    _refuse_several(layout, where)
    table = MeterTable(where, headers={role: names[place] for role, place in layout.items()})
    table.lines = list(range(1, len(frame) + 1))
    for role, place in layout.items():
        column = frame.iloc[:, place]
        if role == START and pd.api.types.is_datetime64_any_dtype(column):
            table.typed = column.reset_index(drop=True)
        table.cells[role] = [
            "" if missing else _as_text(value) for value, missing in zip(column, column.isna(), strict=True)
        ]
    for role, texts in table.cells.items():
        if not texts:
            table.cells[role] = [""] * len(frame)
    return table


def _as_text(value: object) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e18:
        return str(int(value))
    return tidy(repr(value) if isinstance(value, float) else str(value))
