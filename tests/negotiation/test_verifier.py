"""The verifier: what both sides could gain, who gains it, and what it counts as wrong, by hand and on whole days."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.negotiation.heard import day
from vpp_core.market.distribution import expected_gain_above, probability_above
from vpp_core.market.segments import TICK_USD_PER_MWH, later_usd_per_mwh
from vpp_core.negotiation.verifier import negotiations_judged, negotiator_scores, offers_judged
from vpp_core.tables import NEGOTIATION_MESSAGES, NEGOTIATOR_SCORES
from vpp_pipeline.lake.conformity import conform

SCHEMA = NEGOTIATION_MESSAGES.schema


def with_columns(rows: pa.Table, **columns: Any) -> pa.Table:
    for name, values in columns.items():
        column = pa.array(np.asarray(values), from_pandas=True).cast(SCHEMA.field(name).type)
        rows = rows.set_column(SCHEMA.get_field_index(name), SCHEMA.field(name), column)
    return rows


def one_offer(**changes: Any) -> pa.Table:
    """A battery sale of 4 kW for an hour whose home wants 50 $/MWh at least: forecast 30, 60, 100, nothing later."""
    told = day().rows
    row = told.filter(pc.is_valid(pc.field("committed_kw")) & (pc.field("gate") == "real_time"))
    given: dict[str, Any] = {
        "direction": "sell", "product": "energy", "hours": 1.0, "capacity_kw": 4.0, "reaches_minimum": True,
        "forecast_p10_usd_per_mwh": 30.0, "forecast_p50_usd_per_mwh": 60.0, "forecast_p90_usd_per_mwh": 100.0,
        "rebound_usd_per_mwh": 0.0, "private_reservation_usd_per_mwh": 50.0, "ask_usd_per_mwh": 80.0,
        "counter_usd_per_mwh": 70.0, "response_usd_per_mwh": 70.0, "agreed": True, "committed_kw": 4.0,
        "bid_price_usd_per_mwh": 70.0 + TICK_USD_PER_MWH, "clears_probability": 0.4, "cleared_share": 1.0,
        "asked_kwh": 4.0, "delivered_kwh": 4.0, "paid_usd": 0.28,
    }  # fmt: skip
    return with_columns(row.slice(0, 1), **{name: [value] for name, value in (given | changes).items()})


def scored(rows: pa.Table) -> pd.DataFrame:
    return negotiator_scores(offers_judged(rows), "rules", "2023-08", "tiny")


def judged(rows: pa.Table) -> dict[str, Any]:
    return dict(offers_judged(rows).iloc[0])


def test_an_agreement_above_the_reservation_price_splits_the_gain_and_loses_a_little_of_it() -> None:
    seen = judged(one_offer())
    paid, least = 70.0 + TICK_USD_PER_MWH, 50.0 + TICK_USD_PER_MWH
    kwh = 4.0 / 1000
    above, clears = expected_gain_above(30, 60, 100, paid), probability_above(30, 60, 100, paid)
    assert seen["aggregator_usd"] == pytest.approx(kwh * (above + clears * TICK_USD_PER_MWH), rel=1e-5)
    assert seen["household_usd"] == pytest.approx(kwh * clears * 20.0, rel=1e-5)
    could = expected_gain_above(30, 60, 100, least) + probability_above(30, 60, 100, least) * TICK_USD_PER_MWH
    assert seen["achievable_usd"] == pytest.approx(kwh * could, rel=1e-5)
    assert 0.5 < (seen["aggregator_usd"] + seen["household_usd"]) / seen["achievable_usd"] < 1
    assert not seen["missed"] and not seen["irrational_asks"] and not seen["irrational_counters"]


def test_at_the_reservation_price_the_whole_gain_is_the_aggregators() -> None:
    seen = judged(one_offer(response_usd_per_mwh=50.0, bid_price_usd_per_mwh=50.0 + TICK_USD_PER_MWH))
    assert seen["aggregator_usd"] == pytest.approx(seen["achievable_usd"], rel=1e-6)
    assert seen["household_usd"] == pytest.approx(0.0, abs=1e-9)


def test_a_purchase_gains_what_it_saves_later_less_the_markets_price() -> None:
    """To store a MWh saves 90 later; it is bought up to 90 less the 20 that the home wants."""
    buys = one_offer(
        direction="buy", rebound_usd_per_mwh=-90.0, private_reservation_usd_per_mwh=20.0, ask_usd_per_mwh=20.0,
        response_usd_per_mwh=20.0, bid_price_usd_per_mwh=70.0 - TICK_USD_PER_MWH, counter_usd_per_mwh=20.0,
    )  # fmt: skip
    seen = judged(buys)
    tail = np.geomspace(1000, 1e9, 20_000)
    grid = np.concatenate([-tail[:0:-1], np.linspace(-1000, 1000, 200_001), tail[1:]])
    mass, price = -np.diff(probability_above(30, 60, 100, grid)), (grid[1:] + grid[:-1]) / 2
    gain = mass[price < 70] @ (90 - 20 - price[price < 70])
    assert seen["achievable_usd"] == pytest.approx(4 / 1000 * gain, rel=1e-3)
    assert seen["aggregator_usd"] == pytest.approx(seen["achievable_usd"], rel=1e-6)


def test_what_is_not_bid_is_missed_where_both_would_have_gained_a_cent() -> None:
    nothing = {"committed_kw": 0.0, "bid_price_usd_per_mwh": np.nan, "agreed": False}
    seen = judged(one_offer(**nothing))
    assert seen["missed"] and seen["aggregator_usd"] == seen["household_usd"] == 0
    assert not judged(one_offer(**nothing, private_reservation_usd_per_mwh=3000.0))["missed"], "nobody would have paid"
    small = judged(one_offer(**nothing, reaches_minimum=False))
    assert small["achievable_usd"] == 0 and not small["missed"], "the market takes no bid so small"


@pytest.mark.parametrize(
    ("changes", "asks", "counters"),
    [
        ({"ask_usd_per_mwh": 49.0}, 1, 1),
        ({"response_usd_per_mwh": 49.5}, 1, 0),
        ({"counter_usd_per_mwh": 81.0}, 0, 1),
        ({"counter_usd_per_mwh": 78.0, "rebound_usd_per_mwh": 25.0}, 0, 1),
        ({"counter_usd_per_mwh": 70.0, "rebound_usd_per_mwh": 25.0}, 0, 0),
        ({"counter_usd_per_mwh": np.nan}, 0, 0),
    ],
    ids=["asks below its price", "agrees below it", "offers above the ask", "above any worth", "within it", "nothing"],
)
def test_irrational_offers_are_counted(changes: dict[str, Any], asks: int, counters: int) -> None:
    seen = judged(one_offer(**changes))
    assert (seen["irrational_asks"], seen["irrational_counters"]) == (asks, counters)


def test_a_promise_is_broken_where_less_is_delivered_than_asked_for() -> None:
    scores = scored(one_offer(delivered_kwh=3.0))
    assert scores["promises"].tolist() == scores["promises_broken"].tolist() == [1, 1]
    assert scores["delivered_kwh"].tolist() == [3.0, 3.0]
    assert scored(one_offer())["promises_broken"].tolist() == [
        0,
        0,
    ]
    idle = one_offer(asked_kwh=0.0, delivered_kwh=0.0)
    assert scored(idle)["promises"].tolist() == [0, 0]


def test_beliefs_are_held_against_what_happened() -> None:
    rows = pa.concat_tables([one_offer(), one_offer(clears_probability=0.8, cleared_share=0.5, home_id=10_000)])
    scores = scored(rows).iloc[0]
    assert scores["brier"] == pytest.approx((0.6**2 + 0.3**2) / 2, rel=1e-5)
    assert (scores["belief_percent"], scores["happened_percent"]) == pytest.approx((60, 75), rel=1e-5)


# ── whole days ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_leaderboard_keeps_its_contract_and_sums_the_negotiations() -> None:
    rows = day().rows
    scores = scored(rows)
    conform(NEGOTIATOR_SCORES.arrow(scores), NEGOTIATOR_SCORES, "scores")
    each = negotiations_judged(offers_judged(rows))
    assert len(each) == 25 and (each["joint_usd"] <= each["achievable_usd"] * (1 + 1e-6)).all()
    for side in ("aggregator", "household"):
        own = scores[scores["side"] == side]
        assert own["achievable_usd"].sum() == pytest.approx(each["achievable_usd"].sum())
        assert own["joint_usd"].sum() == pytest.approx(each["joint_usd"].sum())
        assert own["offers"].sum() == each["offers"].sum()
    assert set(scores["negotiator"]) == {"rules", "conservative", "moderate", "aggressive"}
    assert (scores[["irrational_offers", "promises_broken"]] == 0).to_numpy().all(), "rules play within their limits"


def played(agree: Any) -> pd.DataFrame:
    """The day's leaderboard, had offers ended as `agree` says: price and power from the last row about each."""
    rows = day().rows.filter(pc.is_valid(day().rows["committed_kw"]))
    said = rows.to_pandas()
    price, kw = agree(said)
    sign = np.where(said["direction"] == "sell", 1.0, -1.0)
    bid = sign * (price + later_usd_per_mwh(sign, said["rebound_usd_per_mwh"].to_numpy(dtype=np.float64)))
    bid = np.where(kw > 0, bid, np.nan)
    rows = with_columns(rows, response_usd_per_mwh=price, committed_kw=kw, bid_price_usd_per_mwh=bid)
    return negotiator_scores(offers_judged(rows), "who", "2023-08", "tiny").set_index(["side", "product"]).sort_index()


def oracle(said: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Who knows both sides agrees with everybody at the reservation price."""
    return said["private_reservation_usd_per_mwh"].to_numpy(dtype=np.float64), said["capacity_kw"].to_numpy()


def at_random(said: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Any price up to twice the worth, and half of the agreements."""
    rng = np.random.default_rng(7)
    least = said["private_reservation_usd_per_mwh"].to_numpy(dtype=np.float64)
    price = least + rng.uniform(0, 200, len(said))
    return price, np.where(rng.random(len(said)) < 0.5, said["capacity_kw"], 0.0)


@pytest.mark.parametrize("product", ["energy", "reserves"])
def test_the_oracles_own_play_scores_all_and_a_random_one_clearly_less(product: str) -> None:
    best, worst = played(oracle).loc["aggregator", product], played(at_random).loc["aggregator", product]
    assert best["score_percent"].item() == pytest.approx(100, abs=1e-3)
    assert best["joint_percent"].item() == pytest.approx(100, abs=1e-3) and best["missed"].item() == 0
    assert worst["score_percent"].item() < 60 and worst["joint_percent"].item() < 75
