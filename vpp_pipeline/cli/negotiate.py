"""`vpp negotiate`: one negotiation, message by message."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vpp_core.errors import InputError
from vpp_core.tables import NEGOTIATION_MESSAGES
from vpp_core.tables.messages import MAX_HOMES
from vpp_pipeline.cli import options as o
from vpp_pipeline.cli.choice import ScenarioOptions, choosing
from vpp_pipeline.cli.console import say, say_folded

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from vpp_core.calendar import Month
    from vpp_core.scenario import Scenario
    from vpp_pipeline.lake import Lake

Gate = Literal["real_time", "day_ahead"]
NEGOTIATING = "negotiation_results"
"""The asset beside whose table what was said is stored."""
MAX_NAMED = 4
"""months of the lake that a question names"""


def register(app: typer.Typer) -> None:
    app.command()(negotiate)


@choosing
def negotiate(
    *,
    at: Annotated[
        str | None, typer.Option("--at", help="Start of the market window, local time: 2020-07-15T19:00.")
    ] = None,
    choice: ScenarioOptions,
    reserves: Annotated[
        bool, typer.Option("--reserves", help="The reserves of that day, negotiated the day before, not the window.")
    ] = False,
    aggregation: Annotated[
        int, typer.Option("--aggregation", min=0, help="Which aggregation of a fleet of several, from 0.")
    ] = 0,
    names: Annotated[int, typer.Option("--names", min=0, help="Homes told one by one at most, per part.")] = 8,
) -> None:
    """Show how aggregator and homes bargained for one market window: asks, counter-offers, coalition, what followed.

    With --reserves for the reserves of the window's day. Told home by home for a few, in numbers for the rest. Where
    the month was run it is read back; else the month is run up to that window, since each leaves its batteries as they
    are found by the next, and a language model that decides is asked for all of them. A fleet of several aggregations
    negotiates in each by itself; one of them is run.
    """
    from vpp_core.calendar import parse_local_time

    text = at or _asked()
    parse_local_time(text)  # what is no time is refused before the lake is looked for
    from vpp_core.negotiation.story import story
    from vpp_pipeline.cli.execution import lake_to_read

    lake = lake_to_read()
    chosen = choice.in_lake(lake)
    moment = parse_local_time(text, chosen.operator)
    month = o.finished_month(moment.tz_convert(chosen.operator.timezone).strftime("%Y-%m"))
    gate: Gate = "day_ahead" if reserves else "real_time"
    rows = stored_messages(lake, month, chosen, moment, gate)
    if rows is None:
        rows = _negotiated(lake, month, chosen, moment, gate, aggregation)
    elif chosen.homes > MAX_HOMES:
        say(f"of {chosen.homes:,} homes {MAX_HOMES:,} are kept, evenly spaced, and told of", err=True)
    for line in story(rows, chosen, names):
        say_folded(line, inside=4)


def _asked() -> str:
    """The window that a person names when asked; where nobody can be asked, what to give, and what the lake has."""
    from vpp_pipeline.cli.execution import lake_to_read

    there = sorted(lake_to_read().partitions(NEGOTIATING), reverse=True)
    named = [f"{month} (scenario {scenario})" for month, scenario in there[:MAX_NAMED]]
    more = f" and {len(there) - MAX_NAMED} more" if len(there) > MAX_NAMED else ""
    has = f"; negotiated in the lake: {', '.join(named)}{more}" if there else ""
    if sys.stdin.isatty():
        question = f"Which market window? Local time, such as 2023-08-16T19:00{has}"
        return str(typer.prompt(question, prompt_suffix="\n> "))
    raise InputError(f"which market window? give --at, such as --at 2023-08-16T19:00{has}")


def stored_messages(lake: Lake, month: str, scenario: Scenario, moment: pd.Timestamp, gate: Gate) -> pa.Table | None:
    """What was said about a window, or the reserves of its day, by a run of the month that is still current; None where
    there was none.
    """
    import pyarrow.compute as pc

    from vpp_core.calendar import Month
    from vpp_pipeline.recipe import WORLD, as_read_by, recipe_of, registered

    parsed = Month.parse(month)
    whole = scenario.in_month(parsed)
    path = lake.table_path(NEGOTIATION_MESSAGES.name, month, scenario.name)
    if not path.exists() or moment not in _span(whole, parsed):
        return None
    read = as_read_by(NEGOTIATING, whole)
    recipe = recipe_of(NEGOTIATING, parsed, read, lake, WORLD, registered(NEGOTIATING, lake, parsed, read))
    local = moment.tz_convert(scenario.operator.timezone)
    start = local.normalize() if gate == "day_ahead" else moment.floor(f"{whole.market.window_minutes}min")
    of_it = (pc.field("gate") == gate) & (pc.field("window_start") == start)
    try:
        file = lake.read(NEGOTIATION_MESSAGES.name, month, scenario.name, rows=of_it)
    except InputError as error:
        say(f"{error}; negotiated anew", err=True)
        return None
    left_out = gate == "day_ahead" or scenario.homes > min(MAX_HOMES, scenario.market.homes_per_aggregation)
    silent = file.table.num_rows == 0 and left_out  # what was said may not be kept
    current = (file.recipe == recipe or not lake.writable) and not silent
    return file.table if current else None


def _span(scenario: Scenario, month: Month) -> pd.Interval:
    import pandas as pd

    from vpp_core.calendar import INTERVAL

    timestamps = scenario.period(month).timestamps
    return pd.Interval(timestamps[0], timestamps[-1] + INTERVAL, closed="left")


def _negotiated(
    lake: Lake, month: str, chosen: Scenario, moment: pd.Timestamp, gate: Gate, aggregation: int
) -> pa.Table:
    """The same by running the month up to there, of one aggregation where there are several."""
    from vpp_core.calendar import Month
    from vpp_core.fleet.arrow import fleet_from_arrow
    from vpp_core.shards.split import aggregations, shard_of
    from vpp_core.simulation import Inputs, negotiate_reserves, negotiate_window
    from vpp_pipeline.cli.execution import have_month, tell_size, tell_what_is_asked
    from vpp_pipeline.lake.answers import gateway_of

    together = min(chosen.homes, chosen.market.homes_per_aggregation)
    tell_size(chosen.model_copy(update={"homes": together}), month)
    tables = ("market_prices", "price_forecast", "solar_generation", "load_profiles")
    have_month(lake, month, chosen, assets=(*tables, "prosumer_fleet"))
    fleet = fleet_from_arrow(lake.read("prosumer_fleet", month, chosen.name).table)
    ids = aggregations(fleet)
    if aggregation not in ids:
        raise InputError(f"the fleet has no aggregation {aggregation}; give one from {ids[0]} to {ids[-1]}")
    if len(ids) > 1:
        fleet, _ = shard_of(fleet, aggregation)
        say(f"of {len(ids):,} aggregations, {aggregation}: {len(fleet):,} homes", err=True)
    prices, forecast, solar, load = (lake.read(name, month, chosen.name).table.to_pandas() for name in tables)
    inputs = Inputs.build(chosen, Month.parse(month), prices, forecast, solar, load, fleet)
    days = int((inputs.period.local.normalize().unique() <= moment).sum())
    windows = int(inputs.windows.starts.searchsorted(moment, side="right"))
    whole = gate == "real_time"
    tell_what_is_asked(chosen, windows, min(days + 1, len(inputs.period.days)) if whole else days)
    with gateway_of(lake, month, chosen) as gateway:
        return (negotiate_window if whole else negotiate_reserves)(inputs, moment, gateway)
