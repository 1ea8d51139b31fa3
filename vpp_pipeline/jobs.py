"""The one job: a month of a scenario, sources to report, in one process.

In one process the eleven assets cost a second of orchestration; a process per step costs twenty. A second process that
knows no Dagster takes strategies meanwhile (`ahead`); beyond that, parallel is across months: several runs at once into
the same lake.
"""

from __future__ import annotations

import dagster as dg

benchmark = dg.define_asset_job(
    "benchmark",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="A month of a scenario from sources to report: all assets and their checks, in one process.",
)
