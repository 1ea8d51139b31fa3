"""Negotiators from outside: a mechanism in which somebody else's negotiator speaks for the aggregator or for homes.

It is asked offer by offer, in typed messages. In each round the aggregator answers the home's ask, or proposes a price;
then the home answers that, or asks another. A side that is left out goes by the scenario's rules. What no home may do,
it cannot do here either: below its reservation price it neither agrees nor asks, and every such word is counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, cast

import numpy as np

from vpp_core.dispatch.view import GateView
from vpp_core.errors import InputError
from vpp_core.llm.usage import Usage
from vpp_core.market.segments import PRODUCTS
from vpp_core.negotiation import workflow as steps
from vpp_core.negotiation.bargain import Bargain, aggregator_counter, meet
from vpp_core.negotiation.homes import own_tactic, tactics_of_homes
from vpp_core.negotiation.mechanisms.mechanism import Mechanism
from vpp_core.negotiation.messages import CounterOffer, ProsumerBid
from vpp_core.negotiation.rounds import RoundRecord
from vpp_core.negotiation.rows import constraints, device_numbers, kind_of
from vpp_core.negotiation.workflow import Context, NegotiationState
from vpp_core.tables.messages import KINDS, OUTSIDE


@dataclass(frozen=True)
class Talk:
    """What a negotiator knows when it is asked about one offer: both sides' last words, and its own side's limit."""

    bid: ProsumerBid
    """the home's offer, at what it asks now"""
    counter_offer: CounterOffer | None
    """what the aggregator offers now; none before its first word"""
    limit_usd_per_mwh: float
    """private to whoever is asked: the home's reservation price, or the most that the aggregator would pay by rule"""
    round: int
    rounds: int


class Negotiator(Protocol):
    """One side of a bargain about one offer. Prices are what the home is paid [$/MWh], for charging as for giving."""

    def respond(self, talk: Talk) -> bool:
        """Say whether to take what the other side has said last.

        Parameters
        ----------
        talk : Talk
            Both sides' last words, and the own side's limit.

        Returns
        -------
        bool
            True agrees.
        """
        ...

    def propose(self, talk: Talk) -> float:
        """Say what to ask or offer now, having declined.

        Parameters
        ----------
        talk : Talk
            Both sides' last words, and the own side's limit.

        Returns
        -------
        float
            What the home would be paid [$/MWh].
        """
        ...


Maker = Callable[[Talk], Negotiator]
"""Makes the negotiator of one offer, when the first word is said about it."""


def outside(
    key: str, *, aggregator: Maker | None = None, home: Maker | None = None, about: str = ""
) -> type[Mechanism]:
    """Make a mechanism in which these negotiators speak; it is still to be registered.

    Parameters
    ----------
    key : str
        As scenarios will name it.
    aggregator, home : callable, optional
        Makes the negotiator of that side for one offer, from the first `Talk` about it; a side left out goes by the
        rules.
    about : str, optional
        What it is, for people.

    Returns
    -------
    type of Mechanism
        For `register`.
    """
    makers = {"aggregator": aggregator, "home": home}
    module = next((maker.__module__ for maker in makers.values() if maker is not None), __name__)
    named = {"key": key, "about": about or "negotiators from outside", "__module__": module}
    speaking = {side: maker for side, maker in makers.items() if maker is not None}
    return cast(type[Mechanism], type("Outside", (_Outside,), {**named, "makers": speaking}))


class _Outside:
    """Rounds, offer by offer where somebody from outside speaks."""

    key: ClassVar[str]
    about: ClassVar[str]
    makers: ClassVar[dict[str, Maker]] = {}
    """by side, `aggregator` or `home`"""

    def negotiate(self, context: Context) -> NegotiationState:
        """Asks, answers and counter-offers in rounds; the coalition and bid as ever."""
        state = steps.announce(cast(NegotiationState, {}), context)
        state = cast(NegotiationState, state | steps.collect_bids(state, context))
        sides: dict[tuple[str, int], Negotiator] = {}
        corrected = 0
        while state["bargain"].open.any() and state["bargain"].round < context.rules.rounds:
            state = cast(NegotiationState, state | steps.evaluate(state, context))
            offered = self._offers(state, context, sides)
            answered, wrong = self._answers(offered, state, context, sides)
            corrected += wrong
            terms = context.decider.terms(steps.table_of(state, context))
            reason = OUTSIDE if "aggregator" in self.makers else terms.reason
            record = RoundRecord(
                offered.ask_usd_per_mwh, offered.counter_usd_per_mwh, answered.agreed, state["scores"], offered.score,
                terms.value, reason, False, np.zeros_like(answered.agreed),
            )  # fmt: skip
            state = cast(
                NegotiationState, state | {"bargain": answered, "terms": terms, "history": [*state["history"], record]}
            )
        state = cast(NegotiationState, state | {"usage": state["usage"] + Usage(corrections=corrected)})
        state = cast(NegotiationState, state | steps.coalition(state, context))
        return cast(NegotiationState, state | steps.submit_bid(state, context))

    def _offers(self, state: NegotiationState, context: Context, sides: dict[tuple[str, int], Negotiator]) -> Bargain:
        """The aggregator's word about every open offer."""
        bargain, seen = state["bargain"], context.seen(state["bargain"].round)
        later = seen.offers.later_usd_per_mwh(bargain.layout)
        decided = context.decider.terms(steps.table_of(state, context)).value
        if "aggregator" not in self.makers:
            by_rule = aggregator_counter(bargain, seen.forecast, decided, later)
            return meet(bargain, by_rule, seen.offers.moved_share, context.rules.split)
        limit = replace(decided, opening_quantile=decided.limit_quantile, shares=None)
        most = aggregator_counter(bargain, seen.forecast, limit, later) * seen.offers.moved_share
        ask, counter, agreed = bargain.ask_usd_per_mwh.copy(), bargain.counter_usd_per_mwh.copy(), bargain.agreed.copy()
        for k in np.flatnonzero(bargain.open).tolist():
            talk = talk_about(bargain, seen, k, float(most[k]), context.rules.rounds)
            speaker = _speaker(sides, ("aggregator", k), self.makers["aggregator"], talk)
            if speaker.respond(talk):
                counter[k], agreed[k] = ask[k], True
            else:
                counter[k] = _finite(speaker.propose(talk), self.key)
        return bargain.with_(ask_usd_per_mwh=ask, counter_usd_per_mwh=counter, agreed=agreed)

    def _answers(
        self, bargain: Bargain, state: NegotiationState, context: Context, sides: dict[tuple[str, int], Negotiator]
    ) -> tuple[Bargain, int]:
        """Homes' words about what they are offered, and how many of them had to be corrected."""
        view, rules = context.view, context.rules
        if "home" not in self.makers:
            said = own_tactic(
                bargain, view.fleet.category, rules, state["history"], tactics_of_homes(view.fleet, rules)
            )
            taken = bargain.open & said.accepts
            ask = np.where(bargain.open, said.ask_usd_per_mwh, bargain.ask_usd_per_mwh)
            ask = np.where(taken, bargain.counter_usd_per_mwh, ask)
            return bargain.with_(ask_usd_per_mwh=ask, agreed=bargain.agreed | taken), 0
        ask, agreed, wrong = bargain.ask_usd_per_mwh.copy(), bargain.agreed.copy(), 0
        for k in np.flatnonzero(bargain.open).tolist():
            least = float(bargain.reservation_usd_per_mwh[k])
            talk = talk_about(bargain, view, k, least, rules.rounds)
            speaker = _speaker(sides, ("home", k), self.makers["home"], talk)
            takes = talk.counter_offer is not None and speaker.respond(talk)
            if takes and bargain.counter_usd_per_mwh[k] >= least:
                ask[k], agreed[k] = bargain.counter_usd_per_mwh[k], True
                continue
            price = ask[k] if takes else _finite(speaker.propose(talk), self.key)
            wrong += takes or price < least
            ask[k] = max(price, least)
        return bargain.with_(ask_usd_per_mwh=ask, agreed=agreed), wrong


def talk_about(bargain: Bargain, view: GateView, k: int, limit_usd_per_mwh: float, rounds: int) -> Talk:
    """Tell what is said so far about one offer.

    Parameters
    ----------
    bargain : Bargain
        Asks and counter-offers of all columns.
    view : GateView
        What is known at the gate.
    k : int
        The column of the layout.
    limit_usd_per_mwh : float
        The limit of the side that is asked [$/MWh].
    rounds : int
        Rounds at most.

    Returns
    -------
    Talk
        For that side's negotiator.
    """
    layout = view.layout
    about: dict[str, Any] = {
        "prosumer_id": int(view.fleet.home_id[layout.home[k]]),
        "product": PRODUCTS[layout.product[k]],
        "direction": "sell" if layout.direction[k] > 0 else "buy",
        "kind": KINDS[kind_of(view)[k]],
        "device": view.devices[layout.store[k]],
        "device_number": int(device_numbers(view)[1][layout.store[k]]),
    }
    capacity, counter = float(bargain.quantity_kw[k]), float(bargain.counter_usd_per_mwh[k])
    bid = ProsumerBid(
        **about,
        available_capacity_kw=capacity,
        minimum_price_usd_per_mwh=float(bargain.ask_usd_per_mwh[k]),
        constraints=constraints(view, k),
    )
    offer = None
    if math.isfinite(counter):
        offer = CounterOffer(**about, price_usd_per_mwh=counter, capacity_kw=capacity, reason="proposed")
    return Talk(bid, offer, limit_usd_per_mwh, bargain.round, rounds)


def _speaker(sides: dict[tuple[str, int], Negotiator], which: tuple[str, int], make: Maker, talk: Talk) -> Negotiator:
    if which not in sides:
        sides[which] = make(talk)
    return sides[which]


def _finite(price: float, key: str) -> float:
    if not math.isfinite(price):
        raise InputError(f"a negotiator of mechanism {key!r} proposed {price}; it has to be a number of $/MWh")
    return float(price)
