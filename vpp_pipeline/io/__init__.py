"""How assets reach the lake: the resource that knows where it is, and the IO manager that moves tables."""

from vpp_pipeline.io.parquet import LakeParquetIOManager
from vpp_pipeline.io.resource import LakeResource

__all__ = ["LakeParquetIOManager", "LakeResource"]
