"""The recipe of a stored table; without Dagster, so that a command tells at once what is current."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from vpp_core.calendar import Month
from vpp_core.scenario import Scenario
from vpp_core.scenario.bargaining import OWN_MECHANISMS, OWN_TACTICS
from vpp_pipeline.lake import Lake
from vpp_pipeline.recipe.code import code_version
from vpp_pipeline.recipe.foreign import foreign_source, plugins_source
from vpp_pipeline.recipe.reads import fields_read

WORLD = ("load_profiles", "market_prices", "price_forecast", "prosumer_fleet", "solar_generation")
"""Tables that every strategy starts from."""


def recipe_of(
    asset: str, month: Month, scenario: Scenario, lake: Lake, upstream: Iterable[str], extra: Iterable[str] = ()
) -> str:
    """Digest of all that a stage's result is made from. `scenario`: as the stage reads it, with the rules of the month;
    `extra`: what only the stage knows.
    """
    parts = [
        asset,
        code_version(asset),
        str(month),
        scenario.name if fields_read(asset, scenario) is None else "",
        scenario.fingerprint(),
        *(f"{table}={lake.digest(table, month, scenario.name)}" for table in sorted(upstream)),
        *extra,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def registered(asset: str, lake: Lake, month: Month, scenario: Scenario) -> list[str]:
    """What the results of an asset's strategies are also made from: their source where it is not the core's, and what a
    language model answered. The core's source counts anyway.
    """
    from vpp_core.strategies.registry import STRATEGIES, strategies_of

    keys = strategies_of(asset, scenario.strategies)
    answers: list[str] = []
    negotiates = any(STRATEGIES[key].negotiates for key in keys)
    if negotiates and scenario.negotiation.decider == "llm":
        from vpp_pipeline.lake.answers import answers_digest

        answers = answers_digest(lake, month, scenario)
    outside: list[str] = []
    if negotiates and {scenario.negotiation.aggregator_tactic, *scenario.negotiation.home_tactics} - {*OWN_TACTICS}:
        outside = [f"tactics={plugins_source()}"]
    if negotiates and scenario.negotiation.mechanism not in OWN_MECHANISMS:
        from vpp_core.negotiation.mechanisms import MECHANISMS

        mechanism = scenario.negotiation.mechanism
        outside += [f"{mechanism}={foreign_source(MECHANISMS[mechanism])}"] if mechanism in MECHANISMS else []
    return [*(f"{key}={foreign_source(STRATEGIES[key])}" for key in keys), *answers, *outside]
