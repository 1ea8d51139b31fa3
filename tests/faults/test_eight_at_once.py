"""Eight runs at once into one lake, a reader with the database open: no lost row, no lock error.

    .venv/bin/python -m pytest tests/faults/test_eight_at_once.py

Out of the default run: it takes minutes on two cores.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb

MONTHS = [f"2023-{month:02d}" for month in range(1, 9)]
TINY = ["--homes", "6", "--first-days", "1", "--minimum-bid-mw", "0", "--source", "synthetic"]


def start(month: str, folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "VPP_LAKE": str(folder / "lake"), "DAGSTER_HOME": str(folder / "home")}
    return subprocess.Popen(
        [sys.executable, "-m", "vpp_pipeline.cli", "run", "--month", month, *TINY],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_eight_runs_at_once_leave_a_whole_database_with_every_month(tmp_path: Path) -> None:
    first = start(MONTHS[0], tmp_path)
    said, _ = first.communicate()
    assert first.returncode == 0, said
    database = tmp_path / "lake" / "reports.duckdb"
    with duckdb.connect(str(database), read_only=True) as reader:
        before = reader.execute("SELECT count(*) FROM household_results").fetchall()
        running = [start(month, tmp_path) for month in MONTHS]
        spoken = [process.communicate()[0] for process in running]
        assert [process.returncode for process in running] == [0] * len(MONTHS), spoken
        assert reader.execute("SELECT count(*) FROM household_results").fetchall() == before
    with duckdb.connect(str(database), read_only=True) as connection:
        months = connection.execute("SELECT DISTINCT month FROM window_results ORDER BY 1").fetchall()
        rows = connection.execute("SELECT month, count(*) FROM household_results GROUP BY 1").fetchall()
    assert [month for (month,) in months] == MONTHS
    assert {count for _, count in rows} == {before[0][0]}
    assert not list((tmp_path / "lake").rglob("*.tmp"))
