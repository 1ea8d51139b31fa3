"""Files of households: every household is read as itself, or named with its reason; none is lost or becomes another."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Callable

from tests.fuzz.conftest import Fuzz
from tests.fuzz.harness import Trial
from vpp_core.fleet.prosumer import Prosumer
from vpp_core.fleet.text import ParsedHousehold, Refused, parse_households, read_descriptions

Result = list[ParsedHousehold | Prosumer | Refused]
_MARKS = ("utf-8", "utf-8-sig", "utf-16")


def words_with(kw: int, rng: random.Random) -> str:
    """A description that its solar size identifies, with signs that a file's format may stumble over."""
    return rng.choice(
        (f"{kw} kW solar", f"Powerwall, {kw} kW solar, Leaf", f'{kw} kW "best" solar', f"[b]{kw} kW[/b] solar",
         f"☀ {kw} kW solar 電池")
    )  # fmt: skip


def sizes(results: Result) -> list[float | None]:
    """The solar sizes by which households are told apart; None for one that was refused."""
    homes = [None if isinstance(r, Refused) else r.prosumer if isinstance(r, ParsedHousehold) else r for r in results]
    return [home.pv.capacity_kw if home and home.pv else None for home in homes]


def in_order(expected: list[float | None]) -> Callable[[Result], str | None]:
    def right(results: Result) -> str | None:
        found = sizes(results)
        reasons = [result.reason for result in results if isinstance(result, Refused)]
        if any(not reason.isprintable() or len(reason) > 500 for reason in reasons):
            return f"a reason that cannot be shown: {reasons}"
        return None if found == expected else f"{found} for {expected} ({reasons})"

    return right


def read(content: bytes, name: str) -> Result:
    return parse_households(read_descriptions(content, name))


def csv_of_households(rng: random.Random) -> Trial:
    """Some rows with a cell too many (commas that nobody quoted), without words, or with control characters."""
    file = io.StringIO()
    writer = csv.writer(
        file, quoting=rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)), lineterminator=rng.choice(("\n", "\r\n"))
    )
    column, width = rng.randrange(3), 3
    writer.writerow([("Description" if k == column else f"note {k}") for k in range(width)])
    expected: list[float | None] = []
    for kw in rng.sample(range(2, 60), rng.randint(1, 12)):
        cells = [words_with(kw, rng) if k == column else f"n, {kw}" for k in range(width)]
        fault = rng.choice(("none", "none", "none", "more cells", "no words", "control", "blank"))
        if fault == "more cells":
            cells += ["6 kW solar"]
        elif fault == "no words":
            cells[column] = "  "
        elif fault == "control":
            cells[column] += "\x1b[2J"
        elif fault == "blank":
            file.write("\n")
        writer.writerow(cells)
        expected.append(float(kw) if fault in ("none", "blank") else None)
    content = file.getvalue()
    return Trial(content, lambda: read(content.encode(rng.choice(_MARKS)), "h.csv"), in_order(expected), must_read=True)


def json_of_households(rng: random.Random) -> Trial:
    """Words, words in objects, and households, some with a field out of range, misnamed, or both words and fields."""
    entries: list[object] = []
    expected: list[float | None] = []
    for kw in rng.sample(range(2, 60), rng.randint(1, 12)):
        entry, good = rng.choice(
            (
                (words_with(kw, rng), True),
                ({"description": words_with(kw, rng), "name": "A"}, True),
                ({"pv": {"capacity_kw": float(kw)}}, True),
                ({"household": {"pv": {"capacity_kw": float(kw)}}, "notes": []}, True),
                ({"pv": {"capacity_kw": -float(kw)}}, False),
                ({"pv": {"capacity_kw": True}}, False),
                ({"pv": {"capacitykw": float(kw)}}, False),
                ({"description": words_with(kw, rng), "pv": None}, False),
                ({"household": [words_with(kw, rng)]}, False),
                (kw, False),
                (None, False),
            )
        )
        entries.append(entry)
        expected.append(float(kw) if good else None)
    content = json.dumps(rng.choice((entries, {"households": entries})), ensure_ascii=rng.random() < 0.5)
    return Trial(
        content, lambda: read(content.encode(rng.choice(_MARKS)), "h.json"), in_order(expected), must_read=True
    )


def damaged_files(rng: random.Random) -> Trial:
    """Bytes cut, doubled or changed anywhere: read or refused, in a sentence."""
    make = rng.choice((csv_of_households, json_of_households))
    name = "h.csv" if make is csv_of_households else "h.json"
    content = bytearray(make(rng).what.encode(rng.choice(_MARKS)))
    for _ in range(rng.randint(1, 6)):
        k = rng.randrange(len(content) + 1)
        content[k : k + rng.randint(0, 3)] = rng.choice(
            (b"", b'"', b"\xff", b"\0", b"\n", b",", b"[", b"{", b"\x1b", b"NaN", b"1e999")
        )
    data = bytes(content)

    def right(results: Result) -> str | None:
        reasons = [result.reason for result in results if isinstance(result, Refused)]
        return next((repr(reason) for reason in reasons if not reason.isprintable() or len(reason) > 500), None)

    return Trial(repr(data), lambda: read(data, name), right)


def test_rows_of_a_household_file_are_read_or_named(fuzz: Fuzz) -> None:
    fuzz(csv_of_households, quick=25)


def test_entries_of_a_household_file_are_read_or_named(fuzz: Fuzz) -> None:
    fuzz(json_of_households, quick=25)


def test_a_damaged_household_file_is_read_or_refused_in_a_sentence(fuzz: Fuzz) -> None:
    fuzz(damaged_files, quick=25)
