"""`reports.duckdb` as a file: whole, or built anew; nothing leaves it without a word."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.pipeline.tiny import MONTH, TINY, Ran
from vpp_core.results.database import DATABASE_TABLES
from vpp_core.scenario import Scenario
from vpp_core.strategies.registry import STRATEGIES
from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.database import rebuild, said_of_database


def contents(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table and view, and every comment."""
    with duckdb.connect(str(folder / "reports.duckdb"), read_only=True) as connection:
        names = connection.execute("SELECT table_name, comment FROM duckdb_tables() ORDER BY ALL").fetchall()
        views = connection.execute("SELECT view_name, sql, comment FROM duckdb_views() WHERE NOT internal").fetchall()
        rows = {name: connection.execute(f'SELECT * FROM "{name}" ORDER BY ALL').fetchall() for name, _ in names}
        return {"names": names, "views": sorted(views), **rows}


def test_a_database_that_was_damaged_anywhere_is_built_anew(ran: Ran) -> None:
    rng = random.Random(1)
    whole, path = contents(ran.folder), ran.folder / "reports.duckdb"
    places = [0, rng.randrange(path.stat().st_size)]
    for place in places:
        content = bytearray(path.read_bytes())
        content[place] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
        assert rebuild(ran.lake) == []
        assert path.read_bytes() != content
        assert repr(contents(ran.folder)) == repr(whole)
    path.write_bytes(path.read_bytes()[:-4096])
    rebuild(ran.lake)
    assert repr(contents(ran.folder)) == repr(whole)


def test_a_database_that_holds_what_the_lake_does_is_left_alone(ran: Ran) -> None:
    before = (ran.folder / "reports.duckdb").stat().st_ino
    rebuild(ran.lake)
    assert (ran.folder / "reports.duckdb").stat().st_ino == before


def test_a_number_changed_in_the_database_by_hand_is_put_right(ran: Ran) -> None:
    whole = contents(ran.folder)
    with duckdb.connect(str(ran.folder / "reports.duckdb")) as connection:
        connection.execute("UPDATE kpi_monthly SET surplus_usd = 1e9")
    assert ran.again(assets=["benchmark_report"]).succeeded
    assert repr(contents(ran.folder)) == repr(whole)


WRITES = """
import duckdb, os, sys
connection = duckdb.connect(sys.argv[1])
connection.execute("SET checkpoint_threshold = '1GB'")
connection.execute("CREATE TABLE mine AS SELECT 1 AS x")
print("open", flush=True)
sys.stdin.read(1)
connection.execute("INSERT INTO mine VALUES (2)")
print(connection.execute("SELECT sum(x) FROM mine").fetchall()[0][0], flush=True)
connection.close()
"""


def test_a_database_replaced_while_a_notebook_writes_to_it_opens(ran: Ran) -> None:
    path = ran.folder / "reports.duckdb"
    log = path.with_name("reports.duckdb.wal")
    notebook = subprocess.Popen(
        [sys.executable, "-c", WRITES, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert notebook.stdout is not None
    assert notebook.stdout.readline() == "open\n"
    assert log.exists()
    (ran.folder / "tables" / "claims" / TINY.name / f"{MONTH}.parquet").unlink()
    assert ran.again(assets=["benchmark_report"]).succeeded
    assert not log.exists()
    assert "mine" not in contents(ran.folder)
    assert notebook.communicate("\n")[0] == "3\n"  # the notebook keeps what it has open
    assert notebook.returncode == 0
    assert set(contents(ran.folder)) >= set(DATABASE_TABLES)


@pytest.mark.parametrize("ending", [".wal", ".wal.checkpoint", pytest.param(".wal.recovery", marks=pytest.mark.slow)])
def test_a_lake_left_with_another_database_s_log_is_healed_by_the_next_run(
    ran: Ran, tmp_path: Path, ending: str
) -> None:
    other = tmp_path / "other.duckdb"
    killed = (
        f"import os, duckdb; c = duckdb.connect({str(other)!r}); c.execute('CREATE TABLE t AS SELECT 1'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", killed], check=True)
    shutil.copy(f"{other}.wal", ran.folder / f"reports.duckdb{ending}")
    if ending == ".wal":
        with pytest.raises(duckdb.Error):
            contents(ran.folder)
    assert ran.again(assets=["benchmark_report"]).succeeded
    assert not list(ran.folder.glob("reports.duckdb.wal*"))
    assert len(contents(ran.folder)["kpi_monthly"]) == len(STRATEGIES)


def test_a_scenario_whose_file_was_removed_keeps_its_results_and_is_named_with_the_ways_out(
    ran: Ran,
) -> None:
    whole = contents(ran.folder)
    file = ran.folder / "scenarios" / "tiny.json"
    file.unlink()
    for _ in range(2):  # the second time nothing is built, and it is said again
        said = rebuild(ran.lake)
        assert len(said) == 1
        assert "scenario tiny has results of 2023-08 and no file in" in said[0]
        assert "save as tiny.json" in said[0] and "vpp prune --removed-scenarios" in said[0]
    assert said_of_database(ran.lake) == said
    assert contents(ran.folder)["kpi_monthly"] == whole["kpi_monthly"]
    manifest = json.loads((ran.folder / "reports" / "tiny" / MONTH / "manifest.json").read_text())
    file.write_text(json.dumps(manifest["scenario"]))
    assert ran.lake.scenario("tiny").fingerprint() == TINY.fingerprint()
    assert rebuild(ran.lake) == []


def test_months_of_two_scenarios_of_one_name_do_not_mix(ran: Ran) -> None:
    (ran.folder / "scenarios" / "tiny.json").unlink()
    Lake.at(ran.folder).freeze(Scenario(**{**TINY.model_dump(), "homes": 7}))
    said = rebuild(ran.lake)
    assert len(said) == 1
    assert "2023-08 of scenario tiny was made when that name had other content" in said[0]
    assert contents(ran.folder)["kpi_monthly"] == []
