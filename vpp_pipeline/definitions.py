"""All that Dagster loads. No data is read or fetched here: assets find the lake when they run."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from vpp_pipeline.assets import data, homes, results, strategies
from vpp_pipeline.assets.spec import IO_MANAGER, linked_to_code
from vpp_pipeline.checks import all_checks
from vpp_pipeline.io import LakePlace, lake_parquet
from vpp_pipeline.jobs import benchmark
from vpp_pipeline.plugins import load_strategies
from vpp_pipeline.schedules import monthly_benchmark
from vpp_pipeline.sensors import failed_runs, scenarios_from_lake

ASSET_MODULES = [data, homes, strategies, results]


def build_defs(
    lake: LakePlace | None = None, loggers: Mapping[str, dg.LoggerDefinition] | None = None, **overrides: Any
) -> dg.Definitions:
    """The code location. `lake` is where a test or the command line wants it; by default it is found at run time."""
    load_strategies()
    lake = lake or LakePlace()
    arguments: dict[str, Any] = {
        "assets": _assets(),
        "asset_checks": _checks(),
        "jobs": [benchmark],
        "schedules": [monthly_benchmark],
        "sensors": [scenarios_from_lake, failed_runs],
        "resources": {"lake": lake.definition(), IO_MANAGER: lake_parquet(lake)},
        "loggers": loggers,
        "executor": dg.in_process_executor,
    }
    return dg.Definitions(**(arguments | overrides))


@functools.cache
def _assets() -> Sequence[Any]:
    """The assets, made once a process, as the checks are: both are the same wherever the lake is."""
    return linked_to_code(dg.load_assets_from_modules(ASSET_MODULES))


@functools.cache
def _checks() -> Sequence[dg.AssetChecksDefinition]:
    return all_checks()


defs = build_defs()
