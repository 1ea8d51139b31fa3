"""Who decides: a plug. `RuleDecider` needs nothing; `strategist.Strategist` asks a model and falls back to rules.

By rule the aggregator opens low and reaches its limit in the last round; what is above that it does without. Homes
follow their own tactic.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from vpp_core.fleet.fleet import Bools
from vpp_core.negotiation.bargain import Terms, signed_quantile
from vpp_core.negotiation.decisions import Decided, Formulation, Responses
from vpp_core.negotiation.public import NegotiationTable
from vpp_core.negotiation.tactics import Standing, tactic_of
from vpp_core.scenario import NegotiationRules


class Decider(Protocol):
    """Decides for the aggregator, and where it speaks for homes, for them. It sees what is on the table."""

    asks_homes: bool
    """whether `responses` speaks for homes; else each home follows its own tactic"""

    def terms(self, table: NegotiationTable) -> Decided[Terms]:
        """Terms of the table's round, 1 … rounds."""
        ...

    def formulation(self, table: NegotiationTable) -> Decided[Formulation]:
        """What the coalition's program weighs."""
        ...

    def responses(self, table: NegotiationTable, tactic: Responses, room: Bools) -> Decided[Responses]:
        """What homes answer, starting from their own tactic; only those with `room` (K,) to concede are asked."""
        ...


class RuleDecider:
    """Concedes from the opening to the limit quantile of the forecast by the tactic that the scenario names."""

    asks_homes: bool = False

    def __init__(self, rules: NegotiationRules) -> None:
        self._rules = rules
        self._tactic = tactic_of(rules.aggregator_tactic, "aggregator")

    def terms(self, table: NegotiationTable) -> Decided[Terms]:
        opening, limit = self._rules.opening_quantile, self._rules.limit_quantile
        gone = table.round / table.rounds
        if not self._tactic.watches:
            standing = Standing(gone, table.rounds, (), (), np.zeros(0))
            return Decided(Terms(opening, limit, float(np.max(self._tactic.concede(standing)))))
        room = np.abs(
            signed_quantile(table.layout, table.forecast, limit)
            - signed_quantile(table.layout, table.forecast, opening)
        )
        before = tuple(np.broadcast_to(terms.gone, room.shape) for terms in table.terms)
        shares = np.asarray(self._tactic.concede(Standing(gone, table.rounds, before, table.asks, room)))
        asking = table.offering & ~table.agreed
        mean = float(shares[asking].mean()) if asking.any() else 0.0
        return Decided(Terms(opening, limit, mean, shares=shares))

    def formulation(self, table: NegotiationTable) -> Decided[Formulation]:
        return Decided(Formulation(self._rules.satisfaction_weight_usd))

    def responses(self, table: NegotiationTable, tactic: Responses, room: Bools) -> Decided[Responses]:
        return Decided(tactic)
