"""A month negotiated by a language model through the pipeline: told before, kept, replayed, refused where unheard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.llm.gemini_server import GeminiServer, Reply, busy, refused, said, serving
from tests.negotiation.advised import sensible
from tests.pipeline.tiny import Ran
from vpp_core.llm import client, gateway
from vpp_core.negotiation.prompt_files import prompts_version
from vpp_pipeline import batch
from vpp_pipeline.cli.app import execute
from vpp_pipeline.lake import Lake

NAME = "tiny-llm-once_a_window"
TINY = ["--month", "2023-08", "--scenario", "tiny"]
BY_MODEL = [*TINY, "--no-report", "--decider", "llm", "--depth", "once_a_window"]


@pytest.fixture(autouse=True)
def own_folders(
    ran: Ran, no_home: None, no_limit_a_minute: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lake in which rules have negotiated the tiny month: what does not negotiate is taken from there."""
    monkeypatch.setenv("VPP_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    for name in ("GEMINI_API_KEY", "LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_API_KEY", "test")
    monkeypatch.setattr(gateway, "FIRST_WAIT_SECONDS", 0.0)


def lead_to(server: GeminiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the real client talk to this server."""
    real = client.gemini
    monkeypatch.setattr(
        client, "gemini", lambda model, **options: real(model, **options | {"base_url": server.base_url})
    )


def tables(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.parquet"))}


def negotiated(lake: Lake) -> Any:
    """The file that has to be there for nothing to be negotiated again."""
    return lake.table_path("negotiation_results", "2023-08", NAME)


def test_a_month_by_a_model_is_counted_kept_and_replayed_without_key_or_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(sensible) as server:
        lead_to(server, monkeypatch)
        assert execute(["run", *BY_MODEL]) == 0
        asked = len(server.requests)
    assert "once_a_window: up to 25 calls" in capfd.readouterr().err
    lake = Lake.at(tmp_path / "lake")
    kpis = lake.read("kpi_monthly", "2023-08", NAME).table.to_pandas().set_index("strategy")
    row = kpis.loc["negotiated"]
    assert (row["decider"], row["llm_model"]) == ("llm", "google_genai:gemini-3.5-flash-lite")
    assert row["prompts"] == prompts_version()
    assert row["llm_calls"] == row["llm_answers"] == asked > 0
    assert row["llm_usd"] == pytest.approx(asked * (700 * 0.30 + 120 * 2.50) / 1e6)
    assert row["llm_fallbacks"] == row["guard_corrections"] == row["llm_mended"] == 0
    assert row["llm_share_percent"] == 100
    assert kpis.loc["centralized_aware", "llm_calls"] == 0 and kpis.loc["centralized_aware", "decider"] is None
    answers = tmp_path / "lake" / "raw" / "llm" / NAME / "2023-08.jsonl"
    lines = [json.loads(line) for line in answers.read_text().splitlines()]
    assert len(lines) == asked
    share = f"gemini-3.5-flash-lite took {asked} of {asked} decisions (100.0 %)"
    monkeypatch.setattr(batch, "_vpp", lambda _: (0, ""))
    for command in ("backfill --from 2023-08 --to 2023-08", "study --months 2023-08 --seeds 1"):
        capfd.readouterr()
        assert execute([*command.split(), "--scenario", NAME]) == 0
        assert share in capfd.readouterr().err
    made, kept = tables(tmp_path / "lake"), answers.read_bytes()
    monkeypatch.delenv("GOOGLE_API_KEY")
    negotiated(lake).unlink()
    assert execute(["run", *BY_MODEL]) == 0
    assert tables(tmp_path / "lake") == made
    assert answers.read_bytes() == kept
    assert execute(["negotiate", "--at", "2023-08-01T19:00", "--scenario", NAME]) == 0
    told = " ".join(capfd.readouterr().out.split())
    assert "The aggregator asks google_genai:gemini-3.5-flash-lite" in told
    assert "The model set the terms in " in told and 'The model says "as usual"' in told
    answers.write_text("\n".join(answers.read_text().splitlines()[:3]) + "\n")
    negotiated(lake).unlink()
    assert execute(["run", *BY_MODEL]) == 2
    assert "not among the 3 recorded answers" in capfd.readouterr().err


def test_a_free_key_s_fifteen_answers_are_told_and_the_rest_is_asked_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A quota that is used up for the day: what the model took is said, on the page too, and nothing is paid twice."""
    left = [15]

    def answer(number: int, body: dict[str, Any]) -> Reply:
        left[0] -= 1
        return sensible(number, body) if left[0] >= 0 else busy(50_000)

    lake = Lake.at(tmp_path / "lake")

    def row() -> Any:
        return lake.read("kpi_monthly", "2023-08", NAME).table.to_pandas().set_index("strategy").loc["negotiated"]

    with_report = [part for part in BY_MODEL if part != "--no-report"]
    with serving(answer) as server:
        lead_to(server, monkeypatch)
        assert execute(["run", *with_report]) == 0
        told = capfd.readouterr().out
        decisions = int(row()["llm_answers"] + row()["llm_fallbacks"])
        share = f"15 of {decisions} decisions"
        assert row()["llm_answers"] == 15 and row()["decider"] == "mixed"
        assert "not a language model's result" in told and share in told and "throttled" in told
        folder = lake.report_folder("2023-08", NAME)
        for name in ("simulation_report.md", "simulation_report.html", "simulation_summary.json"):
            page = (folder / name).read_text().replace("&#x27;", "'")
            assert "not a language model's result" in page and share in page
        asked = len(server.requests)
        monkeypatch.delenv("GOOGLE_API_KEY")
        assert execute(["run", *BY_MODEL]) == 0
        assert share in capfd.readouterr().out, "also where nothing is computed"
        monkeypatch.setenv("GOOGLE_API_KEY", "test")
        left[0] = 1000
        assert execute(["run", *BY_MODEL]) == 0
        assert f"took {decisions} of {decisions} decisions (100.0 %)" in capfd.readouterr().out
        assert row()["decider"] == "llm"
        assert len(server.requests) == asked + decisions - 15


@pytest.mark.slow
def test_a_model_of_odd_form_is_mended_and_one_of_no_use_is_told_with_an_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fenced(number: int, body: dict[str, Any]) -> Reply:
        answer = json.loads(sensible(number, body).body["candidates"][0]["content"]["parts"][0]["text"])
        answer["terms"]["reason"] = "since " * 30
        return said(f"Here you are:\n```json\n{json.dumps([answer])}\n```")

    useful = [True]
    with serving(lambda n, body: fenced(n, body) if useful[0] else said("I would open at the median.")) as server:
        lead_to(server, monkeypatch)
        assert execute(["run", *BY_MODEL]) == 0
        asked = len(server.requests)
        useful[0] = False
        assert execute(["run", *BY_MODEL, "--refetch"]) == 2
    printed = capfd.readouterr()
    mended = f"{asked} of them from answers whose form was mended"
    assert f"took {asked} of {asked} decisions (100.0 %), {mended}" in " ".join(printed.out.split())
    refusal = printed.err.strip().splitlines()[-1]
    assert f"decided nothing (malformed {asked}; {asked} times the answer is not JSON of one object" in refusal
    assert 'such as "I would open at the median."' in refusal and "--model" in refusal and "key" not in refusal


@pytest.mark.parametrize("useful", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_key_that_the_service_echoes_is_nowhere_on_the_disk(
    useful: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    key = "AIza-never-to-be-seen"
    monkeypatch.setenv("GOOGLE_API_KEY", key)

    def answer(number: int, body: dict[str, Any]) -> Reply:
        if number % 3 == 0:
            return sensible(number, body)
        echo = {"error": {"code": 400, "message": f"API key not valid: {key}", "status": key}}
        return Reply(echo, 400) if number % 3 == 1 else said(f"Your key {key} is fine", finish="STOP")

    with serving(answer if useful else lambda number, body: said(f"{key}?")) as server:
        lead_to(server, monkeypatch)
        assert execute(["run", *BY_MODEL]) == (0 if useful else 2)
    printed = capfd.readouterr()
    assert key not in printed.out + printed.err
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert not [path for path in files if key.encode() in path.read_bytes()]


def test_after_a_wrong_key_the_right_one_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The silence of the first run is no answer: it is not kept, and not replayed where an older run has kept it."""
    kept = tmp_path / "lake" / "raw" / "llm" / NAME / "2023-08.jsonl"
    key = ["wrong"]

    def answer(number: int, body: dict[str, Any]) -> Reply:
        return refused(400, "INVALID_ARGUMENT") if key[0] == "wrong" else sensible(number, body)

    with serving(answer) as server:
        lead_to(server, monkeypatch)
        assert execute(["run", *BY_MODEL]) == 2
        refusal = capfd.readouterr().err.strip().splitlines()[-1]
        assert "decided nothing (unreachable 6" in refusal and "breaker open" not in refusal.split("(")[0]
        assert not kept.exists()
        assert execute(["negotiate", "--at", "2023-08-01T19:00", "--scenario", NAME]) == 2
        assert "decided nothing (unreachable 5" in capfd.readouterr().err.strip().splitlines()[-1]
        silence = {"request": "0" * 32, "occurrence": 0, "calls": 1, "reply": None, "failure": "unreachable"}
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(silence) + "\n")
        key[0] = "right"
        asked = len(server.requests)
        assert execute(["run", *BY_MODEL]) == 0
        assert len(server.requests) > asked + 5
    assert silence["request"] not in kept.read_text()


def test_a_month_by_a_model_without_key_or_answers_is_refused_before_anything_is_computed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    before = tables(tmp_path)
    monkeypatch.delenv("GOOGLE_API_KEY")
    assert execute(["run", *BY_MODEL]) == 2
    assert "set GOOGLE_API_KEY" in capfd.readouterr().err.strip().splitlines()[-1]
    assert tables(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--decider", "oracle"], "decider 'oracle' is unknown"),
        (["--decider", "llm", "--depth", "deep"], "negotiation.llm.depth"),
        (["--decider", "llm", "--model", "gemini"], "negotiation.llm.model"),
    ],
)
def test_a_wrong_choice_is_named(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["run", *TINY, *arguments]) == 2
    assert said in capsys.readouterr().err
