"""The homes: devices, cars and preferences, drawn from the scenario's seed."""

import dagster as dg
import pyarrow as pa

from vpp_pipeline.assets.preview import fleet_metadata
from vpp_pipeline.assets.spec import described
from vpp_pipeline.io import LakeResource
from vpp_pipeline.stage import Stage


@dg.asset(
    **described(
        "prosumer_fleet",
        "homes",
        {"python"},
        "The homes of the scenario: battery (kWh, kW), cars, solar (kW DC), and what each household prefers.",
    )
)
def prosumer_fleet(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    from vpp_core.fleet.population import generate_fleet
    from vpp_core.fleet.storage import fleet_to_arrow

    stage = Stage.of(context, lake)

    def compute() -> pa.Table:
        return fleet_to_arrow(generate_fleet(stage.scenario.homes, stage.scenario.seed))

    return stage.table(compute, describe=fleet_metadata)
