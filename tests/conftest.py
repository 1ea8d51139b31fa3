"""The order of the folders, and Hypothesis: a repeatable default run, and a long one (`HYPOTHESIS_PROFILE=long`)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "default", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("long", parent=settings.get_profile("default"), max_examples=2000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

FIRST, LAST = ("pipeline",), ("results", "test_predecessor.py", "properties")
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
