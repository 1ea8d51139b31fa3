"""Bilateral: the aggregator bargains with every home in rounds, through the state graph of `workflow`."""

from __future__ import annotations

from typing import Any, ClassVar

from vpp_core.negotiation.workflow import Context, NegotiationState, build_workflow, negotiate


class Bilateral:
    """Asks and counter-offers, by the tactics of either side."""

    key: ClassVar[str] = "bilateral"
    about: ClassVar[str] = "asks and counter-offers in rounds, each home at its own price"

    def __init__(self) -> None:
        self._workflow: dict[bool, Any] = {}

    def negotiate(self, context: Context) -> NegotiationState:
        """Run the graph to its end."""
        if context.guarded not in self._workflow:
            self._workflow[context.guarded] = build_workflow(context.guarded)
        return negotiate(self._workflow[context.guarded], context)
