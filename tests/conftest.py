"""The order of the folders, and Hypothesis: a repeatable default run, and a long one (`HYPOTHESIS_PROFILE=long`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from tests.pipeline.tiny import Ran

# Processes that tests start would compile the whole project each, where the environment has them keep nothing compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

settings.register_profile(
    "default", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("long", parent=settings.get_profile("default"), max_examples=2000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

FIRST, LAST = ("pipeline", "dashboard"), ("results", "test_predecessor.py", "properties")
"""Of two workers the first starts with the runs, which share a finished month and compile every kernel; meanwhile the
second does what needs no kernel, and finds them compiled. What is left over at the end, and taken over by whoever is
done, is short and shares nothing."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    if folder in LAST:
        return 1 + LAST.index(folder)
    return -1 if folder in FIRST else 0


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
