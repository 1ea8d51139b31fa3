"""`vpp events`: what fleets of home batteries are known to have delivered, and what a fleet here would have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from vpp_pipeline.cli import options as o
from vpp_pipeline.cli.console import print_rows, say_folded

if TYPE_CHECKING:
    from vpp_core.fleet.events import RecordedEvent
    from vpp_core.scenario import Scenario


def register(app: typer.Typer) -> None:
    app.command()(events)


def events(
    homes: o.HomesOption = None,
    seed: o.SeedOption = None,
    data_seed: o.DataSeedOption = None,
    scenario: o.ScenarioOption = "unreliable",
) -> None:
    """Recorded events of Californian home batteries, in kW a home, beside those of a drawn fleet.

    Of the fleet's homes those with a battery count. Nothing is fitted to the record; sun and load are modelled. Which
    homes are in reach is the scenario's.
    """
    from vpp_core.fleet.events import RECORDED
    from vpp_pipeline.cli.execution import lake_to_read

    chosen = o.chosen_scenario(lake_to_read(), scenario, homes=homes, seed=seed, data_seed=data_seed)
    rows: list[dict[str, Any]] = []
    for event in RECORDED:
        rows.append({"what": event.name, "given": event.kw_per_home, "note": f"recorded: {event.source}"})
        rows += _ours(event, chosen)
    print_rows(f"kW a home with a battery, scenario {chosen.name}", [_shown(row) for row in rows])
    say_folded("given: mean power of a battery over the event; more: what of it is beyond the battery left alone")


def _ours(event: RecordedEvent, scenario: Scenario) -> list[dict[str, Any]]:
    """A row per way of asking: means over the event's days."""
    import numpy as np

    from vpp_core.calendar import Month, Period
    from vpp_core.fleet.events import WAYS, events_of_fleet
    from vpp_core.fleet.population import generate_fleet
    from vpp_core.sources.load_model import modelled_load, usual_load
    from vpp_core.sources.solar_model import modelled_solar

    fleet, seed = generate_fleet(scenario.homes, scenario.seed), scenario.data_seed
    homes = fleet.load_profile_id.astype(np.intp)
    parts = []
    for name in event.months:
        month = Month.parse(name)
        load = np.asarray(modelled_load(month, seed, homes), dtype=np.float64)
        usual = np.asarray(usual_load(month, seed, homes), dtype=np.float64)
        parts.append(
            events_of_fleet(event, Period(month), fleet, scenario.reliability, load, usual, modelled_solar(month, seed))
        )
    rows = []
    for way in WAYS:
        given, more = (np.concatenate([part[way.name][i] for part in parts]) for i in range(2))
        rows.append({"what": f"  {way.name}", "given": float(given.mean()), "more": float(more.mean())})
    return rows


def _shown(row: dict[str, Any]) -> dict[str, str]:
    more = f"{row['more']:.2f}" if "more" in row else ""
    return {"what": row["what"], "given": f"{row['given']:.2f}", "more": more, "note": row.get("note", "")}
