"""Which fields of a scenario a stage reads. What it does not read cannot change its result, so scenarios that differ
only in that share the result: a sweep of how homes bargain solves the optimisers once, and another choice of strategies
does not negotiate again.

A stage is handed the scenario with every other field at its default. So a field that is missing here is seen not to
matter, rather than give a stored result that ought to have been another.
"""

from __future__ import annotations

from vpp_core.scenario import LanguageModelRules, NegotiationRules, Scenario

_DATA = frozenset({"iso", "data_seed", "source", "transform", "first_days"})
READS: dict[str, frozenset[str]] = {
    "market_prices": _DATA | {"node", "reserve_zone", "model_missing_reserves", "longest_filled_gap_minutes"},
    "solar_generation": _DATA,
    "load_profiles": _DATA | {"homes"},
    "price_forecast": frozenset({"iso", "market", "first_days"}),
    "prosumer_fleet": frozenset(
        {"iso", "homes", "seed", "preference_strictness", "appliance_shares", "market", "first_days"}
    ),
}
"""Stages of data and homes. Which fields strategies read, they say themselves (`Strategy.reads_negotiation`)."""


SPOKEN_FOR = NegotiationRules(decider="llm", llm=LanguageModelRules(depth="every_agent"))
"""All that the fleet reads of how homes negotiate: where a model speaks for them, their own words are kept."""


def fields_read(asset: str, scenario: Scenario) -> frozenset[str] | None:
    """Fields that a stage reads; None: all of them, and its result is this scenario's own: it bears the name, or a
    language model's answers that lie under it are part of it.
    """
    from vpp_core.strategies.registry import STRATEGIES, strategies_of

    if asset in READS:
        return READS[asset]
    if not (keys := strategies_of(asset)):
        return None
    unread = {"name", "description"}
    if not any(STRATEGIES[key].reads_negotiation for key in keys):
        unread.add("negotiation")
    elif scenario.negotiation.decider == "llm":
        return None
    return frozenset(Scenario.model_fields) - unread


def as_read_by(asset: str, scenario: Scenario) -> Scenario:
    """The scenario, under its own name, with what the stage does not read at its default."""
    fields = fields_read(asset, scenario)
    scenario = _with_its_own_strategies(asset, scenario)
    if fields is None:
        return scenario
    read = {field: getattr(scenario, field) for field in fields}
    if asset == "prosumer_fleet" and scenario.negotiation.speaks_for_homes:
        read["negotiation"] = SPOKEN_FOR
    return Scenario(name=scenario.name, **read)


def _with_its_own_strategies(asset: str, scenario: Scenario) -> Scenario:
    """The scenario without what it says of other assets' strategies, and of its own where all of them are run."""
    from vpp_core.strategies.registry import strategies_of

    if scenario.strategies is None or not (every := strategies_of(asset)):
        return scenario
    own = strategies_of(asset, scenario.strategies)
    if not own:
        return scenario
    return scenario.model_copy(update={"strategies": None if own == every else tuple(own)})
