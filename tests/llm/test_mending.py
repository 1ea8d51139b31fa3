"""Cosmetic faults of an answer are mended and named; faults of substance are not, and what was wrong is said."""

from __future__ import annotations

import json
from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field

from vpp_core.llm.answer import LONGEST_ANSWER, Reply, Unusable, read
from vpp_core.llm.mending import AROUND, CUT, FENCED, LISTED, cut_to, the_object


class Form(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
    number: float = Field(ge=0, le=100)
    code: str = Field(max_length=3)
    reason: Annotated[str, Field(max_length=20), cut_to(20)]


VALUES = {"number": 7.5, "code": "abc", "reason": "as usual"}
GOOD = json.dumps(VALUES)


def reading(text: str) -> tuple[Form, tuple[str, ...]]:
    return read(Reply(text, "STOP", 1, 1), Form)


@pytest.mark.parametrize(
    ("text", "mends"),
    [
        (GOOD, ()),
        (f"\ufeff  {GOOD}\n", ()),
        (f"```json\n{GOOD}\n```", (FENCED,)),
        (f"```\n{GOOD}\n```\n", (FENCED,)),
        (f"~~~json\n{GOOD}\n~~~", (FENCED,)),
        (f"```json\n{GOOD}", (FENCED,)),
        (f"[{GOOD}]", (LISTED,)),
        (f"```json\n[\n {GOOD}\n]\n```", (FENCED, LISTED)),
        (f"Certainly! Here is my decision:\n{GOOD}", (AROUND,)),
        (f"Here it is:\n```json\n{GOOD}\n```\nTell me if you need more.", (FENCED, AROUND)),
        (json.dumps(VALUES | {"reason": "x" * 4000}), (CUT,)),
    ],
)
def test_what_is_only_cosmetic_is_mended_to_the_same_decision_and_named(text: str, mends: tuple[str, ...]) -> None:
    form, mended = reading(text)
    assert (form.number, form.code) == (7.5, "abc")
    assert mended == mends
    assert form.reason == "as usual" if CUT not in mends else len(form.reason) == 20


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (GOOD[:-1], "malformed"),
        (f"```json\n{GOOD[:-1]}\n```", "malformed"),
        (f"[{GOOD}, {GOOD}]", "malformed"),
        (f"[{GOOD}", "malformed"),
        (f"[[{GOOD}]]", "malformed"),
        (f"{GOOD}\n{GOOD}", "malformed"),
        (f"Either {GOOD} or {GOOD}", "malformed"),
        (f"My thoughts {{not yet}}: {GOOD}", "malformed"),
        ("[]", "malformed"),
        ('{"number": 7.5, "number": 90, "code": "abc", "reason": ""}', "malformed"),
        (GOOD.replace("7.5", "NaN"), "malformed"),
        (GOOD.replace("7.5", '"7.5"'), "malformed"),
        (GOOD.replace("7.5", "1e999"), "malformed"),
        (GOOD.replace("7.5", "9" * 5000), "malformed"),
        (GOOD.replace("7.5", "101"), "out_of_bounds"),
        (GOOD.replace('"abc"', '"abcd"'), "out_of_bounds"),
        (json.dumps(VALUES | {"floor": 0}), "malformed"),
        ('{"number": 7.5, "code": "abc"}', "malformed"),
        ('{"a": ' * 100_000, "malformed"),
        ("[" * 100_000, "malformed"),
        ("Certainly!", "malformed"),
        ("", "unfinished"),
    ],
    ids=lambda value: value[:30],
)
def test_what_could_change_the_decision_is_no_answer(text: str, kind: str) -> None:
    with pytest.raises(Unusable) as failed:
        reading(text)
    assert failed.value.kind == kind
    assert len(failed.value.excerpt) <= 300 and "\n" not in failed.value.excerpt


def test_an_answer_beyond_the_stated_size_is_refused_with_how_it_began() -> None:
    with pytest.raises(Unusable, match=f"longer than {LONGEST_ANSWER:,} characters"):
        read(Reply("x" * 120, "TOO_LONG", 1, 1), Form)


def test_an_excerpt_is_one_line_in_which_nothing_acts() -> None:
    with pytest.raises(Unusable) as failed:
        reading("\x1b[31mNo <b>thanks</b>\nreally")
    assert failed.value.excerpt == '"[31mNo \\u003cb\\u003ethanks\\u003c/b\\u003e\\nreally"'


def test_cutting_prose_leaves_the_form_that_the_model_reads_as_it_was() -> None:
    assert Form.model_json_schema()["properties"]["reason"]["maxLength"] == 20


def test_an_object_is_found_as_it_was_written() -> None:
    assert the_object('so: {"a":  1.50}') == ('{"a":  1.50}', [AROUND])
