"""A writer of the lake killed at any moment: nothing visible is torn, and the next rebuild heals.

`tests/faults/kill_at_random.py` kills whole runs; this kills what they have in common, the writing, many times faster:
a process that has everything imported forks a writer, lets it work for a few milliseconds and kills it.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.fuzz.conftest import Fuzz
from tests.fuzz.harness import Trial
from tests.fuzz.tables import stored
from vpp_core.tables import STUDY
from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.database import rebuild
from vpp_pipeline.lake.files import write_whole

MONTHS, SIZES = ("2023-07", "2023-08"), (5, 2000)
"""Tables of two sizes replace each other, so that a mixture would be seen."""
WRITES_PER_REBUILD = 20
LONGEST_LIFE_MS = 400


def write_for_ever(lake: Lake, contents: list[bytes], began: int) -> None:
    """What is killed: tables of both sizes in turn, many times, and the database now and then."""
    os.write(began, b".")
    while True:
        for content in contents * WRITES_PER_REBUILD:
            for month in MONTHS:
                write_whole(lake.table_path(STUDY.name, month, "made"), content)
        rebuild(lake)


def fork_and_kill() -> None:
    """The forking process: a line `milliseconds` in, a line out when that writer is dead."""
    import vpp_core.results.database  # noqa: F401 - so that moments fall into writing, not into importing

    folder, *made = sys.argv[1:]
    lake, contents = Lake.at(folder), [Path(path).read_bytes() for path in made]
    heard, began = os.pipe()
    for line in sys.stdin:
        writer = os.fork()
        if not writer:
            write_for_ever(lake, contents, began)
        os.read(heard, 1)
        time.sleep(float(line) / 1000)
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
        sys.stdout.write("killed\n")
        sys.stdout.flush()


@pytest.fixture
def killer(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    made = [tmp_path_factory.mktemp("made") / f"{rows}.parquet" for rows in SIZES]
    for rows, path in zip(SIZES, made, strict=True):
        path.write_bytes(stored(STUDY.name, rows).content)
    code = "from tests.fuzz.test_kills import fork_and_kill; fork_and_kill()"
    command = [sys.executable, "-c", code, str(tmp_path), *map(str, made)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def rows_of_database(folder: Path) -> dict[str, int]:
    """Month → rows in the database; raises where it cannot be opened."""
    with duckdb.connect(str(folder / "reports.duckdb"), read_only=True) as connection:
        return dict(connection.execute("SELECT month, count(*) FROM study GROUP BY month").fetchall())


def test_a_writer_killed_at_any_moment_leaves_nothing_torn(
    fuzz: Fuzz, killer: subprocess.Popen[str], tmp_path: Path
) -> None:
    lake = Lake.at(tmp_path)

    def killed_writers(rng: random.Random) -> Trial:
        life_ms = rng.uniform(0, LONGEST_LIFE_MS)

        def feed() -> dict[str, int]:
            assert killer.stdin is not None and killer.stdout is not None
            killer.stdin.write(f"{life_ms}\n")
            killer.stdin.flush()
            assert killer.stdout.readline() == "killed\n"
            if (tmp_path / "reports.duckdb").exists():
                rows_of_database(tmp_path)
            for month, name in lake.partitions(STUDY.name):
                assert lake.read(STUDY.name, month, name).table.num_rows in SIZES
            assert rebuild(lake) == []
            return rows_of_database(tmp_path)

        def right(found: dict[str, int]) -> str | None:
            there = {
                month: lake.read(STUDY.name, month, name).table.num_rows for month, name in lake.partitions(STUDY.name)
            }
            visible = [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")]
            strange = set(visible) - {"tables", "reports.duckdb"}
            total = sum(there.values())
            if sum(found.values()) != total or strange:
                return f"{found} in the database, {there} in the lake, {strange} beside them"
            return None

        return Trial(f"killed after {life_ms:.0f} ms", feed, right, must_read=True)

    fuzz(killed_writers, quick=4, share=0.1)
    assert len(lake.partitions(STUDY.name)) == len(MONTHS), "no writer lived long enough to write anything"
