"""Every assumption about Californian homes, as tables: adoption, device sizes, driving, preferences.

Shares and sizes are those of the model page unless a comment says otherwise. What a study would sweep is here and
nowhere else; `population` only draws from it.
"""

from __future__ import annotations

from dataclasses import dataclass

ADOPTION_BESS = 0.35
ADOPTION_EV = 0.45
ADOPTION_PV = 0.55
PV_SHARE_OF_BATTERY_OWNERS = 0.90
"""Batteries are sold with solar; the rest of adoption follows: 36 % of homes without a battery have solar."""
EV_SHARE_OF_PV_OWNERS = 0.52
"""Drivers of electric cars have solar more often than their neighbours (36 % of homes without solar have a car)."""
SECOND_EV_SHARE = 0.15
"""Of the homes with an electric car, those with two. Assumption."""

BESS_SIZES = ((5.0, 3.0, 0.15), (10.0, 5.0, 0.35), (13.5, 7.0, 0.25), (16.0, 8.0, 0.15), (20.0, 10.0, 0.10))
"""Capacity [kWh], power [kW], share."""
BESS_EFFICIENCY = 0.95
BESS_MIN_SOC = 0.10
BESS_MAX_SOC = 0.95
BESS_INITIAL_SOC = 0.50
BESS_DEGRADATION_USD_PER_KWH = 0.03

EV_SIZES = ((40.0, 0.25), (64.0, 0.20), (75.0, 0.30), (82.0, 0.15), (98.0, 0.10))
"""Battery [kWh], share. The last two share the 25 % of "82 and more"."""
EV_POWERS = ((7.2, 0.40), (9.6, 0.30), (11.5, 0.30))
"""Charger [kW], share: 30, 40 and 48 A at 240 V. Shares are assumptions."""
EV_EFFICIENCY = 0.92
EV_MIN_SOC = 0.10
EV_TARGET_SOC = ((0.80, 0.60), (0.90, 0.40))
"""Where the charge limit is set, share of cars."""
EV_INITIAL_SOC = (0.45, 0.80)
EV_MIN_DEPARTURE_SOC = (0.50, 0.75)
V2G_SHARE = 0.03
EV_DEGRADATION_USD_PER_KWH = 0.03
"""Wear per kWh that a car gives back, as of a house battery. Assumption. Driving and charging count under no strategy:
they are the same kWh in the end."""

WORKS_FROM_HOME_SHARE = 0.20
TRIP_MEDIAN_KWH = 9.0
"""Some 50 km a day at 0.18 kWh/km."""
TRIP_SIGMA = 0.45
TRIP_RANGE_KWH = (2.0, 35.0)
TRIP_SHARE_OF_USABLE = 0.9
"""Nobody's usual day takes more than this share of what lies between the car's least and target charge."""


@dataclass(frozen=True)
class ClockTime:
    """A usual time of day among drivers: normal around `mean`, held to `low … high` [local hour]."""

    mean: float
    spread: float
    low: float
    high: float


COMMUTER_DEPARTURE = ClockTime(7.75, 1.0, 5.0, 11.0)
COMMUTER_ARRIVAL = ClockTime(18.0, 1.5, 13.0, 22.0)
"""Of 53 private chargers with 5,466 sessions in Trondheim, 2018 to 2020 (Mendeley Data jbks2rcwyj): a charger's median
arrival from noon on is 18.1 h, 1.6 h apart among them; its median departure in the morning 7.7 h, 1.2 h apart."""
HOME_WORKER_DEPARTURE = ClockTime(11.0, 1.5, 8.0, 14.0)
HOME_WORKER_ARRIVAL = ClockTime(14.0, 1.5, 10.0, 18.0)
WEEKEND_DEPARTURE = ClockTime(10.5, 1.5, 7.0, 14.0)
WEEKEND_ARRIVAL = ClockTime(16.5, 2.0, 12.0, 22.0)

PLUG_IN_SHARE_QUANTILES = ((0.0, 0.10), (0.05, 0.16), (0.25, 0.38), (0.50, 0.67), (0.75, 1.0), (1.0, 1.0))
"""Share of a car's returns after which it is plugged in although it could do without: sessions a day at the same
chargers (p5 0.14, p25 0.33, median 0.59, p75 0.88, more than one a day beyond) over the 0.88 trips a day of a commuter.
That Californians plug in as people in Trondheim did is an assumption."""

PV_SIZE_QUANTILES_KW = ((0.05, 2.7), (0.25, 4.2), (0.50, 5.8), (0.75, 8.0), (0.95, 12.0))
"""kW DC of the 354,494 systems interconnected with Southern California Edison."""
PV_SIZE_RANGE_KW = (1.5, 20.0)
"""Where the distribution ends, three standard deviations out."""
PV_SYSTEM_EFFICIENCY = (0.94, 1.00)
"""Soiling and shade of the single home, on top of the profile's losses. Assumption."""


@dataclass(frozen=True)
class PreferenceRanges:
    """Parameter ranges of one category, drawn uniformly; every study sweeps them."""

    share: float
    participation_willingness: tuple[float, float]
    min_compensation_usd_per_kwh: tuple[float, float]
    moving_ask_usd_per_kwh: tuple[float, float]
    """for the trouble of moving a car's charging, per kWh moved"""
    backup_power_hours: tuple[float, float]
    max_discharge_share: tuple[float, float]
    opening_markup: tuple[float, float]
    """opening ask over minimum compensation: the more cautious open higher and leave room to concede"""
    ev_priority: tuple[float, float, float]
    """shares of low, medium, high"""


PREFERENCES = {
    "conservative": PreferenceRanges(
        share=0.30,
        participation_willingness=(0.30, 0.60),
        min_compensation_usd_per_kwh=(0.10, 0.20),
        moving_ask_usd_per_kwh=(0.03, 0.08),
        backup_power_hours=(6.0, 12.0),
        max_discharge_share=(0.30, 0.50),
        opening_markup=(1.40, 1.80),
        ev_priority=(0.15, 0.45, 0.40),
    ),
    "moderate": PreferenceRanges(
        share=0.45,
        participation_willingness=(0.60, 0.85),
        min_compensation_usd_per_kwh=(0.06, 0.12),
        moving_ask_usd_per_kwh=(0.01, 0.04),
        backup_power_hours=(3.0, 6.0),
        max_discharge_share=(0.50, 0.75),
        opening_markup=(1.25, 1.50),
        ev_priority=(0.30, 0.50, 0.20),
    ),
    "aggressive": PreferenceRanges(
        share=0.25,
        participation_willingness=(0.85, 1.00),
        min_compensation_usd_per_kwh=(0.03, 0.08),
        moving_ask_usd_per_kwh=(0.00, 0.02),
        backup_power_hours=(0.0, 3.0),
        max_discharge_share=(0.75, 0.95),
        opening_markup=(1.10, 1.30),
        ev_priority=(0.55, 0.35, 0.10),
    ),
}
"""The one table of preference categories, in the order of `CATEGORIES`."""
