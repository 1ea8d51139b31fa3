"""The lake as a Dagster resource."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
from pydantic import Field

from vpp_pipeline import project
from vpp_pipeline.lake import Lake


class LakeResource(dg.ConfigurableResource):
    """Where tables, scenarios and reports are kept."""

    url: str = Field("", description="folder or URL; empty: VPP_LAKE, else data_lake in the project")
    raw: str = Field("", description="folder of raw files; empty: VPP_RAW, else raw in the lake")

    def open(self) -> Lake:
        """The lake, found now: nothing is read when definitions load."""
        if self.url:
            return Lake.at(self.url, Path(self.raw) if self.raw else None)
        return Lake.at(project.lake_url(), Path(self.raw) if self.raw else project.raw_folder())
