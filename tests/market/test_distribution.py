"""The price distribution behind expected gains."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp_core.market.distribution import expected_gain_above, expected_gain_below, probability_above

prices = st.floats(-200, 1500)
spreads = st.floats(0.6, 300)


@given(prices, spreads, spreads, prices)
def test_the_expected_gain_is_the_integral_of_the_probability(
    p50: float, low: float, high: float, price: float
) -> None:
    p10, p90 = p50 - low, p50 + high
    step = 1e-3
    slope = (expected_gain_above(p10, p50, p90, price + step) - expected_gain_above(p10, p50, p90, price - step)) / (
        2 * step
    )
    assert slope == pytest.approx(-probability_above(p10, p50, p90, price), abs=2e-3)


@given(prices, spreads, spreads)
def test_the_quantiles_are_met(p50: float, low: float, high: float) -> None:
    p10, p90 = p50 - low, p50 + high
    above = probability_above(p10, p50, p90, np.array([p10, p50, p90]))
    assert above == pytest.approx([0.9, 0.5, 0.1], abs=1e-9)


def test_a_price_far_above_the_forecast_still_has_a_chance() -> None:
    assert 1e-5 < probability_above(15.0, 30.0, 50.0, 900.0) < 1e-3


def test_purchases_mirror_sales() -> None:
    assert expected_gain_below(10.0, 30.0, 70.0, 25.0) == pytest.approx(expected_gain_above(-70.0, -30.0, -10.0, -25.0))
