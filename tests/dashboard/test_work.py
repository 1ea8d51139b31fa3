"""Commands that a page starts: followed, cancelled, and told why they failed; and the pages of data and studies."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from tests.dashboard.conftest import said
from tests.pipeline.tiny import MONTH, TINY
from vpp_core.results.text import percent
from vpp_dashboard import dagster_pages, jobs, queries
from vpp_pipeline.cli.app import BAD_INPUT, execute
from vpp_pipeline.lake import Lake


def until_over(job: jobs.Job, seconds: float = 30.0) -> str:
    ends = time.monotonic() + seconds
    while job.state == "running" and time.monotonic() < ends:
        time.sleep(0.05)
    return job.state


def test_a_command_is_followed_and_one_that_fails_says_why(lake: Lake) -> None:
    job = jobs.start("bad month", "a run", "vpp_pipeline.cli", ["run", "--month", "2023-13"])
    assert jobs.find("bad month") is job and job in jobs.every()
    assert until_over(job) == "failed"
    assert "2023-13" in job.reason and not job.reason.startswith("vpp:")


def test_a_command_that_is_cancelled_ends() -> None:
    job = jobs.start("server", "waits", "http.server", ["--bind", "127.0.0.1", "0"])
    assert jobs.start("server", "waits", "http.server", []) is job  # the same key is one job
    job.cancel()
    assert until_over(job) == "cancelled"


def test_progress_is_the_last_that_a_command_printed(tmp_path: Path) -> None:
    job = jobs.start("prints", "prints", "this", [])
    until_over(job)
    assert job.progress() == (0.0, "starting")
    (job.folder / "log").write_text("progress 0.2500 negotiated\nprogress 0.5000 centralized\nsomething else\n")
    assert job.progress() == (0.5, "centralized") and job.reason == "something else"


def test_the_page_starts_what_its_form_says(page, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(jobs, "start", lambda key, title, module, arguments: started.append([module, *arguments]))
    app = page("work", kind="backfill")
    app.text_input[0].set_value("2023-01")
    app.text_input[1].set_value("2023-03")
    next(number for number in app.number_input if number.label == "Homes").set_value(20)
    app.button[0].click().run()
    assert not app.exception
    assert started == [
        ["vpp_pipeline.cli", "backfill", "--from", "2023-01", "--to", "2023-03", "--scenario", "reference",
         "--homes", "20"]
    ]  # fmt: skip


def test_a_run_is_linked_in_dagsters_pages_once_these_were_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    assert dagster_pages.runs_in("took 3 s; `vpp ui` shows the run 0123abcd") == ["0123abcd"]
    assert dagster_pages.page_of("0123abcd") is None
    (tmp_path / "ui-path").write_text("secret")
    (tmp_path / "history").mkdir()
    with sqlite3.connect(tmp_path / "history" / "runs.db") as history:
        history.execute("CREATE TABLE runs (run_id TEXT)")
        history.execute("INSERT INTO runs VALUES ('0123abcd-and-more')")
    assert dagster_pages.page_of("0123abcd") == "http://127.0.0.1:3000/secret/runs/0123abcd-and-more"


@pytest.mark.parametrize("show", ["homes", "prices", "sun", "load", "forecast against outcome"])
def test_the_data_page_shows_every_part(page, lake: Lake, show: str) -> None:
    app = page("data", show=show)
    words = said(app)
    if show == "homes":
        assert app.dataframe[0].value["all"].sum() == TINY.homes
    elif show == "forecast against outcome":
        rows = queries.windows(lake, MONTH, TINY.name, "negotiated")
        came = rows["lmp_mean_usd_per_mwh"]
        inside = came.between(rows["forecast_p10_usd_per_mwh"], rows["forecast_p90_usd_per_mwh"]).mean()
        assert f"Of {len(rows)} windows {percent(100 * inside, 0)} came to lie" in words
    else:
        assert "source: synthetic 100%" in words or "synthetic 100%" in words
    assert "synthetic" in app.dataframe[-1].value.columns


def test_without_streamlit_the_command_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert execute(["dashboard"]) == BAD_INPUT
    assert 'pip install -e ".[dashboard]"' in capsys.readouterr().err


def test_a_port_in_use_is_said(lake: Lake, capsys) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert execute(["dashboard", "--port", str(taken.getsockname()[1])]) == BAD_INPUT
    assert "cannot be listened on" in capsys.readouterr().err
