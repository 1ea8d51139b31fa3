"""Feeds many made inputs to the program and counts what becomes of each.

A generator is a function `make(rng) -> Trial`. From its own `random.Random` it makes one input, usually a valid one
whose truth it knows, spoilt in some way, and says how to feed it and what a right answer is:

    def broken_json(rng: random.Random) -> Trial:
        homes = rng.randint(1, 900)
        text = spoil(json.dumps({"homes": homes}), rng)
        return Trial(
            what=text,                                         # shown where it goes wrong
            feed=lambda: Scenario.from_json(text, "it"),       # an `InputError` is a refusal
            right=lambda scenario: None if scenario.homes == homes else f"{scenario.homes} homes for {homes}",
        )

    def test_a_scenario_s_file_is_read_or_refused(fuzz: Fuzz) -> None:
        fuzz(broken_json)

The fixture `fuzz` (conftest.py) runs `quick` inputs in the default suite; with `make fuzz INPUTS=2000` (the variable
`FUZZ_INPUTS`) it runs 2,000 × `share` of each generator. Input k of a generator is always the same; `FUZZ_SEED=7`
gives others. What may become of an input:

read       the answer is what the generator knows to be true (or it knows no truth, and says so by leaving out `right`)
refused    an `InputError`: one sentence of at most `LONGEST_SENTENCE` letters, without line breaks
rude       refused, but not in such a sentence
lost       refused although the generator says that this input must be read (`must_read`)
traceback  any other exception
hang       not done within `SECONDS`
nonsense   an answer that is not true

The last five fail the test, which shows the first of them; the counts are printed at the end. A generator that uses
Hypothesis calls `judge` on each trial itself. `command` feeds arguments to `vpp` in this process.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from vpp_core.errors import InputError

INPUTS_VARIABLE, SEED_VARIABLE = "FUZZ_INPUTS", "FUZZ_SEED"
OUTCOMES = ("read", "refused", "rude", "lost", "traceback", "hang", "nonsense")
FAULTS = OUTCOMES[2:]
SECONDS = 20.0
"""Far more than any input here needs on a busy machine."""
LONGEST_SENTENCE = 600
_SHOWN = 3


def anything(answer: Any) -> str | None:
    """The truth is not known: every answer is right."""
    return None


@dataclass(frozen=True)
class Trial:
    """One input: what it is, how it is fed, and what is wrong with the answer (None: nothing)."""

    what: str
    feed: Callable[[], Any]
    right: Callable[[Any], str | None] = anything
    must_read: bool = False


Make = Callable[[random.Random], Trial]


@dataclass
class Counts:
    """What became of the inputs of one generator, and the first faults in words."""

    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, number: int, trial: Trial, outcome: str, said: str) -> None:
        self.outcomes[outcome] += 1
        if outcome in FAULTS and len(self.faults) < _SHOWN:
            self.faults.append(f"input {number}: {outcome}: {said}\n  {trial.what[:2000]}")

    def refuse_faults(self) -> None:
        """Fail where anything became of an input that may not."""
        bad = {outcome: self.outcomes[outcome] for outcome in FAULTS if self.outcomes[outcome]}
        assert not bad, f"{bad} of {self.outcomes.total()} inputs\n" + "\n".join(self.faults)


class _Hang(BaseException):
    """Raised by the alarm; not an `Exception`, so that nothing on the way takes it for a fault of its own."""


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    def ring(*_: object) -> None:
        raise _Hang

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def judge(trial: Trial, seconds: float = SECONDS) -> tuple[str, str]:
    """What becomes of an input: the outcome, and what was said."""
    began = time.monotonic()
    try:
        with _at_most(seconds):
            answer = trial.feed()
        if time.monotonic() - began > seconds:
            return "hang", f"{time.monotonic() - began:.0f} s"
        wrong = trial.right(answer)
    except _Hang:
        return "hang", f"more than {seconds:.0f} s"
    except InputError as error:
        sentence = str(error)
        if not is_sentence(sentence):
            return "rude", repr(sentence[:1000])
        return ("lost" if trial.must_read else "refused"), sentence
    except Exception:  # anything else is what this looks for
        return "traceback", traceback.format_exc(limit=-4)
    return ("nonsense", wrong) if wrong else ("read", "")


def is_sentence(text: str) -> bool:
    """Whether a refusal can be shown to a person as it is."""
    return bool(text.strip()) and len(text) <= LONGEST_SENTENCE and text.isprintable() and "Traceback" not in text


def run(make: Make, inputs: int, name: str) -> Counts:
    """Feed that many inputs of a generator and count."""
    counts = Counts()
    seed = os.environ.get(SEED_VARIABLE, "0")
    for number in range(inputs):
        trial = make(random.Random(f"{name} {seed} {number}"))
        counts.add(number, trial, *judge(trial))
    return counts


def inputs_wanted(quick: int, share: float) -> int:
    """`quick`, or a share of what the environment asks for."""
    asked = os.environ.get(INPUTS_VARIABLE)
    return quick if asked is None else max(round(int(asked) * share), 1)


def command(*arguments: str) -> str:
    """Run `vpp` in this process: what it printed, or its refusal (exit code 2) as the `InputError` it was."""
    from vpp_pipeline.cli.app import BAD_INPUT, execute

    said, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        code = execute(list(arguments))
    if code == BAD_INPUT:
        raise InputError(complained.getvalue().strip().splitlines()[-1])
    assert code == 0, f"exit {code}: {complained.getvalue()[-2000:]}"
    return said.getvalue()
