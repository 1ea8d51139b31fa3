"""A record's lines are checked when read, silence in it is asked again, and what was spent stays spent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.llm.gemini_server import Reply, refused, said, serving
from tests.llm.test_gateway import GOOD, Number, environment, question, rules, way  # noqa: F401
from vpp_core.errors import InputError
from vpp_core.llm.gateway import Gateway
from vpp_core.llm.limits import FAILURES_TO_OPEN
from vpp_core.llm.record import Entry, Record
from vpp_core.llm.record import Reply as Said

LINE: dict[str, Any] = {
    "request": "0" * 32,
    "occurrence": 0,
    "calls": 1,
    "reply": {"text": "{}", "finish": "STOP", "input_tokens": 700, "output_tokens": 120},
    "failure": None,
}


def test_a_line_as_it_is_written_is_read() -> None:
    entry = Record.from_text(json.dumps(LINE) + "\n", "answers.jsonl").find("0" * 32, 0)
    assert entry == Entry("0" * 32, 0, 1, Said("{}", "STOP", 700, 120))


@pytest.mark.parametrize(
    "changes",
    [
        {"reply": {"input_tokens": None}},
        {"reply": {"output_tokens": -5}},
        {"reply": {"output_tokens": 1.5}},
        {"reply": {"input_tokens": True}},
        {"reply": {"input_tokens": 10**15}},
        {"reply": {"text": 7}},
        {"reply": {"text": "x" * 50_000}},
        {"reply": {"finish": ["STOP"]}},
        {"reply": {"extra": 1}},
        {"calls": -1},
        {"calls": 0},
        {"calls": "1"},
        {"calls": 10**6},
        {"occurrence": -1},
        {"occurrence": None},
        {"request": "not a hash"},
        {"request": None},
        {"failure": "unreachable"},
        {"reply": None},
        {"reply": None, "failure": "bored"},
        {"extra": 1},
    ],
    ids=str,
)
def test_a_line_with_a_field_out_of_place_is_named(changes: dict[str, Any]) -> None:
    line = LINE | changes
    if isinstance(changes.get("reply"), dict):
        line["reply"] = LINE["reply"] | changes["reply"]
    with pytest.raises(InputError, match=r"answers\.jsonl, line 2, is not an answer.*remove the line"):
        Record.from_text(json.dumps(LINE) + "\n" + json.dumps(line) + "\n", "answers.jsonl")


@pytest.mark.parametrize("line", ["[" * 100_000, '{"reply": ' * 100_000, "null", "", "NaN", "\x00"])
def test_a_line_that_is_no_record_at_all_is_named(line: str) -> None:
    with pytest.raises(InputError, match=r"answers\.jsonl, line 2"):
        Record.from_text(json.dumps(LINE) + "\n" + line + "\n", "answers.jsonl")


def test_what_was_never_answered_is_asked_again_and_what_was_answered_is_not_paid_again() -> None:
    record = Record()
    with serving(lambda n, body: said(GOOD) if n < 3 else refused(503, "UNAVAILABLE")) as server:
        gate = way(server, rules(attempts=1, concurrent_calls=1), record)
        heard = [gate.ask(question(str(k))) for k in range(12)]
    kinds = [next(iter(one.usage.fallbacks), "answered") for one in heard]
    assert kinds == ["answered"] * 3 + ["unreachable"] * FAILURES_TO_OPEN + ["breaker_open"] * 4
    without_model = Gateway(rules(attempts=1), Record.from_text(record.to_text(), "answers.jsonl"))
    assert [without_model.ask(question(str(k))) for k in range(12)] == heard, "without a key it is as it was"
    again = Record.from_text(record.to_text(), "answers.jsonl")
    with serving(lambda n, body: said('{"number": 9}')) as server:
        gate = way(server, rules(attempts=1, concurrent_calls=1), again)
        later = [gate.ask(question(str(k))) for k in range(12)]
    assert [one.value for one in later] == [Number(number=7)] * 3 + [Number(number=9)] * 9
    assert len(server.requests) == 9
    third = Record.from_text(again.to_text(), "answers.jsonl")
    assert [Gateway(rules(), third).ask(question("0")).value] == [Number(number=7)]


def test_an_answer_that_was_of_no_use_was_paid_and_is_not_asked_for_again() -> None:
    record = Record()
    with serving(lambda n, body: said("no")) as server:
        for _ in range(2):
            way(server, rules(), Record.from_text(record.to_text(), "r") if len(record) else record).ask(question())
    assert len(server.requests) == 1


def test_calls_of_earlier_runs_count_against_the_caps() -> None:
    """Also those of a run that was killed, and those that nobody answered."""
    record = Record()

    def answer(n: int, body: dict[str, Any]) -> Reply:
        return said(GOOD) if n else refused(503, "UNAVAILABLE")

    limited = rules(maximum_calls=5, attempts=1, concurrent_calls=1)
    with serving(answer) as server:
        gate = way(server, limited, record)
        for k in range(3):
            gate.ask(question(str(k)))
        for start in (0, 10, 20):  # other questions, as after an answer has changed what follows
            record = Record.from_text(record.to_text(), "answers.jsonl")
            gate = way(server, limited, record)
            heard = [gate.ask(question(str(start + k))) for k in range(4)]
    assert len(server.requests) == 5
    assert heard[-1].usage.fallbacks == {"over_budget": 1}
