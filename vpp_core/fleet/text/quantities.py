"""Numbers with units in normalised text: energy, power, current, shares, money, durations, distances, clock times."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Unit = Literal["kwh", "kw", "a", "v", "%", "hours", "km", "panels", "degrees", "usd_per_kwh", "clock"]

KM_PER_MILE = 1.609344

_NUMBER = r"(?<![\w.])(?P<n>(?:(?<=\s)-|^-|(?<=[:=])-)?\d+(?:\.\d+)?|\.\d+)"
_PER = r"\s*(?:/|per|an?|each)\s*"
_DOLLAR = r"(?:\$|usd|dollars?|bucks?)"
_ENERGY = r"(?P<e>k|m)(?:wh|ilowatt[ -]?hours?|egawatt[ -]?hours?)"
_ALONE = r"(?=\s*(?:$|[.,;)](?!\d)))"
_DAYTIME = r" in the (?:morning|evening|afternoon)| at night"
_PREPOSITION = r"(?:at|by|around|until|before|after|from)"
_TIMED = (
    r"(?:at|by|around|until|till|before|after|from|about|to|-|~|leav(?:es?|ing)|departs?|dep|out|off|back|home|in|"
    r"returns?|arrives?|arr|ready)"
)

_FORMS: tuple[tuple[Unit, str], ...] = (
    ("usd_per_kwh", rf"(?<![\w.]){_DOLLAR}\s*(?P<n>-?\d+(?:\.\d+)?|\.\d+){_PER}{_ENERGY}\b"),
    ("usd_per_kwh", rf"{_NUMBER}\s*{_DOLLAR}{_PER}{_ENERGY}\b"),
    ("usd_per_kwh", rf"{_NUMBER}\s*(?P<cents>cents?|¢|ct|c)(?:{_PER}{_ENERGY}\b|(?![\w]))"),
    ("usd_per_kwh", rf"\b(?P<word>a quarter|a dime|a nickel|half a dollar|a dollar|a buck){_PER}{_ENERGY}\b"),
    ("usd_per_kwh", rf"(?<![\w.])(?P<n>0?\.\d+)\s*(?:/|per)\s*{_ENERGY}\b"),
    ("kwh", rf"{_NUMBER}[\s-]*(?P<scale>k|m|g)?(?:wh|ilowatt[ -]?hours?|egawatt[ -]?hours?|watt[ -]?hours?)\b"),
    ("kwh", r"capacity_kwh\W{1,4}(?P<n>-?\d+(?:\.\d+)?)"),
    ("kwh", rf"\b(?:battery|storage)(?: is| of|:)?[ (]+(?P<n>\d{{1,2}}(?:\.\d+)?){_ALONE}"),
    ("kw", r"(?:capacity|max_power|max_charge)_kw\W{1,4}(?P<n>-?\d+(?:\.\d+)?)"),
    ("kw", rf"{_NUMBER}[\s-]*(?P<scale>k|m)?(?:wp?|wdc|wac|watts?|ilowatts?|ilowatt-?peak|egawatts?)\b"),
    ("kw", rf"\b(?:solar|pv|panels)(?: is| of|:)?[ (]+(?P<n>\d{{1,2}}(?:\.\d+)?){_ALONE}"),
    ("v", rf"{_NUMBER}[\s-]*(?:vac|v|volts?)\b"),
    ("clock", r"(?<![\w.:$])(?P<h>\d{1,2}):(?P<min>\d{2})\s*(?P<half>[ap]m?)\b"),
    (
        "clock",
        rf"\b{_TIMED} ?(?P<h>1[0-2]|[1-9]) ?(?P<half>[ap])\b(?! (?:charg|wall|evse|breaker|circuit|outlet|plug))",
    ),
    ("a", rf"{_NUMBER}(?:a|[\s-]*(?:amps?|amperes?)|\s?a(?= (?:charg|wall|evse|breaker|circuit|outlet|plug)))\b"),
    ("%", rf"{_NUMBER}\s*(?:%|percent|per cent|pct)"),
    ("%", r"\b(?P<word>half|a quarter|three quarters|a third|two thirds|all)\b(?= (?:of|the|my|its|our|their)\b)"),
    ("hours", rf"{_NUMBER}[\s-]*(?P<time>hours?|hrs?|h|minutes?|mins?|days?|nights?)\b"),
    ("hours", r"\b(?P<word>half a day|half an hour|an hour|a day|a full day|overnight|a night)\b"),
    ("km", rf"{_NUMBER}(?P<thousand>k)?\+?[\s-]*(?P<distance>miles?|mi|km|kilometers?|kilometres?)\b"),
    ("panels", rf"{_NUMBER}\s*(?:(?:solar|pv)\s*)?(?:panels?|modules?)\b"),
    ("degrees", rf"{_NUMBER}[\s-]*(?:degrees?\b|°|deg\b)"),
    ("clock", r"(?<![\w.:$])(?P<h>\d{1,2})(?::(?P<min>\d{2}))?\s*(?P<half>am|pm)\b"),
    ("clock", rf"(?<![\w.:$])(?P<h>\d{{1,2}}):(?P<min>\d{{2}})(?P<half>)(?P<later>{_DAYTIME})?"),
    ("clock", rf"{_PREPOSITION} (?P<h>\d{{1,2}})(?P<half>)(?P<later>{_DAYTIME})"),
    (
        "clock",
        rf"{_PREPOSITION} (?P<h>\d{{1,2}})(?P<half>)(?= ?(?:$|[,;]|[.](?!\d)|(?:and|with|every|each|on|o'?clock)\b))",
    ),
    ("clock", r"\b(?P<word>noon|midnight|midday)\b"),
)
_PATTERNS = tuple((unit, re.compile(pattern)) for unit, pattern in _FORMS)

_REPLACED = re.compile(
    r"\b(?:upgrad|expand|increas|extend|grew|went|mov|chang|rais|lower|"
    r"reduc)\w*(?: \w+){0,3} from [^,;.]{1,12}?(?:[.]\d+)?"
    r"[^,;.\d]{0,16}(?= to )"
)
"""“upgraded from 5 kW” to something else: the first number is history."""

_SHARES = {"half": 50.0, "a quarter": 25.0, "three quarters": 75.0, "a third": 33.3, "two thirds": 66.7, "all": 100.0}
_DURATIONS = {
    "half a day": 12.0,
    "half an hour": 0.5,
    "an hour": 1.0,
    "a day": 24.0,
    "a full day": 24.0,
    "overnight": 10.0,
    "a night": 10.0,
}
_MONEY = {
    "a quarter": 0.25,
    "a dime": 0.10,
    "a nickel": 0.05,
    "half a dollar": 0.5,
    "a dollar": 1.0,
    "a buck": 1.0,
}
_HOURS = {"m": 1 / 60, "d": 24.0, "n": 10.0, "h": 1.0}


@dataclass(frozen=True)
class Quantity:
    """A number in one unit, and where it stands in the text."""

    unit: Unit
    value: float
    start: int
    end: int
    bare: bool = False
    """a clock time without am, pm or daytime; money without its energy unit"""


def find_quantities(text: str) -> list[Quantity]:
    """Every quantity in normalised text, in order; the first pattern to claim a stretch keeps it."""
    found: list[Quantity] = []
    for unit, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if any(match.start() < other.end and match.end() > other.start for other in found):
                continue
            quantity = _quantity(unit, match)
            if quantity is not None:
                found.append(quantity)
    replaced = [(match.start(), match.end()) for match in _REPLACED.finditer(text)]
    kept = [q for q in found if not any(start < q.start and q.end <= end for start, end in replaced)]
    return sorted(kept, key=lambda quantity: quantity.start)


def _quantity(unit: Unit, match: re.Match[str]) -> Quantity | None:
    group = match.groupdict()
    bare = False
    if unit == "clock":
        hour = _hour(group)
        if hour is None:
            return None
        value, bare = hour
    elif group.get("word"):
        value = {"%": _SHARES, "hours": _DURATIONS, "usd_per_kwh": _MONEY}[unit][group["word"]]
        value *= _scale(unit, group) if unit == "usd_per_kwh" else 1.0
    else:
        value = float(group["n"]) * _scale(unit, group)
        bare = unit == "usd_per_kwh" and not group.get("e")
    start = match.start("h") if group.get("h") else match.start()
    return Quantity(unit, round(value, 9), start, match.end(), bare)


def _scale(unit: Unit, group: dict[str, str | None]) -> float:
    if unit == "usd_per_kwh":
        return (0.01 if group.get("cents") else 1.0) * (0.001 if group.get("e") == "m" else 1.0)
    if unit in ("kwh", "kw") and "scale" in group:
        return {None: 0.001, "k": 1.0, "m": 1000.0, "g": 1e6}[group["scale"]]
    if unit == "hours":
        return _HOURS[(group["time"] or "h")[0]]
    if unit == "km":
        km = KM_PER_MILE if (group["distance"] or "").startswith("mi") else 1.0
        return 1000 * km if group["thousand"] else km
    return 1.0


def _hour(group: dict[str, str | None]) -> tuple[float, bool] | None:
    """Local hour of a clock time, and whether its half of the day is open."""
    if group.get("word"):
        return (0.0 if group["word"] == "midnight" else 12.0), False
    hour, minutes = int(group["h"] or 0), int(group.get("min") or 0)
    half, later = group.get("half"), (group.get("later") or "").strip()
    if hour > 24 or minutes > 59:
        return None
    if half or later:
        if hour > 12:
            return hour % 24 + minutes / 60, False
        afternoon = (
            half in ("p", "pm") or later in ("in the evening", "in the afternoon") or (later == "at night" and hour > 5)
        )
        return hour % 12 + (12 if afternoon else 0) + minutes / 60, False
    return hour % 24 + minutes / 60, hour <= 12
