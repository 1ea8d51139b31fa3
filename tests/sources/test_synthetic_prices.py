"""Synthetic prices against published statistics of real nodes, on months chosen before it was tried on them.

The model was calibrated on other months and seeds to the same published figures, so this is a check, not a forecast.

Real, from the pages the docstring of `synthetic_prices` names: percentiles of a PG&E node 2020, a node in LA county
2016–2021, and DLAP_SCE 2024. A month or year of the model must lie among them, not on one of them.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from vpp_core.calendar import Month, Period
from vpp_core.sources.synthetic_prices import SyntheticPrices, modelled_reserves, synthetic_prices
from vpp_core.sources.weather import month_weather

YEAR, SEED = 2021, 7


@cache
def year() -> list[tuple[Month, SyntheticPrices]]:
    return [(Month(YEAR, m), synthetic_prices(Month(YEAR, m), SEED)) for m in range(1, 13)]


def pooled(name: str) -> np.ndarray:
    return np.concatenate([getattr(prices, name) for _, prices in year()])


def by_hour(month: Month, values: np.ndarray) -> np.ndarray:
    hour = Period(month).local.hour
    return np.array([np.mean(values[hour == h]) for h in range(24)])


@pytest.mark.parametrize(
    ("percentile", "low", "high"), [(1, -53, 0), (5, -41, 11), (50, 26, 38), (95, 57, 100), (99, 95, 271)]
)
def test_percentiles_of_a_year_lie_among_those_of_real_nodes(percentile: int, low: float, high: float) -> None:
    assert low <= np.percentile(pooled("real_time"), percentile) <= high


def test_mean_extremes_negative_share_and_memory_of_a_year_lie_among_those_of_real_nodes() -> None:
    price = pooled("real_time")
    assert 27 <= price.mean() <= 40
    assert -300 <= price.min() <= -60 and 600 <= price.max() <= 2427
    assert 0.023 <= (price < 0).mean() <= 0.193
    memory = [np.corrcoef(p.real_time[1:], p.real_time[:-1])[0, 1] for _, p in year()]
    assert 0.5 <= np.mean(memory) <= 0.9
    ramp = np.abs(np.diff(price))
    assert 1.5 <= np.percentile(ramp, 50) <= 4 and 9 <= np.percentile(ramp, 95) <= 20
    assert 30 <= np.percentile(ramp, 99) <= 90


def test_day_ahead_is_the_expectation_with_realistic_errors_and_a_premium() -> None:
    real_time, day_ahead = pooled("real_time"), pooled("day_ahead")
    assert 0.65 <= np.corrcoef(real_time, day_ahead)[0, 1] <= 0.87
    assert 1 <= (day_ahead - real_time).mean() <= 6
    for _, prices in year():
        assert (prices.day_ahead.reshape(-1, 4) == prices.day_ahead[::4, None]).all()


def test_the_duck_has_a_valley_at_midday_and_a_peak_in_the_evening_every_month() -> None:
    for month, prices in year():
        shape = by_hour(month, prices.real_time)
        assert 10 <= int(np.argmin(shape)) <= 14, month
        assert 16 <= int(np.argmax(shape)) <= 21, month
        assert shape.max() > shape[2] > shape.min(), month


def test_spring_middays_are_negative_and_summer_ones_are_not() -> None:
    shape = {month.month: by_hour(month, prices.real_time) for month, prices in year()}
    assert shape[4][12] < 0 < shape[8][12]
    april, august = year()[3][1].real_time, year()[7][1].real_time
    assert (april < 0).mean() > 0.12 and (august < 0).mean() < 0.05


def test_weekends_are_cheaper_than_weekdays() -> None:
    ratio = []
    for month, prices in year():
        weekend = Period(month).local.dayofweek >= 5
        ratio.append(np.median(prices.real_time[weekend]) - np.median(prices.real_time[~weekend]))
    assert np.mean(ratio) < -1


def test_spikes_cluster_on_hot_days() -> None:
    hot, mild = [], []
    for seed in range(8):
        month = Month(2022, 8)
        price, day = synthetic_prices(month, seed).real_time, Period(month).day_of_interval
        heat = month_weather(month, seed).heat[day]
        hot.append((price[heat > 0.7] > 150).mean())
        mild.append((price[heat < 0] > 150).mean())
    assert np.mean(hot) > 3 * np.mean(mild)


def test_reserves_are_near_nothing_at_midday_extreme_on_scarce_evenings_and_no_share_of_the_price() -> None:
    month = Month(2022, 8)
    spin = np.concatenate([synthetic_prices(month, s).spin for s in range(6)])
    hour = np.tile(Period(month).local.hour, 6)
    assert np.median(spin[(hour >= 10) & (hour < 15)]) < 5.6
    assert 10 < np.median(spin[(hour >= 18) & (hour < 21)]) < 120
    assert 500 < spin.max() < 1100
    price = np.concatenate([synthetic_prices(month, s).real_time for s in range(6)])
    share = spin / np.maximum(price, 1)
    assert np.percentile(share, 95) > 5 * np.percentile(share, 50), "a fixed share would give 1"


def test_nonspin_equals_spin_when_scarce_and_is_cheaper_when_not() -> None:
    prices = synthetic_prices(Month(2022, 8), 3)
    scarce = prices.spin > 500
    assert (prices.nonspin <= prices.spin + 0.01).all() and prices.nonspin.min() >= 0
    assert (prices.nonspin[~scarce & (prices.spin > 1)] / prices.spin[~scarce & (prices.spin > 1)]).mean() < 0.6
    assert scarce.sum() == 0 or (prices.nonspin[scarce] / prices.spin[scarce]).mean() > 0.85


def test_modelled_reserves_know_nothing_but_their_own_hour_and_the_months_median() -> None:
    month = Month(2022, 7)
    price = synthetic_prices(month, 1).real_time
    base = modelled_reserves(month, price, 1)[0]
    above = np.flatnonzero((price.reshape(-1, 4) > np.median(price)).all(axis=1))[40] * 4
    raised = price.copy()
    raised[above : above + 4] += 900.0
    moved = np.flatnonzero(modelled_reserves(month, raised, 1)[0] != base)
    assert list(moved) == [above, above + 1, above + 2, above + 3]
    holes = price.copy()
    holes[2000] = np.nan
    assert list(np.flatnonzero(np.isnan(modelled_reserves(month, holes, 1)[0]))) == [2000, 2001, 2002, 2003]


def test_the_same_seed_gives_the_same_month_and_months_do_not_repeat() -> None:
    again = synthetic_prices(Month(YEAR, 5), SEED)
    np.testing.assert_array_equal(again.real_time, year()[4][1].real_time)
    assert not np.array_equal(synthetic_prices(Month(YEAR - 1, 5), SEED).real_time[:96], again.real_time[:96])
