"""Negotiation: the aggregator bargains with every home in rounds, within every preference."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from vpp_core.errors import InputError
from vpp_core.market.decision import Decision
from vpp_core.strategies.strategy import GateClosureStrategy

if TYPE_CHECKING:
    from vpp_core.dispatch.view import GateView
    from vpp_core.dispatch.window_program import WindowProgram
    from vpp_core.llm.gateway import Gateway
    from vpp_core.negotiation.deciders import Decider
    from vpp_core.negotiation.mechanisms import Mechanism
    from vpp_core.negotiation.workflow import NegotiationState
    from vpp_core.scenario import NegotiationRules, Scenario


class Negotiated(GateClosureStrategy):
    """Runs the scenario's mechanism for each window. Where a language model decides, `gateway` leads to it."""

    key: ClassVar[str] = "negotiated"
    title: ClassVar[str] = "Negotiated"
    description: ClassVar[str] = (
        "Aggregator and homes bargain in rounds; every preference holds, nobody below its price."
    )
    asset: ClassVar[str] = "negotiation_results"
    obeys_preferences: ClassVar[bool] = True
    negotiates: ClassVar[bool] = True
    _mechanism: Mechanism | None = None
    _program: WindowProgram | None = None
    _decider: Decider | None = None

    def maximises_own_profit(self, scenario: Scenario) -> bool:
        return scenario.negotiation.objective == "profit"

    def negotiate(self, view: GateView) -> NegotiationState:
        """The whole negotiation of a window's energy or a day's reserves."""
        from vpp_core.dispatch.window_program import WindowProgram
        from vpp_core.negotiation.mechanisms import mechanism_of
        from vpp_core.negotiation.workflow import Context

        rules = view.scenario.negotiation
        if self._mechanism is None or self._program is None or self._decider is None:
            self._program = WindowProgram.of(view.layout, view.scenario)
            self._decider = decider_of(rules, self.gateway)
            self._mechanism = mechanism_of(rules.mechanism)
        return self._mechanism.negotiate(Context(view, self._decider, self._program, rules))

    def decide(self, view: GateView) -> Decision:
        state = self.negotiate(view)
        if self.heard is not None:
            self.heard(view, state)
        return state["decision"]


def decider_of(rules: NegotiationRules, gateway: Gateway | None) -> Decider:
    """The decider that the scenario asks for."""
    from vpp_core.negotiation.deciders import RuleDecider

    if rules.decider == "rules":
        return RuleDecider(rules)
    if gateway is None:
        raise InputError("the scenario negotiates by a language model, and there is no way to one; give a gateway")
    from vpp_core.negotiation.strategist import Strategist

    return Strategist(rules, gateway)
