"""Where shards run, each place as an executor of `concurrent.futures`: here, in processes of this machine, or on Ray.

`here`, `processes` (one a core, or `processes:3`), `ray` (a cluster that is started on this machine) and
`ray://host:10001` (one that is there).
"""

from __future__ import annotations

import multiprocessing
import os
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

from vpp_core.errors import InputError

PLACES = "here, processes, processes:N, ray or ray://host:port"


def checked_place(place: str) -> str:
    """The place, if it is one; else an `InputError` that names those there are."""
    if place in ("here", "processes", "ray") or re.fullmatch(r"processes:[1-9]\d{0,3}", place):
        return place
    if re.fullmatch(r"ray://[A-Za-z0-9.\-_\[\]:]+:\d{1,5}", place):
        return place
    raise InputError(f"{place[:80]!r} is no place to run shards (--on, or VPP_ON); give {PLACES}")


def workers_at(place: str) -> int:
    """How many processes of this machine may be at work at a place at once."""
    if not place.startswith("processes"):
        return 1
    return int(place.partition(":")[2] or os.cpu_count() or 1)


@contextmanager
def pool_at(place: str, tasks: int) -> Iterator[Executor]:
    """An executor for so many tasks."""
    if place == "here":
        yield Here()
    elif place.startswith("processes"):
        # Started anew, not forked: Dagster and compiled loops have threads, which a fork would copy half.
        spawning = multiprocessing.get_context("spawn")
        workers = max(min(workers_at(place), tasks), 1)
        with ProcessPoolExecutor(workers, mp_context=spawning, initializer=end_with_the_run) as pool:
            yield pool
    else:
        from vpp_pipeline.shards.on_ray import ray_pool

        with ray_pool(place) as ray:
            yield ray


def end_with_the_run() -> None:
    """Have this worker end as soon as the process that started it is gone.

    A run that is killed would else leave workers behind that wait for ever and hold an aggregation each.
    """
    run = multiprocessing.parent_process()
    if run is None:
        return

    def wait() -> None:
        run.join()
        os._exit(1)

    threading.Thread(target=wait, name="the run's end", daemon=True).start()


class Here(Executor):
    """Runs a task when it is submitted, in this thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            if not isinstance(error, Exception):
                raise
            future.set_exception(error)
        return future
