"""Ray as an executor of `concurrent.futures`: a cluster of this machine, or one that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

from vpp_core.errors import InputError

RETRIES = 3
"""Times that Ray runs a task again whose worker died."""


@contextmanager
def ray_pool(place: str) -> Iterator[Executor]:
    """`ray`: a cluster that lives as long as the block, on this machine; `ray://host:port`: that one."""
    try:
        import ray
    except ImportError:
        raise InputError('--on ray needs the package ray, which is not installed; pip install -e ".[scale]"') from None
    address = None if place == "ray" else place
    try:
        ray.init(address=address, include_dashboard=None if address else False, log_to_driver=False)
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(
            f"{place} cannot be used ({reason or type(error).__name__}); check the address, that it runs, and that "
            "its Python and Ray are of these versions"
        ) from None
    try:
        yield RayExecutor()
    finally:
        ray.shutdown()


class RayExecutor(Executor):
    """Each task is one of Ray's, on one core."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        import ray

        future: Future[Any] = ray.remote(max_retries=RETRIES)(fn).remote(*args, **kwargs).future()
        return future
