"""One day of a home and of the fleet under every strategy, as parts of a report and as a page of its own."""

from __future__ import annotations

import pandas as pd

from vpp_core.errors import InputError
from vpp_core.results.figures import Figure
from vpp_core.results.figures.one_day import fleet_day_figures, fleet_legend, home_day_figures, home_legend
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
from vpp_core.results.render import page
from vpp_core.results.run import Run
from vpp_core.results.section import Part, Plot, Section, part

BY_HOUR = "Hours since local midnight; each kind of plot has the same axes under every strategy."


def day_parts(one: OneDay, words: str) -> list[Part]:
    """The home's plots and numbers, then the fleet's."""
    home = _drawn(home_day_figures(one), "plot-home", f"Home {one.home_id}")
    fleet = _drawn(fleet_day_figures(one), "plot-fleet", "All homes")
    of_home, of_fleet = home_legend(one), fleet_legend(one)
    return [
        part(f"Home {one.home_id} on {one.day}", [words], home, [home_table(one)], [BY_HOUR], legend=of_home),
        part(f"All homes on {one.day}", [], fleet, [fleet_table(one)], [BY_HOUR], legend=of_fleet),
    ]


def _drawn(figures: dict[str, Figure], name: str, says: str) -> list[Plot | None]:
    """A plot per strategy."""
    return [
        Plot(f"{name}-{position}", figure, f"{says} under {key}", key)
        for position, (key, figure) in enumerate(figures.items())
    ]


def day_page(
    run: Run,
    day: str,
    home_id: int | None = None,
    intervals: pd.DataFrame | None = None,
    library: str | None = None,
) -> bytes:
    """A page of one day. Without a home, the busiest; `intervals`: of the home, where the run kept none of it;
    `library` as in `render.page`.
    """
    strategy = shown_strategy(run)
    if strategy is None:
        raise InputError("no strategy that could be operated did anything in this run, so there is no day to look at")
    home = busiest_home(run, strategy, day) if home_id is None else home_id
    how = f" {busiest_sentence(run, strategy, day)}" if home_id is None else ""
    one = one_day(run, day, home, intervals)
    parts = day_parts(one, describe_home(run, home, strategy) + how)
    title = f"Home {home} and the fleet on {day}, scenario {run.scenario.name}"
    return page(title, run, [Section("day", "Hour by hour", tuple(parts))], library)
