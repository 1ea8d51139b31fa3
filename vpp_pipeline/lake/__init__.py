"""The lake as files: scenarios, tables, reports and the report database. Knows no Dagster.

Every file appears whole or not at all, and a table that was truncated or edited is refused by name. Layout:

    raw/                                   dropped in by people, or kept from services
    scenarios/<name>.json                  what made the results of that name, frozen
    tables/<table>/<scenario>/<month>.parquet
    tables/study/<study>/<month>.parquet   what came out of `vpp study`
    reports/<scenario>/<month>/            simulation_report.html and its siblings
    plots/<scenario>/<month>/              pictures of the inputs; plots/plotly-….min.js draws all pages
    fleets/fleet-<homes>h-s<seed>.csv      homes that `vpp fleet` drew, and .json
    households/<name>.json                 described on the dashboard
    reports.duckdb                         all of it for questions, rebuilt from the tables
    run_log.jsonl                          when, how long, why it failed; outside every comparison
"""

from vpp_pipeline.lake.lake import Lake
from vpp_pipeline.lake.table_file import TableFile

__all__ = ["Lake", "TableFile"]
