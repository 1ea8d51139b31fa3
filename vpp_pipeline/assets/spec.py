"""What all assets have in common, so that each file shows only what is its own."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg
import pyarrow as pa

from vpp_core.iso import DEFAULT
from vpp_core.tables import Contract
from vpp_pipeline.io.parquet import contract_of
from vpp_pipeline.partitions import month_by_scenario
from vpp_pipeline.recipe import code_version

OWNERS = ["team:vpp-benchmark"]
IO_MANAGER = "lake_parquet"
MONTHLY = dg.FreshnessPolicy.cron(
    deadline_cron="0 6 3 * *", lower_bound_delta=timedelta(days=2), timezone=DEFAULT.timezone
)
"""A day after the schedule's run of the month that ended, each asset has been made anew or found current since the
1st; else it shows as overdue."""


def described(asset: str, group: str, kinds: set[str], about: str) -> dict[str, Any]:
    """Arguments of `@dg.asset` for an asset that is a table of the lake."""
    contract = contract_of(asset)
    return {
        "name": asset,
        "description": f"{about}\n\n{contract.description}",
        "metadata": {
            "dagster/table_name": f"tables/{asset}",
            "dagster/column_schema": column_schema(contract),
            "key": ", ".join(contract.key),
        },
        "io_manager_key": IO_MANAGER,
        **common(asset, group, {*kinds, "parquet"}),
    }


def common(asset: str, group: str, kinds: set[str]) -> dict[str, Any]:
    """Arguments of `@dg.asset` for every asset."""
    return {
        "group_name": group,
        "kinds": kinds,
        "owners": OWNERS,
        "code_version": code_version(asset),
        "partitions_def": month_by_scenario,
        "freshness_policy": MONTHLY,
    }


def linked_to_code(assets: Iterable[Any]) -> Sequence[Any]:
    """The assets, each with the file and line it is written in, which its page in the UI links to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # the link is a beta of Dagster 1.13 and says so 34 times
        return dg.with_source_code_references(list(assets))


def column_schema(contract: Contract) -> dg.TableSchema:
    """The contract as Dagster shows a table: types, and meanings with their units."""
    return dg.TableSchema(columns=list(_columns(contract)))


def _columns(contract: Contract, prefix: str = "") -> Iterator[dg.TableColumn]:
    """Its columns; below a column that holds a table, those of the table, as `windows.bid_sell_kw`."""
    for column in contract.columns:
        yield dg.TableColumn(
            name=prefix + column.name,
            type=_short(column.type),
            description=column.description,
            constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=contract.key == (column.name,)),
        )
        if column.rows is not None:
            yield from _columns(column.rows, f"{prefix}{column.name}.")


def _short(kind: pa.DataType) -> str:
    if pa.types.is_list(kind) and pa.types.is_struct(kind.value_type):
        return f"list of {kind.value_type.num_fields} columns"
    return str(kind)
