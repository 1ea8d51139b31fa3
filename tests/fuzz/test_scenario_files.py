"""Files of scenarios: what is read is what was written; what was spoilt is refused in a sentence."""

from __future__ import annotations

import json
import random
from typing import Any

from tests.fuzz.conftest import Fuzz
from tests.fuzz.harness import Trial
from vpp_core.errors import InputError
from vpp_core.scenario import Scenario

FIELDS = list(Scenario().model_dump(mode="json"))
ODD: list[Any] = [
    None, True, False, "", " ", "many", "[red]", "\x1b[31m", "\u202e", "../..", "NaN", -1, 0, 1, 2**63, 10**40,
    1e300, -0.0, 0.1, [], {}, [[]], {"": 0}, ["x"] * 30, "x" * 3000,
]  # fmt: skip
RAW = ["NaN", "Infinity", "-Infinity", "1e400", "-1e999", "9" * 5000, "0x1F", "01", "'x'", '"\\ud800"', "", "undefined"]


def valid(rng: random.Random) -> dict[str, Any]:
    """A scenario's content with some fields changed, as a person or an older version would write it."""
    content: dict[str, Any] = {
        "name": rng.choice(["mine", "a", "x-1_y"]),
        "homes": rng.randint(1, 1_000_000),
        "seed": rng.randint(0, 2**32 - 1),
        "source": rng.choice(["auto", "live", "file", "synthetic"]),
        "node": rng.choice([None, "DLAP_SCE-APND", "A#1"]),
        "preference_strictness": rng.choice([0, 1, 2.5]),
        "market": {"minimum_bid_mw": rng.choice([0, 0.1]), "reserves": rng.random() < 0.5},
        "tariff": {"import_usd_per_kwh": rng.choice([[0.3], [0.4] * 24])},
        "negotiation": {"rounds": rng.randint(1, 10), "llm": {"maximum_calls": rng.randint(1, 100)}},
    }
    return {name: content[name] for name in rng.sample(sorted(content), rng.randint(1, len(content)))}


def holds(content: dict[str, Any], scenario: Scenario) -> str | None:
    """What a scenario lacks of what was written."""
    read = scenario.model_dump(mode="json")
    read["tariff"] = read["tariffs"][0]  # one for all homes may be written so
    for name, value in content.items():
        part = {key: read[name][key] for key in value if key != "llm"} if isinstance(value, dict) else read[name]
        wanted = {key: one for key, one in value.items() if key != "llm"} if isinstance(value, dict) else value
        if part != wanted:
            return f"{name} is {part!r} for {wanted!r}"
    return None


def a_scenario_as_editors_save_it(rng: random.Random) -> Trial:
    content = valid(rng)
    text = json.dumps(content, indent=rng.choice([None, 1, 4]), ensure_ascii=rng.random() < 0.5)
    text = rng.choice(["", "\n", "\ufeff"]) + text + rng.choice(["", "\n", " \r\n"])
    saved: str | bytes = rng.choice(
        [text, text.encode(), text.removeprefix("\ufeff").encode(rng.choice(["utf-8-sig", "utf-16", "utf-16-le"]))]
    )
    return Trial(
        repr(saved), lambda: Scenario.from_json(saved, "it"), lambda read: holds(content, read), must_read=True
    )


def a_scenario_that_was_spoilt(rng: random.Random) -> Trial:
    """A value of another kind somewhere, a name twice, a number that is none, a letter lost, or a name left out."""
    content = valid(rng)
    way = rng.choice([0, 0, 0, 1, 2, 3, 4, 5])
    text = json.dumps(content)
    if way == 0:
        where = content
        while (deeper := [one for one in where.values() if isinstance(one, dict)]) and rng.random() < 0.5:
            where = rng.choice(deeper)
        where[rng.choice([*where, *FIELDS, "hmoes", "[/]", "\x1b", "y" * 4000])] = rng.choice(
            rng.choice([ODD, [0, 1, 0.5, [0.3]]])
        )
        text = json.dumps(content)
    elif way == 1:
        name = rng.choice(list(content))
        text = text[:-1] + f", {json.dumps(name)}: {json.dumps(content[name])}}}"
    elif way == 2:
        name = rng.choice(list(content))
        text = text.replace(f"{json.dumps(name)}: ", f"{json.dumps(name)}: {rng.choice(RAW)}, {json.dumps(name)}x: ", 1)
    elif way == 3:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["", *'{}[]",:\\\0\x1f']) + text[at + rng.randint(0, 2) :]
    elif way == 5:
        content.pop(rng.choice(list(content)))
        text = json.dumps(content)
    else:
        text = rng.choice(["[", '{"a":', "[[", "\0", "\ud800"]) * rng.choice([1, 2000, 100_000]) + text

    def right(read: Scenario) -> str | None:
        try:
            meant = json.loads(text.removeprefix("\ufeff"))
        except ValueError:
            return "read what is no JSON"
        if way in (1, 2):
            return "a name that is there twice, or a number that is none, was read"
        if any(isinstance(meant.get(name), bool) for name in ("homes", "seed", "preference_strictness")):
            return "a truth was read as a number"
        return None if Scenario.from_json(read.to_json()) == read else "it does not come back from its own JSON"

    return Trial(text, lambda: Scenario.from_json(text, "it"), right)


def bytes_that_may_be_no_text(rng: random.Random) -> Trial:
    content = bytearray(json.dumps(valid(rng)).encode(rng.choice(["utf-8", "utf-16"])))
    for _ in range(rng.randint(1, 4)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    return Trial(repr(bytes(content)), lambda: Scenario.from_json(bytes(content), "it"))


def test_what_is_valid_is_read_as_it_was_written(fuzz: Fuzz) -> None:
    fuzz(a_scenario_as_editors_save_it)


def test_what_was_spoilt_is_refused_or_means_what_it_says(fuzz: Fuzz) -> None:
    fuzz(a_scenario_that_was_spoilt, quick=40)


def test_bytes_are_read_or_refused(fuzz: Fuzz) -> None:
    fuzz(bytes_that_may_be_no_text)


def test_the_generator_spoils_and_leaves_whole() -> None:
    read = refused = 0
    for number in range(200):
        try:
            a_scenario_that_was_spoilt(random.Random(number)).feed()
            read += 1
        except InputError:
            refused += 1
    assert read > 10 and refused > 50
