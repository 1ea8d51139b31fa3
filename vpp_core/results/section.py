"""What a report is made of, as data: sections of parts, each with sentences, plots and tables.

The page and the Markdown are two templates over the same sections, so that both say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import pandas as pd

from vpp_core.results.figures import Figure
from vpp_core.results.text import reads_as_number


@dataclass(frozen=True)
class Cell:
    """A text, and how it is set: number, wide, code, holds, fails, or plainly."""

    text: str
    look: str = ""


@dataclass(frozen=True)
class Table:
    """A frame of texts."""

    frame: pd.DataFrame
    wide: tuple[str, ...] = ()
    """columns of long texts"""
    verdict: str = ""
    """the column of verdicts"""
    code: str = ""
    """the column of what is typed or copied"""
    folded: str = ""
    """what the fold says that hides it until it is opened; empty: it is open"""

    @property
    def head(self) -> list[Cell]:
        return [Cell(str(name), "number" if name in self._numeric else "") for name in self.frame]

    @property
    def rows(self) -> Iterator[list[Cell]]:
        for row in zip(*self._texts.values(), strict=True):
            yield [Cell(text, self._look(name, text)) for name, text in zip(self._texts, row, strict=True)]

    @cached_property
    def _texts(self) -> dict[str, list[str]]:
        """The cells of each column."""
        return {str(name): [str(cell) for cell in self.frame[name]] for name in self.frame}

    @cached_property
    def _numeric(self) -> set[str]:
        return {
            name
            for name, column in self._texts.items()
            if column and name != self.code and all(map(reads_as_number, column))
        }

    def _look(self, name: str, text: str) -> str:
        if name == self.verdict:
            return {"holds": "holds", "does not hold": "fails"}.get(text, "")
        return (
            "code" if name == self.code else "number" if name in self._numeric else "wide" if name in self.wide else ""
        )


@dataclass(frozen=True)
class Plot:
    """A Plotly record with its place in the page."""

    name: str
    figure: Figure
    says: str
    """what it shows, for those who cannot see it"""
    title: str = ""


@dataclass(frozen=True)
class Part:
    """A heading and what stands below it, in this order."""

    title: str = ""
    sentences: tuple[str, ...] = ()
    look: Literal["text", "answer", "bullets"] = "text"
    legend: tuple[tuple[str, str], ...] = ()
    """colour and meaning, of all plots of the part"""
    plots: tuple[Plot, ...] = ()
    """several stand beside each other"""
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    half: bool = False
    """half as wide as the page, beside the next"""

    @property
    def shown(self) -> bool:
        return bool(self.sentences or self.plots or self.tables)


@dataclass(frozen=True)
class Section:
    """A chapter of the report."""

    anchor: str
    title: str
    parts: tuple[Part, ...]
    appendix: bool = False


def part(
    title: str = "",
    sentences: Iterable[str] = (),
    plots: Iterable[Plot | None] = (),
    tables: Iterable[Table | pd.DataFrame | None] = (),
    notes: Iterable[str] = (),
    **look: object,
) -> Part:
    """A part without what is empty; a bare frame is a table of it."""
    kept = [Table(given) if isinstance(given, pd.DataFrame) else given for given in tables]
    return Part(
        title,
        tuple(sentence for sentence in sentences if sentence),
        plots=tuple(plot for plot in plots if plot is not None),
        tables=tuple(table for table in kept if table is not None and len(table.frame)),
        notes=tuple(note for note in notes if note),
        **look,  # type: ignore[arg-type]
    )


def plot(name: str, figure: Figure | None, says: str, title: str = "") -> Plot | None:
    """A plot, where there is something to draw."""
    return Plot(name, figure, says, title) if figure else None


def shown(sections: Iterable[Section]) -> list[Section]:
    """Sections and parts that have something to show."""
    kept = []
    for section in sections:
        parts = tuple(part for part in section.parts if part.shown)
        if parts:
            kept.append(Section(section.anchor, section.title, parts, section.appendix))
    return kept
