"""From what was found to a whole, validated household: defaults of its category, and a reason for every field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from vpp_core.errors import InputError
from vpp_core.fleet.assumptions import PREFERENCES
from vpp_core.fleet.bess import BESS
from vpp_core.fleet.ev import ElectricVehicle
from vpp_core.fleet.prosumer import Prosumer, prosumer_from_dict
from vpp_core.fleet.pv import SolarPV
from vpp_core.fleet.text.extraction import Extraction

DEFAULT_CATEGORY = "moderate"
MAX_CARS = 2
_STATE = ("energy_kwh", "plugged_in")
_FROM_CATEGORY = (
    "participation_willingness",
    "min_compensation_usd_per_kwh",
    "moving_ask_usd_per_kwh",
    "backup_power_hours",
)


@dataclass(frozen=True)
class Provenance:
    """Where one field came from: said, inferred (from what), or default (whose)."""

    origin: Literal["said", "inferred", "default"]
    why: str


@dataclass(frozen=True)
class ParsedHousehold:
    """A household read from words, and how far to trust each field."""

    prosumer: Prosumer
    provenance: dict[str, Provenance]
    """by dotted field name, every field of the configuration"""
    contradictions: tuple[str, ...]
    notes: tuple[str, ...]
    not_understood: tuple[str, ...]
    """stretches of the text that no field came from, in its own words"""
    parser: str
    """who read it: `grammar`, `llm`, or `grammar after llm failed`"""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: `household` is what `prosumer_from_dict` reads back."""
        return {
            "household": self.prosumer.model_dump(mode="json"),
            "provenance": {name: {"origin": p.origin, "why": p.why} for name, p in self.provenance.items()},
            "contradictions": list(self.contradictions),
            "notes": list(self.notes),
            "not_understood": list(self.not_understood),
            "parser": self.parser,
        }


def category_defaults(category: str) -> dict[str, Any]:
    """Preferences of a category where nothing was said: the middle of each range, the car of medium priority."""
    ranges = PREFERENCES[category]
    middle = {name: round(sum(getattr(ranges, name)) / 2, 4) for name in _FROM_CATEGORY}
    return middle | {
        "opening_ask_usd_per_kwh": round(middle["min_compensation_usd_per_kwh"] * sum(ranges.opening_markup) / 2, 4),
        "max_discharge_percent": round(100 * sum(ranges.max_discharge_share) / 2, 2),
        "ev_priority": "medium",
    }


def complete(extraction: Extraction, parser: str) -> ParsedHousehold:
    """Fill, reconcile and validate. A field out of range, or more cars than a home may have, is an `InputError`."""
    draft = _Draft(extraction)
    category = draft.take("category", DEFAULT_CATEGORY, "no attitude was said")
    data: dict[str, Any] = {"category": category, "bess": None, "pv": None, "evs": []}
    for section, model in (("bess", BESS), ("pv", SolarPV)):
        if draft.present(section):
            data[section] = draft.device(section, model)
    count = draft.cars()
    data["evs"] = [draft.device(f"evs.{k}", ElectricVehicle) for k in range(count)]
    defaults = category_defaults(str(category))
    preferences = {
        name: draft.take(f"preferences.{name}", value, f"usual for {category} households")
        for name, value in defaults.items()
    }
    _opening_ask(preferences, draft, defaults)
    data["preferences"] = preferences
    _reconcile_battery(data["bess"], draft)
    for k, car in enumerate(data["evs"]):
        _reconcile_car(car, f"evs.{k}", draft)
    prosumer = prosumer_from_dict(data)
    return ParsedHousehold(
        prosumer,
        draft.provenance,
        tuple(extraction.contradictions),
        tuple(extraction.notes),
        tuple(dict.fromkeys(extraction.not_understood)),
        parser,
    )


class _Draft:
    """Takes fields from an extraction and writes down where each came from."""

    def __init__(self, extraction: Extraction) -> None:
        self._found = dict(extraction.fields)
        self.provenance: dict[str, Provenance] = {}

    def take(self, name: str, default: Any, why: str) -> Any:
        found = self._found.get(name)
        if found is None:
            self.provenance[name] = Provenance("default", why)
            return default
        self.provenance[name] = Provenance(found.origin, found.evidence)
        return found.value

    def said(self, name: str) -> bool:
        return self.provenance[name].origin != "default"

    def adjust(self, section: dict[str, Any], prefix: str, field: str, value: Any, why: str) -> None:
        """Change a field that was not said, so that it fits one that was."""
        section[field] = value
        self.provenance[f"{prefix}.{field}"] = Provenance("inferred", why)

    def present(self, section: str) -> bool:
        implied = any(name.startswith(f"{section}.") for name in self._found)
        return bool(self.take(section, implied, "not mentioned"))

    def cars(self) -> int:
        named = {int(name.split(".")[1]) + 1 for name in self._found if name.startswith("evs.")}
        count = int(self.take("evs", max(named, default=0), "not mentioned"))
        if count > MAX_CARS:
            raise InputError(f"the household is not valid: evs {count} is above {MAX_CARS}; describe at most two cars")
        return count

    def device(self, section: str, model: type[BESS] | type[SolarPV] | type[ElectricVehicle]) -> dict[str, Any]:
        return {
            name: self.take(f"{section}.{name}", field.default, "usual for such a device")
            for name, field in model.model_fields.items()
            if name not in _STATE
        }


def _opening_ask(preferences: dict[str, Any], draft: _Draft, defaults: dict[str, Any]) -> None:
    if draft.said("preferences.min_compensation_usd_per_kwh") and not draft.said("preferences.opening_ask_usd_per_kwh"):
        markup = defaults["opening_ask_usd_per_kwh"] / defaults["min_compensation_usd_per_kwh"]
        ask = round(preferences["min_compensation_usd_per_kwh"] * markup, 4)
        draft.adjust(preferences, "preferences", "opening_ask_usd_per_kwh", ask, "minimum with the category's markup")


def _reconcile_battery(bess: dict[str, Any] | None, draft: _Draft) -> None:
    """A reserve said in words moves the initial charge, which nobody says, into the allowed range."""
    if bess is None or draft.said("bess.initial_soc") or bess["min_soc"] >= bess["max_soc"]:
        return
    inside = min(max(bess["initial_soc"], bess["min_soc"]), bess["max_soc"])
    if inside != bess["initial_soc"]:
        draft.adjust(bess, "bess", "initial_soc", inside, "moved within min_soc and max_soc")


def _reconcile_car(car: dict[str, Any], name: str, draft: _Draft) -> None:
    """What was said of departure and V2G moves what was not."""
    if not draft.said(f"{name}.target_soc") and car["min_departure_soc"] > car["target_soc"]:
        draft.adjust(car, name, "target_soc", car["min_departure_soc"], "at least what is asked at departure")
    if not draft.said(f"{name}.min_departure_soc") and car["min_departure_soc"] > car["target_soc"]:
        draft.adjust(car, name, "min_departure_soc", car["target_soc"], "no more than it charges to")
    if car["v2g"] and not draft.said(f"{name}.max_discharge_kw"):
        draft.adjust(car, name, "max_discharge_kw", car["max_charge_kw"], "as much as it charges with")
    usable = (car["target_soc"] - car["min_soc"]) * car["capacity_kwh"]
    if not draft.said(f"{name}.trip_kwh") and car["trip_kwh"] > usable > 0:
        draft.adjust(car, name, "trip_kwh", round(0.5 * usable, 1), "half of what so small a battery can carry")
