"""`vpp household`: a household in plain words, as the configuration the model uses."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from vpp_core.fleet.text import ParsedHousehold


def register(app: typer.Typer) -> None:
    app.command()(household)


def household(
    words: Annotated[str | None, typer.Argument(help="The household, such as “Powerwall, 6 kW solar, a Leaf”.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="Many households: .txt (one a line), .csv (column description) or .json.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, every field with where it came from.")] = False,
) -> None:
    """Read a household from plain words, and say for every field whether it was said, inferred or assumed."""
    from vpp_core.errors import InputError
    from vpp_core.fleet.text import parse_household

    if (words is None) == (file is None):
        raise InputError("give the household's words in quotes, or --file with many; one of the two")
    if file is not None:
        _many(file)
        return
    parsed = parse_household(words or "")
    if as_json:
        typer.echo(json.dumps(parsed.to_dict(), indent=2))
    else:
        _show(parsed)


def _many(file: Path) -> None:
    """Every household of a file as JSON on stdout; those that were refused by number on stderr."""
    from vpp_core.errors import InputError
    from vpp_core.fleet.text import Refused, parse_households, read_descriptions
    from vpp_core.fleet.text.batch import households_in

    try:
        content = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read as text: {error}") from error
    results = parse_households(read_descriptions(content, file.name))
    households = [home.model_dump(mode="json") for home in households_in(results)]
    typer.echo(json.dumps({"households": households}, indent=2))
    for result in results:
        if isinstance(result, Refused):
            typer.echo(f"household {result.position + 1} left out: {result.reason}", err=True)


def _show(parsed: ParsedHousehold) -> None:
    from vpp_pipeline.cli.execution import print_rows

    values = dict(_fields(parsed.prosumer.model_dump(mode="json")))
    print_rows(
        f"Read by {parsed.parser}",
        [
            {"what": name, "value": values.get(name, "–"), "origin": source.origin, "why": source.why}
            for name, source in parsed.provenance.items()
        ],
    )
    for line in (*parsed.contradictions, *parsed.notes):
        typer.echo(line)


def _fields(data: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """Dotted names and values, lists by position."""
    parts: Iterable[tuple[str, Any]]
    if isinstance(data, dict):
        parts = data.items()
    elif isinstance(data, list):
        parts = ((str(k), value) for k, value in enumerate(data))
    else:
        return [(prefix[:-1], data)]
    return [pair for name, value in parts for pair in _fields(value, f"{prefix}{name}.")]
