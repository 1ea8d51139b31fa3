"""A month negotiated by a language model through the pipeline: told before, kept, replayed, refused where unheard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.llm.gemini_server import GeminiServer, Reply, refused, serving
from tests.negotiation.advised import sensible
from vpp_core.llm import client, gateway
from vpp_core.negotiation.prompt_files import prompts_version
from vpp_pipeline.cli.app import execute
from vpp_pipeline.lake import Lake

NAME = "reference-8h-1days-synthetic-min0mw-llm-once_a_window"
TINY = ["--month", "2023-08", "--homes", "8", "--first-days", "1", "--source", "synthetic", "--minimum-bid-mw", "0"]
BY_MODEL = [*TINY, "--no-report", "--decider", "llm", "--depth", "once_a_window"]


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_month_by_a_model_is_counted_kept_and_replayed_without_key_or_network(
    no_home: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
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
    assert row["llm_fallbacks"] == row["guard_corrections"] == 0
    assert kpis.loc["centralized_aware", "llm_calls"] == 0 and kpis.loc["centralized_aware", "decider"] is None
    answers = tmp_path / "lake" / "raw" / "llm" / NAME / "2023-08.jsonl"
    lines = [json.loads(line) for line in answers.read_text().splitlines()]
    assert len(lines) == asked
    made, kept = tables(tmp_path / "lake"), answers.read_bytes()
    monkeypatch.delenv("GOOGLE_API_KEY")
    assert execute(["run", *BY_MODEL, "--fresh"]) == 0
    assert tables(tmp_path / "lake") == made
    assert answers.read_bytes() == kept
    assert execute(["negotiate", "--at", "2023-08-01T19:00", *TINY[2:4], "--scenario", NAME]) == 0
    told = capfd.readouterr().out
    assert "The aggregator asks google_genai:gemini-3.5-flash-lite" in told
    assert "The model:" in told and 'The model says "as usual"' in told
    answers.write_text("\n".join(answers.read_text().splitlines()[:3]) + "\n")
    assert execute(["run", *BY_MODEL, "--fresh"]) == 2
    assert "not among the 3 recorded answers" in capfd.readouterr().err


def test_a_month_in_which_the_model_was_never_heard_is_refused(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with serving(lambda n, body: refused(503, "UNAVAILABLE")) as server:
        lead_to(server, monkeypatch)
        assert execute(["run", *BY_MODEL]) == 2
    said = capfd.readouterr().err.strip().splitlines()[-1]
    assert "decided nothing (unreachable 5" in said and "breaker open" not in said.split("(")[0]


def test_after_a_wrong_key_the_right_one_is_used(
    no_home: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The silence of the first run is no answer: it is not kept, and not replayed where an older run has kept it."""
    kept = tmp_path / "lake" / "raw" / "llm" / NAME / "2023-08.jsonl"
    key = ["wrong"]

    def answer(number: int, body: dict[str, Any]) -> Reply:
        return refused(400, "INVALID_ARGUMENT") if key[0] == "wrong" else sensible(number, body)

    with serving(answer) as server:
        lead_to(server, monkeypatch)
        assert execute(["run", *BY_MODEL]) == 2
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
    no_home: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GOOGLE_API_KEY")
    assert execute(["run", *BY_MODEL]) == 2
    assert "set GOOGLE_API_KEY" in capfd.readouterr().err.strip().splitlines()[-1]
    assert tables(tmp_path) == {}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--decider", "oracle"], "negotiation.decider"),
        (["--decider", "llm", "--depth", "deep"], "negotiation.llm.depth"),
        (["--decider", "llm", "--model", "gemini"], "negotiation.llm.model"),
    ],
)
def test_a_wrong_choice_is_named(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["run", *TINY, *arguments]) == 2
    assert said in capsys.readouterr().err
