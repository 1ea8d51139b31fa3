"""A service that is busy, slow, large, or sends its callers elsewhere, over a real socket with the real client."""

from __future__ import annotations

import json
import time
import warnings
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.llm.gemini_server import Reply, busy, refused, said, serving
from tests.llm.test_gateway import GOOD, Number, environment, question, rules, way  # noqa: F401
from vpp_core.llm import Unusable, ask, gemini
from vpp_core.llm.answer import LONGEST_ANSWER
from vpp_core.llm.limits import Patience
from vpp_core.llm.record import Record
from vpp_core.web import told_wait_seconds, within


@pytest.mark.parametrize("by_header", [False, True])
def test_a_free_key_s_minute_is_waited_for_as_the_service_says(by_header: bool) -> None:
    """Three answers, then 429 with a delay until that has gone, and so on: every question is answered."""
    opened, served = [0.0], [0]

    def answer(n: int, body: dict[str, Any]) -> Reply:
        now = time.monotonic()
        if now >= opened[0] + 0.4:
            opened[0], served[0] = now, 0
        if served[0] >= 3:
            return busy(round(opened[0] + 0.4 - now, 3), by_header=by_header)
        served[0] += 1
        return said(GOOD)

    waits: list[float] = []
    with serving(answer) as server:
        gate = way(server, rules(concurrent_calls=2), on_wait=waits.append)
        heard = gate.ask_all([question(str(k)) for k in range(8)])
    assert [one.value for one in heard] == [Number(number=7)] * 8
    assert waits and sum(one.usage.calls for one in heard) == len(server.requests) > 8


def test_a_wait_beyond_the_budget_is_not_waited_for_and_nobody_else_knocks() -> None:
    with serving(lambda n, body: said(GOOD) if n < 2 else busy(3600)) as server:
        gate = way(server, rules(concurrent_calls=1, maximum_wait_minutes=0.5))
        began = time.monotonic()
        heard = [gate.ask(question(str(k))) for k in range(10)]
    assert time.monotonic() - began < 5
    assert [one.value is not None for one in heard] == [True] * 2 + [False] * 8
    assert all(one.usage.fallbacks == {"throttled": 1} for one in heard[2:])
    assert len(server.requests) == 3


def test_no_cap_is_passed_by_being_turned_away() -> None:
    with serving(lambda n, body: busy(0)) as server:
        way(server, rules(concurrent_calls=4, maximum_calls=7)).ask_all([question(str(k)) for k in range(12)])
    assert len(server.requests) == 7


def test_the_waits_of_many_are_one_wait() -> None:
    waits: list[float] = []
    patience = Patience(10.0, waits.append)
    for _ in range(4):
        patience.told(0.05)
    assert all(patience.wait() for _ in range(4)) and len(waits) == 1
    assert patience.left_seconds == pytest.approx(10 - 0.05, abs=0.02)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("12", 12.0), ("0.5", 0.5), ("Sun, 06 Nov 1994 08:49:37 GMT", 37.0), ("soon", None), ("-3", None), ("", None)],
)
def test_retry_after_is_read_as_a_number_or_a_date(told: str, seconds: float | None) -> None:
    assert told_wait_seconds({"Retry-After": told}, datetime(1994, 11, 6, 8, 49, tzinfo=UTC)) == seconds


@pytest.mark.parametrize("drip_headers", [False, True])
def test_a_dripping_service_holds_a_call_no_longer_than_its_limit(drip_headers: bool) -> None:
    slow = said(GOOD)
    slow.drip_seconds, slow.drip_headers = 0.1, drip_headers
    with serving(lambda n, body: slow) as server:
        began = time.monotonic()
        heard = way(server, rules(timeout_seconds=0.5, attempts=1)).ask(question())
        took = time.monotonic() - began
    assert heard.usage.fallbacks == {"late": 1}
    assert took < 1.5


def test_what_is_given_up_raises_in_time_and_what_fails_says_how() -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        within(0.1, lambda: time.sleep(2))
    assert time.monotonic() - began < 1
    with pytest.raises(ZeroDivisionError):
        within(1, lambda: 1 / 0)
    assert within(1, lambda: 7) == 7


def test_no_answer_is_kept_beyond_the_stated_size() -> None:
    record = Record()
    with serving(lambda n, body: said("x" * (LONGEST_ANSWER + 1) if n == 0 else "y" * 5_000_000)) as server:
        gate = way(server, rules(attempts=1), record)
        assert gate.ask(question("long")).usage.fallbacks == {"malformed": 1}
        assert gate.ask(question("longer still")).usage.fallbacks == {"unreachable": 1}
    assert len(record.to_text()) < 1000


def test_a_key_is_not_sent_on_after_a_redirect() -> None:
    with serving(lambda n, body: said(GOOD)) as other:
        away = Reply("", 307, headers={"Location": f"{other.base_url}/v1beta/models/m:generateContent"})
        with serving(lambda n, body: away) as server:
            heard = way(server).ask(question())
    assert not other.requests and len(server.requests) == 1
    assert heard.usage.fallbacks == {"unreachable": 1}


@pytest.mark.parametrize("count", [None, -5, "many", 10**12])
def test_tokens_that_a_service_miscounts_are_counted_by_length(count: Any) -> None:
    odd = said(GOOD)
    odd.body["usageMetadata"] = {"promptTokenCount": count, "candidatesTokenCount": count}
    record = Record()
    with serving(lambda n, body: odd) as server:
        usage = way(server, rules(attempts=1), record).ask(question()).usage
    assert usage.calls == 1 and 0 <= usage.input_tokens <= 10**9 and 0 <= usage.output_tokens <= 10**9
    assert Record.from_text(record.to_text(), "answers.jsonl").spent == record.spent


def test_a_household_s_reader_waits_as_told_too() -> None:
    with serving(lambda n, body: busy(0.2) if n == 0 else said(GOOD)) as server:
        began = time.monotonic()
        answer = ask(gemini(base_url=server.base_url), "Answer.", "Which?", Number)
    assert answer.value == Number(number=7) and time.monotonic() - began >= 0.2
    with serving(lambda n, body: busy(7200)) as server, pytest.raises(Unusable):
        ask(gemini(base_url=server.base_url), "Answer.", "Which?", Number)
    assert len(server.requests) == 1


KEY = "AIza-not-a-real-key"


@pytest.mark.parametrize(
    "echo",
    [
        Reply({"error": {"code": 400, "message": f"API key not valid: {KEY}", "status": f"INVALID {KEY}"}}, 400),
        Reply(f"<html>{KEY}</html>"),
        said(f"Your key is {KEY}"),
        said("{", finish=KEY),
        said(json.dumps({"number": 7, KEY: 1})),
    ],
)
def test_a_key_that_a_service_echoes_is_in_no_message_record_or_excerpt(
    echo: Reply, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    record = Record()
    with caplog.at_level("DEBUG"), serving(lambda n, body: echo) as server:
        gate = way(server, rules(attempts=1), record)
        heard = gate.ask(question())
    printed = capfd.readouterr()
    for text in (heard.reason, gate.troubles.example, record.to_text(), caplog.text, printed.out, printed.err):
        assert KEY not in text


def test_what_a_month_without_decisions_was_about_is_said_with_an_example() -> None:
    with serving(lambda n, body: said("I would rather not.") if n < 3 else refused(503, "UNAVAILABLE")) as server:
        gate = way(server, rules(attempts=1, concurrent_calls=1))
        for k in range(4):
            gate.ask(question(str(k)))
    assert gate.troubles.example == '3 times the answer is not JSON of one object, such as "I would rather not."'
    assert "--model" in gate.troubles.advice and "key" not in gate.troubles.advice


def test_no_warning_repeats_what_a_service_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of its own, the client warns with the finish reason that it does not know."""
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)
    with warnings.catch_warnings(record=True) as warned, serving(lambda n, body: said("{", finish=KEY)) as server:
        warnings.simplefilter("always")
        way(server).ask(question())
    assert not [one for one in warned if KEY in str(one.message)]
