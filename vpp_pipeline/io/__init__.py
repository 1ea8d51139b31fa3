"""How assets reach the lake: the resource that knows where it is, and the IO manager that moves tables."""

from vpp_pipeline.io.parquet import lake_parquet
from vpp_pipeline.io.resource import LakePlace, LakeResource

__all__ = ["LakePlace", "LakeResource", "lake_parquet"]
