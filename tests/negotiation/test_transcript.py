"""What is told of a negotiation, by messages and to people: every sentence true, every home's words its own."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np
import pytest

from tests.negotiation.test_negotiation import window_with_offers
from vpp_core.market.distribution import probability_above
from vpp_core.market.segments import PRODUCTS
from vpp_core.negotiation.public import kinds
from vpp_core.negotiation.story import _opening, story
from vpp_core.negotiation.transcript import Transcript
from vpp_core.simulation import negotiate_window


@functools.cache
def evening() -> Transcript:
    return negotiate_window(*window_with_offers(homes=60))


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
    announced = transcript.opportunities()
    assert [one.product for one in announced] == list(PRODUCTS)
    assert {one.opportunity_id for one in announced} == {transcript.vpp_bid().opportunity_id}
    without = negotiate_window(*window_with_offers(reserves=False))
    assert [one.product for one in without.opportunities()] == ["energy"]


def test_a_bid_scores_by_how_cheap_large_and_sure_it_is() -> None:
    """A purchase is cheap for the aggregator where it pays much."""
    transcript = evening()
    p10, p50, p90 = transcript.view.forecast[0]
    largest = max(bid.available_capacity_kw for bid in transcript.bids())
    for bid, seen in zip(transcript.bids(), transcript.evaluations(1), strict=True):
        assert seen.capacity_score == pytest.approx(bid.available_capacity_kw / largest)
        assert seen.score == pytest.approx(
            0.5 * seen.price_score + 0.3 * seen.capacity_score + 0.2 * seen.reliability_score
        )
        if bid.product == "energy":
            dear = bid.minimum_price_usd_per_mwh - p50
            dear = -dear if bid.direction == "buy" else dear
            assert seen.price_score == pytest.approx(1 / (1 + np.exp(np.clip(dear / (p90 - p10), -50, 50))))


def test_the_bids_expected_profit_is_what_its_sales_earn_above_what_they_pay() -> None:
    """Integrated over the price's distribution, segment by segment."""
    transcript = evening()
    view, segments = transcript.view, transcript.submission.segments
    profit = gain = 0.0
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
    bid = transcript.vpp_bid()
    assert bid.expected_profit_usd == pytest.approx(profit, rel=1e-3)
    assert bid.expected_household_gain_usd == pytest.approx(gain, rel=1e-3, abs=1e-6)
    assert bid.expected_surplus_usd == pytest.approx(bid.expected_profit_usd + bid.expected_household_gain_usd)
    assert bid.expected_surplus_usd == pytest.approx(transcript.state["decision"].expected_margin_usd)
    assert 0 < bid.profit_margin < 1


def test_a_home_of_every_kind_is_told_of_before_a_second_of_any() -> None:
    transcript = evening()
    offering = transcript.bargain.offering
    there = [name for name, of_kind in kinds(transcript.view.layout) if (of_kind & offering).any()]
    assert len(there) >= 5
    lines = told(transcript, names=len(there))
    first = [line for line in lines if " kW, " in line and line.startswith("  home")][: len(there)]
    assert [next(kind for kind in there if f"), {kind}" in line) for line in first] == there


def test_two_cars_of_a_home_are_told_apart() -> None:
    transcript = evening()
    layout = transcript.view.layout
    cars = np.bincount(layout.home_of_car)
    two, one = (transcript.view.fleet.home_id[np.flatnonzero(cars == count)[0]] for count in (2, 1))
    everyone = transcript.bargain.with_(quantity_kw=np.ones(len(layout)))
    lines = list(_opening(replace(transcript, state={**transcript.state, "bargain": everyone}), names=10_000))
    assert [f"of car {n}" in line for n, line in enumerate(_delaying(lines, two), start=1)] == [True, True]
    assert ["of car" in line for line in _delaying(lines, one)] == [False]


def _delaying(lines: list[str], home: int) -> list[str]:
    return [line for line in lines if line.startswith(f"  home {home} ") and "), delayed car charging" in line]


def test_a_purchase_is_told_as_what_the_home_pays_and_is_asked() -> None:
    lines = told(evening(), names=1000)
    purchases = [line for line in lines if "), battery purchase" in line]
    assert [line for line in purchases if "pays at most" in line]
    assert not [line for line in purchases if " asks " in line or "is offered" in line]
    assert [line for line in purchases if "is asked" in line]
    assert "purchases pay at most" in "\n".join(lines)
    assert "-0.0" not in "\n".join(lines)


def test_who_did_not_agree_is_not_told_to_have_agreed() -> None:
    transcript = evening()
    held = transcript.submission.segments.quantity_kw > 0
    standing, agreed = int((transcript.bargain.open & held).sum()), int((transcript.bargain.agreed & held).sum())
    text = "\n".join(told(transcript, names=1000))
    assert standing and agreed
    assert text.count("kW, at its last price ") == standing
    assert text.count("kW, agreed ") == agreed
    assert f"{int(transcript.bargain.open.sum())} last prices are not met; {standing} of them are bid" in text


def test_where_nothing_is_bid_no_price_is_told_to_be_waiting() -> None:
    text = "\n".join(told(negotiate_window(*window_with_offers(homes=6, minimum_bid_mw=0.1))))
    assert "no bid" in text
    assert "last prices are not met; 0 of them are bid" in text


def test_the_story_sums_the_bid_product_by_product() -> None:
    transcript = evening()
    said = next(line for line in told(transcript) if line.startswith("VPP bid"))
    kw, layout = transcript.submission.segments.quantity_kw, transcript.view.layout
    assert f"{kw[layout.direction < 0].sum() / 1000:.3f} MW bought" in said
    assert f"{kw[(layout.direction > 0) & ~layout.is_reserve].sum() / 1000:.3f} MW sold" in said
