"""A disk that is full, and a lake that cannot be written: one sentence, exit code 2, nothing torn.

    .venv/bin/python -m pytest tests/faults/test_disk.py

Out of the default run: it mounts a small tmpfs, which needs root.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vpp_core.tables import CONTRACTS
from vpp_pipeline.io.parquet import CONTRACT_OF_ASSET
from vpp_pipeline.lake import Lake

TINY = ["--homes", "6", "--first-days", "1", "--minimum-bid-mw", "0", "--source", "synthetic"]

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A disk of 400 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def vpp(lake: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "VPP_LAKE": str(lake), "DAGSTER_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-m", "vpp_pipeline.cli", "run", "--month", "2023-08", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def last_sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_a_full_disk_is_said_and_what_is_there_is_whole(mounted: Path, tmp_path: Path) -> None:
    said = last_sentence(vpp(mounted / "lake", tmp_path / "home", *TINY))
    assert "disk is full" in said
    lake = Lake.at(mounted / "lake")
    for table in (path.name for path in (mounted / "lake" / "tables").glob("*")):
        for month, scenario in lake.partitions(table):
            lake.read(table, month, scenario, CONTRACT_OF_ASSET.get(table) or CONTRACTS[table])
    assert not list((mounted / "lake").rglob("*.tmp"))


def test_a_run_heals_once_there_is_room_again(mounted: Path, tmp_path: Path) -> None:
    vpp(mounted / "lake", tmp_path / "home", *TINY)
    subprocess.run(["mount", "-o", "remount,size=100m", str(mounted)], check=True)
    assert vpp(mounted / "lake", tmp_path / "home", *TINY).returncode == 0


def test_a_read_only_lake_is_said_before_anything_is_computed(mounted: Path, tmp_path: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(mounted)], check=True)
    done = vpp(mounted / "lake", tmp_path / "home", *TINY)
    assert "read-only" in last_sentence(done)
    assert len(done.stderr.strip().splitlines()) == 1
