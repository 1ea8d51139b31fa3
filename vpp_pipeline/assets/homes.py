"""The homes: devices, cars and preferences, drawn from the scenario's seed, and those described in the raw folder."""

import hashlib
from pathlib import Path

import dagster as dg
import pyarrow as pa

from vpp_core.errors import InputError
from vpp_pipeline.assets.preview import fleet_metadata
from vpp_pipeline.assets.spec import described
from vpp_pipeline.io import LakeResource
from vpp_pipeline.stage import Stage


@dg.asset(
    **described(
        "prosumer_fleet",
        "homes",
        {"python"},
        "The homes of the scenario: battery (kWh, kW), cars, solar (kW DC), and what each household prefers. "
        "Households described in raw/households.txt, .csv or .json join them.",
    )
)
def prosumer_fleet(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    from vpp_core.fleet.arrow import fleet_to_arrow
    from vpp_core.fleet.population import generate_fleet
    from vpp_core.fleet.strictness import stricter
    from vpp_core.fleet.text import join_described

    stage = Stage.of(context, lake)

    def compute() -> pa.Table:
        scenario = stage.scenario
        drawn = generate_fleet(
            scenario.homes,
            scenario.seed,
            appliance_shares=scenario.appliance_shares,
            homes_per_aggregation=scenario.market.homes_per_aggregation,
        )
        fleet = stricter(drawn, scenario.preference_strictness)
        joined = join_described(
            fleet, described_files(stage.lake.raw), keep_words=scenario.negotiation.speaks_for_homes
        )
        if joined.joined or joined.refused:
            stage.notes |= {
                "described_households": joined.joined,
                "descriptions_left_out": len(joined.refused),
                "descriptions_not_wholly_understood": len(joined.not_understood),
            }
        for sentence in (*joined.refused, *joined.not_understood):
            stage.log.warning(sentence)
        return fleet_to_arrow(joined.fleet)

    def digest() -> list[str]:
        return [
            f"{name}={hashlib.sha256(content).hexdigest()[:16]}"
            for name, content in described_files(stage.lake.raw).items()
        ]

    return stage.table(compute, extra=digest, describe=fleet_metadata)


def described_files(raw: Path) -> dict[str, bytes]:
    """Name → content of the files of households in the raw folder; one that cannot be opened is an `InputError`."""
    found = {}
    for ending in ("csv", "json", "txt"):
        file = raw / f"households.{ending}"
        if file.is_file():
            try:
                found[file.name] = file.read_bytes()
            except OSError as error:
                raise InputError(f"{file} cannot be read ({error.strerror}); mend or remove it") from error
    return found
