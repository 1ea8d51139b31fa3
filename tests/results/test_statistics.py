"""Intervals and fairness against cases whose answer is known."""

import numpy as np
import pytest

from vpp_core.results.statistics import (
    Interval,
    autocorrelation,
    gini,
    jain,
    ratio_interval,
    resampled_sums,
    sum_interval,
)


def test_the_interval_of_a_sum_is_that_of_the_normal_law_for_many_plain_days():
    daily = np.random.default_rng(3).normal(10.0, 4.0, 400)
    measured = sum_interval(daily)
    half = 1.96 * daily.std() * np.sqrt(400)
    assert measured.estimate == pytest.approx(daily.sum())
    assert measured.low == pytest.approx(daily.sum() - half, abs=0.06 * half)
    assert measured.high == pytest.approx(daily.sum() + half, abs=0.06 * half)


def test_two_days_resample_to_the_three_sums_that_are_possible_with_their_odds():
    sums = resampled_sums(np.array([[0.0], [10.0]]))
    assert sums is not None
    values, counts = np.unique(sums, return_counts=True)
    assert values.tolist() == [0.0, 10.0, 20.0]
    assert counts / len(sums) == pytest.approx([0.25, 0.5, 0.25], abs=0.02)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(200):
        daily = rng.gamma(2.0, 5.0, 31)
        sums = resampled_sums(daily[:, None], resamples=1000)
        assert sums is not None
        low, high = np.quantile(sums[:, 0], [0.025, 0.975])
        covered += low <= 31 * 10.0 <= high
    assert 0.88 <= covered / 200 <= 0.98


def test_a_constant_difference_between_noisy_strategies_has_an_interval_of_width_zero():
    noise = np.random.default_rng(0).normal(0, 1000, 31)
    assert sum_interval((noise + 2.0) - noise).low == pytest.approx(62.0)
    sums = resampled_sums(np.column_stack([noise + 2.0, noise]))
    assert sums is not None
    assert np.ptp(sums[:, 0] - sums[:, 1]) == pytest.approx(0.0, abs=1e-8)


def test_one_day_has_no_interval_and_no_sign():
    assert sum_interval(np.array([5.0])) == Interval(5.0, None, None)
    assert sum_interval(np.array([5.0])).sign == 0


def test_a_sign_is_given_only_where_the_whole_interval_is_on_one_side():
    assert Interval(2.0, 1.0, 3.0).sign == 1
    assert Interval(-2.0, -3.0, -1.0).sign == -1
    assert Interval(2.0, -1.0, 5.0).sign == 0
    assert -Interval(2.0, 1.0, 3.5) == Interval(-2.0, -3.5, -1.0)


def test_a_ratio_of_proportional_days_has_no_width_and_one_over_nothing_does_not_exist():
    base = np.array([1.0, 2.0, 5.0, 3.0])
    share = ratio_interval(0.4 * base, base)
    assert share is not None
    assert (share.estimate, share.low, share.high) == pytest.approx((0.4, 0.4, 0.4))
    assert ratio_interval(base, -base) is None
    unsure = ratio_interval(base, np.array([-3.0, 1.0, 2.0, 3.0]))
    assert unsure is not None and unsure.low is None


def test_the_same_days_always_give_the_same_interval():
    daily = np.random.default_rng(5).normal(size=31)
    assert sum_interval(daily) == sum_interval(daily.copy())


def test_autocorrelation_tells_alternating_from_trending_days():
    assert autocorrelation(np.array([1.0, -1.0] * 10)) == pytest.approx(-0.95)
    assert autocorrelation(np.arange(30.0)) > 0.8
    assert autocorrelation(np.ones(30)) is None
    assert autocorrelation(np.array([1.0, 2.0])) is None


@pytest.mark.parametrize(
    ("values", "expected_gini", "expected_jain"),
    [
        ([1.0, 1.0, 1.0, 1.0], 0.0, 1.0),
        ([0.0, 0.0, 0.0, 1.0], 0.75, 0.25),
        ([1.0, 2.0, 3.0, 4.0], 0.25, 100 / 120),
        ([-1.0, 1.0], 0.5, 0.0),
    ],
)
def test_gini_and_jain_of_known_distributions(values, expected_gini, expected_jain):
    assert gini(np.array(values)) == pytest.approx(expected_gini)
    assert jain(np.array(values)) == pytest.approx(expected_jain)


def test_nothing_to_share_is_neither_equal_nor_unequal():
    assert gini(np.zeros(3)) is None and jain(np.zeros(3)) is None
    assert gini(np.zeros(0)) is None and jain(np.zeros(0)) is None
