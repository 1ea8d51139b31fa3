"""What asking cost and how often it was of no use: counts that add up over questions, windows and months."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vpp_core.tables.negotiation import FALLBACKS


@dataclass(frozen=True)
class Usage:
    """Counts of one or more questions. `calls` are requests sent, repeated ones included."""

    calls: int = 0
    answers: int = 0
    """answers that were used"""
    input_tokens: int = 0
    output_tokens: int = 0
    fallbacks: Mapping[str, int] = field(default_factory=dict)
    """decisions taken by rule instead, by kind of `FALLBACKS`"""
    corrections: int = 0
    """decisions that the guard had to bring back within a limit: violations before the guard"""
    mended: int = 0
    """answers among those used that had a cosmetic fault (`llm.mending`)"""

    def columns(self) -> dict[str, int]:
        """The counts as columns of `tables.negotiation.ASKED`."""
        return {
            "llm_calls": self.calls,
            "llm_answers": self.answers,
            "llm_input_tokens": self.input_tokens,
            "llm_output_tokens": self.output_tokens,
            "llm_mended": self.mended,
            "guard_corrections": self.corrections,
            **{f"fallbacks_{kind}": self.fallbacks.get(kind, 0) for kind in FALLBACKS},
        }

    def __add__(self, other: Usage) -> Usage:
        kinds = {kind: self.fallbacks.get(kind, 0) + other.fallbacks.get(kind, 0) for kind in FALLBACKS}
        return Usage(
            self.calls + other.calls,
            self.answers + other.answers,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            {kind: count for kind, count in kinds.items() if count},
            self.corrections + other.corrections,
            self.mended + other.mended,
        )

    @classmethod
    def fallback(cls, kind: str, calls: int = 0, input_tokens: int = 0, output_tokens: int = 0) -> Usage:
        """A question that led to a decision by rule."""
        return cls(calls, 0, input_tokens, output_tokens, {kind: 1})
