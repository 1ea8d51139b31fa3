"""How fast data are made, and how good the forecast is on real prices.

The real month is a person's own download: set VPP_REAL_PRICES to a folder that holds an OASIS PRC_RTPD_LMP file of July
2020 to run that part; without it, it is skipped.
"""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

import pytest

from vpp_core.calendar import Month
from vpp_core.market.forecast import forecast_error, price_forecast
from vpp_core.scenario import MarketRules, Scenario
from vpp_core.sources.load import load_chunks
from vpp_core.sources.load_model import modelled_load
from vpp_core.sources.prices import market_prices
from vpp_core.sources.solar_model import modelled_solar
from vpp_core.sources.synthetic_prices import synthetic_prices

MONTH, JULY = Month.parse("2023-08"), Month.parse("2020-07")
DRAWN = Scenario(source="synthetic")
REAL = os.environ.get("VPP_REAL_PRICES")


def test_200_homes_of_load_in_half_a_second(benchmark) -> None:  # type: ignore[no-untyped-def]
    benchmark(modelled_load, MONTH, 1, range(200))
    assert benchmark.stats["min"] <= 0.5


def test_10000_homes_of_load_in_20_seconds_and_a_gigabyte() -> None:
    started, rows = time.perf_counter(), 0
    for chunk in load_chunks(DRAWN.model_copy(update={"homes": 10_000}), MONTH, Path()):
        rows += len(chunk)
    assert rows == 10_000 * 2976
    assert time.perf_counter() - started <= 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2 <= 1.0


def test_a_month_of_prices_in_three_tenths_of_a_second(benchmark) -> None:  # type: ignore[no-untyped-def]
    benchmark(synthetic_prices, MONTH, 1)
    assert benchmark.stats["min"] <= 0.3


def test_a_month_of_prices_and_of_solar_in_a_second(benchmark) -> None:  # type: ignore[no-untyped-def]
    benchmark(lambda: (synthetic_prices(MONTH, 1), modelled_solar(MONTH, 1)))
    assert benchmark.stats["min"] <= 1.0


def test_a_month_of_forecasts_in_a_second(benchmark) -> None:  # type: ignore[no-untyped-def]
    prices, period = market_prices(DRAWN, MONTH, Path()), DRAWN.period(MONTH)
    benchmark(price_forecast, prices, period, MarketRules())
    assert benchmark.stats["min"] <= 1.0


@pytest.mark.skipif(not REAL, reason="VPP_REAL_PRICES names no folder with a real July 2020")
def test_the_forecast_beats_yesterday_on_the_real_july_of_2020(tmp_path: Path) -> None:
    (tmp_path / "oasis").symlink_to(Path(str(REAL)).resolve())
    scenario = Scenario(source="file")
    prices = market_prices(scenario, JULY, tmp_path)
    assert len(prices) == 2976 and (prices["lmp_source"] == "file").all()
    assert round(prices["lmp_usd_per_mwh"].mean(), 2) == 26.31 and round(prices["lmp_usd_per_mwh"].max(), 2) == 935.20
    error = forecast_error(price_forecast(prices, scenario.period(JULY), scenario.market), prices)
    assert error["comparable_mae_usd_per_mwh"] < 0.80 * error["yesterday_mae_usd_per_mwh"]
    assert error["comparable_pinball_usd_per_mwh"] < 0.65 * error["yesterday_pinball_usd_per_mwh"]
    assert 0.75 <= error["coverage_p10_p90"] <= 0.87
