"""The deterministic parser: no key, no network, the same words always give the same household."""

from __future__ import annotations

import re
from itertools import pairwise

from vpp_core.errors import InputError
from vpp_core.fleet.assumptions import BESS_SIZES
from vpp_core.fleet.text.attach import TOTAL, find_devices
from vpp_core.fleet.text.cars import amperes_kw, describe_cars
from vpp_core.fleet.text.clauses import Reading
from vpp_core.fleet.text.devices import Device, Devices, Kind, count_before
from vpp_core.fleet.text.extraction import Extraction
from vpp_core.fleet.text.leftovers import leftovers
from vpp_core.fleet.text.quantities import Quantity
from vpp_core.fleet.text.wishes import find_wishes
from vpp_core.fleet.text.words import normalise

PANEL_KW = 0.4
"""A solar panel of today, where its size is not said."""
YEARLY_KWH_PER_KW = 1580.0
"""What a kW of roof makes in a year near Los Angeles; turns a yearly yield into a size."""
_DIRECTIONS = {"north": 0.0, "east": 90.0, "south": 180.0, "west": 270.0}
_DIRECTION = re.compile(r"\b(?P<a>north|south)?[- ]?(?P<b>east|west)?(?=\b|ern|ward|facing)")
_ROOF = re.compile(r"\b(?:fac\w+|roof|solar|pv|panels?|array|modules?|orient\w+|tilt\w*|side)\b")
_CHARGER = re.compile(r"\b(?:max_charge_kw|charger|charging|wall ?box)\b")
_POWER = re.compile(r"\b(?:inverter|power|output|continuous|limit\w*|max_power_kw)\b")
_HOME = re.compile(
    r"\b(?:home|house|household|apartment|flat|condo|family|we|i|our|my|homeowner|renter|tenant|couple)\b"
)


class GrammarParser:
    """Reads products, sizes, times and attitudes by rule, and tells what it made nothing of."""

    name = "grammar"

    def extract(self, text: str) -> Extraction:
        """Fields of one description. A text that says nothing of a household is an `InputError`."""
        reading = Reading.of(normalise(text))
        extraction = Extraction()
        devices = find_devices(reading)
        _battery(reading, devices, extraction)
        _solar(reading, devices, extraction)
        cars = _cars(devices, extraction)
        describe_cars(reading, cars, extraction)
        find_wishes(reading, extraction, bool(cars))
        for what, aside in (
            ("said about other homes", [c for c in reading.clauses if c.foreign]),
            ("planned, wished for or gone", [c for c in reading.own if c.hypothetical]),
        ):
            if aside:
                quotes = ", ".join(f"“{clause.text.strip()}”" for clause in aside)
                extraction.notes.append(f"what is {what} was left out: {quotes}")
        if not extraction.fields and not any(_HOME.search(clause.text) for clause in reading.own):
            raise InputError(
                "the text says nothing about a household; name its devices and wishes, such as "
                "“13.5 kWh battery, 6 kW solar, cautious”"
            )
        extraction.not_understood.extend(leftovers(reading))
        return extraction


def _presence(name: str, devices: Devices, kind: Kind, extraction: Extraction) -> list[Device]:
    """Enter whether a device is there; said both ways it counts as absent, and both sayings are told."""
    present = devices.of(kind)
    denied = [device for device in devices.denied if device.kind == kind]
    if denied:
        extraction.find(name, 0 if kind == "car" else False, denied[0].clause.text)
    if denied and present:
        extraction.contradictions.append(
            f"{name}: “{denied[0].clause.text.strip()}” against “{present[0].clause.text.strip()}”"
        )
        return []
    return present


def _battery(reading: Reading, devices: Devices, extraction: Extraction) -> None:
    present = _presence("bess", devices, "battery", extraction)
    if not present:
        return
    implied = not present[0].quote
    extraction.find("bess", True, present[0].quote or present[0].clause.text, "inferred" if implied else "said")
    products = [(device, device.product) for device in present if device.product]
    if products:
        names = " and ".join(f"{d.count} × {product.name}" for d, product in products)
        energy, power = (sum(d.count * getattr(p, name) for d, p in products) for name in ("capacity_kwh", "power_kw"))
        extraction.find("bess.capacity_kwh", round(energy, 3), f"{names} as published", "inferred")
        if power:
            extraction.find("bess.max_power_kw", round(power, 3), f"{names} as published", "inferred")
    _battery_energy(reading, present, extraction)
    for device in (*present, *devices.of("inverter")):
        for quantity in (q for q in device.quantities if q.unit == "kw"):
            _battery_power(reading, device, quantity, bool(products), extraction)
    _usual_power(extraction)


def _battery_energy(reading: Reading, present: list[Device], extraction: Extraction) -> None:
    """Energies of counted units add up (“a 10 kWh and two 5 kWh batteries”); any other says the whole."""
    counted: list[tuple[float, str]] = []
    units: list[tuple[float, str]] = []
    for device in present:
        for quantity in (q for q in device.quantities if q.unit == "kwh"):
            number, count = _units(reading, device, quantity)
            energy = (round(count * quantity.value, 3), device.words(quantity))
            if number:
                counted.append(energy)
            elif not device.product and re.search(r"\b(?:an?|another) $", reading.text[: quantity.start]):
                units.append(energy)
            elif device.quote:
                extraction.find("bess.capacity_kwh", *energy)
            else:
                extraction.find("bess.capacity_kwh", *energy, "inferred")
    if counted:
        words = "; ".join(dict.fromkeys(said for _, said in counted + units))
        units = [(round(sum(energy for energy, _ in counted + units), 3), words)]
    for energy in units:
        extraction.find("bess.capacity_kwh", *energy)


def _units(reading: Reading, device: Device, quantity: Quantity) -> tuple[bool, int]:
    """Whether this energy is of counted units (“two 10 kWh”), and of how many; a stated total is of one."""
    words = device.words(quantity)
    count = count_before(reading, device.clause, quantity.start, 0) if quantity.start >= device.clause.start else 0
    if device.product:
        unit = device.product.capacity_kwh
        return (True, count or device.count) if max(count, device.count) > 1 and quantity.value == unit else (False, 1)
    if not count and (TOTAL.search(words) or reading.text.startswith(" of ", quantity.end)):
        return False, 1
    if count:
        return True, count
    return device.count > 1, device.count


def _battery_power(reading: Reading, device: Device, quantity: Quantity, named: bool, extraction: Extraction) -> None:
    """A power beside a battery: its inverter's, or its energy written in the wrong unit."""
    words = device.words(quantity)
    known = "bess.capacity_kwh" in extraction.fields
    if device.kind == "inverter":
        if not named or re.search(r"\blimit", words):
            extraction.find("bess.max_power_kw", quantity.value, words)
            reading.take(quantity)
    elif device.product and not device.has("kwh") and quantity.value == device.product.capacity_kwh:
        extraction.notes.append(f"{quantity.value:g} kW was read as the battery's {quantity.value:g} kWh")
    elif known or _POWER.search(words):
        count = device.count if not device.product and not TOTAL.search(words) and not device.has("kwh") else 1
        extraction.find("bess.max_power_kw", count * quantity.value, words)
    else:
        extraction.find("bess.capacity_kwh", device.count * quantity.value, f"{words}: kW read as kWh")
        extraction.notes.append(f"a battery of {quantity.value:g} kW was read as {quantity.value:g} kWh")


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
    extraction.find("pv", True, present[0].quote or present[0].clause.text)
    numbers = [(quantity, device) for device in present for quantity in device.quantities]
    powers = [(q, d) for q, d in numbers if q.unit == "kw" and (q.value >= 1 or q.value <= 0)]
    dc = [(q, d) for q, d in powers if re.match(r"[ -]*dc\b", reading.text[q.end :])]
    totals = [(q, d) for q, d in powers if TOTAL.search(d.words(q))]
    roofs = [(q, d) for q, d in powers if _directions(d.words(q))]
    if len(roofs) > 1 and len({_directions(d.words(q)) for q, d in roofs}) == len(powers) and not totals:
        words = "; ".join(d.words(q) for q, d in roofs)
        extraction.find("pv.capacity_kw", round(sum(q.value for q, _ in roofs), 3), f"{words}: together", "inferred")
        powers = []
    for quantity, device in totals or dc or powers:
        extraction.find("pv.capacity_kw", quantity.value, device.words(quantity))
        if not device.quote:
            extraction.notes.append(f"{quantity.value:g} kW, said of nothing, was read as solar")
    _panels(reading, present, extraction)
    for quantity, device in numbers:
        words = device.words(quantity)
        if quantity.unit == "kwh":
            size = round(quantity.value / YEARLY_KWH_PER_KW, 2)
            extraction.find("pv.capacity_kw", size, f"{words}: at {YEARLY_KWH_PER_KW:g} kWh a kW", "inferred")
        elif quantity.unit == "degrees":
            extraction.find("pv.tilt_deg", quantity.value, words)
    _misread_energy(reading, present, extraction)
    _orientation(reading, extraction)


def _panels(reading: Reading, present: list[Device], extraction: Extraction) -> None:
    """Panels × the power of one: “24 panels of 400 W”, “20 410 W panels”, “26 REC 400s”."""
    for sentence in dict.fromkeys(device.clause.sentence for device in present):
        devices = [device for device in present if device.clause.sentence == sentence]
        numbers = [q for device in devices for q in device.quantities]
        each = [q for q in numbers if q.unit == "kw" and 0 < q.value < 1]
        panels = [q.value for q in numbers if q.unit == "panels"]
        size = each[0].value if each else PANEL_KW
        for device in devices:
            if re.fullmatch(r"[3-7]\d\d'?s", device.quote):
                size = float(device.quote[:3]) / 1000
                panels += [float(n) for n in [count_before(reading, device.clause, device.start, 0)] if n]
        if not panels:
            clauses = [(q, reading.clause_at(q.start)) for q in each]
            panels = [float(n) for q, c in clauses if c and (n := count_before(reading, c, q.start, 0))]
        words = "; ".join(dict.fromkeys(device.clause.text.strip() for device in devices))
        if panels:
            count = sum(panels)
            extraction.find("pv.capacity_kw", round(count * size, 3), f"{words}: {count:g} × {size:g} kW", "inferred")
        elif each and "pv.capacity_kw" not in extraction.fields:
            extraction.find("pv.capacity_kw", each[0].value, words)


def _misread_energy(reading: Reading, present: list[Device], extraction: Extraction) -> None:
    """“7 kWh solar system”: an energy right before the word solar, where no power is said, is a power."""
    if "pv.capacity_kw" in extraction.fields:
        return
    for device in present:
        for quantity in reading.quantities_in(device.clause, "kwh"):
            if re.fullmatch(r" (?:of )?", reading.text[quantity.end : device.start]):
                extraction.find("pv.capacity_kw", quantity.value, f"{device.clause.text.strip()}: kWh read as kW")
                extraction.notes.append(f"solar of {quantity.value:g} kWh was read as {quantity.value:g} kW")
                reading.take(quantity)


def _orientation(reading: Reading, extraction: Extraction) -> None:
    for clause in reading.own:
        if clause.hypothetical or not _ROOF.search(clause.text):
            continue
        for match in _DIRECTION.finditer(clause.text):
            azimuth = _azimuth(match["a"], match["b"])
            if azimuth is not None:
                extraction.find("pv.azimuth_deg", azimuth, clause.text)
                reading.take((clause.start + match.start(), clause.start + match.end()))


def _directions(words: str) -> tuple[str, ...]:
    """The compass words of a clause."""
    return tuple(match[0] for match in _DIRECTION.finditer(words) if match["a"] or match["b"])


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
    cars = [device for device in named for _ in range(device.count)]
    for device in (device for device in present if not device.product):
        own = [q.value for q in device.quantities if q.unit == "kwh"]
        others = {d.product.capacity_kwh for d in named if d.product}
        apart = not any(d.named_in(device.clause) for d in named)
        additional = re.search(r"\b(?:another|second|other|also an?)\b", device.clause.text) and apart
        first = not named and (not cars or device.count > len(cars) or bool(own) or bool(additional))
        if first or (named and ((own and own[0] not in others) or additional)):
            cars.extend([device] * (device.count - len(cars) if device.count > 1 and not named else 1))
        elif len(cars) < device.count:
            cars.extend([device] * (device.count - len(cars)))
        elif len(named) == 1:
            named[0].quantities += [q for q in device.quantities if not named[0].has(q.unit)]
            named[0].places |= device.places
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
        battery = quantity.value > 25 or re.search(r"\bkw\b.{0,16}\bbattery\b", text)
        if quantity.unit == "kwh":
            extraction.find(f"{name}.capacity_kwh", quantity.value, text)
        elif quantity.unit == "kw" and battery and not _CHARGER.search(text):
            extraction.find(f"{name}.capacity_kwh", quantity.value, f"{text.strip()}: kW read as kWh")
        elif quantity.unit == "kw":
            extraction.find(f"{name}.max_charge_kw", quantity.value, text)
        elif quantity.unit == "a":
            power = amperes_kw(quantity, [q for q in device.quantities if q.unit == "v"], text)
            extraction.find(f"{name}.max_charge_kw", power, f"{text.strip()}: at 240 V unless said", "said")
