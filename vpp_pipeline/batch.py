"""Many runs, some at a time: the one resumable runner behind backfills and studies.

Each run is a process of its own, the same `vpp run` that a person would type: a crash takes one month with it, and
what is in the lake already is reused, so running the batch again does only what is left.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from dataclasses import dataclass

from vpp_pipeline import progress

ASKED_AGAIN_SECONDS = 10.0

Command = Callable[[list[str]], tuple[int, str]]
"""Runs `vpp` with arguments; gives its exit code and what it said on stderr."""


@dataclass(frozen=True)
class Task:
    """A month of a scenario that the lake knows."""

    month: str
    scenario: str
    report: bool = True
    """whether the month is for people too: report files, and its place in reports.duckdb"""

    def arguments(self) -> list[str]:
        named = ["run", "--month", self.month, "--scenario", self.scenario]
        return named if self.report else [*named, "--no-report"]


@dataclass(frozen=True)
class TaskOutcome:
    """What became of a task; `reason` is empty where it succeeded."""

    task: Task
    reason: str

    @property
    def succeeded(self) -> bool:
        return not self.reason


def run_tasks(
    tasks: Iterable[Task],
    *,
    jobs: int = 1,
    fresh: bool = False,
    on_done: Callable[[TaskOutcome], None] | None = None,
    command: Command | None = None,
) -> list[TaskOutcome]:
    """Run all tasks, `jobs` at a time; one that fails does not stop the others. In the order of the tasks."""
    tasks = list(tasks)
    command = command or _vpp
    options = [*(["--fresh"] if fresh else []), *_share(jobs)]
    outcomes: dict[Task, TaskOutcome] = {}
    with ThreadPoolExecutor(jobs) as pool:
        pending = {pool.submit(_run, task, options, command): task for task in tasks}
        try:
            for future in as_completed(pending):
                outcome = future.result()
                outcomes[outcome.task] = outcome
                if on_done:
                    on_done(outcome)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            _end_runs(pending)
            raise
    return [outcomes[task] for task in tasks]


def _run(task: Task, options: list[str], command: Command) -> TaskOutcome:
    code, said = command([*task.arguments(), *options])
    if code == 0:
        return TaskOutcome(task, "")
    lines = [line.removeprefix("vpp: ") for line in said.strip().splitlines() if line.strip()]
    return TaskOutcome(task, lines[-1] if lines else f"ended with exit code {code}")


VPP = (sys.executable, "-m", "vpp_pipeline.cli")
_running: set[subprocess.Popen[str]] = set()
"""Runs under way, which end with the batch: a terminal's Ctrl-C reaches them, a signal to the batch alone does not."""


def _end_runs(pending: Iterable[Future[TaskOutcome]]) -> None:
    """Ask every run to end, also one that was just about to start, and wait for them; one that was asked before it
    could listen is asked again.
    """
    asked: dict[subprocess.Popen[str], float] = {}
    while not all(future.done() for future in pending):
        now = time.monotonic()
        for process in tuple(_running):
            if now - asked.get(process, -math.inf) > ASKED_AGAIN_SECONDS:
                process.terminate()
                asked[process] = now
        wait(pending, timeout=0.2)


def _share(jobs: int) -> list[str]:
    """Options that leave other jobs their share of the cores; none where it is said already where runs are at work."""
    if jobs == 1 or os.environ.get("VPP_ON"):
        return []
    return ["--on", f"processes:{max((os.cpu_count() or 1) // jobs, 1)}"]


def _vpp(arguments: list[str]) -> tuple[int, str]:
    own = {name: value for name, value in os.environ.items() if name != progress.ASKED_FOR}  # the batch tells its own
    with subprocess.Popen(
        [*VPP, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=own
    ) as process:
        _running.add(process)
        try:
            said = process.communicate()[1]
        finally:
            _running.discard(process)
    return process.returncode, said
