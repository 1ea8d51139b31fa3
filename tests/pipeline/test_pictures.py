"""Pictures of the inputs: pages in the lake, small images in the UI."""

from __future__ import annotations

import base64
import re

import pytest
from dagster import AssetKey, DagsterEventType, EventRecordsFilter

from tests.pipeline.tiny import MONTH, TINY, Ran

INPUTS = ("market_prices", "solar_generation", "load_profiles")


@pytest.mark.parametrize("table", [*INPUTS, "overview"])
def test_a_run_leaves_a_page_beside_the_script_it_needs(ran: Ran, table: str) -> None:
    page = ran.lake.plots / TINY.name / MONTH / f"{table}.html"
    script = re.search(r'src="([^"]*plotly\.min\.js)"', page.read_text())
    assert script is not None
    assert (page.parent / script[1]).resolve() == (ran.lake.plots / "plotly.min.js").resolve()
    assert len(page.read_bytes()) < 1_000_000


@pytest.mark.parametrize("table", INPUTS)
def test_an_asset_s_page_shows_an_image_of_less_than_20_kb(ran: Ran, table: str) -> None:
    records = ran.instance.get_event_records(
        EventRecordsFilter(DagsterEventType.ASSET_MATERIALIZATION, asset_key=AssetKey(table)), limit=1
    )
    materialization = records[0].asset_materialization
    assert materialization is not None
    shown = str(materialization.metadata["picture"].value)
    image = base64.b64decode(shown.split("base64,")[1].rstrip(")"))
    assert image.startswith(b"\x89PNG")
    assert len(image) < 20_000
