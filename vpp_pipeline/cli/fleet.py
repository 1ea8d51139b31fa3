"""`vpp fleet`: the homes that a scenario draws."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vpp_pipeline.cli import options as o
from vpp_pipeline.cli.console import print_rows, say

if TYPE_CHECKING:
    from upath import UPath


MAX_AS_JSON = 20_000
"""Homes whose every field is written unasked; a million would be 2 GB and take minutes."""


def register(app: typer.Typer) -> None:
    app.command()(fleet)


def fleet(
    homes: o.HomesOption = None,
    seed: o.SeedOption = None,
    water_heaters: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of homes with an electric water heater that may be moved.")
    ] = 0.0,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the homes to this .csv (a line per home) or .json (every field) [both, in the lake]."),
    ] = None,
) -> None:
    """Draw a fleet and describe it: who has a battery, a car, solar, and how much of it.

    The homes are written as CSV, a line per home, and as JSON, every field of every home.
    """
    from vpp_core.errors import InputError
    from vpp_core.fleet.export import fleet_summary_csv, fleet_to_json
    from vpp_core.fleet.field_words import field_words
    from vpp_core.fleet.population import generate_fleet
    from vpp_core.fleet.statistics import describe
    from vpp_core.results.text import count
    from vpp_core.scenario import Scenario
    from vpp_pipeline.cli.execution import lake_to_read
    from vpp_pipeline.lake.files import write_whole

    if out is not None and out.suffix not in (".csv", ".json"):
        raise InputError(f"{out} must end in .csv or .json")
    default = Scenario()
    shares = {"water_heater": water_heaters}
    drawn = generate_fleet(homes or default.homes, default.seed if seed is None else seed, appliance_shares=shares)
    rows = [{"what": field_words(name), "value": value} for name, value in _flat(describe(drawn))]
    print_rows(f"{count(len(drawn), 'home')}, seed {drawn.seed}", rows)
    forms = {".csv": fleet_summary_csv, ".json": fleet_to_json}
    targets: dict[str, Path | UPath]
    if out is not None:
        targets = {out.suffix: out}
    else:
        lake = lake_to_read()
        if not lake.writable:
            say("for the homes as a file, name one with --out homes.csv")
            return
        heated = f"-w{round(100 * water_heaters)}" if water_heaters else ""
        stem = lake.root / "fleets" / f"fleet-{len(drawn)}h-s{drawn.seed}{heated}"
        wanted = forms if len(drawn) <= MAX_AS_JSON else (".csv",)
        targets = {ending: stem.with_suffix(ending) for ending in wanted}
    for ending, target in targets.items():
        write_whole(target, forms[ending](drawn).encode())
        say(f"written to {target}")
    if ".json" not in targets and out is None:
        say(f"more than {MAX_AS_JSON:,} homes: for every field of each, ask with --out homes.json")


def _flat(values: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested figures as lines: `category.moderate`, `0.45`."""
    lines: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, dict):
            lines += _flat(value, f"{prefix}{name}.")
        else:
            lines.append((prefix + name, f"{value:,.4g}" if isinstance(value, float) else str(value)))
    return lines
