"""The scenarios that ship with the program. Add one: one entry here, or a JSON file of the same form in the lake."""

from __future__ import annotations

from vpp_core.scenario.market_rules import MarketRules
from vpp_core.scenario.programmes import DSGS, ELRP
from vpp_core.scenario.reliability import Reliability
from vpp_core.scenario.retail import FLAT, RETAIL_TARIFFS
from vpp_core.scenario.scenario import Scenario
from vpp_core.scenario.transform import DataTransform

KNOWN_SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(),
        Scenario(
            name="stand_alone",
            description="The fleet is an aggregation by itself: 200 homes then miss the minimum bid in most windows",
            market=MarketRules(fleet_share=1.0),
        ),
        Scenario(
            name="flat_tariff",
            description="Every home pays 0.30 $/kWh and is credited 0.05 for what it exports, at any hour",
            tariffs=(RETAIL_TARIFFS[FLAT].tariff,),
        ),
        Scenario(
            name="high_volatility",
            description="Prices swing half as far again around each day's mean, as with scarce gas and few batteries",
            transform=DataTransform(price_volatility_factor=1.5),
        ),
        Scenario(
            name="low_solar",
            description="Wildfire smoke or a stubborn marine layer takes 40 % of solar generation",
            transform=DataTransform(solar_factor=0.6),
        ),
        Scenario(
            name="peak_demand",
            description="A heat wave: homes use 30 % more, and prices from 16:00 to 21:00 are half as high again",
            transform=DataTransform(load_factor=1.3, peak_price_factor=1.5),
        ),
        Scenario(
            name="historical_rules",
            description="The rules and tariffs as they were in the month: before 2024 no bid below 0.5 MW",
            market=MarketRules(rulebook="historical"),
        ),
        Scenario(
            name="unreliable",
            description="A fifth of what is expected does not come: devices out of reach, homes that opt out or leave",
            reliability=Reliability(device_out_share_per_day=0.12, opt_out_share_per_window=0.08, leaver_share=0.04),
        ),
        Scenario(
            name="programmes",
            description="Beside the market, California's DSGS pays for capacity and ELRP for energy at events",
            programmes=(DSGS, ELRP),
        ),
        Scenario(
            name="ercot",
            description="Texas: ERCOT's prices at Houston's load zone (from files), its rules, a flat retail plan",
            iso="ercot",
        ),
    )
}
"""By name; `reference` equals `Scenario()`."""
