"""The deterministic parser: no key, no network, the same words always give the same household."""

from __future__ import annotations

import re
from itertools import pairwise

from vpp_core.errors import InputError
from vpp_core.fleet.assumptions import BESS_SIZES
from vpp_core.fleet.text.cars import amperes_kw, describe_cars
from vpp_core.fleet.text.clauses import Reading
from vpp_core.fleet.text.devices import Device, Devices, find_devices
from vpp_core.fleet.text.extraction import Extraction
from vpp_core.fleet.text.quantities import Quantity
from vpp_core.fleet.text.wishes import find_wishes
from vpp_core.fleet.text.words import normalise

PANEL_KW = 0.4
"""A solar panel of today, where its size is not said."""
YEARLY_KWH_PER_KW = 1580.0
"""What a kW of roof makes in a year near Los Angeles; turns a yearly yield into a size."""
_DIRECTIONS = {"north": 0.0, "east": 90.0, "south": 180.0, "west": 270.0}
_DIRECTION = re.compile(r"\b(?P<a>north|south)?[- ]?(?P<b>east|west)?(?=\b|ern|ward|facing)")
_CHARGER = re.compile(r"\b(?:max_charge_kw|charger|charging|wall ?box)\b")
_HOME = re.compile(
    r"\b(?:home|house|household|apartment|flat|condo|family|we|i|our|my|homeowner|renter|tenant|couple)\b"
)


class GrammarParser:
    """Reads products, sizes, times and attitudes by rule."""

    name = "grammar"

    def extract(self, text: str) -> Extraction:
        """Fields of one description. A text that says nothing of a household is an `InputError`."""
        reading = Reading.of(normalise(text))
        extraction = Extraction()
        devices = find_devices(reading)
        _battery(devices, extraction)
        _nameless_battery(reading, devices, extraction)
        _solar(reading, devices, extraction)
        cars = _cars(devices, extraction)
        describe_cars(reading, cars, extraction)
        find_wishes(reading, extraction, bool(cars))
        if any(clause.foreign for clause in reading.clauses):
            extraction.notes.append("what is said about other homes was left out")
        if any(clause.hypothetical for clause in reading.clauses):
            extraction.notes.append("what is planned, wished for or gone was left out")
        if not extraction.fields and not any(_HOME.search(clause.text) for clause in reading.own):
            raise InputError(
                "the text says nothing about a household; name its devices and wishes, such as "
                "“13.5 kWh battery, 6 kW solar, cautious”"
            )
        return extraction


def _presence(name: str, devices: Devices, kind: str, extraction: Extraction) -> list[Device]:
    """Enter whether a device is there; said both ways it counts as absent, and both sayings are told."""
    present = [device for device in devices.present if device.kind == kind]
    denied = [device for device in devices.denied if device.kind == kind]
    none: bool | int = 0 if kind == "car" else False
    if denied and present:
        extraction.contradictions.append(
            f"{name}: “{denied[0].clause.text.strip()}” against “{present[0].clause.text.strip()}”"
        )
        extraction.find(name, none, denied[0].clause.text)
        return []
    if denied:
        extraction.find(name, none, denied[0].clause.text)
    return present


def _battery(devices: Devices, extraction: Extraction) -> None:
    present = _presence("bess", devices, "battery", extraction)
    if not present:
        return
    extraction.find("bess", True, present[0].quote)
    products = [device for device in present if device.product]
    if products:
        energy = sum(d.count * d.product.capacity_kwh for d in products if d.product)
        power = sum(d.count * d.product.power_kw for d in products if d.product)
        names = " and ".join(f"{d.count} × {d.product.name}" for d in products if d.product)
        extraction.find("bess.capacity_kwh", round(energy, 3), f"{names} as published", "inferred")
        extraction.find("bess.max_power_kw", round(power, 3), f"{names} as published", "inferred")
    count = 1 if products else max(device.count for device in present)
    for device in present:
        energies = [q for q in device.quantities if q.unit == "kwh"]
        powers = [q for q in device.quantities if q.unit == "kw"]
        for quantity in energies:
            extraction.find("bess.capacity_kwh", count * quantity.value, device.words(quantity))
        known = "bess.capacity_kwh" in extraction.fields
        for quantity in powers:
            if known and not energies and device.product and quantity.value == device.product.capacity_kwh:
                extraction.notes.append(f"{quantity.value:g} kW was read as the battery's {quantity.value:g} kWh")
            elif known or re.search(r"\binverter|\bpower\b", device.words(quantity)):
                extraction.find("bess.max_power_kw", count * quantity.value, device.words(quantity))
            else:
                evidence = f"{device.words(quantity)}: kW read as kWh"
                extraction.find("bess.capacity_kwh", count * quantity.value, evidence)
                extraction.notes.append(f"a battery of {quantity.value:g} kW was read as {quantity.value:g} kWh")
    _usual_power(extraction)


def _nameless_battery(reading: Reading, devices: Devices, extraction: Extraction) -> None:
    """Energy that belongs to no device, in a text that names nothing else that stores, is the battery's."""
    if "bess" in extraction.fields or any(device.kind == "car" for device in devices.present):
        return
    taken = {quantity.start for device in devices.present for quantity in device.quantities}
    for clause in reading.own:
        for energy in reading.quantities_in(clause, "kwh"):
            if (
                energy.start not in taken
                and not clause.hypothetical
                and not re.search(r"\b(?:year|month|use|bill)", clause.text)
            ):
                extraction.find("bess", True, clause.text, "inferred")
                extraction.find("bess.capacity_kwh", energy.value, clause.text, "inferred")
                _usual_power(extraction)


def _usual_power(extraction: Extraction) -> None:
    capacity = extraction.fields.get("bess.capacity_kwh")
    if capacity and "bess.max_power_kw" not in extraction.fields and 1 <= float(capacity.value) <= 200:
        power = battery_power_kw(float(capacity.value))
        extraction.find("bess.max_power_kw", power, f"usual for {float(capacity.value):g} kWh", "inferred")


def battery_power_kw(capacity_kwh: float) -> float:
    """Usual AC power of a battery of this size: along the table of sizes, in proportion beyond its ends."""
    sizes = [(kwh, kw) for kwh, kw, _ in BESS_SIZES]
    for (kwh_0, kw_0), (kwh_1, kw_1) in pairwise(sizes):
        if kwh_0 <= capacity_kwh <= kwh_1:
            return round(kw_0 + (kw_1 - kw_0) * (capacity_kwh - kwh_0) / (kwh_1 - kwh_0), 2)
    kwh, kw = sizes[0] if capacity_kwh < sizes[0][0] else sizes[-1]
    return round(capacity_kwh * kw / kwh, 2)


def _solar(reading: Reading, devices: Devices, extraction: Extraction) -> None:
    present = _presence("pv", devices, "solar", extraction)
    if not present:
        return
    extraction.find("pv", True, present[0].quote)
    for device in present:
        text = device.clause.text
        panels = [q for q in device.quantities if q.unit == "panels"]
        powers = [q for q in device.quantities if q.unit == "kw"]
        if panels or (powers and _number_of(text, powers[0], device) is not None):
            count = panels[0].value if panels else float(_number_of(text, powers[0], device) or 1)
            each = powers[0].value if powers and powers[0].value < 1 else PANEL_KW
            extraction.find(
                "pv.capacity_kw", round(count * each, 3), f"{text.strip()}: {count:g} × {each:g} kW", "inferred"
            )
            powers = [q for q in powers if q.value >= 1]
        for quantity in powers:
            extraction.find("pv.capacity_kw", quantity.value, device.words(quantity))
        for quantity in (q for q in device.quantities if q.unit == "kwh"):
            if re.search(r"\b(?:year|annual|yearly)", text):
                size = round(quantity.value / YEARLY_KWH_PER_KW, 2)
                extraction.find(
                    "pv.capacity_kw", size, f"{text.strip()}: at {YEARLY_KWH_PER_KW:g} kWh a kW", "inferred"
                )
            else:
                extraction.find("pv.capacity_kw", quantity.value, f"{text.strip()}: kWh read as kW")
                extraction.notes.append(f"solar of {quantity.value:g} kWh was read as {quantity.value:g} kW")
        for quantity in (q for q in device.quantities if q.unit == "degrees"):
            extraction.find("pv.tilt_deg", quantity.value, text)
    _orientation(reading, extraction)


def _number_of(text: str, power: Quantity, device: Device) -> float | None:
    """How many panels of this power: “20 400-watt panels”."""
    before = text[: power.start - device.clause.start]
    match = re.search(r"(\d+) (?:x |× )?$", before)
    return float(match[1]) if match and power.value < 1 else None


def _orientation(reading: Reading, extraction: Extraction) -> None:
    for clause in reading.own:
        if clause.hypothetical or not re.search(
            r"\b(?:fac\w+|roof|solar|pv|panels?|array|modules?|orient\w+|tilt\w*|side)\b", clause.text
        ):
            continue
        for match in _DIRECTION.finditer(clause.text):
            azimuth = _azimuth(match["a"], match["b"])
            if azimuth is not None:
                extraction.find("pv.azimuth_deg", azimuth, clause.text)


def _azimuth(first: str | None, second: str | None) -> float | None:
    if first and second:
        return {("north", "east"): 45.0, ("south", "east"): 135.0, ("south", "west"): 225.0, ("north", "west"): 315.0}[
            first, second
        ]
    word = first or second
    return _DIRECTIONS[word] if word else None


def _cars(devices: Devices, extraction: Extraction) -> list[Device]:
    """Enter the cars one by one. A word such as EV beside a product is that car, unless it brings its own battery."""
    present = _presence("evs", devices, "car", extraction)
    if not present:
        return []
    named = [device for device in present if device.product]
    plain = [device for device in present if not device.product]
    cars = [device for device in named for _ in range(device.count)]
    for device in plain:
        own = [q.value for q in device.quantities if q.unit == "kwh"]
        others = {d.product.capacity_kwh for d in named if d.product}
        additional = re.search(r"\b(?:another|second|other|also an?)\b", device.clause.text)
        if (
            not named
            or (own and own[0] not in others)
            or (additional and not any(d.named_in(device.clause) for d in named))
        ):
            while len(cars) < device.count or (named and device not in cars):
                cars.append(device)
            if not named and device not in cars and own:
                cars.append(device)
        elif len(cars) < device.count:
            cars.extend([device] * (device.count - len(cars)))
    cars.sort(key=lambda device: device.start)
    extraction.find("evs", len(cars), present[0].clause.text)
    for k, device in enumerate(cars):
        _car(f"evs.{k}", device, extraction)
    return cars


def _car(name: str, device: Device, extraction: Extraction) -> None:
    if device.product:
        evidence = f"{device.product.name} as published"
        extraction.find(f"{name}.capacity_kwh", device.product.capacity_kwh, evidence, "inferred")
        extraction.find(f"{name}.max_charge_kw", device.product.power_kw, evidence, "inferred")
    for quantity in device.quantities:
        text = device.words(quantity)
        if quantity.unit == "kwh":
            extraction.find(f"{name}.capacity_kwh", quantity.value, text)
        elif (
            quantity.unit == "kw"
            and not _CHARGER.search(text)
            and (quantity.value > 25 or re.search(r"\bkw\b.{0,16}\bbattery\b", text))
        ):
            extraction.find(f"{name}.capacity_kwh", quantity.value, f"{text.strip()}: kW read as kWh")
        elif quantity.unit == "kw":
            extraction.find(f"{name}.max_charge_kw", quantity.value, text)
        elif quantity.unit == "a":
            power = amperes_kw(quantity, [q for q in device.quantities if q.unit == "v"])
            extraction.find(f"{name}.max_charge_kw", power, f"{text.strip()}: at 240 V unless said", "said")
