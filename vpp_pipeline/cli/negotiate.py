"""`vpp negotiate`: one negotiation, message by message."""

from __future__ import annotations

from typing import Annotated

import typer

from vpp_pipeline.cli import options as o
from vpp_pipeline.cli.console import say


def register(app: typer.Typer) -> None:
    app.command()(negotiate)


def negotiate(
    at: Annotated[str, typer.Option("--at", help="Start of the market window, Los Angeles time: 2020-07-15T19:00.")],
    homes: o.HomesOption = None,
    seed: o.SeedOption = None,
    scenario: o.ScenarioOption = "reference",
    first_days: o.FirstDaysOption = None,
    minimum_bid_mw: o.MinimumBidOption = None,
    decider: o.DeciderOption = None,
    depth: o.DepthOption = None,
    model: o.ModelOption = None,
    reserves: Annotated[
        bool, typer.Option("--reserves", help="The reserves of that day, negotiated the day before, not the window.")
    ] = False,
    names: Annotated[int, typer.Option("--names", min=0, help="Homes told one by one at most, per part.")] = 8,
) -> None:
    """Show how aggregator and homes bargain for one market window: asks, counter-offers, coalition, bid.

    With --reserves for the reserves of the window's day. Told home by home for a few, in numbers for the rest. A
    language model that decides is asked for every window of the month up to this one, since each leaves its batteries
    as they are found by the next.
    """
    from vpp_core.calendar import LOCAL_TIMEZONE, Month, parse_local_time

    moment = parse_local_time(at)
    month = o.finished_month(moment.tz_convert(LOCAL_TIMEZONE).strftime("%Y-%m"))
    from vpp_core.fleet.storage import fleet_from_arrow
    from vpp_core.negotiation.story import story
    from vpp_core.simulation import Inputs, negotiate_reserves, negotiate_window
    from vpp_pipeline.cli.execution import have_month, lake_to_read, tell_size, tell_what_is_asked
    from vpp_pipeline.lake.answers import gateway_of

    lake = lake_to_read()
    chosen = o.chosen_scenario(
        lake,
        scenario,
        homes=homes,
        seed=seed,
        first_days=first_days,
        minimum_bid_mw=minimum_bid_mw,
        decider=decider,
        depth=depth,
        model=model,
    )
    tell_size(chosen, month)
    tables = ("market_prices", "price_forecast", "solar_generation", "load_profiles")
    have_month(lake, month, chosen, assets=(*tables, "prosumer_fleet"))
    fleet = fleet_from_arrow(lake.read("prosumer_fleet", month, chosen.name).table)
    prices, forecast, solar, load = (lake.read(name, month, chosen.name).table.to_pandas() for name in tables)
    inputs = Inputs.build(chosen, Month.parse(month), prices, forecast, solar, load, fleet)
    days = int((inputs.period.local.normalize().unique() <= moment).sum())
    windows = int(inputs.windows.starts.searchsorted(moment, side="right"))
    tell_what_is_asked(chosen, windows, days if reserves else min(days + 1, len(inputs.period.days)))
    with gateway_of(lake, month, chosen) as gateway:
        transcript = (negotiate_reserves if reserves else negotiate_window)(inputs, moment, gateway)
    for line in story(transcript, names):
        say(line)
