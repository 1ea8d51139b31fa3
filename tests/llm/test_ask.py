"""Asking a model: finished, strict JSON of exactly the schema, or a reason; no key, no words, in any message."""

from __future__ import annotations

import logging
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from tests.llm.gemini_server import GeminiServer, Reply, blocked, refused, said, serving
from vpp_core.errors import InputError
from vpp_core.llm import Unusable, ask, gemini, refuse_tracing

KEY = "AIza-not-a-real-key"
WORDS = "my gate code is 4711"


class Form(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    battery_kwh: float | None
    mood: Literal["calm", "keen"]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GEMINI_API_KEY", "LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)


def asked(server: GeminiServer) -> Form:
    return ask(gemini(base_url=server.base_url), "Fill in the form.", WORDS, Form).value


def test_a_valid_answer_arrives_with_its_tokens_and_the_key_travels_in_a_header_only() -> None:
    with serving(lambda n, body: said('{"battery_kwh": 13.5, "mood": "calm"}')) as server:
        answer = ask(gemini(base_url=server.base_url), "Fill in the form.", WORDS, Form)
    assert answer.value == Form(battery_kwh=13.5, mood="calm")
    assert (answer.input_tokens, answer.output_tokens) == (700, 120)
    request = server.requests[0]
    assert {name.lower(): value for name, value in request["headers"].items()}["x-goog-api-key"] == KEY
    assert KEY not in request["path"] and KEY not in str(request["body"])
    assert request["body"]["generationConfig"]["responseMimeType"] == "application/json"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (said('{"battery_kwh": 13', finish="MAX_TOKENS"), "not finished"),
        (said('{"battery_kwh": 13'), "not JSON|does not fit"),
        (said('{"battery_kwh": 13.5}'), "mood: missing"),
        (said('{"battery_kwh": "13.5", "mood": "calm"}'), "battery_kwh"),
        (said('{"battery_kwh": NaN, "mood": "calm"}'), "not JSON"),
        (said('{"battery_kwh": 1, "mood": "calm", "admin": true}'), "a further field: extra_forbidden"),
        (said('{"battery_kwh": 1, "mood": "furious"}'), "mood"),
        (said("Certainly! Here is the form."), "not JSON"),
        (blocked(), "not finished|empty"),
        (refused(400, "INVALID_ARGUMENT"), "could not be reached"),
        (Reply("<html>maintenance</html>"), "could not be reached"),
    ],
)
def test_any_other_answer_is_a_reason_without_words_or_key(
    reply: Reply, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.DEBUG),
        serving(lambda n, body: reply) as server,
        pytest.raises(Unusable, match=reason) as failed,
    ):
        asked(server)
    assert failed.value.__cause__ is None
    for text in (str(failed.value), "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("vpp"))):
        assert KEY not in text and "4711" not in text


def test_words_that_a_model_makes_the_name_of_a_field_are_not_repeated() -> None:
    echo = said('{"battery_kwh": 1, "mood": "calm", "my gate code is 4711\\u001b[31m": 1}')
    with serving(lambda n, body: echo) as server, pytest.raises(Unusable, match="a further field") as failed:
        asked(server)
    assert "4711" not in str(failed.value) and "\x1b" not in str(failed.value)


def test_a_dead_service_is_a_reason_within_seconds() -> None:
    with serving(lambda n, body: said("{}")) as server:
        address = server.base_url
    with pytest.raises(Unusable, match="could not be reached"):
        ask(gemini(base_url=address), "Fill in the form.", WORDS, Form)


def test_no_key_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_API_KEY")
    with pytest.raises(InputError, match="GOOGLE_API_KEY"):
        gemini()


@pytest.mark.parametrize(
    "variable", ["LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2"]
)
def test_tracing_is_refused_since_it_would_ship_homes_out(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "true")
    with pytest.raises(InputError, match=f"{variable}.*unset"):
        gemini()
    monkeypatch.setenv(variable, "false")
    refuse_tracing()
