"""The one way to a model: record, budget, breaker, limits and retries, over a real socket with the real client."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from tests.llm.gemini_server import GeminiServer, Reply, blocked, refused, said, serving
from vpp_core.errors import InputError
from vpp_core.llm import chat_model, gateway
from vpp_core.llm.gateway import Gateway, Heard, Question
from vpp_core.llm.limits import FAILURES_TO_OPEN, FIRST_PAUSE, Breaker, Budget
from vpp_core.llm.record import Record, request_hash
from vpp_core.scenario import LanguageModelRules


class Number(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    number: float = Field(ge=0, le=100)


RULES = LanguageModelRules(calls_per_minute=100_000, timeout_seconds=2.0)
GOOD = '{"number": 7}'


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GEMINI_API_KEY", "LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GOOGLE_API_KEY", "test")
    monkeypatch.setattr(gateway, "FIRST_WAIT_SECONDS", 0.0)


def way(
    server: GeminiServer,
    rules: LanguageModelRules = RULES,
    record: Record | None = None,
    on_wait: Callable[[float], None] | None = None,
) -> Gateway:
    return Gateway(
        rules,
        Record() if record is None else record,
        lambda: chat_model(
            rules.model,
            timeout_seconds=rules.timeout_seconds,
            max_output_tokens=rules.maximum_output_tokens,
            base_url=server.base_url,
        ),
        on_wait,
    )


def question(text: str = "Which?") -> Question[Number]:
    return Question("Answer.", text, Number)


def rules(**changes: Any) -> LanguageModelRules:
    return RULES.model_copy(update=changes)


def test_a_good_answer_arrives_and_is_counted() -> None:
    with serving(lambda n, body: said(GOOD)) as server:
        heard = way(server).ask(question())
    assert heard.value == Number(number=7)
    assert (heard.usage.calls, heard.usage.answers, heard.usage.input_tokens, heard.usage.output_tokens) == (
        1,
        1,
        700,
        120,
    )


@pytest.mark.parametrize(
    ("fault", "kind"), [(refused(429, "RESOURCE_EXHAUSTED"), "throttled"), (refused(500, "INTERNAL"), "unreachable")]
)
def test_a_busy_service_is_asked_again_once_and_by_this_layer_alone(fault: Reply, kind: str) -> None:
    with serving(lambda n, body: fault if n == 0 else said(GOOD)) as server:
        heard = way(server).ask(question())
    assert heard.value == Number(number=7)
    assert heard.usage.calls == len(server.requests) == 2
    with serving(lambda n, body: fault) as server:
        heard = way(server).ask(question())
    assert heard.usage.fallbacks == {kind: 1}
    assert heard.usage.calls == len(server.requests) == 2


@pytest.mark.parametrize(
    ("reply", "kind", "requests"),
    [
        (said('{"number": 7', finish="MAX_TOKENS"), "unfinished", 1),
        (blocked(), "unfinished", 1),
        (said(""), "unfinished", 1),
        (said('{"number": 7'), "malformed", 1),
        (said("Seven."), "malformed", 1),
        (said('{"number": "7"}'), "malformed", 1),
        (said('{"number": 7, "floor": 0}'), "malformed", 1),
        (said('{"number": NaN}'), "malformed", 1),
        (said("[" * 900), "malformed", 1),
        (said('{"number": 1e4}'), "out_of_bounds", 1),
        (said('{"number": 1e4, "floor": 0}'), "malformed", 1),
        (refused(400, "INVALID_ARGUMENT"), "unreachable", 1),
        (refused(403, "PERMISSION_DENIED"), "unreachable", 1),
        (Reply("<html>maintenance</html>"), "unreachable", 1),
        (Reply({}, delay_seconds=1.0), "late", 2),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_whatever_is_of_no_use_is_counted_by_its_kind(reply: Reply, kind: str, requests: int) -> None:
    with serving(lambda n, body: reply) as server:
        heard = way(server, rules(timeout_seconds=0.3)).ask(question())
    assert heard.value is None
    assert heard.usage.fallbacks == {kind: 1}
    assert heard.usage.answers == 0
    assert heard.usage.calls == len(server.requests) == requests


def test_a_dead_service_is_left_alone_after_a_few_questions() -> None:
    with serving(lambda n, body: refused(503, "UNAVAILABLE")) as server:
        gate = way(server, rules(attempts=1))
        heard = [gate.ask(question(str(k))) for k in range(FAILURES_TO_OPEN + FIRST_PAUSE + 30)]
    kinds = [next(iter(one.usage.fallbacks)) for one in heard]
    assert kinds[:FAILURES_TO_OPEN] == ["unreachable"] * FAILURES_TO_OPEN
    assert kinds[FAILURES_TO_OPEN : FAILURES_TO_OPEN + FIRST_PAUSE] == ["breaker_open"] * FIRST_PAUSE
    assert kinds[FAILURES_TO_OPEN + FIRST_PAUSE] == "unreachable", "after the pause one question goes through"
    assert set(kinds[FAILURES_TO_OPEN + FIRST_PAUSE + 1 :]) == {"breaker_open"}
    assert len(server.requests) == FAILURES_TO_OPEN + 1


def test_a_service_that_comes_back_is_asked_again() -> None:
    with serving(lambda n, body: refused(503, "UNAVAILABLE") if n < FAILURES_TO_OPEN else said(GOOD)) as server:
        gate = way(server, rules(attempts=1))
        heard = [gate.ask(question(str(k))) for k in range(FAILURES_TO_OPEN + FIRST_PAUSE + 3)]
    assert [one.value is not None for one in heard[-3:]] == [True] * 3


@pytest.mark.parametrize(
    ("cap", "spent"),
    [
        ({"maximum_calls": 3}, lambda r, calls: calls),
        ({"maximum_tokens": 4000}, lambda r, calls: calls * 820),
        ({"maximum_usd": 0.004}, lambda r, calls: calls * (700 * 0.30 + 120 * 2.50) / 1e6),
    ],
)
def test_no_cap_is_ever_passed(cap: dict[str, float], spent: Callable[[LanguageModelRules, int], float]) -> None:
    limited = rules(**cap)
    with serving(lambda n, body: said(GOOD)) as server:
        gate = way(server, limited)
        heard = [gate.ask(question(str(k))) for k in range(12)]
    assert 0 < len(server.requests) < 12
    assert spent(limited, len(server.requests)) <= next(iter(cap.values()))
    assert heard[-1].usage.fallbacks == {"over_budget": 1}


@pytest.mark.parametrize(
    ("cap", "per_call"),
    [({"maximum_calls": 3}, 1.0), ({"maximum_calls": 6}, 1.0), ({"maximum_tokens": 4000}, 820.0)],
)
@pytest.mark.parametrize("answers", [True, False])
def test_no_cap_is_passed_by_many_questions_at_once_or_asked_again(
    cap: dict[str, float], per_call: float, answers: bool
) -> None:
    limited = rules(concurrent_calls=4, attempts=2, **cap)
    with serving(lambda n, body: said(GOOD) if answers else refused(503, "UNAVAILABLE")) as server:
        way(server, limited).ask_all([question(str(k)) for k in range(12)])
    assert len(server.requests) > 0
    if answers or "maximum_calls" in cap:
        assert len(server.requests) * per_call <= next(iter(cap.values()))


def test_questions_under_way_count_as_spent_in_full() -> None:
    budget = Budget(rules(maximum_tokens=1000))
    assert budget.attempts(100) > 0, "some 450 tokens"
    assert budget.attempts(100, reserved_questions=2) == 0, "three of them"


def test_an_answer_makes_the_breaker_forget() -> None:
    breaker = Breaker()

    def failing(times: int) -> list[bool]:
        opened = []
        for _ in range(times):
            breaker.heard(answered=False)
            opened.append(breaker.is_open)
        return opened

    assert failing(FAILURES_TO_OPEN)[-1]
    for _ in range(FIRST_PAUSE):
        assert breaker.is_open
        breaker.skipped()
    breaker.heard(answered=True)
    assert failing(FAILURES_TO_OPEN) == [False] * (FAILURES_TO_OPEN - 1) + [True]
    for _ in range(FIRST_PAUSE):
        breaker.skipped()
    assert not breaker.is_open, "the pause starts anew"


@pytest.mark.parametrize("part", range(4))
def test_requests_that_differ_in_anything_that_is_sent_are_not_the_same(part: int) -> None:
    sent: list[Any] = ["google_genai:m", "Answer.", "Which?", {"type": "object"}]
    other = [*sent[:part], {"type": "array"} if part == 3 else "other", *sent[part + 1 :]]
    assert request_hash(*sent) == request_hash(*sent) != request_hash(*other)


def test_not_more_requests_are_under_way_than_allowed_and_answers_keep_their_order() -> None:
    under_way, most = [0], [0]

    def answer(n: int, body: dict[str, Any]) -> Reply:
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        time.sleep(0.05)
        under_way[0] -= 1
        return said(json.dumps({"number": int(body["contents"][0]["parts"][0]["text"])}))

    with serving(answer) as server:
        heard = way(server, rules(concurrent_calls=3)).ask_all([question(str(k)) for k in range(10)])
    assert [one.value for one in heard] == [Number(number=k) for k in range(10)]
    assert 1 < most[0] <= 3


def test_a_rate_limit_is_kept() -> None:
    with serving(lambda n, body: said(GOOD)) as server:
        gate = way(server, rules(calls_per_minute=600, concurrent_calls=1))
        began = time.perf_counter()
        for k in range(5):
            gate.ask(question(str(k)))
        assert time.perf_counter() - began >= 4 / 10


def recorded(answers: list[Reply], questions: list[Question[Number]]) -> tuple[Record, list[Heard[Number]]]:
    record = Record()
    with serving(lambda n, body: answers[n]) as server:
        gate = way(server, rules(attempts=1), record)
        return record, [gate.ask(one) for one in questions]


def test_a_replay_says_the_same_without_key_or_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal questions with different answers, silence and nonsense included."""
    answers = [said('{"number": 1}'), said('{"number": 2}'), refused(503, "UNAVAILABLE"), said("?"), said(GOOD)]
    questions = [question("same"), question("same"), question("same"), question("other"), question("same")]
    record, heard = recorded(answers, questions)
    assert [one.value and one.value.number for one in heard] == [1, 2, None, None, 7]
    monkeypatch.delenv("GOOGLE_API_KEY")
    read_back = Record.from_text(record.to_text(), "answers.jsonl")
    assert read_back.to_text() == record.to_text()
    replay = Gateway(rules(attempts=1), read_back)
    assert [replay.ask(one) for one in questions] == heard


def test_a_replay_of_many_at_once_is_the_same() -> None:
    counter = itertools.count()
    record = Record()
    with serving(lambda n, body: said(json.dumps({"number": next(counter)}))) as server:
        heard = way(server, rules(concurrent_calls=4), record).ask_all([question("same")] * 9)
    replay = Gateway(rules(concurrent_calls=4), Record.from_text(record.to_text(), "answers.jsonl"))
    assert replay.ask_all([question("same")] * 9) == heard
    assert sorted(one.value.number for one in heard if one.value) == list(range(9))


def test_a_request_that_is_not_recorded_fails_clearly(monkeypatch: pytest.MonkeyPatch) -> None:
    record, _ = recorded([said(GOOD)], [question("known")])
    monkeypatch.delenv("GOOGLE_API_KEY")
    with pytest.raises(InputError, match=r"not among the 1 recorded answers.*replay"):
        Gateway(RULES, record).ask(question("new"))
    with pytest.raises(InputError, match=r"not among the 1 recorded answers.*GOOGLE_API_KEY"):
        Gateway(RULES, record, lambda: chat_model(RULES.model)).ask(question("new"))


def test_a_run_goes_on_where_its_record_ends() -> None:
    record, _ = recorded([said(GOOD)], [question("known")])
    with serving(lambda n, body: said('{"number": 9}')) as server:
        gate = way(server, record=record)
        assert [gate.ask(question(text)).value for text in ("known", "new")] == [Number(number=7), Number(number=9)]
    assert len(server.requests) == 1
    assert len(record) == 2


@pytest.mark.parametrize("line", ["{", "[]", '{"request": "a"}', '{"request": 1, "occurrence": 0}'])
def test_a_damaged_record_is_named_with_its_line(line: str) -> None:
    record, _ = recorded([said(GOOD)], [question()])
    with pytest.raises(InputError, match=r"answers\.jsonl, line 2"):
        Record.from_text(record.to_text() + line + "\n", "answers.jsonl")


def test_tracing_is_refused_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    with pytest.raises(InputError, match="LANGSMITH_TRACING"):
        Gateway(RULES, Record())


def test_another_provider_without_its_package_is_told_in_a_sentence() -> None:
    with pytest.raises(InputError, match="install langchain"):
        chat_model("nobody:model")
