"""No VPP: homes are left alone. Everything else is measured against this."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from vpp_core.market.decision import Decision
from vpp_core.market.segments import Segments
from vpp_core.strategies.strategy import GateClosureStrategy

if TYPE_CHECKING:
    from vpp_core.dispatch.view import GateView


class NoVpp(GateClosureStrategy):
    """Holds nothing."""

    key: ClassVar[str] = "no_vpp"
    title: ClassVar[str] = "No VPP"
    description: ClassVar[str] = (
        "The counterfactual: batteries self-consume, cars charge on arrival. Zero by construction."
    )
    obeys_preferences: ClassVar[bool] = True
    bids: ClassVar[bool] = False
    always_run: ClassVar[bool] = True

    def decide(self, view: GateView) -> Decision:
        return Decision(Segments.none(view.layout))
