"""All shards of a stage: those that are missing are run, and the fleet's outcomes are made of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, as_completed
from typing import TYPE_CHECKING

import pyarrow as pa

from vpp_core.errors import InputError
from vpp_core.shards.merge import merged
from vpp_pipeline.shards.pools import pool_at
from vpp_pipeline.shards.work import Work, run_shard, stored_shard

if TYPE_CHECKING:
    from vpp_core.llm.gateway import Gateway

MAX_DEATHS = 5
"""Times in a row that a pool may lose a worker without a shard being finished in between."""

Progress = Callable[[int, int], None]
"""Gets how many shards are done, and of how many."""


def run_fleet(
    work: Work,
    aggregation_ids: Sequence[int],
    place: str,
    progress: Progress,
    log: logging.Logger,
    gateway: Gateway | None = None,
    anew: bool = False,
) -> tuple[pa.Table, dict[str, float]]:
    """OUTCOMES of the fleet, and the seconds that strategies took, all shards added up.

    What is in the lake already is not run again, unless all is asked for `anew`. A worker that dies is replaced; what
    it was at is run again. A `gateway` to a language model does not leave this process, so with one the place is
    `here`.
    """
    missing = [number for number in aggregation_ids if anew or stored_shard(work, number) is None]
    if len(missing) < len(aggregation_ids):
        log.info(f"{len(aggregation_ids) - len(missing)} of {len(aggregation_ids)} aggregations are there already")
    seconds: dict[str, float] = {}
    deaths = 0
    while missing:
        before = len(missing)
        try:
            with pool_at(place, len(missing)) as pool:
                running = {pool.submit(run_shard, work, number, gateway): number for number in missing}
                for future in as_completed(running):
                    for name, more in future.result().items():
                        seconds[name] = seconds.get(name, 0.0) + more
                    missing.remove(running[future])
                    progress(len(aggregation_ids) - len(missing), len(aggregation_ids))
        except BrokenExecutor as error:
            deaths = 0 if len(missing) < before else deaths + 1
            log.warning(f"a worker died ({error}); {len(missing)} aggregations are run again")
            if deaths >= MAX_DEATHS:
                raise InputError(
                    f"{deaths} workers died in a row, most likely for lack of memory; take fewer at once, such as "
                    "--on processes:1, or smaller aggregations (market.homes_per_aggregation)"
                ) from error
    return merged([_read(work, number) for number in aggregation_ids]), seconds


def _read(work: Work, aggregation_id: int) -> pa.Table:
    file = stored_shard(work, aggregation_id)
    if file is None:
        raise InputError(f"{work.path(aggregation_id)} was removed or damaged while the fleet ran; run again")
    return file.table
