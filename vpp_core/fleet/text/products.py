"""Products that people name, with their published sizes. Add one: one line; longer names are tried first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal


@dataclass(frozen=True)
class DeviceModel:
    """A battery or a car: usable (else nominal) energy [kWh] and continuous, for cars on-board charger, power [kW]."""

    kind: Literal["battery", "car"]
    name: str
    pattern: str
    capacity_kwh: float
    power_kw: float

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """Finds the name in normalised text, singular or plural, not inside another word."""
        return re.compile(rf"(?<![\w-])(?:{self.pattern})(?P<plural>s?)(?![\w])")


PRODUCTS = (
    # Batteries: manufacturers' data sheets; a bare brand is its most sold residential product.
    DeviceModel("battery", "Tesla Powerwall 3", r"(?:tesla )?(?:power ?wall|pw) ?3", 13.5, 11.5),
    DeviceModel(
        "battery",
        "Tesla Powerwall 3 expansion",
        r"(?:(?:tesla )?(?:power ?wall|pw) ?3 )?(?:dc )?expansion(?: (?:pack|unit|module|battery))?",
        13.5,
        0.0,
    ),
    DeviceModel("battery", "EG4 PowerPro", r"(?:eg4 )?power ?pro(?: wall ?mount)?", 14.3, 12.0),
    DeviceModel("battery", "EG4 LifePower4", r"(?:eg4 )?life ?power ?4", 5.12, 5.0),
    DeviceModel("battery", "Panasonic EverVolt", r"(?:panasonic )?ever ?volt", 17.1, 5.5),
    DeviceModel("battery", "Qcells Q.Home Core", r"(?:q ?cells )?q[. ]?home(?: core)?", 10.0, 5.0),
    DeviceModel("battery", "Fortress eVault", r"(?:fortress )?evault(?: max)?", 18.5, 9.2),
    DeviceModel("battery", "Tesla Powerwall+", r"(?:tesla )?(?:power ?wall|pw)(?:\+| plus)(?! \d)", 13.5, 7.6),
    DeviceModel("battery", "Tesla Powerwall 2", r"(?:tesla )?(?:power ?wall(?: ?2)?|pw ?2?)", 13.5, 5.0),
    DeviceModel("battery", "Enphase IQ Battery 10C", r"(?:enphase )?(?:iq )?(?:battery )?10c", 10.0, 7.08),
    DeviceModel(
        "battery",
        "Enphase IQ Battery 10",
        r"(?:enphase (?:iq )?(?:battery )?10t?|iq (?:battery )?10t?|encharge 10)",
        10.08,
        3.84,
    ),
    DeviceModel(
        "battery",
        "Enphase IQ Battery 3",
        r"(?:enphase (?:iq )?(?:battery )?3t?|iq (?:battery )?3t?|encharge 3)",
        3.36,
        1.28,
    ),
    DeviceModel(
        "battery",
        "Enphase IQ Battery 5P",
        r"(?:enphase(?: iq)?(?: battery)?(?: ?5p)?(?! (?:iq ?[678]|micro|inverter|system|solar|envoy|panel|\d))|"
        r"iq ?(?:battery )?5p|(?:(?<=\d )|(?<=x ))5p|5p(?=s\b| batt| unit))",
        5.0,
        3.84,
    ),
    DeviceModel("battery", "LG RESU Prime 16", r"(?:lg )?(?:chem )?resu ?(?:prime ?16h?|16h? ?(?:prime)?)", 16.0, 7.0),
    DeviceModel("battery", "LG RESU Prime 10", r"(?:lg )?(?:chem )?resu ?(?:prime ?10h?|10h? prime)", 9.6, 5.0),
    DeviceModel("battery", "LG Chem RESU10H", r"(?:lg ?chem(?: resu)?(?: ?10h?)?|(?:lg )?resu(?: ?10h?)?)", 9.3, 5.0),
    DeviceModel("battery", "sonnen 20", r"sonnen(?:core|eco)?\+? ?20", 20.0, 4.8),
    DeviceModel("battery", "sonnen 10", r"sonnen(?:core|eco)?\+?(?: ?10)?", 10.0, 4.8),
    DeviceModel("battery", "Generac PWRcell 18", r"(?:generac )?pwrcell (?:m6|18)|generac 18", 18.0, 9.0),
    DeviceModel("battery", "Generac PWRcell 9", r"(?:generac )?pwrcell(?: ?(?:m3|9))?|generac(?= batter)", 9.0, 4.5),
    DeviceModel("battery", "FranklinWH aPower 2", r"(?:franklin(?:wh)? )?apower ?2", 15.0, 10.0),
    DeviceModel("battery", "FranklinWH aPower", r"franklin(?:wh)?(?: apower)?|apower", 13.6, 5.0),
    DeviceModel("battery", "SunPower SunVault", r"(?:sunpower )?sunvault", 13.0, 6.8),
    DeviceModel("battery", "SolarEdge Home Battery", r"solaredge (?:home |energy )?(?:battery|bank)", 9.7, 5.0),
    # Cars: battery as published, on-board charger on 240 V. Trims differ; an explicit size in the text wins.
    DeviceModel("car", "Nissan Leaf Plus", r"(?:nissan )?leaf (?:plus|e\+|62)", 62.0, 6.6),
    DeviceModel(
        "car",
        "Nissan Leaf",
        r"(?:nissan )?leaf|(?:(?<=\d )|(?<=both )|(?<=pair of )|nissan )leave(?=s\b)",
        40.0,
        6.6,
    ),
    DeviceModel("car", "Nissan Ariya", r"(?:nissan )?ariya", 87.0, 7.2),
    DeviceModel("car", "Chevrolet Bolt", r"(?:chevy |chevrolet )?bolt(?: euv| ev)?", 65.0, 11.5),
    DeviceModel("car", "Chevrolet Equinox EV", r"(?:chevy |chevrolet )?equinox(?: ev)?", 85.0, 11.5),
    DeviceModel(
        "car",
        "Tesla Model 3 Long Range",
        r"(?:tesla (?:model ?)?|model ?)3 (?:long[ -]range|lr|performance)",
        75.0,
        11.5,
    ),
    DeviceModel("car", "Tesla Model 3", r"(?:tesla (?:model ?)?|model ?)3|m3|tm3", 60.0, 7.7),
    DeviceModel(
        "car",
        "Tesla Model Y",
        r"(?:tesla (?:model ?)?|model ?)y(?: (?:lr|long[ -]range|performance|awd))*|(?<=[,;:(+&] )my(?=[,;.)]|$)|tmy",
        75.0,
        11.5,
    ),
    DeviceModel("car", "Tesla Model S", r"(?:tesla (?:model ?)?|model ?)s", 100.0, 11.5),
    DeviceModel("car", "Tesla Model X", r"(?:tesla (?:model ?)?|model ?)x", 100.0, 11.5),
    DeviceModel("car", "Tesla Cybertruck", r"(?:tesla )?cyber ?truck", 123.0, 11.5),
    DeviceModel("car", "Hyundai Ioniq Electric", r"(?:hyundai )?ioniq(?: electric)?", 38.3, 7.2),
    DeviceModel("car", "Hyundai Ioniq 5", r"(?:hyundai )?ioniq ?5", 77.4, 10.9),
    DeviceModel("car", "Hyundai Ioniq 6", r"(?:hyundai )?ioniq ?6", 77.4, 10.9),
    DeviceModel(
        "car", "Hyundai Kona Electric", r"(?:electric )?(?:hyundai )?(?:electric )?kona(?: electric| ev)?", 64.0, 7.2
    ),
    DeviceModel("car", "Kia Niro EV", r"(?:kia )?(?:e-?)?niro(?: ev)?", 64.0, 7.2),
    DeviceModel("car", "Kia EV6", r"(?:kia )?ev ?6", 77.4, 10.9),
    DeviceModel("car", "Kia EV9", r"(?:kia )?ev ?9", 99.8, 10.9),
    DeviceModel("car", "Ford Mustang Mach-E", r"(?:ford )?(?:mustang )?mach[ -]?e", 72.0, 10.5),
    DeviceModel(
        "car",
        "Ford F-150 Lightning Extended Range",
        r"(?:ford )?(?:f-?150 )?lightning (?:extended|er)(?:[ -]range)?",
        131.0,
        11.3,
    ),
    DeviceModel("car", "Ford F-150 Lightning", r"(?:ford )?(?:f-?150 )?lightning", 98.0, 11.3),
    DeviceModel("car", "Volkswagen ID.4", r"(?:vw |volkswagen )?id[. ]?4", 77.0, 11.0),
    DeviceModel("car", "Volkswagen e-Golf", r"(?:vw |volkswagen )?e-?golf", 35.8, 7.2),
    DeviceModel("car", "BMW i3", r"(?:bmw )?i3", 42.2, 7.4),
    DeviceModel("car", "BMW i4", r"(?:bmw )?i4", 81.5, 11.0),
    DeviceModel("car", "Polestar 2", r"polestar(?: 2)?", 78.0, 11.0),
    DeviceModel("car", "Audi e-tron", r"(?:audi )?e-?tron", 95.0, 9.6),
    DeviceModel("car", "Toyota bZ4X", r"(?:toyota )?bz4x", 72.8, 6.6),
    DeviceModel("car", "Subaru Solterra", r"(?:subaru )?solterra", 72.8, 6.6),
    DeviceModel("car", "Honda Prologue", r"(?:honda )?prologue", 85.0, 11.5),
    DeviceModel("car", "Rivian R1T", r"(?:rivian(?: r1[ts])?|r1[ts])", 135.0, 11.5),
    DeviceModel("car", "Lucid Air", r"lucid(?: air)?", 112.0, 19.2),
    DeviceModel("car", "Porsche Taycan", r"(?:porsche )?taycan", 93.4, 9.6),
    DeviceModel("car", "Fiat 500e", r"(?:fiat )?500e", 42.0, 11.0),
    DeviceModel("car", "Mini Cooper SE", r"mini (?:cooper )?(?:se|electric)", 32.6, 7.4),
    DeviceModel("car", "Chevrolet Volt", r"(?:chevy |chevrolet )?volt(?! ?(?:age|amp))", 18.4, 3.6),
    DeviceModel("car", "Chevrolet Spark EV", r"(?:chevy |chevrolet )?spark(?: ev)?", 18.4, 3.3),
    DeviceModel("car", "Chevrolet Blazer EV", r"(?:chevy |chevrolet )?blazer(?: ev)?", 85.0, 11.5),
    DeviceModel(
        "car", "Chevrolet Silverado EV", r"(?:chevy |chevrolet )?silverado(?: ev)?|(?:gmc )?sierra ev", 205.0, 19.2
    ),
    DeviceModel("car", "GMC Hummer EV", r"(?:gmc )?hummer(?: ev)?", 205.0, 11.5),
    DeviceModel("car", "Cadillac Lyriq", r"(?:cadillac )?lyriq", 102.0, 11.5),
    DeviceModel("car", "Toyota RAV4 Prime", r"(?:toyota )?rav ?4 (?:prime|phev|plug-in)", 18.1, 6.6),
    DeviceModel("car", "Toyota Prius Prime", r"(?:toyota )?prius (?:prime|phev|plug-in)", 13.6, 3.5),
    DeviceModel("car", "Chrysler Pacifica Hybrid", r"(?:chrysler )?pacifica(?: (?:plug-in|hybrid|phev))*", 16.0, 6.6),
    DeviceModel("car", "Jeep Wrangler 4xe", r"(?:jeep )?(?:wrangler )?4xe", 17.3, 7.2),
    DeviceModel("car", "Ford Escape PHEV", r"(?:ford )?escape (?:phev|plug-in(?: hybrid)?)", 14.4, 3.3),
    DeviceModel("car", "Honda Clarity PHEV", r"(?:honda )?clarity(?: (?:phev|plug-in(?: hybrid)?))?", 17.0, 6.6),
    DeviceModel("car", "Kia Soul EV", r"(?:kia )?soul ev", 64.0, 7.2),
    DeviceModel("car", "Genesis GV60", r"(?:genesis )?gv ?60", 77.4, 10.9),
    DeviceModel(
        "car", "Genesis GV70 Electrified", r"(?:genesis )?(?:electrified )?gv ?70(?: electrified)?", 77.4, 10.9
    ),
    DeviceModel("car", "BYD Seal", r"byd(?: seal)?", 82.5, 11.0),
    DeviceModel("car", "Mercedes EQB", r"(?:mercedes(?:-benz)? )?eqb", 66.5, 9.6),
    DeviceModel("car", "Mercedes EQE", r"(?:mercedes(?:-benz)? )?eqe", 90.6, 9.6),
    DeviceModel("car", "Mercedes EQS", r"(?:mercedes(?:-benz)? )?eqs", 107.8, 9.6),
    DeviceModel("car", "Volvo EX30", r"(?:volvo )?ex30", 64.0, 11.0),
    DeviceModel("car", "Volvo XC40 Recharge", r"(?:volvo )?(?:xc|c|ex)40(?: recharge)?", 75.0, 11.0),
    DeviceModel("car", "Volvo EX90", r"(?:volvo )?ex90", 107.0, 11.0),
    DeviceModel("car", "BMW iX", r"(?:bmw )?ix", 105.2, 11.0),
    DeviceModel("car", "BMW i5", r"(?:bmw )?i5", 81.2, 11.0),
    DeviceModel("car", "Audi Q4 e-tron", r"(?:audi )?q4(?: e-?tron)?", 77.0, 9.6),
    DeviceModel("car", "Audi Q8 e-tron", r"(?:audi )?q8(?: e-?tron)?", 106.0, 9.6),
    DeviceModel("car", "Jaguar I-Pace", r"(?:jaguar )?i-?pace", 84.7, 11.0),
    DeviceModel("car", "Volkswagen ID. Buzz", r"(?:vw |volkswagen )?id[. ]? ?buzz", 86.0, 11.0),
    DeviceModel("car", "Lexus RZ", r"(?:lexus )?rz(?: ?\d{3}e)?", 71.4, 6.6),
    DeviceModel("car", "Mazda MX-30", r"(?:mazda )?mx-?30", 35.5, 6.6),
)


@dataclass(frozen=True)
class Mention:
    """A product found in a text."""

    product: DeviceModel
    start: int
    end: int
    plural: bool


def find_products(text: str) -> list[Mention]:
    """The products named in normalised text, in order; where names overlap the longest wins."""
    hits = [
        Mention(product, match.start(), match.end(), bool(match["plural"]))
        for product in PRODUCTS
        for match in product.regex.finditer(text)
    ]
    kept: list[Mention] = []
    for hit in sorted(hits, key=lambda hit: (hit.start - hit.end, hit.start)):
        if all(hit.end <= other.start or hit.start >= other.end for other in kept):
            kept.append(hit)
    return sorted(kept, key=lambda hit: hit.start)
