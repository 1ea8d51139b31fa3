"""What grows is shown first, and removed when asked: never a result, nor what the UI tells by."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from tests.pipeline.tiny import MONTH, TINY, content
from vpp_core.scenario import Scenario
from vpp_pipeline import runner
from vpp_pipeline.cli.app import execute
from vpp_pipeline.lake import Lake
from vpp_pipeline.partitions import SCENARIO, partition_key
from vpp_pipeline.prune import plan

PRICES = ["market_prices"]


@pytest.fixture
def home(
    new_home: Path, tmp_path: Path, databases_that_wait_for_no_disk: None, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A lake and a Dagster home of their own, on the disk."""
    monkeypatch.setenv("VPP_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    shutil.copytree(new_home, tmp_path / "home")
    Lake.at(tmp_path / "lake").freeze(TINY)
    return tmp_path / "home"


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with runner.shared_instance() as opened:
        yield opened


def lake_of(home: Path) -> Lake:
    return Lake.at(home.parent / "lake")


def run(instance: dg.DagsterInstance, assets: list[str] = PRICES, scenario: str = TINY.name) -> str:
    done = runner.run_month(instance, MONTH, scenario, assets=assets)
    assert done.succeeded, done.faults
    return done.run_id


def runs(instance: dg.DagsterInstance) -> set[str]:
    return {run.run_id for run in instance.get_runs()}


def test_old_runs_are_shown_first_and_go_with_their_files_when_asked(
    home: Path, instance: dg.DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    old, newest = run(instance), run(instance)
    shard = home / "history" / "runs" / f"{old}.db"
    tables = content(home.parent / "lake")
    assert shard.stat().st_size > 100_000
    assert execute(["prune", "--older-than", "0"]) == 0
    shown = capsys.readouterr().out
    assert "nothing was removed" in shown
    assert shard.exists() and runs(instance) == {old, newest}
    assert execute(["prune", "--older-than", "0", "--yes"]) == 0
    assert runs(instance) == {newest}
    assert not shard.exists() and not (home / "storage" / old).exists()
    assert content(home.parent / "lake") == tables
    assert instance.get_materialized_partitions(dg.AssetKey("market_prices")) == {partition_key(MONTH, TINY.name)}
    run(instance)  # and the next run does


def test_a_fleet_s_aggregations_go_when_nothing_was_added_to_them_for_long(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [home.parent / "lake" / "shards" / name for name in ("centralized_dispatch-a", "centralized_dispatch-b")]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "0000000.parquet").write_bytes(b"x" * 2_000_000)
    long_ago = time.time() - 10 * 86_400
    os.utime(folders[0], (long_ago, long_ago))
    assert execute(["prune", "--older-than", "5", "--yes"]) == 0
    assert "fleets of several aggregations, in parts" in (shown := capsys.readouterr().out) and "2.0" in shown
    assert [folder.exists() for folder in folders] == [False, True]


def test_a_run_younger_than_the_age_stays(home: Path, instance: dg.DagsterInstance) -> None:
    kept = {run(instance), run(instance)}
    assert execute(["prune", "--older-than", "1", "--yes"]) == 0
    assert runs(instance) == kept


def test_the_run_that_made_a_table_last_stays_though_others_of_its_month_are_newer(
    home: Path, instance: dg.DagsterInstance
) -> None:
    both = run(instance, ["market_prices", "solar_generation"])
    between, newest = run(instance), run(instance)
    before = datetime.now(UTC) + timedelta(minutes=1)
    options = {"latest": False, "removed": False}
    assert plan(instance, home, lake_of(home), before, **options).runs == (between,)
    everything = plan(instance, home, lake_of(home), before, **{**options, "latest": True})
    assert set(everything.runs) == {both, between, newest}


def test_runs_of_a_removed_scenario_go_and_its_results_only_when_asked(
    home: Path, instance: dg.DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    lake, other = lake_of(home), Scenario(**{**TINY.model_dump(), "name": "other"})
    lake.freeze(other)
    gone, kept = run(instance, scenario="other"), run(instance)
    answers = lake.raw / "llm" / "other" / f"{MONTH}.jsonl"
    answers.parent.mkdir(parents=True)
    answers.write_text("{}\n")
    (home.parent / "lake" / "scenarios" / "other.json").unlink()
    table = Path(str(lake.table_path("market_prices", MONTH, "other")))
    assert execute(["prune", "--older-than", "0", "--yes"]) == 0
    assert runs(instance) == {kept} and gone not in runs(instance)
    assert table.exists()
    assert execute(["prune", "--removed-scenarios"]) == 0
    assert "removed scenario other" in capsys.readouterr().out
    assert table.exists()
    assert execute(["prune", "--removed-scenarios", "--yes"]) == 0
    assert not table.parent.exists() and not (home.parent / "lake" / "plots" / "other").exists()
    assert lake.table_path("market_prices", MONTH, TINY.name).exists()
    assert answers.exists(), "answers of a model were paid for"
    assert not instance.has_dynamic_partition(SCENARIO, "other")


def test_files_of_runs_that_were_deleted_by_other_means_go_too(home: Path, instance: dg.DagsterInstance) -> None:
    deleted = run(instance)
    instance.delete_run(deleted)
    shard = home / "history" / "runs" / f"{deleted}.db"
    assert shard.exists()
    long_ago = time.time() - 100 * 86400
    os.utime(shard, (long_ago, long_ago))
    assert execute(["prune", "--yes"]) == 0
    assert not shard.exists()


def test_old_lines_of_the_run_log_go_and_the_others_stay_as_they_are(home: Path, instance: dg.DagsterInstance) -> None:
    log = home.parent / "lake" / "run_log.jsonl"
    lines = [
        json.dumps({"at": "2020-01-01T00:00:00Z", "stage": "old"}),
        '{"at": "torn',
        '{"at": "2199-01-01T00:00:00Z"}',
    ]
    log.write_text("\n".join(lines) + "\n")
    assert execute(["prune", "--yes"]) == 0
    assert log.read_text() == "\n".join(lines[1:]) + "\n"
