"""Attitude and preferences in a reading: category, backup, compensation, limits, what the car is to them."""

from __future__ import annotations

import re

from vpp_core.fleet.assumptions import PREFERENCES
from vpp_core.fleet.text.clauses import Clause, Reading
from vpp_core.fleet.text.extraction import Extraction
from vpp_core.fleet.text.quantities import Quantity

_ATTITUDES = {
    "conservative": r"conservative|cautious|careful(?:ly)?|risk[- ]averse|wary|reluctant|hesitant|protective|"
    r"(?:very )?skeptical|prefers? (?:safety|security)|peace of mind|better safe than sorry|play(?:s|ing)? it safe",
    "moderate": r"moderate(?:ly)?|balanced|fair (?:price|deal|share)|middle of the road|reasonable|pragmatic|"
    r"(?:a )?compromise|average attitude",
    "aggressive": r"aggressive(?:ly)?|"
    r"maximi[sz]e (?:my |our |the )?(?:earnings?|profits?|income|revenue|returns?|money)|"
    r"(?:most|as much) (?:money|profit|income|cash)|squeeze (?:every|each|as much)|all[- ]in|"
    r"every (?:dollar|cent|penny)|(?:in it )?for the (?:money|cash|profit)|"
    r"money (?:is (?:what|all)|matters|first|counts)|mak(?:e|ing) (?:some |good |"
    r"lots of )?money|"
    r"profit[- ](?:driven|maximi[sz]ing|first)|whatever (?:you|it takes)|money[- ](?:driven|hungry)|go wild|"
    r"(?:top|max(?:imum)?) (?:dollar|profit|earnings|income)",
}
_BACKUP = re.compile(
    r"\b(?:back[- ]?up|outages?|blackouts?|power (?:cuts?|failures?|loss(?:es)?|shut-?offs?)|shut-?offs?|psps|"
    r"grid (?:goes|is|going|fails?) (?:down|out)|grid failures?|(?:without|no|lose|losing|"
    r"lost) (?:the )?(?:grid|power|electricity|mains)|"
    r"power (?:goes|is|went|going) (?:out|off)|"
    r"emergenc(?:y|ies)|lights|keep (?:it|us|the house) running|"
    r"ride[- ]through|resilien(?:t|ce|cy)|medical|oxygen|cpap)\b"
)
_BACKUP_UNWANTED = re.compile(
    r"\b(?:don'?t|do not|doesn'?t|never|not|no)(?: really)? (?:need |care (?:about|for) |"
    r"worry about |worried about |"
    r"mind |want |any |need any )?(?:a |any |the )?(?:back[- ]?up|outages?|blackouts?|power cuts?)|"
    r"(?:back[- ]?up|outages?|blackouts?) (?:is|are)? ?(?:not|no|un)(?: ?needed| ?important| concern)"
)
_PER_DAY = r"(?:a|per|each|every) day|daily"
_LIMIT = re.compile(
    r"\b(?:use|uses|using|take|takes|discharge|discharging|cycle|draw|drain|max(?:imum)?|most|"
    r"up to|at most|no more than|"
    r"more than|not over|limit(?:ed)?|capacity|share)\b"
)
_KEEP = re.compile(
    r"\b(?:keep|keeps|reserve[sd]?|last|leave|left|remain(?:s|ing)?|always have|hold back|untouched|minimum|min|"
    r"(?:go|drop|fall|drain(?:ed)?|discharged?)(?: it)? (?:below|under)|below|under)\b"
)
_FOR_OUTAGES = re.compile(
    r" ?(?:(?:in|as|of|for|the|a|any|case of|always) )*(?:battery )?"
    r"(?:reserved?|back-?up|emergenc|outages?|blackouts?|psps|power cuts?|shut-?offs?|untouched)"
)
_RESERVED = re.compile(r"\b(?:reserved?|back-?up)\W+(?:(?:is|set|at|to|of|level|soc|percentage|reserve|kept)\W+)*$")
_CHARGE_LIMIT = re.compile(
    r"\bcharg(?:e|ing|er) limit\b|\bcharg(?:es?|ed|ing) (?:it |them )?(?:only )?(?:up )?to\b|\blimit(?:ed)? to\b"
)
_BATTERY = re.compile(r"\b(?:batter(?:y|ies)|storage|power|capacity)\b")
_CAR = re.compile(r"\b(?:car|ev|vehicle|ready|leave(?! \d)|drive|departure|morning|charged|by)\b")
_NEED = re.compile(r"\b(?:ready|by|must|need\w*|charged?|full|leave|depart\w*|at least|with|want\w*|be at|have)\b")
_CAR_FIRST = re.compile(
    r"\b(?:car|ev|vehicle|truck|driving|commute|mobility|it)\b.{0,30}"
    r"(?:comes? first|(?:top|first|highest|high) priority|is sacred|must always|"
    r"always (?:be )?(?:full|charged|ready))|"
    r"\b(?:prioriti[sz]e|priority (?:to|for|on)|hands off|never (?:delay|move|shift|touch|"
    r"pause|stop)|don'?t (?:delay|move|shift|touch|pause|stop)) (?:the |my |our )?"
    r"(?:car|ev|vehicle|truck|charging|its charging)"
)
_CAR_FLEXIBLE = re.compile(
    r"(?:feel free to|you can|you may|happy to|fine to|ok to|okay to|can|may|free to) (?:be )?"
    r"(?:shift(?:ed)?|mov(?:e|ed)|delay(?:ed)?|postponed?|pause[d]?)|"
    r"(?:charg\w+|car|ev).{0,20}\bflexible|flexible (?:about|on|with) (?:the |my |our )?(?:charging|car|ev)|"
    r"(?:don'?t|do not|doesn'?t) (?:mind|care|matter) when (?:it|the car|the ev|my car) charges|"
    r"(?:rarely|hardly|seldom) (?:drive|use|driven|used)|mostly (?:sits|parked)"
)


_KEYS = {
    "participation_willingness": "preferences.participation_willingness",
    "min_compensation_usd_per_kwh": "preferences.min_compensation_usd_per_kwh",
    "backup_power_hours": "preferences.backup_power_hours",
    "max_discharge_percent": "preferences.max_discharge_percent",
    "min_soc": "bess.min_soc",
    "max_soc": "bess.max_soc",
}
_KEYED = re.compile(rf"\b(?P<key>{'|'.join(_KEYS)})\b\W*(?:to|is|of)?\W*?(?P<n>-?\d+(?:\.\d+)?)(?!\s*%)")


def find_wishes(reading: Reading, extraction: Extraction, has_car: bool) -> None:
    """Enter what the household wants; numbers keep their clause as evidence."""
    _category(reading, extraction)
    for clause in reading.own:
        for keyed in _KEYED.finditer(clause.text):
            extraction.find(_KEYS[keyed["key"]], float(keyed["n"]), clause.text)
            reading.take((clause.start + keyed.start(), clause.start + keyed.end()))
        _compensation(reading, clause, extraction)
        _backup(reading, clause, extraction)
        _shares(reading, clause, extraction)
        if has_car and _CAR_FIRST.search(reading.generic(clause)):
            extraction.find("preferences.ev_priority", "high", clause.text)
            reading.take_words(clause)
        elif has_car and _CAR_FLEXIBLE.search(reading.generic(clause)):
            extraction.find("preferences.ev_priority", "low", clause.text)
            reading.take_words(clause)


def _category(reading: Reading, extraction: Extraction) -> None:
    said: dict[str, str] = {}
    for clause in reading.own:
        for category, pattern in _ATTITUDES.items():
            match = re.search(rf"\b(?:{pattern})\b", clause.text)
            if match and not clause.negated_before(clause.start + match.start(), reach=12):
                said.setdefault(category, match[0])
                reading.take((clause.start + match.start(), clause.start + match.end()))
    for category in PREFERENCES:
        if category in said:
            if "category" not in extraction.fields:
                in_so_many_words = said[category].startswith(category)
                extraction.find("category", category, said[category], "said" if in_so_many_words else "inferred")
            elif category == "aggressive":
                first = extraction.fields["category"]
                extraction.contradictions.append(f"category: “{first.evidence}” against “{said[category]}”")


def _compensation(reading: Reading, clause: Clause, extraction: Extraction) -> None:
    for money in reading.quantities_in(clause, "usd_per_kwh"):
        around = reading.text[max(clause.start, money.start - 40) : clause.end]
        if money.bare and not re.search(
            r"\b(?:pay|paid|compensation|least|min(?:imum)?|want|earn|ask(?:ing)?|price|for)", around
        ):
            continue
        if re.search(r"\b(?:tariff|rate|utility|import|export|bill|currently pay|we pay|i pay)\b", clause.text):
            continue
        extraction.find("preferences.min_compensation_usd_per_kwh", round(money.value, 6), clause.text)
        reading.take(money)
        reading.take_words(clause)


def _backup(reading: Reading, clause: Clause, extraction: Extraction) -> None:
    name = "preferences.backup_power_hours"
    if _BACKUP_UNWANTED.search(clause.text):
        extraction.find(name, 0.0, clause.text)
        reading.take_words(clause)
        return
    if not _BACKUP.search(clause.text):
        return
    reading.take_words(clause)
    durations = reading.quantities_in(clause, "hours") or [
        duration
        for other in reading.own
        if other.sentence == clause.sentence and re.search(r"\b(?:keep|reserve|last|hold|leave)\b", other.text)
        for duration in reading.quantities_in(other, "hours")
    ]
    if durations:
        extraction.find(name, round(durations[0].value, 3), clause.text)
        reading.take(durations[0])
    elif name not in extraction.fields:
        category = str(extraction.fields["category"].value) if "category" in extraction.fields else "moderate"
        high = PREFERENCES[category].backup_power_hours[1]
        extraction.find(name, high, f"{clause.text.strip()}: the most that {category} households keep", "inferred")


def _shares(reading: Reading, clause: Clause, extraction: Extraction) -> None:
    battery = extraction.fields.get("bess")
    for share in reading.quantities_in(clause, "%"):
        name = share_field(reading, clause, share)
        if name is None or "." not in name or (name.startswith("bess.") and not (battery and battery.value)):
            continue
        whole = name == "preferences.max_discharge_percent"
        extraction.find(name, round(share.value, 3) if whole else round(share.value / 100, 4), clause.text)
        reading.take(share)
        reading.take_words(clause)


def share_field(reading: Reading, clause: Clause, share: Quantity) -> str | None:
    """What a share speaks of: a dotted field, or a bare name (`min_departure_soc`, `target_soc`) of a car's."""
    before, after = reading.text[clause.start : share.start], reading.text[share.end : clause.end]
    if re.search(r"\bmin(?:imum)? (?:soc|charge|state of charge)\W*(?:of|is|:)?\s*$", before):
        return "bess.min_soc"
    if re.search(r"\bmax(?:imum)? (?:soc|charge|state of charge)\W*(?:of|is|:)?\s*$", before):
        return "bess.max_soc"
    if re.search(r"\bmax_?(?:imum )?discharge", before):
        return "preferences.max_discharge_percent"
    said = reading.generic(clause)
    if _FOR_OUTAGES.match(after) or _RESERVED.search(before):
        return "bess.min_soc"
    if not _BATTERY.search(said) and not re.search(rf"^ ?(?:of .*)?(?:{_PER_DAY})", after):
        timed = reading.quantities_in(clause, "clock") or _CAR.search(said)
        if _CHARGE_LIMIT.search(before) and not reading.quantities_in(clause, "clock"):
            return "target_soc"
        if (timed and _NEED.search(clause.text)) or re.search(r"\bneeds? (?:at least )?$", before):
            return "min_departure_soc"
    if re.search(
        r"^ ?(?:of )?(?:its|the|my|our|their)? ?(?:battery |battery's )?(?:power|output|kw)\b|^ ?(?:willing)", after
    ) or re.search(r"willing(?:ness)?\b.{0,12}$", before):
        return "preferences.participation_willingness"
    if re.search(rf"{_PER_DAY}", after):
        return "preferences.max_discharge_percent"
    if _KEEP.search(before) or re.search(
        r"^ ?(?:in |as |of \w+ |for )*(?:reserve|back|backup|left|untouched|emergenc)", after
    ):
        limited = re.search(r"\b(?:never|not|no|don'?t) (?:use|take|discharge|cycle|draw) (?:more than|over)", before)
        return "preferences.max_discharge_percent" if limited else "bess.min_soc"
    if _LIMIT.search(before) and not re.search(r"\b(?:charge to|charged to|ready|car|ev)\b", clause.text):
        return "preferences.max_discharge_percent"
    return None
