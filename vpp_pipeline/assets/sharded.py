"""A stage of strategies for a fleet of several aggregations: each run by itself, where the run says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext

import pyarrow as pa

from vpp_pipeline.stage import Stage


def in_shards(stage: Stage, keys: Sequence[str], aggregation_ids: Sequence[int], extra: Iterable[str]) -> pa.Table:
    """OUTCOMES of the strategies, from all aggregations of the fleet."""
    from vpp_core.strategies.registry import STRATEGIES
    from vpp_pipeline.lake.answers import gateway_of
    from vpp_pipeline.shards.fleet import run_fleet
    from vpp_pipeline.shards.work import Work

    recipe = stage.recipe(*extra)
    work = Work(
        lake_url=str(stage.lake.root),
        raw=str(stage.lake.raw),
        month=str(stage.month),
        scenario_json=stage.scenario.to_json(),
        keys=tuple(keys),
        recipe=recipe,
        folder=f"{stage.asset}-{recipe}",
    )
    asks = stage.scenario.negotiation.decider == "llm" and any(STRATEGIES[key].negotiates for key in keys)
    told = 0.0

    def progress(done: int, of: int) -> None:
        nonlocal told
        stage.progress(f"{done} of {of} aggregations", done / of)
        if done == of or done / of - told >= 0.1:
            told = done / of
            stage.log.info(f"{done} of {of} aggregations are done")

    gateways = gateway_of(stage.lake, stage.month, stage.scenario, anew=stage.refetch) if asks else nullcontext()
    with gateways as gateway:
        place = "here" if asks else stage.on
        table, seconds = run_fleet(
            work, aggregation_ids, place, progress, stage.log, gateway, anew=stage.fresh or stage.refetch
        )
    stage.notes |= {f"seconds_{name}": round(spent, 3) for name, spent in seconds.items()}
    return table
