"""What utilities and programs call the columns of a meter's file, and the units they give numbers in.

A unit that is stated, in a header, a column of units or the lines above, is obeyed or refused, never ignored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vpp_core.sources.csv_text import tidy


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split("|"))


@dataclass(frozen=True)
class Unit:
    """How a number becomes kWh (energy of an interval) or kW (mean power)."""

    name: str
    energy: bool
    factor: float


UNITS = {
    name: Unit(name, name.endswith("h"), factor)
    for name, factor in {"kwh": 1.0, "wh": 1e-3, "mwh": 1e3, "kw": 1.0, "w": 1e-3, "mw": 1e3}.items()
}
KWH = UNITS["kwh"]
_SPELLED = (
    (r"kilo\s*watt[\s\-_]*h(ou)?rs?|\bkw[\s\-·*]+h(ou)?rs?\b|\bkwhrs?\b|\bkwhs\b", "kwh"),
    (r"mega\s*watt[\s\-_]*h(ou)?rs?|\bmw[\s\-·*]+h(ou)?rs?\b", "mwh"),
    (r"watt[\s\-_]*h(ou)?rs?", "wh"),
    (r"kilo\s*watts?", "kw"),
    (r"mega\s*watts?", "mw"),
    (r"\bwatts?\b", "w"),
)
_FOREIGN = _words(
    "therm therms thm ccf mcf hcf cf cuft btu mmbtu kbtu gal gals gallon gallons m3 m³ liter liters litre "
    "litres kvarh kvar kvah kva var va j kj mj gj joule joules amp amps ampere amperes a v volt volts usd "
    "dollar dollars cents eur"
)
"""Units of something else than electric energy or power."""


def unit_of_cell(text: str) -> Unit | None:
    """The unit that a cell of units names; None where it is empty. An unknown one is a `KeyError` with its name."""
    plain = _spelled_out(tidy(text).lower()).strip(" .()[]")
    if not plain:
        return None
    return UNITS[plain]


def unit_in_header(text: str) -> Unit | None:
    """The unit in a column's name; a foreign one is a `KeyError` with its name."""
    words = re.split(r"[^a-z0-9³]+", _spelled_out(tidy(text).lower()))
    for word in words:
        if word in UNITS:
            return UNITS[word]
    for word in words:
        if word in _FOREIGN:
            raise KeyError(word)
    return None


def _spelled_out(text: str) -> str:
    for spelling, unit in _SPELLED:
        text = re.sub(spelling, unit, text)
    return text


START, DATE, CLOCK, END, DURATION = "start", "date", "clock", "end", "duration"
USE, EXPORT, NET = "use", "export", "net"
UNIT, KIND, HOME = "unit", "kind", "home"

_NAMES = {
    DATE: "date|usage date|day|reading date|read date|service date|interval date|start date",
    CLOCK: "start time|time|from time|begin time|time of day|interval start time|start|hour",
    END: "end|end time|interval end|interval end time|stop|stop time|to|period end|end date|interval ending",
    DURATION: "duration|interval length|interval minutes",
    UNIT: "unit|units|uom|unit of measure|units of measure|usage unit|usage units",
    KIND: "type|service|service type|commodity|resource|fuel|meter type|usage type|direction",
    HOME: "home|home id|house|house id|household|household id|meter|meter number|meter id|meter no|profile|profile id|"
    "customer|customer id|customer number|account|account number|dataid|id|service point|premise|premise id|site|"
    "site id|building|building id|usage point|service agreement|esiid|lclid",
}
_ROLES = {name: role for role, names in _NAMES.items() for name in names.split("|")}
_START = _names(
    "timestamp|time stamp|datetime|date time|date/time|date & time|start datetime|start date time|"
    "start date/time|interval start|interval begin|interval beginning|interval|period|period start|from|begin|"
    "read start|reading start|startdatetime|usage start|ds|ts|local time|utc|datetime utc|time utc|"
    "timestamp utc|timestamp local|start utc|interval start utc|interval start local|start timestamp|epoch|"
    "unix|unixtime|unix time|index"
)
_EXPORT_WORDS = _words(
    "export exported exports received generation generated feedin injection injected returned solar pv "
    "production produced outflow"
)
_USE_WORDS = _words(
    "load usage use used consumption consumed import imported imports delivered energy power demand value "
    "reading inflow grid kwh wh mwh kw w mw"
)
_NO_USE = _words(
    "cost costs price charge charges amount bill rate tariff quality note notes temperature temp co2 emission "
    "emissions flag status forecast"
)


def role_of(header: str) -> str | None:
    """What a column is, by its name; None where it is of no concern."""
    plain = re.sub(r"\s+", " ", tidy(header).lower().replace("_", " "))
    base = re.sub(r"\(.*?\)|\[.*?\]", " ", plain)
    base = re.sub(r"\s+", " ", base).strip(" :*")
    if base in _START or base.endswith("time period"):
        return START
    if base in _ROLES:
        return _ROLES[base]
    words = set(re.split(r"[^a-z0-9]+", _spelled_out(base)))
    if words & _NO_USE or "$" in plain:
        return None
    for role, known in ((NET, {"net"}), (EXPORT, _EXPORT_WORDS), (USE, _USE_WORDS)):
        if words & known:
            return role
    return None


def says_utc(header: str) -> bool:
    """Whether a time column's name says that its times are UTC."""
    return bool({"utc", "gmt"} & set(re.split(r"[^a-z]+", tidy(header).lower())))


def is_other_commodity(text: str) -> bool:
    """Whether a service or type is gas or water."""
    words = set(re.split(r"[^a-z]+", text.lower()))
    return bool(words & {"gas", "water"}) and not words & {"electric", "electricity"}


def is_summary(text: str) -> bool:
    """Whether a cell opens a line of totals or a remark instead of an interval."""
    opening = re.split(r"[^a-z]+", tidy(text).lower().lstrip("* "))[0]
    return tidy(text).startswith("*") or opening in {
        *("total", "totals", "sum", "subtotal", "grand", "average", "avg", "mean", "max", "maximum", "min", "minimum"),
        *("end", "note", "notes", "data", "source", "disclaimer"),
    }
