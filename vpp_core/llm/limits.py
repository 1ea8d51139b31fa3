"""Limits on asking a model: a month's budget, waits when a service says so, and a stop where it does not answer."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from vpp_core.llm.answer import MIN_CHARACTERS_PER_TOKEN
from vpp_core.scenario import LanguageModelRules

MILLION = 1_000_000
FAILURES_TO_OPEN = 5
"""Questions in a row without an answer after which the breaker opens."""
FIRST_PAUSE = 20
"""Questions that are then not asked; after the next failure twice as many, and so on."""


@dataclass
class Spent:
    """What was spent on a month so far, by every run of it: calls count also where nothing came back."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    max_input_tokens: int = 0
    max_output_tokens: int = 0
    """of any one answer"""

    def add(self, calls: int, input_tokens: int, output_tokens: int) -> None:
        self.calls += calls
        self.input_tokens += input_tokens
        self.output_tokens += output_tokens
        self.max_input_tokens, self.max_output_tokens = (
            max(self.max_input_tokens, input_tokens),
            max(self.max_output_tokens, output_tokens),
        )


class Budget:
    """Calls, tokens and dollars of a month: what is left of the caps after what was spent."""

    def __init__(self, rules: LanguageModelRules, spent: Spent | None = None) -> None:
        self._rules = rules
        self._spent = spent or Spent()
        self._lock = threading.Lock()
        self._under_way = 0

    def attempts(self, characters: int, reserved_calls: int = 0, reserved_questions: int = 0) -> int:
        """How often a question of this length may be put; 0: it may not. What is under way counts as spent in full.

        Tokens are reserved by the question's length, and never less than the most that any answer has cost so far:
        services count what they add, too.
        """
        spent = self._spent
        left = self._rules.maximum_calls - spent.calls - reserved_calls
        asked = reserved_questions + 1
        tokens_in = asked * max(math.ceil(characters / MIN_CHARACTERS_PER_TOKEN), spent.max_input_tokens)
        tokens_out = asked * max(self._rules.maximum_output_tokens, spent.max_output_tokens)
        tokens = spent.input_tokens + spent.output_tokens + tokens_in + tokens_out
        usd = cost_usd(self._rules, spent.input_tokens + tokens_in, spent.output_tokens + tokens_out)
        if tokens > self._rules.maximum_tokens or usd > self._rules.maximum_usd:
            return 0
        return max(min(left, self._rules.attempts), 0)

    def under_way(self, calls: int) -> None:
        """So many calls may be made before anything is settled."""
        self._under_way = calls

    def one_more(self) -> bool:
        """Whether a call beyond those under way may be made; it then belongs to them."""
        with self._lock:
            if self._spent.calls + self._under_way >= self._rules.maximum_calls:
                return False
            self._under_way += 1
            return True


def cost_usd(rules: LanguageModelRules, input_tokens: float, output_tokens: float) -> float:
    """Cost of tokens at the scenario's prices [$]; a model on this machine costs none."""
    if rules.runs_here:
        return 0.0
    return (
        input_tokens * rules.input_usd_per_million_tokens + output_tokens * rules.output_usd_per_million_tokens
    ) / MILLION


class Breaker:
    """Opens after a row of failures; then lets one question through, and pauses for twice as long if that fails too."""

    def __init__(self) -> None:
        self._failures = 0
        self._pause = FIRST_PAUSE
        self._skip = 0

    @property
    def is_open(self) -> bool:
        return self._skip > 0

    def skipped(self) -> None:
        """A question was not asked since the breaker is open."""
        self._skip -= 1

    def heard(self, answered: bool) -> None:
        """What became of a question that was asked."""
        if answered:
            self._failures, self._pause = 0, FIRST_PAUSE
            return
        self._failures += 1
        if self._failures >= FAILURES_TO_OPEN:
            self._skip, self._pause = self._pause, 2 * self._pause


class Patience:
    """Waits as long as the service says, for all who ask, until the time that a run may spend waiting is used up."""

    def __init__(self, seconds: float, on_wait: Callable[[float], None] | None = None) -> None:
        self.left_seconds = seconds
        self._opens = 0.0
        self._lock = threading.Lock()
        self._on_wait = on_wait

    def told(self, seconds: float) -> None:
        """The service said to come back after so long."""
        with self._lock:
            self._opens = max(self._opens, time.monotonic() + seconds)

    def wait(self) -> bool:
        """Wait until the service wants to be asked; False at once where that is later than the run may wait."""
        while True:
            with self._lock:
                pause = self._opens - time.monotonic()
                if pause <= 0:
                    return True
                if pause > self.left_seconds:
                    return False
                # Whoever waits first pays for all: the others find the time gone when they look again.
                self.left_seconds -= pause
                if self._on_wait is not None:
                    self._on_wait(pause)
                time.sleep(pause)
