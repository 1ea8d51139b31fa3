"""The record of a market: everything that differs between one independent system operator and another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from vpp_core.errors import InputError

Hours = tuple[float, ...]
"""A value for each local hour, 24."""
Months = tuple[float, ...]
"""A value for each month, 12."""


@dataclass(frozen=True)
class PriceBounds:
    """The lowest and highest price that is believed, both included, and the unit of both."""

    low: float
    high: float
    unit: str

    def __str__(self) -> str:
        return f"[{self.low:g}, {self.high:g}] {self.unit}"

    def hull(self, other: PriceBounds) -> PriceBounds:
        """Bounds of what either allows.

        Parameters
        ----------
        other : PriceBounds
            In the same unit.

        Returns
        -------
        PriceBounds
            The lower of both lows to the higher of both highs.
        """
        return PriceBounds(min(self.low, other.low), max(self.high, other.high), self.unit)


@dataclass(frozen=True)
class PossiblePrices:
    """What a market's rules can make of its prices, and what is usual. Nothing is clipped; outside is refused."""

    energy: PriceBounds
    """real-time and day-ahead prices"""
    energy_part: PriceBounds
    """energy, congestion, loss and greenhouse-gas parts, of which one may outweigh another"""
    reserve: PriceBounds
    usual_energy: PriceBounds
    """floor and cap of offers: what lies outside happens, and is worth a look"""


@dataclass(frozen=True)
class Product:
    """A reserve product sold upward, day ahead, by the hour."""

    name: str
    """for people"""
    short: str
    """likewise, where there is no room"""
    item: str
    """what rows of a price file call it"""
    headings: tuple[str, ...]
    """columns of a table with one per product, in capitals with underscores"""


@dataclass(frozen=True)
class DatedRules:
    """What the market asked of an aggregation of homes from a day on."""

    effective_from: date
    minimum_bid_mw: float
    maximum_bid_mw: float
    reserve_response_minutes: int
    reserve_duration_minutes: Literal[30, 60, 120]
    export: Literal["all", "none"]
    source: str


@dataclass(frozen=True)
class PriceHabits:
    """What prices usually do, known before a period: the forecast starts from it, and forgets it as days accumulate."""

    median_usd_per_mwh: Hours
    """median real-time price by local hour"""
    below_usd_per_mwh: float
    above_usd_per_mwh: float
    """from the median to the 10 % and the 90 % quantile"""
    spread_usd_per_mwh: tuple[float, float, float]
    """10, 50 and 90 % quantile of real-time less day-ahead"""
    no_reserve_below_usd_per_mwh: float
    """a median energy price at which reserve is worth nothing; above it, it is worth more the further it is"""
    source: str


@dataclass(frozen=True)
class Place:
    """Where the homes are: the sun, a clock without summer time, and a usual year's weather."""

    name: str
    latitude: float
    longitude: float
    altitude_m: float
    standard_offset_hours: int
    """local standard time less UTC"""
    high_c: Months
    low_c: Months
    """mean daily maximum and minimum [°C]"""
    spread_c: Months
    """standard deviation of a day's maximum [°C]"""
    sky_share: tuple[tuple[float, float, float, float], ...]
    """by month, shares of clear days, of a morning layer that burns off, of broken and of overcast ones"""
    load_factor: float
    """a home's load, relative to what the model of Californian homes gives in this weather"""
    source: str


@dataclass(frozen=True)
class FlatRetail:
    """What homes pay and are credited at any hour, where no scenario says otherwise."""

    name: str
    import_usd_per_kwh: float
    export_usd_per_kwh: float
    fixed_usd_per_day: float
    source: str


@dataclass(frozen=True, eq=False)
class Iso:
    """A market. `key` names it in scenarios; `name` and `region` are for people, `city` has the clock that holds."""

    key: str
    name: str
    region: str
    city: str
    timezone: str
    first_month: str
    """the first of its nodal market, `2009-04`"""
    interval_minutes: Literal[5, 15]
    """of real-time prices as they are published and settled; what is computed with is the mean of a quarter hour"""
    prices: PossiblePrices
    lowest_bid_usd_per_mwh: float
    """what is to be sold whatever the price is bid at it"""
    highest_bid_usd_per_mwh: float
    """what is to be bought whatever the price"""
    default_node: str
    node_pattern: str
    """how a name of a node reads"""
    node_means: str
    """what the nodes are at which homes settle, for people"""
    products: tuple[Product, Product]
    """in the order of the columns `spin_usd_per_mw_h` and `nonspin_usd_per_mw_h` of the table of prices"""
    reserve_zones: Mapping[str, tuple[str, ...]]
    """by zone, the regions whose prices add up to the zone's; the first zone is the default"""
    day_ahead_gate_minutes: int
    """after local midnight of the day before"""
    day_ahead_published_minutes: int
    gate_closure_minutes: int
    """of real-time offers, before the window"""
    delivery_penalty_share: float
    no_pay_penalty_share: float
    rulebook: tuple[DatedRules, ...]
    """in order of their dates; the last one is today's"""
    habits: PriceHabits
    place: Place
    folder: str
    """below `raw`: where people drop its reports"""
    file_marks: tuple[str, ...]
    """columns by which its reports are known, in capitals without blanks and underscores"""
    reports: str
    """which reports are read, for people"""
    draws_prices: bool = False
    """whether there is a model of its prices (`sources.synthetic_prices`); else a month needs files"""
    homes_note: str = ""
    """what of the homes is taken from elsewhere: a report says it"""
    retail: FlatRetail | None = None
    """none: the mix of `scenario.retail`"""

    @property
    def today(self) -> DatedRules:
        """Today's rules."""
        return self.rulebook[-1]

    @property
    def reserve_zone(self) -> str:
        """The default zone."""
        return next(iter(self.reserve_zones))

    def rules_in_force(self, month: str) -> DatedRules:
        """Find the rules in force on the first day of a month.

        Parameters
        ----------
        month : str
            A month such as `2023-08`.

        Returns
        -------
        DatedRules
            The latest that had begun.

        Raises
        ------
        InputError
            Where the month is before the first entry of the rulebook.
        """
        first_day = date.fromisoformat(f"{month}-01")
        in_force = [rules for rules in self.rulebook if rules.effective_from <= first_day]
        if not in_force:
            raise InputError(
                f"month {month} is before {self.rulebook[0].effective_from}, when aggregations of homes were admitted "
                "to the market; choose a later month, or the rulebook today"
            )
        return in_force[-1]

    def market_rules(self) -> dict[str, Any]:
        """Fields of `MarketRules` as they are here by default.

        Returns
        -------
        dict
            By name of the field; units are in the names.
        """
        today = self.today
        return {
            "gate_closure_minutes": self.gate_closure_minutes,
            "minimum_bid_mw": today.minimum_bid_mw,
            "maximum_bid_mw": today.maximum_bid_mw,
            "delivery_penalty_share": self.delivery_penalty_share,
            "no_pay_penalty_share": self.no_pay_penalty_share,
            "reserve_duration_minutes": today.reserve_duration_minutes,
            "reserve_response_minutes": today.reserve_response_minutes,
            "export": today.export,
        }
