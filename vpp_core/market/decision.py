"""What a strategy decides at a gate closure, and what the market made of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from vpp_core.llm.usage import Usage
from vpp_core.market.segments import Segments


@dataclass(frozen=True)
class Decision:
    """What is to be held for a window, and how it came about."""

    segments: Segments
    invited: int = 0
    """households that had something to offer"""
    offers: int = 0
    """segments that were offered"""
    rounds: int = 0
    agreed: int = 0
    """segments on which both sides agreed"""
    mean_concession: float = float("nan")
    plan_satisfaction: float = float("nan")
    solver: str | None = None
    """who solved the window program; none where there was none"""
    solver_failures: int = 0
    """aggregations whose window program failed"""
    solver_gap_usd: float = 0.0
    """how much more than its solution the window program's optimum could at most be worth [$]"""
    below_minimum: bool = False
    """whether something could have been offered, but too little for the minimum bid"""
    expected_margin_usd: float = 0.0
    outcome: str | None = None
    """how a negotiation ended; none where nothing was negotiated"""
    usage: Usage = field(default_factory=Usage)
    """what asking a language model cost and came to"""
    timings: dict[str, float] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Bid:
    """The segments that the market accepted for a window, and the decision they came from."""

    segments: Segments
    below_minimum: bool
    feasible_kw: float
    """all that the homes could have held"""
    decision: Decision
