"""Lakes for tests of the pipeline: an empty one, and a copy of the finished one, to be damaged."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.pipeline.tiny import Ran, in_memory
from vpp_core.results import plots_data
from vpp_pipeline import runner
from vpp_pipeline.assets import preview
from vpp_pipeline.lake import Lake
from vpp_pipeline.partitions import SCENARIO


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake."""
    return Lake.at(tmp_path / "lake")


@pytest.fixture
def ran(finished: Ran, tmp_path: Path) -> Ran:
    """A copy of the finished lake, to be damaged."""
    folder = tmp_path / "lake"
    shutil.copytree(finished.folder, folder)
    return Ran(folder, finished.instance, finished.result)


LOOKING = ("test_pictures", "test_whole_month", "test_interrupted")
"""Files of tests that look at pictures, or compare all that a run left with what another run did."""


@pytest.fixture(autouse=True)
def pictures_of_nothing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small images on assets' pages take a third of a tiny run and the lake's pages of plots some 9 % of the rest, so
    they are drawn where tests look at them, and in the finished month.
    """
    if request.path.stem != "test_pictures":
        monkeypatch.setattr(preview, "drawn", lambda _: dg.MetadataValue.md("![]()"))
    if request.path.stem not in LOOKING:
        for name in plots_data.PAGES:
            monkeypatch.setattr(plots_data, f"{name}_page", lambda *_, **__: "")


@pytest.fixture
def databases_that_wait_for_no_disk() -> Iterator[None]:
    """Those of Dagster's runs, in this process."""
    with opened_with("PRAGMA synchronous = OFF"):
        yield


@pytest.fixture
def databases_that_wait_for_nobody() -> Iterator[None]:
    """Those of Dagster's runs, in this process: one that is locked is given up at once, not after five seconds."""
    with opened_with("PRAGMA busy_timeout = 50"):
        yield


@contextmanager
def opened_with(pragma: str) -> Iterator[None]:
    """Every database that SQLAlchemy opens meanwhile starts with this."""

    def connected(connection: Any, _: object) -> None:
        connection.execute(pragma)

    event.listen(Engine, "connect", connected)
    yield
    event.remove(Engine, "connect", connected)


@pytest.fixture(scope="session")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Dagster home in which nothing was run, to be copied; to make its databases takes half a second."""
    folder = tmp_path_factory.mktemp("new") / "home"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DAGSTER_HOME", str(folder))
        with runner.shared_instance() as instance:
            instance.get_runs()
            instance.get_dynamic_partitions(SCENARIO)
    return folder


@pytest.fixture
def no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands of this process run in an instance of their own, in memory."""
    monkeypatch.setattr(runner, "shared_instance", in_memory)


@pytest.fixture
def no_limit_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model is asked without pause; five calls a second, as by default, are a third of a tiny month by a model."""
    from langchain_core import rate_limiters

    limiter = rate_limiters.InMemoryRateLimiter
    monkeypatch.setattr(
        rate_limiters, "InMemoryRateLimiter", lambda **options: limiter(**options | {"requests_per_second": 1e5})
    )
