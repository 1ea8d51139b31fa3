"""The order of the folders, and Hypothesis: a repeatable default run, and a long one (`HYPOTHESIS_PROFILE=long`)."""

from __future__ import annotations

import gc
import os
import ssl
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.pipeline.tiny import Ran

# Processes that tests start would compile the whole project each, where the environment has them keep nothing compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

gc.disable()

settings.register_profile(
    "default", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("long", parent=settings.get_profile("default"), max_examples=2000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

FIRST = ("pipeline", "dashboard")
KERNELS = ("dispatch", "negotiation", "physics", "programmes", "scenario", "settlement", "shards")
LAST = ("results", "test_predecessor.py", "properties")
"""Folders by when they are run. Of two workers the first starts with all that looks at the finished month, made once,
which compiles every kernel; meanwhile the second, from the middle on, does what needs none, and finds them compiled.
What is taken over by whoever is done is short and shares nothing."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    looking = {item.path for item in items if "finished" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: -3 if item.path in looking else _rank(item.path))


def _rank(path: Path) -> int:
    folder = path.relative_to(Path(__file__).parent).parts[0]
    if folder in LAST:
        return 1 + LAST.index(folder)
    return -2 if folder in FIRST else -1 if folder in KERNELS else 0


def pytest_collection_finish() -> None:
    """What was imported and collected stays: the collector of garbage need not look through it again and again.

    It sleeps until then, and later looks through everything a tenth as often as usual: each look takes 0.15 s.
    """
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 50)


@pytest.fixture(autouse=True, scope="session")
def no_waiting_for_the_disk() -> Iterator[None]:
    """Nothing here cuts the power, so what is written need not reach the disk: some 9 ms each, thousands of times."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(autouse=True, scope="session")
def certificates_read_once() -> Iterator[None]:
    """A language model's client reads those of all authorities twice, 75 ms each time; what is served here has none."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        yield


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """A tiny month, run once for all tests that look at a finished lake; nobody may change it."""
    from tests.pipeline.tiny import MONTH, TINY, Ran, in_memory
    from vpp_pipeline.io import LakePlace
    from vpp_pipeline.lake import Lake
    from vpp_pipeline.runner import run_month

    folder = tmp_path_factory.mktemp("finished") / "lake"
    Lake.at(folder).freeze(TINY)
    with in_memory() as instance:
        result = run_month(instance, MONTH, TINY.name, lake=LakePlace(url=str(folder)))
        yield Ran(folder, instance, result)
