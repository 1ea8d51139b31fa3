"""The state of a negotiation as columns over segments (K,), and what each side's tactic does to it.

Prices are kept signed by direction, so that "higher is dearer for the aggregator" holds for sales and purchases alike:
they are what a home is paid for a MWh, be it that it gives it or that it takes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from vpp_core.fleet.fleet import Bools, Floats
from vpp_core.market.distribution import expected_gain_above
from vpp_core.market.segments import Layout


@dataclass(frozen=True)
class Terms:
    """What the aggregator's decider sets for a round: from where to where it raises its counter-offer, and how far."""

    opening_quantile: float
    limit_quantile: float
    conceded: float
    """share of the way from opening to limit, 0–1"""
    minimum_score: float = 0.0
    """bids scored below get no counter-offer; their ask stands, and concedes as it would"""
    shares: Floats | None = field(default=None, compare=False)
    """bid by bid, where a tactic goes by what each home does; `conceded` is then their mean"""

    @property
    def gone(self) -> Floats | float:
        """Share conceded, of each bid or of all."""
        return self.conceded if self.shares is None else self.shares


@dataclass(frozen=True)
class Bargain:
    """One negotiation. Fixed: what each home may be asked for and its private reservation price. Moving: asks and
    counters.
    """

    layout: Layout
    quantity_kw: Floats
    """the most that a store may be asked for in any interval: of a window, or of a day's reserve in any hour"""
    reservation_usd_per_mwh: Floats
    """signed by direction; private to the home"""
    opening_usd_per_mwh: Floats
    """signed; the first ask"""
    ask_usd_per_mwh: Floats
    counter_usd_per_mwh: Floats
    agreed: Bools
    score: Floats
    round: int = 0

    @property
    def offering(self) -> Bools:
        """Segments that take part."""
        return self.quantity_kw > 0

    @property
    def open(self) -> Bools:
        """Segments still under negotiation."""
        return self.offering & ~self.agreed

    @property
    def conceded(self) -> Floats:
        """Share of the room between opening and reservation that each home gave up; NaN without room."""
        room = self.opening_usd_per_mwh - self.reservation_usd_per_mwh
        with np.errstate(invalid="ignore", divide="ignore"):
            share: Floats = np.where(
                self.offering & (room > 0), (self.opening_usd_per_mwh - self.ask_usd_per_mwh) / room, np.nan
            )
        return share

    def with_(self, **changes: Any) -> Bargain:
        return replace(self, **changes)


def open_bargain(
    layout: Layout, quantity_kw: Floats, reservation_usd_per_mwh: Floats, markup: Floats, forecast: Floats
) -> Bargain:
    """Sealed first bids: each home asks its reservation price plus its persona's mark-up (N,) on the price's size.

    Holding reserve costs a home nothing, and what it is worth is published as a forecast: it first asks for all that
    the market is expected to pay. An assumption: what is to be shared lies between nothing and that.
    """
    reservation = reservation_usd_per_mwh
    p10, p50, p90 = np.nan_to_num(forecast)[layout.product].T
    asked_more = (markup[layout.home] - 1.0) * np.abs(reservation)
    opening = reservation + np.where(layout.is_reserve, expected_gain_above(p10, p50, p90, 0.0), asked_more)
    nothing = np.zeros(len(layout))
    return Bargain(
        layout=layout,
        quantity_kw=quantity_kw,
        reservation_usd_per_mwh=reservation,
        opening_usd_per_mwh=opening,
        ask_usd_per_mwh=opening,
        counter_usd_per_mwh=np.full(len(layout), -np.inf),
        agreed=np.zeros(len(layout), dtype=bool),
        score=nothing,
    )


def aggregator_counter(
    bargain: Bargain, forecast: Floats, terms: Terms, later_usd_per_mwh: Floats | float = 0.0
) -> Floats:
    """What the aggregator would pay now, from the products' quantiles (3, 3).

    What a segment costs it `later` (signed: the energy has to be replaced, or saves buying dearer) it cannot pay a home
    as well. It offers nobody less than nothing: no home is asked to pay for what its own bill already holds. −∞ where
    the terms leave a bid without counter-offer.
    """
    opening = signed_quantile(bargain.layout, forecast, terms.opening_quantile)
    limit = signed_quantile(bargain.layout, forecast, terms.limit_quantile)
    counter: Floats = np.maximum(opening + terms.gone * (limit - opening) - later_usd_per_mwh, 0.0)
    return np.where(bargain.score >= terms.minimum_score, counter, -np.inf)


def meet(bargain: Bargain, offered_usd_per_mwh: Floats, moved_share: Floats, split: float) -> Bargain:
    """Counter-offers become the bargain's; asks within them are met.

    What is offered for charging held off is offered once, for what is moved: of an hour in which it only stays held off
    the home gets that share (`moved_share`), or what it asks for.

    Ask and counter-offer are written down at once; where they cross, the price lies `split` of the way from the one to
    the other: the k of the sealed-bid double auction (Chatterjee & Samuelson 1983). Who has agreed is left alone.
    """
    ask = bargain.ask_usd_per_mwh
    met = bargain.open & (ask <= offered_usd_per_mwh)
    offered = np.full_like(ask, -np.inf)
    np.multiply(offered_usd_per_mwh, moved_share, out=offered, where=np.isfinite(offered_usd_per_mwh))
    price = np.where(met, ask + split * np.maximum(np.where(met, offered, ask) - ask, 0.0), ask)
    counter = np.where(met, price, offered)
    return bargain.with_(
        ask_usd_per_mwh=price,
        counter_usd_per_mwh=np.where(bargain.agreed, bargain.counter_usd_per_mwh, counter),
        agreed=bargain.agreed | met,
    )


def signed_quantile(layout: Layout, forecast: Floats, quantile: float) -> Floats:
    """A quantile of the price as the aggregator sees it: for purchases the same quantile of the negated price."""
    known = (0.1, 0.5, 0.9)
    prices = np.nan_to_num(forecast)
    sell = np.array([np.interp(quantile, known, of_product) for of_product in prices])
    buy = -np.array([np.interp(1.0 - quantile, known, of_product) for of_product in prices])
    return np.where(layout.direction > 0, sell[layout.product], buy[layout.product])
