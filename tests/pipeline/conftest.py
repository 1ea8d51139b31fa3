"""A tiny month, run once for all tests that look at a finished lake."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.tiny import MONTH, TINY, Ran, in_memory
from vpp_pipeline import runner
from vpp_pipeline.io import LakePlace
from vpp_pipeline.lake import Lake
from vpp_pipeline.runner import run_month


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake."""
    return Lake.at(tmp_path / "lake")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """The tiny month, run. Tests that change the lake take `ran`, a copy."""
    folder = tmp_path_factory.mktemp("finished") / "lake"
    Lake.at(folder).freeze(TINY)
    with in_memory() as instance:
        result = run_month(instance, MONTH, TINY.name, lake=LakePlace(url=str(folder)))
        yield Ran(folder, instance, result)


@pytest.fixture
def ran(finished: Ran, tmp_path: Path) -> Ran:
    """A copy of the finished lake, to be damaged."""
    folder = tmp_path / "lake"
    shutil.copytree(finished.folder, folder)
    return Ran(folder, finished.instance, finished.result)


@pytest.fixture
def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands of this process run in an instance of their own, in memory."""
    monkeypatch.setattr(runner, "shared_instance", in_memory)
