"""`reports.duckdb`, rebuilt from the Parquet tables of every month and scenario in the lake.

DuckDB has one writer and a reader blocks it; a run that holds a connection while computing makes others fail. So the
tables are the truth, and the database is made anew under a temporary name and moved into place: whoever has the old
one open keeps reading it. Two rebuilds at once would lose a month, so they queue at a lock that the operating system
releases when its holder dies.

A scenario's file is not needed for it: where somebody removed one, the results stay and the scenario is named.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from vpp_core.calendar import Month
from vpp_core.errors import InputError
from vpp_core.scenario import Scenario
from vpp_core.tables import NEGOTIATOR_SCORES, OUTCOMES, SCENARIOS, STUDY
from vpp_pipeline.lake.files import explained, is_local, remove_abandoned, temporary_beside, write_whole
from vpp_pipeline.lake.lake import Lake

LOCK_TIMEOUT_SECONDS = 600
BUILT = ".reports.duckdb.built"
"""Beside the database: from which tables it was built, its digest, and what was said."""
MANIFEST = "manifest.json"
"""In a report's folder: what it was made from and the digests of its files."""
FLAT_TABLES = ("kpi_monthly", "kpi_daily", "gap_split", "claims", "data_shares")
"""Stored as the database shows them; the two large ones are unnested from `window_results`."""
UNREPORTED = (STUDY.name, NEGOTIATOR_SCORES.name)
"""Stored so too, and shown of runs without a report as well, such as a study's members."""


def rebuild(lake: Lake) -> list[str]:
    """Make the database hold every whole table in the lake. Returns a sentence for whatever had to stay out, and for
    each scenario of which only the results are left.

    A database that holds exactly the present tables, and is to the last byte what was built, is left alone.
    """
    with explained(lake.database), _lock(lake):
        listing = _listing(lake)
        built = _as_built(lake, listing)
        if built is not None:
            return built
        if is_local(lake.root):
            remove_abandoned(Path(str(lake.root)))
            with temporary_beside(Path(str(lake.database))) as temporary:
                faults = _build(lake, temporary, listing)
                note = _note(listing, _file_digest(temporary), faults)
                _remove_logs(lake)
                os.replace(temporary, str(lake.database))
            write_whole(lake.root / BUILT, note)
            return faults
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder) / "reports.duckdb"
            faults = _build(lake, local, listing)
            write_whole(lake.database, local.read_bytes())
            write_whole(lake.root / BUILT, _note(listing, "", faults))  # built anew each time: no digest is asked for
            return faults


def said_of_database(lake: Lake) -> list[str]:
    """What the last rebuild said, in sentences; nothing where there was none."""
    try:
        return [str(sentence) for sentence in json.loads((lake.root / BUILT).read_text())["said"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


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
    """Digest of which tables are present with which content, made by which scenarios."""
    parts = [
        f"{table} {month} {scenario} {lake.digest(table, month, scenario)}"
        for table in ("window_results", "prosumer_fleet", "market_prices", *FLAT_TABLES, *UNREPORTED)
        for month, scenario in lake.partitions(table)
    ]
    known = lake.scenario_names()
    parts += [
        f"{month} {scenario} {scenario in known} {_other_scenario(lake, month, scenario)}"
        for month, scenario in _reported(lake)
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _reported(lake: Lake) -> list[tuple[str, str]]:
    """Month and scenario of every run that was reported; of the others, the rows are in `study`."""
    return [
        (month, scenario)
        for month, scenario in lake.partitions("kpi_monthly")
        if any(lake.table_path(table, month, scenario).exists() for table in FLAT_TABLES[1:])
    ]


def _as_built(lake: Lake, listing: str) -> list[str] | None:
    """What was said when the present database was built; None where it is another one, damaged, or written to.

    The digest is of the whole file, since DuckDB reads a block only when a query needs it, and a name or a comment
    that was changed fails no query. Its write-ahead log says that somebody else writes to it, or has been killed while
    writing; or it is that of a database that was replaced, with which the present one cannot be opened.
    """
    if not is_local(lake.root) or not lake.database.exists() or _logs(lake):
        return None
    try:
        note = json.loads((lake.root / BUILT).read_text())
        if note["listing"] == listing and note["digest"] == _file_digest(Path(str(lake.database))):
            return [str(sentence) for sentence in note["said"]]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _note(listing: str, digest: str, said: list[str]) -> bytes:
    """What is kept beside the database, to know it again."""
    return json.dumps({"listing": listing, "digest": digest, "said": said}, indent=2).encode()


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _logs(lake: Lake) -> list[Path]:
    """The database's write-ahead log, and what a checkpoint that was killed left of it."""
    return sorted(Path(str(lake.root)).glob(f"{lake.database.name}.wal*"))


def _remove_logs(lake: Lake) -> None:
    """They belong to the database that goes: with another one under that name, they keep everybody from opening it."""
    for log in _logs(lake):
        log.unlink(missing_ok=True)


def _build(lake: Lake, path: Path, listing: str) -> list[str]:
    import duckdb

    from vpp_core.results.database import build_database, scenario_rows

    parts: dict[str, list[pa.Table]] = {}
    faults: list[str] = []
    for name, (month, scenario) in [(table, of) for table in UNREPORTED for of in lake.partitions(table)]:
        if _other_scenario(lake, month, scenario):
            continue  # said of its results below
        try:
            rows = lake.read(name, month, scenario).table
        except InputError as error:
            faults.append(f"left out of {lake.database.name}: {error}")
        else:
            parts.setdefault(name, []).append(rows)
    known = set(lake.scenario_names())
    for month, scenario in _reported(lake):
        try:
            if _other_scenario(lake, month, scenario):
                raise InputError(
                    f"{month} of scenario {scenario} was made when that name had other content; make it anew with "
                    f"`vpp run --month {month} --scenario {scenario}`"
                )
            for name, table in _tables_of(lake, month, scenario).items():
                parts.setdefault(name, []).append(table)
        except InputError as error:
            faults.append(f"left out of {lake.database.name}: {error}")
    for scenario in sorted({name for _, name in _reported(lake)}):
        made_by = _scenario_of(lake, scenario)
        if made_by is not None:
            parts.setdefault(SCENARIOS.name, []).append(scenario_rows(made_by))
    faults += [_only_results(lake, scenario) for scenario in sorted({name for _, name in _reported(lake)} - known)]
    try:
        build_database(path, {name: pa.concat_tables(tables) for name, tables in parts.items()}, listing)
    except duckdb.Error as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise InputError(
            f"{lake.database} could not be built ({reason}); nothing was changed: look for a full disk, run again"
        ) from error
    return faults


def _only_results(lake: Lake, scenario: str) -> str:
    """Said of a scenario that was removed while its results were kept."""
    months = [month for month, name in _reported(lake) if name == scenario]
    return (
        f"scenario {scenario} has results of {', '.join(months[:3])}{' …' if len(months) > 3 else ''} and no file in "
        f"{lake.root / 'scenarios'}: they stay in {lake.database.name}. To bring the scenario back, run `vpp run` with "
        f"the options that made it, or save as {scenario}.json what "
        f"{lake.report_folder(months[0], scenario) / MANIFEST} holds as `scenario`; to remove its results, run "
        "`vpp prune --removed-scenarios`"
    )


def _scenario_of(lake: Lake, name: str) -> Scenario | None:
    """The scenario of that name: the lake's, or where its file was removed what a report kept of it; None: neither."""
    if name in lake.scenario_names():
        with contextlib.suppress(InputError):
            return lake.scenario(name)
    for month in (month for month, scenario in _reported(lake) if scenario == name):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, InputError):
            return _made_by(lake, month, name)
    return None


def _made_by(lake: Lake, month: str, scenario: str) -> Scenario:
    """The scenario as it was when a month was reported."""
    manifest = json.loads((lake.report_folder(month, scenario) / MANIFEST).read_text())
    return Scenario.from_json(json.dumps(manifest["scenario"]))


def _other_scenario(lake: Lake, month: str, scenario: str) -> bool:
    """Whether the scenario that a month was made by differs from the one that the lake now has under that name."""
    try:
        made_by = _made_by(lake, month, scenario)
        return scenario in lake.scenario_names() and lake.scenario(scenario).fingerprint() != made_by.fingerprint()
    except (OSError, ValueError, KeyError, TypeError, InputError):
        return False  # an earlier version kept none; whether its tables are whole is seen elsewhere


def _tables_of(lake: Lake, month: str, scenario: str) -> dict[str, Any]:
    """All database tables of one month and scenario, or an `InputError` for the first that is missing or damaged."""
    from vpp_core.fleet.arrow import fleet_from_arrow
    from vpp_core.results.database import input_tables, result_tables

    tables: dict[str, Any] = {name: lake.read(name, month, scenario).table for name in FLAT_TABLES}
    outcomes = lake.read("window_results", month, scenario, OUTCOMES).table
    homes = lake.read("prosumer_fleet", month, scenario).table
    parsed = Month.parse(month)
    prices = lake.read("market_prices", month, scenario).table
    tables |= result_tables(outcomes, parsed, scenario, fleet_from_arrow(homes))
    return tables | input_tables(homes, prices, tables, parsed, scenario)
