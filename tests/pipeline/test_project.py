"""Where things are, wherever the command is started: a fresh checkout, a home that is absent, given, or read-only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vpp_core.errors import InputError
from vpp_pipeline import project

ROOT = Path(__file__).parents[2]


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A copy of the packages and settings in another folder, as a clone is; compiled, which takes ten seconds."""
    clone = tmp_path / "some where"
    for name in ("vpp_core", "vpp_pipeline"):
        shutil.copytree(ROOT / name, clone / name)
    for name in ("pyproject.toml", "dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / name, clone / name)
    return clone


@pytest.mark.slow
def test_a_fresh_clone_keeps_its_lake_and_its_runs_in_itself_wherever_it_is_started(
    elsewhere: Path, tmp_path: Path
) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("VPP_LAKE", "VPP_RAW", "DAGSTER_HOME")}
    arguments = ["data", "--month", "2023-08", "--homes", "2", "--first-days", "1", "--source", "synthetic"]
    done = subprocess.run(
        [sys.executable, "-m", "vpp_pipeline.cli", *arguments],
        env=environment | {"PYTHONPATH": str(elsewhere)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Telemetry" not in done.stderr
    assert list((elsewhere / "data_lake" / "tables" / "market_prices").rglob("2023-08.parquet"))
    assert (elsewhere / ".dagster" / "dagster.yaml").read_bytes() == (ROOT / "dagster.yaml").read_bytes()
    assert list((elsewhere / ".dagster").rglob("*.db"))
    assert os.listdir(tmp_path) == [elsewhere.name]


def test_without_a_home_the_project_s_own_is_made_and_named_to_dagster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.setattr(project, "project_root", lambda: tmp_path)
    assert project.prepare_dagster_home() == tmp_path / ".dagster"
    assert os.environ["DAGSTER_HOME"] == str(tmp_path / ".dagster")
    told = (tmp_path / ".dagster" / "dagster.yaml").read_text()
    assert told == (ROOT / "dagster.yaml").read_text(), "outside a checkout, too, where no dagster.yaml lies about"


def test_a_given_home_keeps_its_settings_and_an_empty_one_gets_the_project_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "team"))
    project.prepare_dagster_home()
    settings = tmp_path / "team" / "dagster.yaml"
    assert settings.read_bytes() == (ROOT / "dagster.yaml").read_bytes()
    settings.write_text("telemetry: {enabled: false}")
    project.prepare_dagster_home()
    assert settings.read_text() == "telemetry: {enabled: false}"


def test_a_home_that_cannot_be_written_is_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(InputError, match="set DAGSTER_HOME to a folder that can"):
        project.prepare_dagster_home()
