"""The verifier: judges negotiations knowing both sides, from the rows of `NEGOTIATION_MESSAGES` alone.

An offer of q kW over h hours that clears wherever the market pays its price brings, at the forecast P of the gate, per
MWh and signed by direction

    joint gain(a) = E[(P − reservation − rebound) · 1{P ≥ a + later}]
                  = aggregator's E[(P − a − rebound) · 1{…}]  +  household's (a − reservation) · P(P ≥ a + later)

where a is the price agreed and `later` what it adds to the bid price (`Offers.later_usd_per_mwh`). A dearer agreement
clears less often, so the most that both can gain together is reached at the household's reservation price: that is the
*achievable* joint gain of the offer, 0 where all offers of its product and direction stay below the market's minimum.
What counts is the expectation at the gate, so luck does not. Whether offers are asked for apart from each other, as the
coalition's program weighs them, is an assumption: homes share the curve.

An ask or agreement below the home's own reservation price is irrational, and so is a counter-offer above the ask, or
above the forecast's p90 less what the energy costs later, which the market would pay in a tenth of all cases at most.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from vpp_core.fleet.fleet import Floats
from vpp_core.market.distribution import expected_gain_above, expected_gain_below, probability_above
from vpp_core.market.segments import later_usd_per_mwh
from vpp_core.tables import NEGOTIATOR_SCORES

A_CENT = 0.01
"""An agreement that would bring both sides together less than this is not missed [$]."""
ROUNDING_USD_PER_MWH = 0.01
"""Prices are kept in single precision, and rounded to a cent where a model says them."""
UNKEPT_SHARE = 1e-3
"""A promise of which no more than this is missing is kept."""
OFFER = ["strategy", "window_start", "gate", "home_id", "kind", "device", "device_number"]
"""What tells one offer from another."""
NEGOTIATION = ["strategy", "gate", "window_start"]
PRODUCTS = {"energy": "energy", "spin": "reserves", "nonspin": "reserves"}
"""How scores are grouped."""
READ = (
    *OFFER, "direction", "product", "hours", "category", "capacity_kw", "ask_usd_per_mwh", "counter_usd_per_mwh",
    "response_usd_per_mwh", "agreed", *(f"forecast_{name}_usd_per_mwh" for name in ("p10", "p50", "p90")),
    "reaches_minimum", "rebound_usd_per_mwh", "committed_kw", "bid_price_usd_per_mwh", "clears_probability",
    "cleared_share", "asked_kwh", "delivered_kwh", "private_reservation_usd_per_mwh",
)  # fmt: skip
"""Columns that are looked at."""


def offers_judged(rows: pa.Table) -> pd.DataFrame:
    """Judge each offer: what both sides could have gained by it, what each is expected to, and what went wrong.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows of `NEGOTIATION_MESSAGES`, all of each negotiation.

    Returns
    -------
    pandas.DataFrame
        A row per offer, gains in $. `irrational_asks` and `irrational_counters` count messages; `missed` says that
        nothing is bid of what would have brought both a cent; `asked_kwh`, `delivered_kwh`, `belief` and `happened`
        are null where nothing was bid.
    """
    said = rows.select(READ).to_pandas()
    sign = np.where(said["direction"] == "sell", 1.0, -1.0)
    later = later_usd_per_mwh(sign, said["rebound_usd_per_mwh"].to_numpy(dtype=np.float64))
    reservation = said["private_reservation_usd_per_mwh"].to_numpy(dtype=np.float64)
    said["irrational_asks"] = (
        np.minimum(said["ask_usd_per_mwh"], said["response_usd_per_mwh"]) < reservation - ROUNDING_USD_PER_MWH
    ).astype(np.int64)
    best = np.where(sign > 0, said["forecast_p90_usd_per_mwh"], -said["forecast_p10_usd_per_mwh"]) - later
    highest = np.minimum(said["ask_usd_per_mwh"], np.maximum(best, 0.0)) + ROUNDING_USD_PER_MWH
    said["irrational_counters"] = (said["counter_usd_per_mwh"] > highest).astype(np.int64)
    counted = said.groupby(OFFER, sort=False)[["irrational_asks", "irrational_counters"]].sum()
    offers = said[said["committed_kw"].notna()].drop(columns=["irrational_asks", "irrational_counters"])
    offers = offers.join(counted, on=OFFER).reset_index(drop=True)
    return pd.concat([offers, _gains(offers)], axis=1)


def _gains(offers: pd.DataFrame) -> pd.DataFrame:
    """What offers are expected to bring to whom, and what became of them."""

    def number(name: str) -> Floats:
        return offers[name].to_numpy(dtype=np.float64)

    sign = np.where(offers["direction"] == "sell", 1.0, -1.0)
    quantiles = [number(f"forecast_{name}_usd_per_mwh") for name in ("p10", "p50", "p90")]
    rebound, reservation = number("rebound_usd_per_mwh"), number("private_reservation_usd_per_mwh")
    agreed, committed = number("response_usd_per_mwh"), number("committed_kw")
    mwh_per_kw = number("hours") / 1000
    above, clears = expected_above(quantiles, sign, reservation + later_usd_per_mwh(sign, rebound))
    achievable = above + clears * (later_usd_per_mwh(sign, rebound) - rebound)
    bid_price = np.where(committed > 0, sign * np.nan_to_num(number("bid_price_usd_per_mwh")), 0.0)
    above, clears = expected_above(quantiles, sign, bid_price)
    aggregator = above + clears * (bid_price - agreed - rebound)
    could = np.where(offers["reaches_minimum"], number("capacity_kw") * mwh_per_kw * achievable, 0.0)
    asked, delivered = number("asked_kwh"), number("delivered_kwh")
    return pd.DataFrame(
        {
            "achievable_usd": could,
            "aggregator_usd": committed * mwh_per_kw * aggregator,
            "household_usd": committed * mwh_per_kw * clears * (agreed - reservation),
            "missed": (committed <= 0) & (could >= A_CENT),
            "promised": asked > 0,
            "broken": asked - delivered > np.maximum(UNKEPT_SHARE * asked, UNKEPT_SHARE),
            "belief": number("clears_probability"),
            "happened": number("cleared_share"),
        }
    )


def expected_above(quantiles: list[Floats], sign: Floats, price: Floats) -> tuple[Floats, Floats]:
    """Find what the market is expected to pay beyond a price, and how likely it reaches it.

    Parameters
    ----------
    quantiles : list of array
        p10, p50 and p90 of the market's price [$/MWh], each of shape (n,).
    sign : array of float
        +1 of a sale, −1 of a purchase, shape (n,).
    price : array of float
        Signed by direction [$/MWh], shape (n,).

    Returns
    -------
    expected_usd_per_mwh : array of float
        E[max(P − price, 0)], shape (n,).
    clears : array of float
        P(P ≥ price), shape (n,).
    """
    p10, p50, p90 = quantiles
    unsigned = sign * price
    above, below = (gain(p10, p50, p90, unsigned) for gain in (expected_gain_above, expected_gain_below))
    clears = probability_above(p10, p50, p90, unsigned)
    expected: Floats = np.where(sign > 0, above, below)
    return expected, np.where(sign > 0, clears, 1 - clears)


def negotiations_judged(offers: pd.DataFrame) -> pd.DataFrame:
    """Sum judged offers by negotiation.

    Parameters
    ----------
    offers : pandas.DataFrame
        As `offers_judged` gives them.

    Returns
    -------
    pandas.DataFrame
        A row per negotiation: the achievable joint gain, each side's share [$], and what went wrong.
    """
    return _summed(offers, NEGOTIATION)


def negotiator_scores(offers: pd.DataFrame, aggregator: str, month: str, scenario: str) -> pd.DataFrame:
    """Sum judged offers by negotiator: the leaderboard.

    Parameters
    ----------
    offers : pandas.DataFrame
        As `offers_judged` gives them, of whole negotiations.
    aggregator : str
        Who decides for the aggregator.
    month, scenario : str
        Of which run, as columns.

    Returns
    -------
    pandas.DataFrame
        Rows of `NEGOTIATOR_SCORES`, of the aggregator's decider and of the homes of each category.
    """
    offers = offers.assign(product=offers["product"].map(PRODUCTS))
    sides = (
        ("aggregator", "aggregator_usd", "irrational_counters", offers.assign(negotiator=aggregator)),
        ("household", "household_usd", "irrational_asks", offers.assign(negotiator=offers["category"])),
    )
    parts = []
    for side, own, irrational, of_side in sides:
        scored = _summed(of_side, ["strategy", "negotiator", "product"])
        scored["score_percent"] = _percent(scored[own], scored["achievable_usd"])
        scored["irrational_offers"] = scored[irrational]
        parts.append(scored.assign(side=side))
    return pd.concat(parts, ignore_index=True).assign(month=month, scenario=scenario)[
        [column.name for column in NEGOTIATOR_SCORES.columns]
    ]


def _summed(offers: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Offers summed by these columns, in sorted order."""
    brier = (offers["belief"] - offers["happened"]) ** 2
    known = offers.assign(
        negotiation=pd.MultiIndex.from_frame(offers[NEGOTIATION]).factorize()[0],
        squared=brier,
        missed_usd=np.where(offers["missed"], offers["achievable_usd"], 0.0),
        bid=offers["committed_kw"] > 0,
        broken=offers["broken"] & offers["promised"],
    )
    groups = known.groupby(by, sort=True)
    summed = groups[
        ["achievable_usd", "aggregator_usd", "household_usd", "missed_usd", "asked_kwh", "delivered_kwh",
         "irrational_asks", "irrational_counters"]
    ].sum()  # fmt: skip
    for name, column in (("agreed", "agreed"), ("in_bid", "bid"), ("missed", "missed"), ("promises", "promised"),
                         ("promises_broken", "broken")):  # fmt: skip
        summed[name] = groups[column].sum().astype(np.int64)
    summed["offers"] = groups.size()
    summed["negotiations"] = groups["negotiation"].nunique()
    summed["joint_usd"] = summed["aggregator_usd"] + summed["household_usd"]
    summed["joint_percent"] = _percent(summed["joint_usd"], summed["achievable_usd"])
    summed["belief_percent"], summed["happened_percent"] = (
        100 * groups["belief"].mean(),
        100 * groups["happened"].mean(),
    )
    summed["brier"] = groups["squared"].mean()
    return summed.reset_index()


def _percent(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Null where there was nothing to gain."""
    return (100 * part / whole).where(whole >= A_CENT)
