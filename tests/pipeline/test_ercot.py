"""Texas by the command line: ERCOT's files are counted as real, a month without them ends with exit code 2."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.sources.ercot_reports import day_ahead, month_of, real_time, reserves
from vpp_core.calendar import Month
from vpp_core.fleet.population import generate_fleet
from vpp_core.market.forecast import price_forecast
from vpp_core.market.inputs import Inputs
from vpp_core.scenario import KNOWN_SCENARIOS
from vpp_core.settlement.outcome import outcome_tables
from vpp_core.simulation import outcomes_to_arrow, simulate
from vpp_core.sources.load import load_profiles
from vpp_core.sources.prices import market_prices
from vpp_core.sources.solar import solar_generation
from vpp_pipeline.cli.app import execute

OPTIONS = ["--scenario", "ercot", "--month", "2024-11", "--homes", "2", "--first-days", "2"]


def put_files(raw: Path) -> None:
    """The month's first ten days in three reports."""
    (raw / "ercot").mkdir(parents=True)
    month = month_of("2024-11")
    for name, report in {"rt": real_time(month), "da": day_ahead(month), "as": reserves(month)}.items():
        report[report["DeliveryDate"] < "11/11/2024"].to_csv(raw / "ercot" / f"{name}.csv", index=False)


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPP_LAKE", str(tmp_path / "lake"))
    monkeypatch.delenv("VPP_RAW", raising=False)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))


@pytest.mark.usefixtures("no_home")
def test_what_of_a_month_is_real_is_told_and_a_month_without_files_is_one_sentence_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["data", *OPTIONS]) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("vpp: ") and "none of ERCOT's real-time prices of 2024-11" in said and "NP6-905" in said
    assert not list((tmp_path / "lake").rglob("market_prices/**/*.parquet"))

    put_files(tmp_path / "lake" / "raw")
    assert execute(["data", *OPTIONS]) == 0
    told = capsys.readouterr().out
    assert told.count("file 192") == 4 and "node LZ_HOUSTON" in told and "raw/ercot" in told


def test_a_day_of_texas_is_houston_s_in_every_table(tmp_path: Path) -> None:
    put_files(tmp_path)
    scenario = KNOWN_SCENARIOS["ercot"].model_copy(update={"homes": 12, "first_days": 2})
    month, period = Month.parse("2024-11"), scenario.period("2024-11")
    prices = market_prices(scenario, month, tmp_path)
    forecast = price_forecast(prices, period, scenario.market)
    published = pd.Timestamp("2024-11-01T13:30", tz=period.timezone)
    of_rrs = forecast[(forecast["product"] == "spin") & (forecast["p10"] == forecast["p90"])]
    tomorrow = of_rrs[of_rrs["timestamp"] >= pd.Timestamp("2024-11-02", tz=period.timezone)]
    assert tomorrow["issued_at"].min() == published + pd.Timedelta("30min"), "the first hourly gate after publication"
    solar, load = solar_generation(scenario, month, tmp_path), load_profiles(scenario, month, tmp_path)
    noon = solar.loc[solar["generation_kw_per_kw_installed"].idxmax(), "timestamp"].tz_convert(period.timezone)
    assert 11 <= noon.hour <= 14
    fleet = generate_fleet(scenario.homes, scenario.seed)
    inputs = Inputs.build(scenario, month, prices, forecast, solar, load, fleet)
    assert [tariff.name for tariff in inputs.scenario.tariffs] == ["texas_flat"] and inputs.sells_reserves
    outcomes = outcome_tables(outcomes_to_arrow(simulate(inputs, ("negotiated",))))
    assert sorted(outcomes.windows["local_day"].unique()) == ["2024-11-01", "2024-11-02"]
    start = outcomes.windows["window_start"].min().tz_convert(period.timezone)
    assert start == pd.Timestamp("2024-11-01", tz=period.timezone)
    assert (outcomes.windows["spin_usd_per_mw_h"] > 0).any()
