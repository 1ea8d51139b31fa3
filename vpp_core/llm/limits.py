"""What a run may spend, and when it stops knocking at a dead door. No clock is looked at, so a replay decides alike."""

from __future__ import annotations

import math

from vpp_core.scenario import LanguageModelRules

MILLION = 1_000_000
FAILURES_TO_OPEN = 5
"""Questions in a row without an answer after which the breaker opens."""
FIRST_PAUSE = 20
"""Questions that are then not asked; after the next failure twice as many, and so on."""
LEAST_CHARACTERS_PER_TOKEN = 2
"""No tokenizer known makes more of JSON and English; what is reserved before a question is asked."""


class Budget:
    """Calls, tokens and dollars: reserved before a question, settled after it."""

    def __init__(self, rules: LanguageModelRules) -> None:
        self._rules = rules
        self.calls = self.input_tokens = self.output_tokens = 0
        self._most_in, self._most_out = 0, rules.maximum_output_tokens

    @property
    def usd(self) -> float:
        return cost_usd(self._rules, self.input_tokens, self.output_tokens)

    def attempts(self, characters: int, reserved_calls: int = 0, reserved_questions: int = 0) -> int:
        """How often a question of this length may be put; 0: it may not. What is under way counts as spent in full.

        Tokens are reserved by the question's length, and never less than the most that any answer has cost so far:
        services count what they add, too.
        """
        left = self._rules.maximum_calls - self.calls - reserved_calls
        asked = reserved_questions + 1
        tokens_in = asked * max(math.ceil(characters / LEAST_CHARACTERS_PER_TOKEN), self._most_in)
        tokens_out = asked * self._most_out
        tokens = self.input_tokens + self.output_tokens + tokens_in + tokens_out
        usd = self.usd + cost_usd(self._rules, tokens_in, tokens_out)
        if tokens > self._rules.maximum_tokens or usd > self._rules.maximum_usd:
            return 0
        return max(min(left, self._rules.attempts), 0)

    def settle(self, calls: int, input_tokens: int, output_tokens: int) -> None:
        self.calls += calls
        self.input_tokens += input_tokens
        self.output_tokens += output_tokens
        self._most_in, self._most_out = max(self._most_in, input_tokens), max(self._most_out, output_tokens)


def cost_usd(rules: LanguageModelRules, input_tokens: float, output_tokens: float) -> float:
    """Cost of tokens at the scenario's prices [$]."""
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
