"""Links to the lake's reports and pictures, as Dagster's pages hold them (`ui.lake_pages` answers them)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upath import UPath

    from vpp_pipeline.lake.lake import Lake

SERVED_AT = "lake"


def link_to(lake: Lake, path: UPath) -> str:
    """The link to a file of the lake's reports or plots; relative, so that it holds wherever the pages are served."""
    return f"{SERVED_AT}/{path.relative_to(lake.root).as_posix()}"
