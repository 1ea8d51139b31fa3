"""Limits that hold whatever a decider says, checked after every decision.

What a form's bounds already refuse never gets here. Here stand the limits that depend on the negotiation: nobody takes
a concession back, the aggregator does not run ahead of it, no home goes below its own price, and the coalition must be
worth nearly what the scenario's own formulation makes of the same offers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vpp_core.fleet.fleet import Bools
from vpp_core.llm import Usage
from vpp_core.negotiation.bargain import Bargain, Terms
from vpp_core.negotiation.decisions import Decided, Responses
from vpp_core.scenario import NegotiationRules

QUANTILES_ABOVE_RULES = 0.2
"""How far above the scenario's limit quantile a model's may lie."""
ROUNDS_AHEAD = 1
"""By how many rounds a model may concede earlier than evenly."""
HIGHEST_MINIMUM_SCORE = 0.4
"""Bids scored above it get a counter-offer whatever a model says: nobody is asked without one."""
MIN_WORTH = 0.9
"""Share of the usual coalition's expected worth that a model's must reach."""
TOLERANCE = 1e-9
CENT = 0.01
"""Prices in prompts are rounded to it [$/MWh]: repeating one is not taking a concession back."""


def hold_terms(
    decided: Decided[Terms], before: Terms | None, round_number: int, rules: NegotiationRules
) -> Decided[Terms]:
    """Terms of a round within limits; a correction of what a model said is counted."""
    said = decided.value
    highest = max(rules.limit_quantile, min(rules.limit_quantile + QUANTILES_ABOVE_RULES, 0.9))
    limit = min(said.limit_quantile, highest)
    opening = min(said.opening_quantile, limit)
    conceded = min(said.conceded, (round_number + ROUNDS_AHEAD) / rules.rounds, 1.0)
    score = min(said.minimum_score, HIGHEST_MINIMUM_SCORE)
    if before is not None:
        opening, limit = max(opening, before.opening_quantile), max(limit, before.limit_quantile)
        conceded, score = max(conceded, before.conceded), min(score, before.minimum_score)
    held = replace(said, opening_quantile=opening, limit_quantile=limit, conceded=conceded, minimum_score=score)
    # A rule that has to follow a model's earlier terms did no wrong, and is not counted.
    wrong = decided.by_model and held != said
    return replace(decided, value=held, usage=decided.usage + Usage(corrections=int(wrong)))


def hold_responses(
    decided: Decided[Responses], bargain: Bargain, tactic: Responses, rules: NegotiationRules
) -> Decided[Responses]:
    """Answers that no home regrets: below its reservation price the home's own tactic answers, home by home.

    A model's ask above the last one is that last one: a concession is not taken back. In the last round asks are final.
    """
    said = decided.value
    last = bargain.round >= rules.rounds
    limit = bargain.reservation_usd_per_mwh - TOLERANCE
    too_low = np.zeros_like(bargain.agreed) if last else said.ask_usd_per_mwh < limit
    below = np.where(said.accepts, bargain.counter_usd_per_mwh < limit, too_low)
    below &= bargain.open
    raised = ~said.accepts & (said.ask_usd_per_mwh > bargain.ask_usd_per_mwh + CENT) & bargain.open
    ask = bargain.ask_usd_per_mwh if last else np.minimum(said.ask_usd_per_mwh, bargain.ask_usd_per_mwh)
    held = Responses(
        accepts=np.where(below, tactic.accepts, said.accepts) & bargain.open,
        ask_usd_per_mwh=np.where(below, tactic.ask_usd_per_mwh, ask),
        by_model=said.by_model & ~below,
    )
    refused, corrected = (_homes(bargain, of & said.by_model) for of in (below, below | raised))
    usage = decided.usage
    if refused:
        usage = replace(usage, answers=usage.answers - refused) + Usage(fallbacks={"below_reservation": refused})
    return replace(decided, value=held, usage=usage + Usage(corrections=corrected))


def worth_enough(proposed_usd: float, usual_usd: float) -> bool:
    """Whether a coalition may stand beside the usual one; both by the scenario's own objective [$]."""
    return proposed_usd >= MIN_WORTH * usual_usd - TOLERANCE


def _homes(bargain: Bargain, segments: Bools) -> int:
    return len(np.unique(bargain.layout.home[segments]))
