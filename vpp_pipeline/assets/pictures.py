"""Pictures of the input tables: an interactive page in the lake and a small image on the asset's page in the UI.

Pages share one copy of plotly's script, so that a month's pages take a few hundred kilobytes.
"""

from __future__ import annotations

from typing import Any

import dagster as dg
import pyarrow as pa
from upath import UPath

from vpp_core.calendar import in_local_time
from vpp_pipeline.assets.preview import Describe, Image
from vpp_pipeline.lake.files import write_whole
from vpp_pipeline.lake.links import link_to
from vpp_pipeline.lake.plot_library import library_from, put_library
from vpp_pipeline.stage import Stage

LEVELS = 3
"""Folders from a picture up to the lake."""


def with_picture(
    stage: Stage,
    describe: Describe,
    of: str,
) -> Describe:
    """`describe` and a picture `of` market, solar or load: writes the page, returns both as metadata."""
    from vpp_core.results import plots_data

    page, thumbnail = getattr(plots_data, f"{of}_page"), getattr(plots_data, f"{of}_thumbnail")

    def pictured(table: pa.Table, image: Image) -> dict[str, Any]:
        frame = in_local_time(table.to_pandas(), stage.scenario.operator)
        path = page_of(stage)
        if not (image.last and path.exists()):
            write_page(stage, page(frame, library_from(LEVELS)))
        return {
            "picture": image(lambda: thumbnail(frame)),
            "plot": dg.MetadataValue.url(link_to(stage.lake, path)),
            **describe(table, image),
        }

    return pictured


def page_of(stage: Stage, name: str | None = None) -> UPath:
    """Where a page lies in the lake's plots, by default the asset's own."""
    return stage.lake.plots / stage.scenario.name / str(stage.month) / f"{name or stage.asset}.html"


def write_page(stage: Stage, content: str, name: str | None = None) -> None:
    """Put a page whole into the lake's plots, beside the script it needs."""
    put_library(stage.lake)
    write_whole(page_of(stage, name), content.encode())
