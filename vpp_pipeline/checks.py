"""Checks of every stored table, from one factory fed by the contracts; and of the results, by what must be true.

Every table is *whole*: the file is as it was written, and every row keeps the contract. An input is *plausible* too:
what an energy data engineer looks for; it warns, or fails and blocks where a result would be wrong. A consumer
verifies what it loads as well, since a blocking check stops only the run it is in.

The checks themselves are not partitioned: Dagster 1.13 can launch a partitioned check only together with its asset, and
fails when its page's Execute button is pressed. In a run they look at its month, and at months that were damaged when
last looked at, until these are mended; alone at every month of the lake. Another month's damage warns and blocks
nothing here; `every_month_is_whole` of the report stays red for it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow as pa

from vpp_core.calendar import Month, Period
from vpp_core.errors import InputError
from vpp_pipeline.io import LakeResource
from vpp_pipeline.io.parquet import CONTRACT_OF_ASSET, INPUT_TABLES, contract_of, held_period
from vpp_pipeline.lake import Lake
from vpp_pipeline.partitions import month_and_scenario

OTHER_TABLES = ("prosumer_fleet", *CONTRACT_OF_ASSET, "kpi_monthly")
SERIES_TABLES = INPUT_TABLES[:3]
"""Inputs by interval; the forecast is by gate closure."""
A_CENT = 0.01


def all_checks() -> list[dg.AssetChecksDefinition]:
    """Every check of the code location."""
    return [
        *(whole(table) for table in (*INPUT_TABLES, *OTHER_TABLES)),
        *(plausible(table) for table in INPUT_TABLES),
        some_prices_are_real,
        inputs_agree,
        books_close,
        foresight_is_the_upper_bound,
        preferences_hold,
        no_solver_failed,
        every_month_is_whole,
    ]


@dataclass(frozen=True)
class Fault:
    """What is wrong with a table, in a sentence. A soft one only warns."""

    sentence: str
    soft: bool = False
    told: bool = False
    """it is said, and the check passes"""


Look = Callable[[pa.Table, Period, str], Iterable[Fault]]
"""Finds the faults of one stored table, given its period and scenario."""


def whole(table: str) -> dg.AssetChecksDefinition:
    """The stored file is what was written, and its rows keep the contract."""

    @dg.asset_check(
        asset=table,
        name="whole",
        description="The file is as it was written, and every row keeps the table's contract: types, bounds, keys.",
        blocking=True,
    )
    def check(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
        return evaluate(context, lake.open(), table, lambda stored, period, scenario: ())

    return check


def plausible(table: str) -> dg.AssetChecksDefinition:
    """The values are such as a power system makes."""

    @dg.asset_check(
        asset=table,
        name="plausible",
        description="Complete, in order, within what a power system does; unusual values warn, impossible ones fail.",
        blocking=True,
    )
    def check(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
        from vpp_core.tables.checks import WORTH_A_LOOK, data_checks

        def look(stored: pa.Table, period: Period, scenario: str) -> Iterator[Fault]:
            for result in data_checks(table, stored.to_pandas(), period):
                if not result.passed:
                    yield Fault(f"{result.name}: {result.message}", soft=result.severity == "warn")
                elif WORTH_A_LOOK in result.metadata:
                    yield Fault(f"{result.name}: {result.metadata[WORTH_A_LOOK]}", soft=True, told=True)

        return evaluate(context, lake.open(), table, look)

    return check


@dg.asset_check(
    asset="market_prices",
    description="Where the scenario asks for the best there is (source auto), some real-time price was published.",
)
def some_prices_are_real(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
    """Whether a run that was to be of a real market is of an invented one."""
    from vpp_core.tables.data import REAL

    opened = lake.open()

    def look(stored: pa.Table, period: Period, scenario: str) -> Iterator[Fault]:
        real = stored.to_pandas()["lmp_source"].isin(REAL)
        if opened.scenario(scenario).source == "auto" and not real.any():
            yield Fault("0 % of the real-time prices are real: no file and no service had them", soft=True)

    return evaluate(context, opened, "market_prices", look)


@dg.asset_check(
    asset="benchmark_report",
    description="No month of the lake is damaged or left out of reports.duckdb, whichever month ran last.",
)
def every_month_is_whole(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
    """Red until each damaged month is made anew; it stops nothing."""
    from vpp_pipeline.lake.database import said_of_database

    said = [sentence for sentence in said_of_database(lake.open()) if sentence.startswith("left out of")]
    return dg.AssetCheckResult(passed=not said, description="; ".join(said) or None)


@dg.asset_check(
    asset="window_results",
    name="inputs_agree",
    description="Prices, solar and load speak of the same intervals; says which share of each series is real.",
    blocking=True,
)
def inputs_agree(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
    """What the strategies were run on."""
    from vpp_core.tables.checks import same_index, source_shares

    opened = lake.open()
    shares: dict[str, dict[str, float]] = {}

    def look(stored: pa.Table, period: Period, scenario: str) -> Iterator[Fault]:
        frames = {name: opened.read(name, period.month, scenario).table.to_pandas() for name in SERIES_TABLES}
        for name, frame in frames.items():
            frames[name] = frame = period.rows_of(frame)
            shares.update({f"{name} {series}": share for series, share in source_shares(frame).items()})
        verdict = same_index(frames, period)
        if not verdict.passed:
            yield Fault(verdict.message)

    result = evaluate(context, opened, "window_results", look)
    return result._replace(metadata={**result.metadata, "sources": dg.MetadataValue.json(shares)})


def _result_check(
    name: str, description: str, faults: Callable[[pd.DataFrame], Iterable[str]]
) -> dg.AssetChecksDefinition:
    """A check of kpi_monthly; `faults` yields a sentence for each row that breaks it."""

    @dg.asset_check(asset="kpi_monthly", name=name, description=description)
    def check(context: dg.AssetCheckExecutionContext, lake: LakeResource) -> dg.AssetCheckResult:
        def look(stored: pa.Table, period: Period, scenario: str) -> Iterator[Fault]:
            yield from map(Fault, faults(stored.to_pandas()))

        return evaluate(context, lake.open(), "kpi_monthly", look)

    return check


def evaluate(context: dg.AssetCheckExecutionContext, lake: Lake, table: str, look: Look) -> dg.AssetCheckResult:
    """Look at the run's month and scenario, and at what was at fault before; launched alone, from a check's page, at
    all that the lake holds.
    """
    there = lake.partitions(table)
    own = there
    if context.has_partition_key:
        month, scenario = month_and_scenario(context.partition_key)
        own = [(str(month), scenario)]
    before = [pair for pair in _at_fault_before(context) if pair in there and pair not in own]
    faults = [(pair, fault) for pair in own for fault in _faults(lake, table, pair, look)]
    for pair in before:  # it does not stop this run
        faults += [(pair, replace(fault, soft=True)) for fault in _faults(lake, table, pair, look) if not fault.told]
    wrong = [(pair, fault) for pair, fault in faults if not fault.told]
    warning = bool(wrong) and all(fault.soft for _, fault in wrong)
    return dg.AssetCheckResult(
        passed=not wrong,
        severity=dg.AssetCheckSeverity.WARN if warning else dg.AssetCheckSeverity.ERROR,
        description="; ".join(f"{' '.join(pair)}: {fault.sentence}" for pair, fault in faults) or None,
        metadata={
            "months_and_scenarios": len(own) + len(before),
            AT_FAULT: dg.MetadataValue.json([list(pair) for pair in sorted({pair for pair, _ in wrong})]),
        },
    )


AT_FAULT = "at_fault"
"""Metadata of a check: months and scenarios to look at again, whichever runs next."""
LOOKED_AT = 20
"""records to go back to the last evaluation: runs under way, and some that were killed before they looked"""


def _at_fault_before(context: dg.AssetCheckExecutionContext) -> list[tuple[str, str]]:
    """What this check found at fault when it last looked; nothing where it never did."""
    (spec,) = context.check_specs
    history = context.instance.event_log_storage.get_asset_check_execution_history(spec.key, limit=LOOKED_AT)
    for record in history:  # the newest first, and of a run under way only that it is planned
        event = record.event.dagster_event if record.event else None
        if event is None or event.event_type != dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            continue
        kept = event.asset_check_evaluation_data.metadata.get(AT_FAULT)
        return [(str(month), str(scenario)) for month, scenario in kept.value] if kept else []
    return []


def _faults(lake: Lake, table: str, pair: tuple[str, str], look: Look) -> list[Fault]:
    """What is wrong with one stored table, one that cannot be read included."""
    month, scenario = pair
    try:
        stored = lake.read(table, month, scenario, contract_of(table)).table
        described = lake.scenario(scenario).in_month(Month.parse(month))
        period = held_period(described, table, stored, Month.parse(month))
        return list(look(stored, period, scenario))
    except InputError as error:
        return [Fault(str(error))]


def refusals(events: Iterable[dg.DagsterEvent]) -> dict[str, str]:
    """Step → what its check found, in a sentence, for every check among a run's events that did not pass."""
    found = {}
    for event in events:
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            evaluation = event.asset_check_evaluation_data
            if not evaluation.passed:
                table = evaluation.asset_key.to_user_string()
                said = f"{table} {evaluation.check_name}: {evaluation.description or 'did not pass'}"
                found[event.step_key or said] = said
    return found


def _open_books(kpis: pd.DataFrame) -> Iterator[str]:
    """Every comparison here is of what must be so, since a missing number (NaN) passes one of what must not be."""
    from vpp_core.strategies.registry import STRATEGIES

    for row in kpis.to_dict("records"):
        strategy, residual = row["strategy"], row["books_residual_usd"]
        if not np.isfinite(row["surplus_usd"]):
            yield f"{strategy}: its surplus is not a number"
        elif row["is_bound"] and strategy in STRATEGIES and not STRATEGIES[strategy].is_bound:
            yield f"{strategy}: what it paid is missing, as of a bound, which it is not"
        elif not row["is_bound"] and not abs(residual) <= A_CENT:  # a bound pays nobody
            yield f"{strategy}: surplus differs from VPP profit + household gain by {residual:.4f} $"


def _above_foresight(kpis: pd.DataFrame) -> Iterator[str]:
    surplus = kpis.set_index("strategy")["surplus_usd"]
    gap = kpis.set_index("strategy")["bound_gap_usd"].fillna(0.0)
    from vpp_core.results.rungs import held_to
    from vpp_core.strategies.registry import STRATEGIES

    keys = list(surplus.index)
    for bound in (key for key in keys if key in STRATEGIES and STRATEGIES[key].is_bound):
        for key in held_to(bound, keys):
            if not surplus[key] <= surplus[bound] + gap[bound] + A_CENT:
                yield f"{key} earns {surplus[key]:.2f} $, which is not below {bound} with {surplus[bound]:.2f} $"


def _violated(kpis: pd.DataFrame) -> Iterator[str]:
    keys = [key for key in obeying() if not kpis.loc[kpis["strategy"] == key, "is_bound"].any()]
    for row in kpis[kpis["strategy"].isin(keys) & ~kpis["violations"].eq(0).fillna(False)].itertuples():
        yield f"{row.strategy} breached {row.violations} preferences though it obeys them"


def _failures(kpis: pd.DataFrame) -> Iterator[str]:
    for row in kpis[~kpis["solver_failures"].eq(0).fillna(False)].itertuples():
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
