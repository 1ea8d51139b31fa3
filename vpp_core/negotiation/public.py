"""What lies on the table: all that a decider may know of a negotiation, and so all that a prompt can be made of.

A home's reservation price is not here, and nothing here is computed from one but the asks that the home itself says.
What a prompt tells of asks, and of scores that are made of them, are means over at least three bids: after enough
rounds a single ask can equal the price behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from vpp_core.dispatch.view import GateView
from vpp_core.fleet.fleet import CATEGORIES, Bools, Floats
from vpp_core.iso import DEFAULT, Iso
from vpp_core.market.segments import ENERGY, NONSPIN, SPIN, Layout
from vpp_core.negotiation.bargain import Bargain, Terms
from vpp_core.negotiation.wishes import wishes_of

FEWEST_ASKS_IN_A_MEAN = 3
_OBJECTIVES = {
    "profit": "your own expected profit",
    "surplus": "what you and the households are expected to make together",
}


@dataclass(frozen=True)
class NegotiationTable:
    """One moment of a negotiation, seen by everybody. Columns over segments (K,); prices are what homes are paid."""

    subject: str
    """what is negotiated: energy of a window or reserves of a day, when, in local time"""
    products: tuple[int, ...]
    minimum_bid_kw: float
    """the least that the fleet can bid of a product and direction"""
    forecast: Floats
    """p10, p50, p90 by product, shape (3, 3): energy in $/MWh, spin and non-spin in $/MW-h; read where it is in
    `products`"""
    layout: Layout
    home_id: npt.NDArray[np.integer]
    category: npt.NDArray[np.integer]
    """of each segment's home"""
    quantity_kw: Floats
    first_ask_usd_per_mwh: Floats
    ask_usd_per_mwh: Floats
    counter_usd_per_mwh: Floats
    agreed: Bools
    score: Floats
    round: int
    rounds: int
    terms: tuple[Terms, ...]
    """what the aggregator set in the rounds before"""
    asks: tuple[Floats, ...] = ()
    """of each round so far and of this one"""
    objective: str = "profit"
    """what the aggregator maximises, by the scenario's rules"""
    wishes: Callable[[int], dict[str, Any]] | None = None
    """what the home at a position of the fleet wishes (`wishes_of`): for who speaks for it, and for nobody else"""
    iso: Iso = DEFAULT
    """the market"""

    @classmethod
    def of(
        cls,
        bargain: Bargain,
        view: GateView,
        forecast: Floats,
        rounds: int,
        terms: Sequence[Terms],
        asks: Sequence[Floats] = (),
    ) -> NegotiationTable:
        """The public part of a bargain."""
        home = bargain.layout.home
        return cls(
            subject=subject_of(view),
            products=view.products,
            minimum_bid_kw=view.minimum_bid_kw,
            forecast=forecast,
            layout=bargain.layout,
            home_id=view.fleet.home_id[home],
            category=view.fleet.category[home],
            quantity_kw=bargain.quantity_kw,
            first_ask_usd_per_mwh=bargain.opening_usd_per_mwh,
            ask_usd_per_mwh=bargain.ask_usd_per_mwh,
            counter_usd_per_mwh=bargain.counter_usd_per_mwh,
            agreed=bargain.agreed,
            score=bargain.score,
            round=bargain.round,
            rounds=rounds,
            terms=tuple(terms),
            asks=(*asks, bargain.ask_usd_per_mwh),
            objective=view.scenario.negotiation.objective,
            wishes=partial(wishes_of, view.fleet),
            iso=view.scenario.operator,
        )

    @property
    def offering(self) -> Bools:
        return self.quantity_kw > 0

    def facts(self) -> dict[str, Any]:
        """The moment as plain data for the aggregator's prompt: numbers rounded, homes only in groups."""
        return {
            "negotiated": self.subject,
            "you_maximise": _OBJECTIVES[self.objective],
            "round": self.round,
            "rounds": self.rounds,
            "forecast": self.forecasts(),
            "minimum_bid_kw": round(self.minimum_bid_kw, 1),
            "offers": list(self._groups()),
            "your_terms_so_far": [
                {
                    "opening_quantile": term.opening_quantile,
                    "limit_quantile": term.limit_quantile,
                    "conceded": round(term.conceded, 3),
                    "minimum_score": term.minimum_score,
                }
                for term in self.terms
            ],
        }

    def forecasts(self) -> dict[str, dict[str, float]]:
        """The forecast of each product that is negotiated, rounded, the unit in its name."""
        units = {ENERGY: "energy_usd_per_mwh", SPIN: "spin_usd_per_mw_h", NONSPIN: "nonspin_usd_per_mw_h"}
        return {
            unit: {name: round(float(value), 1) for name, value in zip(("p10", "p50", "p90"), row, strict=True)}
            for unit, row in ((units[product], self.forecast[product]) for product in self.products)
        }

    def _groups(self) -> Iterator[dict[str, Any]]:
        for kind, of_kind in kinds(self.layout, self.iso):
            for position, category in enumerate(CATEGORIES):
                chosen = of_kind & self.offering & (self.category == position)
                if chosen.any():
                    yield {"kind": kind, "temperament": category, **self._group(chosen)}

    def _group(self, chosen: Bools) -> dict[str, Any]:
        group: dict[str, Any] = {
            "bids": int(chosen.sum()),
            "kw": round(float(self.quantity_kw[chosen].sum()), 1),
            "agreed_kw": round(float(self.quantity_kw[chosen & self.agreed].sum()), 1),
        }
        if chosen.sum() >= FEWEST_ASKS_IN_A_MEAN:
            group["mean_score"] = round(float(self.score[chosen].mean()), 2)
        asking = chosen & ~self.agreed
        if asking.sum() >= FEWEST_ASKS_IN_A_MEAN:
            group["mean_ask"] = round(float(self.ask_usd_per_mwh[asking].mean()), 1)
        return group


def subject_of(view: GateView) -> str:
    """What is negotiated and when, for people and models."""
    start, city = view.local_start, view.scenario.operator.city
    if view.gate == "day_ahead":
        return f"reserves of {start:%A %Y-%m-%d}, every hour of the day, {city}"
    return f"energy of {start:%A %Y-%m-%d %H:%M}, {view.hours:g} h, {city}"


def kinds(layout: Layout, iso: Iso = DEFAULT) -> Iterator[tuple[str, Bools]]:
    """Names of what a store can be asked for, each with its columns (K,); every column has one."""
    given = np.zeros(len(layout), dtype=bool)
    given[layout.give] = True
    energy, sells = ~layout.is_reserve & ~given, layout.direction > 0
    yield "battery sale", energy & layout.is_battery & sells
    yield "battery purchase", energy & layout.is_battery & ~sells
    yield "delayed charging", energy & ~layout.is_battery & sells
    yield "earlier charging", energy & ~layout.is_battery & ~sells
    yield "car discharge", given
    for product, columns in zip(iso.products, (SPIN, NONSPIN), strict=True):
        yield product.name, layout.product == columns
