"""A tiny month, run once for all tests that look at a finished lake."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from tests.pipeline.tiny import MONTH, TINY, Ran
from vpp_pipeline.io import LakeResource
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
    settings = yaml.safe_load((Path(__file__).parents[2] / "dagster.yaml").read_text())
    with dg.instance_for_test(overrides=settings) as instance:
        result = run_month(instance, MONTH, TINY.name, lake=LakeResource(url=str(folder)))
        yield Ran(folder, instance, result)


@pytest.fixture
def ran(finished: Ran, tmp_path: Path) -> Ran:
    """A copy of the finished lake, to be damaged."""
    folder = tmp_path / "lake"
    shutil.copytree(finished.folder, folder)
    return Ran(folder, finished.instance, finished.result)
