"""The assignment of numbers in a text to the devices that they describe.

A number goes to the device that follows it ("10 kWh battery"), else to the one before it in its clause, else to the
last of its sentence that still lacks such a number. It never goes to a device of another kind: energy to batteries and
cars, current to cars, panels to solar. A pump, a breaker, or something that is not known here keeps its own numbers.
"""

from __future__ import annotations

import re

from vpp_core.fleet.text.clauses import Clause, Reading
from vpp_core.fleet.text.devices import Device, Devices, Kind, count_before, merged, named_devices
from vpp_core.fleet.text.leftovers import says_something
from vpp_core.fleet.text.quantities import Quantity

TOTAL = re.compile(r"\b(?:total\w*|combined|altogether|together|overall|in all|sum)\b")
_EACH = re.compile(
    r"\bboth (?:on|with|at|have|use|charge)\b|\b(?:kwh|kw|amps?|a) (?:each|apiece)\b|\beach (?:has|with|on|of \d)\b"
)
_CONSUMED = re.compile(
    r" ?(?:/|a|per|each|every) ?(?:day|week|month|mo|night)\b| daily| monthly| of (?:use|consumption)"
)
_YEARLY = re.compile(r" ?(?:/|a|per|each|every) ?(?:year|yr)\b| (?:annual|yearly)")
_DISTANT = re.compile(r"\b(?:with|for|on|at|to|from|in|into|is|are|has|have|which|that|w)\b|[:/]")
_FITS: dict[str, tuple[Kind, ...]] = {
    "kwh": ("battery", "car", "other"),
    "kw": ("solar", "battery", "car", "charger", "inverter", "other"),
    "a": ("car", "charger", "other"),
    "v": ("car", "charger", "other"),
    "panels": ("solar",),
    "degrees": ("solar",),
}


def find_devices(reading: Reading) -> Devices:
    """The devices of this household with the numbers that belong to them, each product once."""
    devices = named_devices(reading)
    _assign(reading, devices)
    _resolve_chargers(reading, devices)
    devices.present = merged(reading, devices.present)
    return devices


def _assign(reading: Reading, devices: Devices) -> None:
    """Give every energy, power, current, panel and tilt quantity to the device that it describes."""
    for quantity in reading.quantities:
        clause = reading.clause_at(quantity.start)
        if quantity.unit not in _FITS or clause is None or clause.foreign or clause.hypothetical:
            continue
        if quantity.unit == "kwh" and _CONSUMED.match(reading.text, quantity.end):
            continue
        for owner in _owners(reading, quantity, clause, devices):
            owner.give(quantity, clause)
            if owner.kind in ("battery", "solar", "car"):
                reading.take(quantity)


def _owners(reading: Reading, quantity: Quantity, clause: Clause, devices: Devices) -> list[Device]:
    """Whose number it is; nobody's, where only devices of another kind are near."""
    fits = _FITS[quantity.unit]
    if quantity.unit == "kwh" and (_YEARLY.match(reading.text, quantity.end) or re.search(r"\bannual", clause.text)):
        fits = ("solar",)
    if _EACH.search(clause.text):
        earlier = [d for d in devices.present if d.start < quantity.start and d.kind in fits and d.kind != "charger"]
        if earlier:
            return [d for d in devices.of(earlier[-1].kind)]
    here = [device for device in devices.present if device.clause == clause]
    within = [d for d in here if d.start < quantity.end and d.end > quantity.start and d.kind in fits]
    after = next((d for d in here if d.start >= quantity.end), None)
    before = next((d for d in reversed(here) if d.end <= quantity.start), None)
    if within:
        return within[:1]
    if quantity.unit == "kwh" and after and after.kind == "solar" and not any(d.kind in fits for d in here):
        return []
    if after and after.kind in fits and _leads_to(reading, quantity, after):
        named_first = (
            before and before.kind in fits and re.fullmatch(r"\s*[:=]\s*", reading.text[before.end : quantity.start])
        )
        return [before] if before and named_first else [after]
    if before and before.kind in fits and not (quantity.unit == "kw" and quantity.value < 1 and before.kind == "car"):
        return [before]
    if after and after.kind in fits:
        return [after]
    return _elsewhere(reading, quantity, clause, devices, fits)


def _leads_to(reading: Reading, quantity: Quantity, device: Device) -> bool:
    """Whether a number runs on to the device after it: “8 kW of Sunrun solar”, not “8 kW and on to solar”."""
    gap = reading.text[quantity.end : device.start]
    between = any(quantity.end <= q.start < device.start and q.unit == quantity.unit for q in reading.quantities)
    return not between and len(gap.split()) <= 4 and not _DISTANT.search(gap)


def _elsewhere(
    reading: Reading, quantity: Quantity, clause: Clause, devices: Devices, fits: tuple[Kind, ...]
) -> list[Device]:
    """The owner outside the number's clause: the last device of the sentence if it lacks such a number, and so on.

    What a clause says of something that is not known here (“Zeekr 7X with 100 kWh”) is of no other device.
    """
    if _of_the_unknown(reading, clause, quantity.start, devices):
        return []
    sentence = [d for d in devices.present if d.clause.sentence == clause.sentence and d.kind != "other"]
    earlier = [d for d in sentence if d.start < quantity.start]
    unit = quantity.unit
    last = earlier[-1] if earlier else None
    small = unit == "kw" and quantity.value < 1
    if unit == "kw" and not small:
        return _of_power(reading, quantity, clause, devices, fits, earlier)
    if small and last and last.kind == "battery" and last.has("kwh") and not devices.of("solar"):
        return [last]
    if small:
        fits = ("solar",)
    if last and last.kind in fits and not last.has(unit):
        return [last]
    ranked = [d for d in earlier if d.kind in fits] or [
        d for d in sentence if d.kind in fits and d.start > quantity.start
    ][:1]
    ranked = ranked or [d for d in devices.present if d.kind in fits and d.kind != "other"]
    lacking = [d for d in ranked if not d.has(unit)]
    if lacking:
        return lacking[-1:] if unit != "kwh" else [d for d in lacking if d.kind == "battery"][-1:] or lacking[-1:]
    if ranked:
        return ranked[-1:] if unit in ("a", "v", "degrees", "panels") else []
    if small and count_before(reading, clause, quantity.start, 1) > 1:
        return [_implied(quantity, clause, devices, "solar")]
    if unit == "kwh" and not devices.of("car") and not any(d.kind == "battery" for d in devices.denied):
        return [_implied(quantity, clause, devices, "battery")]
    return []


def _of_power(
    reading: Reading,
    quantity: Quantity,
    clause: Clause,
    devices: Devices,
    fits: tuple[Kind, ...],
    earlier: list[Device],
) -> list[Device]:
    """The owner of a power [kW] outside its clause: what charges, what was named last, a battery, panels."""
    last = earlier[-1] if earlier else None
    for_car = re.search(r"\b(?:charg\w*|max_charge_kw|(?:both|each) ways?)\b", clause.text)
    cars = [d for d in earlier if d.kind in ("car", "charger")] or devices.of("car")
    if for_car and cars:
        return cars[-1:]
    if last and last.kind in fits and not last.has("kw"):
        if last.kind in ("solar", "charger", "inverter") or last.has("kwh"):
            return [last]
        if re.search(r"\b(?:output|continuous|power|limit\w*)\b", clause.text):
            return [last]
    batteries = [d for d in earlier if d.kind == "battery"]
    if batteries and re.search(r"\b(?:output|continuous|discharge|power)\b", clause.text):
        return batteries[-1:]
    panels = devices.of("solar")
    if panels:
        return panels[:1] if TOTAL.search(clause.text) or not any(d.has("kw") for d in panels) else []
    return [_implied(quantity, clause, devices, "solar")] if _stands_alone(reading, quantity, clause) else []


def _of_the_unknown(reading: Reading, clause: Clause, position: int, devices: Devices) -> bool:
    """Whether words that mean nothing here stand between the device or number before and this place."""
    known = [q.end for q in reading.quantities if clause.start <= q.start < q.end <= position]
    known += [d.end for d in devices.present if d.clause == clause and d.end <= position]
    return says_something(reading.text[max(known, default=clause.start) : position])


def _stands_alone(reading: Reading, quantity: Quantity, clause: Clause) -> bool:
    """Whether a clause says this power and hardly more: “…, 12.2 kW, …”."""
    rest = reading.text[clause.start : quantity.start] + reading.text[quantity.end : clause.end]
    return not re.search(r"\d", rest) and len(re.findall(r"[a-z]{3,}", rest)) == 0


def _implied(quantity: Quantity, clause: Clause, devices: Devices, kind: Kind) -> Device:
    """A device that a number alone implies."""
    device = Device(kind, quantity.start, quantity.end, clause, quote="")
    devices.present.append(device)
    devices.present.sort(key=lambda d: d.start)
    return device


def _resolve_chargers(reading: Reading, devices: Devices) -> None:
    """A charger's numbers are its car's: one named after it in its clause, else the last before, else the next."""
    cars = devices.of("car")
    for charger in devices.of("charger"):
        first = min([charger.start, *(q.start for q in charger.quantities)])
        with_its_car = any(car.clause == charger.clause and car.start < first for car in cars)
        if not with_its_car and _of_the_unknown(reading, charger.clause, first, devices):
            continue
        here = [car for car in cars if car.clause == charger.clause and car.start > charger.start]
        before = [car for car in cars if car.start < charger.start]
        for car in here[:1] or before[-1:] or cars[:1]:
            for quantity in charger.quantities:
                reading.take(quantity)
                if quantity not in car.quantities:
                    car.give(quantity, charger.clause)
