"""What is told of a negotiation, by messages and to people: every sentence true, every home's words its own."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest

from tests.negotiation.test_negotiation import window_with_offers
from vpp_core.dispatch.offers import TICK_USD_PER_MWH
from vpp_core.market.distribution import probability_above
from vpp_core.negotiation.public import kinds
from vpp_core.negotiation.story import _opening, story
from vpp_core.negotiation.transcript import Transcript
from vpp_core.simulation import negotiate_reserves, negotiate_window


@functools.cache
def evening() -> Transcript:
    return negotiate_window(*window_with_offers(homes=60, v2g=True))


@functools.cache
def day_ahead() -> Transcript:
    return negotiate_reserves(*window_with_offers(homes=30))


def told(transcript: Transcript, names: int = 12) -> list[str]:
    return list(story(transcript, names))


def test_an_answer_names_the_price_that_is_agreed_or_asked_from_now_on() -> None:
    transcript = evening()
    history, direction = transcript.state["history"], transcript.view.layout.direction
    final = direction * transcript.bargain.ask_usd_per_mwh
    moved = accepted = 0
    for number in range(1, len(history) + 1):
        asked = history[number].ask_usd_per_mwh if number < len(history) else transcript.bargain.ask_usd_per_mwh
        for k, answer in transcript.responses_by_segment(number):
            before = direction[k] * history[number - 1].ask_usd_per_mwh[k]
            if answer.decision == "accept":
                accepted += 1
                assert answer.price_usd_per_mwh == final[k], "an agreement keeps its price"
                assert answer.price_usd_per_mwh == direction[k] * history[number - 1].counter_usd_per_mwh[k]
            else:
                assert answer.price_usd_per_mwh == direction[k] * asked[k]
            moved += answer.price_usd_per_mwh != before
    assert accepted and moved, "some answers name another price than was asked before"


def test_every_message_says_which_of_a_homes_offers_it_is_about() -> None:
    transcript = evening()
    for messages in (
        transcript.bids(),
        transcript.evaluations(1),
        transcript.counter_offers(1),
        transcript.responses(1),
    ):
        about = [(m.prosumer_id, m.product, m.device, m.direction) for m in messages if m.device == "battery"]
        assert len(about) == len(set(about)) > 0


def test_an_opportunity_is_announced_for_each_product_that_has_a_price() -> None:
    transcript = evening()
    announced, before = transcript.opportunities(), day_ahead().opportunities()
    assert [one.product for one in announced] == ["energy"]
    assert [one.product for one in before] == ["spin", "nonspin"]
    assert {one.opportunity_id for one in announced} == {transcript.vpp_bid().opportunity_id}
    assert {one.opportunity_id for one in before} == {day_ahead().vpp_bid().opportunity_id}
    assert {one.duration_hours for one in before} == {24.0}


def test_what_is_required_is_the_fleets_part_of_the_smallest_bid() -> None:
    transcript = negotiate_window(*window_with_offers(homes=6, minimum_bid_mw=0.1, fleet_share=0.2))
    assert transcript.opportunities()[0].required_capacity_mw == pytest.approx(0.02)


def test_a_bid_scores_by_how_cheap_large_and_sure_it_is() -> None:
    """Cheap is what the home is paid and the energy costs later, against what the market is expected to pay."""
    transcript = evening()
    p10, p50, p90 = transcript.view.forecast[0]
    largest = max(bid.available_capacity_kw for bid in transcript.bids())
    columns = np.flatnonzero(transcript.bargain.offering)
    for k, bid, seen in zip(columns, transcript.bids(), transcript.evaluations(1), strict=True):
        assert seen.capacity_score == pytest.approx(bid.available_capacity_kw / largest)
        assert seen.score == pytest.approx(
            0.5 * seen.price_score + 0.3 * seen.capacity_score + 0.2 * seen.reliability_score
        )
        paid = bid.minimum_price_usd_per_mwh
        rebound = transcript.view.offers.rebound_usd_per_mwh[k]
        cost = paid + max(rebound, 0.0) - p50 if bid.direction == "sell" else p50 - paid + rebound
        dear = cost + TICK_USD_PER_MWH
        assert seen.price_score == pytest.approx(1 / (1 + np.exp(np.clip(dear / (p90 - p10), -50, 50))))


def test_the_bids_expected_profit_is_what_its_sales_earn_above_what_they_pay() -> None:
    """Integrated over the price's distribution, segment by segment."""
    transcript = evening()
    view, segments = transcript.view, transcript.segments
    profit = gain = traded = 0.0
    for k in np.flatnonzero(segments.quantity_kw > 0):
        p10, p50, p90 = view.forecast[view.layout.product[k]]
        tail = np.geomspace(1000, 1e9, 20_000)
        grid = np.concatenate([-tail[:0:-1], np.linspace(-1000, 1000, 20_001), tail[1:]])
        grid = np.sort(np.append(grid, segments.price_usd_per_mwh[k]))
        mass = -np.diff(probability_above(p10, p50, p90, grid))
        price = (grid[1:] + grid[:-1]) / 2
        sign = view.layout.direction[k]
        clears = sign * price > sign * segments.price_usd_per_mwh[k]
        cost = sign * segments.agreed_usd_per_mwh[k]
        mwh = segments.quantity_kw[k] * view.hours / 1000
        profit += mwh * float(mass[clears] @ (sign * price - cost - view.offers.rebound_usd_per_mwh[k])[clears])
        gain += mwh * float(mass[clears].sum()) * (cost - view.offers.own_usd_per_mwh[k])
        traded += abs(mwh * float(mass[clears] @ price[clears]))
    bid = transcript.vpp_bid()
    assert bid.expected_profit_usd == pytest.approx(profit, rel=1e-3)
    assert bid.expected_household_gain_usd == pytest.approx(gain, rel=1e-3, abs=1e-6)
    assert bid.expected_surplus_usd == pytest.approx(bid.expected_profit_usd + bid.expected_household_gain_usd)
    assert bid.expected_surplus_usd == pytest.approx(transcript.state["decision"].expected_margin_usd)
    assert bid.profit_margin == pytest.approx(profit / traded, rel=1e-2)


def test_a_home_of_every_kind_is_told_of_before_a_second_of_any() -> None:
    transcript = evening()
    offering = transcript.bargain.offering
    there = [name for name, of_kind in kinds(transcript.view.layout) if (of_kind & offering).any()]
    assert there == ["battery sale", "battery purchase", "delayed charging", "car discharge"]
    lines = told(transcript, names=len(there))
    first = [line for line in lines if " kW, " in line and line.startswith("  home")][: len(there)]
    assert [next(kind for kind in there if f"), {kind}" in line) for line in first] == there


def test_two_cars_of_a_home_are_told_apart() -> None:
    transcript = evening()
    layout = transcript.view.layout
    cars = np.bincount(layout.home_of_store[~layout.follows_meter])
    two, one = (transcript.view.fleet.home_id[np.flatnonzero(cars == count)[0]] for count in (2, 1))
    everyone = transcript.bargain.with_(quantity_kw=np.ones(len(layout)))
    lines = list(_opening(replace(transcript, state={**transcript.state, "bargain": everyone}), names=10_000))
    assert [f"of car {n}" in line for n, line in enumerate(_delaying(lines, two), start=1)] == [True, True]
    assert ["of car" in line for line in _delaying(lines, one)] == [False]


def _delaying(lines: list[str], home: int) -> list[str]:
    return [line for line in lines if line.startswith(f"  home {home} ") and "), delayed charging" in line]


def test_a_purchase_is_told_by_what_the_home_is_paid_to_charge_up_to_which_price_of_the_market() -> None:
    transcript = evening()
    lines = told(transcript, names=1000)
    purchases = [line for line in lines if "), battery purchase" in line]
    first = transcript.bargain.opening_usd_per_mwh[transcript.view.layout.buy]
    dearest = f"asks {first.max():.1f} $/MWh"
    assert first.max() > 0 and [line for line in purchases if dearest in line]
    assert [line for line in purchases if ", pays up to " in line]
    assert not [line for line in purchases if ", pays from " in line]
    assert "-0.0" not in "\n".join(lines)


def test_who_did_not_agree_is_not_told_to_have_agreed() -> None:
    transcript = evening()
    held = transcript.segments.quantity_kw > 0
    agreed = int(held.sum())
    assert not (transcript.bargain.open & held).any(), "nobody is asked without agreement"
    text = "\n".join(told(transcript, names=1000))
    assert agreed and transcript.bargain.open.any()
    assert text.count("kW, agreed ") == agreed
    assert f"{int(transcript.bargain.open.sum())} last prices are not met" in text


def test_where_nothing_is_bid_no_price_is_told_to_be_waiting() -> None:
    text = "\n".join(told(negotiate_window(*window_with_offers(homes=6, minimum_bid_mw=2.0))))
    assert "no bid" in text and "VPP bid" not in text
    assert "segments are left out: their direction or reserve sums to less than the minimum bid" in text


def test_the_story_sums_the_bid_product_by_product() -> None:
    transcript = evening()
    said = next(line for line in told(transcript) if line.startswith("VPP bid"))
    assert transcript.bid is not None
    curve = transcript.bid.curve
    assert f"up to {curve.buy_total_kw.sum() / 1000:.3f} MW bought" in said
    assert f"up to {curve.sell_total_kw.sum() / 1000:.3f} MW sold" in said


def test_the_bids_steps_are_the_curve_that_clears() -> None:
    transcript = evening()
    assert transcript.bid is not None
    curve, steps = transcript.bid.curve, transcript.vpp_bid().segments
    assert len(steps) > 5
    for price in (-1000.0, -150.0, 0.0, 35.5, 60.0, 500.0, 5000.0):
        sold = sum(s.capacity_mw for s in steps if s.direction == "sell" and s.price_usd_per_mwh <= price)
        bought = sum(s.capacity_mw for s in steps if s.direction == "buy" and s.price_usd_per_mwh >= price)
        clears = [float(kw.sum()) / 1000 for kw in curve.cleared(price)]
        assert [sold, bought] == pytest.approx(clears, abs=1e-7)


def test_the_story_tells_the_curve_price_by_price() -> None:
    transcript = evening()
    assert transcript.bid is not None
    curve = transcript.bid.curve
    lines = told(transcript)
    sells = next(line for line in lines if line.startswith("  sells at or above "))
    buys = next(line for line in lines if line.startswith("  buys at or below "))
    assert sells.endswith(f"{curve.sell_total_kw.sum():.1f} kW")
    bought = np.round(curve.buy_kw.sum(axis=0), 1)
    dearest = curve.buy_usd_per_mwh[np.flatnonzero(bought == bought[0])[-1]]
    assert f"{dearest:.1f} $/MWh {curve.buy_total_kw.sum():.1f} kW" in buys


def test_a_windows_story_says_where_reserves_are_and_a_days_what_cleared() -> None:
    assert "Reserves were negotiated the day before" in "\n".join(told(evening()))
    without = told(negotiate_window(*window_with_offers(homes=10, reserves=False)))
    assert not [line for line in without if "eserve" in line]
    transcript = day_ahead()
    lines = told(transcript)
    assert lines[0].startswith("Reserves of 2023-08-01 in Los Angeles") and "2023-07-31 10:00" in lines[0]
    assert [line for line in lines if line.startswith("Forecast of spin")]
    assert not [line for line in lines if line.startswith("Forecast of energy") or "purchases" in line]
    assert transcript.committed_kw is not None
    spin = transcript.committed_kw[0]
    assert f"spin in {(spin > 0).sum() / 4:g} of 24 hours, {spin[spin > 0].mean() / 1000:.3f} MW" in "\n".join(lines)


def test_a_devices_name_is_that_of_its_kind() -> None:
    transcript = evening()
    kinds_offered = {(bid.device, bid.direction) for bid in transcript.bids()}
    assert kinds_offered == {("battery", "sell"), ("battery", "buy"), ("car", "sell")}
    heater = replace(transcript.view, devices=("water_heater",) * transcript.view.layout.stores)
    assert {bid.device for bid in replace(transcript, view=heater).bids()} == {"water_heater"}
