"""The tiny month that the tests of the pipeline run, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from vpp_core.scenario import KNOWN_SCENARIOS, MarketRules, Scenario
from vpp_pipeline.io import LakePlace
from vpp_pipeline.lake import Lake
from vpp_pipeline.runner import MonthRun, run_month

MONTH = "2023-08"
TINY = Scenario(
    name="tiny",
    description="six homes, one day",
    homes=6,
    first_days=1,
    source="synthetic",
    market=MarketRules(minimum_bid_mw=0.0),
    tariffs=KNOWN_SCENARIOS["flat_tariff"].tariffs,
)


@dataclass(frozen=True)
class Ran:
    """A lake in which the tiny month was run, the instance that ran it, and what became of the run."""

    folder: Path
    instance: dg.DagsterInstance
    result: MonthRun

    @property
    def lake(self) -> Lake:
        return Lake.at(self.folder)

    def again(self, month: str = MONTH, **options: Any) -> MonthRun:
        return run_month(self.instance, month, TINY.name, lake=LakePlace(url=str(self.folder)), **options)


def content(folder: Path) -> dict[str, bytes]:
    """Every file of a lake that is compared byte for byte: all but the database and the run log."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in (".parquet", ".csv", ".json", ".md", ".html")
    }


def in_memory() -> dg.DagsterInstance:
    """An instance with the project's settings that leaves nothing on disk.

    A run has some 230 events, each a few milliseconds of waiting for the disk, and starts four processes that follow
    its output. Off the main thread, of a shell's background job, those never end: Dagster gives SIGTERM what SIGINT
    has, which such a job ignores, and waits half a minute for each.
    """
    settings = Path(__file__).parents[2] / "dagster.yaml"
    instance = dg.DagsterInstance.ephemeral(settings=yaml.safe_load(settings.read_text()))
    _keep_connected(instance.event_log_storage)
    return instance


def _keep_connected(storage: Any) -> None:
    """Dagster opens the database in memory anew for each of a run's 1,100 questions: a quarter of what a run takes."""
    connection = storage._engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def connected() -> Iterator[Any]:
        with storage._db_lock:
            yield connection

    storage._connect = connected
