"""How a negotiation ended, in a word of `tables.negotiation.OUTCOMES`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vpp_core.dispatch.view import GateView
from vpp_core.negotiation.bargain import Bargain
from vpp_core.negotiation.rounds import RoundRecord

UNLIKELY = 0.1
"""Probability of clearing below which an agreement counts as overtaken by the price."""


def outcome_of(
    bargain: Bargain, history: Sequence[RoundRecord], clearing_probability: np.ndarray, view: GateView, *, news: bool
) -> str:
    """The key of `OUTCOMES`. `news`: the forecast changed after the first round."""
    offering, agreed = bargain.offering, bargain.agreed
    if not offering.any():
        return "nobody_available"
    sums = np.bincount(bargain.layout.book, weights=bargain.quantity_kw, minlength=bargain.layout.books)
    if sums.max() < view.minimum_bid_kw * (1 - 1e-9):
        return "demand_above_supply"
    if len(np.unique(bargain.layout.home[offering])) == 1:
        return "one_bidder"
    if news and agreed.any() and clearing_probability[agreed].max() < UNLIKELY:
        return "price_collapse"
    if not agreed.any():
        return "deadlock" if _stuck(history, offering) else "all_reject"
    return "agreed" if agreed[offering].all() else "partly_agreed"


def _stuck(history: Sequence[RoundRecord], offering: np.ndarray) -> bool:
    """Whether asks and counter-offers of the last round are those of the round before."""
    if len(history) < 2:
        return False
    last, before = history[-1], history[-2]
    same_asks = np.array_equal(last.ask_usd_per_mwh[offering], before.ask_usd_per_mwh[offering])
    return same_asks and np.array_equal(last.counter_usd_per_mwh[offering], before.counter_usd_per_mwh[offering])
