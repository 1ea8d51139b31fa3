"""Nothing in the raw folder is passed over in silence: tables, command line, page and report name it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.pipeline.tiny import in_memory
from vpp_core.scenario import Scenario
from vpp_pipeline import batch, runner
from vpp_pipeline.cli.app import execute
from vpp_pipeline.io import LakePlace
from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.unread import unread_files

MONTH = "2023-08"
FILES = {"oasis/notes.txt": "hello", "load/home.xlsx": "x", "load/.DS_Store": "x", "prices.csv": "x"}
NAMES = ["load/home.xlsx", "oasis/notes.txt", "prices.csv"]


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake with files in its raw folder that nobody reads, and no network."""
    for name, text in FILES.items():
        path = tmp_path / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for variable, value in {
        "VPP_LAKE": str(tmp_path),
        "VPP_RAW": str(tmp_path / "raw"),
        "VPP_OASIS_URL": "http://127.0.0.1:9",
        "VPP_GRIDSTATUS_URL": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(runner, "shared_instance", in_memory)
    return Lake.at(tmp_path)


def test_the_command_line_names_them_also_when_the_tables_are_reused(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert execute(["data", "--month", MONTH, "--homes", "2", "--first-days", "1"]) == 0
        said = capsys.readouterr().err
        assert "not read: oasis/notes.txt: a file of a kind that is not read here (.txt)" in said
        assert "not read: load/home.xlsx: a spreadsheet; save the sheet as CSV" in said
        assert "not read: prices.csv: not in raw/oasis, raw/ercot (prices) or raw/load (meters)" in said
        assert "DS_Store" not in said
    (lake.raw / "prices.csv").unlink()
    assert execute(["data", "--month", MONTH, "--homes", "2", "--first-days", "1"]) == 0
    assert "prices.csv" not in capsys.readouterr().err


def test_a_backfill_names_them_once_and_for_which_months(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["--homes", "2", "--first-days", "1"]
    assert execute(["data", "--month", MONTH, *small]) == 0
    monkeypatch.setattr(batch, "_vpp", lambda _: (0, ""))
    for first, where in ((MONTH, ""), ("2023-07", f"{MONTH} reference-2h-1days: ")):
        capsys.readouterr()
        assert execute(["backfill", "--from", first, "--to", MONTH, *small]) == 0
        lines = capsys.readouterr().err.splitlines()
        assert f"{where}not read: load/home.xlsx: a spreadsheet; save the sheet as CSV" in lines
        assert sum("prices.csv" in line for line in lines) == 1


def test_the_asset_s_page_and_the_report_name_them(lake: Lake) -> None:
    scenario = Scenario(name="small", homes=4, first_days=1, strategies=("smart_home",))
    lake.freeze(scenario)
    with in_memory() as instance:
        result = runner.run_month(instance, MONTH, "small", lake=LakePlace(url=str(lake.root)))
        assert result.succeeded, result.faults
        events = instance.get_records_for_run(result.run_id).records
        told = {
            event.asset_key.path[-1]: event.asset_materialization.metadata["not_read"].value
            for event in events
            if event.asset_materialization and "not_read" in event.asset_materialization.metadata
        }
    assert set(told) == {"market_prices", "load_profiles"}
    assert "oasis/notes.txt" in told["market_prices"] and "home.xlsx" in told["load_profiles"]
    assert sorted(entry.file for entry in unread_files(lake, MONTH, "small")) == NAMES
    folder = lake.report_folder(MONTH, "small")
    summary = json.loads((folder / "simulation_summary.json").read_text())
    (sentence,) = [text for text in summary["observations"] if text.startswith("Not read of the raw folder")]
    assert all(name in sentence for name in NAMES)
    assert all(name in (folder / "simulation_report.html").read_text() for name in NAMES)
