"""Forecasts use what is published, all of it and nothing else, and are better than yesterday's price."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpp_core.calendar import Month, Period
from vpp_core.iso import CAISO
from vpp_core.market.forecast import HORIZON_HOURS, forecast_error, price_forecast
from vpp_core.scenario import MarketRules
from vpp_core.sources.synthetic_prices import synthetic_prices
from vpp_core.sources.synthetic_reserves import modelled_reserves
from vpp_core.tables import PRICE_FORECAST

RULES = MarketRules()


def prices(month: str, days: int | None = None, seed: int = 1) -> tuple[pd.DataFrame, Period]:
    period = Period.of(month, days)
    drawn = synthetic_prices(Month.parse(month), seed)
    count = len(period)
    frame = pd.DataFrame(
        {
            "timestamp": period.timestamps,
            "lmp_usd_per_mwh": drawn.real_time[:count],
            "lmp_day_ahead_usd_per_mwh": drawn.day_ahead[:count],
            "spin_usd_per_mw_h": drawn.spin[:count],
            "nonspin_usd_per_mw_h": drawn.nonspin[:count],
        }
    )
    return frame, period


CASES = (
    ("2023-11", 7, RULES),
    ("2023-03", 13, RULES),
    ("2023-08", 3, MarketRules(window_minutes=15, gate_closure_minutes=30)),
)
"""The first holds the day of 25 hours, the second the one of 23."""


@cache
def example(case: int = 0) -> tuple[pd.DataFrame, Period, pd.DataFrame]:
    month, days, rules = CASES[case]
    frame, period = prices(month, days)
    return frame, period, price_forecast(frame, period, rules)


def unpublished(frame: pd.DataFrame, issued_at: pd.Timestamp) -> dict[str, np.ndarray]:
    """By the market's rules, written down a second time: what nobody could know at `issued_at`."""
    start = pd.DatetimeIndex(frame["timestamp"])
    not_over = np.asarray(start + pd.Timedelta(minutes=15) > issued_at)
    local, now = start.tz_convert(CAISO.timezone), issued_at.tz_convert(CAISO.timezone)
    last_known_day = now.normalize() + pd.DateOffset(days=1 if now.hour >= 13 else 0)
    last_known_day = max(last_known_day, local[0].normalize())
    not_announced = np.asarray(local.normalize() > last_known_day)
    return {
        "lmp_usd_per_mwh": not_over,
        "spin_usd_per_mw_h": not_announced,
        "nonspin_usd_per_mw_h": not_announced,
        "lmp_day_ahead_usd_per_mwh": not_announced,
    }


@settings(max_examples=6, deadline=None)
@given(case=st.integers(0, 2), share=st.floats(0, 0.999), seed=st.integers(0, 2**32 - 1))
def test_changing_every_price_unpublished_at_a_gate_leaves_its_forecast_bit_identical(
    case: int, share: float, seed: int
) -> None:
    frame, period, before = example(case)
    gates = before["issued_at"].unique()
    issued_at = gates[int(share * len(gates))]
    rng = np.random.default_rng(seed)
    changed = frame.copy()
    for column, hidden in unpublished(frame, issued_at).items():
        changed.loc[hidden, column] = rng.normal(300, 400, hidden.sum()) if column.startswith("lmp") else 77.0
    after = price_forecast(changed, period, CASES[case][2])
    same = before["issued_at"] == issued_at
    pd.testing.assert_frame_equal(before[same], after[same], check_exact=True)


def test_a_reserve_price_modelled_on_its_hour_does_not_give_away_the_quarter_that_is_not_over() -> None:
    """A gate closes at a quarter to: the hour's modelled price follows from a quarter hour that is still to come."""
    frame, period = prices("2023-08", 3)
    whole = synthetic_prices(Month.parse("2023-08"), 1).real_time
    unknown = np.full_like(whole, np.nan)
    gate = 66 * 4 - RULES.gate_closure_minutes // 15
    spiked = whole.copy()
    spiked[gate] += 900.0
    forecasts = []
    for lmp in (whole, spiked):
        spin, nonspin = (of[: len(frame)] for of in modelled_reserves(Month.parse("2023-08"), lmp, unknown, 1))
        modelled = frame.assign(
            lmp_usd_per_mwh=lmp[: len(frame)], lmp_source="file", lmp_day_ahead_usd_per_mwh=np.nan,
            spin_usd_per_mw_h=spin, nonspin_usd_per_mw_h=nonspin, spin_source="synthetic", nonspin_source="synthetic",
        )  # fmt: skip
        forecasts.append(price_forecast(modelled, period, RULES))
    before, after = (each[each["issued_at"] <= period.timestamps[gate]] for each in forecasts)
    pd.testing.assert_frame_equal(before, after, check_exact=True)
    assert not forecasts[0].equals(forecasts[1])


def test_a_reserve_price_modelled_on_a_known_day_ahead_price_is_published_with_it() -> None:
    frame, period = prices("2023-08", 3)
    real = {"lmp_source": "file", "lmp_day_ahead_source": "file"}
    drawn = {"spin_source": "synthetic", "nonspin_source": "synthetic"}
    forecast = price_forecast(frame.assign(**real, **drawn), period, RULES)
    published = price_forecast(frame.assign(**real, spin_source="file", nonspin_source="file"), period, RULES)
    pd.testing.assert_frame_equal(forecast, published, check_exact=True)


@pytest.mark.parametrize("column", ["lmp_usd_per_mwh", "lmp_day_ahead_usd_per_mwh", "spin_usd_per_mw_h"])
def test_changing_published_prices_does_change_the_forecast(column: str) -> None:
    frame, period, before = example()
    changed = frame.copy()
    changed.loc[:300, column] += 40
    after = price_forecast(changed, period, RULES)
    assert not before[["p10", "p50", "p90"]].equals(after[["p10", "p50", "p90"]])


@pytest.mark.parametrize(("minutes", "gate"), [(60, 75), (30, 75), (15, 30), (60, 600)])
def test_every_gate_sees_each_window_of_the_next_36_hours_once_per_product(minutes: int, gate: int) -> None:
    frame, period = prices("2023-03", 14)
    rules = MarketRules(window_minutes=minutes, gate_closure_minutes=gate)
    forecast = price_forecast(frame, period, rules)
    windows, ahead = len(period.windows(minutes)), HORIZON_HOURS * 60 // minutes
    assert len(forecast) == windows * ahead * 3
    assert not forecast.duplicated(["issued_at", "timestamp", "product"]).any()
    lead = forecast["timestamp"] - forecast["issued_at"]
    assert lead.min() == pd.Timedelta(minutes=gate)
    assert lead.max() == pd.Timedelta(minutes=gate, hours=HORIZON_HOURS) - pd.Timedelta(minutes=minutes)
    assert (forecast["p10"] <= forecast["p50"]).all() and (forecast["p50"] <= forecast["p90"]).all()
    assert (forecast.loc[forecast["product"] != "energy", "p10"] >= 0).all()


def test_the_table_keeps_its_contract() -> None:
    forecast = example()[2]
    PRICE_FORECAST.pandera.validate(forecast)
    assert PRICE_FORECAST.arrow(forecast).num_rows == len(forecast)


def test_without_reserve_prices_only_energy_is_forecast() -> None:
    frame, period = prices("2023-08", 2)
    frame[["spin_usd_per_mw_h", "nonspin_usd_per_mw_h"]] = np.nan
    assert set(price_forecast(frame, period, RULES)["product"]) == {"energy"}


@pytest.mark.parametrize("day_ahead", [True, False])
@pytest.mark.parametrize("month", ["2022-08", "2023-04", "2023-11"])
def test_the_forecast_beats_the_same_hour_of_yesterday(month: str, day_ahead: bool) -> None:
    frame, period = prices(month, seed=11)
    if not day_ahead:
        frame["lmp_day_ahead_usd_per_mwh"] = np.nan
    error = forecast_error(price_forecast(frame, period, RULES), frame)
    assert error["comparable_mae_usd_per_mwh"] < 0.9 * error["yesterday_mae_usd_per_mwh"]
    assert error["comparable_pinball_usd_per_mwh"] < 0.7 * error["yesterday_pinball_usd_per_mwh"]
    assert 0.72 <= error["coverage_p10_p90"] <= 0.90


def test_the_first_gate_of_a_month_without_day_ahead_prices_has_wide_sane_quantiles() -> None:
    frame, period = prices("2023-04", 1)
    frame["lmp_day_ahead_usd_per_mwh"] = np.nan
    forecast = price_forecast(frame, period, RULES)
    first = forecast[(forecast["product"] == "energy") & (forecast["issued_at"] == forecast["issued_at"].min())]
    assert ((first["p90"] - first["p10"]) > 25).all()
    assert first["p50"].between(10, 60).all()
    evening = first["timestamp"].dt.tz_convert(CAISO.timezone).dt.hour == 19
    assert first.loc[evening, "p50"].mean() > first["p50"].mean() + 10


def test_a_price_that_repeats_every_day_is_learned() -> None:
    frame, period = prices("2023-08")
    pattern = 30 + 20 * np.sin(2 * np.pi * period.slot_of_interval / 96)
    frame["lmp_usd_per_mwh"] = pattern
    frame["lmp_day_ahead_usd_per_mwh"] = np.nan
    forecast = price_forecast(frame, period, RULES)
    late = forecast[(forecast["product"] == "energy") & (forecast["issued_at"] > period.timestamps[-96 * 4])]
    error = forecast_error(late, frame)
    assert error["mae_usd_per_mwh"] < 3.0


def test_a_filled_gap_does_not_give_away_the_price_after_it() -> None:
    """A gap of half an hour, whose line leads to a price that is published after the gate."""
    frame, period = prices("2023-08", 2)
    gate = 30 * 4 - RULES.gate_closure_minutes // 15
    forecasts = []
    for after_gap in (20.0, 900.0):
        filled = frame.assign(lmp_source="file")
        filled.loc[gate - 2 : gate - 1, "lmp_source"] = "filled"
        line = np.interp([1, 2], [0, 3], [frame["lmp_usd_per_mwh"][gate - 3], after_gap])
        filled.loc[gate - 2 : gate, "lmp_usd_per_mwh"] = [*line, after_gap]
        forecast = price_forecast(filled, period, RULES)
        forecasts.append(forecast[forecast["issued_at"] <= period.timestamps[gate]])
    pd.testing.assert_frame_equal(*forecasts, check_exact=True)


def test_a_missing_price_is_not_taken_for_zero() -> None:
    frame, period = prices("2023-08", 4)
    holes = frame.copy()
    holes.loc[100:108, "lmp_usd_per_mwh"] = np.nan
    holes.loc[192:384, "lmp_day_ahead_usd_per_mwh"] = np.nan
    forecast = price_forecast(holes, period, RULES)
    assert np.isfinite(forecast[["p10", "p50", "p90"]].to_numpy()).all()


def test_the_error_of_a_perfect_forecast_is_zero() -> None:
    frame, period = prices("2023-08", 3)
    frame["lmp_usd_per_mwh"] = 25.0
    forecast = price_forecast(frame, period, RULES)
    forecast[["p10", "p50", "p90"]] = 25.0
    error = forecast_error(forecast, frame)
    assert error["mae_usd_per_mwh"] == 0 and error["pinball_usd_per_mwh"] == 0 and error["coverage_p10_p90"] == 1
    assert forecast_error(forecast.assign(p50=27.0), frame)["mae_usd_per_mwh"] == pytest.approx(2.0)
