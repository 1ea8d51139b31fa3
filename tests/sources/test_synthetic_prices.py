"""Synthetic energy prices: the year they are of, the shape of a day, and that a draw is a draw.

The whole record with forty draws is held by `tests/benchmarks/test_price_record.py`.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from vpp_core.calendar import Month, Period
from vpp_core.sources.price_record import beside_record, figure_of, record
from vpp_core.sources.price_regimes import DAY_AHEAD_MEAN, FIRST_YEAR, LAST_YEAR, regime_of
from vpp_core.sources.record_page import page
from vpp_core.sources.synthetic_prices import SyntheticPrices, synthetic_prices
from vpp_core.sources.weather import month_weather

SEEDS = range(6)


@cache
def drawn(month: str) -> tuple[SyntheticPrices, ...]:
    return tuple(synthetic_prices(Month.parse(month), seed) for seed in SEEDS)


def pooled(month: str, series: str = "real_time") -> np.ndarray:
    return np.concatenate([getattr(prices, series) for prices in drawn(month)])


def by_hour(month: str, series: str = "real_time") -> np.ndarray:
    hour = np.tile(Period.of(month).local.hour, len(SEEDS))
    values = pooled(month, series)
    return np.array([np.mean(values[hour == h]) for h in range(24)])


@pytest.mark.parametrize("month", ["2020-04", "2021-09", "2023-01", "2024-05", "2025-07", "2026-02"])
def test_a_month_has_the_level_that_was_published_for_it(month: str) -> None:
    year, position = int(month[:4]), int(month[5:]) - 1
    assert np.mean(pooled(month, "day_ahead")) == pytest.approx(DAY_AHEAD_MEAN[year][position], rel=0.2)


def test_years_differ_as_the_record_does() -> None:
    spikes = {month: (pooled(month) > 250).mean() for month in ("2021-07", "2023-08", "2025-07")}
    assert spikes["2025-07"] < 0.002 < 0.004 < min(spikes["2021-07"], spikes["2023-08"])
    negative = {month: (pooled(month, "day_ahead") < 0).mean() for month in ("2020-04", "2023-04", "2025-04")}
    assert negative["2020-04"] < negative["2023-04"] < negative["2025-04"]
    peak = {
        month: by_hour(month, "day_ahead")[18:21].max() / by_hour(month, "day_ahead")[2]
        for month in ("2020-05", "2025-05")
    }
    assert peak["2025-05"] < 0.85 * peak["2020-05"], "batteries shave the evening"


def test_a_year_outside_the_table_takes_the_nearest_years_regime_and_draws_of_its_own() -> None:
    assert regime_of(Month(2015, 3)) == regime_of(Month(FIRST_YEAR, 3))
    assert regime_of(Month(2031, 3)) == regime_of(Month(LAST_YEAR, 3))
    assert not np.array_equal(synthetic_prices(Month(2031, 3), 1).spin, synthetic_prices(Month(2026, 3), 1).spin)


def test_what_was_published_and_not_chosen_on_lies_within_the_draws() -> None:
    """A sample of the record by six draws, their ends for a band."""
    days = ("2021-09-01", "2023-08-02", "2025-07-16")
    rows = tuple(row for row in record() if row.first_day in days and not row.chosen and row.figure.endswith("mean"))
    table = beside_record(SEEDS, rows)
    assert len(table) == 5
    assert (table["record"] > 0.8 * table["low"]).all() and (table["record"] < 1.25 * table["high"]).all()


def test_day_ahead_is_the_expectation_with_errors_and_a_premium() -> None:
    for month in ("2020-10", "2023-04"):
        real_time, day_ahead = pooled(month), pooled(month, "day_ahead")
        assert 0.35 <= np.corrcoef(real_time, day_ahead)[0, 1] <= 0.95
        assert real_time.mean() < 1.1 * day_ahead.mean()
        for prices in drawn(month):
            assert (prices.day_ahead.reshape(-1, 4) == prices.day_ahead[::4, None]).all()


def test_real_time_is_no_easier_to_forecast_than_it_was() -> None:
    """The hour of the day explained 16–18 % of the variance of hourly prices in July, September and October 2020."""
    explained = [
        figure_of("hour_of_day_percent", prices.real_time, np.asarray(Period.of(month).local.hour))
        for month in ("2020-07", "2020-09", "2020-10")
        for prices in drawn(month)
    ]
    assert np.median(explained) < 30


def test_the_duck_has_a_valley_by_day_and_a_peak_in_the_evening_every_month() -> None:
    for month in ("2023-02", "2024-05", "2020-08", "2022-11"):
        shape = by_hour(month, "day_ahead")
        assert 8 <= int(np.argmin(shape)) <= 14, month
        assert 16 <= int(np.argmax(shape)) <= 21, month
        assert shape.max() > shape[2] > shape.min(), month


def test_spring_middays_are_negative_and_summer_ones_are_not() -> None:
    assert by_hour("2024-05")[12] < 0 < by_hour("2020-08")[12]


def test_weekends_are_cheaper_than_weekdays() -> None:
    ratio = []
    for month in ("2023-02", "2024-05", "2020-08", "2022-11"):
        weekend = np.tile(Period.of(month).local.dayofweek >= 5, len(SEEDS))
        price = pooled(month, "day_ahead")
        ratio.append(np.median(price[weekend]) / np.median(price[~weekend]))
    assert np.mean(ratio) < 0.97


def test_spikes_cluster_on_hot_days() -> None:
    hot, mild = [], []
    for seed in range(12):
        month = Month(2022, 8)
        price, day = synthetic_prices(month, seed).real_time, Period(month).day_of_interval
        heat = month_weather(month, seed).heat[day]
        hot.append((price[heat > 0.7] > 250).mean())
        mild.append((price[heat < 0] > 250).mean())
    assert np.mean(hot) > 2 * np.mean(mild)


def test_the_same_seed_gives_the_same_month_and_months_do_not_repeat() -> None:
    again = synthetic_prices(Month(2024, 5), 3)
    np.testing.assert_array_equal(again.real_time, drawn("2024-05")[3].real_time)
    assert not np.array_equal(synthetic_prices(Month(2023, 5), 3).real_time[:96], again.real_time[:96])


def test_every_figure_of_the_record_has_a_source_and_days_and_can_be_computed() -> None:
    letters = set("MNFHDRX")
    for row in record():
        assert row.source in letters and row.first_day <= row.last_day and row.months
        series = np.linspace(-5, 400, 96)
        assert np.isfinite(figure_of(row.figure.split("_", 1)[1].removeprefix("hourly_"), series, np.arange(96) // 4))
    assert sum(not row.chosen for row in record()) > len(record()) / 2


def test_the_page_of_the_record_names_what_is_not_met() -> None:
    rows = tuple(row for row in record() if row.first_day == "2025-07-02" and row.figure in ("da_mean", "rt_max"))
    table = beside_record(range(2), rows).assign(met=[True, False])
    text = page(table)
    missed = text.split("## Not met")[1].split("## Fortnights")[0]
    assert "**1 of 2**" in text and "rt_max" in missed and "da_mean" not in missed
    assert "four load points" in missed
