"""Whose a run of the command line is: by its origin Dagster's pages show it in the timeline and among the job's runs.

A run that the pages launch names the code location and the job that it is of. `execute_in_process` names neither, and
its runs are then listed under no job. What is named here is what `workspace.yaml` and `dg dev` load.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    from dagster._core.remote_origin import RemoteJobOrigin

MODULE, LOCATION, REPOSITORY = "vpp_pipeline.definitions", "vpp_pipeline", "__repository__"


def origin_of(job: str) -> RemoteJobOrigin:
    """The job as the pages know it."""
    from dagster._core.remote_origin import (
        ManagedGrpcPythonEnvCodeLocationOrigin,
        RemoteJobOrigin,
        RemoteRepositoryOrigin,
    )
    from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

    location = ManagedGrpcPythonEnvCodeLocationOrigin(LoadableTargetOrigin(module_name=MODULE), LOCATION)
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, REPOSITORY), job)


@contextmanager
def runs_of(instance: dg.DagsterInstance, job: str) -> Iterator[None]:
    """Runs that are made meanwhile are of the job; Dagster 1.13 has no argument for it."""
    make = instance.create_run_for_job
    instance.create_run_for_job = partial(make, remote_job_origin=origin_of(job))  # type: ignore[method-assign]
    try:
        yield
    finally:
        del instance.create_run_for_job
