"""Commands that a page starts: followed, cancelled, and told why they failed; and the pages of data and studies."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from tests.dashboard.conftest import said
from tests.pipeline.tiny import MONTH, TINY
from vpp_core.results.text import percent
from vpp_core.scenario import KNOWN_SCENARIOS
from vpp_dashboard import dagster_pages, jobs, queries
from vpp_dashboard.request import Request, reports_in
from vpp_pipeline.cli import execution
from vpp_pipeline.cli.app import BAD_INPUT, execute
from vpp_pipeline.cli.size import Size
from vpp_pipeline.lake import Lake
from vpp_pipeline.progress import ASKED_FOR, line, read, report
from vpp_pipeline.study import study_of


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
    (job.folder / "log").write_text(f"{line(0.25, 'negotiated')}\n{line(0.5, 'centralized')}\nsomething else\n")
    assert job.progress() == (0.5, "centralized") and job.reason == job.said() == "something else"


def test_a_month_tells_how_far_it_is_to_whoever_asked(monkeypatch: pytest.MonkeyPatch, capfd) -> None:
    monkeypatch.setenv(ASKED_FOR, "1")
    with execution._bar("2023-08 tiny", None) as on_step:
        on_step("market_prices", "success")
        report("negotiation_results", "negotiated", 0.5)
    told = [read(text) for text in capfd.readouterr().err.splitlines()]
    assert told == [(pytest.approx(0.01), "market prices"), (pytest.approx(0.16), "negotiation, negotiated")]


def test_a_run_is_expected_to_take_what_its_size_takes(lake: Lake) -> None:
    one = Request("run", "reference", (MONTH,), homes=20, first_days=2).expected_seconds(lake)
    assert one == Size.of(KNOWN_SCENARIOS["reference"].model_copy(update={"homes": 20, "first_days": 2}), MONTH).seconds
    months = Request("backfill", "reference", ("2023-06", "2023-08"), homes=20, first_days=2)
    assert months.expected_seconds(lake) == pytest.approx(3 * one)
    study = Request("study", "reference", ("2023-06", MONTH), homes=20, first_days=2, seeds=5)
    assert study.expected_seconds(lake) == pytest.approx(10 * one)
    members = len(list(study_of(KNOWN_SCENARIOS["reference"], [MONTH], 2, "lambda").scenarios())) - 1
    swept = Request("study", "reference", (MONTH,), homes=20, first_days=2, seeds=2, sweep="lambda")
    assert swept.expected_seconds(lake) == pytest.approx(members * one)
    assert Request("run", "reference", ("2023-13",)).expected_seconds(lake) is None
    assert not set(lake.scenario_names()) & {"reference"}  # to ask writes nothing


def test_reports_that_a_command_names_are_found() -> None:
    said = (
        "report     /a lake/reports/reference-20h/2023-08\n           simulation_report.html\ntables     /a lake/tables"
    )
    assert reports_in(said) == [("2023-08", "reference-20h")]


def test_a_command_that_is_over_says_how_long_it_took_and_links_what_it_made(page, lake: Lake) -> None:
    job = jobs.start("vpp run", "vpp run", "this", [])
    until_over(job)
    (job.folder / "log").write_text(f"report     {lake.report_folder(MONTH, TINY.name)}\n")
    job.began -= 70
    words = said(page("work"))
    assert "`vpp run` **done**, took 7" in words
    assert f"](/lake/reports/{TINY.name}/{MONTH}/simulation_report.html)" in words


def test_the_page_starts_what_its_form_says(page, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(jobs, "start", lambda key, title, module, arguments, **_: started.append([module, *arguments]))
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
