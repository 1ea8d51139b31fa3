"""A parser's result: fields found in the text, each with its evidence, and what did not fit together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

Value = bool | int | float | str

CAUTIOUS: dict[str, Literal["least", "most"]] = {
    "capacity_kwh": "least",
    "max_power_kw": "least",
    "capacity_kw": "least",
    "max_charge_kw": "least",
    "max_discharge_kw": "least",
    "min_soc": "most",
    "max_soc": "least",
    "min_departure_soc": "most",
    "trip_kwh": "most",
    "backup_power_hours": "most",
    "min_compensation_usd_per_kwh": "most",
    "max_discharge_percent": "least",
    "participation_willingness": "least",
    "weekday_departure_hour": "least",
    "weekday_arrival_hour": "most",
    "charge_deadline_hour": "least",
}
"""Which of two contradicting values promises less to the VPP."""


@dataclass(frozen=True)
class Found:
    """A value and where it came from: said in so many words, or inferred from `evidence`."""

    value: Value
    origin: Literal["said", "inferred"]
    evidence: str


@dataclass
class Extraction:
    """Fields by dotted name (`bess.capacity_kwh`, `evs.0.v2g`), `bess` and `pv` being presence and `evs` a count."""

    fields: dict[str, Found] = field(default_factory=dict)
    contradictions: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    not_understood: list[str] = field(default_factory=list)
    """stretches of the text that no field came from"""
    parser: str | None = None
    """who read it, where that is not the parser that was asked"""

    def find(self, name: str, value: Value, evidence: str, origin: Literal["said", "inferred"] = "said") -> None:
        """Enter a field. Said outweighs inferred; of two sayings the more cautious stands and both are told."""
        new, old = Found(value, origin, evidence.strip()), self.fields.get(name)
        if old is None or old.value == value or (old.origin, origin) == ("inferred", "said"):
            self.fields[name] = old if old and old.value == value and old.origin == "said" else new
            return
        if (old.origin, origin) == ("said", "inferred"):
            return
        self.contradictions.append(f"{name}: “{old.evidence}” against “{new.evidence}”")
        self.fields[name] = _more_cautious(name.rsplit(".", 1)[-1], old, new)


def _more_cautious(name: str, old: Found, new: Found) -> Found:
    if name not in CAUTIOUS or not isinstance(old.value, int | float) or not isinstance(new.value, int | float):
        return old
    smaller, larger = sorted((old, new), key=lambda found: float(found.value))
    return smaller if CAUTIOUS[name] == "least" else larger


class HouseholdParser(Protocol):
    """Words → fields. One text at a time: nothing of one household is seen while another is read."""

    name: str

    def extract(self, text: str) -> Extraction:
        """What this text says of its household. Raises `InputError` where nothing can be made of it."""
        ...
