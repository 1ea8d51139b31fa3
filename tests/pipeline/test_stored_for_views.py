"""What views of a finished month need is in its tables and its database, and agrees with the rest."""

from __future__ import annotations

import json

import duckdb
import pytest

from tests.pipeline.tiny import MONTH, TINY, Ran
from vpp_core.settlement.outcome import outcome_tables
from vpp_core.tables import OUTCOMES


def test_payments_and_awards_by_home_and_window_add_up_to_those_of_days_and_of_windows(finished: Ran) -> None:
    flat = outcome_tables(finished.lake.read("window_results", MONTH, TINY.name, OUTCOMES).table)
    paid = flat.home_windows
    assert set(paid["strategy"]) >= {"negotiated", "centralized"}
    assert "perfect_foresight" not in set(paid["strategy"])  # nobody is paid under a bound
    by_day = paid.groupby(["strategy", "local_day", "home_id"])["payment_usd"].sum()
    whole = flat.households.set_index(["strategy", "local_day", "home_id"])["payment_usd"].dropna()
    assert by_day.reindex(whole.index, fill_value=0.0).to_dict() == pytest.approx(whole.to_dict(), abs=2e-4)
    columns = ["awarded_sell_kwh", "awarded_buy_kwh", "delivered_sell_kwh", "held_spin_kw_h", "held_nonspin_kw_h"]
    keys = ["strategy", "window_start"]
    operable = flat.windows[flat.windows["payment_usd"].notna()]
    of_windows = operable.groupby(keys)[columns].sum()
    of_homes = paid.groupby(keys)[columns].sum().reindex(of_windows.index, fill_value=0.0)
    assert of_homes.to_numpy() == pytest.approx(of_windows.to_numpy(), abs=2e-3)
    assert of_windows.to_numpy().sum() > 0


def test_a_window_knows_the_spread_of_its_forecast_and_the_reserve_prices(finished: Ran) -> None:
    windows = outcome_tables(finished.lake.read("window_results", MONTH, TINY.name, OUTCOMES).table).windows
    low, middle, high = (windows[f"forecast_{name}_usd_per_mwh"] for name in ("p10", "p50", "p90"))
    assert (low <= middle).all() and (middle <= high).all() and (low < high).any()
    stored = finished.lake.read("market_prices", MONTH, TINY.name).table.to_pandas()
    prices = TINY.period(MONTH).rows_of(stored)
    own = windows[windows["strategy"] == "negotiated"]
    assert own["spin_usd_per_mw_h"].mean() == pytest.approx(prices["spin_usd_per_mw_h"].mean())


def test_the_database_holds_homes_prices_scenarios_and_where_the_data_came_from(finished: Ran) -> None:
    with duckdb.connect(str(finished.lake.database), read_only=True) as database:
        homes = database.execute("SELECT count(*), sum(len(cars)) FROM prosumer_fleet").fetchone()
        stored = finished.lake.read("prosumer_fleet", MONTH, TINY.name).table
        assert homes == (TINY.homes, sum(map(len, stored["cars"].to_pylist())))
        assert database.execute("SELECT DISTINCT month, scenario FROM market_prices").fetchall() == [(MONTH, TINY.name)]
        parameters = dict(database.execute("SELECT parameter, value FROM scenarios").fetchall())
        assert json.loads(parameters["homes"]) == TINY.homes
        assert json.loads(parameters["market.minimum_bid_mw"]) == 0.0
        shares = database.execute("SELECT series, sum(percent) FROM data_shares GROUP BY series").fetchall()
        assert len(shares) == 6 and all(total == pytest.approx(100) for _, total in shares)


def test_a_stage_that_fails_is_kept_in_the_run_log_with_its_reason(ran: Ran) -> None:
    path = ran.folder / "tables" / "market_prices" / TINY.name / f"{MONTH}.parquet"
    path.unlink()
    (ran.folder / "raw" / "oasis").mkdir(parents=True)
    scenario = ran.folder / "scenarios" / f"{TINY.name}.json"
    scenario.write_text(scenario.read_text().replace('"synthetic"', '"file"'))
    assert not ran.again().succeeded
    told = [entry for entry in map(json.loads, ran.lake.log_lines()) if "failed" in entry]
    assert [(e["stage"], e["month"], e["scenario"]) for e in told] == [("market_prices", MONTH, TINY.name)]
    assert told[0]["failed"].startswith(f"there are no real-time prices of {MONTH}")
