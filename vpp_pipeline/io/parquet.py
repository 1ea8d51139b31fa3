"""The one IO manager: a partition of an asset is one Parquet file, whole or absent.

`UPathIOManager` finds the partitions and works on folders and object stores alike, but hands out the final path to
write to, so writing goes through `lake.files`. What is loaded is verified against the digest in the file and the
table's contract: a consumer never starts from a damaged or missing upstream, whoever launched it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpp_core.calendar import Month, Period
from vpp_core.errors import InputError
from vpp_core.tables import CONTRACTS, OUTCOMES, Contract
from vpp_pipeline.io.resource import LakePlace
from vpp_pipeline.lake import TableFile
from vpp_pipeline.lake.files import write_whole
from vpp_pipeline.partitions import month_and_scenario

if TYPE_CHECKING:
    from upath import UPath

    from vpp_core.scenario import Scenario

INPUT_TABLES = ("market_prices", "solar_generation", "load_profiles", "price_forecast")
"""Tables with rules beyond their contract (`vpp_core.tables.checks`)."""

CONTRACT_OF_ASSET = dict.fromkeys(
    ("negotiation_results", "centralized_dispatch", "perfect_foresight_bound", "window_results"), OUTCOMES
)
"""Assets whose table is not of their own name."""


def contract_of(asset: str) -> Contract:
    """The contract of an asset's table."""
    return CONTRACT_OF_ASSET.get(asset) or CONTRACTS[asset]


def held_period(scenario: Scenario, asset: str, table: pa.Table, month: Month) -> Period:
    """The intervals that a table is to hold: a series those that plans look ahead into too, where it goes so far."""
    if asset not in INPUT_TABLES:
        return scenario.period(month)
    return scenario.known_period(month, len(pc.unique(table["timestamp"])))


def lake_parquet(place: LakePlace) -> dg.IOManagerDefinition:
    """The IO manager of a lake, opened when a run begins. Like the lake it takes no configuration."""
    return dg.IOManagerDefinition(lambda _: _LakeParquet(place), config_schema={}, description="Tables of the lake.")


class _LakeParquet(dg.UPathIOManager):
    extension = ".parquet"

    def __init__(self, place: LakePlace) -> None:
        self._lake = place.open()
        self._plausible: set[tuple[str, str]] = set()
        super().__init__(base_path=self._lake.root)

    def get_path_for_partition(self, context: Any, path: UPath, partition: str) -> UPath:
        month, scenario = partition.split("/")
        return self._lake.table_path(context.asset_key.path[-1], month, scenario).with_suffix("")

    def make_directory(self, path: UPath) -> None:
        """Made by the write itself, so that a refusal is explained once."""

    def dump_to_path(self, context: dg.OutputContext, obj: TableFile | None, path: UPath) -> None:
        """Put the file in its place; None says that what is there is current."""
        if obj is None:
            return
        try:
            write_whole(path, obj.content)
        except InputError as error:
            raise dg.Failure(str(error), allow_retries=False) from error

    def load_from_path(self, context: dg.InputContext, path: UPath) -> pd.DataFrame | pa.Table:
        """The verified table: a DataFrame where the asset's argument is annotated so, else an Arrow table."""
        month, scenario = month_and_scenario(f"{path.stem}|{path.parent.name}")
        asset = context.asset_key.path[-1]
        try:
            file = self._lake.read(asset, month, scenario, contract_of(asset))
            self._refuse_implausible(asset, file, month, scenario)
        except InputError as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        return file.table.to_pandas() if context.dagster_type.typing_type is pd.DataFrame else file.table

    def _refuse_implausible(self, asset: str, file: TableFile, month: Month, scenario: str) -> None:
        """What stopped the run that made a table stops whoever starts from it later. Looked at once per content."""
        if (asset, file.digest) in self._plausible:
            return
        from vpp_core.tables.checks import data_checks

        described = self._lake.scenario(scenario).in_month(month)
        period = held_period(described, asset, file.table, month)
        for result in data_checks(asset, file.table.to_pandas(), period) if asset in INPUT_TABLES else ():
            if result.blocking and not result.passed:
                raise InputError(
                    f"{asset} of {month}, scenario {scenario}, cannot be used ({result.name}: {result.message}); mend "
                    f"its source and make it anew with `vpp run --month {month} --scenario {scenario} --fresh`"
                )
        self._plausible.add((asset, file.digest))
