"""Checks of every stored table, from one factory fed by the contracts; and of the results, by what must be true.

Every table is *whole*: the file is as it was written, and every row keeps the contract. An input is *plausible* too:
what an energy data engineer looks for; it warns, or fails and blocks where a result would be wrong. A consumer
verifies what it loads as well, since a blocking check stops only the run it is in.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
from dagster import PreviewWarning

from vpp_core.errors import InputError
from vpp_pipeline.io import LakeResource
from vpp_pipeline.io.parquet import CONTRACT_OF_ASSET, contract_of
from vpp_pipeline.partitions import month_and_scenario, month_by_scenario

INPUT_TABLES = ("market_prices", "solar_generation", "load_profiles", "price_forecast")
OTHER_TABLES = ("prosumer_fleet", *CONTRACT_OF_ASSET, "kpi_monthly")
A_CENT = 0.01


def all_checks() -> list[dg.AssetChecksDefinition]:
    """Every check of the code location."""
    return [
        *(whole(table) for table in (*INPUT_TABLES, *OTHER_TABLES)),
        *(plausible(table) for table in INPUT_TABLES),
        books_close,
        foresight_is_the_upper_bound,
        preferences_hold,
        no_solver_failed,
    ]


def partitioned_check(asset: str, name: str, description: str, blocking: bool = False) -> Any:
    """`@asset_check` of a month and scenario. Partitioned checks are a preview of Dagster's, used only here."""

    def decorate(function: Callable[..., dg.AssetCheckResult]) -> dg.AssetChecksDefinition:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PreviewWarning)
            return dg.asset_check(
                asset=asset, name=name, description=description, blocking=blocking, partitions_def=month_by_scenario
            )(function)

    return decorate


def whole(table: str) -> dg.AssetChecksDefinition:
    """The stored file is what was written, and its rows keep the contract."""

    @partitioned_check(
        table,
        "whole",
        "The file is as the pipeline wrote it, and every row keeps the table's contract: types, bounds, keys.",
        blocking=True,
    )
    def check(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
        stored = _read(context, lake, table)
        if isinstance(stored, str):
            return dg.AssetCheckResult(passed=False, description=stored)
        return dg.AssetCheckResult(passed=True, metadata={"rows": stored.num_rows})

    return check


def plausible(table: str) -> dg.AssetChecksDefinition:
    """The values are such as a power system makes."""

    @partitioned_check(
        table,
        "plausible",
        "Complete, in order, and within what a power system does; unusual values warn, impossible ones fail.",
        blocking=True,
    )
    def check(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
        from vpp_core.tables.checks import data_checks

        stored = _read(context, lake, table)
        if isinstance(stored, str):
            return dg.AssetCheckResult(passed=False, description=stored)
        month, scenario = month_and_scenario(context.partition_key)
        period = lake.open().scenario(scenario).period(month)
        results = data_checks(table, stored.to_pandas(), period)
        failed = [result for result in results if not result.passed]
        warning = bool(failed) and all(result.severity == "warn" for result in failed)
        return dg.AssetCheckResult(
            passed=not failed,
            severity=dg.AssetCheckSeverity.WARN if warning else dg.AssetCheckSeverity.ERROR,
            description="; ".join(f"{result.name}: {result.message}" for result in failed) or None,
            metadata={result.name: result.message for result in results},
        )

    return check


def _result_check(
    name: str, description: str, faults: Callable[[pd.DataFrame], Iterable[str]]
) -> dg.AssetChecksDefinition:
    """A check of kpi_monthly; `faults` yields a sentence for each row that breaks it."""

    @partitioned_check("kpi_monthly", name, description)
    def check(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
        stored = _read(context, lake, "kpi_monthly")
        found = [stored] if isinstance(stored, str) else list(faults(stored.to_pandas()))
        return dg.AssetCheckResult(passed=not found, description="; ".join(found) or None)

    return check


def _open_books(kpis: pd.DataFrame) -> Iterator[str]:
    for row in kpis[kpis["books_residual_usd"].abs() > A_CENT].itertuples():
        yield f"{row.strategy}: surplus differs from VPP profit + household gain by {row.books_residual_usd:.4f} $"


def _above_foresight(kpis: pd.DataFrame) -> Iterator[str]:
    surplus = kpis.set_index("strategy")["surplus_usd"]
    gap = kpis.set_index("strategy")["bound_gap_usd"].fillna(0.0)
    for bound, below in (
        ("perfect_foresight", list(surplus.index)),
        ("perfect_foresight_aware", [key for key in obeying() if key in surplus.index]),
    ):
        if bound not in surplus.index:
            continue
        for key in below:
            if surplus[key] > surplus[bound] + gap[bound] + A_CENT:
                yield f"{key} earns {surplus[key]:.2f} $, more than {bound} with {surplus[bound]:.2f} $"


def _violated(kpis: pd.DataFrame) -> Iterator[str]:
    keys = [key for key in obeying() if not kpis.loc[kpis["strategy"] == key, "is_bound"].any()]
    for row in kpis[kpis["strategy"].isin(keys) & (kpis["violations"] > 0)].itertuples():
        yield f"{row.strategy} breached {row.violations} preferences though it obeys them"


def _failures(kpis: pd.DataFrame) -> Iterator[str]:
    for row in kpis[kpis["solver_failures"] > 0].itertuples():
        yield f"{row.strategy}: {row.solver_failures} window programs failed and fell back to no bid"


def obeying() -> list[str]:
    """Keys of the strategies that obey preferences."""
    from vpp_core.strategies.registry import STRATEGIES

    return [key for key, strategy in STRATEGIES.items() if strategy.obeys_preferences]


books_close = _result_check("books_close", "Surplus = VPP profit + household gain, to a cent.", _open_books)
foresight_is_the_upper_bound = _result_check(
    "foresight_is_the_upper_bound",
    "No strategy earns more than the bound above it, its gap allowed for.",
    _above_foresight,
)
preferences_hold = _result_check("preferences_hold", "A strategy that obeys preferences breaches none.", _violated)
no_solver_failed = _result_check("no_solver_failed", "Every window program was solved.", _failures)


def _read(context: dg.AssetCheckExecutionContext, lake: LakeResource, table: str) -> pa.Table | str:
    """The stored table, or the sentence that says what is wrong with it."""
    month, scenario = month_and_scenario(context.partition_key)
    try:
        return lake.open().read(table, month, scenario, contract_of(table)).table
    except InputError as error:
        return str(error)
