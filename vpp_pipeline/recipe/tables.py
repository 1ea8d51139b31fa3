"""The recipe of a stored table; without Dagster, so that a command tells at once what is current."""

from __future__ import annotations

import hashlib
import inspect
import json
import textwrap
from collections.abc import Iterable
from pathlib import Path

from vpp_core.calendar import Month
from vpp_core.scenario import Scenario
from vpp_pipeline.lake import Lake
from vpp_pipeline.recipe.code import code_version
from vpp_pipeline.recipe.reads import fields_read
from vpp_pipeline.recipe.source import parsed

WORLD = ("load_profiles", "market_prices", "price_forecast", "prosumer_fleet", "solar_generation")
"""Tables that every strategy starts from."""
OWN_MECHANISMS = ("bilateral", "posted_price", "auction")
"""Of the core, whose source counts anyway; the registry is not asked for them, since it loads the whole negotiation."""


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
        scenario.name if fields_read(asset) is None else "",
        scenario.fingerprint(),
        *(f"{table}={lake.digest(table, month, scenario.name)}" for table in sorted(upstream)),
        *extra,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def registered(asset: str, lake: Lake, month: Month, scenario: Scenario) -> list[str]:
    """What the results of an asset's strategies are also made from: their source where it is not the core's, and what a
    language model answered.
    """
    from vpp_core.strategies.registry import STRATEGIES, strategies_of

    keys = strategies_of(asset, scenario.strategies)
    answers: list[str] = []
    if scenario.negotiation.decider == "llm" and any(STRATEGIES[key].negotiates for key in keys):
        from vpp_pipeline.lake.answers import answers_digest

        answers = answers_digest(lake, month, scenario)
    outside: list[str] = []
    if scenario.negotiation.mechanism not in OWN_MECHANISMS and any(STRATEGIES[key].negotiates for key in keys):
        from vpp_core.negotiation.mechanisms import MECHANISMS

        mechanism = scenario.negotiation.mechanism
        outside = [f"{mechanism}={_foreign_source(MECHANISMS[mechanism])}"] if mechanism in MECHANISMS else []
    return [*(f"{key}={_foreign_source(STRATEGIES[key])}" for key in keys), *answers, *outside]


def _foreign_source(strategy: type) -> str:
    """Digest of the whole file a strategy is written in, helpers included; of a notebook's, which has no file, of the
    class.
    """
    if strategy.__module__.startswith("vpp_core."):
        return ""
    module = inspect.getmodule(strategy)
    file = getattr(module, "__file__", None)
    text = Path(file).read_text() if file else textwrap.dedent(inspect.getsource(strategy))
    return parsed(text, strategy.__module__).digest
