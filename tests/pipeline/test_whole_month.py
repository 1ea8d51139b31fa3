"""The whole graph on a tiny month: run, run again, damaged, alone, beside readers and other writers."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import dagster as dg
import duckdb
import pandas as pd
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from tests.dashboard.conftest import multiplied
from tests.pipeline.tiny import MONTH, TINY, Ran, content
from vpp_core.calendar import Month
from vpp_core.results.database import DATABASE_TABLES
from vpp_core.sources import hosted, oasis_live, pvwatts
from vpp_core.sources.fetched import Fetched, Shelf
from vpp_core.strategies.registry import STRATEGIES
from vpp_core.tables import MARKET_PRICES
from vpp_pipeline.definitions import build_defs
from vpp_pipeline.io.parquet import contract_of
from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.database import rebuild
from vpp_pipeline.lake.table_file import encode
from vpp_pipeline.partitions import partition_key
from vpp_pipeline.runner import PROCESS_TAG, close_abandoned

TABLES = [
    "market_prices",
    "solar_generation",
    "load_profiles",
    "price_forecast",
    "prosumer_fleet",
    "negotiation_results",
    "centralized_dispatch",
    "perfect_foresight_bound",
    "window_results",
    "kpi_monthly",
]
WITHOUT_SIMULATION = ["market_prices", "price_forecast"]


def reused(ran: Ran) -> dict[str, bool]:
    """Stage → whether its last run took what was there, from the run log."""
    lines = (ran.folder / "run_log.jsonl").read_text().splitlines()
    return {entry["stage"]: entry["reused"] for entry in map(json.loads, lines)}


def ladder(folder: Path) -> list[tuple[str, str]]:
    with duckdb.connect(str(folder / "reports.duckdb"), read_only=True) as connection:
        return connection.execute("SELECT DISTINCT month, scenario FROM kpi_monthly ORDER BY ALL").fetchall()


def test_the_whole_graph_runs_and_every_check_passes(finished: Ran) -> None:
    assert finished.result.faults == ()
    assert finished.result.failed_checks == ()


def test_every_table_is_there_and_every_strategy_is_on_the_ladder(finished: Ran) -> None:
    for table in TABLES:
        assert finished.lake.read(table, MONTH, TINY.name, contract_of(table)).table.num_rows > 0, table
    kpis = finished.lake.read("kpi_monthly", MONTH, TINY.name).table
    assert kpis.column("strategy").to_pylist() == list(STRATEGIES)


def test_three_key_figures_of_a_run_equal_sql_written_by_hand_on_its_raw_results(finished: Ran) -> None:
    raw = finished.folder / "tables" / "window_results" / TINY.name / f"{MONTH}.parquet"
    query = f"""
        WITH windows AS (SELECT strategy, unnest(windows) AS w FROM '{raw}'),
             homes AS (SELECT strategy, unnest(households) AS h FROM '{raw}'),
             months AS (SELECT strategy, h.home_id AS home, sum(h.payment_usd - h.bill_change_usd - h.wear_change_usd
                               + h.end_energy_usd) AS gain FROM homes GROUP BY ALL)
        SELECT strategy,
               (SELECT sum(w.wholesale_usd + w.reserve_usd + w.call_usd + w.programme_usd - w.bill_change_usd
                           - w.wear_change_usd - w.penalty_usd + w.end_energy_usd)
                FROM windows WHERE windows.strategy = o.strategy),
               (SELECT sum(gain) FROM months WHERE months.strategy = o.strategy),
               (SELECT count(*) FROM months WHERE months.strategy = o.strategy AND gain <= -0.01)
        FROM (SELECT DISTINCT strategy FROM '{raw}') AS o"""
    by_hand = {key: figures for key, *figures in duckdb.sql(query).fetchall()}
    kpis = finished.lake.read("kpi_monthly", MONTH, TINY.name).table.to_pandas().set_index("strategy")
    assert set(by_hand) == set(kpis.index)
    for key, (surplus, gain, worse) in by_hand.items():
        row = kpis.loc[key]
        assert row["surplus_usd"] == pytest.approx(surplus, abs=1e-6), key
        if not row["is_bound"]:
            assert row["household_gain_usd"] == pytest.approx(gain, abs=1e-6), key
            assert row["households_worse_off"] == worse, key


def test_the_report_is_there_in_all_its_forms(finished: Ran) -> None:
    folder = finished.folder / "reports" / TINY.name / MONTH
    names = {path.name for path in folder.iterdir()}
    assert {"simulation_results.csv", "simulation_summary.json", "simulation_report.md"} <= names


def test_the_database_holds_the_month_and_says_what_its_columns_mean(finished: Ran) -> None:
    assert ladder(finished.folder) == [(MONTH, TINY.name)]
    with duckdb.connect(str(finished.folder / "reports.duckdb"), read_only=True) as connection:
        rows = connection.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall()
    assert {name for name, comment in rows if comment} >= set(DATABASE_TABLES)


def test_a_second_run_computes_nothing_and_leaves_the_same_bytes(ran: Ran) -> None:
    before = content(ran.folder)
    assert ran.again().succeeded
    assert content(ran.folder) == before
    assert all(reused(ran).values())


def test_a_fresh_run_computes_everything_and_leaves_the_same_bytes(ran: Ran) -> None:
    before = content(ran.folder)
    assert ran.again(fresh=True).succeeded
    assert not any(reused(ran).values())
    assert content(ran.folder) == before


def test_another_month_leaves_this_one_untouched_and_joins_it_in_the_database(ran: Ran) -> None:
    before = content(ran.folder)
    assert ran.again("2023-11").succeeded
    after = content(ran.folder)
    assert {name: after[name] for name in before} == before
    assert ladder(ran.folder) == [(MONTH, TINY.name), ("2023-11", TINY.name)]


@pytest.mark.parametrize("damage", ["truncated", "edited", pytest.param("emptied", marks=pytest.mark.slow)])
def test_a_damaged_table_is_named_by_its_check_refused_by_its_consumer_and_healed_by_a_run(
    ran: Ran, damage: str
) -> None:
    path = ran.folder / "tables" / "market_prices" / TINY.name / f"{MONTH}.parquet"
    whole = path.read_bytes()
    changed = {"truncated": whole[: len(whole) // 2], "emptied": b"", "edited": whole[:50] + b"x" + whole[51:]}
    path.write_bytes(changed[damage])
    alone = ran.again(assets=["price_forecast"])
    assert str(path) in alone.faults[0]
    assert f"vpp run --month {MONTH} --scenario {TINY.name}" in alone.faults[0]
    assert ran.again(assets=WITHOUT_SIMULATION).succeeded
    assert path.read_bytes() == whole


def test_downstream_launched_alone_on_a_missing_upstream_is_refused_with_the_reason(ran: Ran) -> None:
    path = ran.folder / "tables" / "window_results" / TINY.name / f"{MONTH}.parquet"
    path.unlink()
    alone = ran.again(assets=["kpi_monthly"])
    assert "window_results of 2023-08, scenario tiny, is not in the lake" in alone.faults[0]


def test_downstream_launched_alone_on_an_upstream_that_its_check_refused_is_refused_with_the_reason(ran: Ran) -> None:
    stored = ran.lake.read("market_prices", MONTH, TINY.name)
    holed = encode(stored.table.slice(3), MARKET_PRICES, stored.recipe)
    ran.lake.write("market_prices", MONTH, TINY.name, holed)
    together = ran.again(assets=WITHOUT_SIMULATION)
    assert "market_prices plausible: 2023-08 tiny: complete: 3 of 96 intervals missing" in together.failed_checks[0]
    assert together.faults[0] == together.failed_checks[0]
    alone = ran.again(assets=["price_forecast"])
    assert alone.faults[0].startswith("market_prices of 2023-08, scenario tiny, cannot be used (complete: 3 of 96")
    assert alone.faults[0].endswith("`vpp run --month 2023-08 --scenario tiny --fresh`")


def test_a_missing_month_is_refused_by_name_though_others_are_there(ran: Ran) -> None:
    alone = ran.again("2023-11", assets=["price_forecast", "window_results"])
    assert "market_prices of 2023-11, scenario tiny, is not in the lake" in " ".join(alone.faults)
    assert not (ran.folder / "tables" / "window_results" / TINY.name / "2023-11.parquet").exists()


def test_changed_code_shows_as_stale_and_what_did_not_depend_on_it_does_not(ran: Ran) -> None:
    assert ran.again().succeeded  # the newest events of the instance are of this copy of the lake
    assert set(stale(ran, build_defs())) == set()

    def change(spec: dg.AssetSpec) -> dg.AssetSpec:
        changed = spec.key.to_user_string() == "kpi_monthly"
        return spec.replace_attributes(code_version="changed") if changed else spec

    causes = stale(ran, build_defs(assets=dg.map_asset_specs(change, build_defs().assets or [])))
    assert set(causes) == {"kpi_monthly"} and "code version" in causes["kpi_monthly"]


def test_what_changed_upstream_shows_as_stale_and_what_did_not_depend_on_it_does_not(ran: Ran) -> None:
    assert ran.again().succeeded
    stored = ran.lake.read("market_prices", MONTH, TINY.name)
    prices = stored.table.to_pandas()
    prices.loc[3, "lmp_usd_per_mwh"] += 1.0
    changed = encode(MARKET_PRICES.arrow(prices), MARKET_PRICES, stored.recipe)
    ran.lake.write("market_prices", MONTH, TINY.name, changed)
    assert ran.again(assets=["market_prices"]).succeeded
    everything = set(TABLES) | {"benchmark_report"}
    untouched = {"market_prices", "solar_generation", "load_profiles", "prosumer_fleet"}
    assert set(stale(ran, build_defs())) == everything - untouched
    assert ran.again().succeeded
    took = reused(ran)
    assert {stage for stage in took if took[stage]} == untouched
    assert set(stale(ran, build_defs())) == set()


def stale(ran: Ran, definitions: dg.Definitions) -> dict[str, str]:
    """Asset → why its page says stale, for the tiny month."""
    graph = definitions.resolve_asset_graph()
    resolver = CachingStaleStatusResolver(ran.instance, graph, LoadingContextForTest(ran.instance))
    key = partition_key(MONTH, TINY.name)
    return {
        asset.to_user_string(): str(resolver.get_stale_causes(asset, key))
        for asset in graph.get_all_asset_keys()
        if resolver.get_status(asset, key) is not StaleStatus.FRESH
    }


def test_a_new_price_file_makes_only_what_depends_on_it_stale(ran: Ran) -> None:
    raw = ran.folder / "raw" / "oasis"
    raw.mkdir(parents=True)
    (raw / "20200101_20200201_PRC_LMP_DAM.csv").write_text("of another month")
    assert ran.again(assets=[*WITHOUT_SIMULATION, "solar_generation"]).succeeded
    took = reused(ran)
    assert (took["market_prices"], took["price_forecast"], took["solar_generation"]) == (False, True, True)


@pytest.mark.parametrize(
    "source",
    ["load", "gridstatus.io", *(pytest.param(other, marks=pytest.mark.slow) for other in ("oasis", "pvwatts"))],
)
def test_whatever_a_source_keeps_or_reads_is_part_of_what_its_table_is_made_from(ran: Ran, source: str) -> None:
    raw, month = ran.folder / "raw", Month.parse(MONTH)
    shelves = {
        "oasis": ("market_prices", oasis_live.shelf(raw, month)),
        "gridstatus.io": ("market_prices", hosted.shelf(raw, month)),
        "pvwatts": ("solar_generation", pvwatts.shelf(raw)),
        "load": ("load_profiles", Shelf(raw / "load", ".txt")),
    }
    table, shelf = shelves[source]
    for answer in (b"an answer", b"another one"):
        shelf.keep("some", Fetched(answer, pd.Timestamp("2024-01-01", tz="UTC")), {})
        assert ran.again(assets=[table]).succeeded
        assert not reused(ran)[table]
        assert ran.again(assets=[table]).succeeded
        assert reused(ran)[table]


def test_a_reader_with_the_database_open_neither_breaks_a_run_nor_is_broken(ran: Ran) -> None:
    with duckdb.connect(str(ran.folder / "reports.duckdb"), read_only=True) as reader:
        before = reader.execute("SELECT count(*) FROM window_results").fetchall()
        (ran.folder / "tables" / "claims" / TINY.name / f"{MONTH}.parquet").unlink()
        assert ran.again(assets=["benchmark_report"]).succeeded
        assert reader.execute("SELECT count(*) FROM window_results").fetchall() == before
    assert ladder(ran.folder) == [(MONTH, TINY.name)]


def test_processes_that_rebuild_the_database_at_once_lose_nothing(ran: Ran) -> None:
    (ran.folder / "reports.duckdb").unlink()
    program = (
        "import sys; from vpp_pipeline.lake import Lake; from vpp_pipeline.lake.database import rebuild; "
        "sys.exit(len(rebuild(Lake.at(sys.argv[1]))))"
    )
    processes = [subprocess.Popen([sys.executable, "-c", program, str(ran.folder)]) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    assert ladder(ran.folder) == [(MONTH, TINY.name)]
    assert not list(ran.folder.glob("*.tmp"))


def test_a_rebuild_killed_while_it_holds_the_lock_holds_up_nobody(ran: Ran) -> None:
    program = (
        "import os, signal, sys; from vpp_pipeline.lake import Lake, database\n"
        "database._build = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "database.rebuild(Lake.at(sys.argv[1]))"
    )
    (ran.folder / "reports.duckdb").unlink()
    killed = subprocess.run([sys.executable, "-c", program, str(ran.folder)], check=False)
    assert killed.returncode == -signal.SIGKILL
    began = time.monotonic()
    assert rebuild(ran.lake) == []
    assert time.monotonic() - began < 30
    assert ladder(ran.folder) == [(MONTH, TINY.name)]


def test_an_empty_lake_has_an_empty_database(lake: Lake) -> None:
    assert rebuild(lake) == []
    assert ladder(Path(str(lake.root))) == []


def test_a_damaged_month_stays_out_of_the_database_by_name_and_the_others_stay_in(ran: Ran) -> None:
    multiplied(ran.lake, "2023-11", TINY)
    assert rebuild(ran.lake) == []
    assert ladder(ran.folder) == [(MONTH, TINY.name), ("2023-11", TINY.name)]
    path = ran.folder / "tables" / "window_results" / TINY.name / "2023-11.parquet"
    path.write_bytes(path.read_bytes()[:100])
    faults = rebuild(ran.lake)
    assert len(faults) == 1
    assert str(path) in faults[0]
    assert ladder(ran.folder) == [(MONTH, TINY.name)]


def test_a_run_writes_few_events_and_few_lines_of_its_own(finished: Ran) -> None:
    records = finished.instance.all_logs(finished.result.run_id)
    own = [record for record in records if not record.is_dagster_event and record.level >= 20]
    assert len(records) <= 300
    assert len(own) <= 20


def test_no_metadata_is_large(finished: Ran) -> None:
    for record in finished.instance.all_logs(finished.result.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
        for name, value in record.dagster_event.step_materialization_data.materialization.metadata.items():
            assert len(str(value)) < 30_000, name


def test_a_materialization_says_what_it_is_made_from(finished: Ran) -> None:
    key = dg.AssetKey("market_prices")
    event = finished.instance.get_latest_materialization_event(key)
    metadata = event.asset_materialization.metadata
    assert {"dagster/partition_row_count", "dagster/uri", "data_seed", "scenario_fingerprint", "code"} <= set(metadata)
    assert metadata["dagster/partition_row_count"].value == 3 * 96, "a day, and two that plans look ahead into"


def test_a_run_whose_process_was_killed_is_closed_by_the_next(ran: Ran) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    tags = {PROCESS_TAG: f"{socket.gethostname()}:{gone.pid}"}
    run_id = str(uuid.uuid4())
    status = dg.DagsterRunStatus
    ran.instance.add_run(dg.DagsterRun(job_name="benchmark", run_id=run_id, status=status.STARTED, tags=tags))
    close_abandoned(ran.instance)
    closed = ran.instance.get_run_by_id(run_id)
    assert closed is not None
    assert closed.status == status.FAILURE
