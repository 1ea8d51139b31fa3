"""One negotiation as typed messages: who asked what, who conceded, who joined, and what goes to the market."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vpp_core.dispatch.view import GateView
from vpp_core.fleet.fleet import Bools, Floats
from vpp_core.market.decision import Bid
from vpp_core.market.segments import PRODUCTS, Segments
from vpp_core.negotiation.bargain import Bargain
from vpp_core.negotiation.messages import (
    BidEvaluation,
    CoalitionMember,
    CounterOffer,
    Direction,
    Opportunity,
    PriceQuantity,
    Product,
    ProsumerBid,
    Response,
    VppBid,
)
from vpp_core.negotiation.workflow import State

SMALLEST_STEP_KW = 1e-6
"""Below this a step of the curve is rounding."""


@dataclass(frozen=True)
class Transcript:
    """A window's negotiation, or that of a day's reserves. Prices of messages are unsigned $/MWh or $/MW-h."""

    view: GateView
    state: State
    gate_closure: pd.Timestamp
    bid: Bid | None = None
    """the curve that the market accepted for a window; none of a day's reserves"""
    committed_kw: Floats | None = None
    """spin and non-spin that cleared in each interval of a day, shape (2, intervals); none of a window"""

    @property
    def bargain(self) -> Bargain:
        return self.state["bargain"]

    @property
    def segments(self) -> Segments:
        """What members may be asked for, at what price."""
        return self.state["decision"].segments

    @property
    def opportunity_id(self) -> str:
        """Of the window or day: one opportunity, in as many products as are bid for."""
        start = f"{self.view.start:%Y%m%dT%H%MZ}"
        return f"{start}-reserves" if self.view.gate == "day_ahead" else start

    def opportunities(self) -> list[Opportunity]:
        """What was announced, a message for each product."""
        return [
            Opportunity(
                opportunity_id=self.opportunity_id,
                product=PRODUCTS[product],  # type: ignore[arg-type]
                window_start=self.view.start.to_pydatetime(),
                duration_hours=self.view.hours,
                required_capacity_mw=self.view.minimum_bid_kw / 1000,
                forecast_p10_usd_per_mwh=float(p10),
                forecast_p50_usd_per_mwh=float(p50),
                forecast_p90_usd_per_mwh=float(p90),
                gate_closure=self.gate_closure.to_pydatetime(),
            )
            for product in self.view.products
            for p10, p50, p90 in [self.view.forecast[product]]
        ]

    def bids(self) -> list[ProsumerBid]:
        """The sealed first bids, as the aggregator receives them."""
        return [
            ProsumerBid(
                prosumer_id=self.home_id(k),
                product=self._product(k),
                device=self._device(k),
                direction=self._direction(k),
                available_capacity_kw=float(self.bargain.quantity_kw[k]),
                minimum_price_usd_per_mwh=self._unsigned(self.bargain.opening_usd_per_mwh, k),
                constraints=self.constraints(k),
            )
            for k in np.flatnonzero(self.bargain.offering).tolist()
        ]

    def evaluations(self, round_number: int) -> list[BidEvaluation]:
        """The aggregator's scores in a round, 1 … rounds."""
        record = self.state["history"][round_number - 1]
        return [
            BidEvaluation(
                prosumer_id=self.home_id(k),
                product=self._product(k),
                device=self._device(k),
                direction=self._direction(k),
                price_score=float(record.scores[0, k]),
                capacity_score=float(record.scores[1, k]),
                reliability_score=float(record.scores[2, k]),
                score=float(record.score[k]),
            )
            for k in np.flatnonzero(self.bargain.offering).tolist()
        ]

    def counter_offers(self, round_number: int) -> list[CounterOffer]:
        """What the aggregator answered to those it had not agreed with before the round."""
        record = self.state["history"][round_number - 1]
        return [
            CounterOffer(
                prosumer_id=self.home_id(k),
                product=self._product(k),
                device=self._device(k),
                direction=self._direction(k),
                price_usd_per_mwh=self._unsigned(record.counter_usd_per_mwh, k),
                capacity_kw=float(self.bargain.quantity_kw[k]),
                reason="meets the ask" if record.counter_usd_per_mwh[k] >= record.ask_usd_per_mwh[k] else "forecast",
            )
            for k in np.flatnonzero(self.open_before(round_number)).tolist()
            if np.isfinite(record.counter_usd_per_mwh[k])
        ]

    def responses(self, round_number: int) -> list[Response]:
        """What those homes answered."""
        return [answer for _, answer in self.responses_by_segment(round_number)]

    def responses_by_segment(self, round_number: int) -> list[tuple[int, Response]]:
        """Answers with the column of the layout that each is about."""
        record = self.state["history"][round_number - 1]
        last = round_number == len(self.state["history"])
        asks = self.bargain.ask_usd_per_mwh if last else self.state["history"][round_number].ask_usd_per_mwh
        answers = []
        for k in np.flatnonzero(self.open_before(round_number)).tolist():
            agreed = bool(record.agreed[k])
            reason = "keeps to its last price" if last else "keeps to a price of its own"
            if record.replies_by_model[k]:
                reason = "as its model says"
            elif agreed:
                met = record.counter_usd_per_mwh[k] >= record.ask_usd_per_mwh[k]
                reason = "its ask is met" if met else "at least what it would ask next"
            answer = Response(
                prosumer_id=self.home_id(k),
                product=self._product(k),
                device=self._device(k),
                direction=self._direction(k),
                decision="accept" if agreed else "counter",
                price_usd_per_mwh=self._unsigned(asks, k),
                capacity_kw=float(self.bargain.quantity_kw[k]),
                reason=reason,
            )
            answers.append((k, answer))
        return answers

    def members(self) -> list[CoalitionMember]:
        """The coalition: whoever may be asked."""
        segments, satisfaction = self.segments, self.state["coalition"].satisfaction
        return [
            CoalitionMember(
                prosumer_id=self.home_id(k),
                product=self._product(k),
                device=self._device(k),
                direction=self._direction(k),
                committed_capacity_kw=float(segments.quantity_kw[k]),
                agreed_price_usd_per_mwh=float(segments.agreed_usd_per_mwh[k]),
                satisfaction=float(satisfaction[k]),
            )
            for k in np.flatnonzero(segments.quantity_kw > 0).tolist()
        ]

    def vpp_bid(self) -> VppBid:
        """What goes to the market."""
        segments = self.segments
        held = np.flatnonzero(segments.quantity_kw > 0)
        expected, offers = self.state["coalition"].expected, self.view.offers
        steps = self._steps()
        clears = expected.clearing_probability[held]
        surplus = expected.surplus_usd_per_kw[held] * segments.quantity_kw[held]
        # What a segment is expected to move, in MWh (of reserve MW-h): its prices times that are dollars.
        moved = clears * segments.quantity_kw[held] * self.view.hours / 1000
        own, rebound = offers.own_usd_per_mwh[held], offers.rebound_usd_per_mwh[held]
        agreed = self.view.layout.direction[held] * segments.agreed_usd_per_mwh[held]
        gain = float(moved @ (agreed - own))
        profit = float(surplus.sum()) - gain
        traded = float(np.abs(surplus + moved * (own + rebound)).sum())
        return VppBid(
            bid_id=f"bid-{self.opportunity_id}",
            opportunity_id=self.opportunity_id,
            total_capacity_mw=sum(step.capacity_mw for step in steps),
            segments=steps,
            expected_surplus_usd=float(surplus.sum()),
            expected_profit_usd=profit,
            expected_household_gain_usd=gain,
            profit_margin=profit / traded if traded > 0 else 0.0,
            reliability=float(clears.mean()) if len(held) else 0.0,
            coalition_size=len(np.unique(self.view.layout.home[held])),
            rounds=self.bargain.round,
        )

    def _steps(self) -> tuple[PriceQuantity, ...]:
        """The steps of the curve, sales first, by price; of a day's reserves every member's most of any hour."""
        rows: list[tuple[Product, Direction, float, float]] = []
        if self.bid is not None:
            curve = self.bid.curve
            sold = np.diff(curve.sell_kw.sum(axis=0), prepend=0.0)
            bought = -np.diff(curve.buy_kw.sum(axis=0), append=0.0)
            rows += [("energy", "sell", *step) for step in zip(curve.sell_usd_per_mwh, sold, strict=True)]
            rows += [("energy", "buy", *step) for step in zip(curve.buy_usd_per_mwh, bought, strict=True)]
        else:
            price, kw = self.segments.price_usd_per_mwh, self.segments.quantity_kw
            order = np.argsort(price, kind="stable").tolist()
            rows += [(self._product(k), self._direction(k), price[k], kw[k]) for k in order]
        return tuple(
            PriceQuantity(
                product=product, direction=direction, price_usd_per_mwh=float(price), capacity_mw=float(kw) / 1000
            )
            for product, direction, price, kw in rows
            if kw > SMALLEST_STEP_KW
        )

    def open_before(self, round_number: int) -> Bools:
        """Segments not agreed on before a round, 1 … rounds."""
        if round_number == 1:
            return self.bargain.offering
        return self.bargain.offering & ~self.state["history"][round_number - 2].agreed

    def home_id(self, k: int) -> int:
        """The home of a column of the layout."""
        return int(self.view.fleet.home_id[self.view.layout.home[k]])

    def _product(self, k: int) -> Product:
        return PRODUCTS[self.view.layout.product[k]]  # type: ignore[return-value]

    def _direction(self, k: int) -> Direction:
        return "sell" if self.view.layout.direction[k] > 0 else "buy"

    def _device(self, k: int) -> str:
        return self.view.devices[self.view.layout.store[k]]

    def _unsigned(self, signed: Floats, k: int) -> float:
        return float(self.view.layout.direction[k] * signed[k]) + 0.0  # never −0.0

    def constraints(self, k: int) -> tuple[str, ...]:
        """What a home says it will not exceed with this device."""
        fleet, home = self.view.fleet, self.view.layout.home[k]
        layout = self.view.layout
        ready = f"backup for {fleet.backup_power_hours[home]:.1f} h" if layout.is_battery[k] else "ready when needed"
        if layout.is_held_off[k]:
            return (ready,)
        power = f"at most {fleet.participation_willingness[home]:.0%} of the {self._device(k)}'s power"
        return (power, ready, f"at most {fleet.max_discharge_share[home]:.0%} of its capacity a day")
