"""What mechanisms of a single price share: groups of offers that get the same, one round, and the way to a decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from vpp_core.fleet.fleet import Bools, Floats, Ints
from vpp_core.negotiation.bargain import Bargain, aggregator_counter
from vpp_core.negotiation.guard import hold_terms
from vpp_core.negotiation.rounds import RoundRecord
from vpp_core.negotiation.workflow import (
    Context,
    NegotiationState,
    announce,
    coalition,
    evaluate,
    guard_coalition,
    submit_bid,
    table_of,
)


@dataclass(frozen=True)
class Round:
    """What homes said and are told in the one round, as columns (K,)."""

    ask_usd_per_mwh: Floats
    """what each home said it wants; where nobody is asked, what it is told"""
    price_usd_per_mwh: Floats
    agreed: Bools


Pricing = Callable[[Bargain, Floats, Context], Round]
"""From homes' offers and what the aggregator would pay for each at most (K,) to prices."""


def in_one_round(context: Context, pricing: Pricing) -> NegotiationState:
    """A negotiation of one round by a rule of pricing; what the aggregator would pay at most is its terms' limit."""
    state = announce(cast(NegotiationState, {}), context)
    state = cast(NegotiationState, state | evaluate(state, context))
    decided = context.decider.terms(replace(table_of(state, context), rounds=1))
    if context.guarded:
        decided = hold_terms(decided, None, context.rules.rounds, context.rules)
    bargain, view = state["bargain"], context.seen(1)
    limit = replace(decided.value, opening_quantile=decided.value.limit_quantile, shares=None)
    most = aggregator_counter(bargain, view.forecast, limit, view.offers.later_usd_per_mwh(bargain.layout))
    said = pricing(bargain, most, context)
    settled = bargain.with_(
        ask_usd_per_mwh=np.where(said.agreed, said.price_usd_per_mwh, said.ask_usd_per_mwh),
        counter_usd_per_mwh=said.price_usd_per_mwh,
        agreed=said.agreed,
    )
    record = RoundRecord(
        said.ask_usd_per_mwh, said.price_usd_per_mwh, said.agreed, state["scores"], bargain.score,
        decided.value, decided.reason, decided.by_model, np.zeros(len(said.agreed), dtype=bool),
    )  # fmt: skip
    usage = state["usage"] + decided.usage
    state = cast(NegotiationState, state | {"bargain": settled, "terms": decided, "history": [record], "usage": usage})
    state = cast(NegotiationState, state | coalition(state, context))
    if context.guarded:
        state = cast(NegotiationState, state | guard_coalition(state, context))
    return cast(NegotiationState, state | submit_bid(state, context))


def groups(bargain: Bargain) -> tuple[Ints, int]:
    """Which offers get one price, (K,), and how many such groups there are: of one sum of the bid, charging held off
    apart, since its price is per MWh moved.
    """
    layout = bargain.layout
    return layout.book * 2 + layout.is_held_off, 2 * layout.books


def paid(price_usd_per_mwh: Floats, minimum_usd_per_mwh: Floats, moved_share: Floats) -> Floats:
    """What a price is to each offer: of charging that only stays held off its share, or what the home needs for it."""
    return np.maximum(price_usd_per_mwh * moved_share, np.minimum(minimum_usd_per_mwh, price_usd_per_mwh))
