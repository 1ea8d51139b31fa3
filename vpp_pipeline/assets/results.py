"""Results: key figures, and the files that people read."""

import dagster as dg
import pandas as pd
import pyarrow as pa

from vpp_pipeline.assets.preview import kpi_metadata
from vpp_pipeline.assets.report import ReportTables, publish
from vpp_pipeline.assets.spec import common, described
from vpp_pipeline.io import LakeResource
from vpp_pipeline.stage import Stage


@dg.asset(
    **described(
        "kpi_monthly",
        "results",
        {"python"},
        "Key figures per strategy and month, the unit in each name: surplus and its parts in $, satisfaction 0–1.",
    ),
    # Not read. Dagster tells of a stale asset by its own inputs alone: so new prices show at the key figures at once.
    deps=["market_prices"],
)
def kpi_monthly(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    window_results: pa.Table,
    prosumer_fleet: pa.Table,
) -> dg.MaterializeResult:
    from vpp_core.fleet.arrow import fleet_from_arrow
    from vpp_core.results import kpis

    stage = Stage.of(context, lake)
    return stage.table(
        lambda: kpis.kpi_monthly(window_results, stage.scenario, stage.month, fleet_from_arrow(prosumer_fleet)),
        describe=kpi_metadata,
    )


@dg.asset(
    **common("benchmark_report", "results", {"python", "markdown", "duckdb"}),
    description="The month for people: simulation_report, simulation_summary.json and simulation_results.csv in the "
    "lake's reports folder, and reports.duckdb rebuilt from the tables of every month and scenario in the lake.",
)
def benchmark_report(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    kpi_monthly: pd.DataFrame,
    window_results: pa.Table,
    market_prices: pd.DataFrame,
    solar_generation: pd.DataFrame,
    load_profiles: pd.DataFrame,
    price_forecast: pd.DataFrame,
    prosumer_fleet: pa.Table,
) -> dg.MaterializeResult:
    tables = ReportTables(
        kpi_monthly, window_results, market_prices, solar_generation, load_profiles, price_forecast, prosumer_fleet
    )
    return publish(Stage.of(context, lake), tables)
