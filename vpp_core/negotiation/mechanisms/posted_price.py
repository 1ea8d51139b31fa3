"""Posted price: the aggregator names one price for each sort of offer, and each home takes it or leaves it.

The price is half of what the offers of a sort are worth to it on average: what a monopsonist posts that believes
reservation prices to be uniform between nothing and that (Myerson 1981). It knows none of them.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from vpp_core.fleet.fleet import Floats
from vpp_core.negotiation.bargain import Bargain
from vpp_core.negotiation.mechanisms.one_price import Round, groups, in_one_round, paid
from vpp_core.negotiation.workflow import Context, NegotiationState

POSTED_SHARE = 0.5
"""Of what an offer is worth to the aggregator, what it posts."""


class PostedPrice:
    """Take it or leave it."""

    key: ClassVar[str] = "posted_price"
    about: ClassVar[str] = "one price for each sort of offer, to take or to leave"

    def negotiate(self, context: Context) -> NegotiationState:
        """One round: homes accept what reaches their reservation price."""
        return in_one_round(context, _posted)


def _posted(bargain: Bargain, most: Floats, context: Context) -> Round:
    group, count = groups(bargain)
    weight = np.where(np.isfinite(most), bargain.quantity_kw, 0.0)
    worth = np.bincount(group, weight * np.where(np.isfinite(most), most, 0.0), count)
    offered = np.bincount(group, weight, count)
    price = POSTED_SHARE * np.divide(worth, offered, out=np.zeros(count), where=offered > 0)[group]
    reservation = bargain.reservation_usd_per_mwh
    told = np.where(np.isfinite(most), paid(price, reservation, context.view.offers.moved_share), -np.inf)
    agreed = bargain.offering & (told >= reservation)
    return Round(np.where(np.isfinite(told), told, bargain.opening_usd_per_mwh), told, agreed)
