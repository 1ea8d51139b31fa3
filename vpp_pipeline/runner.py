"""A month of a scenario through Dagster, in this process: what the command line and the tests run."""

from __future__ import annotations

import functools
import logging
import os
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from vpp_core.errors import InputError
from vpp_pipeline import ahead, project
from vpp_pipeline.checks import refusals
from vpp_pipeline.dagster_home import explained_store, refusal_of
from vpp_pipeline.definitions import build_defs
from vpp_pipeline.io import LakePlace
from vpp_pipeline.origin import runs_of
from vpp_pipeline.partitions import SCENARIO, partition_key
from vpp_pipeline.plugins import load_strategies
from vpp_pipeline.stage import FRESH_TAG, ON_TAG, REFETCH_TAG

if TYPE_CHECKING:
    from dagster import DagsterEvent

PROCESS_TAG = "vpp/process"
"""Run tag: host and process number of a run by the command line."""

StepListener = Callable[[str, str], None]
"""Gets a step's name, and `start`, `success` or `failure`."""

_STEP_EVENTS = {"STEP_START": "start", "STEP_SUCCESS": "success", "STEP_FAILURE": "failure"}


@dataclass(frozen=True)
class MonthRun:
    """What became of a run."""

    run_id: str
    month: str
    scenario: str
    seconds: float
    faults: tuple[str, ...]
    """a sentence per step that failed; empty: all went well"""
    failed_checks: tuple[str, ...]
    """a sentence per check that did not pass; a run may succeed with some"""

    @property
    def succeeded(self) -> bool:
        return not self.faults


def shared_instance() -> dg.DagsterInstance:
    """The instance that command line and UI share, in the project's Dagster home."""
    home = project.prepare_dagster_home()
    try:
        with explained_store(home), _alone(home):
            return dg.DagsterInstance.get()
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"Dagster's instance in {home} cannot be opened ({_reason(error)}); see dagster.yaml there"
        ) from error


def _alone(home: Path) -> AbstractContextManager[object]:
    """One process at a time: a batch starts several at once, and two that make a new home's tables break each other's.

    A home that cannot be written to keeps its tables elsewhere.
    """
    from filelock import FileLock

    return FileLock(home / "opening.lock") if os.access(home, os.W_OK) else nullcontext()


def run_month(
    instance: dg.DagsterInstance,
    month: str,
    scenario: str,
    *,
    lake: LakePlace | None = None,
    assets: Sequence[str] | None = None,
    fresh: bool = False,
    refetch: bool = False,
    on: str | None = None,
    on_step: StepListener | None = None,
) -> MonthRun:
    """Materialize the graph, or only `assets` of it, for a month and a scenario that the lake knows.

    Never raises for a failed step: the run's faults say what happened. An interruption, which Dagster swallows, is a
    `KeyboardInterrupt` as everywhere else, once the run is closed.
    """
    began = time.perf_counter()
    with explained_store(project.dagster_home()):
        close_abandoned(instance)
        instance.add_dynamic_partitions(SCENARIO, [scenario])
        load_strategies()
        job = _benchmark(lake or LakePlace())
        with runs_of(instance, job.name), _partitions_known(instance), ahead.of_one_run(), _heard_by(on_step):
            result = job.execute_in_process(
                instance=instance,
                partition_key=partition_key(month, scenario),
                run_config={"loggers": {"steps": {}}},
                asset_selection=[dg.AssetKey(name) for name in assets] if assets else None,
                tags={PROCESS_TAG: _this_process()}
                | _tags({FRESH_TAG: fresh, REFETCH_TAG: refetch})
                | ({ON_TAG: on} if on else {}),
                raise_on_error=False,
            )
    if any(map(_interrupted, result.all_events)):
        raise KeyboardInterrupt
    refused = refusals(result.all_events)
    faults = tuple(
        refused.get(event.step_key or "") or _fault(event) for event in result.all_events if event.is_step_failure
    )
    if not result.success and not faults:
        faults = (_run_fault(result.all_events),)
    return MonthRun(result.run_id, month, scenario, time.perf_counter() - began, faults, tuple(refused.values()))


@contextmanager
def _partitions_known(instance: dg.DagsterInstance) -> Iterator[None]:
    """Whether a scenario is a partition is asked of the database once: Dagster 1.13 asks 228 times in a run, which is a
    tenth of what a run takes that finds all current. No run takes one away.
    """
    instance.has_dynamic_partition = functools.cache(instance.has_dynamic_partition)  # type: ignore[method-assign]
    try:
        yield
    finally:
        del instance.has_dynamic_partition


def close_abandoned(instance: dg.DagsterInstance) -> None:
    """Mark runs of the command line whose process was killed as failed, instead of "started" for ever."""
    host = socket.gethostname()
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        where, _, number = run.tags.get(PROCESS_TAG, "").partition(":")
        if where == host and not Path(f"/proc/{number}").exists() and Path("/proc/self").exists():
            instance.report_run_failed(run, f"process {number} was killed; run the month again")


def _this_process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@functools.lru_cache(maxsize=1)
def _benchmark(lake: LakePlace) -> dg.JobDefinition:
    """The job over a lake, kept for the next run of this process: a study runs many months in one."""
    return build_defs(lake=lake, loggers={"steps": _steps}).resolve_job_def("benchmark")


_LISTENER: ContextVar[StepListener | None] = ContextVar("listener", default=None)
"""The listener that is told of the steps of the run in this thread; None outside a run."""


@contextmanager
def _heard_by(on_step: StepListener | None) -> Iterator[None]:
    token = _LISTENER.set(on_step)
    try:
        yield
    finally:
        _LISTENER.reset(token)


class _StepHandler(logging.Handler):
    """Passes on which step began and ended."""

    def __init__(self, on_step: StepListener | None) -> None:
        super().__init__()
        self._on_step = on_step

    def emit(self, record: logging.LogRecord) -> None:
        event = getattr(record, "dagster_meta", {}).get("dagster_event")
        if self._on_step and event is not None and event.event_type_value in _STEP_EVENTS and event.step_key:
            self._on_step(event.step_key, _STEP_EVENTS[event.event_type_value])


@dg.logger(None, description="Tells the command line which step began and ended.")
def _steps(init: dg.InitLoggerContext) -> logging.Logger:
    """A logger that hears every event of a run, and prints nothing."""
    logger = logging.Logger(f"vpp.steps.{os.getpid()}", logging.DEBUG)
    logger.addHandler(_StepHandler(_LISTENER.get()))
    return logger


def _fault(event: DagsterEvent) -> str:
    """The sentence meant for a person, or else the innermost error and the step it came from."""
    failure = event.step_failure_data
    if failure.user_failure_data and failure.user_failure_data.description:
        return failure.user_failure_data.description
    error = failure.error
    while error is not None and error.cause is not None:
        error = error.cause
    reason = error.message.strip().splitlines()[0] if error and error.message.strip() else "no reason given"
    if "sqlite3." in reason and (explained := refusal_of(project.dagster_home(), reason)):
        return explained
    return f"{event.step_key} failed: {reason}"


def _interrupted(event: DagsterEvent) -> bool:
    """Whether the event closes a run that SIGINT or SIGTERM ended."""
    if event.event_type != dg.DagsterEventType.RUN_FAILURE:
        return event.event_type == dg.DagsterEventType.RUN_CANCELED
    reason = event.job_failure_data.failure_reason
    return reason is not None and reason.value == "UNEXPECTED_TERMINATION"


def _run_fault(events: Sequence[DagsterEvent]) -> str:
    messages = [event.message for event in events if event.is_failure and event.message]
    return messages[-1].splitlines()[0] if messages else "the run failed before its first step"


def _reason(error: Exception) -> str:
    """What is wrong in a line; of a dagster.yaml that Dagster refuses, the fault and not the whole schema."""
    faults = [fault.message for fault in getattr(error, "errors", ())] or [str(error).strip() or type(error).__name__]
    unset = [name for fault in faults for name in re.findall(r'environment variable "(\w+)" which is not set', fault)]
    if unset:
        return f"the environment variables {', '.join(unset)} are not set"
    return faults[0].splitlines()[0].split(" Expected:")[0].rstrip(".")


def _tags(wanted: dict[str, bool]) -> dict[str, str]:
    return {tag: "true" for tag, want in wanted.items() if want}
