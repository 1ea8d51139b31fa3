"""Cars in a reading, each with what is said of it: when it leaves and returns, what it needs, how it charges."""

from __future__ import annotations

import re

from vpp_core.fleet.text.clauses import Clause, Reading
from vpp_core.fleet.text.devices import Device
from vpp_core.fleet.text.extraction import Extraction
from vpp_core.fleet.text.quantities import Quantity
from vpp_core.fleet.text.wishes import share_field

KWH_PER_KM = 0.30 / 1.609344
"""0.30 kWh a mile, an average electric car with charging losses left out."""

_LEAVE = (
    r"leav(?:es?|ing)|dep|depart(?:s|ure)?|goes to work|go to work|head(?:s|ing)? (?:out|off)|"
    r"gone|out(?: the door)?|starts?|off to work|away"
)
_RETURN = (
    r"arr|(?:is |be |am |are |back |gets? |comes? |arrives? )*(?:home|back)|returns?|"
    r"returning|arrives?|arrival|gets? in|plug(?:s|ged)? (?:it )?in"
)
_READY = (
    r"ready|(?:has|have|needs?|ought) to (?:have|be|reach)|should (?:have|be)|full|charged|by|"
    r"before|until|must be|done|deadline|needed|needs?(?: it| the car|(?= \d))"
)
_TIME_WORD = re.compile(rf"\b(?:(?P<leave>{_LEAVE})|(?P<back>{_RETURN})|(?P<ready>{_READY}))\b")
_WEEKEND = re.compile(r"\b(?:weekends?|saturdays?|sundays?)\b")
_HOME_WORK = re.compile(
    r"\b(?:works?|working) (?:from|at) home|\bhome office|\bwfh\b|\bremote(?:ly)? work|\bwork(?:s|ing)? remotely|"
    r"\b(?:is|am|are|we're|i'm)? ?retired\b|\bretirees?\b|\bstay[- ]at[- ]home\b"
)
_V2G = re.compile(r"\b(?:v2g|vehicle[- ]to[- ]grid|bi-?directional(?: charg\w+)?|v2x)\b")
_LEVEL_1 = re.compile(
    r"\b(?:level[ -]?1|l1|trickle charg\w+)\b|\b1[12]0[ -]?v(?:olts?|ac)?\b|"
    r"\b(?:normal|regular|standard|wall|household|ordinary) (?:wall )?(?:outlet|socket|plug)\b"
)
_UNTIL = re.compile(r"(?:\b(?:to|until|till)|-) ?$")
_PER_MONTH = re.compile(r"(?:\b(?:a|per|each|every)|/) ?(?:month|mo)\b|\bmonthly\b")
_PER_YEAR = re.compile(r"(?:\b(?:a|per|each|every)|/) ?(?:year|yr)\b|\b(?:yearly|annual\w*)\b")
_DRIVING = re.compile(
    r"\b(?:driv\w*|commut\w*|day|daily|round|trip|work|week|way|average|month\w*|year\w*|annual\w*|yr|mo)\b"
)
_NOT_V2G = re.compile(r"\b(?:no|not|without|never|don'?t|doesn'?t|isn'?t|lacks?)\b[^,.;]{0,24}$")


def describe_cars(reading: Reading, cars: list[Device], extraction: Extraction) -> None:
    """Enter times, needs, trips and charging of every car; `cars` are those entered as `evs.0`, `evs.1`."""
    for clause in reading.own:
        if clause.hypothetical:
            continue
        owners = _owners(clause, cars)
        for k in owners:
            _times(reading, clause, f"evs.{k}", extraction)
            _needs(reading, clause, f"evs.{k}", extraction)
            _charging(reading, clause, f"evs.{k}", extraction)
            _trips(reading, clause, f"evs.{k}", extraction)
    for clause in reading.own:
        if _HOME_WORK.search(clause.text) and not re.search(r"\b(?:don'?t|doesn'?t|never|not) work", clause.text):
            for k in range(len(cars)):
                extraction.find(f"evs.{k}.works_from_home", True, clause.text)
            reading.take_words(clause)


def _owners(clause: Clause, cars: list[Device]) -> list[int]:
    """The cars that a clause speaks of: those named in it, else both where it says so, else the last named before."""
    if re.search(r"\b(?:both|each|all) (?:cars|of them|evs|leave|are)\b|\beach\b|\bboth\b", clause.text):
        return list(range(len(cars)))
    named = [k for k, car in enumerate(cars) if car.named_in(clause)]
    if named:
        return named
    last = max((c.start for car in cars for c in (car.clause, *car.again) if c.start < clause.start), default=None)
    before = [k for k, car in enumerate(cars) if any(c.start == last for c in (car.clause, *car.again))]
    return before[-1:] or ([0] if cars else [])


def _times(reading: Reading, clause: Clause, car: str, extraction: Extraction) -> None:
    day = "weekend" if _WEEKEND.search(clause.text) else "weekday"
    previous: str | None = None
    for clock in reading.quantities_in(clause, "clock"):
        local = clock.start - clause.start
        words = [match for match in _TIME_WORD.finditer(clause.text) if match.start() <= local]
        words = words or _words_before(reading, clause)
        if not words:
            continue
        reading.take(clock)
        reading.take_matches(clause, _TIME_WORD)
        strong = [match for match in words if match.lastgroup != "ready" or match[0] not in ("by", "before", "until")]
        word = strong[-1] if strong else words[-1]
        role = word.lastgroup
        if role == previous and _UNTIL.search(clause.text[:local]):
            role = {"leave": "back", "back": "leave"}.get(str(role), role)
        previous = role
        if role == "leave":
            extraction.find(f"{car}.{day}_departure_hour", clock.value, clause.text)
        elif role == "back":
            evening = clock.value + 12 if clock.bare and clock.value < 12 else clock.value
            extraction.find(f"{car}.{day}_arrival_hour", evening, clause.text)
        else:
            extraction.find(f"{car}.charge_deadline_hour", clock.value, clause.text)


def _words_before(reading: Reading, clause: Clause) -> list[re.Match[str]]:
    """The verb that a clause leaves out: “the Bolt returns at 5, the Leaf at 6”."""
    same = [c for c in reading.own if c.sentence == clause.sentence and c.start < clause.start]
    return next((words for c in reversed(same) if (words := list(_TIME_WORD.finditer(c.text)))), [])


def _needs(reading: Reading, clause: Clause, car: str, extraction: Extraction) -> None:
    for share in reading.quantities_in(clause, "%"):
        name = share_field(reading, clause, share)
        if name in ("min_departure_soc", "target_soc"):
            extraction.find(f"{car}.{name}", round(share.value / 100, 4), clause.text)
            reading.take(share)
            reading.take_words(clause)
    if not clause.negated_before(clause.end) and re.search(
        r"\b(?:fully charged|full) (?:by|at|before|in the morning|every morning|when)\b", clause.text
    ):
        extraction.find(f"{car}.min_departure_soc", 0.9, f"{clause.text.strip()}: 90 % of the battery", "inferred")
        reading.take_words(clause)


def _charging(reading: Reading, clause: Clause, car: str, extraction: Extraction) -> None:
    if re.search(
        r"\b(?:never|don'?t|do not|no) discharg\w+ (?:of )?(?:my |the |our )?(?:car|ev|vehicle|truck)", clause.text
    ):
        extraction.find(f"{car}.v2g", False, clause.text)
        reading.take_words(clause)
        return
    v2g = _V2G.search(clause.text)
    if v2g:
        extraction.find(f"{car}.v2g", not _NOT_V2G.search(clause.text[: v2g.start()]), clause.text)
        reading.take((clause.start, clause.start + v2g.end()))
    slow = _LEVEL_1.search(clause.text)
    if slow and not reading.quantities_in(clause, "a", "kw"):
        reading.take((clause.start + slow.start(), clause.start + slow.end()))
        extraction.find(f"{car}.max_charge_kw", 1.4, f"{clause.text.strip()}: 12 A at 120 V", "said")


def _trips(reading: Reading, clause: Clause, car: str, extraction: Extraction) -> None:
    for distance in reading.quantities_in(clause, "km"):
        if not _DRIVING.search(clause.text):
            continue
        km = distance.value
        if re.search(r"\b(?:each|one) way\b", clause.text):
            km *= 2
        if re.search(r"\b(?:a|per|each|every) week\b|\bweekly\b", clause.text):
            km /= 7
        elif _PER_MONTH.search(clause.text):
            km *= 12 / 365
        elif _PER_YEAR.search(clause.text):
            km /= 365
        evidence = f"{clause.text.strip()}: at 0.30 kWh a mile"
        extraction.find(f"{car}.trip_kwh", round(km * KWH_PER_KM, 1), evidence, "inferred")
        reading.take(distance)
        reading.take_matches(clause, _DRIVING)


def amperes_kw(current: Quantity, volts: list[Quantity], words: str) -> float:
    """AC power of a charger of this current, at 240 V unless the text says another voltage or an ordinary outlet."""
    voltage = volts[0].value if volts else 120.0 if _LEVEL_1.search(words) else 240.0
    return round(current.value * voltage / 1000, 1)
