"""The way in: one description, or many from a file, each on its own."""

from __future__ import annotations

import csv
import io
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from vpp_core.errors import InputError
from vpp_core.fleet.prosumer import Prosumer, prosumer_from_dict
from vpp_core.fleet.text.completion import ParsedHousehold, complete
from vpp_core.fleet.text.extraction import HouseholdParser
from vpp_core.fleet.text.grammar import GrammarParser
from vpp_core.strict_json import parse_json

MAX_CHARACTERS = 2000
MAX_HOUSEHOLDS = 100_000
_ACTING = ("Cc", "Cs", "Co")
"""Unicode categories of what acts on a terminal or is no character"""
_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""These turn the direction of writing: what is shown is then not what is read."""


@dataclass(frozen=True)
class Refused:
    """A description or household that gave no household, and why; the others of its file are not touched."""

    position: int
    """0 for the first description"""
    reason: str


Described = str | Prosumer | Refused
"""What a file holds of a household: words, the household itself, or why neither could be read"""


def parse_household(text: str, parser: HouseholdParser | None = None) -> ParsedHousehold:
    """One description → one household, by the grammar unless another parser is given.

    The text is data: nothing in it changes the schema, its limits, or another household. Empty or overlong text and
    fields out of range are `InputError`s, which name the field and do not repeat the text.
    """
    if not text.strip():
        raise InputError("the description is empty; say what the household has, such as “Powerwall and 6 kW solar”")
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"the description has {len(text)} characters; shorten it to {MAX_CHARACTERS}")
    for character in text:
        if character in _TURNING or (character not in "\t\r\n" and unicodedata.category(character) in _ACTING):
            raise InputError(f"the description holds the control character U+{ord(character):04X}; write plain text")
    parser = parser or GrammarParser()
    extraction = parser.extract(text)
    return complete(extraction, extraction.parser or parser.name)


def parse_households(
    texts: Sequence[Described],
    parser: HouseholdParser | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[ParsedHousehold | Prosumer | Refused]:
    """Descriptions in their order, one failure not stopping the rest; `progress(done, total)` is called after each.

    A household that is given ready (from a JSON file) passes through, and so does one that its file refused.
    """
    results: list[ParsedHousehold | Prosumer | Refused] = []
    for position, text in enumerate(texts):
        try:
            results.append(parse_household(text, parser) if isinstance(text, str) else text)
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


def read_descriptions(content: str | bytes, name: str) -> list[Described]:
    """Descriptions in a file's content, by the ending of its name; one that cannot be read is `Refused` with its place.

    `.txt`: one per line, lines starting with # aside. `.csv`: the column `description` (or `text`). `.json`: a list of
    texts, of households as `vpp household` prints them, or of both. Anything else is an `InputError`, and so is a file
    that cannot be read as a whole. A byte-order mark, as spreadsheets leave it, is passed over.
    """
    ending = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    readers: dict[str, Callable[[str, str], list[Described]]] = {"txt": _lines, "csv": _from_csv, "json": _from_json}
    if ending not in readers:
        raise InputError(f"{name} is not a file of households; give one ending in .txt, .csv or .json")
    found = readers[ending](_decoded(content, name).removeprefix("\ufeff"), name)
    if not found:
        raise InputError(f"{name} describes no household; write one description per line or row")
    if len(found) > MAX_HOUSEHOLDS:
        raise InputError(f"{name} describes {len(found)} households; split it into files of {MAX_HOUSEHOLDS}")
    return [replace(one, position=k) if isinstance(one, Refused) else one for k, one in enumerate(found)]


def _decoded(content: str | bytes, name: str) -> str:
    """Text, or the text of bytes: UTF-8, or UTF-16 where its byte-order mark says so."""
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} cannot be read as text (byte {error.start + 1}); save it as UTF-8") from None


def _lines(content: str, name: str) -> list[Described]:
    return [line.strip() for line in re.split(r"\r\n|\r|\n", content) if re.match(r"\s*[^\s#]", line)]


def _from_csv(content: str, name: str) -> list[Described]:
    rows = csv.reader(io.StringIO(content, newline=""), strict=True)
    try:
        header = [field.strip().lower() for field in next(rows, [])]
    except csv.Error as error:
        raise InputError(f"{name} is not CSV in its first row ({error}); mend it") from None
    columns = [k for k, field in enumerate(header) if field in ("description", "text")]
    if len(columns) != 1:
        has = "no column description" if not columns else "several columns description or text"
        raise InputError(f"{name} has {has}; name the one column that holds the words so")
    found: list[Described] = []
    for row in itertools.count(2):
        try:
            cells = next(rows)
        except StopIteration:
            return found
        except csv.Error as error:
            found.append(Refused(0, f"row {row} is not CSV ({error}); mend it"))
            continue
        if any(cell.strip() for cell in cells):
            found.append(_of_row(cells, header, columns[0], f"row {row}"))
    return found


def _of_row(cells: list[str], header: list[str], column: int, where: str) -> Described:
    """The words of a row; a row whose cells the header does not name is refused, for commas may have cut the words."""
    if len(cells) > len(header):
        cut = f"{where} has {len(cells)} cells and the header {len(header)}"
        return Refused(0, f"{cut}; put words that hold commas in quotes")
    words = cells[column].strip() if column < len(cells) else ""
    return words or Refused(0, f"{where} has no description; write one or remove the row")


def _from_json(content: str, name: str) -> list[Described]:
    try:
        data = parse_json(content)
    except InputError as error:
        raise InputError(f"{name} cannot be read: {error}; write a list of descriptions") from None
    entries = data.get("households") if isinstance(data, dict) else data
    if not isinstance(entries, list):
        raise InputError(f"{name} holds no list; write a list of descriptions, or an object with households")
    return [_entry(entry) for entry in entries]


def _entry(entry: object) -> Described:
    if isinstance(entry, str):
        return entry
    if not isinstance(entry, dict):
        return Refused(0, "it is neither words nor a household; write a description in quotes")
    if isinstance(entry.get("description"), str):
        both = sorted(set(entry) & (set(Prosumer.model_fields) | {"household"}))
        if both:
            return Refused(0, f"it has a description and {', '.join(both)} beside it; give words or fields, not both")
        return str(entry["description"])
    try:
        return prosumer_from_dict(entry.get("household", entry), "it")
    except InputError as error:
        return Refused(0, str(error))
