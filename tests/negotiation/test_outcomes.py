"""How negotiations end: each way of ending happens, is told, and leaves a bid that fits it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from tests.invented import invented_inputs
from vpp_core.dispatch.view import GateView
from vpp_core.dispatch.window_program import WindowProgram
from vpp_core.llm import Usage
from vpp_core.market.segments import TICK_USD_PER_MWH, Segments
from vpp_core.negotiation.bargain import Bargain, Terms
from vpp_core.negotiation.coalition import form_coalition, planned_satisfaction, worth_usd
from vpp_core.negotiation.deciders import RuleDecider
from vpp_core.negotiation.decisions import Decided, Formulation
from vpp_core.negotiation.public import NegotiationTable
from vpp_core.negotiation.rows import Ended
from vpp_core.negotiation.workflow import STEPS, Context, NegotiationState, build_workflow, negotiate
from vpp_core.scenario import NegotiationRules
from vpp_core.simulation import run
from vpp_core.strategies.negotiated import Negotiated
from vpp_core.tables.messages import LEFT_OUT
from vpp_core.tables.negotiation import OUTCOMES

RULES = NegotiationRules()


@pytest.fixture(scope="module")
def view() -> GateView:
    """An evening window in which several homes have something to offer."""
    seen = []

    class Watched(Negotiated):
        def negotiate(self, view: Any) -> NegotiationState:
            seen.append(view)
            return super().negotiate(view)

    run(invented_inputs(seed=7, homes=30, days=1, reserves=False), Watched(), None)
    return max(seen, key=lambda one: int((one.offers.quantity_kw > 0).sum()))


def offering(view: GateView, **columns: Any) -> GateView:
    """The window with other offers: every battery sale the same, everything else nothing."""
    layout = view.layout
    sale = np.zeros(len(layout), dtype=bool)
    sale[layout.sell] = layout.follows_meter
    given = {"quantity_kw": 3.0, "own_usd_per_mwh": 30.0, "reservation_usd_per_mwh": 30.0, "rebound_usd_per_mwh": 0.0}
    values = {name: np.where(sale, value, 0.0) for name, value in (given | columns).items()}
    return replace(view, offers=replace(view.offers, **values), forecast=forecast(30.0, 50.0, 80.0))


def forecast(*energy: float) -> np.ndarray:
    """Without reserve prices."""
    return np.array([energy, [np.nan] * 3, [np.nan] * 3])


def only(view: GateView, homes: int) -> np.ndarray:
    """3 kW of each of the first so many homes that have a battery."""
    owners = np.unique(view.layout.home_of_store[view.layout.follows_meter])[:homes]
    return np.where(np.isin(view.layout.home, owners), 3.0, 0.0)


def ends(
    view: GateView, rules: NegotiationRules = RULES, decider: Any = None, news: Mapping[int, GateView] | None = None
) -> NegotiationState:
    program = WindowProgram(view.layout, 0.0)
    return negotiate(build_workflow(), Context(view, decider or RuleDecider(rules), program, rules, news or {}))


class Stubborn(RuleDecider):
    """Offers the same in every round."""

    def terms(self, table: NegotiationTable) -> Decided[Terms]:
        return Decided(Terms(0.1, 0.1, 1.0))


def outcome(state: NegotiationState) -> str | None:
    return state["decision"].outcome


def bid(state: NegotiationState) -> Segments:
    return state["decision"].segments


def test_nobody_available_makes_no_bid(view: GateView) -> None:
    state = ends(offering(view, quantity_kw=0.0))
    assert outcome(state) == "nobody_available"
    assert bid(state).quantity_kw.sum() == 0


def test_one_bidder_bargains_alone(view: GateView) -> None:
    state = ends(offering(view, quantity_kw=only(view, 1)))
    assert outcome(state) == "one_bidder"
    assert bid(state).quantity_kw.sum() == pytest.approx(3.0)


def test_a_home_with_two_offers_is_still_one_bidder(view: GateView) -> None:
    alone = offering(view, quantity_kw=only(view, 1))
    quantity = alone.offers.quantity_kw.copy()
    quantity[view.layout.buy.start + int(np.flatnonzero(quantity[view.layout.sell])[0])] = 1.0
    state = ends(replace(alone, offers=replace(alone.offers, quantity_kw=quantity)))
    assert state["decision"].offers == 2
    assert outcome(state) == "one_bidder"


def least_bid(view: GateView, minimum_mw: float, share: float = 1.0) -> GateView:
    market = view.scenario.market.model_copy(update={"minimum_bid_mw": minimum_mw, "fleet_share": share})
    return replace(view, scenario=view.scenario.model_copy(update={"market": market}))


def test_demand_above_supply_is_told_where_all_offers_stay_below_the_minimum(view: GateView) -> None:
    assert outcome(ends(offering(least_bid(view, 0.5)))) == "demand_above_supply"
    assert outcome(ends(offering(least_bid(view, 0.5, share=0.01)))) != "demand_above_supply", "the rest bids as well"
    assert outcome(ends(offering(view))) != "demand_above_supply"


def test_offers_that_meet_the_minimum_exactly_are_enough(view: GateView) -> None:
    homes = int((offering(view).offers.quantity_kw > 0).sum())
    for minimum_mw, enough in ((0.003 * homes, True), (0.003 * homes + 1e-6, False)):
        for share in (1.0, 0.1):
            strict = offering(least_bid(view, minimum_mw / share, share))
            assert (outcome(ends(strict)) != "demand_above_supply") == enough


def test_everybody_agrees_where_asks_are_within_the_first_offer(view: GateView) -> None:
    state = ends(offering(view, own_usd_per_mwh=1.0, reservation_usd_per_mwh=1.0))
    assert outcome(state) == "agreed"
    assert state["bargain"].round == 1, "agreement ends it early"


def test_who_does_not_agree_is_not_asked(view: GateView) -> None:
    state = ends(offering(view, own_usd_per_mwh=500.0, reservation_usd_per_mwh=500.0))
    assert outcome(state) == "all_reject"
    assert state["bargain"].round == len(state["history"]) == RULES.rounds
    assert not bid(state).quantity_kw.any()


def test_who_accepts_before_its_ask_is_met_is_paid_the_counter_offer(view: GateView) -> None:
    """The plant opens at 50; homes ask more, would ask less than that next, and take it."""
    first = Terms(0.5, 0.5, 1.0)

    class Generous(RuleDecider):
        def terms(self, table: NegotiationTable) -> Decided[Terms]:
            return Decided(first)

    state = ends(offering(view, own_usd_per_mwh=35.0, reservation_usd_per_mwh=35.0), decider=Generous(RULES))
    record = state["history"][0]
    early = record.agreed & (record.ask_usd_per_mwh > record.counter_usd_per_mwh)
    assert early.any()
    worth = 50.0 - TICK_USD_PER_MWH
    assert state["bargain"].ask_usd_per_mwh[early] == pytest.approx(worth)
    assert bid(state).agreed_usd_per_mwh[early] == pytest.approx(worth)


def test_some_agree_and_some_do_not(view: GateView) -> None:
    dear = np.where(view.layout.home % 2 == 0, 5.0, 500.0)
    assert outcome(ends(offering(view, own_usd_per_mwh=dear, reservation_usd_per_mwh=dear))) == "partly_agreed"


def test_a_deadlock_is_when_neither_side_moves(view: GateView) -> None:
    patient = RULES.model_copy(update={"rounds": 10})
    dear = offering(view, own_usd_per_mwh=500.0, reservation_usd_per_mwh=500.0)
    assert outcome(ends(dear, patient, Stubborn(patient))) == "deadlock"
    assert outcome(ends(dear, patient)) == "all_reject", "the aggregator still moved"


def test_a_price_collapse_between_rounds_keeps_agreements_and_loses_nothing(view: GateView) -> None:
    """Cheap homes agree in the first round; then the forecast falls to a tenth."""
    price = np.where(view.layout.home % 2 == 0, 20.0, 500.0)
    before = offering(view, own_usd_per_mwh=price, reservation_usd_per_mwh=price)
    collapsed = replace(before, forecast=forecast(1.0, 2.0, 3.0))
    calm, fallen = ends(before), ends(before, news={2: collapsed})
    assert outcome(calm) == "partly_agreed"
    assert outcome(fallen) == "price_collapse"
    agreed = fallen["history"][0].agreed
    assert agreed.any() and fallen["bargain"].agreed[agreed].all(), "a promise was broken"
    segments = bid(fallen)
    held = segments.quantity_kw > 0
    assert (segments.price_usd_per_mwh[held] >= segments.agreed_usd_per_mwh[held]).all()
    assert fallen["decision"].expected_margin_usd >= 0


def test_every_outcome_has_a_test_above() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert not [key for key in OUTCOMES if f'"{key}"' not in text]


def test_the_docs_draw_the_graph_that_runs() -> None:
    drawn = build_workflow().get_graph().draw_mermaid(with_styles=False)
    page = (Path(__file__).parents[2] / "docs" / "negotiation.md").read_text()
    assert drawn.strip() in page, "draw it anew: build_workflow().get_graph().draw_mermaid(with_styles=False)"
    assert all(name in drawn for name in STEPS)


class Weighing(RuleDecider):
    """Bargains as the rules do, and weighs the coalition by another formulation."""

    def __init__(self, rules: NegotiationRules, formulation: Formulation) -> None:
        super().__init__(rules)
        self._formulation = formulation

    def formulation(self, table: NegotiationTable) -> Decided[Formulation]:
        return Decided(self._formulation, Usage(calls=1, answers=1), "so", by_model=True)


def dear_and_cheap(view: GateView) -> GateView:
    """Every other home asks some 20 $/MWh and clears most probably, the rest some 200 and hardly ever."""
    price = np.where(view.layout.home % 2 == 0, 20.0, 200.0)
    return offering(view, own_usd_per_mwh=price, reservation_usd_per_mwh=price)


def held_kw(view: GateView, formulation: Formulation) -> np.ndarray:
    program = WindowProgram(view.layout, 0.0)
    return form_coalition(program, view, agreed(view), formulation).solution.quantity_kw


def agreed(view: GateView) -> Bargain:
    """Everybody has agreed to its reservation price."""
    nothing = np.zeros(len(view.layout))
    offers = view.offers
    ask = offers.reservation_usd_per_mwh
    return Bargain(
        view.layout, offers.quantity_kw, ask, ask, ask, ask, offers.quantity_kw > 0, nothing
    )  # fmt: skip


def test_a_coalition_leaves_out_what_clears_too_rarely_or_brings_too_little(view: GateView) -> None:
    given = dear_and_cheap(view)
    offered = given.offers.quantity_kw
    cheap = np.where(view.layout.home % 2 == 0, offered, 0.0)
    assert held_kw(given, Formulation(0.0)) == pytest.approx(offered)
    assert held_kw(given, Formulation(0.0, minimum_reliability=0.5)) == pytest.approx(cheap)
    assert held_kw(given, Formulation(0.0, target_margin_usd_per_mwh=20.0)) == pytest.approx(cheap)


@pytest.mark.parametrize("objective", ["profit", "surplus"])
def test_a_coalition_is_worth_its_objective_less_what_it_costs_in_satisfaction(view: GateView, objective: str) -> None:
    """λ dollars for each household-window, by how probably the segment clears and how far from content it leaves."""
    rules = RULES.model_copy(update={"objective": objective})
    given = dear_and_cheap(view)
    given = replace(given, scenario=given.scenario.model_copy(update={"negotiation": rules}))
    program = WindowProgram(view.layout, 0.0)
    formed = form_coalition(program, given, agreed(given), Formulation(0.0))
    held = formed.solution.quantity_kw > 0
    lost = float((formed.expected.clearing_probability * (1 - formed.satisfaction))[held].sum())
    expected = formed.expected
    gain = expected.profit_usd_per_kw if objective == "profit" else expected.surplus_usd_per_kw
    usd = float(gain @ formed.solution.quantity_kw)
    assert lost > 0
    for weight in (0.0, 0.1, 2.0):
        assert worth_usd(formed, given, weight) == pytest.approx(usd - weight * lost)


@pytest.mark.parametrize(
    ("formulation", "corrected"),
    [
        (Formulation(RULES.satisfaction_weight_usd), 0),
        (Formulation(RULES.satisfaction_weight_usd, minimum_reliability=0.9), 1),
        # by its own λ the coalition of nobody would be worth more than that of everybody
        (Formulation(100_000.0), 1),
    ],
)
def test_a_coalition_by_another_formulation_stands_or_falls_by_what_the_scenario_weighs(
    view: GateView, formulation: Formulation, corrected: int
) -> None:
    state = ends(dear_and_cheap(view), decider=Weighing(RULES, formulation))
    assert state["decision"].usage == Usage(calls=1, answers=1, corrections=corrected)
    usual = ends(dear_and_cheap(view))
    assert np.array_equal(bid(state).quantity_kw, bid(usual).quantity_kw)
    assert state["formulation"].value == Formulation(RULES.satisfaction_weight_usd)


@functools.cache
def agreed_in_a_day() -> list[tuple[GateView, Any, Any]]:
    """What each gate knew, the program of its coalition, and who had agreed to what."""
    seen = []

    class Watched(Negotiated):
        def negotiate(self, view: Any) -> NegotiationState:
            state = super().negotiate(view)
            seen.append((view, self._program, agreed(view)))
            return state

    run(invented_inputs(seed=3, homes=30, days=1, reserve=30.0), Watched(), None)
    return seen


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_coalition_sells_no_more_reserve_than_its_formulation_lets_it(share: float) -> None:
    """Of a day's reserves; a window's energy is none of its business."""
    sold = {"real_time": 0.0, "day_ahead": 0.0}
    for view, program, bargain in agreed_in_a_day():
        formed = form_coalition(program, view, bargain, Formulation(0.0, reserve_share=share))
        reserve = view.layout.is_reserve
        kw, most = formed.solution.quantity_kw[reserve], share * view.offers.quantity_kw[reserve]
        assert (kw <= most + 1e-9).all()
        sold[view.gate] += float(formed.solution.quantity_kw.sum())
    assert (sold["day_ahead"] > 0) == (share > 0)
    assert sold["real_time"] > 0


def test_charging_held_off_disappoints_nobody_and_a_sale_below_the_first_ask_does(view: GateView) -> None:
    """The scorer knows no price of charging held off, of purchases and of reserve."""
    layout = view.layout
    least = 1000 * view.fleet.min_compensation_usd_per_kwh[layout.home]
    score = planned_satisfaction(layout, view.fleet, least)
    paid = ~layout.is_held_off & ~layout.is_reserve & (layout.direction > 0)
    assert (score[paid] < 1).all() and (score[~paid] == 1).all()
    assert paid[layout.give].all() and not paid[layout.sell][~layout.follows_meter].any()


def test_who_broke_its_promises_is_worth_less_and_asked_last(view: GateView) -> None:
    """The penalty on what it does not deliver outweighs what little it is expected to bring."""
    given = offering(view, own_usd_per_mwh=49.0, reservation_usd_per_mwh=49.0)
    unreliable = replace(given, reliability=np.where(np.arange(len(view.fleet)) % 2 == 0, 0.05, 1.0))
    offered = given.offers.quantity_kw
    assert held_kw(given, Formulation(0.0)) == pytest.approx(offered)
    kept = held_kw(unreliable, Formulation(0.0))
    assert kept == pytest.approx(np.where(view.layout.home % 2 == 0, 0.0, offered))


MIN_KW = 10.0


@pytest.mark.parametrize(
    ("formulation", "minimum_kw", "why"),
    [
        (
            Formulation(0.0, target_margin_usd_per_mwh=20.0),
            0.0,
            "they are expected to bring less than the target margin",
        ),
        (Formulation(0.0, minimum_reliability=0.5), 0.0, "they would clear too rarely"),
        (Formulation(100_000.0), 0.0, "they cost more satisfaction than they bring"),
        (Formulation(0.0), 1000.0, "their direction or reserve sums to less than the minimum bid"),
        (
            Formulation(0.0, minimum_reliability=0.5),
            MIN_KW,
            "what is worth asking for sums to less than the minimum bid",
        ),
    ],
)
def test_who_is_left_out_is_told_why(view: GateView, formulation: Formulation, minimum_kw: float, why: str) -> None:
    """Five homes of 3 kW each, two of them cheap: ten kilowatts are offered, and not worth asking for."""
    given = dear_and_cheap(least_bid(view, minimum_kw / 1000))
    owners = np.unique(view.layout.home_of_store[view.layout.follows_meter])
    few = [*owners[owners % 2 == 0][:2], *owners[owners % 2 == 1][:3]]
    quantity = np.where(np.isin(view.layout.home, few), given.offers.quantity_kw, 0.0)
    given = replace(given, offers=replace(given.offers, quantity_kw=quantity))
    state = ends(given)
    program = WindowProgram(view.layout, minimum_kw)
    formed = form_coalition(program, given, agreed(given), formulation)
    told = cast(
        NegotiationState, {**state, "bargain": agreed(given), "coalition": formed, "formulation": Decided(formulation)}
    )
    left = np.flatnonzero((given.offers.quantity_kw > 0) & (formed.solution.quantity_kw == 0))
    reasons = {LEFT_OUT[reason] for reason in Ended(given, told, view.start, "negotiated").left_out()[left]}
    assert len(left) and why in reasons
    if not minimum_kw:
        assert reasons == {why}
