"""Negotiation: the aggregator bargains with every home in rounds, within every preference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from vpp_core.market.decision import Decision
from vpp_core.strategies.strategy import GateClosureStrategy

if TYPE_CHECKING:
    from vpp_core.dispatch.view import GateView
    from vpp_core.dispatch.window_program import WindowProgram
    from vpp_core.negotiation.workflow import State


class Negotiated(GateClosureStrategy):
    """Runs the negotiation workflow for each window."""

    key: ClassVar[str] = "negotiated"
    title: ClassVar[str] = "Negotiated"
    description: ClassVar[str] = (
        "Aggregator and homes bargain in rounds; every preference holds, nobody below its price."
    )
    asset: ClassVar[str] = "negotiation_results"
    obeys_preferences: ClassVar[bool] = True
    _workflow: Any = None
    _program: WindowProgram | None = None

    def negotiate(self, view: GateView) -> State:
        """The whole negotiation of a window, for a decision or a transcript."""
        from vpp_core.dispatch.window_program import WindowProgram
        from vpp_core.negotiation.deciders import Rules
        from vpp_core.negotiation.workflow import Context, build_workflow, negotiate

        rules = view.scenario.negotiation
        if self._workflow is None or self._program is None:
            self._workflow = build_workflow()
            self._program = WindowProgram.of(view.layout, view.scenario.market)
        context = Context(view, Rules(), self._program, rules.rounds, rules.satisfaction_weight_usd)
        return negotiate(self._workflow, context)

    def decide(self, view: GateView) -> Decision:
        return self.negotiate(view)["decision"]
