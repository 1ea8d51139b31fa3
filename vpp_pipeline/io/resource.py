"""The lake as a Dagster resource that takes no configuration.

Where results are written and raw files read is decided by who starts the process, through its environment. A field of
the resource would be a field of every run's configuration: whoever can launch a run could have it write anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from vpp_pipeline import project
from vpp_pipeline.lake import Lake


@dataclass(frozen=True)
class LakePlace:
    """Where tables, scenarios and reports are kept."""

    url: str = ""
    """folder or URL; empty: VPP_LAKE, else data_lake in the project"""
    raw: str = ""
    """folder of raw files; empty: VPP_RAW, else raw in the lake"""

    def open(self) -> Lake:
        """The lake, found now: nothing is read when definitions load."""
        if self.url:
            return Lake.at(self.url, Path(self.raw) if self.raw else None)
        return Lake.at(project.lake_url(), Path(self.raw) if self.raw else project.raw_folder())

    def definition(self) -> dg.ResourceDefinition:
        """Make a resource of this place; configuration given for it is refused."""
        return dg.ResourceDefinition(lambda _: self, config_schema={}, description="Where the lake is.")


LakeResource = dg.ResourceParam[LakePlace]
"""The annotation of an argument that is the lake's place."""
