"""`vpp day`: one home's day, and the fleet's, under every strategy."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vpp_core.scenario import Scenario
from vpp_pipeline.cli import options as o
from vpp_pipeline.cli.console import say
from vpp_pipeline.lake import Lake

if TYPE_CHECKING:
    import pandas as pd
    from upath import UPath

    from vpp_core.fleet.fleet import Fleet
    from vpp_core.results.run import Run


LEVELS = 3
"""Folders from the page up to the lake."""


def register(app: typer.Typer) -> None:
    app.command()(day)


def day(
    day: Annotated[str, typer.Option("--day", help="Local day, such as 2020-07-12.")],
    home: Annotated[
        int | None, typer.Option("--home", min=0, help="Home by its id [the one with most awards].")
    ] = None,
    homes: o.HomesOption = None,
    seed: o.SeedOption = None,
    scenario: o.ScenarioOption = "reference",
    first_days: o.FirstDaysOption = None,
    minimum_bid_mw: o.MinimumBidOption = None,
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
    from vpp_pipeline.lake.files import write_whole
    from vpp_pipeline.lake.plot_library import library_from, put_library

    lake = lake_to_read()
    chosen = o.chosen_scenario(
        lake, scenario, homes=homes, seed=seed, first_days=first_days, minimum_bid_mw=minimum_bid_mw
    )
    days = chosen.period(Month.parse(month)).days
    if f"{wanted:%Y-%m-%d}" not in days:
        raise InputError(f"day {wanted:%Y-%m-%d} is not in the run of {chosen.name}, which has {days[0]} to {days[-1]}")
    if home is not None:  # known before the whole month is computed
        have_month(lake, month, chosen, assets=["prosumer_fleet"])
        position_of(_fleet(lake, month, chosen), home)
    have_month(lake, month, chosen)
    run = _finished_run(lake, month, chosen)
    intervals = None
    if home is not None:
        position = position_of(run.fleet, home)
        if home not in set(run.flat.intervals["home_id"]):
            intervals = _intervals_of(lake, run, position)
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


def _fleet(lake: Lake, month: str, scenario: Scenario) -> Fleet:
    from vpp_core.fleet.storage import fleet_from_arrow

    return fleet_from_arrow(lake.read("prosumer_fleet", month, scenario.name).table)


def _finished_run(lake: Lake, month: str, scenario: Scenario) -> Run:
    """The run as its report was made from it, from the lake's tables."""
    from vpp_core.calendar import Month
    from vpp_core.results.run import Run
    from vpp_core.tables import OUTCOMES

    def frame(table: str) -> pd.DataFrame:
        return lake.read(table, month, scenario.name).table.to_pandas()

    parsed = Month.parse(month)
    return Run(
        kpis=frame("kpi_monthly"),
        daily=frame("kpi_daily"),
        split=frame("gap_split"),
        claims=frame("claims"),
        outcomes=lake.read("window_results", month, scenario.name, OUTCOMES).table,
        scenario=scenario.in_month(parsed),
        month=parsed,
        market_prices=frame("market_prices"),
        solar=frame("solar_generation"),
        load=frame("load_profiles"),
        forecast=frame("price_forecast"),
        fleet=_fleet(lake, month, scenario),
        provenance={},
    )


def _intervals_of(lake: Lake, run: Run, position: int) -> pd.DataFrame:
    """The intervals of one home: the same inputs give the same run, in which it is looked at this time."""
    import numpy as np
    import pandas as pd

    from vpp_core.settlement.home_intervals import home_intervals
    from vpp_core.simulation import Inputs, simulate
    from vpp_pipeline.lake.answers import gateway_of

    say(f"running {run.month} once more: intervals of home {run.fleet.home_id[position]} are not kept", err=True)
    inputs = Inputs.build(run.scenario, run.month, run.market_prices, run.forecast, run.solar, run.load, run.fleet)
    with gateway_of(lake, run.month, run.scenario) as gateway:
        outcomes = simulate(inputs, list(run.kpis["strategy"]), gateway=gateway)
    at = np.array([position])
    return pd.concat([home_intervals(inputs, outcome.strategy, outcome.trajectory, at) for outcome in outcomes])
