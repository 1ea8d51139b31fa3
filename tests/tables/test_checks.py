"""Each data-quality rule finds the fault it is there for, and only that one, on tables that are otherwise right."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vpp_core.calendar import Month, Period
from vpp_core.market.forecast import price_forecast
from vpp_core.scenario import MarketRules, Scenario
from vpp_core.sources.load import load_profiles
from vpp_core.sources.prices import market_prices
from vpp_core.sources.solar import solar_generation
from vpp_core.tables.checks import WORTH_A_LOOK, CheckResult, data_checks, longest_run, same_index, source_shares

SCENARIO = Scenario(source="synthetic", homes=3, first_days=6)
MONTH = Month.parse("2023-11")
PERIOD: Period = SCENARIO.known_period(MONTH)


@cache
def tables() -> dict[str, pd.DataFrame]:
    prices = market_prices(SCENARIO, MONTH, Path())
    for part, share in {"energy": 0.9, "congestion": 0.1, "loss": 0.0, "ghg": 0.0}.items():
        prices[f"{part}_lmp_usd_per_mwh"] = prices["lmp_usd_per_mwh"] * share
    return {
        "market_prices": prices,
        "solar_generation": solar_generation(SCENARIO, MONTH, Path()),
        "load_profiles": load_profiles(SCENARIO, MONTH, Path()),
        "price_forecast": price_forecast(prices, PERIOD, MarketRules()),
    }


def failed(table: str, frame: pd.DataFrame) -> dict[str, CheckResult]:
    return {r.name: r for r in data_checks(table, frame, PERIOD) if not r.passed}


@pytest.mark.parametrize("table", ["market_prices", "solar_generation", "load_profiles", "price_forecast"])
def test_a_right_table_passes_every_rule(table: str) -> None:
    results = data_checks(table, tables()[table], PERIOD)
    assert len(results) >= 3 and all(r.passed for r in results), [r.message for r in results if not r.passed]


def at(column: str, value: object, row: int = 40) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        frame.loc[row, column] = value
        return frame

    return change


def stuck(frame: pd.DataFrame) -> pd.DataFrame:
    frame.loc[100:123, ["lmp_usd_per_mwh", "energy_lmp_usd_per_mwh"]] = 21.5
    frame.loc[100:123, "congestion_lmp_usd_per_mwh"] = 0.0
    return frame


@pytest.mark.parametrize(
    ("table", "change", "rule", "blocking", "says"),
    [
        (
            "market_prices",
            lambda f: f.drop(index=7),
            "complete",
            True,
            "1 of 772 intervals missing, the first at 2023-11-01T01:45",
        ),
        ("market_prices", lambda f: pd.concat([f, f.tail(1)]), "unique", True, "1 rows repeat"),
        ("market_prices", at("lmp_usd_per_mwh", np.nan), "lmp_known", True, "missing on 1 rows"),
        (
            "market_prices",
            at("lmp_usd_per_mwh", 5001.0),
            "price_possible",
            True,
            "1 of lmp_usd_per_mwh outside [-1000, 5000]",
        ),
        (
            "market_prices",
            at("spin_usd_per_mw_h", 25e6),
            "price_possible",
            True,
            "1 of spin_usd_per_mw_h outside [0, 5000]",
        ),
        ("market_prices", at("spin_usd_per_mw_h", np.inf), "price_possible", True, "1 of spin_usd_per_mw_h outside"),
        ("market_prices", at("loss_lmp_usd_per_mwh", 9e6), "price_possible", True, "1 of loss_lmp_usd_per_mwh outside"),
        ("market_prices", at("congestion_lmp_usd_per_mwh", 9e2), "components_add_up", False, "miss the LMP"),
        ("market_prices", stuck, "not_stuck", False, "stays at 21.5 $/MWh for 24 intervals"),
        (
            "market_prices",
            at("spin_usd_per_mw_h", -0.01),
            "reserves_not_negative",
            True,
            "1 reserve prices are negative",
        ),
        ("market_prices", at("spin_source", None), "says_its_source", True, "do not say where"),
        (
            "market_prices",
            at("lmp_source", "file"),
            "says_its_source",
            True,
            "have a seed and are not called synthetic",
        ),
        (
            "solar_generation",
            at("generation_kw_per_kw_installed", 0.01, 2),
            "dark_at_night",
            True,
            "1 values between 22:00",
        ),
        ("solar_generation", at("generation_kw_per_kw_installed", 1.4, 48), "possible", True, "1 values"),
        ("solar_generation", lambda f: f.drop(index=50), "complete", True, "do not have 772 rows, such as south_18"),
        ("load_profiles", at("load_kw", 0.0), "load_above_zero", False, "1 values"),
        ("load_profiles", at("load_kw", -1.0), "load_possible", True, "1 values"),
        ("price_forecast", at("p10", 9e9), "quantiles_ordered", True, "1 forecasts"),
        ("price_forecast", at("p90", float("nan")), "quantiles_ordered", True, "1 forecasts"),
        ("price_forecast", at("issued_at", pd.NaT), "issued_before", True, "1 forecasts"),
        ("price_forecast", at("issued_at", pd.Timestamp("2024-01-01", tz="UTC")), "issued_before", True, "1 forecasts"),
    ],
)
def test_a_fault_is_found_by_its_rule(
    table: str, change: Callable[[pd.DataFrame], pd.DataFrame], rule: str, blocking: bool, says: str
) -> None:
    found = failed(table, change(tables()[table].copy()))
    assert rule in found, list(found)
    assert found[rule].blocking == blocking and found[rule].severity == ("error" if blocking else "warn")
    assert says in found[rule].message


def test_a_price_that_is_unusual_is_told_and_is_no_fault() -> None:
    frame = at("lmp_day_ahead_usd_per_mwh", -151.0)(tables()["market_prices"].copy())
    assert "price_usual" not in failed("market_prices", frame)
    (told,) = [found for found in data_checks("market_prices", frame, PERIOD) if found.name == "price_usual"]
    assert "1 prices outside [-150, 1000]" in str(told.metadata[WORTH_A_LOOK])


def test_a_timestamp_in_local_time_or_out_of_order_is_found() -> None:
    local = tables()["market_prices"].copy()
    local["timestamp"] = local["timestamp"].dt.tz_convert("America/Los_Angeles")
    assert "not UTC" in failed("market_prices", local)["regular_utc_index"].message
    swapped = tables()["market_prices"].iloc[[1, 0, *range(2, len(PERIOD))]]
    assert "regular_utc_index" in failed("market_prices", swapped)


def test_tables_of_other_intervals_are_found() -> None:
    frames = {k: v for k, v in tables().items() if k != "price_forecast"}
    assert same_index(frames, PERIOD).passed
    frames["load_profiles"] = frames["load_profiles"][frames["load_profiles"]["timestamp"] > PERIOD.timestamps[0]]
    assert not same_index(frames, PERIOD).passed and "load_profiles" in same_index(frames, PERIOD).message


def test_source_shares_count_what_is_missing_too() -> None:
    frame = tables()["market_prices"].copy()
    frame.loc[: len(frame) // 2 - 1, ["spin_usd_per_mw_h", "spin_source"]] = [np.nan, None]
    assert source_shares(frame)["spin"] == {"missing": 0.5, "synthetic": 0.5}
    assert source_shares(tables()["solar_generation"]) == {"source": {"synthetic": 1.0}}


def test_the_longest_run_ends_where_it_ends_and_missing_values_are_no_run() -> None:
    assert longest_run(np.array([1.0, 2, 2, 2, 3, 3])) == (3, 3)
    assert longest_run(np.array([np.nan] * 5))[0] == 1
    assert longest_run(np.array([])) == (0, 0)
