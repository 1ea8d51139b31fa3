"""Whoever ran a month with options finds its result by giving them again."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
import typer

from tests.pipeline.tiny import MONTH, TINY, Ran
from vpp_pipeline.cli.app import app, execute
from vpp_pipeline.cli.choice import ScenarioOptions


@pytest.mark.parametrize("command", ["run", "ladder", "day", "report", "negotiate"])
def test_what_runs_a_month_and_what_shows_it_choose_a_scenario_by_the_same_options(command: str) -> None:
    taken = {option.name for option in typer.main.get_command(app).commands[command].params}  # type: ignore[attr-defined]
    assert {field.name for field in fields(ScenarioOptions)} <= taken


@pytest.mark.slow
def test_a_run_of_some_strategies_is_shown_by_every_view_that_is_given_them(
    ran: Ran, tmp_path: Path, no_home: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VPP_LAKE", str(ran.folder))
    chosen = ["--scenario", TINY.name, "--strategies", "centralized_aware,smart_home"]
    assert execute(["run", "--month", MONTH, *chosen]) == 0
    name = f"{TINY.name}-2strategies_"
    assert execute(["ladder", "--month", MONTH, *chosen]) == 0
    shown = capsys.readouterr().out
    assert f"scenario {name}" in shown.split("6 homes")[-1] and "negotiated" not in shown.split("6 homes")[-1]
    mail = tmp_path / "mail.html"
    assert execute(["report", "--month", MONTH, *chosen, "--out", str(mail)]) == 0
    assert name in mail.read_text(encoding="utf-8")
    assert execute(["day", "--day", f"{MONTH}-01", *chosen]) == 0
    assert f"{name}" in capsys.readouterr().out
