"""What a worker does: read the lake's tables, run the strategies for one aggregation, keep the outcomes in the lake."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from vpp_core.calendar import Month
from vpp_core.scenario import Scenario
from vpp_core.tables import OUTCOMES
from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.files import write_whole
from vpp_pipeline.lake.table_file import TableFile, encode

if TYPE_CHECKING:
    import pandas as pd
    from upath import UPath

    from vpp_core.fleet.fleet import Fleet
    from vpp_core.llm.gateway import Gateway
    from vpp_core.market.loads import Loads

FOLDER = "shards"
"""of a lake, with a folder for each stage of strategies"""
TABLES = ("market_prices", "price_forecast", "solar_generation")
LOAD_COLUMNS = ["timestamp", "profile_id", "load_kw", "usual_load_kw"]


@dataclass(frozen=True)
class Work:
    """What all shards of a stage have in common; small, since it goes to every worker."""

    lake_url: str
    raw: str
    month: str
    scenario_json: str
    """as the stage reads it"""
    keys: tuple[str, ...]
    recipe: str
    """digest of all that the result is made from"""
    folder: str
    """of the stage's shards, in the lake"""

    def lake(self) -> Lake:
        return Lake.at(self.lake_url, Path(self.raw))

    def path(self, aggregation_id: int) -> UPath:
        """Where a shard's outcomes are kept."""
        return self.lake().root / FOLDER / self.folder / f"{aggregation_id:07d}.parquet"


@dataclass(frozen=True)
class World:
    """The tables that every shard starts from."""

    scenario: Scenario
    frames: dict[str, pd.DataFrame]
    loads: Loads
    fleet: Fleet


@functools.lru_cache(maxsize=1)
def _world(lake_url: str, raw: str, month: str, scenario_json: str, recipe: str) -> World:
    """Read once in a worker's life; `recipe` changes with the tables' content."""
    from vpp_core.fleet.arrow import fleet_from_arrow
    from vpp_core.market.loads import Loads
    from vpp_pipeline.plugins import load_strategies

    load_strategies()
    lake, scenario = Lake.at(lake_url, Path(raw)), Scenario.from_json(scenario_json)
    frames = {name: lake.read(name, month, scenario.name).table.to_pandas() for name in TABLES}
    profiles = lake.read("load_profiles", month, scenario.name).table.select(LOAD_COLUMNS).to_pandas()
    loads = Loads.of(profiles, scenario, Month.parse(month))
    return World(scenario, frames, loads, fleet_from_arrow(lake.read("prosumer_fleet", month, scenario.name).table))


def run_shard(work: Work, aggregation_id: int, gateway: Gateway | None = None) -> dict[str, float]:
    """Run one aggregation and keep its outcomes; seconds by strategy and part."""
    from vpp_core.shards.split import shard_of
    from vpp_core.simulation import Inputs, outcomes_to_arrow, settled

    world = _world(work.lake_url, work.raw, work.month, work.scenario_json, work.recipe)
    fleet, kept = shard_of(world.fleet, aggregation_id)
    frames = world.frames
    inputs = Inputs.build(
        world.scenario,
        Month.parse(work.month),
        frames["market_prices"],
        frames["price_forecast"],
        frames["solar_generation"],
        world.loads,
        fleet,
    )
    tables: list[pa.Table] = []
    seconds: dict[str, float] = {}
    for result in settled(inputs, work.keys, gateway=gateway, kept=kept):
        tables.append(outcomes_to_arrow([result]))
        seconds |= {f"{result.strategy}_{part}": spent for part, spent in result.timings.items()}
    file = encode(pa.concat_tables(tables), OUTCOMES, work.recipe)
    write_whole(work.path(aggregation_id), file.content)
    return seconds


def stored_shard(work: Work, aggregation_id: int) -> TableFile | None:
    """A shard's outcomes, if they are there, whole and of this recipe."""
    from vpp_core.errors import InputError
    from vpp_pipeline.lake.table_file import decode

    path = work.path(aggregation_id)
    if not path.exists():
        return None
    try:
        file = decode(path.read_bytes(), OUTCOMES, str(path), "it is computed again")
    except InputError:
        return None
    return file if file.recipe == work.recipe else None
