"""Which lake is looked at, connections to its database, and what was asked before.

Nothing here writes. A connection is opened per question and closed again, so that a run that replaces the database is
never kept waiting, and the next question sees the new one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import pandas as pd

from vpp_core.errors import InputError
from vpp_pipeline import project
from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.files import is_local

_IN_UTC = "SET TimeZone = 'UTC'"
ANSWERS_KEPT = 64
"""of each question, over all sessions"""

Given = ParamSpec("Given")
Answer = TypeVar("Answer")
Stamp = tuple[int, int, int]


def current_lake() -> Lake:
    """The lake that the environment names, to be read."""
    lake = Lake.at(project.lake_url(), project.raw_folder())
    if not is_local(lake.root):
        raise InputError(
            f"the dashboard reads a lake in a folder, and {lake.root} is none; copy it, or name another one"
        )
    return lake


def stamp_of(path: Path) -> Stamp:
    """What changes whenever a file is replaced; zeros where there is none."""
    try:
        about = path.stat()
    except OSError:
        return 0, 0, 0
    return about.st_mtime_ns, about.st_ino, about.st_size


def remembered(
    question: Callable[Concatenate[Lake, Given], Answer],
) -> Callable[Concatenate[Lake, Given], Answer]:
    """A question about the lake that is answered once per state of its database. Nobody may change an answer."""

    @functools.lru_cache(maxsize=ANSWERS_KEPT)
    def kept(stamp: Stamp, lake: Lake, args: tuple[object, ...], named: tuple[tuple[str, object], ...]) -> Answer:
        return question(lake, *args, **dict(named))  # type: ignore[arg-type]

    @functools.wraps(question)
    def ask(lake: Lake, *args: Given.args, **named: Given.kwargs) -> Answer:
        return kept(stamp_of(Path(str(lake.database))), lake, args, tuple(sorted(named.items())))

    return ask


def rows(lake: Lake, query: str, parameters: tuple[object, ...] = ()) -> pd.DataFrame:
    """What the database answers; where there is none, an `InputError` that says how to get one."""
    lacks = _lacks(lake)
    if lacks:
        raise InputError(
            f"{lake.database} is of an earlier version and lacks {lacks}; `vpp run` of any month builds it anew"
        )
    return _asked(lake, query, parameters)


@remembered
def _lacks(lake: Lake) -> str:
    """The first table or column of the database that it should have and has not; empty: it has all."""
    from vpp_core.results.database import DATABASE_TABLES

    found = _asked(lake, "SELECT table_name, column_name FROM duckdb_columns()", ())
    present = set(zip(found["table_name"], found["column_name"], strict=True))
    wanted = [(name, column.name) for name, contract in DATABASE_TABLES.items() for column in contract.columns]
    return next((f"{name}.{column}" for name, column in wanted if (name, column) not in present), "")


def _asked(lake: Lake, query: str, parameters: tuple[object, ...]) -> pd.DataFrame:
    import duckdb

    if not Path(str(lake.database)).exists():
        if lake.partitions("kpi_monthly"):
            raise InputError(f"{lake.database} is missing; `vpp run` of any month builds it anew from the tables")
        raise InputError(f"there are no results in {lake.root} yet; make some with `vpp run --month 2023-08`")
    try:
        with duckdb.connect(str(lake.database), read_only=True) as connection:
            connection.execute(_IN_UTC)
            return connection.execute(query, list(parameters)).df()
    except duckdb.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(f"{lake.database} cannot be read ({reason}); `vpp run` of any month builds it anew") from error


def parquet(lake: Lake, query: str, table: str, month: str, scenario: str, parameters: tuple[object, ...] = ()) -> Any:
    """What a query finds in a table of the lake that is whole; in its words the table is `stored`."""
    import duckdb

    path, digest = lake.table_path(table, month, scenario), lake.digest(table, month, scenario)
    if digest == "absent" or digest.startswith("damaged"):
        lake.read(table, month, scenario)  # says what is wrong, and what to do
    named = query.replace("stored", "read_parquet(?)", 1)
    try:
        with duckdb.connect() as connection:
            connection.execute(_IN_UTC)
            return connection.execute(named, [str(path), *parameters]).df()
    except duckdb.BinderException as error:
        raise InputError(
            f"{path} is of an earlier version and lacks what this page shows; make it anew with "
            f"`vpp run --month {month} --scenario {scenario}`"
        ) from error


def timezone_of(lake: Lake, scenario: str) -> str:
    """The time zone of the days of a scenario's market."""
    return lake.scenario(scenario).operator.timezone
