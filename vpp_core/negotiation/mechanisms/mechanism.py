"""What a mechanism is: one negotiation from what is known to a decision."""

from __future__ import annotations

from typing import ClassVar, Protocol

from vpp_core.negotiation.workflow import Context, NegotiationState


class Mechanism(Protocol):
    """One instance serves a run, so it may keep what is compiled."""

    key: ClassVar[str]
    about: ClassVar[str]

    def negotiate(self, context: Context) -> NegotiationState:
        """Negotiate once.

        Parameters
        ----------
        context : Context
            What is known at the gate, the rules, and who decides.

        Returns
        -------
        NegotiationState
            Prices, members and the decision; its history tells each round.
        """
        ...
