"""One home's day and the fleet's under every strategy: a section of the report, and a page of its own."""

from __future__ import annotations

from html import escape

import pandas as pd

from vpp_core.errors import InputError
from vpp_core.results.figures import Figure
from vpp_core.results.figures.one_day import FLEET_LEGEND, HOME_LEGEND, fleet_day_figures, home_day_figures
from vpp_core.results.one_day import (
    OneDay,
    busiest_home,
    busiest_sentence,
    describe_home,
    fleet_table,
    home_table,
    one_day,
    shown_strategy,
)
from vpp_core.results.page_parts import document, paragraph, plot_html, table_html
from vpp_core.results.run import Run

BY_HOUR = "Hours since midnight in Los Angeles; each kind of plot has the same axes under every strategy."


def day_section(one: OneDay, words: str, plots: dict[str, Figure]) -> str:
    """The home's plots and numbers, then the fleet's."""
    body = f"<h3>Home {one.home_id} on {escape(one.day)}</h3>{paragraph(words)}"
    body += _group(home_day_figures(one), HOME_LEGEND, "plot-home", f"Home {one.home_id}", plots) + table_html(
        home_table(one)
    )
    body += f"<h3>All homes on {escape(one.day)}</h3>"
    return (
        body
        + _group(fleet_day_figures(one), FLEET_LEGEND, "plot-fleet", "All homes", plots)
        + table_html(fleet_table(one))
    )


def _group(
    figures: dict[str, Figure], legend: tuple[tuple[str, str], ...], name: str, says: str, plots: dict[str, Figure]
) -> str:
    """A grid of small multiples under one legend."""
    keys = " ".join(
        f'<span><span class="key" style="background:{tint}"></span> {escape(words)}</span>' for tint, words in legend
    )
    grid = "".join(
        f"<div><h4>{escape(key)}</h4>{plot_html(plots, f'{name}-{position}', figure, f'{says} under {key}')}</div>"
        for position, (key, figure) in enumerate(figures.items())
    )
    return f'<p class="soft">{BY_HOUR}</p><p class="legend">{keys}</p><div class="multiples">{grid}</div>'


def day_page(
    run: Run,
    day: str,
    home_id: int | None = None,
    intervals: pd.DataFrame | None = None,
    library: str | None = None,
) -> bytes:
    """A page of one day. Without a home, the busiest; `intervals`: of the home, where the run kept none of it;
    `library` as in `document`."""
    strategy = shown_strategy(run)
    if strategy is None:
        raise InputError("no strategy that could be operated did anything in this run, so there is no day to look at")
    home = busiest_home(run, strategy, day) if home_id is None else home_id
    how = f" {busiest_sentence(run, strategy, day)}" if home_id is None else ""
    one = one_day(run, day, home, intervals)
    plots: dict[str, Figure] = {}
    body = day_section(one, describe_home(run, home, strategy) + how, plots)
    title = f"Home {home} and the fleet on {day}, scenario {run.scenario.name}"
    return document(title, run, [("day", "Hour by hour", body)], plots, library)
