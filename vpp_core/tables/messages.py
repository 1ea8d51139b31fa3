"""What was said in negotiations, and how negotiators are judged by it.

`NEGOTIATION_MESSAGES` has a row for each store, direction and round in which a home and the aggregator were not yet
agreed. Prices are what the home is paid per MWh, for charging as for giving; of the bid they are the market's. What
only one side knows stands in columns of its own: `private_…` is the home's, `rebound_…` the aggregator's.
"""

from __future__ import annotations

import pyarrow as pa

from vpp_core.iso import DEFAULT
from vpp_core.tables.contract import TIMESTAMP, Column, Contract
from vpp_core.tables.negotiation import OUTCOMES

REASONS = (
    "its ask is met",
    "at least what it would ask next",
    "keeps to a price of its own",
    "keeps to its last price",
    "as its model says",
)
"""Why a home answers as it does."""
LEFT_OUT = (
    "their direction or reserve sums to less than the minimum bid",
    "no price was agreed",
    "the solver found no coalition",
    "they are expected to bring less than the target margin",
    "they would clear too rarely",
    "they are not expected to bring anything",
    "they cost more satisfaction than they bring",
    "no reserve is to be sold",
    "what is worth asking for sums to less than the minimum bid",
)
"""Why what was offered is not in the bid; the first that applies is told."""
GATES = ("real_time", "day_ahead")
KINDS = (
    "battery sale",
    "battery purchase",
    "delayed charging",
    "earlier charging",
    "car discharge",
    *(product.name for product in DEFAULT.products),
)
"""What a store can be asked for; another market's reserve products are stored under the default one's names."""

OUTSIDE = "as its negotiator from outside says"
"""Said of terms in place of which an outside negotiator named each price."""
MAX_HOMES = 1000
"""Of a larger fleet as many homes, evenly spaced, are kept: those of a million homes would be 60 GB a month."""

_NUMBER = pa.float32()
_STEPS = Contract(
    "bid_steps",
    "A step of the bid: so much more from this price on (for a purchase, up to it).",
    (
        Column("product", pa.string(), "energy, spin or nonspin"),
        Column("direction", pa.string(), "sell or buy"),
        Column("price_usd_per_mwh", pa.float64(), "of reserve per MW and hour [$/MWh]"),
        Column("capacity_mw", pa.float64(), "[MW]"),
    ),
)

NEGOTIATION_MESSAGES = Contract(
    "negotiation_messages",
    "A row per negotiation, home, device, what it can be asked for, and round in which both sides were not agreed yet: "
    "ask, counter-offer, answer and why, prices in $/MWh paid to the home ($ per MW and hour of reserve). What "
    "followed stands in the last row about an offer, and is null in those before.",
    (
        Column("strategy", pa.string(), "strategy key"),
        Column("window_start", TIMESTAMP, "start of the market window, or of the day whose reserves are sold, UTC"),
        Column("local_day", pa.string(), "local trade day, YYYY-MM-DD"),
        Column("gate", pa.string(), "real_time: a window's energy; day_ahead: a day's reserves", one_of=GATES),
        Column("gate_closure", TIMESTAMP, "when the negotiation had to be over, UTC"),
        Column("hours", _NUMBER, "length of the window or day [h]", at_least=0.0),
        Column("product", pa.string(), "what is sold or bought", one_of=("energy", "spin", "nonspin")),
        Column("direction", pa.string(), "as the market sees it", one_of=("sell", "buy")),
        Column("kind", pa.string(), "what the home is asked for", one_of=KINDS),
        Column("home_id", pa.int64(), "household"),
        Column("category", pa.string(), "preference category of the household"),
        Column("device", pa.string(), "which kind of store it is"),
        Column("device_number", pa.int16(), "1, 2 … among the home's stores of that kind", at_least=1),
        Column("constraints", pa.string(), "what the home says it will not exceed with it"),
        Column("round", pa.int16(), "1 … rounds", at_least=1),
        Column("rounds", pa.int16(), "rounds that the negotiation took", at_least=1),
        Column("capacity_kw", _NUMBER, "the most that it may be asked for in any quarter hour [kW]", at_least=0.0),
        Column("first_ask_usd_per_mwh", _NUMBER, "what the home asked first"),
        Column("ask_usd_per_mwh", _NUMBER, "what the home asks in this round"),
        Column("counter_usd_per_mwh", _NUMBER, "what the aggregator offers; null: no counter-offer", True),
        Column("response", pa.string(), "the home's answer", one_of=("accept", "counter", "withdraw")),
        Column("response_usd_per_mwh", _NUMBER, "what is agreed, or asked from now on"),
        Column("reason", pa.string(), "why the home answers so"),
        Column("by_model", pa.bool_(), "whether a model answered, not the home's own tactic"),
        Column("score", _NUMBER, "how the aggregator sees the ask, 0–1", at_least=0.0, at_most=1.0),
        Column("price_score", _NUMBER, "cheap", at_least=0.0, at_most=1.0),
        Column("capacity_score", _NUMBER, "large", at_least=0.0, at_most=1.0),
        Column("reliability_score", _NUMBER, "sure", at_least=0.0, at_most=1.0),
        Column("terms_opening_quantile", _NUMBER, "forecast quantile where counter-offers start"),
        Column("terms_limit_quantile", _NUMBER, "forecast quantile they may reach"),
        Column("terms_conceded", _NUMBER, "share of the way from opening to limit in this round"),
        Column("terms_minimum_score", _NUMBER, "asks scored below got no counter-offer"),
        Column("terms_by_model", pa.bool_(), "whether a model set the terms"),
        Column("terms_reason", pa.string(), "what was said of the terms; null: nothing", True),
        Column("forecast_p10_usd_per_mwh", _NUMBER, "forecast of the product at gate closure"),
        Column("forecast_p50_usd_per_mwh", _NUMBER, "the same, median"),
        Column("forecast_p90_usd_per_mwh", _NUMBER, "the same"),
        Column("minimum_bid_kw", _NUMBER, "the fleet's part of the smallest bid [kW]"),
        Column("reaches_minimum", pa.bool_(), "whether all that is offered of its product and direction reaches it"),
        Column("rebound_usd_per_mwh", _NUMBER, "what the aggregator expects the energy to cost it later"),
        Column("outcome", pa.string(), "how the negotiation ended", one_of=tuple(OUTCOMES)),
        Column("agreed", pa.bool_(), "whether both sides are agreed after the round"),
        Column("committed_kw", _NUMBER, "of its capacity, what the bid may ask for [kW]", True, 0.0),
        Column("bid_price_usd_per_mwh", _NUMBER, "market price from (bought: up to) which asking for all pays", True),
        Column("clears_probability", _NUMBER, "belief of the aggregator that the market pays that", True, 0.0, 1.0),
        Column("satisfaction", _NUMBER, "of the household, as the plan expects it, 0–1", True, 0.0, 1.0),
        Column("left_out", pa.string(), "why it is not in the bid; null where it is", True, one_of=LEFT_OUT),
        Column("bid_steps", pa.list_(_STEPS.struct), "the fleet's whole bid, in the first row of a negotiation", True),
        Column("market_usd_per_mwh", _NUMBER, "mean price that the market paid for the product", True),
        Column("cleared_share", _NUMBER, "share of the time in which the market paid the bid price", True, 0.0, 1.0),
        Column("asked_kwh", _NUMBER, "energy asked for, of reserve power held times hours [kWh]", True, 0.0),
        Column("delivered_kwh", _NUMBER, "of that, what was delivered or could have been [kWh]", True),
        Column("paid_usd", _NUMBER, "paid to the household for it, calls of the reserve included [$]", True),
        Column("private_reservation_usd_per_mwh", _NUMBER, "the least for which the home agrees"),
        Column("private_own_cost_usd_per_mwh", _NUMBER, "its own cost: rise of its bill, now and later, and wear"),
    ),
    key=("strategy", "window_start", "home_id", "kind", "device", "device_number", "round"),
)  # fmt: skip

_PERCENT_OF = "of the achievable joint gain [%]; null where there was none"
NEGOTIATOR_SCORES = Contract(
    "negotiator_scores",
    "How negotiators did, judged by a verifier that knows both sides: a row per side, negotiator and product. Gains "
    "are expected at the gate, over the home's reservation price and over all that energy costs the aggregator.",
    (
        Column("month", pa.string(), "YYYY-MM"),
        Column("scenario", pa.string(), "scenario"),
        Column("strategy", pa.string(), "strategy key"),
        Column("side", pa.string(), "whose negotiator", one_of=("aggregator", "household")),
        Column("negotiator", pa.string(), "who decides for the aggregator; of households their category"),
        Column("product", pa.string(), "energy of windows, or reserves of days", one_of=("energy", "reserves")),
        Column("score_percent", pa.float64(), f"what its own side is expected to gain, {_PERCENT_OF}", True),
        Column("joint_percent", pa.float64(), f"what both sides are expected to gain together, {_PERCENT_OF}", True),
        Column("achievable_usd", pa.float64(), "the most that both sides could have expected to gain together [$]"),
        Column("joint_usd", pa.float64(), "what they are expected to gain together [$]"),
        Column("aggregator_usd", pa.float64(), "of that, the aggregator [$]"),
        Column("household_usd", pa.float64(), "of that, households [$]"),
        Column("negotiations", pa.int64(), "windows and days negotiated"),
        Column("offers", pa.int64(), "offers of homes: a device and what it can be asked for, in one negotiation"),
        Column("agreed", pa.int64(), "of these, agreed on"),
        Column("in_bid", pa.int64(), "of these, in the bid"),
        Column("missed", pa.int64(), "not in the bid, though both would have gained a cent or more together"),
        Column("missed_usd", pa.float64(), "what these would have brought both together [$]"),
        Column("irrational_offers", pa.int64(), "asks below the own price; counter-offers above the ask or any worth"),
        Column("promises", pa.int64(), "offers that were asked for"),
        Column("promises_broken", pa.int64(), "of these, not delivered in full"),
        Column("asked_kwh", pa.float64(), "asked for, of reserve power held times hours [kWh]"),
        Column("delivered_kwh", pa.float64(), "of that, delivered [kWh]"),
        Column("belief_percent", pa.float64(), "mean belief that the market pays the bid price [%]", True),
        Column("happened_percent", pa.float64(), "share of the time in which it did [%]", True),
        Column(
            "brier", pa.float64(), "mean squared difference of the two, offer by offer: 0 is perfect", True, 0.0, 1.0
        ),
    ),
    key=("month", "scenario", "strategy", "side", "negotiator", "product"),
)
