"""Devices that a reading names, how many of each, and which it says are not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from vpp_core.fleet.text.clauses import Clause, Reading
from vpp_core.fleet.text.products import DeviceModel
from vpp_core.fleet.text.quantities import Quantity

Kind = Literal["battery", "solar", "car", "charger", "inverter", "other"]

CAR_WORD = (
    r"(?:electric (?:cars?|vehicles?|suvs?|trucks?|sedans?|hatchbacks?|vans?|pickups?)|b?evs?|e-cars?|phevs?|"
    r"teslas?(?! (?:solar|panel|roof|inverter|gateway|batter|app|energy))|"
    r"plug-in (?:cars?|hybrids?))"
)
_WORDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "other",
        re.compile(
            r"\b(?:hot tub|spa|jacuzzi|pool(?: pump| heater)?|hvac|"
            r"air ?con\w*|a/c|ac unit|ac(?= (?:is|draws|uses|of|\d))|heat pump|"
            r"mini[- ]?splits?|furnace|oven|stove|range|cooktop|dryer|water heater|well pump|fridge|freezer|heater|"
            r"(?:\w+ )?breakers?|circuit|sub ?panel|(?:main|electrical|service|span|sub|breaker|load|amp|a) panels?|"
            r"generator|gateway|microinverters?|micros|optimi[sz]ers?|edge of|main service)\b"
        ),
    ),
    (
        "charger",
        re.compile(
            r"\b(?:chargers?|charging|evse|wall ?box|(?:tesla )?wall connector|charge ?point|juicebox|"
            r"clipper ?creek|level[ -]?[12]|l[12]|trickle charge|nema ?\d+-\d+|(?:wall )?(?:outlet|socket|plug))\b"
        ),
    ),
    ("inverter", re.compile(r"\b(?:(?:hybrid|string|battery) )?inverters?\b")),
    (
        "battery",
        re.compile(
            r"\b(?:(?:home|house|stationary|energy|storage|rack|server rack|lfp|lithium)[ -])*"
            r"(?:batter(?:y|ies)|batts?|bess|ess|storage|(?<=kwh )(?:pack|packs|units?|stacks?|modules?))\b"
            r"(?! (?:of|in) (?:the|my|our|her|his) (?:car|ev))"
        ),
    ),
    (
        "solar",
        re.compile(
            r"\b(?:rooftop )?(?:solar(?: panels?| array| system)?|pv|photovoltaics?|panels?|modules?|arrays?|"
            r"(?<=kw )(?:sunpower|sunrun|solaredge|silfab|rec|q ?cells|maxeon|jinko|sunnova)|"
            r"ground ?mount|rooftop(?! \w)|(?<=kw )(?:(?:dc|ac) )?(?:\w+ )?system)\b"
        ),
    ),
    ("car", re.compile(rf"\b{CAR_WORD}\b")),
)
_ROOF_MAKES = re.compile(
    r"\broof\b.{0,24}\b(?:produc|mak|generat|deliver|put)\w*|\b(?:north|south|east|west)(?:-?\w*)?[ -](?:facing )?"
    r"roof\b|(?<=\d) ?kw(?:p|dc| dc)\b|(?<=\d) ?kw(?=[^,.;]{0,12} roof)|(?<=\broof: )[\d.]+ ?kw"
)
_PANEL_SIZE = re.compile(r"(?<![\w.$])[3-7]\d\d(?:'?s)\b")
_PLAIN_CAR = re.compile(r"\b(?:cars?|vehicles?|automobiles?)\b")
_OTHER_CAR = re.compile(r"\bthe other(?: (?:one|car|ev|vehicle))?(?= *$)")
_FUEL = re.compile(r"\b(?:gas|gasoline|petrol|diesel|hybrid|ice|normal|regular)[ -](?:powered )?$")
_BATTERY_OF_CAR = re.compile(
    r"(?:with|has|having|and)?\s*(?:a|an|its|the|her|his)?\s*(?:-?[\d.]+ ?-?(?:kwh|kw)[ -]*)?"
    r"(?:big |small |large |traction )?$"
)
_INSIDE_CAR = re.compile(r" (?:of|in|for) (?:the|my|our|his|her|its)? ?$")
_COUNT = re.compile(
    r"(?<![\d.,:/$-])(?P<n>\d{1,2}|both(?! an? )|a pair of|a couple of)(?P<x> ?[x×*])?"
    r"(?P<between>(?: (?!(?:with|of|for|on|at|in|to|from|or|no|not|more|than|is|are|was|day|days|year|years|"
    r"kids?|car|story|bed|bedroom|person|people|times?|hours?|am|pm|%)\b)[a-z][\w.+&'-]*){0,3}) ?$"
)
_COUNT_AFTER = re.compile(
    r" ?\(?[x×*] ?(?P<x>\d{1,2})\b(?! ?kw)|,? ?(?P<them>\d{1,2}) of (?:them|those|these)\b| ?\((?P<in>\d{1,2})\)"
)
_SMALL_WORDS = (
    r"(?: (?:any|a|an|my|own|yet|single|the|home|house|electric|rooftop|solar|pv|storage|or|nor|and|either|plug-in))*"
)
_DENIED = re.compile(
    r"(?:\bno|\bwithout|\bw/o|\bsans|\bdon'?t (?:\w+ )?(?:have|own|want|need)|\bdo not (?:\w+ )?(?:have|own|want|need)|"
    r"\bdoesn'?t (?:have|own)|\bhaven'?t(?: got)?|\bnever (?:got|had|bought|owned|installed)|"
    rf"\bnot (?:have|own)|\bnot(?= a single)|\blacks?|\bneither|\bnor|(?<![\d.])0):?{_SMALL_WORDS} $"
)
_DENIED_AFTER = re.compile(
    r"\s*(?:system|panels?)?\s*[?:=-]*\s*(?:none|nope|not yet|i wish|n/a|no(?=\s*(?:$|[.,;/)])))\b"
)
_DENIED_TOO = re.compile(r"(?:,? (?:or|nor)|,)(?: (?:a|an|any|home|house|electric))* $|/| and $")
_ANOTHER = re.compile(r"(?:\b(?:an?|another|second|other|more|1|and)|[,+&])\s*$")
_A_SECOND = re.compile(r"\b(?:an?|another|second|other|1)\s*$")


@dataclass
class Device:
    """A device named in the text: where, which product, how many, and the quantities that belong to it."""

    kind: Kind
    start: int
    end: int
    clause: Clause
    product: DeviceModel | None = None
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

    def has(self, unit: str) -> bool:
        """Whether a number of this unit belongs to it already."""
        return any(quantity.unit == unit for quantity in self.quantities)

    def give(self, quantity: Quantity, clause: Clause) -> None:
        self.quantities.append(quantity)
        self.places[quantity.start] = clause.text


@dataclass
class Devices:
    """Everything named: what is there, what is said not to be there, and numbers read as a device that is not named."""

    present: list[Device] = field(default_factory=list)
    denied: list[Device] = field(default_factory=list)

    def of(self, *kinds: Kind) -> list[Device]:
        """The devices of these kinds that are there."""
        return [device for device in self.present if device.kind in kinds]


def named_devices(reading: Reading) -> Devices:
    """The devices of this household; what belongs to others, is only wished for, or is gone is left out."""
    named = sorted(_named(reading), key=lambda device: device.start)
    devices = Devices()
    for device, denied in zip(named, _denials(reading, named), strict=True):
        if denied:
            devices.denied.append(device)
        elif not device.clause.hypothetical:
            devices.present.append(device)
        else:
            continue
        if device.kind != "other":
            reading.take((device.start, device.end))
    return devices


def _named(reading: Reading) -> Iterator[Device]:
    """Products first, then words for devices that no product covers."""
    spans: list[tuple[int, int]] = []
    for mention in reading.products:
        spans.append((mention.start, mention.end))
        clause = reading.clause_at(mention.start)
        if clause is not None and not clause.foreign:
            count = count_before(reading, clause, mention.start, 2 if mention.plural else 1)
            count = _times(reading, mention.end, count)
            quote = reading.text[mention.start : mention.end]
            yield Device(mention.product.kind, mention.start, mention.end, clause, mention.product, count, quote=quote)
    for clause in reading.own:
        for kind, pattern in _WORDS:
            for match in pattern.finditer(reading.text, clause.start, clause.end):
                before = reading.text[clause.start : match.start()]
                if any(match.start() < end and match.end() > start for start, end in spans):
                    continue
                if kind == "car" and _FUEL.search(before):
                    continue
                spans.append(match.span())
                if kind == "battery" and _belongs_to_car(reading, clause, match.start()):
                    reading.take(match.span())
                    continue
                plural = 2 if kind == "car" and match[0].endswith("s") else 1
                count = count_before(reading, clause, match.start(), plural) if kind in ("car", "battery") else 1
                count = _times(reading, match.end(), count) if kind in ("car", "battery") else count
                yield Device(kind, match.start(), match.end(), clause, None, count, quote=match[0])
        for pattern in (_ROOF_MAKES, _PANEL_SIZE):
            roof = pattern.search(reading.text, clause.start, clause.end)
            if roof:
                yield Device("solar", roof.start(), roof.end(), clause, quote=roof[0])
        yield from _plain_cars(reading, clause, spans)


def _plain_cars(reading: Reading, clause: Clause, spans: list[tuple[int, int]]) -> Iterator[Device]:
    """The words car and vehicle name an electric car only where they are counted or denied."""
    for match in _PLAIN_CAR.finditer(reading.text, clause.start, clause.end):
        before = reading.text[clause.start : match.start()]
        if any(match.start() < end and match.end() > start for start, end in spans):
            continue
        if _DENIED.search(before) or (_COUNT.search(before) and not _FUEL.search(before)):
            count = count_before(reading, clause, match.start(), 1)
            yield Device("car", match.start(), match.end(), clause, None, count, quote=match[0])
    other = _OTHER_CAR.search(reading.text, clause.start, clause.end)
    if other and reading.quantities_in(clause, "a", "v"):
        yield Device("car", other.start(), other.end(), clause, None, 1, quote=other[0])


def _belongs_to_car(reading: Reading, clause: Clause, position: int) -> bool:
    """Whether the word battery here is a car's: “Model Y battery”, “an EV with a 40 kWh battery”."""
    cars = [m for m in reading.products if m.product.kind == "car"]
    if any(_INSIDE_CAR.fullmatch(re.sub(r"^\w+", "", reading.text[position : m.start])) for m in cars):
        return True
    ends = [m.end for m in cars if clause.start <= m.start < position]
    words = re.compile(rf"\b(?:{CAR_WORD}|cars?|vehicles?)\b(?:'s)?")
    ends += [m.end() for m in words.finditer(reading.text, clause.start, position)]
    return any(_BATTERY_OF_CAR.fullmatch(reading.text[end:position].lstrip()) is not None for end in ends)


def count_before(reading: Reading, clause: Clause, position: int, otherwise: int) -> int:
    """The whole number that counts what stands at this place: “3 tesla”, “2x”, “20 q cells”; it is marked as read."""
    match = _COUNT.search(reading.text[clause.start : position])
    if match is None:
        return otherwise
    start = clause.start + match.start("n")
    if any(q.start <= start < q.end for q in reading.quantities) or any(
        m.start <= start < m.end for m in reading.products
    ):
        return otherwise
    reading.take((start, clause.start + (match.end("x") if match["x"] else match.end("n"))))
    return int(match["n"]) if match["n"].isdigit() else 2


def _times(reading: Reading, position: int, otherwise: int) -> int:
    """The number that counts what ends at this place: “x2”, “, 6 of them”; it is marked as read."""
    match = _COUNT_AFTER.match(reading.text, position)
    if match is None:
        return otherwise
    reading.take(match.span())
    return int(match[match.lastgroup or 0])


def _denials(reading: Reading, named: list[Device]) -> list[bool]:
    """Which devices are said not to be there. A “no” reaches forward to its device and along “or”, never backward."""
    denied = []
    for device in named:
        before = reading.text[device.clause.start : device.start]
        after = _DENIED_AFTER.match(reading.text, device.end)
        after = after if device.product is None or re.match(r"\s*[?:=]", reading.text[device.end :]) else None
        denied.append(bool(_DENIED.search(before) or after))
    for k, (one, other) in enumerate(pairwise(named)):
        gap = reading.text[one.end : other.start]
        joined = _DENIED_TOO.fullmatch(gap) and not (gap == " and " and other.product)
        listed = not gap.startswith(",") or re.match(r",? (?:or|nor)\b", reading.text[other.end :])
        if denied[k] and joined and listed and one.clause.sentence == other.clause.sentence:
            denied[k + 1] = True
    return denied


def merged(reading: Reading, devices: list[Device]) -> list[Device]:
    """Each product once: “a Leaf … the Leaf” is one car, “a Leaf and a Leaf” are two."""
    kept: list[Device] = []
    for device in devices:
        twin = next((d for d in reversed(kept) if d.product is not None and d.product is device.product), None)
        same = twin is not None and twin.clause.sentence == device.clause.sentence
        if twin is None or (_ANOTHER if same else _A_SECOND).search(reading.text[: device.start]):
            kept.append(device)
            continue
        twin.count = max(twin.count, device.count)
        twin.quantities += device.quantities
        twin.places |= device.places
        twin.again.append(device.clause)
    return kept
