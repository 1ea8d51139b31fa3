"""The way in: one description, or many from a file, each on its own."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from vpp_core.errors import InputError
from vpp_core.fleet.prosumer import Prosumer, prosumer_from_dict
from vpp_core.fleet.text.completion import ParsedHousehold, complete
from vpp_core.fleet.text.extraction import HouseholdParser
from vpp_core.fleet.text.grammar import GrammarParser
from vpp_core.strict_json import parse_json

MAX_CHARACTERS = 2000
MAX_HOUSEHOLDS = 100_000


@dataclass(frozen=True)
class Refused:
    """A description that gave no household, and why; the others of its file are not touched."""

    position: int
    """0 for the first description"""
    reason: str


def parse_household(text: str, parser: HouseholdParser | None = None) -> ParsedHousehold:
    """One description → one household, by the grammar unless another parser is given.

    The text is data: nothing in it changes the schema, its limits, or another household. Empty or overlong text and
    fields out of range are `InputError`s, which name the field and do not repeat the text.
    """
    if not text.strip():
        raise InputError("the description is empty; say what the household has, such as “Powerwall and 6 kW solar”")
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"the description has {len(text)} characters; shorten it to {MAX_CHARACTERS}")
    parser = parser or GrammarParser()
    extraction = parser.extract(text)
    return complete(extraction, extraction.parser or parser.name)


def parse_households(
    texts: Sequence[str | Prosumer],
    parser: HouseholdParser | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[ParsedHousehold | Prosumer | Refused]:
    """Descriptions in their order, one failure not stopping the rest; `progress(done, total)` is called after each.

    A household that is given ready (from a JSON file) passes through.
    """
    results: list[ParsedHousehold | Prosumer | Refused] = []
    for position, text in enumerate(texts):
        try:
            results.append(text if isinstance(text, Prosumer) else parse_household(text, parser))
        except InputError as error:
            results.append(Refused(position, str(error)))
        if progress is not None:
            progress(position + 1, len(texts))
    return results


def households_in(results: Sequence[ParsedHousehold | Prosumer | Refused]) -> Iterator[Prosumer]:
    """The households among results, in order."""
    for result in results:
        if isinstance(result, ParsedHousehold):
            yield result.prosumer
        elif isinstance(result, Prosumer):
            yield result


def read_descriptions(content: str, name: str) -> list[str | Prosumer]:
    """Descriptions in a file's content, by the ending of its name.

    `.txt`: one per line, lines starting with # aside. `.csv`: the column `description` (or `text`). `.json`: a list of
    texts, of households as `vpp household` prints them, or of both. Anything else is an `InputError`.
    """
    ending = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    if ending == "txt":
        found: list[str | Prosumer] = [line.strip() for line in content.splitlines() if re.match(r"\s*[^\s#]", line)]
    elif ending == "csv":
        found = _from_csv(content, name)
    elif ending == "json":
        found = _from_json(content, name)
    else:
        raise InputError(f"{name} is not a file of households; give one ending in .txt, .csv or .json")
    if not found:
        raise InputError(f"{name} describes no household; write one description per line or row")
    if len(found) > MAX_HOUSEHOLDS:
        raise InputError(f"{name} describes {len(found)} households; split it into files of {MAX_HOUSEHOLDS}")
    return found


def _from_csv(content: str, name: str) -> list[str | Prosumer]:
    rows = csv.DictReader(io.StringIO(content.removeprefix("\ufeff"), newline=""))
    try:
        return _described_in(rows, name)
    except csv.Error as error:
        raise InputError(f"{name} is not CSV in line {rows.line_num + 1} ({error}); mend it") from None


def _described_in(rows: csv.DictReader[str], name: str) -> list[str | Prosumer]:
    column = next((field for field in rows.fieldnames or [] if field.strip().lower() in ("description", "text")), None)
    if column is None:
        raise InputError(f"{name} has no column description; name the column that holds the words so")
    return [row[column].strip() for row in rows if (row[column] or "").strip()]


def _from_json(content: str, name: str) -> list[str | Prosumer]:
    try:
        data = parse_json(content)
    except InputError as error:
        raise InputError(f"{name} cannot be read: {error}; write a list of descriptions") from None
    entries = data.get("households") if isinstance(data, dict) else data
    if not isinstance(entries, list):
        raise InputError(f"{name} holds no list; write a list of descriptions, or an object with households")
    return [_entry(entry, f"{name}, household {k + 1}") for k, entry in enumerate(entries)]


def _entry(entry: object, where: str) -> str | Prosumer:
    if isinstance(entry, str):
        return entry
    if isinstance(entry, dict) and isinstance(entry.get("description"), str):
        return str(entry["description"])
    if isinstance(entry, dict):
        return prosumer_from_dict(entry.get("household", entry), where)
    raise InputError(f"{where} is neither words nor a household; write a description in quotes")
