"""`vpp fleet`: the homes that a scenario draws."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vpp_pipeline.cli import options as o


def register(app: typer.Typer) -> None:
    app.command()(fleet)


def fleet(
    homes: o.HomesOption = None,
    seed: o.SeedOption = None,
    out: Annotated[
        Path | None, typer.Option(help="Also write the homes to this .csv (a line per home) or .json (every field).")
    ] = None,
) -> None:
    """Draw a fleet and describe it: who has a battery, a car, solar, and how much of it."""
    from vpp_core.errors import InputError
    from vpp_core.fleet.export import fleet_summary_csv, fleet_to_json
    from vpp_core.fleet.population import generate_fleet
    from vpp_core.scenario import Scenario
    from vpp_pipeline.cli.execution import print_rows
    from vpp_pipeline.lake.files import write_whole

    if out is not None and out.suffix not in (".csv", ".json"):
        raise InputError(f"{out} must end in .csv or .json")
    default = Scenario()
    drawn = generate_fleet(homes or default.homes, default.seed if seed is None else seed)
    rows = [{"what": name, "value": value} for name, value in _flat(drawn.describe())]
    print_rows(f"{len(drawn)} homes, seed {drawn.seed}", rows)
    if out is not None:
        text = fleet_summary_csv(drawn) if out.suffix == ".csv" else fleet_to_json(drawn)
        write_whole(out, text.encode())
        typer.echo(f"written to {out}")


def _flat(values: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested figures as lines: `category.moderate`, `0.45`."""
    lines: list[tuple[str, str]] = []
    for name, value in values.items():
        if isinstance(value, dict):
            lines += _flat(value, f"{prefix}{name}.")
        else:
            lines.append((prefix + name, f"{value:,.4g}" if isinstance(value, float) else str(value)))
    return lines
