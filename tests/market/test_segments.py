"""Submission and clearing."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_core.market.segments import Layout, Segments, cleared, submit
from vpp_core.scenario import MarketRules

LAYOUT = Layout(home_of_car=np.array([1]), aggregation_of_home=np.array([0, 0]))
"""Two homes, one car: battery sales 0–1, purchases 2–3, spin 4–5, non-spin 6–7, car 8."""


def segments(quantity: list[float], reserve: tuple[float, ...] = (0, 0, 0, 0), price: float = 50.0) -> Segments:
    """Energy segments as battery sales and purchases and the car's, then spin and non-spin."""
    whole = np.array([*quantity[:4], *reserve, quantity[4]])
    return Segments(whole, np.full(9, price), np.full(9, price), np.zeros(2))


def energy(values: np.ndarray) -> list:
    return values[[0, 1, 2, 3, 8]].tolist()


def test_a_sale_clears_at_its_price_and_above_a_purchase_at_its_price_and_below() -> None:
    held = segments([1, 1, 1, 0, 1])
    nothing = [np.nan, np.nan]
    assert energy(cleared(held, LAYOUT, np.array([50.0, *nothing]))) == [True, True, True, False, True]
    assert energy(cleared(held, LAYOUT, np.array([50.01, *nothing]))) == [True, True, False, False, True]
    assert energy(cleared(held, LAYOUT, np.array([49.99, *nothing]))) == [False, False, True, False, False]


def test_reserve_clears_at_its_own_product_s_price_and_not_where_there_is_none() -> None:
    held = segments([1, 1, 1, 0, 1], reserve=(3, 3, 2, 0))
    clears = cleared(held, LAYOUT, np.array([-100.0, 60.0, 40.0]))
    assert clears[LAYOUT.battery_spin].tolist() == [True, True]
    assert clears[LAYOUT.battery_nonspin].tolist() == [False, False]
    assert not cleared(held, LAYOUT, np.array([1000.0, np.nan, np.nan]))[LAYOUT.is_reserve].any()


def test_each_product_is_held_to_the_minimum_by_itself() -> None:
    held = segments([60, 60, 0, 0, 0], reserve=(60, 30, 70, 40))
    accepted = submit(held, LAYOUT, MarketRules(minimum_bid_mw=0.1))
    assert accepted.segments.quantity_kw[LAYOUT.battery_spin].tolist() == [0, 0]
    assert accepted.segments.quantity_kw[LAYOUT.battery_nonspin].tolist() == [70, 40]
    assert accepted.below_minimum


def test_each_direction_is_held_to_the_minimum_by_itself() -> None:
    accepted = submit(segments([60, 30, 20, 0, 20]), LAYOUT, MarketRules(minimum_bid_mw=0.1))
    assert energy(accepted.segments.quantity_kw) == [60, 30, 0, 0, 20]
    assert accepted.below_minimum


def test_a_sum_above_the_maximum_is_cut_in_proportion() -> None:
    accepted = submit(segments([6, 3, 0, 0, 3]), LAYOUT, MarketRules(minimum_bid_mw=0.0, maximum_bid_mw=0.006))
    assert energy(accepted.segments.quantity_kw) == pytest.approx([3, 1.5, 0, 0, 1.5])
    assert not accepted.below_minimum


def test_aggregations_do_not_lend_each_other_kilowatts() -> None:
    apart = Layout(home_of_car=np.array([1]), aggregation_of_home=np.array([0, 7]))
    accepted = submit(segments([99, 99, 0, 0, 5]), apart, MarketRules(minimum_bid_mw=0.1))
    assert energy(accepted.segments.quantity_kw) == [0, 99, 0, 0, 5]
