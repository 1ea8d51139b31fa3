"""Faults of a model's answers, for the sentence that ends a run: how many of which kind, and an example.

For questions that hold nobody's words: an example begins as the answer did.
"""

from __future__ import annotations

import threading
from collections import Counter

from vpp_core.llm.answer import Unusable
from vpp_core.tables.negotiation import NEVER_ANSWERED

ADVICE_SERVICE = "check the key and the service, or run the scenario with decider rules"
ADVICE_ANSWERS = "name another model with --model, or run the scenario with decider rules"


class Troubles:
    """Faults of one run, counted, and the most frequent one kept in words."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._examples: dict[str, str] = {}
        self._answered = 0
        self._lock = threading.Lock()

    def add(self, fault: Unusable) -> None:
        reason = str(fault)
        with self._lock:
            self._counts[reason] += 1
            self._answered += fault.kind not in NEVER_ANSWERED
            if fault.excerpt and reason not in self._examples:
                self._examples[reason] = fault.excerpt

    @property
    def example(self) -> str:
        """The most frequent fault and, where there was an answer, how one such began."""
        if not self._counts:
            return ""
        reason, count = self._counts.most_common(1)[0]
        began = self._examples.get(reason)
        return f"{count} times {reason}" + (f", such as {began}" if began else "")

    @property
    def advice(self) -> str:
        """What to do: about the service where it was silent, about the model where it answered."""
        return ADVICE_ANSWERS if self._answered else ADVICE_SERVICE
