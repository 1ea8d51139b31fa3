"""The messages of a negotiation, strict at the boundary: opportunity, bid, evaluation, counter-offer, response, member,
VPP bid.

They are what an outside negotiator is given and answers with, and what a stored row must read back as. Prices are what
a home is paid per MWh, for charging as for giving, and per MW and hour of spin and non-spin; those of the forecast and
of the VPP bid are the market's. Power is in kW unless the name says MW.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Product = Literal["energy", "spin", "nonspin"]
Direction = Literal["sell", "buy"]
Share = Annotated[float, Field(ge=0, le=1)]


class Message(BaseModel):
    """Common strictness: no extra field, nothing infinite, nothing converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Opportunity(Message):
    """What the aggregator announces."""

    opportunity_id: str
    product: Product
    window_start: datetime
    """of a day's reserves, the start of the day"""
    duration_hours: float = Field(gt=0)
    required_capacity_mw: float = Field(ge=0)
    """the fleet's part of the least that the market takes of its aggregation"""
    forecast_p10_usd_per_mwh: float
    forecast_p50_usd_per_mwh: float
    forecast_p90_usd_per_mwh: float
    gate_closure: datetime


class AboutOffer(Message):
    """Which of a home's offers a message is about."""

    prosumer_id: int = Field(ge=0)
    product: Product
    direction: Direction
    kind: str = Field(min_length=1)
    """what the home is asked for, one of `tables.messages.KINDS`"""
    device: str = Field(min_length=1)
    """what the store is: a kind of `fleet.kinds`"""
    device_number: int = Field(ge=1)
    """among the home's stores of that kind"""


class ProsumerBid(AboutOffer):
    """A home's sealed bid: the most that it may be asked for in any interval, and the least it wants for it now."""

    available_capacity_kw: float = Field(gt=0)
    minimum_price_usd_per_mwh: float
    constraints: str


class BidEvaluation(AboutOffer):
    """How the aggregator sees a bid; each part and the score 0–1."""

    price_score: Share
    capacity_score: Share
    reliability_score: Share
    score: Share


class CounterOffer(AboutOffer):
    """What the aggregator would pay instead."""

    price_usd_per_mwh: float
    capacity_kw: float = Field(gt=0)
    reason: str


class Response(AboutOffer):
    """The home's answer. A home that may `withdraw` never does here: where its last ask is not met, it is not asked."""

    decision: Literal["accept", "counter", "withdraw"]
    price_usd_per_mwh: float
    """what is agreed, or what is asked from now on"""
    capacity_kw: float = Field(ge=0)
    reason: str


class CoalitionMember(AboutOffer):
    """A home in the bid, with what it may be asked for in any interval and what it is paid."""

    committed_capacity_kw: float = Field(gt=0)
    agreed_price_usd_per_mwh: float
    satisfaction: Share


class PriceQuantity(Message):
    """One step of the bid: so much more from this price on (for a purchase, up to it)."""

    product: Product
    direction: Direction
    price_usd_per_mwh: float
    capacity_mw: float = Field(gt=0)


class VppBid(Message):
    """What goes to the market: the fleet's curve of a window, or a day's reserves home by home."""

    bid_id: str
    opportunity_id: str
    total_capacity_mw: float = Field(ge=0)
    """all steps together, both directions"""
    segments: tuple[PriceQuantity, ...]
    expected_surplus_usd: float
    """what plant and homes are expected to make together, were all that members may be asked for taken wherever its
    price clears; their parts follow"""
    expected_profit_usd: float
    expected_household_gain_usd: float
    profit_margin: float
    """expected profit over the expected value of what is traded, both directions counted as positive"""
    reliability: Share
    coalition_size: int = Field(ge=0)
    rounds: int = Field(ge=0)
