"""Questions about what was said in negotiations: rows of `NEGOTIATION_MESSAGES`. Knows no Streamlit."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from vpp_core.tables import NEGOTIATION_MESSAGES
from vpp_dashboard.store import parquet, remembered, timezone_of
from vpp_pipeline.lake import Lake

TABLE = NEGOTIATION_MESSAGES.name
MEANINGS = {column.name: column.description for column in NEGOTIATION_MESSAGES.columns} | {
    "times": "how often it said so in the end",
    "in_bid": "of these, in the fleet's bid",
    "offers": "offers of homes: a device and what it can be asked for",
    "agreed": "of these, agreed on",
}
OFFER = ["home_id", "kind", "device", "device_number"]
"""What tells the offers of one negotiation apart."""


def kept(lake: Lake, month: str, scenario: str) -> bool:
    """Whether what was said in a month is in the lake."""
    return bool(lake.table_path(TABLE, month, scenario).exists())


@remembered
def negotiations(lake: Lake, month: str, scenario: str) -> pd.DataFrame:
    """A row per negotiation: when (`local`), of what, how it ended, what followed."""
    found = parquet(
        lake,
        """SELECT strategy, gate, window_start, any_value(outcome) AS outcome, max(rounds) AS rounds,
                  count(*) FILTER (committed_kw IS NOT NULL) AS offers,
                  count(*) FILTER (committed_kw IS NOT NULL AND agreed) AS agreed,
                  count(*) FILTER (committed_kw > 0) AS in_bid,
                  count(DISTINCT home_id) AS homes,
                  string_agg(DISTINCT product, ' + ' ORDER BY product) AS products,
                  string_agg(DISTINCT kind, ', ' ORDER BY kind) AS kinds,
                  max(forecast_p50_usd_per_mwh) FILTER (product = 'energy') AS forecast_p50_usd_per_mwh,
                  max(market_usd_per_mwh) AS market_usd_per_mwh, sum(asked_kwh) AS asked_kwh,
                  sum(delivered_kwh) AS delivered_kwh, sum(paid_usd) AS paid_usd
           FROM stored GROUP BY strategy, gate, window_start ORDER BY window_start, gate""",
        TABLE,
        month,
        scenario,
    )
    return found.assign(
        local=pd.to_datetime(found["window_start"], utc=True).dt.tz_convert(timezone_of(lake, scenario))
    )


@remembered
def offers_of_home(lake: Lake, month: str, scenario: str, home: int) -> pd.DataFrame:
    """The last row about each offer of a home: how it ended, and what followed."""
    return parquet(
        lake,
        "SELECT * EXCLUDE (bid_steps) FROM stored WHERE home_id = ? AND committed_kw IS NOT NULL ORDER BY window_start",
        TABLE,
        month,
        scenario,
        (home,),
    )


def answers_of_home(lake: Lake, month: str, scenario: str, home: int) -> pd.DataFrame | None:
    """How a home answered in the end and why, by what it was asked for; None where what was said was not kept."""
    if not kept(lake, month, scenario):
        return None
    ended = offers_of_home(lake, month, scenario, home)
    own = ended.assign(
        answer=ended["agreed"].map({True: "agreed", False: "not agreed"}), in_bid=ended["committed_kw"] > 0
    )
    grouped = own.groupby(["kind", "answer", "reason"], sort=False).agg(
        times=("agreed", "size"),
        in_bid=("in_bid", "sum"),
        ask_usd_per_mwh=("ask_usd_per_mwh", "median"),
        counter_usd_per_mwh=("counter_usd_per_mwh", "median"),
        asked_kwh=("asked_kwh", "sum"),
        delivered_kwh=("delivered_kwh", "sum"),
        paid_usd=("paid_usd", "sum"),
    )
    return grouped.reset_index().sort_values(["kind", "times"], ascending=[True, False])


class Wanted(NamedTuple):
    """What a negotiation is looked for by; None: any."""

    outcome: str | None = None
    product: str | None = None
    home: int | None = None
    paid_usd: float | None = None
    """at least"""
    price_usd_per_mwh: float | None = None
    """the market paid at least"""


def search(lake: Lake, month: str, scenario: str, wanted: Wanted) -> pd.DataFrame:
    """Rows of `negotiations` that are as wanted."""
    found = negotiations(lake, month, scenario)
    if wanted.outcome is not None:
        found = found[found["outcome"] == wanted.outcome]
    if wanted.product is not None:
        found = found[[wanted.product in products.split(" + ") for products in found["products"]]]
    if wanted.paid_usd is not None:
        found = found[found["paid_usd"].fillna(0.0) >= wanted.paid_usd]
    if wanted.price_usd_per_mwh is not None:
        found = found[found["market_usd_per_mwh"] >= wanted.price_usd_per_mwh]
    if wanted.home is not None:
        own = offers_of_home(lake, month, scenario, wanted.home)[["strategy", "gate", "window_start"]]
        found = found.merge(own.drop_duplicates(), on=["strategy", "gate", "window_start"])
    return found


@remembered
def said(lake: Lake, month: str, scenario: str, strategy: str, gate: str, start: pd.Timestamp) -> pd.DataFrame:
    """All rows of one negotiation."""
    return parquet(
        lake,
        "SELECT * FROM stored WHERE strategy = ? AND gate = ? AND window_start = ?",
        TABLE,
        month,
        scenario,
        (strategy, gate, start.tz_convert("UTC").to_pydatetime()),
    )
