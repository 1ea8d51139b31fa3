"""Which devices a reading names, and which number belongs to which.

A number goes to the device that follows it ("10 kWh battery"), else to the one before it in its clause, else to the
last of its sentence that still lacks such a number. It never goes to a device of another kind: energy to batteries and
cars, current to cars, panels to solar. A pump or a breaker keeps its own numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from vpp_core.fleet.text.clauses import Clause, Reading
from vpp_core.fleet.text.products import Product
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
_EACH = re.compile(
    r"\bboth (?:on|with|at|have|use|charge)\b|\b(?:kwh|kw|amps?|a) (?:each|apiece)\b|\beach (?:has|with|on|of \d)\b"
)
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


TOTAL = re.compile(r"\b(?:total\w*|combined|altogether|together|overall|in all|sum)\b")


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


def find_devices(reading: Reading) -> Devices:
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
    _assign(reading, devices)
    _resolve_chargers(devices)
    devices.present = _merged(reading, devices.present)
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


def _merged(reading: Reading, devices: list[Device]) -> list[Device]:
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
            if owner.kind != "other":
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
    """The owner outside the number's clause: the last device of the sentence if it lacks such a number, and so on."""
    sentence = [d for d in devices.present if d.clause.sentence == clause.sentence and d.kind != "other"]
    earlier = [d for d in sentence if d.start < quantity.start]
    unit = quantity.unit
    last = earlier[-1] if earlier else None
    small = unit == "kw" and quantity.value < 1
    if unit == "kw" and not small:
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
        return (
            [_implied(reading, quantity, clause, devices, "solar")] if _stands_alone(reading, quantity, clause) else []
        )
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
        return [_implied(reading, quantity, clause, devices, "solar")]
    if unit == "kwh" and not devices.of("car") and not any(d.kind == "battery" for d in devices.denied):
        return [_implied(reading, quantity, clause, devices, "battery")]
    return []


def _stands_alone(reading: Reading, quantity: Quantity, clause: Clause) -> bool:
    """Whether a clause says this power and hardly more: “…, 12.2 kW, …”."""
    rest = reading.text[clause.start : quantity.start] + reading.text[quantity.end : clause.end]
    return not re.search(r"\d", rest) and len(re.findall(r"[a-z]{3,}", rest)) == 0


def _implied(reading: Reading, quantity: Quantity, clause: Clause, devices: Devices, kind: Kind) -> Device:
    """A device that a number alone implies."""
    device = Device(kind, quantity.start, quantity.end, clause, quote="")
    devices.present.append(device)
    devices.present.sort(key=lambda d: d.start)
    return device


def _resolve_chargers(devices: Devices) -> None:
    """A charger's numbers are its car's: one named after it in its clause, else the last before, else the next."""
    cars = devices.of("car")
    for charger in devices.of("charger"):
        here = [car for car in cars if car.clause == charger.clause and car.start > charger.start]
        before = [car for car in cars if car.start < charger.start]
        for car in here[:1] or before[-1:] or cars[:1]:
            for quantity in charger.quantities:
                if quantity not in car.quantities:
                    car.quantities.append(quantity)
                    car.places[quantity.start] = charger.clause.text
