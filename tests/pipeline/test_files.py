"""Files appear whole or not at all, and a refusal of the operating system is one sentence."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from vpp_core.errors import InputError
from vpp_pipeline.lake.files import create_whole, write_whole


def test_a_write_replaces_the_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "table.parquet"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(path.parent) == ["table.parquet"]


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EIO, "could not be written")],
)
def test_a_refused_write_keeps_what_was_there_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    path = tmp_path / "table.parquet"
    write_whole(path, b"old")

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(InputError, match=said):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["table.parquet"]


@pytest.mark.parametrize("moment", ["os.fsync", "os.replace"])
def test_a_write_killed_midway_leaves_the_old_file_whole_and_no_part_that_a_glob_matches(
    tmp_path: Path, moment: str
) -> None:
    path = tmp_path / "table.parquet"
    write_whole(path, b"old")
    program = (
        "import os, pathlib, signal, sys; from vpp_pipeline.lake.files import write_whole\n"
        f"{moment} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_whole(pathlib.Path(sys.argv[1]), b'new' * 1000)"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.glob("*.parquet")] == ["table.parquet"]
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"


def test_no_glob_over_tables_ever_matches_a_file_being_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.extend(os.listdir(tmp_path)))
    write_whole(tmp_path / "table.parquet", b"new")
    assert seen
    assert not [name for name in seen if name.endswith(".parquet")]


def test_what_a_killed_run_left_is_cleared_and_a_fresh_temporary_stays(tmp_path: Path) -> None:
    abandoned, fresh = tmp_path / ".a.parquet.1-x.tmp", tmp_path / ".b.parquet.2-y.tmp"
    for path in (abandoned, fresh):
        path.write_bytes(b"half")
    long_ago = time.time() - 2 * 3600
    os.utime(abandoned, (long_ago, long_ago))
    write_whole(tmp_path / "c.parquet", b"whole")
    assert not abandoned.exists()
    assert fresh.exists()


def test_of_many_creators_exactly_one_wins(tmp_path: Path) -> None:
    path, won = tmp_path / "scenario.json", []
    start = threading.Barrier(8)

    def create(number: int) -> None:
        start.wait()
        if create_whole(path, str(number).encode()):
            won.append(number)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert path.read_bytes() == str(won[0]).encode()
