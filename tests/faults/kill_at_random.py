"""Kill a month's run at random moments, and hold after each that nothing is torn and a re-run heals.

    .venv/bin/python tests/faults/kill_at_random.py --kills 100

Out of the default run: it takes a quarter of an hour. Packages are imported once and each run is a fork, so that it
takes a few seconds and kills fall where files are written, not into imports. After each kill -9: every table that is
visible reads whole, no partial file is visible, the report database (if there) opens, and the lock is free. At the end
a run heals the lake, and its files are those of a run that was never killed, byte for byte.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import filelock
import numpy as np

import vpp_core
import vpp_pipeline
from vpp_core.tables import CONTRACTS
from vpp_pipeline.cli.app import execute
from vpp_pipeline.io.parquet import CONTRACT_OF_ASSET
from vpp_pipeline.lake import Lake

MONTH = "2023-08"
SIZE = ["--homes", "6", "--first-days", "1", "--minimum-bid-mw", "0", "--source", "synthetic"]


def report(line: str) -> None:
    """Say how far it is."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def import_everything() -> None:
    """All that a run imports. No thread may be running when a run is forked, so nothing is called."""
    for package in (vpp_core, vpp_pipeline):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    for name in ("cvxpy", "plotly.offline", "matplotlib.backends.backend_agg"):
        importlib.import_module(name)


def start(folder: Path) -> int:
    """`vpp run` of a tiny month in a fork, in a group of its own so that a kill reaches all of it; its number."""
    number = os.fork()
    os.setpgid(number, number)  # on both sides, so that it is done before a kill whoever comes first
    if number:
        return number
    os.environ |= {"VPP_LAKE": str(folder / "lake"), "DAGSTER_HOME": str(folder / "home")}
    said = os.open(folder / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    os._exit(execute(["run", "--month", MONTH, *SIZE]))


def ended(number: int, within_seconds: float) -> int | None:
    """The run's exit code, or None where it has not ended by then."""
    until = time.monotonic() + within_seconds
    while time.monotonic() < until:
        done, status = os.waitpid(number, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    return None


def finish(folder: Path) -> float:
    """Run to the end; seconds taken."""
    began = time.monotonic()
    assert ended(start(folder), 600) == 0, (folder / "said").read_text()
    return time.monotonic() - began


def files(folder: Path) -> dict[str, bytes]:
    """What is compared byte for byte."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted((folder / "lake").rglob("*"))
        if path.suffix in (".parquet", ".csv", ".json", ".md", ".html")
    }


def hold_whole(folder: Path, reference: dict[str, bytes]) -> None:
    """Fail if anything visible is torn."""
    lake = Lake.at(folder / "lake")
    for name, content in files(folder).items():
        assert content == reference[name], f"{name} differs from that of an undisturbed run"
    for table in (path.name for path in (folder / "lake" / "tables").glob("*")):
        for month, scenario in lake.partitions(table):
            lake.read(table, month, scenario, CONTRACT_OF_ASSET.get(table) or CONTRACTS[table])
    database = folder / "lake" / "reports.duckdb"
    if database.exists():
        with duckdb.connect(str(database), read_only=True) as connection:
            connection.execute("SELECT count(*) FROM kpi_monthly").fetchall()
    with filelock.FileLock(folder / "lake" / ".reports.duckdb.lock", timeout=0):
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    rng = np.random.default_rng(arguments.seed)
    import_everything()
    with tempfile.TemporaryDirectory() as undisturbed, tempfile.TemporaryDirectory() as parent:
        finish(Path(undisturbed))
        seconds = finish_fresh(Path(undisturbed))
        reference = files(Path(undisturbed))
        report(f"an undisturbed run takes {seconds:.1f} s and leaves {len(reference)} files")
        killed = finished = 0
        folder = Path(parent) / "0"
        folder.mkdir()
        while killed < arguments.kills:  # a run that takes up much that is there may end before its moment
            run = start(folder)
            moment = rng.uniform(0, seconds)
            code = ended(run, moment)
            if code is None:
                os.killpg(run, signal.SIGKILL)
                os.waitpid(run, 0)
                killed += 1
            if (folder / "lake").exists():
                hold_whole(folder, reference)
            outcome = "ended before" if code is not None else f"kill {killed} at"
            report(f"{outcome} {moment:.1f} s, {len(files(folder))} whole files")
            if code is not None:
                assert code == 0, (folder / "said").read_text()
                finished += 1
                folder = Path(parent) / str(finished)
                folder.mkdir()
        finish(folder)
        assert files(folder) == reference
        report(f"killed {killed} times; the last run healed the lake to the same bytes")


def finish_fresh(folder: Path) -> float:
    """Seconds of a whole run with compiled code warm: the first one pays for compilation."""
    shutil.rmtree(folder / "lake")
    return finish(folder)


if __name__ == "__main__":
    main()
