"""Which rung of the ladder stands for what in the comparisons: the only place in results that names strategies.

What holds for any strategy (that it is a bound, obeys preferences, bids) is asked of the registry, never of a key.
"""

from __future__ import annotations

from vpp_core.strategies.centralized import Centralized, CentralizedAware, PerfectForecast
from vpp_core.strategies.negotiated import Negotiated
from vpp_core.strategies.no_vpp import NoVpp
from vpp_core.strategies.perfect_foresight import PerfectForesight, PerfectForesightAware
from vpp_core.strategies.registry import STRATEGIES
from vpp_core.strategies.smart_home import SmartHome
from vpp_core.strategies.strategy import GateClosureStrategy

ALONE = NoVpp.key
"""homes left alone: what surplus is counted over"""
SMART = SmartHome.key
"""homes that manage themselves, without a market"""
NEGOTIATED = Negotiated.key
"""what the benchmark asks about"""
COMMANDED = CentralizedAware.key
"""commanded, within preferences: knows and obeys what negotiation does"""
UNHEEDING = Centralized.key
"""commanded, preferences ignored"""
EXACT = PerfectForecast.key
"""commanded within preferences, by forecasts that happen to be exact"""
BOUND_WITHIN = PerfectForesightAware.key
"""the bound of what obeys preferences"""
BOUND = PerfectForesight.key
"""the bound of all"""

PREFERENCES_FIRST, PREFERENCES_LAST, COMPARISON = "preferences_first", "preferences_last", "comparison"
TOTAL = "total"

Step = tuple[str, str, str]
"""Name, the rung that is subtracted from, the rung that is subtracted."""

SPLIT: dict[str, tuple[Step, ...]] = {
    PREFERENCES_FIRST: (
        ("price_of_preferences", BOUND, BOUND_WITHIN),
        ("market_rules_and_planning", BOUND_WITHIN, EXACT),
        ("value_of_information", EXACT, COMMANDED),
        ("price_of_negotiating", COMMANDED, NEGOTIATED),
    ),
    PREFERENCES_LAST: (
        ("rules_planning_and_information", BOUND, UNHEEDING),
        ("price_of_preferences", UNHEEDING, COMMANDED),
        ("price_of_negotiating", COMMANDED, NEGOTIATED),
    ),
}
"""The two paths from the bound down to negotiation; each step starts where the one before it ends."""

WORDS = {
    "price_of_preferences": "obeying preferences",
    "market_rules_and_planning": "the market's rules and planning by them",
    "value_of_information": "forecasts that are not exact",
    "rules_planning_and_information": "the market's rules, planning and forecasts together",
    "price_of_negotiating": "bargaining instead of commanding",
}
"""The steps, as what costs the money."""

COMPARISONS: tuple[Step, ...] = tuple(
    (f"{upper}_over_{lower}", upper, lower)
    for upper, lower in (
        (NEGOTIATED, ALONE),
        (COMMANDED, ALONE),
        (UNHEEDING, ALONE),
        (SMART, ALONE),
        (NEGOTIATED, SMART),
        (COMMANDED, SMART),
        (UNHEEDING, SMART),
        (NEGOTIATED, COMMANDED),
        (NEGOTIATED, UNHEEDING),
        (COMMANDED, BOUND_WITHIN),
    )
)


def over(upper: str, lower: str) -> str:
    """Name of a comparison."""
    return f"{upper}_over_{lower}"


_NAMES = {name: f"{upper} over {lower}" for name, upper, lower in COMPARISONS} | {
    "rules_planning_and_information": "rules, planning and information"
}


def step_name(step: str) -> str:
    """A step's or a comparison's name in words: `price of negotiating`, `negotiated over no_vpp`."""
    return _NAMES.get(step, step.replace("_", " "))


def changes_nothing(key: str) -> bool:
    """Whether a strategy leaves homes as they are, so that all its figures are 0 by construction."""
    strategy = STRATEGIES.get(key)
    return (
        strategy is not None
        and issubclass(strategy, GateClosureStrategy)
        and not strategy.bids
        and not strategy.manages_home
    )


def has_no_market(key: str) -> bool:
    """Whether homes act without a VPP and a market: by themselves, or not at all."""
    strategy = STRATEGIES.get(key)
    return strategy is not None and issubclass(strategy, GateClosureStrategy) and not strategy.bids


def held_to(bound: str, keys: list[str]) -> list[str]:
    """Of `keys`, the strategies whose surplus can never be above that of a bound.

    A bound within preferences holds what obeys them towards a VPP; a home that manages itself keeps its backup and its
    car ready, but what it would offer a VPP does not limit it.
    """
    if not STRATEGIES[bound].obeys_preferences:
        return [key for key in keys if key != bound]
    known = {key: STRATEGIES[key] for key in keys if key in STRATEGIES and key != bound}
    return [
        key
        for key, rung in known.items()
        if rung.obeys_preferences and not (issubclass(rung, GateClosureStrategy) and rung.manages_home)
    ]
