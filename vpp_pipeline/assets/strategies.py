"""Strategies: the same month, the same homes, the same books, once per rung of the ladder.

Which strategies an asset runs is the registry's to say (`Strategy.asset`); one that a user adds runs in
`window_results`, which also gathers the others, without a change here.
"""

import functools
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg
import pandas as pd
import pyarrow as pa

from vpp_core.tables import OUTCOMES
from vpp_pipeline.assets.preview import outcome_metadata
from vpp_pipeline.assets.said import NEGOTIATING, Said, is_stored, take_from
from vpp_pipeline.assets.sharded import in_shards
from vpp_pipeline.assets.spec import described
from vpp_pipeline.io import LakeResource
from vpp_pipeline.lake.table_file import TableFile
from vpp_pipeline.recipe import registered
from vpp_pipeline.stage import Stage

if TYPE_CHECKING:
    from vpp_core.llm.gateway import Gateway


@dataclass(frozen=True)
class SourceTables:
    """The five tables that every strategy starts from."""

    market_prices: pd.DataFrame
    price_forecast: pd.DataFrame
    solar_generation: pd.DataFrame
    load_profiles: pd.DataFrame
    prosumer_fleet: pa.Table


def simulated(stage: Stage, world: SourceTables, said: Said | None = None) -> pa.Table:
    """OUTCOMES of the strategies that this stage materializes; `said` hears what is said."""
    from vpp_core.fleet.arrow import fleet_from_arrow
    from vpp_core.negotiation.expected import expectation
    from vpp_core.shards.split import aggregations
    from vpp_core.simulation import Inputs, outcomes_to_arrow, settled
    from vpp_core.strategies.registry import STRATEGIES, strategies_of
    from vpp_pipeline import ahead
    from vpp_pipeline.lake.answers import gateway_of

    keys = strategies_of(stage.asset, stage.whole.strategies)
    if not keys:
        return OUTCOMES.schema.empty_table()
    fleet = fleet_from_arrow(world.prosumer_fleet)
    if len(aggregations(fleet)) > 1:
        return in_shards(stage, keys, aggregations(fleet).tolist(), made_from(stage))

    @functools.cache
    def inputs() -> Inputs:
        """Made once one of them runs here: a second process may have run them all."""
        return Inputs.build(
            stage.scenario,
            stage.month,
            world.market_prices,
            world.price_forecast,
            world.solar_generation,
            world.load_profiles,
            fleet,
        )

    positions = {key: position for position, key in enumerate(keys)}

    def progress(key: str, share: float) -> None:
        stage.progress(STRATEGIES[key].title, (positions[key] + share) / len(keys))

    gateways: AbstractContextManager[Gateway | None] = nullcontext()
    if negotiating := [key for key in keys if STRATEGIES[key].negotiates]:
        if stage.scenario.negotiation.decider == "llm":
            windows, days = len(inputs().windows), len(inputs().period.days)
            stage.log.info(expectation(stage.scenario, windows, days, len(set(inputs().stores.home.tolist()))))
        gateways = gateway_of(
            stage.lake,
            stage.month,
            stage.scenario,
            anew=stage.refetch,
            on_wait=_told_wait(stage, positions[negotiating[0]] / len(keys)),
        )
    with gateways as gateway:

        def run(key: str) -> ahead.RungResult:
            (result,) = settled(inputs(), [key], progress, gateway, messages=said.hear if said else None)
            return ahead.RungResult(outcomes_to_arrow([result]), result.timings)

        answers = ahead.answers(stage, len(fleet), keys, run)
    for key, answer in answers.items():
        stage.notes |= {f"seconds_{key}_{part}": round(s, 3) for part, s in answer.seconds.items()}
    return pa.concat_tables(answer.table for answer in answers.values())


def _told_wait(stage: Stage, share: float) -> Callable[[float], None]:
    """Says that the model's service wants to be asked later."""

    def tell(seconds: float) -> None:
        stage.log.info(f"{stage.scenario.negotiation.llm.model} says to come back in {seconds:.0f} s: waiting")
        stage.progress(f"waiting {seconds:.0f} s, as the model's service says", share)

    return tell


def _lacks(stage: Stage, stored: TableFile) -> bool:
    """Whether a stored result could be completed now: its messages are not there, or a language model was never heard
    about some of its decisions and could be asked.
    """
    if stage.asset != NEGOTIATING:
        return False
    return not is_stored(stage, stored.recipe) or _to_ask_again(stage, stored.table)


def _to_ask_again(stage: Stage, stored: pa.Table) -> bool:
    """Whether a stored result has decisions that a language model was never heard about, and could be asked for now."""
    from vpp_core.settlement.outcome import outcome_tables
    from vpp_core.tables.negotiation import NEVER_ANSWERED
    from vpp_pipeline.lake.answers import can_be_asked

    if stage.scenario.negotiation.decider != "llm":
        return False
    silent = [f"fallbacks_{kind}" for kind in NEVER_ANSWERED]
    return bool(outcome_tables(stored).windows[silent].to_numpy().sum()) and can_be_asked(stage.scenario)


def _result(
    context: dg.AssetExecutionContext, lake: LakeResource, world: SourceTables, others: Iterable[pa.Table] = ()
) -> dg.MaterializeResult:
    stage = Stage.of(context, lake)

    with Said(stage) if stage.asset == NEGOTIATING else nullcontext() as said:
        return stage.table(
            lambda: in_ladder_order([simulated(stage, world, said), *others]),
            extra=lambda: made_from(stage),
            describe=outcome_metadata,
            lacks=lambda file: _lacks(stage, file),
            beside=said.finish if said else None,
            beside_of=functools.partial(take_from, stage) if said else None,
        )


def made_from(stage: Stage) -> list[str]:
    """What a stage's strategies rest on beside its tables."""
    return registered(stage.asset, stage.lake, stage.month, stage.scenario)


def in_ladder_order(tables: list[pa.Table]) -> pa.Table:
    """The rows of all tables, strategies as the registry orders them, days in order."""
    from vpp_core.strategies.registry import STRATEGIES

    rows = pa.concat_tables(tables)
    rank = [list(STRATEGIES).index(key) for key in rows.column("strategy").to_pylist()]
    return (
        rows.append_column("rank", pa.array(rank))
        .sort_by([("rank", "ascending"), ("local_day", "ascending")])
        .drop_columns("rank")
    )


@dg.asset(
    **described(
        "negotiation_results",
        "strategies",
        {"python", "langgraph"},
        "Aggregator and homes bargain in rounds for each window's energy and each day's reserves; preferences hold. "
        "Energy in kWh, money in $.",
    )
)
def negotiation_results(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    market_prices: pd.DataFrame,
    price_forecast: pd.DataFrame,
    solar_generation: pd.DataFrame,
    load_profiles: pd.DataFrame,
    prosumer_fleet: pa.Table,
) -> dg.MaterializeResult:
    world = SourceTables(market_prices, price_forecast, solar_generation, load_profiles, prosumer_fleet)
    return _result(context, lake, world)


@dg.asset(
    **described(
        "centralized_dispatch",
        "strategies",
        {"python", "cvxpy"},
        "One optimiser for all homes: obeying preferences, the same with exact forecasts, and ignoring preferences. "
        "Energy in kWh, money in $.",
    )
)
def centralized_dispatch(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    market_prices: pd.DataFrame,
    price_forecast: pd.DataFrame,
    solar_generation: pd.DataFrame,
    load_profiles: pd.DataFrame,
    prosumer_fleet: pa.Table,
) -> dg.MaterializeResult:
    world = SourceTables(market_prices, price_forecast, solar_generation, load_profiles, prosumer_fleet)
    return _result(context, lake, world)


@dg.asset(
    **described(
        "perfect_foresight_bound",
        "strategies",
        {"python", "highs"},
        "The best that anyone could have done knowing every price: upper bounds with their certified gap, in $.",
    )
)
def perfect_foresight_bound(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    market_prices: pd.DataFrame,
    price_forecast: pd.DataFrame,
    solar_generation: pd.DataFrame,
    load_profiles: pd.DataFrame,
    prosumer_fleet: pa.Table,
) -> dg.MaterializeResult:
    world = SourceTables(market_prices, price_forecast, solar_generation, load_profiles, prosumer_fleet)
    return _result(context, lake, world)


@dg.asset(
    **described(
        "window_results",
        "results",
        {"python"},
        "Every strategy on the same books, per window and per household and day: the ladder's raw material. "
        "Runs what the registry assigns to it: homes left alone, smart homes, and strategies that users add.",
    )
)
def window_results(  # noqa: PLR0913 (an asset's arguments are what it is made from)
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    market_prices: pd.DataFrame,
    price_forecast: pd.DataFrame,
    solar_generation: pd.DataFrame,
    load_profiles: pd.DataFrame,
    prosumer_fleet: pa.Table,
    negotiation_results: pa.Table,
    centralized_dispatch: pa.Table,
    perfect_foresight_bound: pa.Table,
) -> dg.MaterializeResult:
    world = SourceTables(market_prices, price_forecast, solar_generation, load_profiles, prosumer_fleet)
    return _result(context, lake, world, (negotiation_results, centralized_dispatch, perfect_foresight_bound))
