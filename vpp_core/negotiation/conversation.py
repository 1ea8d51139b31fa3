"""One negotiation read back from its rows as typed messages: who asked what, who conceded, who joined, what was bid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from vpp_core.fleet.fleet import Floats
from vpp_core.negotiation.messages import (
    BidEvaluation,
    CoalitionMember,
    CounterOffer,
    Message,
    Opportunity,
    PriceQuantity,
    ProsumerBid,
    Response,
    VppBid,
)
from vpp_core.negotiation.verifier import OFFER, expected_above


@dataclass(frozen=True)
class Conversation:
    """Rows of one negotiation, in the order in which they were said."""

    said: pd.DataFrame

    @classmethod
    def of(cls, rows: pa.Table) -> Conversation:
        """Of rows of `NEGOTIATION_MESSAGES` that belong to one negotiation; no row: nobody had anything to offer."""
        return cls(rows.to_pandas())

    @property
    def rounds(self) -> int:
        return int(self.said["rounds"].iloc[0]) if len(self.said) else 0

    def of_round(self, number: int) -> pd.DataFrame:
        """What was said in a round, 1 … rounds, about offers not agreed on before."""
        return self.said[self.said["round"] == number]

    @cached_property
    def offers(self) -> pd.DataFrame:
        """The last row about each offer, in the order of first bids."""
        last = self.said[self.said["committed_kw"].notna()].set_index(OFFER)
        return last.loc[pd.MultiIndex.from_frame(self.of_round(1)[OFFER])].reset_index()

    @cached_property
    def members(self) -> pd.DataFrame:
        """Offers in the bid."""
        return self.offers[self.offers["committed_kw"] > 0]

    @property
    def opportunity_id(self) -> str:
        """Of the window or day: one opportunity, in as many products as are bid for."""
        first = self.said.iloc[0]
        start = f"{first['window_start'].tz_convert('UTC'):%Y%m%dT%H%MZ}"
        return f"{start}-reserves" if first["gate"] == "day_ahead" else start

    def opportunities(self) -> list[Opportunity]:
        """What was announced, a message for each product that homes offer."""
        return [
            Opportunity(
                opportunity_id=self.opportunity_id,
                product=row["product"],
                window_start=row["window_start"].to_pydatetime(),
                duration_hours=float(row["hours"]),
                required_capacity_mw=float(row["minimum_bid_kw"]) / 1000,
                forecast_p10_usd_per_mwh=float(row["forecast_p10_usd_per_mwh"]),
                forecast_p50_usd_per_mwh=float(row["forecast_p50_usd_per_mwh"]),
                forecast_p90_usd_per_mwh=float(row["forecast_p90_usd_per_mwh"]),
                gate_closure=row["gate_closure"].to_pydatetime(),
            )
            for _, row in self.said.drop_duplicates("product").iterrows()
        ]

    def bids(self, of: pd.DataFrame | None = None) -> list[ProsumerBid]:
        """The sealed first bids, as the aggregator receives them, or of some of the first round's rows."""
        return [
            ProsumerBid(
                **about(row),
                available_capacity_kw=row["capacity_kw"],
                minimum_price_usd_per_mwh=row["first_ask_usd_per_mwh"],
                constraints=row["constraints"],
            )
            for row in records(self.of_round(1) if of is None else of)
        ]

    def evaluations(self, number: int) -> list[BidEvaluation]:
        """The aggregator's scores in a round."""
        parts = ("price_score", "capacity_score", "reliability_score", "score")
        return [
            BidEvaluation(**about(row), **{part: row[part] for part in parts}) for row in records(self.of_round(number))
        ]

    def counter_offers(self, number: int) -> list[CounterOffer]:
        """What the aggregator answered in a round; nothing where it offered nothing."""
        offered = self.of_round(number)
        return [
            CounterOffer(
                **about(row),
                price_usd_per_mwh=row["counter_usd_per_mwh"],
                capacity_kw=row["capacity_kw"],
                reason="meets the ask" if row["counter_usd_per_mwh"] >= row["ask_usd_per_mwh"] else "forecast",
            )
            for row in records(offered[offered["counter_usd_per_mwh"].notna()])
        ]

    def responses(self, of: pd.DataFrame) -> list[Response]:
        """What homes answered, by these rows."""
        return [
            Response(
                **about(row),
                decision=row["response"],
                price_usd_per_mwh=row["response_usd_per_mwh"],
                capacity_kw=row["capacity_kw"],
                reason=row["reason"],
            )
            for row in records(of)
        ]

    def coalition(self) -> list[CoalitionMember]:
        """Whoever may be asked."""
        return [
            CoalitionMember(
                **about(row),
                committed_capacity_kw=row["committed_kw"],
                agreed_price_usd_per_mwh=row["response_usd_per_mwh"],
                satisfaction=row["satisfaction"],
            )
            for row in records(self.members)
        ]

    def vpp_bid(self) -> VppBid:
        """What goes to the market."""
        held = self.members
        steps = tuple(PriceQuantity(**step) for step in self.said["bid_steps"].iloc[0])
        sign = np.where(held["direction"] == "sell", 1.0, -1.0)
        price, clears = sign * _number(held, "bid_price_usd_per_mwh"), _number(held, "clears_probability")
        own, rebound = _number(held, "private_own_cost_usd_per_mwh"), _number(held, "rebound_usd_per_mwh")
        agreed = _number(held, "response_usd_per_mwh")
        quantiles = [_number(held, f"forecast_{name}_usd_per_mwh") for name in ("p10", "p50", "p90")]
        above, _ = expected_above(quantiles, sign, price)
        mwh = _number(held, "committed_kw") * _number(held, "hours") / 1000
        profit = float(mwh @ (above + clears * (price - agreed - rebound)))
        gain = float((mwh * clears) @ (agreed - own))
        traded = float(mwh @ np.abs(above + clears * price))
        return VppBid(
            bid_id=f"bid-{self.opportunity_id}",
            opportunity_id=self.opportunity_id,
            total_capacity_mw=sum(step.capacity_mw for step in steps),
            segments=steps,
            expected_surplus_usd=profit + gain,
            expected_profit_usd=profit,
            expected_household_gain_usd=gain,
            profit_margin=profit / traded if traded > 0 else 0.0,
            reliability=float(clears.mean()) if len(held) else 0.0,
            coalition_size=held["home_id"].nunique(),
            rounds=self.rounds,
        )

    def messages(self) -> int:
        """Read every row as the messages that it stands for; a row that is none raises. How many there are."""
        if not len(self.said):
            return 0
        read: list[Sequence[Message]] = [self.opportunities(), self.bids(), self.coalition(), [self.vpp_bid()]]
        for number in range(1, self.rounds + 1):
            read += [self.evaluations(number), self.counter_offers(number), self.responses(self.of_round(number))]
        return sum(map(len, read))


def about(row: dict[str, Any]) -> dict[str, Any]:
    """Which of a home's offers a row is about, as fields of a message."""
    names = ("product", "direction", "kind", "device", "device_number")
    return {"prosumer_id": row["home_id"], **{name: row[name] for name in names}}


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values."""
    return [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]


def _number(rows: pd.DataFrame, name: str) -> Floats:
    return rows[name].to_numpy(dtype=np.float64)
