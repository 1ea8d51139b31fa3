"""What a command prints: the one place where text meets the terminal.

Words, nodes, names and paths come from people and files. Here they are text: square brackets are no markup of rich's,
and a character that would act on the terminal (an escape, a change of direction) or cannot be encoded is shown as its
number instead.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

import typer

from vpp_core import errors

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.progress import Progress

COLUMNS_OF_A_FILE = 80
"""where the output is no terminal: a table fits a page, a message, a narrow window (the variable COLUMNS: another)"""
_BETWEEN = 3
"""columns that part two cells"""
MIN_FOLDED = 24
"""columns that a folded text has at least"""
TEXT_COLUMNS = (
    "difference",
    "month",
    "of",
    "path",
    "strategy",
    "series",
    "what",
    "step",
    "origin",
    "why",
    "source",
    "note",
)
FOLDED_COLUMNS = ("why", "source", "value", "note")
"""Long texts, folded instead of moved below."""


KEPT = "\n\t\u00a0\u202f\u2009"
"""Characters that are not printable to Python but do no harm: ends of lines and spaces of several widths."""


def visible(text: object) -> str:
    """A text of any kind as it may stand on a terminal."""
    return errors.visible(str(text), KEPT)


def say(text: object = "", err: bool = False) -> None:
    """Print a line; `err` to stderr."""
    typer.echo(visible(text), err=err)


def console(file: TextIO | None = None, stderr: bool = False, width: int | None = None) -> Console:
    """A console of rich's that takes text as it is."""
    from rich.console import Console

    return Console(file=file, stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


def bar(on: Console, transient: bool = False) -> Progress:
    """A progress bar, shown on a terminal only."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=on, disable=not on.is_terminal, transient=transient)


def width() -> int:
    """Columns of the terminal; of a file or a pipe 80, or what COLUMNS says."""
    if sys.stdout.isatty():
        return console().width
    given = os.environ.get("COLUMNS", "")
    return max(int(given), 40) if given.isdigit() else COLUMNS_OF_A_FILE


def say_folded(text: str, inside: int = 0) -> None:
    """Print a paragraph in lines that fit; all but the first are set in by so many columns more than that."""
    say(_folded(text, " " * (len(text) - len(text.lstrip()) + inside)))


def _folded(text: str, further: str = "") -> str:
    """A paragraph in lines that fit; names and paths stay whole, to be copied."""
    import textwrap

    lines = textwrap.wrap(text, width(), subsequent_indent=further, break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)


def print_rows(title: str, rows: Sequence[dict[str, Any]]) -> None:
    """Rows of text as a table, without columns that nothing stands in; what is wider than the terminal goes on below,
    after what tells rows apart.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    out = console(width=width())
    out.print(_folded(visible(title)), style="bold", soft_wrap=True)
    shown = _filled([{name: visible(value) for name, value in row.items()} for row in rows])
    sizes = _sizes(shown)
    for names in _blocks(shown, out.width):
        table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
        folds = sum(sizes[name] for name in names) - _BETWEEN > out.width  # rather than cut off
        for name in names:
            table.add_column(
                name,
                justify="left" if name in TEXT_COLUMNS else "right",
                no_wrap=not folds and name not in FOLDED_COLUMNS,
                overflow="fold",
            )
        for row in shown:
            table.add_row(*(row[name] for name in names))
        out.print(table)
        out.print()


def _filled(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """The rows with the columns that some of them have something in, and the first."""
    kept = [name for position, name in enumerate(rows[0]) if position == 0 or any(row[name] for row in rows)]
    return [{name: row[name] for name in kept} for row in rows]


def _sizes(rows: Sequence[dict[str, str]]) -> dict[str, int]:
    """Columns that each name and its texts take, with what parts them from the next."""
    sizes = {name: max(len(name), *(len(row[name]) for row in rows)) + _BETWEEN for name in rows[0]}
    return sizes | {name: min(sizes[name], MIN_FOLDED) for name in sizes if name in FOLDED_COLUMNS}


def _leading(rows: Sequence[dict[str, str]]) -> list[str]:
    """The first columns, as many as tell rows apart: they lead each block. One, where no few of them do."""
    names = list(rows[0])
    for number in range(1, min(3, len(names)) + 1):
        if len({tuple(row[name] for name in names[:number]) for row in rows}) == len(rows):
            return names[:number]
    return names[:1]


def _blocks(rows: Sequence[dict[str, str]], columns: int) -> list[list[str]]:
    """Column names in blocks that fit into so many columns, the leading ones first in each."""
    leading = _leading(rows)
    sizes = _sizes(rows)
    start = sum(sizes[name] for name in leading)
    blocks, used = [[*leading]], start
    for name in list(rows[0])[len(leading) :]:
        if used + sizes[name] - _BETWEEN > columns and len(blocks[-1]) > len(leading):
            blocks.append([*leading])
            used = start
        blocks[-1].append(name)
        used += sizes[name]
    return blocks


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a display table, for `print_rows`."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.itertuples(index=False)]
