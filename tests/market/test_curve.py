"""An aggregation's curve: its levels, what clears, and the market's size rules."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp_core.iso import CAISO
from vpp_core.market.curve import Curve, held_to_size, levels
from vpp_core.scenario import MarketRules

CURVE = Curve(
    np.array([-150.0, 40.0, 90.0]),
    np.array([[0.0, 10.0, 30.0]]),
    np.array([5.0, 20.0, 2000.0]),
    np.array([[8.0, 3.0, 0.0]]),
)


@pytest.mark.parametrize(
    ("price", "sold", "bought"),
    [(-200.0, 0, 8), (5.0, 0, 8), (5.01, 0, 3), (20.0, 0, 3), (39.99, 0, 0), (40.0, 10, 0), (89.99, 10, 0),
     (90.0, 30, 0), (5000.0, 30, 0)],
)  # fmt: skip
def test_a_sale_clears_at_its_price_and_above_a_purchase_at_its_price_and_below(
    price: float, sold: float, bought: float
) -> None:
    up, down = CURVE.cleared(price)
    assert (up.tolist(), down.tolist()) == ([sold], [bought])


def test_totals_and_mean_prices_are_weighted_by_what_is_added_at_each_level() -> None:
    assert CURVE.sell_total_kw.tolist() == [30.0] and CURVE.buy_total_kw.tolist() == [8.0]
    assert CURVE.mean_sell_usd_per_mwh == pytest.approx((10 * 40 + 20 * 90) / 30)
    assert CURVE.mean_buy_usd_per_mwh == pytest.approx((5 * 5 + 3 * 20) / 8)
    nothing = Curve.none(2)
    assert nothing.cleared(50.0)[0].tolist() == [0.0, 0.0] and np.isnan(nothing.mean_sell_usd_per_mwh)


@given(
    quantiles=st.lists(st.floats(-500, 3000), min_size=3, max_size=3),
    own=st.lists(st.floats(-1000, 4000), max_size=40),
)
def test_levels_ascend_within_the_market_s_floor_and_cap(quantiles: list[float], own: list[float]) -> None:
    sell, buy = levels(np.sort(quantiles), np.array(own), np.ones(len(own)))
    for prices in (sell, buy):
        assert (np.diff(prices) >= 0).all()
        assert prices.min() >= CAISO.lowest_bid_usd_per_mwh and prices.max() <= CAISO.highest_bid_usd_per_mwh
    assert sell[0] == CAISO.lowest_bid_usd_per_mwh, "what is to be sold whatever the price"
    assert buy[-1] == CAISO.highest_bid_usd_per_mwh, "what is to be bought whatever the price"


@pytest.mark.parametrize(
    ("share", "sell", "below"), [(1.0, 0.0, True), (0.3, 30.0, False), (0.301, 0.0, True), (0.1, 30.0, False)]
)
def test_a_fleet_that_is_a_share_of_its_aggregation_needs_its_share_of_the_minimum(
    share: float, sell: float, below: bool
) -> None:
    """0.1 MW on the aggregation; 30 kW are enough of a fleet that is 30 % of it."""
    only_sells = Curve(CURVE.sell_usd_per_mwh, CURVE.sell_kw, CURVE.buy_usd_per_mwh, 0 * CURVE.buy_kw)
    held, told = held_to_size(only_sells, MarketRules(minimum_bid_mw=0.1, fleet_share=share))
    assert held.sell_total_kw.tolist() == [sell]
    assert told is below


def test_the_maximum_cuts_the_curve_and_aggregations_do_not_lend_each_other() -> None:
    two = Curve(CURVE.sell_usd_per_mwh, np.array([[0.0, 10.0, 30.0], [0.0, 1.0, 2.0]]), np.zeros(1), np.zeros((2, 1)))
    held, told = held_to_size(two, MarketRules(minimum_bid_mw=0.005, maximum_bid_mw=0.02, fleet_share=1.0))
    assert held.sell_kw.tolist() == [[0.0, 10.0, 20.0], [0.0, 0.0, 0.0]]
    assert told
