"""What is kept of a negotiation and told of it: every row true, every sentence true, every home's words its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pydantic import ValidationError

from tests.invented import invented_inputs
from tests.negotiation.heard import EVENING, MIDNIGHT, NIGHT, Day, day, day_of
from tests.negotiation.test_negotiation import window_with_offers
from vpp_core.market.distribution import probability_above
from vpp_core.market.segments import TICK_USD_PER_MWH
from vpp_core.negotiation import ledger
from vpp_core.negotiation.conversation import Conversation
from vpp_core.negotiation.messages import BidEvaluation, Message, ProsumerBid
from vpp_core.negotiation.rows import Ended
from vpp_core.negotiation.story import story
from vpp_core.negotiation.verifier import OFFER, negotiator_scores, offers_judged
from vpp_core.scenario import Reliability
from vpp_core.settlement.settle import settle
from vpp_core.simulation import negotiate_reserves, negotiate_window, run
from vpp_core.strategies.no_vpp import NoVpp
from vpp_core.tables import NEGOTIATION_MESSAGES
from vpp_core.tables.messages import KINDS
from vpp_pipeline.lake.conformity import conform


def told(rows: pa.Table, of: Day, names: int = 12) -> list[str]:
    return list(story(rows, of.inputs.scenario, names))


# ── rows ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rows_keep_the_tables_contract_and_read_back_as_strict_messages() -> None:
    rows = day().rows
    assert conform(rows, NEGOTIATION_MESSAGES, "rows").num_rows == rows.num_rows > 500
    talk = Conversation.of(day().window)
    assert talk.messages() > 3 * len(talk.offers)
    spoilt = Conversation(talk.said.assign(score=2.0))
    with pytest.raises(ValidationError, match="score"):
        spoilt.messages()


@pytest.mark.parametrize("gate", ["real_time", "day_ahead"])
def test_rows_say_what_the_columns_of_the_negotiation_hold(gate: str) -> None:
    heard = day()
    start = EVENING if gate == "real_time" else MIDNIGHT
    view, state = heard.seen[gate, start]
    rows = heard.of(gate, start)
    said, bargain = rows.to_pandas(), state["bargain"]
    ended = Ended(view, state, start, "negotiated")
    rounds, k = ended.said
    assert said["round"].tolist() == rounds.tolist()
    assert said["home_id"].tolist() == view.fleet.home_id[view.layout.home[k]].tolist()
    for number, record in enumerate(state["history"], start=1):
        of_round, columns = said[said["round"] == number], k[rounds == number]
        assert of_round["ask_usd_per_mwh"].to_numpy() == pytest.approx(record.ask_usd_per_mwh[columns], rel=1e-6)
        counter = record.counter_usd_per_mwh[columns]
        assert of_round["counter_usd_per_mwh"].isna().to_numpy().tolist() == (~np.isfinite(counter)).tolist()
        assert of_round["agreed"].tolist() == record.agreed[columns].tolist()
        assert of_round["score"].to_numpy() == pytest.approx(record.score[columns], rel=1e-6)
    last = said[said["committed_kw"].notna()]
    assert len(last) == int(bargain.offering.sum()) == len(last.drop_duplicates(OFFER)), "one last row an offer"
    by_column = dict(zip(k[ended.is_last].tolist(), last.to_dict("records"), strict=True))
    for column, row in by_column.items():
        assert row["response_usd_per_mwh"] == pytest.approx(bargain.ask_usd_per_mwh[column], rel=1e-6)
        assert row["private_reservation_usd_per_mwh"] == pytest.approx(
            bargain.reservation_usd_per_mwh[column], rel=1e-6
        )
        assert row["committed_kw"] == pytest.approx(state["decision"].segments.quantity_kw[column], rel=1e-6)
        assert (row["left_out"] is None) == (row["committed_kw"] > 0)


def test_all_that_households_are_paid_is_in_the_rows_to_a_cent() -> None:
    heard = day()
    alone, _, _ = run(heard.inputs, NoVpp(), None)
    books = settle(heard.inputs, "negotiated", heard.trajectory, alone, heard.bids)
    said = heard.rows.to_pandas()
    assert said["paid_usd"].sum() == pytest.approx(books.windows["payment_usd"].sum(), abs=0.01)
    assert (said["paid_usd"].dropna() > 0).sum() > 20
    per_home = said.groupby("home_id")["paid_usd"].sum()
    booked = books.households.groupby("home_id")["payment_usd"].sum()
    assert per_home.to_numpy() == pytest.approx(booked[per_home.index].to_numpy(), abs=1e-3)
    energy = said[said["product"] == "energy"]
    sold, bought = (energy[energy["direction"] == way]["asked_kwh"].sum() for way in ("sell", "buy"))
    windows = books.windows
    assert bought == pytest.approx(windows["awarded_buy_kwh"].sum(), rel=1e-5)
    assert sold == pytest.approx(windows["awarded_sell_kwh"].sum(), rel=1e-5)
    held = said[said["product"] != "energy"]["asked_kwh"].sum()
    assert (
        held == pytest.approx(windows[["held_spin_kw_h", "held_nonspin_kw_h"]].to_numpy().sum(), rel=1e-5) and held > 0
    )


def test_what_was_asked_of_a_device_out_of_reach_is_a_promise_broken() -> None:
    opting_out = Reliability(opt_out_share_per_window=0.5)
    heard = day_of(invented_inputs(seed=7, homes=20, days=1, minimum_bid_mw=0.0, reliability=opting_out))
    energy = heard.rows.filter(pc.field("product") == "energy").to_pandas()
    asked, delivered = energy["asked_kwh"].sum(), energy["delivered_kwh"].sum()
    unanswered = np.abs(heard.trajectory.missed_kw).sum() / 4
    assert unanswered > 1
    assert asked - delivered == pytest.approx(unanswered, rel=1e-4)
    scores = negotiator_scores(offers_judged(heard.rows), "rules", "2023-08", "tiny")
    broken = scores[(scores["side"] == "aggregator") & (scores["product"] == "energy")]["promises_broken"].item()
    assert 0 < broken < len(energy)


def test_the_share_of_time_in_which_the_market_paid_is_that_of_the_windows_intervals() -> None:
    heard = day()
    price = heard.inputs.price[0, heard.inputs.period.timestamps.searchsorted(EVENING) :][:4]
    for row in heard.window.to_pandas().dropna(subset="cleared_share").to_dict("records"):
        pays = (
            price >= row["bid_price_usd_per_mwh"]
            if row["direction"] == "sell"
            else price <= row["bid_price_usd_per_mwh"]
        )
        assert row["cleared_share"] == pytest.approx(pays.mean())
        assert row["market_usd_per_mwh"] == pytest.approx(price.mean(), rel=1e-6)


def test_one_negotiation_computed_is_the_one_that_the_month_has_kept() -> None:
    heard = day()
    assert negotiate_window(heard.inputs, EVENING).equals(heard.window)
    assert negotiate_reserves(heard.inputs, EVENING).equals(heard.reserves)


def test_of_a_large_fleet_evenly_spaced_homes_are_kept_with_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = day()
    monkeypatch.setattr(ledger, "MAX_HOMES", 5)
    rows = negotiate_window(heard.inputs, EVENING)
    kept = set(heard.inputs.fleet.home_id[np.flatnonzero(ledger.kept_homes(40))].tolist())
    assert len(kept) == 5 and set(rows["home_id"].to_pylist()) < kept
    whole = heard.window.filter(pa.array([home in kept for home in heard.window["home_id"].to_pylist()]))
    assert rows.drop_columns("bid_steps").equals(whole.drop_columns("bid_steps"))
    assert rows["bid_steps"][0].as_py() == heard.window["bid_steps"][0].as_py(), "the bid is the whole fleet's"


def test_where_nobody_offers_anything_there_is_no_row_and_one_sentence() -> None:
    rows = NEGOTIATION_MESSAGES.schema.empty_table()
    assert told(rows, day()) == [
        "Outcome: no home had anything to offer: no bid, every device follows its default."
    ]  # fmt: skip
    assert Conversation.of(rows).messages() == 0


# ── messages ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_message_to_the_aggregator_has_a_private_price() -> None:
    for kind in (ProsumerBid, BidEvaluation):
        assert not [name for name in kind.model_fields if "reserv" in name or "private" in name]
    private = [c.name for c in NEGOTIATION_MESSAGES.columns if c.name.startswith("private_")]
    assert private == ["private_reservation_usd_per_mwh", "private_own_cost_usd_per_mwh"]
    talk = Conversation.of(day().window)
    asked = {round(bid.minimum_price_usd_per_mwh, 4) for bid in talk.bids() if bid.device == "battery"}
    batteries = talk.of_round(1)[talk.of_round(1)["device"] == "battery"]
    assert not asked & {round(price, 4) for price in batteries["private_reservation_usd_per_mwh"] if price > 0}


def test_an_answer_names_the_price_that_is_agreed_or_asked_from_now_on() -> None:
    talk = Conversation.of(day().window)
    moved = accepted = 0
    for number in range(1, talk.rounds + 1):
        said = talk.of_round(number)
        after = talk.of_round(number + 1).set_index(OFFER)["ask_usd_per_mwh"]
        for row, answer in zip(said.to_dict("records"), talk.responses(said), strict=True):
            if answer.decision == "accept":
                accepted += 1
                assert answer.price_usd_per_mwh == row["counter_usd_per_mwh"]
            elif number < talk.rounds:
                assert answer.price_usd_per_mwh == after[tuple(row[name] for name in OFFER)]
            moved += answer.price_usd_per_mwh != row["ask_usd_per_mwh"]
    assert accepted and moved, "some answers name another price than was asked before"


def test_every_message_says_which_of_a_homes_offers_it_is_about() -> None:
    talk = Conversation.of(day().window)
    for messages in (talk.bids(), talk.evaluations(1), talk.counter_offers(1), talk.responses(talk.of_round(1))):
        about = [(m.prosumer_id, m.kind, m.device, m.device_number) for m in messages]
        assert len(about) == len(set(about)) > 0


def test_an_opportunity_is_announced_for_each_product_that_is_offered() -> None:
    window, reserves = Conversation.of(day().window), Conversation.of(day().reserves)
    assert [one.product for one in window.opportunities()] == ["energy"]
    assert {one.product for one in reserves.opportunities()} <= {"spin", "nonspin"}
    assert {one.opportunity_id for one in reserves.opportunities()} == {reserves.vpp_bid().opportunity_id}
    assert {one.duration_hours for one in reserves.opportunities()} == {24.0}
    part = Conversation.of(negotiate_window(*window_with_offers(homes=6, minimum_bid_mw=0.1, fleet_share=0.2)))
    assert part.opportunities()[0].required_capacity_mw == pytest.approx(0.02), "the fleet's part of the smallest bid"


def test_a_bid_scores_by_how_cheap_large_and_sure_it_is() -> None:
    """Cheap is what the home is paid and the energy costs later, against what the market is expected to pay."""
    talk = Conversation.of(day().window)
    largest = max(bid.available_capacity_kw for bid in talk.bids())
    for row, bid, seen in zip(talk.of_round(1).to_dict("records"), talk.bids(), talk.evaluations(1), strict=True):
        p10, p50, p90 = (row[f"forecast_{name}_usd_per_mwh"] for name in ("p10", "p50", "p90"))
        assert seen.capacity_score == pytest.approx(bid.available_capacity_kw / largest, rel=1e-5)
        parts = 0.5 * seen.price_score + 0.3 * seen.capacity_score + 0.2 * seen.reliability_score
        assert seen.score == pytest.approx(parts, rel=1e-5)
        rebound, paid = row["rebound_usd_per_mwh"], bid.minimum_price_usd_per_mwh
        cost = paid + max(rebound, 0.0) - p50 if bid.direction == "sell" else paid + rebound + p50
        dear = cost + TICK_USD_PER_MWH
        assert seen.price_score == pytest.approx(1 / (1 + np.exp(np.clip(dear / (p90 - p10), -50, 50))), abs=1e-5)


def test_the_bids_expected_profit_is_what_its_sales_earn_above_what_they_pay() -> None:
    """Integrated over the price's distribution, offer by offer."""
    talk = Conversation.of(day().window)
    profit = gain = traded = 0.0
    tail = np.geomspace(1000, 1e9, 20_000)
    whole = np.concatenate([-tail[:0:-1], np.linspace(-1000, 1000, 20_001), tail[1:]])
    for row in talk.members.to_dict("records"):
        grid = np.sort(np.append(whole, row["bid_price_usd_per_mwh"]))
        p10, p50, p90 = (row[f"forecast_{name}_usd_per_mwh"] for name in ("p10", "p50", "p90"))
        mass = -np.diff(probability_above(p10, p50, p90, grid))
        price = (grid[1:] + grid[:-1]) / 2
        sign = 1 if row["direction"] == "sell" else -1
        clears = sign * price > sign * row["bid_price_usd_per_mwh"]
        cost, mwh = row["response_usd_per_mwh"], row["committed_kw"] * row["hours"] / 1000
        profit += mwh * float(mass[clears] @ (sign * price - cost - row["rebound_usd_per_mwh"])[clears])
        gain += mwh * float(mass[clears].sum()) * (cost - row["private_own_cost_usd_per_mwh"])
        traded += abs(mwh * float(mass[clears] @ price[clears]))
    bid = talk.vpp_bid()
    assert bid.expected_profit_usd == pytest.approx(profit, rel=1e-3)
    assert bid.expected_household_gain_usd == pytest.approx(gain, rel=1e-3, abs=1e-6)
    assert bid.expected_surplus_usd == pytest.approx(bid.expected_profit_usd + bid.expected_household_gain_usd)
    assert bid.profit_margin == pytest.approx(profit / traded, rel=1e-2)


def test_the_bids_steps_are_the_curve_that_clears() -> None:
    heard = day(60)
    curve = heard.bids[heard.seen["real_time", EVENING][0].window].curve
    steps = Conversation.of(heard.window).vpp_bid().segments
    assert len(steps) > 5
    for price in (-1000.0, -150.0, 0.0, 35.5, 60.0, 500.0, 5000.0):
        sold = sum(s.capacity_mw for s in steps if s.direction == "sell" and s.price_usd_per_mwh <= price)
        bought = sum(s.capacity_mw for s in steps if s.direction == "buy" and s.price_usd_per_mwh >= price)
        clears = [float(kw.sum()) / 1000 for kw in curve.cleared(price)]
        assert [sold, bought] == pytest.approx(clears, abs=1e-7)


def test_every_kind_of_message_is_strict() -> None:
    for kind in Message.__subclasses__():
        assert kind.model_config == Message.model_config


# ── the story ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_home_of_every_kind_is_told_of_before_a_second_of_any() -> None:
    heard = day(60)
    there = [kind for kind in KINDS if kind in set(heard.window["kind"].to_pylist())]
    assert there == ["battery sale", "battery purchase", "delayed charging", "car discharge"]
    lines = told(heard.window, heard, names=len(there))
    first = [line for line in lines if " kW, " in line and line.startswith("  home")][: len(there)]
    assert [next(kind for kind in there if f"), {kind}" in line) for line in first] == there


def test_two_cars_of_a_home_are_told_apart() -> None:
    heard = day(60)
    rows = heard.rows.to_pandas()
    cars = rows[(rows["kind"] == "delayed charging") & (rows["round"] == 1)]
    both = cars[cars.duplicated(["window_start", "home_id"], keep=False)].iloc[0]
    assert both["device_number"] in (1, 2)
    lines = told(heard.of("real_time", both["window_start"]), heard, names=10_000)
    of_home = [line for line in lines if line.startswith(f"  home {both['home_id']} ") and " asks " in line]
    delaying = [line for line in of_home if "), delayed charging" in line and "score" not in line]
    assert sorted("of car 1" in line for line in delaying) == sorted("of car 2" in line for line in delaying)
    assert len(delaying) == 2 and sum("of car 1" in line for line in delaying) == 1
    single = [line for line in lines if "battery sale" in line]
    assert single and not [line for line in single if " of battery" in line]


def test_a_purchase_is_told_by_what_the_home_is_paid_to_charge_up_to_which_price_of_the_market() -> None:
    heard = day()
    lines = told(heard.window, heard, names=1000)
    purchases = [line for line in lines if "), battery purchase" in line]
    first = max(bid.minimum_price_usd_per_mwh for bid in Conversation.of(heard.window).bids() if bid.direction == "buy")
    assert first > 0 and [line for line in purchases if f"asks {first:.1f} $/MWh" in line]
    assert [line for line in purchases if ", pays up to " in line]
    assert not [line for line in purchases if ", pays from " in line]
    assert "-0.0" not in "\n".join(lines)


def test_who_did_not_agree_is_not_told_to_have_agreed() -> None:
    heard = day()
    state = heard.seen["real_time", EVENING][1]
    bargain, held = state["bargain"], state["decision"].segments.quantity_kw > 0
    agreed = int(held.sum())
    assert not (bargain.open & held).any(), "nobody is asked without agreement"
    text = "\n".join(told(heard.window, heard, names=1000))
    assert text.count("kW, agreed ") == agreed > 0 and bargain.open.any()
    assert f"{int(bargain.open.sum())} last prices are not met" in text


def test_where_nothing_is_bid_no_price_is_told_to_be_waiting() -> None:
    inputs, at = window_with_offers(homes=6, minimum_bid_mw=2.0)
    text = "\n".join(story(negotiate_window(inputs, at), inputs.scenario, 12))
    assert "no bid" in text and "VPP bid" not in text and "What followed" not in text
    assert "segments are left out: their direction or reserve sums to less than the minimum bid" in text


def test_the_story_sums_the_bid_and_tells_the_curve_price_by_price() -> None:
    heard = day()
    curve = heard.bids[heard.seen["real_time", NIGHT][0].window].curve
    assert curve.sell_total_kw.sum() > 0 and curve.buy_total_kw.sum() > 0
    lines = told(heard.of("real_time", NIGHT), heard)
    said = next(line for line in lines if line.startswith("VPP bid"))
    assert f"up to {curve.buy_total_kw.sum() / 1000:.3f} MW bought" in said
    assert f"up to {curve.sell_total_kw.sum() / 1000:.3f} MW sold" in said
    sells = next(line for line in lines if line.startswith("  sells at or above "))
    buys = next(line for line in lines if line.startswith("  buys at or below "))
    assert sells.endswith(f"{curve.sell_total_kw.sum():.1f} kW")
    bought = np.round(curve.buy_kw.sum(axis=0), 1)
    dearest = curve.buy_usd_per_mwh[np.flatnonzero(bought == bought[0])[-1]]
    assert f"{dearest:.1f} $/MWh {curve.buy_total_kw.sum():.1f} kW" in buys


def test_a_windows_story_says_where_reserves_are_and_a_days_what_was_held_and_paid() -> None:
    heard = day()
    assert "Reserves were negotiated the day before" in "\n".join(told(heard.window, heard))
    inputs = invented_inputs(seed=7, homes=10, days=1, minimum_bid_mw=0.0, reserves=False)
    without = list(story(negotiate_window(inputs, EVENING), inputs.scenario))
    assert not [line for line in without if "eserve" in line]
    lines = told(heard.reserves, heard)
    assert lines[0].startswith("Reserves of 2023-08-01 in Los Angeles") and "2023-07-31 10:00" in lines[0]
    assert [line for line in lines if line.startswith("Forecast of spin")]
    assert not [line for line in lines if line.startswith("Forecast of energy") or "purchases" in line]
    held, paid = (pd.Series(heard.reserves[name]).dropna().sum() for name in ("asked_kwh", "paid_usd"))
    followed = next(line for line in lines if line.startswith("What followed"))
    assert f"{held:.1f} kW-h were held" in followed and f"${paid:.2f} paid" in followed


@pytest.mark.parametrize(
    ("iso", "first", "second"), [("caiso", "spin", "spinning reserve"), ("ercot", "RRS", "responsive reserve")]
)
def test_reserves_are_told_by_the_names_that_they_have_in_their_market(iso: str, first: str, second: str) -> None:
    heard = day()
    scenario = heard.inputs.scenario.model_copy(update={"iso": iso})
    text = "\n".join(story(heard.reserves, scenario, 4))
    assert f"Forecast of {first} at gate" in text and f"MW {first}" in text and f"the market paid {first} " in text
    assert f"), {second}" in text and f"  {second}" in text
    assert ("spin" in text) == (iso == "caiso") and "nonspin" not in text


def test_the_verifiers_word_is_the_storys_last() -> None:
    heard = day()
    last = told(heard.window, heard)[-1]
    assert last.startswith("The verifier, who knows both sides: $") and "promises broken" in last
