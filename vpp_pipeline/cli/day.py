"""`vpp day`: one home's day, and the fleet's, under every strategy."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vpp_pipeline.cli import options as o
from vpp_pipeline.cli.choice import ScenarioOptions, choosing
from vpp_pipeline.cli.console import say

if TYPE_CHECKING:
    from upath import UPath


LEVELS = 3
"""Folders from the page up to the lake."""


def register(app: typer.Typer) -> None:
    app.command()(day)


@choosing
def day(
    *,
    day: Annotated[str, typer.Option("--day", help="Local day, such as 2020-07-12.")],
    home: Annotated[
        int | None, typer.Option("--home", min=0, help="Home by its id [the one with most awards].")
    ] = None,
    choice: ScenarioOptions,
) -> None:
    """Draw a day hour by hour under every strategy: price, stored energy, power and reserve of a home and of the fleet.

    A page of its own, beside the month's report (of a lake that can only be read: in the working folder). Intervals are
    kept of a few homes; for another one the month's strategies are run once more, which takes as long as they took.
    """
    wanted = _local_day(day)
    month = o.finished_month(f"{wanted:%Y-%m}")
    from vpp_core.calendar import Month
    from vpp_core.errors import InputError
    from vpp_core.results.day_page import day_page
    from vpp_core.results.one_day import position_of
    from vpp_pipeline.cli.execution import have_month, lake_to_read
    from vpp_pipeline.finished import finished_fleet, finished_run, intervals_of
    from vpp_pipeline.lake.files import write_whole
    from vpp_pipeline.lake.plot_library import library_from, put_library

    lake = lake_to_read()
    chosen = choice.in_lake(lake)
    days = chosen.period(Month.parse(month)).days
    if f"{wanted:%Y-%m-%d}" not in days:
        raise InputError(f"day {wanted:%Y-%m-%d} is not in the run of {chosen.name}, which has {days[0]} to {days[-1]}")
    if home is not None:  # known before the whole month is computed
        have_month(lake, month, chosen, assets=["prosumer_fleet"])
        position_of(finished_fleet(lake, month, chosen), home)
    have_month(lake, month, chosen)
    run = finished_run(lake, month, chosen)
    intervals = None
    if home is not None:
        position = position_of(run.fleet, home)
        if home not in set(run.flat.intervals["home_id"]):
            say(f"running {run.month} once more: intervals of home {home} are not kept", err=True)
            intervals = intervals_of(lake, run, position)
    name = f"day-{wanted:%Y-%m-%d}" + ("" if home is None else f"-home-{home}")
    path: Path | UPath = lake.report_folder(month, chosen.name) / f"{name}.html"
    library: str | None = library_from(LEVELS)
    if lake.writable:
        put_library(lake)
    else:  # then it stands alone, where the command was given
        path, library = Path.cwd() / f"{name}.html", None
    write_whole(path, day_page(run, f"{wanted:%Y-%m-%d}", home, intervals, library))
    say(f"page       {path}")


def _local_day(text: str) -> date:
    from vpp_core.errors import InputError

    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InputError(f"day {text!r} is not a day; write it as YYYY-MM-DD, such as 2020-07-12") from None
