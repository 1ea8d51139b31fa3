"""Ray as an executor of `concurrent.futures`: a cluster of this machine, or one that is there."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager
from typing import Any

from vpp_core.errors import InputError

RETRIES = 3
"""Times that Ray runs a task again whose worker died."""
CONNECT_SECONDS = 10.0


@contextmanager
def ray_pool(place: str) -> Iterator[Executor]:
    """`ray`: a cluster that lives as long as the block, on this machine; `ray://host:port`: that one."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would tell its makers
    os.environ.setdefault("RAY_worker_niceness", "0")  # as this process; Ray would let all else of the machine go first
    try:
        import ray
    except ImportError:
        raise InputError('--on ray needs the package ray, which is not installed; pip install -e ".[scale]"') from None
    here = place == "ray"
    address, dashboard = ("local", False) if here else (place, None)
    try:
        if not here:
            _knock(place)
        ray.init(address=address, include_dashboard=dashboard, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:
        raise InputError(
            f"{place} cannot be used ({_reason(error)}); check the address, that it runs, and that its Python and Ray "
            "are of these versions"
        ) from None
    try:
        yield RayExecutor()
    finally:
        ray.shutdown()


def _knock(place: str) -> None:
    """Whether anybody listens at an address, which Ray would take half a minute to say."""
    host, _, port = place.removeprefix("ray://").rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS):
        pass


class RayExecutor(Executor):
    """Each task is one of Ray's, on one core."""

    def __init__(self) -> None:
        self._remote: dict[Callable[..., Any], Any] = {}

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        import ray

        if fn not in self._remote:
            self._remote[fn] = ray.remote(max_retries=RETRIES)(fn)
        told: Future[Any] = Future()
        self._remote[fn].remote(*args, **kwargs).future().add_done_callback(lambda done: _pass_on(done, told))
        return told


def _pass_on(done: Future[Any], told: Future[Any]) -> None:
    """What came of a task, as other executors say it: the task's own error as it was raised, a lost worker as such."""
    error = done.exception()
    if error is None:
        told.set_result(done.result())
        return
    from ray.exceptions import RayTaskError

    if isinstance(error, RayTaskError):
        told.set_exception(error.cause)
    else:
        told.set_exception(BrokenExecutor(_reason(error)))


def _reason(error: BaseException) -> str:
    """The first words of an error, which may be pages."""
    return " ".join(str(error).split())[:200] or type(error).__name__
