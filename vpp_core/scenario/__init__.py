"""What makes a result: homes, seeds, node, data source, market rules, tariff, negotiation rules, first days.

A scenario is frozen as JSON beside its results; the same name with other content is refused.
"""

from vpp_core.scenario.known import KNOWN_SCENARIOS
from vpp_core.scenario.market_rules import MarketRules
from vpp_core.scenario.negotiation_rules import LanguageModelRules, NegotiationRules
from vpp_core.scenario.programmes import PROGRAMMES, Programme
from vpp_core.scenario.reliability import Reliability
from vpp_core.scenario.scenario import MAX_LOAD_PROFILES, Scenario, describe_validation_error
from vpp_core.scenario.tariff import Tariff
from vpp_core.scenario.transform import DataTransform

__all__ = [
    "KNOWN_SCENARIOS",
    "MAX_LOAD_PROFILES",
    "PROGRAMMES",
    "DataTransform",
    "LanguageModelRules",
    "MarketRules",
    "NegotiationRules",
    "Programme",
    "Reliability",
    "Scenario",
    "Tariff",
    "describe_validation_error",
]
