"""Pictures of the inputs: pages in the lake, small images in the UI."""

from __future__ import annotations

import base64
import errno
import re
from pathlib import Path

import dagster as dg
import pytest
from dagster import AssetKey

from tests.pipeline.test_definitions import GRAPH
from tests.pipeline.tiny import MONTH, TINY, Ran
from vpp_core.errors import InputError
from vpp_core.results import plots_data, thumbnails
from vpp_pipeline.assets import pictures
from vpp_pipeline.lake.plot_library import library_name
from vpp_pipeline.origin import origin_of

INPUTS = ("market_prices", "solar_generation", "load_profiles")


@pytest.mark.parametrize("table", [*INPUTS, "overview"])
def test_a_run_leaves_a_page_beside_the_script_it_needs(ran: Ran, table: str) -> None:
    page = ran.lake.plots / TINY.name / MONTH / f"{table}.html"
    script = re.search(r'src="([^"]*plotly-[0-9.]+\.min\.js)"', page.read_text())
    assert script is not None
    assert (page.parent / script[1]).resolve() == (ran.lake.plots / library_name()).resolve()
    assert len(page.read_bytes()) < 1_000_000


def test_the_report_s_page_uses_the_same_script_and_a_damaged_one_is_put_right(ran: Ran) -> None:
    page = ran.lake.report_folder(MONTH, TINY.name) / "simulation_report.html"
    text = page.read_text()
    script = re.search(r'<script src="([^"]+)" onerror="[^"]*no-library[^"]*"></script>', text)
    assert script is not None and 'id="no-library" hidden' in text
    assert not re.search(r"<(img|iframe|link)[^>]+(src|href)\s*=|https?://(?!cdn.plot)[^\"]*\.js", text)
    library = (Path(str(page)).parent / script[1]).resolve()
    whole = library.read_bytes()
    assert b"plotly.js v" in whole and len(page.read_bytes()) < 1_500_000
    library.write_bytes(whole[:1000])
    assert ran.again(assets=["benchmark_report"]).succeeded
    assert library.read_bytes() == whole
    assert [path.name for path in (ran.folder / "plots").glob("*.js")] == [library.name]


def test_a_page_that_cannot_be_written_fails_the_stage_with_the_reason(
    ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise InputError("the disk is full") from OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pictures, "write_whole", refuse)
    (ran.lake.plots / TINY.name / MONTH / "market_prices.html").unlink()
    assert ran.again(assets=["market_prices"]).faults == ("the disk is full",)


@pytest.mark.parametrize("table", GRAPH)
def test_an_asset_s_page_begins_with_an_image_of_less_than_20_kb(ran: Ran, table: str) -> None:
    shown_by_run = metadata(ran, table, ran.result.run_id)
    names = [name for name in shown_by_run if not name.startswith(("dagster/", "surplus_"))]
    assert names.index("picture") <= 3, "only figures and the report's answer and link stand before it"
    shown = shown_by_run["picture"]
    image = base64.b64decode(shown.split("base64,")[1].rstrip(")"))
    assert image.startswith(b"\x89PNG")
    assert len(image) < 20_000


def test_a_picture_of_a_table_that_is_still_the_same_is_not_drawn_again(
    ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ran.again(assets=["load_profiles", "prosumer_fleet"]).succeeded
    before = metadata(ran, "prosumer_fleet")["picture"], metadata(ran, "load_profiles")["picture"]
    drawings: list[str] = []
    monkeypatch.setattr(thumbnails, "fleet_thumbnail", lambda _: drawings.append("fleet") or b"fleet")
    monkeypatch.setattr(plots_data, "load_thumbnail", lambda _: drawings.append("load") or b"load")
    assert ran.again(assets=["load_profiles", "prosumer_fleet"]).succeeded
    assert (metadata(ran, "prosumer_fleet")["picture"], metadata(ran, "load_profiles")["picture"]) == before
    assert drawings == []
    assert ran.again(assets=["prosumer_fleet"], fresh=True).succeeded
    assert drawings == ["fleet"]


@pytest.mark.parametrize("table", [*INPUTS, "price_forecast", "prosumer_fleet"])
def test_an_input_s_page_shows_some_of_its_rows(ran: Ran, table: str) -> None:
    assert metadata(ran, table)["preview"].count("\n") == 1 + 5


def test_the_report_s_page_opens_with_the_answer(ran: Ran) -> None:
    said = metadata(ran, "benchmark_report")["answer"]
    assert "negotiating" in said.lower()
    assert said in (ran.folder / "reports" / TINY.name / MONTH / "simulation_report.md").read_text()
    assert "## " not in said
    assert said.startswith(metadata(ran, "benchmark_report")["found"])
    link = metadata(ran, "benchmark_report")["report"]
    assert link == f"lake/reports/{TINY.name}/{MONTH}/simulation_report.html"


def test_a_run_of_the_command_line_is_one_of_the_job_s_in_the_timeline(ran: Ran) -> None:
    run = ran.instance.get_run_by_id(ran.result.run_id)
    assert run is not None and run.remote_job_origin == origin_of("benchmark")
    of_the_job = dg.RunsFilter(job_name="benchmark", tags={".dagster/repository": "__repository__@vpp_pipeline"})
    assert ran.result.run_id in [found.run_id for found in ran.instance.get_runs(of_the_job)]


def metadata(ran: Ran, asset: str, run_id: str | None = None) -> dict[str, str]:
    """What the latest materialization of an asset shows, or that of a run; other tests run assets in this instance."""
    if run_id is None:
        event = ran.instance.get_latest_materialization_event(AssetKey(asset))
    else:
        of_run = ran.instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION).records
        event = next(r.event_log_entry for r in of_run if r.event_log_entry.dagster_event.asset_key == AssetKey(asset))
    assert event is not None and event.asset_materialization is not None
    return {name: str(value.value) for name, value in event.asset_materialization.metadata.items()}
