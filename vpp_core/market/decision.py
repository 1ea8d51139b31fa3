"""A strategy's decision at a gate closure, and the bid that the market accepted of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from vpp_core.fleet.fleet import Floats
from vpp_core.llm.usage import Usage
from vpp_core.market.curve import Curve
from vpp_core.market.segments import Segments


@dataclass(frozen=True)
class Decision:
    """What stores may be asked for, at what price, and how that came about."""

    segments: Segments
    schedule_kw: Floats | None = None
    """power of every store in each interval of the window (L, S), where a strategy bids a schedule of its own instead
    of the plan's curve"""
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

    def __repr__(self) -> str:
        asked = "a schedule within " if self.schedule_kw is not None else ""
        bargained = f"; {self.agreed} of {self.offers} offers agreed in {self.rounds} rounds" if self.rounds else ""
        ending = f", {self.outcome}" if self.outcome else ""
        return f"<Decision {asked}{self.segments!r}{bargained}{ending}>"


@dataclass(frozen=True)
class Bid:
    """The curve that the market accepted for a window, and the decision it came from."""

    curve: Curve
    below_minimum: bool
    feasible_kw: float
    """all that the stores could have been asked for"""
    decision: Decision

    def __repr__(self) -> str:
        small = ", too little for the market's minimum" if self.below_minimum else ""
        return f"<Bid {self.curve!r} of {self.feasible_kw:,.1f} kW feasible{small}>"

    def without_segments(self, none: Segments) -> Bid:
        """The same, once nobody asks any more what it asked of each store.

        Parameters
        ----------
        none : Segments
            Segments of nothing, shared by all bids.

        Returns
        -------
        Bid
            With the curve, and counts and prices of the decision.
        """
        return replace(self, decision=replace(self.decision, segments=none, schedule_kw=None))
