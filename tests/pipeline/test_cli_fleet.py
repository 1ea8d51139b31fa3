"""`vpp fleet` and its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from vpp_core.fleet.export import fleet_from_json
from vpp_core.fleet.population import generate_fleet
from vpp_core.fleet.storage import same_fleet
from vpp_pipeline.cli.app import execute


def test_a_drawn_fleet_is_written_as_csv_and_json_that_reads_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VPP_LAKE", str(tmp_path / "lake"))
    assert execute(["fleet", "--homes", "30", "--seed", "7"]) == 0
    assert "adoption_share.battery" in capsys.readouterr().out
    folder = tmp_path / "lake" / "fleets"
    assert len((folder / "fleet-30h-s7.csv").read_text().splitlines()) == 31
    assert same_fleet(fleet_from_json((folder / "fleet-30h-s7.json").read_text()), generate_fleet(30, 7))
