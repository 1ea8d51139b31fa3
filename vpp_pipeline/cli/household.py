"""`vpp household`: a household in plain words, as the configuration the model uses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vpp_pipeline.cli.console import bar, console, print_rows, say

if TYPE_CHECKING:
    from vpp_core.fleet.text import HouseholdParser, ParsedHousehold


class Reader(StrEnum):
    """Who reads the words."""

    grammar = "grammar"
    llm = "llm"


def register(app: typer.Typer) -> None:
    app.command()(household)


def household(
    words: Annotated[str | None, typer.Argument(help="The household, such as “Powerwall, 6 kW solar, a Leaf”.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="Many households: .txt (one a line), .csv (column description) or .json.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, every field with where it came from.")] = False,
    parser: Annotated[
        Reader, typer.Option(help="grammar (rules, no key), or llm (Gemini, GOOGLE_API_KEY; rules where it fails).")
    ] = Reader.grammar,
    model: Annotated[str | None, typer.Option(help="Gemini model for --parser llm.")] = None,
) -> None:
    """Read a household from plain words, and say for every field whether it was said, inferred or assumed.

    What was not understood is listed with every answer. A file's households are printed as JSON; saved as
    households.json in the lake's raw folder, they join every fleet. Those that cannot be read are named with the reason
    on stderr and the others printed; if none can be read, nothing is printed and the exit code is 2.
    """
    from vpp_core.errors import InputError
    from vpp_core.fleet.text import parse_household

    if (words is None) == (file is None):
        raise InputError("give the household's words in quotes, or --file with many; one of the two")
    if file is not None:
        _many(file, _reader(parser, model))
        return
    parsed = parse_household(words or "", _reader(parser, model))
    if as_json:
        say(json.dumps(parsed.to_dict(), indent=2))
    else:
        _show(parsed)


def _reader(parser: Reader, model: str | None) -> HouseholdParser:
    """The parser asked for; building the language model's client checks its key."""
    from vpp_core.errors import InputError
    from vpp_core.fleet.text import GrammarParser

    if parser is Reader.grammar:
        if model is not None:
            raise InputError("--model names the language model; give --parser llm with it")
        return GrammarParser()
    from vpp_core.fleet.text.llm import LanguageModelParser
    from vpp_core.llm import DEFAULT_MODEL, gemini

    return LanguageModelParser(gemini(model or DEFAULT_MODEL))


def _many(file: Path, parser: HouseholdParser) -> None:
    """Every household of a file as JSON on stdout; those that were refused by number on stderr."""
    from vpp_core.errors import InputError
    from vpp_core.fleet.text import ParsedHousehold, Refused, parse_households, read_descriptions

    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read as text: {error}") from error
    with _bar(file.name) as progress:
        results = parse_households(read_descriptions(content, file.name), parser, progress)
    households = [
        result.to_dict() if isinstance(result, ParsedHousehold) else result.model_dump(mode="json")
        for result in results
        if not isinstance(result, Refused)
    ]
    refused = [result for result in results if isinstance(result, Refused)]
    if not households:
        raise InputError(f"{file}: none of {len(refused)} households could be read; the first: {refused[0].reason}")
    say(json.dumps({"households": households}, indent=2))
    for position, result in enumerate(results):
        if isinstance(result, ParsedHousehold) and result.not_understood:
            say(f"household {position + 1}, {_not_understood(result)}", err=True)
    for result in refused:
        say(f"household {result.position + 1} left out: {result.reason}", err=True)
    if refused:
        say(f"{len(refused)} of {len(results)} households left out", err=True)


@contextmanager
def _bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr over the households of a file."""
    with bar(console(stderr=True), transient=True) as households:
        task = households.add_task(title)
        yield lambda done, total: households.update(task, completed=done, total=total)


def _show(parsed: ParsedHousehold) -> None:

    home = parsed.prosumer
    values = dict(_fields(home.model_dump(mode="json")))
    values |= {"bess": "yes" if home.bess else "no", "pv": "yes" if home.pv else "no", "evs": len(home.evs)}
    print_rows(
        f"Read by {parsed.parser}",
        [
            {"what": name, "value": values.get(name, "–"), "origin": source.origin, "why": source.why}
            for name, source in parsed.provenance.items()
        ],
    )
    for line in (*(f"contradiction, {one}" for one in parsed.contradictions), *parsed.notes):
        say(line)
    if parsed.not_understood:
        say(_not_understood(parsed))


def _not_understood(parsed: ParsedHousehold) -> str:
    return f"not understood: {', '.join(f'“{stretch}”' for stretch in parsed.not_understood)}"


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
