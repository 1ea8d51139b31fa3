"""Reserve prices: offers while there is plenty, energy's rent when there is not, and what they may rest on."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from vpp_core.calendar import Month, Period
from vpp_core.sources.synthetic_prices import SyntheticPrices, synthetic_prices
from vpp_core.sources.synthetic_reserves import modelled_reserves

SCARCE, JULY = Month(2020, 8), Month(2022, 7)
HEATWAVE_SEEDS = range(6)


@cache
def drawn(month: Month, seed: int) -> SyntheticPrices:
    return synthetic_prices(month, seed)


def hourly(month: Month, seeds: range) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Day-ahead LMP, spin and non-spin of the hours of several draws."""
    series = [
        np.concatenate([getattr(drawn(month, s), name)[::4] for s in seeds])
        for name in ("day_ahead", "spin", "nonspin")
    ]
    return series[0], series[1], series[2]


@pytest.mark.parametrize("month", [SCARCE, Month(2022, 9), Month(2024, 4), Month(2025, 7)], ids=str)
def test_spin_is_never_above_a_day_ahead_price_above_20_nor_nonspin_above_spin(month: Month) -> None:
    lmp, spin, nonspin = hourly(month, HEATWAVE_SEEDS)
    assert (spin[lmp > 20] <= lmp[lmp > 20]).all()
    assert (nonspin <= spin).all() and nonspin.min() >= 0


def test_in_scarce_hours_the_price_less_spin_hardly_moves_within_an_evening() -> None:
    """On 17 August 2020 it was 97–106 while the day-ahead price went from 793 to 1,073."""
    moved = []
    for seed in HEATWAVE_SEEDS:
        prices, day = drawn(SCARCE, seed), Period(SCARCE).day_of_interval[::4]
        lmp, spin = prices.day_ahead[::4], prices.spin[::4]
        for evening in np.unique(day[lmp > 300]):
            scarce = (day == evening) & (lmp > 200)
            if scarce.sum() >= 3:
                moved.append(np.ptp(lmp[scarce] - spin[scarce]) / np.ptp(lmp[scarce]))
    assert len(moved) >= 10 and np.median(moved) < 0.1


def test_nonspin_is_a_dime_but_in_scarcity_where_it_is_spin() -> None:
    lmp, spin, nonspin = hourly(SCARCE, HEATWAVE_SEEDS)
    assert np.median(nonspin) == pytest.approx(0.1)
    assert (nonspin[spin < 10] < 0.2).mean() > 0.85
    assert (nonspin[lmp > 300] / spin[lmp > 300]).min() > 0.9


def test_offers_fell_as_batteries_came_and_nonspin_then_clears_at_spins() -> None:
    median = {year: np.median(hourly(Month(year, 10), HEATWAVE_SEEDS)[1]) for year in (2020, 2022, 2025)}
    assert median[2020] > 1.3 * median[2022] > 3 * median[2025]
    _, spin, nonspin = hourly(Month(2025, 10), HEATWAVE_SEEDS)
    assert (nonspin == spin).mean() > 0.7


def test_a_years_means_are_those_of_los_angeles_within_30_percent() -> None:
    """Of 2025, without scarcity and so alike in all draws; 2023 and 2024 stand in the record of forty draws."""
    months = [Month(2025, m) for m in range(1, 13)]
    spin, nonspin = (
        np.mean([getattr(drawn(m, seed), name).mean() for m in months for seed in range(3)])
        for name in ("spin", "nonspin")
    )
    assert spin == pytest.approx(0.76, rel=0.3) and nonspin == pytest.approx(0.71, rel=0.3)


def real_july() -> tuple[np.ndarray, np.ndarray]:
    prices = drawn(JULY, 1)
    return prices.real_time, np.full_like(prices.real_time, np.nan)


def test_modelled_on_real_time_they_know_their_own_hour_and_the_months_night_alone() -> None:
    price, unknown = real_july()
    base = modelled_reserves(JULY, price, unknown, 1)[0]
    hour = Period(JULY).local.hour[::4]
    above = np.flatnonzero((price.reshape(-1, 4) > np.median(price)).all(axis=1) & (hour == 17))[4] * 4
    raised = price.copy()
    raised[above : above + 4] += 900.0
    moved = np.flatnonzero(modelled_reserves(JULY, raised, unknown, 1)[0] != base)
    assert list(moved) == [above, above + 1, above + 2, above + 3]
    holes = price.copy()
    holes[2000] = np.nan
    assert list(np.flatnonzero(np.isnan(modelled_reserves(JULY, holes, unknown, 1)[0]))) == [2000, 2001, 2002, 2003]


def test_where_the_day_ahead_price_is_known_they_rest_on_it_and_not_on_real_time() -> None:
    price, unknown = real_july()
    day_ahead = drawn(JULY, 1).day_ahead
    base = modelled_reserves(JULY, price, day_ahead, 1)
    np.testing.assert_array_equal(base, modelled_reserves(JULY, np.full_like(price, 5000.0), day_ahead, 1))
    spin, lmp = base[0], day_ahead
    assert (spin[lmp > 20] <= lmp[lmp > 20]).all()
    half = np.where(np.arange(len(price)) < 1000, day_ahead, np.nan)
    assert np.isfinite(modelled_reserves(JULY, price, half, 1)[0]).all()
    assert not np.array_equal(modelled_reserves(JULY, price, unknown, 1)[0], base[0])


def test_a_spike_that_nobody_foresaw_is_worth_less_than_one_that_everybody_did() -> None:
    price, unknown = real_july()
    spiked = price.copy()
    spiked[40:44] = 1000.0
    foreseen = drawn(JULY, 1).day_ahead.copy()
    foreseen[40:44] = 1000.0
    unforeseen = modelled_reserves(JULY, spiked, unknown, 1)[0][40]
    assert 20 < unforeseen < 0.6 * modelled_reserves(JULY, price, foreseen, 1)[0][40]
