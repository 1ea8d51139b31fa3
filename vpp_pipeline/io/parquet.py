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

from vpp_core.errors import InputError
from vpp_core.tables import CONTRACTS, OUTCOMES, Contract
from vpp_pipeline.io.resource import LakeResource
from vpp_pipeline.lake import TableFile
from vpp_pipeline.lake.files import write_whole
from vpp_pipeline.partitions import month_and_scenario

if TYPE_CHECKING:
    from upath import UPath

CONTRACT_OF_ASSET = dict.fromkeys(
    ("negotiation_results", "centralized_dispatch", "perfect_foresight_bound", "window_results"), OUTCOMES
)
"""Assets whose table is not of their own name."""


def contract_of(asset: str) -> Contract:
    """The contract of an asset's table."""
    return CONTRACT_OF_ASSET.get(asset) or CONTRACTS[asset]


class LakeParquetIOManager(dg.ConfigurableIOManagerFactory):
    """Builds `_LakeParquet` on the lake resource."""

    lake: LakeResource

    def create_io_manager(self, context: Any) -> _LakeParquet:
        return _LakeParquet(self.lake)


class _LakeParquet(dg.UPathIOManager):
    extension = ".parquet"

    def __init__(self, resource: LakeResource) -> None:
        self._lake = resource.open()
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
            table = self._lake.read(asset, month, scenario, contract_of(asset)).table
        except InputError as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        return table.to_pandas() if context.dagster_type.typing_type is pd.DataFrame else table
