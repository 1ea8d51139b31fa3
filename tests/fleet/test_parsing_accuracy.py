"""How well the deterministic parser reads the labelled households; the figures are printed (pytest -s)."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from vpp_core.errors import InputError
from vpp_core.fleet.bess import BESS
from vpp_core.fleet.ev import ElectricVehicle
from vpp_core.fleet.pv import SolarPV
from vpp_core.fleet.text import parse_household
from vpp_core.fleet.text.completion import category_defaults

LABELLED = Path(__file__).parent / "labelled"

CAR_FIELDS = (
    "capacity_kwh",
    "max_charge_kw",
    "v2g",
    "weekday_departure_hour",
    "weekday_arrival_hour",
    "min_departure_soc",
    "charge_deadline_hour",
    "trip_kwh",
    "works_from_home",
)


@dataclass
class Score:
    """Fields right and asked, over all scored fields and over those that the text says or implies."""

    right: int = 0
    asked: int = 0
    right_said: int = 0
    asked_said: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, text: str, name: str, expected: Any, got: Any, said: bool) -> None:
        same = got == pytest.approx(expected) if isinstance(expected, float) and got is not None else got == expected
        self.asked += 1
        self.right += same
        self.asked_said += said
        self.right_said += same and said
        if not same:
            self.wrong.append(f"{name}: expected {expected}, got {got} in “{text}”")

    def line(self, name: str) -> str:
        return (
            f"{name}: {self.right}/{self.asked} fields ({self.right / self.asked:.1%}), "
            f"of those said or implied {self.right_said}/{self.asked_said} ({self.right_said / self.asked_said:.1%})"
        )


@dataclass
class ForumScore:
    """Fields of forum homes: those that a text says, whether there is a battery, solar or car, and fields made up."""

    right: int = 0
    asked: int = 0
    homes_right: int = 0
    homes: int = 0
    wrong: list[str] = field(default_factory=list)
    without_a_note: int = 0
    """wrong fields of homes of which nothing at all was told: no note, nothing not understood, no contradiction"""

    def line(self, name: str) -> str:
        return (
            f"{name}: {self.right}/{self.asked} fields ({self.right / self.asked:.1%}), "
            f"{self.homes_right}/{self.homes} homes wholly; {self.without_a_note} wrong fields without a note"
        )


def observed(text: str) -> dict[str, Any]:
    """Flat view of the parse; a refusal is the sentence under `refused`."""
    try:
        parsed = parse_household(text)
    except InputError as error:
        return {"refused": str(error), "told": True}
    home = parsed.prosumer
    flat: dict[str, Any] = {
        "category": home.category,
        "battery": home.bess is not None,
        "solar": home.pv is not None,
        "evs": len(home.evs),
        "contradictory": bool(parsed.contradictions),
        "told": bool(parsed.contradictions or parsed.notes or parsed.not_understood),
        **home.preferences.model_dump(),
    }
    for section in ("bess", "pv"):
        device = getattr(home, section)
        flat |= {f"{section}.{k}": v for k, v in device.model_dump().items()} if device else {}
    for k, car in enumerate(home.evs):
        flat |= {f"ev{k}.{name}": value for name, value in car.model_dump().items()}
    return flat


def score(part: str) -> Score:
    result = Score()
    for case in json.loads((LABELLED / f"{part}.json").read_text()):
        text, label = case["text"], case["expect"]
        got = observed(text)
        if "refused" in label:
            result.add(text, "refused", True, label["refused"] in got.get("refused", ""), True)
            continue
        expected = defaults(label) | {"contradictory": False} | label
        for name, value in expected.items():
            result.add(text, name, value, got.get(name), name in label)
    return result


def defaults(label: dict[str, Any]) -> dict[str, Any]:
    """What a home has where its text says nothing more than the label's category and devices."""
    category = label.get("category", "moderate")
    expected = {"battery": False, "solar": False, "evs": 0, "category": category}
    expected |= {k: v for k, v in category_defaults(category).items() if k != "opening_ask_usd_per_kwh"}
    if label.get("battery"):
        expected |= {f"bess.{k}": BESS.model_fields[k].default for k in ("capacity_kwh", "max_power_kw", "min_soc")}
    if label.get("solar"):
        expected |= {f"pv.{k}": SolarPV.model_fields[k].default for k in ("capacity_kw", "azimuth_deg", "tilt_deg")}
    for k in range(label.get("evs", 0)):
        expected |= {f"ev{k}.{name}": ElectricVehicle.model_fields[name].default for name in CAR_FIELDS}
    return expected


ANY = "any"
"""A label's word for a field that a careful reader could fill in several ways; it is not asked."""


def forum_score(part: str) -> ForumScore:
    """A field that nobody said is asked only where the answer made one up; one of a device that is missing is not."""
    result = ForumScore()
    for case in json.loads((LABELLED / f"{part}.json").read_text()):
        got, label = observed(case["text"]), {"battery": False, "solar": False, "evs": 0} | case["expect"]
        made_up = {k: v for k, v in defaults(label).items() if got.get(k) not in (None, v) and k not in label}
        wrong = []
        for name, value in (label | made_up).items():
            if value == ANY:
                continue
            seen = got.get(name)
            same = seen == pytest.approx(value) if isinstance(value, float) and seen is not None else seen == value
            result.asked += 1
            result.right += same
            if not same:
                wrong.append(f"{name}: expected {value}, got {seen} in “{case['text']}”")
        result.homes += 1
        result.homes_right += not wrong
        result.without_a_note += 0 if got["told"] else len(wrong)
        result.wrong += wrong
    return result


PARTS = {"tuning": 0.95, "untouched": 0.95, "later": 0.95, "final": 0.85}
"""Least share of fields right. `final` was scored once, at 90.2 %, and never looked at: what new texts may expect."""


def test_at_least_95_of_100_fields_are_read_right(capsys: pytest.CaptureFixture[str]) -> None:
    results = {part: score(part) for part in PARTS}
    with capsys.disabled():
        for part, result in results.items():
            sys.stdout.write(f"\nhouseholds in words, {result.line(part)}")
        sys.stdout.write("\n")
    for part, result in results.items():
        assert result.right / result.asked >= PARTS[part], "\n".join(result.wrong)
    assert sum(r.right for r in results.values()) / sum(r.asked for r in results.values()) >= 0.95


FORUM_PARTS = {"forum_tuning": 0.98, "forum_held_out": 0.90}
"""Least share of fields right; the held-out homes are not looked at when the parser is changed."""


def test_at_least_90_of_100_fields_of_forum_homes_are_read_right(capsys: pytest.CaptureFixture[str]) -> None:
    results = {part: forum_score(part) for part in FORUM_PARTS}
    with capsys.disabled():
        for part, result in results.items():
            sys.stdout.write(f"\n{result.line(part)}")
        sys.stdout.write("\n")
    for part, result in results.items():
        assert result.right / result.asked >= FORUM_PARTS[part], f"{len(result.wrong)} fields wrong in {part}"


def test_the_score_can_fail() -> None:
    result = Score()
    result.add("a text", "bess.capacity_kwh", 10.0, 13.5, True)
    result.add("a text", "evs", 1, 1, False)
    assert (result.right, result.asked, result.right_said, result.asked_said) == (1, 2, 0, 1)
