"""Uniform-price auction: homes bid once, sealed, and all whose bids are taken are paid the dearest of them.

A home among many hardly moves that price, and bids its reservation price: an assumption, true in the limit. Per sort of
offer the aggregator takes bids up to the one that maximises its expected profit, a monopsonist's cut.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vpp_core.fleet.fleet import Floats
from vpp_core.market.distribution import expected_gain_above, expected_gain_below
from vpp_core.negotiation.bargain import Bargain
from vpp_core.negotiation.mechanisms.one_price import Round, groups, in_one_round, paid
from vpp_core.negotiation.workflow import Context, NegotiationState

CUTS = 16
"""Bids at which the aggregator looks whether to stop, evenly among those it could take."""


class Auction:
    """Sealed bids, one price."""

    key: ClassVar[str] = "auction"
    about: ClassVar[str] = "sealed bids once; all that are taken are paid the dearest of them"

    def negotiate(self, context: Context) -> NegotiationState:
        """One round: bids, a cut, a price."""
        return in_one_round(context, _cleared)


def _cleared(bargain: Bargain, most: Floats, context: Context) -> Round:
    view = context.seen(1)
    bid, moved = bargain.reservation_usd_per_mwh, view.offers.moved_share
    # Of charging held off a price is per MWh moved, and so is a bid for it.
    named = np.divide(bid, moved, out=bid.copy(), where=moved > 0)
    price = np.full(len(bid), -np.inf)
    group, count = groups(bargain)
    takes = bargain.offering & (bid <= most)
    for g in range(count):
        here = np.flatnonzero(takes & (group == g))
        if len(here):
            price[group == g] = _best_cut(here, named, bargain, context)
    cleared = np.isfinite(price)
    told = np.where(cleared, paid(np.where(cleared, price, 0.0), bid, moved), -np.inf)
    return Round(bid, told, takes & (named <= price + 1e-9))


def _best_cut(here: np.ndarray, named: Floats, bargain: Bargain, context: Context) -> float:
    """The price among the bids of these offers at which the aggregator expects to gain most."""
    view, layout = context.seen(1), bargain.layout
    bids = np.sort(named[here])
    cuts = bids[np.unique(np.linspace(0, len(bids) - 1, min(CUTS, len(bids))).astype(int))]
    offers = view.offers
    agreed = paid(cuts[:, None], bargain.reservation_usd_per_mwh[here], offers.moved_share[here])
    sign = layout.direction[here]
    market = sign * (agreed + offers.later_usd_per_mwh(layout)[here])
    p10, p50, p90 = np.nan_to_num(view.forecast)[layout.product[here]].T
    gain = np.where(sign > 0, expected_gain_above(p10, p50, p90, market), expected_gain_below(p10, p50, p90, market))
    profit = np.where(named[here] <= cuts[:, None] + 1e-9, gain, 0.0) @ bargain.quantity_kw[here]
    return float(cuts[np.argmax(profit)])
