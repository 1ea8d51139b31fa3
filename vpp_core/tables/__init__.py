"""Contracts of every table: columns, types, units, bounds and keys, in one place.

A contract is a plain record. The pyarrow schema, the pandera check and the documentation are made from it.
"""

from vpp_core.tables.contract import Column, Contract
from vpp_core.tables.data import (
    LOAD_PROFILES,
    MARKET_PRICES,
    PRICE_FORECAST,
    SOLAR_GENERATION,
    SOURCES,
)
from vpp_core.tables.fleet import PROSUMER_FLEET
from vpp_core.tables.messages import NEGOTIATION_MESSAGES, NEGOTIATOR_SCORES
from vpp_core.tables.outcome import (
    HOME_INTERVALS,
    HOME_WINDOWS,
    HOUSEHOLD_DAYS,
    HOUSEHOLD_MONTHS,
    HOUSEHOLD_TOTALS,
    OUTCOMES,
    PROGRAMME_DAYS,
    WINDOW_RESULTS,
)
from vpp_core.tables.results import CLAIMS, DATA_SHARES, GAP_SPLIT, KPI_DAILY, KPI_MONTHLY, SCENARIOS, STUDY

CONTRACTS = {
    contract.name: contract
    for contract in (
        MARKET_PRICES,
        SOLAR_GENERATION,
        LOAD_PROFILES,
        PRICE_FORECAST,
        PROSUMER_FLEET,
        WINDOW_RESULTS,
        HOUSEHOLD_DAYS,
        HOUSEHOLD_TOTALS,
        HOUSEHOLD_MONTHS,
        HOME_WINDOWS,
        HOME_INTERVALS,
        PROGRAMME_DAYS,
        OUTCOMES,
        NEGOTIATION_MESSAGES,
        NEGOTIATOR_SCORES,
        KPI_MONTHLY,
        KPI_DAILY,
        GAP_SPLIT,
        CLAIMS,
        DATA_SHARES,
        SCENARIOS,
        STUDY,
    )
}
"""Every known contract by table name."""

__all__ = [
    "CLAIMS",
    "CONTRACTS",
    "DATA_SHARES",
    "GAP_SPLIT",
    "HOME_INTERVALS",
    "HOME_WINDOWS",
    "HOUSEHOLD_DAYS",
    "HOUSEHOLD_MONTHS",
    "HOUSEHOLD_TOTALS",
    "KPI_DAILY",
    "KPI_MONTHLY",
    "LOAD_PROFILES",
    "MARKET_PRICES",
    "NEGOTIATION_MESSAGES",
    "NEGOTIATOR_SCORES",
    "OUTCOMES",
    "PRICE_FORECAST",
    "PROGRAMME_DAYS",
    "PROSUMER_FLEET",
    "SCENARIOS",
    "SOLAR_GENERATION",
    "SOURCES",
    "STUDY",
    "WINDOW_RESULTS",
    "Column",
    "Contract",
]
