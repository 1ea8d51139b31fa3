"""What a command prints: the one place where text meets the terminal.

Words, nodes, names and paths come from people and files. Here they are text: square brackets are no markup of rich's,
and a character that would act on the terminal (an escape, a change of direction) or cannot be encoded is shown as its
number instead.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

import typer

from vpp_core import errors

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

WIDTH_OF_A_FILE = 200
"""columns where the output is no terminal, so that a table is not folded in a file"""
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


def print_rows(title: str, rows: Sequence[dict[str, Any]]) -> None:
    """Rows of text as a table; what is wider than the terminal goes on below, the first column again."""
    from rich.table import Table

    out = console(width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE)
    shown = [{name: visible(value) for name, value in row.items()} for row in rows]
    for number, names in enumerate(_blocks(shown, out.width)):
        table = Table(title=None if number else visible(title), title_justify="left", header_style="bold")
        for name in names:
            table.add_column(
                name, justify="left" if name in TEXT_COLUMNS else "right", no_wrap=name not in FOLDED_COLUMNS
            )
        for row in shown:
            table.add_row(*(row[name] for name in names))
        out.print(table)


def _blocks(rows: Sequence[dict[str, str]], width: int) -> list[list[str]]:
    """Column names in blocks that fit into `width`, the first column leading each."""
    first, *rest = rows[0]
    sizes = {name: max(len(name), *(len(row[name]) for row in rows)) + 3 for name in rows[0]}
    blocks, used = [[first]], sizes[first] + 1
    for name in rest:
        size = 12 if name in FOLDED_COLUMNS else sizes[name]
        if used + size > width and len(blocks[-1]) > 1:
            blocks.append([first])
            used = sizes[first] + 1
        blocks[-1].append(name)
        used += size
    return blocks
