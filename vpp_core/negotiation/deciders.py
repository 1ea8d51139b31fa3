"""Who decides for the aggregator: a plug that sets its terms for each round.

`rules` needs nothing: it opens low, and reaches the forecast median in the last round. Above that it takes a home's
last ask only as an offer for a rare spike, at a segment price that never earns less than it pays.
"""

from __future__ import annotations

from typing import Protocol

from vpp_core.negotiation.bargain import Bargain, Terms


class Decider(Protocol):
    """Sets the aggregator's terms for a round of a negotiation."""

    def terms(self, bargain: Bargain, round_number: int, rounds: int) -> Terms:
        """Terms of round 1 … `rounds`."""
        ...


class Rules:
    """Concedes evenly from the forecast's p10 to its median."""

    def terms(self, bargain: Bargain, round_number: int, rounds: int) -> Terms:
        return Terms(opening_quantile=0.1, limit_quantile=0.5, conceded=round_number / rounds)
