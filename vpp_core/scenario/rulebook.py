"""Dated rules of the market, each with where it comes from: the one place to look them up (of meters: `retail`).

A scenario plays by today's rules in every month, or by those in force in the month (`MarketRules.rulebook`). A further
rule: one entry here, in order of its date. What no source was found for says *assumption*.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from vpp_core.calendar import Month
from vpp_core.errors import InputError


@dataclass(frozen=True)
class DatedRules:
    """What the market asked of a distributed energy resource aggregation from a day on."""

    effective_from: date
    minimum_bid_mw: float
    maximum_bid_mw: float
    reserve_response_minutes: int
    reserve_duration_minutes: Literal[30, 60, 120]
    export: Literal["all", "none"]
    source: str


MARKET_RULES: tuple[DatedRules, ...] = (
    DatedRules(
        effective_from=date(2016, 6, 3),
        minimum_bid_mw=0.5,
        maximum_bid_mw=5.0,
        reserve_response_minutes=10,
        reserve_duration_minutes=60,
        export="all",
        source="Minimum: FERC, 155 FERC 61,229, docket ER16-1085 (2 June 2016), accepts CAISO's aggregations of 0.5 MW "
        "or more from 3 June 2016. Response: spin and non-spin are what can be reached in 10 minutes (CAISO tariff, "
        "appendix A). Export: such an aggregation injects; demand response, which is credited for less load alone, "
        "is the rule none. Maximum and duration: assumptions.",
    ),
    DatedRules(
        effective_from=date(2024, 1, 1),
        minimum_bid_mw=0.1,
        maximum_bid_mw=5.0,
        reserve_response_minutes=10,
        reserve_duration_minutes=60,
        export="all",
        source="Minimum: FERC Order 2222 asks for 100 kW; CAISO's compliance filing, docket ER21-2455, lowers it from "
        "500 kW. The day it applies from is an assumption: the orders on it are of 2022 and 2023. The rest as before.",
    ),
)
"""In order of their dates; the last one is today's."""

TODAY = MARKET_RULES[-1]


def rules_in_force(month: Month) -> DatedRules:
    """The market rules in force on a month's first day; before the first entry an `InputError`."""
    first_day = date(month.year, month.month, 1)
    in_force = [rules for rules in MARKET_RULES if rules.effective_from <= first_day]
    if not in_force:
        raise InputError(
            f"month {month} is before {MARKET_RULES[0].effective_from}, when aggregations of homes were admitted to "
            "the market; choose a later month, or the rulebook today"
        )
    return in_force[-1]
