"""Who decides: a plug. `Rules` needs nothing; `strategist.Strategist` asks a language model and falls back to rules.

By rule the aggregator opens low and reaches its limit in the last round; above that it asks for nothing. Homes follow
the tactic of their category.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from vpp_core.fleet.fleet import Bools
from vpp_core.negotiation.bargain import Bargain, Terms, home_ask
from vpp_core.negotiation.decisions import Decided, Formulation, Responses
from vpp_core.negotiation.public import Table
from vpp_core.scenario import NegotiationRules


class Decider(Protocol):
    """Decides for the aggregator, and where it speaks for homes, for them. It sees what is on the table."""

    asks_homes: bool
    """whether `responses` speaks for homes; else each home follows its own tactic"""

    def terms(self, table: Table) -> Decided[Terms]:
        """Terms of the table's round, 1 … rounds."""
        ...

    def formulation(self, table: Table) -> Decided[Formulation]:
        """What the coalition's program weighs."""
        ...

    def responses(self, table: Table, tactic: Responses, room: Bools) -> Decided[Responses]:
        """What homes answer, starting from their own tactic; only those with `room` (K,) to concede are asked."""
        ...


class Rules:
    """Concedes evenly from the opening to the limit quantile, quantiles of the forecast."""

    asks_homes: bool = False

    def __init__(self, rules: NegotiationRules) -> None:
        self._rules = rules

    def terms(self, table: Table) -> Decided[Terms]:
        conceded = table.round / table.rounds
        return Decided(Terms(self._rules.opening_quantile, self._rules.limit_quantile, conceded))

    def formulation(self, table: Table) -> Decided[Formulation]:
        return Decided(Formulation(self._rules.satisfaction_weight_usd))

    def responses(self, table: Table, tactic: Responses, room: Bools) -> Decided[Responses]:
        return Decided(tactic)


def own_tactic(bargain: Bargain, category: npt.NDArray[np.integer], rules: NegotiationRules) -> Responses:
    """What homes answer by the tactic of their category: whoever is offered at least what it would ask next accepts.

    In the last round there is no next ask: what is not met is not agreed on.
    """
    if bargain.round >= rules.rounds:
        nobody = np.zeros(len(bargain.layout), dtype=bool)
        return Responses(nobody, bargain.ask_usd_per_mwh, nobody)
    following = home_ask(bargain, bargain.round, category, rules.home_concession_factor, rules.home_patience_factor)
    accepts = bargain.open & (bargain.counter_usd_per_mwh >= following)
    return Responses(accepts, following, np.zeros_like(accepts))
