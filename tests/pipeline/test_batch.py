"""Many months: one that fails does not stop the others, and it is said how to retry just that."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from vpp_pipeline import batch
from vpp_pipeline.batch import Task, TaskOutcome, run_tasks
from vpp_pipeline.cli.app import execute

TASKS = [Task(f"2023-{month:02d}", "reference") for month in range(1, 7)]


def fails_in_march(arguments: list[str]) -> tuple[int, str]:
    return (2, "2023-03: starting\nvpp: the disk is full\n") if "2023-03" in arguments else (0, "")


def test_a_failed_month_is_named_with_its_reason_and_the_others_are_done() -> None:
    outcomes = run_tasks(TASKS, jobs=2, command=fails_in_march)
    assert [outcome.task for outcome in outcomes] == TASKS
    assert {outcome.task.month: outcome.reason for outcome in outcomes if not outcome.succeeded} == {
        "2023-03": "the disk is full"
    }


def test_no_more_run_at_once_than_asked_for() -> None:
    running, most, lock, enough = [0], [0], threading.Lock(), threading.Event()

    def count(_: list[str]) -> tuple[int, str]:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        enough.wait(0.05)
        with lock:
            running[0] -= 1
        return 0, ""

    run_tasks(TASKS, jobs=3, command=count)
    assert most[0] == 3


def test_a_month_that_dies_without_a_word_is_a_failure() -> None:
    outcomes = run_tasks(TASKS[:1], command=lambda _: (-9, ""))
    assert outcomes[0].reason == "ended with exit code -9"


def test_the_command_ends_with_1_and_says_how_to_retry(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VPP_LAKE", str(tmp_path_factory.mktemp("lake")))
    monkeypatch.setattr(batch, "_vpp", fails_in_march)
    assert execute(["backfill", "--from", "2023-01", "--to", "2023-04", "--jobs", "2"]) == 1
    printed = capsys.readouterr()
    assert "3 of 4 months" in printed.out
    assert "retry: vpp run --month 2023-03 --scenario reference" in printed.err
    assert "the disk is full" in printed.err


def test_a_long_reason_stays_one_line_in_a_log(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VPP_LAKE", str(tmp_path_factory.mktemp("lake")))
    reason = "a very long path " * 12 + "is not a readable zip file"
    monkeypatch.setattr(batch, "_vpp", lambda _: (2, f"vpp: {reason}"))
    assert execute(["backfill", "--from", "2023-01", "--to", "2023-01"]) == 1
    assert f"2023-01 reference: {reason}" in capsys.readouterr().err.splitlines()


def test_the_command_ends_with_0_when_all_is_done(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VPP_LAKE", str(tmp_path_factory.mktemp("lake")))
    monkeypatch.setattr(batch, "_vpp", lambda _: (0, ""))
    both = ["--scenario", "reference", "--scenario", "low_solar"]
    assert execute(["backfill", "--from", "2023-01", "--to", "2023-02", *both]) == 0


def test_an_interrupted_batch_ends_the_runs_it_started(monkeypatch: pytest.MonkeyPatch) -> None:
    sleeps_but_in_january = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_DFL)  # whoever started the tests may have it ignored\n"
        "time.sleep(0 if '2023-01' in sys.argv else 600)"
    )
    monkeypatch.setattr(batch, "VPP", (sys.executable, "-c", sleeps_but_in_january))

    def interrupt(outcome: TaskOutcome) -> None:
        raise KeyboardInterrupt

    tasks = [Task(month, "reference") for month in ("2023-01", "2023-02", "2023-03")]
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_tasks(tasks, jobs=2, on_done=interrupt)
    assert time.monotonic() - began < 60


def test_a_run_that_did_not_hear_the_first_time_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    deaf_at_first = (
        "import signal, sys, time\n"
        "if '2023-01' not in sys.argv:\n"
        "    signal.signal(signal.SIGTERM, lambda *_: signal.signal(signal.SIGTERM, signal.SIG_DFL))\n"
        "    print('deaf', file=sys.stderr, flush=True)\n"
        "    time.sleep(600)\n"
        "time.sleep(0.5)"
    )
    monkeypatch.setattr(batch, "VPP", (sys.executable, "-c", deaf_at_first))
    monkeypatch.setattr(batch, "ASKED_AGAIN_SECONDS", 0.2)

    def interrupt(outcome: TaskOutcome) -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_tasks([Task(month, "reference") for month in ("2023-01", "2023-02")], jobs=2, on_done=interrupt)
    assert time.monotonic() - began < 60


def test_a_backfill_takes_the_options_of_its_data_and_its_market(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VPP_LAKE", str(tmp_path_factory.mktemp("lake")))
    ran = []
    monkeypatch.setattr(batch, "_vpp", lambda arguments: ran.append(arguments) or (0, ""))
    options = ["--source", "synthetic", "--data-seed", "3", "--minimum-bid-mw", "0"]
    assert execute(["backfill", "--from", "2023-01", "--to", "2023-01", *options]) == 0
    assert ran[0][-1] == "reference-d3-synthetic-min0mw"


OPENING = """
import os
import dagster
from vpp_pipeline.runner import shared_instance
dagster.DagsterInstance.ephemeral().dispose()
other = os.fork()  # what takes seconds to import is imported once
print(len(shared_instance().get_runs()), flush=True)
if other:
    assert os.waitpid(other, 0)[1] == 0
"""


def test_processes_that_open_a_new_dagster_home_at_once_all_get_in(tmp_path: Path) -> None:
    environment = {**os.environ, "DAGSTER_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", OPENING], env=environment, stdout=subprocess.PIPE, check=True)
    assert done.stdout.split() == [b"0", b"0"]
