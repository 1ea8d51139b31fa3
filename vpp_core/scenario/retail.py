"""Retail tariffs that ship, each with since when it holds and where its prices come from.

A further tariff: one entry of `RETAIL_TARIFFS`. What no source was found for says *assumption*.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from vpp_core.iso import Iso
from vpp_core.scenario.price_table import Row
from vpp_core.scenario.tariff import Tariff


@dataclass(frozen=True)
class DatedTariff:
    """A retail tariff, and since when a meter is billed so."""

    effective_from: date
    tariff: Tariff
    source: str


SUMMER, WINTER = (6, 7, 8, 9), (1, 2, 3, 4, 5, 10, 11, 12)
EVENING, OTHER_HOURS = (16, 21), (21, 16)
MIDDAY, NIGHT = (8, 16), (21, 8)

_PRIME = (
    Row(months=SUMMER, days="weekday", hours=EVENING, usd_per_kwh=0.56368),
    Row(months=SUMMER, days="weekend", hours=EVENING, usd_per_kwh=0.38128),
    Row(months=SUMMER, hours=OTHER_HOURS, usd_per_kwh=0.26322),
    Row(months=WINTER, hours=EVENING, usd_per_kwh=0.5334),
    Row(months=WINTER, hours=OTHER_HOURS, usd_per_kwh=0.2449),
)
_PRIME_USD_PER_DAY = 0.516
_PRIME_SOURCE = (
    "Prices: Southern California Edison's schedule TOU-D-PRIME as of 1 June 2025, hour by hour in "
    "RyanCMann/ACC_to_NBT_ECR (MIT), where winter's off-peak and super-off-peak cost the same. Fixed charge: 0.516 $ a "
    "day, same date."
)

NOT_BYPASSED_USD_PER_KWH = 0.03
_NET_METERED = tuple(
    row.model_copy(update={"usd_per_kwh": round(row.usd_per_kwh - NOT_BYPASSED_USD_PER_KWH, 5)}) for row in _PRIME
)

_AVOIDED_COST = (
    Row(months=(1, 2, 10, 11, 12), hours=(0, 16), usd_per_kwh=0.053),
    Row(months=(1, 2, 10, 11, 12), hours=(16, 24), usd_per_kwh=0.066),
    Row(months=(3,), hours=(0, 8), usd_per_kwh=0.056),
    Row(months=(3,), hours=(8, 17), usd_per_kwh=0.025),
    Row(months=(3,), hours=(17, 24), usd_per_kwh=0.068),
    Row(months=(4, 5), hours=(0, 8), usd_per_kwh=0.044),
    Row(months=(4, 5), hours=(8, 18), usd_per_kwh=0.012),
    Row(months=(4, 5), hours=(18, 24), usd_per_kwh=0.053),
    Row(months=(6,), hours=(0, 14), usd_per_kwh=0.05),
    Row(months=(6,), hours=(14, 20), usd_per_kwh=0.085),
    Row(months=(6,), hours=(20, 24), usd_per_kwh=0.07),
    Row(months=(7,), hours=(0, 14), usd_per_kwh=0.055),
    Row(months=(7,), hours=(14, 19), usd_per_kwh=0.11),
    Row(months=(7,), hours=(19, 20), usd_per_kwh=0.4),
    Row(months=(7,), hours=(20, 21), usd_per_kwh=0.2),
    Row(months=(7,), hours=(21, 24), usd_per_kwh=0.07),
    Row(months=(8,), hours=(23, 14), usd_per_kwh=0.06),
    Row(months=(8,), hours=(14, 17), usd_per_kwh=0.13),
    Row(months=(8,), hours=(17, 18), usd_per_kwh=0.3),
    Row(months=(8,), hours=(18, 19), usd_per_kwh=0.5),
    Row(months=(8,), hours=(19, 20), usd_per_kwh=1.25),
    Row(months=(8,), hours=(20, 23), usd_per_kwh=0.5),
    Row(months=(9,), hours=(0, 15), usd_per_kwh=0.055),
    Row(months=(9,), hours=(15, 18), usd_per_kwh=0.09),
    Row(months=(9,), days="weekday", hours=(18, 19), usd_per_kwh=2.7),
    Row(months=(9,), days="weekday", hours=(19, 20), usd_per_kwh=3.0),
    Row(months=(9,), days="weekend", hours=(18, 20), usd_per_kwh=2.5),
    Row(months=(9,), hours=(20, 21), usd_per_kwh=0.17),
    Row(months=(9,), hours=(21, 24), usd_per_kwh=0.07),
)
"""A shape, not a published table: what such tables have in common, in as few steps as show it."""

FLAT = "flat"
TIME_OF_USE = "time_of_use"
TOU_D_4_9PM = "tou_d_4_9pm"
PRIME_NET_METERED = "prime_net_metered"
PRIME_NET_BILLED = "prime_net_billed"
RETAIL_TARIFFS: dict[str, DatedTariff] = {
    FLAT: DatedTariff(
        effective_from=date(2016, 6, 3),
        tariff=Tariff(name=FLAT),
        source="Assumption: 0.30 $/kWh is near what Californian homes paid on average; 0.05 $/kWh is near what "
        "exported energy is worth at wholesale, as where exports are not netted.",
    ),
    TIME_OF_USE: DatedTariff(
        effective_from=date(2019, 3, 1),
        tariff=Tariff(name=TIME_OF_USE, import_usd_per_kwh=(*(0.23,) * 16, *(0.48,) * 5, *(0.23,) * 3)),
        source="Assumption: as dear on average as the flat tariff, and dear from 16 to 21 h, so that a study sees what "
        "the hours alone do.",
    ),
    TOU_D_4_9PM: DatedTariff(
        effective_from=date(2019, 3, 1),
        tariff=Tariff(
            name=TOU_D_4_9PM,
            import_usd_per_kwh=(
                Row(months=SUMMER, days="weekday", hours=EVENING, usd_per_kwh=0.58),
                Row(months=SUMMER, days="weekend", hours=EVENING, usd_per_kwh=0.46),
                Row(months=SUMMER, hours=OTHER_HOURS, usd_per_kwh=0.34),
                Row(months=WINTER, hours=EVENING, usd_per_kwh=0.51),
                Row(months=WINTER, hours=MIDDAY, usd_per_kwh=0.33),
                Row(months=WINTER, hours=NIGHT, usd_per_kwh=0.37),
            ),
            fixed_usd_per_day=0.794,
        ),
        source="Southern California Edison's schedule TOU-D-4-9PM, open since March 2019; prices to the cent and "
        "24.15 $ a month as told in March 2026 by a secondary source. Assumptions: no baseline credit (0.10 $/kWh of a "
        "monthly allowance), and 0.05 $/kWh for exports.",
    ),
    PRIME_NET_METERED: DatedTariff(
        effective_from=date(2019, 3, 1),
        tariff=Tariff(
            name=PRIME_NET_METERED,
            import_usd_per_kwh=_PRIME,
            export_usd_per_kwh=_NET_METERED,
            fixed_usd_per_day=_PRIME_USD_PER_DAY,
        ),
        source=f"{_PRIME_SOURCE} Exports: net metering of 2017 to April 2023 (NEM 2, CPUC decision 16-01-044) credits "
        "the import price less the charges that cannot be bypassed. That these are 0.03 $/kWh is an assumption (the "
        "decision speaks of two to three cents), and so are netting by interval and no yearly true-up.",
    ),
    PRIME_NET_BILLED: DatedTariff(
        effective_from=date(2023, 4, 15),
        tariff=Tariff(
            name=PRIME_NET_BILLED,
            import_usd_per_kwh=_PRIME,
            export_usd_per_kwh=_AVOIDED_COST,
            fixed_usd_per_day=_PRIME_USD_PER_DAY,
        ),
        source=f"{_PRIME_SOURCE} Exports: net billing (CPUC decision 22-12-056, new solar since 15 April 2023). Their "
        "shape is stylised (assumption) after Southern California Edison's values for 2025 of the 2022 Avoided Cost "
        "Calculator: mean 0.085 $/kWh, highest 3.00 on September weekdays at 19 h, 0.006 to 0.015 at midday in April; "
        "Pacific Gas & Electric's of vintage 2024 reach 3.90 in the same hour and 1.20 in August.",
    ),
}
"""By the names that scenarios may give them; what is kept of a scenario states its tariffs in full."""


@dataclass(frozen=True)
class DatedMix:
    """Which tariffs the homes of a fleet had from a day on, as (name, share)."""

    effective_from: date
    shares: tuple[tuple[str, float], ...]

    @property
    def tariffs(self) -> tuple[Tariff, ...]:
        """The tariffs with their shares."""
        return tuple(RETAIL_TARIFFS[name].tariff.model_copy(update={"share": share}) for name, share in self.shares)


MIXES: tuple[DatedMix, ...] = (
    DatedMix(date(2019, 3, 1), ((PRIME_NET_METERED, 1.0),)),
    DatedMix(date(2023, 4, 15), ((PRIME_NET_METERED, 0.9), (PRIME_NET_BILLED, 0.1))),
    DatedMix(date(2024, 4, 15), ((PRIME_NET_METERED, 0.75), (PRIME_NET_BILLED, 0.25))),
    DatedMix(date(2025, 6, 1), ((PRIME_NET_METERED, 0.6), (PRIME_NET_BILLED, 0.4))),
)
"""In order of their dates; the last one is today's. All homes of a fleet are on TOU-D-PRIME, which is for those with a
battery, an electric car or a heat pump; that prices were those of 2025 before is an assumption.

Shares are assumptions. Net billing began on 15 April 2023. In its first year some 50,000 homes joined it and 200,000
net metering, and the share of new solar homes with a battery rose from a tenth to six tenths (Barbose, Berkeley Lab,
2024): of homes with batteries, which a plant is made of, net billing has far more than of all solar homes.
"""
TODAYS_MIX = MIXES[-1].tariffs


def mix_in_force(first_day: date) -> tuple[Tariff, ...]:
    """Find the mix of tariffs on a day.

    Parameters
    ----------
    first_day : datetime.date
        The day; before the first mix's date that one holds.

    Returns
    -------
    tuple of Tariff
        With their shares of homes.
    """
    in_force = [mix for mix in MIXES if mix.effective_from <= first_day]
    return (in_force or MIXES)[-1 if in_force else 0].tariffs


def shipped_tariffs(given: Any) -> Any:
    """Put tariffs in the place of the names of those that ship.

    Parameters
    ----------
    given : Any
        A scenario's list of names and tariffs, or shares by name (`{"flat": 0.4, "time_of_use": 0.6}`); what is neither
        is left to validation.

    Returns
    -------
    Any
        A tuple, or what was given.

    Raises
    ------
    ValueError
        Where no tariff has that name.
    """
    if not isinstance(given, dict | list | tuple):
        return given
    unknown = [one for one in given if isinstance(one, str) and one not in RETAIL_TARIFFS]
    if unknown:
        raise ValueError(
            f"no tariff is called {unknown[0][:40]!r}; known are {', '.join(RETAIL_TARIFFS)}, or write one as an object"
        )
    if isinstance(given, dict):
        return tuple({**RETAIL_TARIFFS[name].tariff.model_dump(), "share": share} for name, share in given.items())
    return tuple(RETAIL_TARIFFS[one].tariff if isinstance(one, str) else one for one in given)


def tariffs_of(iso: Iso) -> tuple[Tariff, ...]:
    """Find what homes of a market are billed by today.

    Parameters
    ----------
    iso : Iso
        The market.

    Returns
    -------
    tuple of Tariff
        Its own flat price, else the mix.
    """
    flat = iso.retail
    if flat is None:
        return TODAYS_MIX
    return (
        Tariff(
            name=flat.name,
            import_usd_per_kwh=(flat.import_usd_per_kwh,),
            export_usd_per_kwh=(flat.export_usd_per_kwh,),
            fixed_usd_per_day=flat.fixed_usd_per_day,
        ),
    )
