"""Submission and clearing."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_core.market.segments import Layout, Segments, cleared, submit
from vpp_core.scenario import MarketRules

LAYOUT = Layout(home_of_car=np.array([1]), aggregation_of_home=np.array([0, 0]))
"""Two homes, one car: battery sales 0–1, purchases 2–3, car 4."""


def segments(quantity: list[float], price: float = 50.0) -> Segments:
    return Segments(np.array(quantity), np.full(5, price), np.full(5, price))


def test_a_sale_clears_at_its_price_and_above_a_purchase_at_its_price_and_below() -> None:
    held = segments([1, 1, 1, 0, 1])
    assert cleared(held, LAYOUT, 50.0).tolist() == [True, True, True, False, True]
    assert cleared(held, LAYOUT, 50.01).tolist() == [True, True, False, False, True]
    assert cleared(held, LAYOUT, 49.99).tolist() == [False, False, True, False, False]


def test_each_direction_is_held_to_the_minimum_by_itself() -> None:
    accepted = submit(segments([60, 30, 20, 0, 20]), LAYOUT, MarketRules(minimum_bid_mw=0.1))
    assert accepted.segments.quantity_kw.tolist() == [60, 30, 0, 0, 20]
    assert accepted.below_minimum


def test_a_sum_above_the_maximum_is_cut_in_proportion() -> None:
    accepted = submit(segments([6, 3, 0, 0, 3]), LAYOUT, MarketRules(minimum_bid_mw=0.0, maximum_bid_mw=0.006))
    assert accepted.segments.quantity_kw == pytest.approx([3, 1.5, 0, 0, 1.5])
    assert not accepted.below_minimum


def test_aggregations_do_not_lend_each_other_kilowatts() -> None:
    apart = Layout(home_of_car=np.array([1]), aggregation_of_home=np.array([0, 7]))
    accepted = submit(segments([99, 99, 0, 0, 5]), apart, MarketRules(minimum_bid_mw=0.1))
    assert accepted.segments.quantity_kw.tolist() == [0, 99, 0, 0, 5]
