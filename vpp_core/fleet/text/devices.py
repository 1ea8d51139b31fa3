"""Which devices a reading names, and which quantity belongs to which: battery, solar, cars."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from vpp_core.fleet.text.clauses import Clause, Reading
from vpp_core.fleet.text.products import Product
from vpp_core.fleet.text.quantities import Quantity

Kind = Literal["battery", "solar", "car"]

_CAR_WORD = (
    r"(?:electric (?:cars?|vehicles?|suvs?|trucks?|sedans?|hatchbacks?|vans?)|evs?|e-cars?|"
    r"phevs?|teslas?|plug-in (?:cars?|hybrids?))"
)
_ANCHORS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "battery",
        re.compile(
            r"\b(?:(?:home|house|stationary|energy|storage)[ -])*(?:batter(?:y|ies)|bess|storage|"
            r"(?<=kwh )pack)\b(?! (?:of|in) (?:the|my|our|her|his) (?:car|ev))"
        ),
    ),
    ("solar", re.compile(r"\b(?:rooftop )?(?:solar|pv|photovoltaics?|(?:solar )?panels?|modules?|array)\b(?! edge)")),
    ("car", re.compile(rf"\b{_CAR_WORD}\b")),
)
_ROOF_MAKES = re.compile(
    r"\broof\b.{0,24}\b(?:produc|mak|generat|deliver|put)\w*|\b(?:north|south|east|"
    r"west)(?:-?\w*)?[ -](?:facing )?roof\b|"
    r"(?<=\d) ?kw(?:p|dc| dc)\b"
)
_PLAIN_CAR = re.compile(r"\b(?:cars?|vehicles?|automobiles?)\b")
_FUEL = re.compile(r"\b(?:gas|gasoline|petrol|diesel|hybrid|ice|normal|regular)[ -](?:powered )?$")
_BATTERY_OF_CAR = re.compile(
    r"(?:^|\b)(?:with|has|having|and)?\s*(?:a|an|its|the|her|his)?\s*(?:-?[\d.]+ ?-?(?:kwh|kw)[ -]*)?"
    r"(?:big |small |large |traction )?$"
)
_EACH = re.compile(
    r"\bboth (?:on|with|at|have|use|charge)\b|\b(?:kwh|kw|amps?) (?:each|apiece)\b|\beach (?:has|with|on|of \d)\b"
)
_COUNT = re.compile(
    r"(?P<n>(?<!\d)\d{1,2}|both|a pair of|a couple of)(?: ?[x×])?(?: (?:tesla|electric|home|"
    r"new|old|identical|enphase|lg|chem))* $"
)
_TIMES_AFTER = re.compile(r" ?\(?(?:x|×|\*) ?(?P<n>[2-9])\b")
_DENIED = re.compile(
    r"(?:\bno|\bwithout|\bdon'?t (?:have|own)|\bdo not (?:have|own)|\bdoesn'?t (?:have|own)|\bhaven'?t(?: got)?|"
    r"\bnot (?:have|own)|\blacks?|\bneither|\bnor|\b0)(?: (?:any|a|an|my|own|yet|home|house|"
    r"electric|rooftop|solar|pv|"
    r"panels?|battery|storage|car|ev|evs|or|nor|and|either))* $"
)
_ANOTHER = re.compile(r"(?:\b(?:an?|another|second|other|more|1|and)|[,+&])\s*$")
_CONSUMED = re.compile(r" ?(?:/|a|per|each|every) ?(?:day|week|month|night)\b| daily| monthly| of (?:use|consumption)")
_INSIDE_CAR = re.compile(r" (?:of|in|for) (?:the|my|our|his|her|its)? ?$")
_DENIED_AFTER = re.compile(r"^\s*(?:system|panels?)?\s*[?:,-]*\s*(?:none|no\b|nope|not yet|n/?a\b)")


@dataclass
class Device:
    """A device named in the text: where, which product, how many, and the quantities that belong to it."""

    kind: Kind
    start: int
    end: int
    clause: Clause
    product: Product | None = None
    count: int = 1
    quantities: list[Quantity] = field(default_factory=list)
    quote: str = ""
    places: dict[int, str] = field(default_factory=dict)
    again: list[Clause] = field(default_factory=list)
    """later clauses that name it once more"""

    def named_in(self, clause: Clause) -> bool:
        """Whether a clause names this device."""
        return clause == self.clause or clause in self.again

    def words(self, quantity: Quantity) -> str:
        """The clause in which a quantity of this device was said."""
        return self.places.get(quantity.start, self.clause.text).strip()


@dataclass
class Devices:
    """Everything named: what is there, what is said not to be there, and words for cars without a product."""

    present: list[Device] = field(default_factory=list)
    denied: list[Device] = field(default_factory=list)


def find_devices(reading: Reading) -> Devices:
    """The devices of this household; what belongs to others, is only wished for, or is gone is left out."""
    named = sorted(_products(reading) + _generics(reading), key=lambda device: device.start)
    devices = Devices()
    for device in named:
        clause = device.clause
        before = reading.text[clause.start : device.start]
        after = reading.text[device.end : device.end + 24]
        if _DENIED.search(before) or (device.product is None and _DENIED_AFTER.match(after)):
            devices.denied.append(device)
        elif not clause.hypothetical:
            devices.present.append(device)
    _assign(reading, devices.present)
    devices.present = _merged(reading, devices.present)
    return devices


def _merged(reading: Reading, devices: list[Device]) -> list[Device]:
    """Each product once: “a Leaf … the Leaf” is one car, “a Leaf and a Leaf” are two."""
    kept: list[Device] = []
    for device in devices:
        twin = next((d for d in reversed(kept) if d.product is not None and d.product is device.product), None)
        if twin is None or _ANOTHER.search(reading.text[: device.start]):
            kept.append(device)
            continue
        twin.count = max(twin.count, device.count)
        twin.quantities += device.quantities
        twin.places |= device.places
        twin.again.append(device.clause)
    return kept


def _products(reading: Reading) -> list[Device]:
    devices = []
    for mention in reading.products:
        clause = reading.clause_at(mention.start)
        if clause is None or clause.foreign:
            continue
        count = _count(reading.text[clause.start : mention.start], mention.plural)
        times = _TIMES_AFTER.match(reading.text, mention.end)
        count = int(times["n"]) if times else count
        kind: Kind = mention.product.kind
        quote = reading.text[mention.start : mention.end]
        devices.append(Device(kind, mention.start, mention.end, clause, mention.product, count, quote=quote))
    return devices


def _generics(reading: Reading) -> list[Device]:
    devices: list[Device] = []
    taken = [(m.start, m.end) for m in reading.products]
    for clause in reading.own:
        for kind, pattern in _ANCHORS:
            for match in pattern.finditer(reading.text, clause.start, clause.end):
                if any(match.start() < end and match.end() > start for start, end in taken):
                    continue
                before = reading.text[clause.start : match.start()]
                if kind == "car" and _FUEL.search(before):
                    continue
                if kind == "battery" and _belongs_to_car(reading, clause, match.start()):
                    continue
                plural = match[0].endswith("s") and match[0] not in ("photovoltaics", "bess")
                count = _count(before, plural and kind == "car") if kind != "solar" else 1
                devices.append(Device(kind, match.start(), match.end(), clause, None, count, quote=match[0]))
        roof = _ROOF_MAKES.search(reading.text, clause.start, clause.end)
        if roof:
            devices.append(Device("solar", roof.start(), roof.end(), clause, quote=roof[0]))
        for match in _PLAIN_CAR.finditer(reading.text, clause.start, clause.end):
            before = reading.text[clause.start : match.start()]
            if _DENIED.search(before) or (_COUNT.search(before) and not _FUEL.search(before)):
                if any(d.start <= match.start() < d.end for d in devices):
                    continue
                count = _count(before, False)
                devices.append(Device("car", match.start(), match.end(), clause, None, count, quote=match[0]))
    return devices


def _belongs_to_car(reading: Reading, clause: Clause, position: int) -> bool:
    """Whether the word battery here is a car's: “Model Y battery”, “an EV with a 40 kWh battery”."""
    cars = [m for m in reading.products if m.product.kind == "car"]
    if any(_INSIDE_CAR.fullmatch(re.sub(r"^\w+", "", reading.text[position : m.start])) for m in cars):
        return True
    spans = [m.end for m in cars if clause.start <= m.start < position]
    spans += [
        m.end()
        for m in re.finditer(rf"\b(?:{_CAR_WORD}|cars?|vehicles?)\b(?:'s)?", reading.text[:position])
        if m.start() >= clause.start
    ]
    return any(_BATTERY_OF_CAR.fullmatch(reading.text[end:position].lstrip()) is not None for end in spans)


def _count(before: str, plural: bool) -> int:
    match = _COUNT.search(before)
    if match:
        return int(match["n"]) if match["n"].isdigit() else 2
    return 2 if plural else 1


def _assign(reading: Reading, devices: list[Device]) -> None:
    """Give every energy, power, current, panel and tilt quantity to the device that it describes."""
    for quantity in reading.quantities:
        if quantity.unit not in ("kwh", "kw", "a", "v", "panels", "degrees"):
            continue
        clause = reading.clause_at(quantity.start)
        if clause is None or clause.foreign or clause.hypothetical:
            continue
        if quantity.unit == "kwh" and _CONSUMED.match(reading.text, quantity.end):
            continue
        fitting = [device for device in devices if _fits(quantity, device)]
        for owner in _owners(quantity, clause, fitting):
            owner.quantities.append(quantity)
            owner.places[quantity.start] = clause.text


def _owners(quantity: Quantity, clause: Clause, fitting: list[Device]) -> list[Device]:
    """The device nearest in the clause; else the last one before, else the next one of the sentence.

    “Both” and “each” speak of all devices of the kind named last.
    """
    near = [device for device in fitting if device.clause == clause]
    earlier = [device for device in fitting if device.start < quantity.start]
    if _EACH.search(clause.text) and earlier:
        return [device for device in fitting if device.kind == earlier[-1].kind]
    if near:
        return [min(near, key=lambda device: _distance(quantity, device))]
    later = [d for d in fitting if d.start > quantity.start and d.clause.sentence == clause.sentence]
    in_sentence = [d for d in earlier if d.clause.sentence == clause.sentence]
    return in_sentence[-1:] or later[:1] or earlier[-1:]


def _fits(quantity: Quantity, device: Device) -> bool:
    if quantity.unit in ("panels", "degrees"):
        return device.kind == "solar"
    if quantity.unit in ("a", "v"):
        return device.kind == "car"
    return True


def _distance(quantity: Quantity, device: Device) -> float:
    """Letters between; a device that follows its number (“10 kWh battery”) is nearer than one before it."""
    if device.start >= quantity.end:
        return device.start - quantity.end
    return 1.5 * max(0, quantity.start - device.end) + 2
