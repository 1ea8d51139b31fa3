"""Model answers: a cosmetic fault changes no decision, a fault of substance is none, and a record's lines are checked.

What an answer decides is known, since each begins as a right one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from tests.fuzz.conftest import Fuzz
from tests.fuzz.harness import Trial
from vpp_core.errors import InputError
from vpp_core.llm.answer import LONGEST_ANSWER, Reply, Unusable, read
from vpp_core.llm.gateway import Heard
from vpp_core.llm.record import Entry, Record, entries_of, line_of
from vpp_core.llm.usage import Usage
from vpp_core.negotiation.decisions import FormulationForm, HomeForm, PlanForm, TermsForm
from vpp_core.negotiation.strategist import _replies
from vpp_core.tables.negotiation import FALLBACKS

WORDS = ("Certainly", "I", "decide", "as", "follows", "the", "homes", "prefer", "0.5", "—", "$90/MWh", "é", "\t", "\n")


def words(rng: random.Random, most: int) -> str:
    """Some prose without brackets."""
    return " ".join(rng.choices(WORDS, k=rng.randint(1, most)))


def terms(rng: random.Random) -> dict[str, Any]:
    return {
        "opening_quantile": round(rng.uniform(0.1, 0.5), 3),
        "limit_quantile": round(rng.uniform(0.5, 0.9), 3),
        "conceded": rng.choice([0, 1, round(rng.random(), 3)]),
        "minimum_score": round(rng.random(), 3),
        "reason": words(rng, 8)[:120],
    }


def formulation(rng: random.Random) -> dict[str, Any]:
    return {
        "satisfaction_weight_usd": round(rng.uniform(0, 10), 3),
        "target_margin_usd_per_mwh": rng.randint(0, 200),
        "minimum_reliability": round(rng.uniform(0, 0.9), 3),
        "reserve_share": rng.random(),
        "reason": words(rng, 8)[:120],
    }


def replies(rng: random.Random, offers: int = 3) -> dict[str, Any]:
    def one(number: int) -> dict[str, Any]:
        if rng.random() < 0.4:
            return {"offer": number, "decision": "accept", "price": None}
        price = {"value": round(rng.uniform(-50, 500), 2), "unit": rng.choice(["USD/MWh", "cents/kWh"])}
        return {"offer": number, "decision": "ask", "price": price}

    return {"replies": [one(number) for number in range(1, offers + 1)], "reason": words(rng, 8)[:120]}


FORMS: tuple[tuple[type[BaseModel], Callable[[random.Random], dict[str, Any]]], ...] = (
    (TermsForm, terms),
    (FormulationForm, formulation),
    (PlanForm, lambda rng: {"terms": terms(rng), "formulation": rng.choice([None, formulation(rng)])}),
    (HomeForm, replies),
)


def with_long_prose(answer: dict[str, Any], rng: random.Random) -> None:
    """Every reason much longer than its form allows."""
    if "reason" in answer:
        answer["reason"] = words(rng, 30) + "x" * rng.randint(120, 3000)
    for part in answer.values():
        if isinstance(part, dict):
            with_long_prose(part, rng)


def dressed(text: str, rng: random.Random) -> str:
    """The same answer as models wrap it, in one way or in several."""
    if rng.random() < 0.3:
        text = f"[{text}]"
    if rng.random() < 0.5:
        fence = rng.choice(["```", "~~~"])
        text = f"{fence}{rng.choice(['json', 'JSON', ''])}\n{text}\n{rng.choice([fence, ''])}"
    if rng.random() < 0.4:
        text = f"{words(rng, 12)}:\n{text}"
    if rng.random() < 0.3:
        text = f"{text}\n{words(rng, 12)}"
    return rng.choice(["", " \n", "\ufeff"]) + text


def decided(value: BaseModel) -> Any:
    """What an answer decides: all but its prose."""

    def bare(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: bare(inner) for name, inner in part.items() if name != "reason"}
        return [bare(inner) for inner in part] if isinstance(part, list) else part

    return bare(value.model_dump(mode="json"))


def understood(text: str, form: type[BaseModel], finish: str = "STOP") -> BaseModel:
    """The value of an answer; one that is of no use is a refusal of a kind that is counted."""
    try:
        return read(Reply(text, finish, 1, 1), form)[0]
    except Unusable as fault:
        assert fault.kind in FALLBACKS, fault.kind
        raise InputError(str(fault)) from None


def cosmetic_faults(rng: random.Random) -> Trial:
    form, make = rng.choice(FORMS)
    answer = make(rng)
    truth = decided(form.model_validate(answer, strict=False))
    if rng.random() < 0.5:
        with_long_prose(answer, rng)
    text = dressed(json.dumps(answer, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, 1])), rng)

    def right(value: BaseModel) -> str | None:
        return None if decided(value) == truth else f"{decided(value)} for {truth}"

    return Trial(text, lambda: understood(text, form), right, must_read=True)


def _places(answer: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where an answer's numbers, choices and parts stand, prose left out."""
    found = []
    items = answer.items() if isinstance(answer, dict) else enumerate(answer)
    for name, part in items:
        if name == "reason":
            continue
        found.append((*path, name))
        if isinstance(part, (dict, list)):
            found += _places(part, (*path, name))
    return found


ODD: tuple[Any, ...] = (
    "0.5", True, float("nan"), float("inf"), -1e9, 1e9, 10**400, [], {}, [[0.5]], {"value": 1}, "none", "\u0000", None,
)  # fmt: skip


def _spoilt(text: str, answer: dict[str, Any], rng: random.Random) -> str:
    """A text with one fault that could change the decision."""
    kind = rng.randrange(7)
    if kind == 0:  # cut off
        return text[: rng.randrange(1, len(text) - 1)]
    if kind == 1:  # two answers
        return f"{text}{rng.choice(['', ' or ', ', '])}{text}"
    if kind == 2:  # a further field, perhaps the name of another one's
        return json.dumps(answer | {rng.choice(["floor", "price", "homes", "admin"]): 1})
    if kind == 3:  # a field twice
        name, value = rng.choice(list(answer.items()))
        return text[:-1] + f", {json.dumps(name)}: {json.dumps(value)}}}"
    if kind == 4:  # a field less
        del answer[rng.choice(list(answer))]
        return json.dumps(answer)
    if kind == 5:  # no answer at all
        return rng.choice([words(rng, 40), "", "null", "[]", "7", "{}", "[" * 100_000, '{"a":' * 100_000, "x" * 10**6])
    *above, last = rng.choice([place for place in _places(answer) if place])
    part: Any = answer
    for step in above:
        part = part[step]
    part[last] = rng.choice([odd for odd in ODD if odd is not None or not _may_be_null(last)])
    return json.dumps(answer)


def _may_be_null(name: Any) -> bool:
    return name in ("formulation", "price")


def faults_of_substance(rng: random.Random) -> Trial:
    form, make = rng.choice(FORMS)
    answer = make(rng)
    text = _spoilt(json.dumps(answer), answer, rng)
    text = dressed(text, rng) if rng.random() < 0.3 and len(text) < LONGEST_ANSWER else text
    finish = rng.choice(["STOP", "STOP", "STOP", "MAX_TOKENS", "SAFETY"])
    return Trial(text[:3000], lambda: understood(text, form, finish), lambda value: f"was taken for {decided(value)}")


def offers_of_other_homes(rng: random.Random) -> Trial:
    """A home answers for offers that are not its own, for one twice, or for fewer: its own tactic answers then."""
    offers = rng.randint(1, 4)
    answer = replies(rng, offers)
    own = answer["replies"]
    kind = rng.randrange(5)
    if kind == 0:
        own[rng.randrange(offers)]["offer"] = rng.randint(offers + 1, 20)
    elif kind == 1:
        own.append(dict(rng.choice(own)))
    elif kind == 2:
        own.append({"offer": rng.randint(offers + 1, 20), "decision": "accept", "price": None})
    elif kind == 3:
        one = rng.choice(own)
        one["price"] = {"value": 1.0, "unit": "USD/MWh"} if one["decision"] == "accept" else None
    else:
        offers += 1
    text = json.dumps(answer)

    def feed() -> Any:
        value = understood(text, HomeForm)
        assert isinstance(value, HomeForm)
        return _replies(Heard(value, Usage()), offers)

    return Trial(text, feed, lambda said: None if said is None else f"was taken for {said}")


def recorded_lines(rng: random.Random) -> Trial:
    """A record of two answers with one fault in a line: read as it was, or named with its line."""
    entries = [
        Entry(f"{rng.getrandbits(128):032x}", rng.randint(0, 3), rng.randint(1, 3), Reply(words(rng, 9), "STOP", 7, 1)),
        Entry(f"{rng.getrandbits(128):032x}", 0, 1, None, rng.choice(["unreachable", "late", "throttled"])),
    ]
    lines = [line_of(entry) for entry in entries]
    spoil = rng.randrange(5)
    position = rng.randrange(2)
    if spoil == 0:
        fields = json.loads(lines[position])
        place = rng.choice(["request", "occurrence", "calls", "reply"])
        fields[place] = rng.choice([odd for odd in ODD if odd != {}] + [-1, 1.5, "x" * 10**5, None])
        lines[position] = json.dumps(fields) + "\n"
    elif spoil == 1:
        fields = json.loads(lines[0])
        fields["reply"][rng.choice(["text", "input_tokens", "output_tokens"])] = rng.choice([None, -1, 1e300, [], {}])
        lines[0] = json.dumps(fields) + "\n"
    elif spoil == 2:
        lines[position] = rng.choice(["[" * 100_000, "null", "{}", "\x00" * 50]) + "\n"
    elif spoil == 3:
        cut = rng.randrange(1, len(lines[position]) - 1)
        lines[position] = lines[position][:cut] + "\n"
    text = "".join(lines)

    def right(found: list[Entry]) -> str | None:
        told = sum(entry.calls for entry in found)
        spent = Record(found).spent
        if found != entries and spoil == 4:
            return "what was kept is not what is read"
        return None if spent.calls == told and spent.input_tokens >= 0 else f"{spent} for {told} calls"

    return Trial(text[:3000], lambda: entries_of(text, "answers.jsonl"), right, must_read=spoil == 4)


def test_a_cosmetic_fault_of_an_answer_changes_no_decision(fuzz: Fuzz) -> None:
    fuzz(cosmetic_faults, quick=60)


def test_a_fault_of_substance_is_no_decision(fuzz: Fuzz) -> None:
    fuzz(faults_of_substance, quick=100)


def test_a_home_that_answers_for_other_offers_decides_nothing(fuzz: Fuzz) -> None:
    fuzz(offers_of_other_homes, quick=40)


def test_a_line_of_a_record_is_read_as_it_was_or_named(fuzz: Fuzz) -> None:
    fuzz(recorded_lines, quick=50)
