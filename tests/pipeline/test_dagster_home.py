"""A full disk, a lock or damage under Dagster's home: one sentence with the remedy, and the lake as it was."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy

from tests.pipeline.tiny import MONTH, TINY
from vpp_core.errors import InputError
from vpp_pipeline import runner
from vpp_pipeline.cli.app import BAD_INPUT, execute
from vpp_pipeline.dagster_home import DATABASES, explained_store
from vpp_pipeline.lake import Lake

ASKED = ["data", "--month", MONTH, "--scenario", TINY.name]


@pytest.fixture
def home(new_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lake and a Dagster home with its databases."""
    monkeypatch.setenv("VPP_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    Lake.at(tmp_path / "lake").freeze(TINY)
    shutil.copytree(new_home, tmp_path / "home")
    return tmp_path / "home"


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    """What `vpp data` says, which must be one sentence."""
    assert execute(ASKED) == BAD_INPUT
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("vpp: ") and "Traceback" not in said and len(said) < 500
    return said


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (0, DATABASES[0]),
        (4096, DATABASES[1]),
        pytest.param(0, DATABASES[1], marks=pytest.mark.slow),
        pytest.param(4096, DATABASES[0], marks=pytest.mark.slow),
    ],
)
def test_a_damaged_database_of_runs_is_named_with_the_remedy_which_helps(
    home: Path, name: str, start: int, capsys: pytest.CaptureFixture[str]
) -> None:
    content = (home / name).read_bytes()
    (home / name).write_bytes(content[:start] + b"Z" * (len(content) - start))
    said = refusal(capsys)
    assert f"{home / name} is damaged" in said
    assert f"move {home / 'history'} away" in said
    (home / "history").rename(home / "moved")
    with runner.shared_instance() as instance:
        assert instance.get_runs() == []


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Somebody else in the middle of a write."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        yield


def test_a_locked_database_of_runs_says_whom_to_look_for(
    databases_that_wait_for_nobody: None, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with held(home / "history" / "runs.db"):
        said = refusal(capsys)
    assert f"Dagster's databases in {home} are locked by another process" in said


def test_a_full_disk_is_said_wherever_it_is_met(tmp_path: Path) -> None:
    path = tmp_path / "small.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA max_page_count = 4")
        connection.execute("CREATE TABLE t (x)")
        with pytest.raises(sqlite3.OperationalError) as full:
            connection.executemany("INSERT INTO t VALUES (?)", [("x" * 1000,)] * 100)
    for error in (
        full.value,
        sqlalchemy.exc.OperationalError("INSERT …", {}, full.value),
        OSError(errno.ENOSPC, "No space left on device", "compute_logs/x.out"),
    ):
        with (
            pytest.raises(InputError, match=r"the disk is full.*free space \(`vpp prune` shows"),
            explained_store(tmp_path),
        ):
            raise error


def test_an_error_of_another_kind_is_left_as_it_is(tmp_path: Path) -> None:
    for error in (ValueError("other"), OSError(errno.ENOENT, "No such file"), InputError("mine")):
        with pytest.raises(type(error), match=str(error.args[-1])), explained_store(tmp_path):
            raise error
