"""Limits that hold whatever a decider says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.negotiation.test_negotiation import CATEGORY, FORECAST, LAYOUT, bargain
from vpp_core.llm import Usage
from vpp_core.negotiation.bargain import Terms, aggregator_counter
from vpp_core.negotiation.deciders import RuleDecider
from vpp_core.negotiation.decisions import Decided, Responses
from vpp_core.negotiation.guard import hold_responses, hold_terms, worth_enough
from vpp_core.negotiation.homes import own_tactic
from vpp_core.scenario import NegotiationRules

RULES = NegotiationRules(decider="llm")
SHARE = st.floats(0, 1)
QUANTILE = st.floats(0.1, 0.9)
TERMS = st.builds(Terms, QUANTILE, QUANTILE, SHARE, SHARE)


@given(st.lists(TERMS, min_size=3, max_size=3))
def test_no_counter_offer_is_ever_taken_back_or_runs_past_the_limits(said: list[Terms]) -> None:
    before, counter = None, np.full(len(LAYOUT), -np.inf)
    for number, terms in enumerate(said, start=1):
        held = hold_terms(Decided(terms, by_model=True), before, number, RULES).value
        assert held.opening_quantile <= held.limit_quantile <= RULES.limit_quantile + 0.2 + 1e-12
        assert held.conceded <= max((number + 1) / 3, 0) + 1e-12
        following = aggregator_counter(bargain(), FORECAST, held)
        assert (following >= counter - 1e-9).all()
        before, counter = held, following


def test_a_correction_is_counted_where_a_model_was_wrong_and_only_there() -> None:
    wrong = Terms(0.9, 0.3, 1.0)
    assert hold_terms(Decided(wrong, by_model=True), None, 1, RULES).usage.corrections == 1
    right = Terms(0.1, 0.5, 1 / 3)
    assert hold_terms(Decided(right, by_model=True), None, 1, RULES) == Decided(right, by_model=True)
    by_rule = hold_terms(Decided(right), Terms(0.2, 0.6, 0.5), 2, RULES)
    assert by_rule.value == Terms(0.2, 0.6, 0.5)
    assert by_rule.usage.corrections == 0, "a rule that follows a model's terms did no wrong"


def test_who_once_gets_a_counter_offer_keeps_getting_one() -> None:
    before = Terms(0.1, 0.5, 0.3, 0.2)
    assert hold_terms(Decided(Terms(0.1, 0.5, 0.6, 0.9), by_model=True), before, 2, RULES).value.minimum_score == 0.2
    assert hold_terms(Decided(Terms(0.1, 0.5, 0.6, 0.1), by_model=True), before, 2, RULES).value.minimum_score == 0.1


def test_rules_stay_within_the_guards_limits_by_themselves() -> None:
    from tests.negotiation.test_public import table_of

    before = None
    for number in range(1, 4):
        said = RuleDecider(RULES).terms(table_of(round_number=number))
        assert hold_terms(said, before, number, RULES) == said
        before = said.value


def answers(ask: float, accepts: bool = False) -> Decided[Responses]:
    everyone = np.ones(len(LAYOUT), dtype=bool)
    return Decided(
        Responses(everyone if accepts else ~everyone, np.full(len(LAYOUT), ask), everyone),
        Usage(calls=3, answers=3),
        by_model=True,
    )


@given(st.floats(-10_000, 10_000), st.floats(-500, 2000), st.floats(-500, 2000), st.booleans())
def test_no_home_answers_below_its_own_price(ask: float, reservation: float, counter: float, accepts: bool) -> None:
    start = replace(bargain(reservation), counter_usd_per_mwh=np.full(len(LAYOUT), counter), round=1)
    tactic = own_tactic(start, CATEGORY, RULES)
    held = hold_responses(answers(ask, accepts), start, tactic, RULES).value
    paid = np.where(held.accepts, start.counter_usd_per_mwh, held.ask_usd_per_mwh)
    assert (paid >= start.reservation_usd_per_mwh - 1e-6).all()
    assert (held.ask_usd_per_mwh <= start.ask_usd_per_mwh + 1e-9).all(), "a concession was taken back"


def test_a_home_that_would_go_below_its_price_answers_by_its_own_tactic_and_is_counted() -> None:
    start = replace(bargain(100.0), counter_usd_per_mwh=np.full(len(LAYOUT), 20.0), round=1)
    tactic = own_tactic(start, CATEGORY, RULES)
    held = hold_responses(answers(60.0), start, tactic, RULES)
    energy = ~LAYOUT.is_reserve  # 60 is not below what holding reserve costs here
    assert held.value.ask_usd_per_mwh[energy] == pytest.approx(tactic.ask_usd_per_mwh[energy])
    assert not held.value.by_model[energy].any() and held.value.by_model[LAYOUT.is_reserve].all()
    assert held.usage.fallbacks == {"below_reservation": 3}
    assert held.usage.corrections == 3
    assert held.usage.answers == 0


def test_a_concession_taken_back_is_counted_home_by_home() -> None:
    start = replace(bargain(100.0), round=1)
    tactic = own_tactic(start, CATEGORY, RULES)

    def asking(more: float) -> Decided[Responses]:
        said = answers(0.0)
        raised = replace(said, value=replace(said.value, ask_usd_per_mwh=start.ask_usd_per_mwh + more))
        return hold_responses(raised, start, tactic, RULES)

    assert asking(10.0).value.ask_usd_per_mwh == pytest.approx(start.ask_usd_per_mwh)
    assert asking(10.0).usage == Usage(calls=3, answers=3, corrections=3)
    assert asking(0.0).usage == Usage(calls=3, answers=3)


def test_in_the_last_round_only_accepting_below_ones_price_is_wrong() -> None:
    start = replace(bargain(100.0), counter_usd_per_mwh=np.full(len(LAYOUT), 20.0), round=RULES.rounds)
    tactic = own_tactic(start, CATEGORY, RULES)
    assert not hold_responses(answers(60.0), start, tactic, RULES).usage.fallbacks, "its ask stands anyway"
    accepted = hold_responses(answers(0.0, accepts=True), start, tactic, RULES)
    assert accepted.usage.fallbacks == {"below_reservation": 3}
    assert accepted.usage.corrections == 3


def test_what_is_agreed_is_not_answered_again() -> None:
    start = replace(
        bargain(10.0), counter_usd_per_mwh=np.full(len(LAYOUT), 20.0), agreed=np.ones(len(LAYOUT), bool), round=1
    )
    tactic = own_tactic(start, CATEGORY, RULES)
    assert not hold_responses(answers(0.0, accepts=True), start, tactic, RULES).value.accepts.any()


def test_accepting_what_was_never_offered_does_not_count() -> None:
    start = replace(bargain(100.0), round=1)
    tactic = own_tactic(start, CATEGORY, RULES)
    assert not hold_responses(answers(0.0, accepts=True), start, tactic, RULES).value.accepts.any()


def test_an_ask_of_the_last_round_stands() -> None:
    start = replace(bargain(100.0), counter_usd_per_mwh=np.full(len(LAYOUT), 20.0), round=3)
    held = hold_responses(answers(120.0), start, own_tactic(start, CATEGORY, RULES), RULES).value
    assert held.ask_usd_per_mwh == pytest.approx(start.ask_usd_per_mwh)


def test_a_coalition_worth_a_tenth_less_than_the_usual_one_is_refused() -> None:
    assert worth_enough(9.0, 10.0)
    assert not worth_enough(8.9, 10.0)
    assert worth_enough(0.0, 0.0)
