"""A language model decides for the aggregator, and in small fleets for homes; whatever is of no use is decided by rule.

The model sets bounded parameters; prices, quantities and the coalition are computed from them. What it is told is made
of the `NegotiationTable`, which holds no home's private price.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from vpp_core.fleet.fleet import CATEGORIES, Bools
from vpp_core.llm.answer import Unusable
from vpp_core.llm.gateway import Gateway, Heard, Question
from vpp_core.llm.quoting import without_brackets
from vpp_core.llm.usage import Usage
from vpp_core.negotiation.bargain import Terms
from vpp_core.negotiation.deciders import RuleDecider
from vpp_core.negotiation.decisions import (
    Decided,
    Formulation,
    FormulationForm,
    HomeForm,
    PlanForm,
    Responses,
    TermsForm,
)
from vpp_core.negotiation.prompt_files import prompt
from vpp_core.negotiation.public import NegotiationTable, kinds
from vpp_core.scenario import NegotiationRules


class Strategist(RuleDecider):
    """The aggregator's judgement by a model, at the depth that the scenario asks for. One serves one run."""

    def __init__(self, rules: NegotiationRules, gateway: Gateway) -> None:
        super().__init__(rules)
        self._gateway = gateway
        self._depth = rules.llm.depth
        self._plan: PlanForm | None = None
        self.asks_homes = rules.llm.depth == "every_agent"

    def terms(self, table: NegotiationTable) -> Decided[Terms]:
        if not table.offering.any():
            self._plan = None
            return super().terms(table)
        if self._depth == "once_a_window":
            return self._planned_terms(table)
        heard = self._gateway.ask(_question("strategist", TermsForm, table.facts(), table.iso.region))
        if heard.value is None:
            return Decided(super().terms(table).value, heard.usage, heard.reason)
        return Decided(heard.value.terms(), heard.usage, heard.value.reason, by_model=True)

    def formulation(self, table: NegotiationTable) -> Decided[Formulation]:
        usual = super().formulation(table)
        if not table.offering.any():
            return usual
        if self._depth == "once_a_window":
            planned = self._plan.formulation if self._plan is not None else None
            return usual if planned is None else Decided(planned.formulation(), Usage(), planned.reason, by_model=True)
        heard = self._gateway.ask(_question("formulation", FormulationForm, table.facts(), table.iso.region))
        if heard.value is None:
            return Decided(usual.value, heard.usage, heard.reason)
        return Decided(heard.value.formulation(), heard.usage, heard.value.reason, by_model=True)

    def _planned_terms(self, table: NegotiationTable) -> Decided[Terms]:
        """The plan is asked for in the first round; its concession then grows evenly until the last."""
        usage, reason = Usage(), ""
        if table.round == 1:
            heard = self._gateway.ask(_question("plan", PlanForm, table.facts(), table.iso.region))
            self._plan, usage, reason = heard.value, heard.usage, heard.reason
        if self._plan is None:
            return Decided(super().terms(table).value, usage, reason)
        planned = self._plan.terms
        gone = (table.round - 1) / max(table.rounds - 1, 1)
        conceded = planned.conceded + gone * (1 - planned.conceded)
        terms = Terms(planned.opening_quantile, planned.limit_quantile, conceded, planned.minimum_score)
        return Decided(terms, usage, planned.reason, by_model=True)

    def responses(self, table: NegotiationTable, tactic: Responses, room: Bools) -> Decided[Responses]:
        """One call per home that has room to concede; the others follow their own tactic."""
        homes = {int(home): np.flatnonzero(room & (table.layout.home == home)) for home in
                 np.unique(table.layout.home[room])}  # fmt: skip
        questions = [
            _question("home", HomeForm, _home_facts(table, columns), table.iso.region) for columns in homes.values()
        ]
        accepts, ask = tactic.accepts.copy(), tactic.ask_usd_per_mwh.copy()
        by_model = np.zeros(len(table.layout), dtype=bool)
        usage = Usage()
        for columns, heard in zip(homes.values(), self._gateway.ask_all(questions), strict=True):
            replies = _replies(heard, len(columns))
            beside = replies is None and heard.value is not None
            usage = usage + (_malformed(heard.usage) if beside else heard.usage)
            if beside:
                self._gateway.troubles.add(Unusable("a home's offers were not each answered once"))
            if replies is None:
                continue
            for k, (accepted, price) in zip(columns, replies, strict=True):
                by_model[k], accepts[k] = True, accepted
                if not accepted:
                    ask[k] = price
        return Decided(Responses(accepts, ask, by_model), usage, by_model=True)


def _question(name: str, form: Any, facts: dict[str, Any], region: str) -> Question[Any]:
    said = f"Facts:\n{without_brackets(json.dumps(facts, indent=1))}"
    return Question(prompt(name, region), said, form, personal="own_words" in facts)


def _home_facts(table: NegotiationTable, columns: np.ndarray) -> dict[str, Any]:
    """What who speaks for one home is told: its wishes, nothing of another home, and nothing that was computed from
    its private price but its first ask.
    """
    named = list(kinds(table.layout, table.iso))
    offers = []
    for number, k in enumerate(columns, start=1):
        counter = float(table.counter_usd_per_mwh[k])
        offers.append(
            {
                "offer": number,
                "kind": next(kind for kind, of_kind in named if of_kind[k]),
                "kw": round(float(table.quantity_kw[k]), 2),
                "first_ask": round(float(table.first_ask_usd_per_mwh[k]), 2),
                "plant_offers": round(counter, 2) if np.isfinite(counter) else None,
            }
        )
    return {
        "negotiated": table.subject,
        "round": table.round,
        "rounds": table.rounds,
        "temperament": CATEGORIES[table.category[columns[0]]],
        "forecast": table.forecasts(),
        "offers": offers,
        **(table.wishes(int(table.layout.home[columns[0]])) if table.wishes else {}),
    }


def _replies(heard: Heard[HomeForm], offers: int) -> list[tuple[bool, float]] | None:
    """(accepted, price in $/MWh) per offer, in order; none where the model did not answer each exactly once."""
    if heard.value is None:
        return None
    by_offer = {reply.offer: reply for reply in heard.value.replies}
    if len(by_offer) != len(heard.value.replies) or set(by_offer) != set(range(1, offers + 1)):
        return None
    replies = []
    for number in range(1, offers + 1):
        reply = by_offer[number]
        if (reply.decision == "ask") != (reply.price is not None):
            return None
        replies.append((reply.price is None, reply.price.usd_per_mwh if reply.price else 0.0))
    return replies


def _malformed(usage: Usage) -> Usage:
    """Valid by its form, and yet no answer to what was asked."""
    return Usage.fallback("malformed", usage.calls, usage.input_tokens, usage.output_tokens)
