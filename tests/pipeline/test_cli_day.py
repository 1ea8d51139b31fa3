"""`vpp day`: a page of its own for any day and home of a month, kept or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline.tiny import MONTH, TINY, Ran
from vpp_core.settlement.outcome import outcome_tables
from vpp_core.tables import OUTCOMES
from vpp_pipeline.cli.app import execute

DAY = f"{MONTH}-01"
ASKED = ["day", "--scenario", TINY.name, "--day"]


@pytest.fixture
def own_lake(ran: Ran, no_home: None, monkeypatch: pytest.MonkeyPatch) -> Ran:
    monkeypatch.setenv("VPP_LAKE", str(ran.folder))
    return ran


def test_the_busiest_home_s_day_lies_beside_the_report(own_lake: Ran, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute([*ASKED, DAY]) == 0
    page = own_lake.lake.report_folder(MONTH, TINY.name) / f"day-{DAY}.html"
    assert str(page) in capsys.readouterr().out
    text = page.read_text()
    assert "largest awards" in text and 'id="plot-fleet-5"' in text
    report = own_lake.lake.report_folder(MONTH, TINY.name) / "simulation_report.html"
    assert 'id="hours"' in report.read_text()


def test_a_home_whose_intervals_are_not_kept_is_run_again(own_lake: Ran, capsys: pytest.CaptureFixture[str]) -> None:
    stored = own_lake.lake.read("window_results", MONTH, TINY.name, OUTCOMES).table
    kept = set(outcome_tables(stored).intervals["home_id"])
    other = min(set(range(TINY.homes)) - kept)
    assert execute([*ASKED, DAY, "--home", str(other)]) == 0
    assert "once more" in capsys.readouterr().err
    page = own_lake.lake.report_folder(MONTH, TINY.name) / f"day-{DAY}-home-{other}.html"
    assert f"Home {other} and the fleet on {DAY}" in page.read_text()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["yesterday"], "'yesterday' is not a day"),
        (["2023-13-01"], "is not a day"),
        ([f"{MONTH}-02"], f"day {MONTH}-02 is not in the run"),
        ([DAY, "--home", "77"], "home 77 is not in the fleet, which has homes 0 to 5"),
        (["2999-01-01"], "is not over yet"),
    ],
)
def test_a_day_or_home_that_is_not_there_is_refused_in_a_sentence(
    own_lake: Ran, asked: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute([*ASKED, *asked]) == 2
    assert said in capsys.readouterr().err


def test_a_home_that_is_not_there_is_refused_before_the_month_is_computed(
    tmp_path: Path, no_home: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VPP_LAKE", str(tmp_path / "lake"))
    assert execute(["day", "--day", DAY, "--homes", "6", "--first-days", "1", "--home", "77"]) == 2
    assert "home 77 is not in the fleet, which has homes 0 to 5" in capsys.readouterr().err
    assert [folder.name for folder in (tmp_path / "lake" / "tables").iterdir()] == ["prosumer_fleet"]
