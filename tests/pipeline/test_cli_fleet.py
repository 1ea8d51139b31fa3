"""`vpp fleet` and its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from vpp_core.fleet.arrow import same_fleet
from vpp_core.fleet.events import RECORDED
from vpp_core.fleet.export import fleet_from_json
from vpp_core.fleet.population import generate_fleet
from vpp_pipeline.cli.app import execute


def test_a_drawn_fleet_is_written_as_csv_and_json_that_reads_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VPP_LAKE", str(tmp_path / "lake"))
    assert execute(["fleet", "--homes", "30", "--seed", "7"]) == 0
    assert "adoption share: battery" in capsys.readouterr().out
    folder = tmp_path / "lake" / "fleets"
    assert len((folder / "fleet-30h-s7.csv").read_text().splitlines()) == 31
    assert same_fleet(fleet_from_json((folder / "fleet-30h-s7.json").read_text()), generate_fleet(30, 7))


def test_water_heaters_are_shown_where_homes_have_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VPP_LAKE", str(tmp_path / "lake"))
    assert execute(["fleet", "--homes", "30", "--water-heaters", "0.5"]) == 0
    drawn = generate_fleet(30, 42, appliance_shares={"water_heater": 0.5})
    counted = [line for line in capsys.readouterr().out.splitlines() if "water heater: count" in line]
    assert len(drawn.appliances["water_heater"]) > 0
    assert [line.replace("│", " ").split()[-1] for line in counted] == [str(len(drawn.appliances["water_heater"]))]
    assert (tmp_path / "lake" / "fleets" / "fleet-30h-s42-w50.csv").exists()


def test_recorded_events_stand_beside_the_fleet_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VPP_LAKE", str(tmp_path / "lake"))
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("vpp_core.fleet.events.RECORDED", RECORDED[1:2])
    assert execute(["events", "--homes", "20"]) == 0
    shown = capsys.readouterr().out
    assert "6.60" in shown and "what households offer, those in reach" in shown
    assert max(map(len, shown.splitlines())) <= 80
