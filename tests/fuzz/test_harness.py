"""The harness itself: every kind of outcome is told apart, and the bad ones fail a test."""

from __future__ import annotations

import random
import time

import pytest

from tests.fuzz.harness import Counts, Trial, command, judge, run
from vpp_core.errors import InputError


def refuse(sentence: str) -> None:
    raise InputError(sentence)


@pytest.mark.parametrize(
    ("trial", "outcome"),
    [
        (Trial("", lambda: 1), "read"),
        (Trial("", lambda: 1, lambda answer: None if answer == 1 else "not 1"), "read"),
        (Trial("", lambda: 2, lambda answer: None if answer == 1 else "not 1"), "nonsense"),
        (Trial("", lambda: refuse("x.csv is empty; remove it")), "refused"),
        (Trial("", lambda: refuse("x.csv is empty; remove it"), must_read=True), "lost"),
        (Trial("", lambda: refuse("")), "rude"),
        (Trial("", lambda: 1 / 0), "traceback"),
        (Trial("", lambda: time.sleep(5)), "hang"),
    ],
)
def test_what_becomes_of_an_input_is_told_apart(trial: Trial, outcome: str) -> None:
    assert judge(trial, seconds=0.2)[0] == outcome


def test_an_input_is_the_same_every_time_and_a_fault_names_it() -> None:
    def odd_ones(rng: random.Random) -> Trial:
        number = rng.randint(0, 9)
        return Trial(f"drew {number}", lambda: number, lambda answer: "odd" if answer % 2 else None)

    one, two = (run(odd_ones, 30, "odd ones") for _ in range(2))
    assert one == two and one.outcomes["nonsense"] > 0
    with pytest.raises(AssertionError, match=r"input \d+: nonsense: odd\s+drew \d"):
        one.refuse_faults()
    Counts().refuse_faults()


def test_a_refusal_of_the_command_line_is_one() -> None:
    with pytest.raises(InputError, match="not-a-month"):
        command("run", "--month", "not-a-month")
    assert "Commands" in command("--help")
