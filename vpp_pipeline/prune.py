"""What grows and is not needed: Dagster's old runs with their logs, lines of the run log, aggregations of large fleets,
results of removed scenarios.

Dagster purges ticks by itself (`retention` in dagster.yaml), but keeps runs for ever: a megabyte each. A run is deleted
through the instance, whatever storage it has; its files remain in Dagster's home on SQLite, so they go as well.
Results are never touched unless the scenario that they belong to was removed, and answers of models (`raw/`) never.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from vpp_core.scenario.known import KNOWN_SCENARIOS
from vpp_core.tables import STUDY
from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.database import rebuild
from vpp_pipeline.lake.files import is_local
from vpp_pipeline.lake.lake import LOG_TIME
from vpp_pipeline.partitions import SCENARIO
from vpp_pipeline.shards.work import FOLDER

FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
PARTITION_TAG = "dagster/partition"
SHARDS = "fleets of several aggregations, in parts"


@dataclass(frozen=True)
class Removal:
    """What would go."""

    runs: tuple[str, ...]
    leftovers: tuple[Path, ...]
    """files in Dagster's home of runs that it no longer knows"""
    log_lines: tuple[str, ...]
    shards: tuple[Path, ...]
    """folders of aggregations, of which the fleet's results were made"""
    removed: dict[str, tuple[Path, ...]]
    """name of a removed scenario → its folders"""
    bytes_of: dict[str, int]

    def rows(self) -> list[dict[str, str]]:
        """For people: what, how many, how much."""
        counts = {
            "runs in Dagster's home": len(self.runs),
            "files of runs deleted before": len(self.leftovers),
            "lines of run_log.jsonl": len(self.log_lines),
            SHARDS: len(self.shards),
            "results of removed scenarios": len(self.removed),
        }
        return [
            {"what": what, "count": f"{count:,}", "MB": f"{self.bytes_of.get(what, 0) / 1e6:,.1f}"}
            for what, count in counts.items()
        ]

    def __bool__(self) -> bool:
        return bool(self.runs or self.leftovers or self.log_lines or self.shards or self.removed)


def plan(
    instance: dg.DagsterInstance, home: Path, lake: Lake, before: datetime, *, latest: bool, removed: bool
) -> Removal:
    """Look, and change nothing. `latest`: also the newest run of a month; `removed`: also results of removed scenarios.

    Of every month and scenario that the lake knows, the run that made each table last stays unless `latest`: the UI
    tells by it that the table is there, and from what.
    """
    names = {*lake.scenario_names(), *KNOWN_SCENARIOS}
    runs = instance.get_run_records(dg.RunsFilter(statuses=FINISHED))
    kept = set() if latest else _newest(runs, names)
    old = [record.dagster_run.run_id for record in runs if record.create_timestamp < before]
    going = tuple(run_id for run_id in old if run_id not in kept)
    known = {run.run_id for run in instance.get_runs()}
    leftovers = tuple(path for path in _files_of_runs(home) if path.stem not in known and _age(path) < before)
    folders = _results(lake, set(names)) if removed else {}
    lines, shards = _old_lines(lake, before), _old_shards(lake, before)
    return Removal(
        going,
        leftovers,
        lines,
        shards,
        folders,
        {
            "runs in Dagster's home": sum(_size(path) for run_id in going for path in _paths(home, run_id)),
            "files of runs deleted before": sum(map(_size, leftovers)),
            "lines of run_log.jsonl": sum(len(line) + 1 for line in lines),
            SHARDS: sum(map(_size, shards)),
            "results of removed scenarios": sum(_size(path) for paths in folders.values() for path in paths),
        },
    )


def carry_out(decided: Removal, instance: dg.DagsterInstance, home: Path, lake: Lake) -> None:
    """Remove what was planned. Killed midway, what is left goes the next time."""
    for run_id in decided.runs:
        instance.delete_run(run_id)
        with contextlib.suppress(NotImplementedError):  # of a storage that cannot, such as one in a cloud
            instance.compute_log_manager.delete_logs(prefix=[run_id])
        for path in _paths(home, run_id):
            _remove(path)
    for path in (*decided.leftovers, *decided.shards):
        _remove(path)
    if decided.runs:
        _compact(home)
    if decided.log_lines:
        lake.forget_log_lines(set(decided.log_lines))
    for name, folders in decided.removed.items():
        for folder in folders:
            _remove(folder)
        instance.delete_dynamic_partition(SCENARIO, name)
    if decided.removed:
        rebuild(lake)


def _newest(runs: Sequence[dg.RunRecord], names: set[str]) -> set[str]:
    """Runs that made a table of a known scenario last; `runs` are newest first."""
    made: set[tuple[str, str]] = set()
    newest = set()
    for record in runs:
        run = record.dagster_run
        partition, scenario = run.tags.get(PARTITION_TAG, ""), run.tags.get(f"{PARTITION_TAG}/{SCENARIO}")
        if run.status != dg.DagsterRunStatus.SUCCESS or scenario not in names:
            continue
        assets = {key.to_user_string() for key in run.asset_selection or ()} or {"all"}
        if (partition, "all") in made or all((partition, asset) in made for asset in assets):
            continue
        made |= {(partition, asset) for asset in assets}
        newest.add(run.run_id)
    return newest


def _files_of_runs(home: Path) -> Iterator[Path]:
    """What Dagster's SQLite storage and its logs keep per run: a file in history/runs, a folder in storage."""
    yield from (path for path in (home / "history" / "runs").glob("*.db") if path.stem != "index")
    yield from (path for path in (home / "storage").glob("*-*-*-*-*") if path.is_dir())


def _paths(home: Path, run_id: str) -> list[Path]:
    shard = home / "history" / "runs" / f"{run_id}.db"
    paths = [shard, shard.with_suffix(".db-wal"), shard.with_suffix(".db-shm"), home / "storage" / run_id]
    return [path for path in paths if path.exists()]


def _results(lake: Lake, names: set[str]) -> dict[str, tuple[Path, ...]]:
    """Folders of tables, reports and pictures whose scenario the lake does not know, by scenario."""
    if not is_local(lake.root):
        return {}
    root = Path(str(lake.root))
    folders = [*(root / "tables").glob("*/*"), *(root / "reports").glob("*"), *(root / "plots").glob("*")]
    found: dict[str, tuple[Path, ...]] = {}
    for folder in folders:
        if folder.is_dir() and folder.parent.name != STUDY.name and folder.name not in names:
            found[folder.name] = (*found.get(folder.name, ()), folder)
    return found


def _old_shards(lake: Lake, before: datetime) -> tuple[Path, ...]:
    """Folders in which nothing was put since; a fleet whose run was killed would go on from them."""
    if not is_local(lake.root):
        return ()
    folders = sorted((Path(str(lake.root)) / FOLDER).glob("*"))
    return tuple(folder for folder in folders if _age(folder) < before)


def _old_lines(lake: Lake, before: datetime) -> tuple[str, ...]:
    limit = before.strftime(LOG_TIME)
    return tuple(line for line in lake.log_lines() if _logged(line) < limit)


def _logged(line: str) -> str:
    """When a line of the run log was written; a torn one is kept."""
    try:
        return str(json.loads(line)["at"])
    except (ValueError, KeyError, TypeError):
        return "9"


def _age(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return path.stat().st_size


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _compact(home: Path) -> None:
    """Give the room of deleted rows back; while somebody else writes, it is left for the next time."""
    for path in (home / "history" / "runs.db", home / "history" / "runs" / "index.db"):
        if path.exists():
            with contextlib.suppress(sqlite3.OperationalError), contextlib.closing(sqlite3.connect(path)) as connection:
                connection.execute("VACUUM")
