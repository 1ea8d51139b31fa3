"""What one round looked like, kept until the negotiation has ended: columns over segments (K,)."""

from __future__ import annotations

from dataclasses import dataclass

from vpp_core.fleet.fleet import Bools, Floats
from vpp_core.negotiation.bargain import Terms


@dataclass(frozen=True)
class RoundRecord:
    """Asks and counter-offers as they stood before the answers, and who had agreed after them."""

    ask_usd_per_mwh: Floats
    counter_usd_per_mwh: Floats
    agreed: Bools
    scores: Floats
    """price, capacity, reliability, each 0–1, shape (3, K)"""
    score: Floats
    terms: Terms
    reason: str
    """why the aggregator set these terms, where a model said so"""
    terms_by_model: bool
    replies_by_model: Bools
