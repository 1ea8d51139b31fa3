"""`reports.duckdb`, rebuilt from the Parquet tables of every month and scenario in the lake.

DuckDB has one writer and a reader blocks it; a run that holds a connection while computing makes others fail. So the
tables are the truth, and the database is made anew under a temporary name and moved into place: whoever has the old
one open keeps reading it. Two rebuilds at once would lose a month, so they queue at a lock that the operating system
releases when its holder dies.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from vpp_core.calendar import Month
from vpp_core.errors import InputError
from vpp_core.tables import OUTCOMES, STUDY
from vpp_pipeline.lake.files import explained, is_local, remove_abandoned, temporary_beside, write_whole
from vpp_pipeline.lake.lake import Lake

LOCK_TIMEOUT_SECONDS = 600
FLAT_TABLES = ("kpi_monthly", "kpi_daily", "gap_split", "claims")
"""Stored as the database shows them; the two large ones are unnested from `window_results`."""


def rebuild(lake: Lake) -> list[str]:
    """Make the database hold every whole table in the lake. Returns a sentence for each table that had to stay out.

    A database that holds exactly the present tables already is left alone.
    """
    with explained(lake.database), _lock(lake):
        wanted = _listing(lake)
        if _content_of(lake) == wanted:
            return []
        if is_local(lake.root):
            remove_abandoned(Path(str(lake.root)))
            with temporary_beside(Path(str(lake.database))) as temporary:
                faults = _build(lake, temporary, wanted)
                os.replace(temporary, str(lake.database))
            return faults
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder) / "reports.duckdb"
            faults = _build(lake, local, wanted)
            write_whole(lake.database, local.read_bytes())
            return faults


@contextlib.contextmanager
def _lock(lake: Lake) -> Iterator[None]:
    """One rebuild at a time, across processes. An object store has no locks: there, run one writer."""
    if not is_local(lake.root):
        yield
        return
    from filelock import FileLock, Timeout

    lake.root.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(str(lake.root / ".reports.duckdb.lock"), timeout=LOCK_TIMEOUT_SECONDS):
            yield
    except Timeout:
        raise InputError(
            f"another run has been rebuilding {lake.database} for {LOCK_TIMEOUT_SECONDS // 60} minutes; "
            "look for a hanging `vpp` or `dagster` process, then run again"
        ) from None


def _listing(lake: Lake) -> str:
    """Digest of which tables are present with which content."""
    parts = [
        f"{table} {month} {scenario} {lake.digest(table, month, scenario)}"
        for table in ("window_results", *FLAT_TABLES, STUDY.name)
        for month, scenario in lake.partitions(table)
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _content_of(lake: Lake) -> str | None:
    """The listing that the present database was built from; None where there is none that can be read."""
    if not is_local(lake.root) or not lake.database.exists():
        return None
    import duckdb

    try:
        with duckdb.connect(str(lake.database), read_only=True) as connection:
            row = connection.execute("SELECT listing FROM lake_listing").fetchone()
    except duckdb.Error:
        return None
    return str(row[0]) if row else None


def _build(lake: Lake, path: Path, listing: str) -> list[str]:
    import duckdb

    from vpp_core.results.database import build_database

    parts: dict[str, list[pa.Table]] = {}
    faults: list[str] = []
    for month, study in lake.partitions(STUDY.name):
        try:
            rows = lake.read(STUDY.name, month, study).table
        except InputError as error:
            faults.append(str(error))
        else:
            parts.setdefault(STUDY.name, []).append(rows)
    for month, scenario in lake.partitions("kpi_monthly"):
        if not any(lake.table_path(table, month, scenario).exists() for table in FLAT_TABLES[1:]):
            continue  # run without a report: its rows are in `study`
        try:
            for name, table in _tables_of(lake, month, scenario).items():
                parts.setdefault(name, []).append(table)
        except InputError as error:
            faults.append(str(error))
    build_database(path, {name: pa.concat_tables(tables) for name, tables in parts.items()})
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE lake_listing AS SELECT ? AS listing", [listing])
        connection.execute(
            "COMMENT ON TABLE lake_listing IS 'digest of the Parquet tables this database was built from'"
        )
    return faults


def _tables_of(lake: Lake, month: str, scenario: str) -> dict[str, Any]:
    """All database tables of one month and scenario, or an `InputError` for the first that is missing or damaged."""
    from vpp_core.fleet.storage import fleet_from_arrow
    from vpp_core.results.database import result_tables

    tables: dict[str, Any] = {name: lake.read(name, month, scenario).table for name in FLAT_TABLES}
    outcomes = lake.read("window_results", month, scenario, OUTCOMES).table
    fleet = fleet_from_arrow(lake.read("prosumer_fleet", month, scenario).table)
    of = Month.parse(month)
    return tables | result_tables(outcomes, of, lake.scenario(scenario).in_month(of), fleet)
