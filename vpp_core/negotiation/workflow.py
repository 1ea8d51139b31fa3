"""The negotiation of one window as a LangGraph state graph.

    announce → collect_bids → evaluate → counter_offer → respond ─┬→ evaluate (next round)
                                                                  └→ form_coalition → submit_bid

A node works on columns: 20,000 homes bargain in one step. Bids are sealed: a home's ask is its own, and its reservation
price never leaves the bargain's private column.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from vpp_core.dispatch.offers import prospects
from vpp_core.dispatch.view import GateView
from vpp_core.dispatch.window_program import WindowProgram
from vpp_core.fleet.fleet import Bools, Floats
from vpp_core.market.decision import Decision
from vpp_core.market.segments import Segments
from vpp_core.negotiation.bargain import Bargain, aggregator_counter, home_ask, open_bargain
from vpp_core.negotiation.coalition import Coalition, form_coalition
from vpp_core.negotiation.deciders import Decider

PRICE_WEIGHT, CAPACITY_WEIGHT, RELIABILITY_WEIGHT = 0.5, 0.3, 0.2
"""How the aggregator weighs the parts of a bid's score."""
RECURSION_LIMIT = 100


@dataclass(frozen=True)
class RoundRecord:
    """What one round looked like, for the transcript: columns over segments."""

    ask_usd_per_mwh: Floats
    counter_usd_per_mwh: Floats
    agreed: Bools
    scores: Floats
    """price, capacity, reliability, each 0–1, shape (3, K)"""
    score: Floats


class State(TypedDict, total=False):
    """What flows through the graph."""

    bargain: Bargain
    scores: Floats
    history: list[RoundRecord]
    coalition: Coalition
    decision: Decision


@dataclass(frozen=True)
class Context:
    """What a negotiation is given and cannot change."""

    view: GateView
    decider: Decider
    program: WindowProgram
    rounds: int
    satisfaction_weight_usd: float


def announce(state: State, context: Context) -> State:
    """The opportunity goes out; nobody has asked for anything yet."""
    offers = context.view.offers
    fleet = context.view.fleet
    with np.errstate(divide="ignore", invalid="ignore"):
        markup = np.where(
            fleet.min_compensation_usd_per_kwh > 0,
            fleet.opening_ask_usd_per_kwh / fleet.min_compensation_usd_per_kwh,
            1.0,
        )
    bargain = open_bargain(
        context.view.layout, offers.quantity_kw, offers.reservation_usd_per_mwh, markup, context.view.forecast
    )
    return {"bargain": bargain, "history": []}


def collect_bids(state: State, context: Context) -> State:
    """Sealed bids: every home asks its opening price."""
    bargain = state["bargain"]
    return {"bargain": bargain.with_(ask_usd_per_mwh=home_ask(bargain, 0, context.view.fleet.category))}


def evaluate(state: State, context: Context) -> State:
    """Score each bid: cheap against the median forecast, large, and reliable (how surely it clears)."""
    bargain = state["bargain"]
    p10, p50, p90 = np.nan_to_num(context.view.forecast)[bargain.layout.product].T
    median = bargain.layout.direction * p50
    expected = prospects(
        bargain.layout,
        context.view.offers,
        bargain.ask_usd_per_mwh,
        context.view.forecast,
        context.view.hours,
    )
    clears = expected.clearing_probability
    price = 1.0 / (1.0 + np.exp(np.clip((bargain.ask_usd_per_mwh - median) / np.maximum(p90 - p10, 1.0), -50, 50)))
    largest = max(float(bargain.quantity_kw.max(initial=0.0)), 1e-9)
    scores = np.stack([price, bargain.quantity_kw / largest, clears])
    score = np.array([PRICE_WEIGHT, CAPACITY_WEIGHT, RELIABILITY_WEIGHT]) @ scores
    scored = bargain.with_(score=np.where(bargain.offering, score, 0.0), round=bargain.round + 1)
    return {"bargain": scored, "scores": scores}


def counter_offer(state: State, context: Context) -> State:
    """The aggregator names what it would pay in this round; an ask within that is taken as it stands."""
    bargain = state["bargain"]
    terms = context.decider.terms(bargain, bargain.round, context.rounds)
    counter = aggregator_counter(bargain, context.view.forecast, terms)
    counter = np.where(bargain.agreed, bargain.counter_usd_per_mwh, counter)
    met = bargain.open & (bargain.ask_usd_per_mwh <= counter)
    return {"bargain": bargain.with_(counter_usd_per_mwh=counter, agreed=bargain.agreed | met)}


def respond(state: State, context: Context) -> State:
    """Homes answer: whoever is offered at least what it would ask next accepts; the others concede by their tactic."""
    bargain = state["bargain"]
    last = bargain.round >= context.rounds
    following = home_ask(bargain, bargain.round, context.view.fleet.category)
    accepts = bargain.open & (bargain.counter_usd_per_mwh >= following) & (not last)
    ask = np.where(accepts, bargain.counter_usd_per_mwh, bargain.ask_usd_per_mwh)
    agreed: Bools = np.logical_or(bargain.agreed, accepts)
    record = RoundRecord(bargain.ask_usd_per_mwh, bargain.counter_usd_per_mwh, agreed, state["scores"], bargain.score)
    if not last:
        ask = np.where(agreed, ask, following)
    return {
        "bargain": bargain.with_(ask_usd_per_mwh=ask, agreed=agreed),
        "history": [*state["history"], record],
    }


def goes_on(state: State, context: Context) -> bool:
    """Another round, unless all agreed or the rounds are used up."""
    return state["bargain"].round < context.rounds and bool(state["bargain"].open.any())


def coalition(state: State, context: Context) -> State:
    """Choose members. A last ask above the counter-offer stands as an offer for a rare spike."""
    formed = form_coalition(
        context.program, context.view, state["bargain"].ask_usd_per_mwh, context.satisfaction_weight_usd
    )
    return {"coalition": formed}


def submit_bid(state: State, context: Context) -> State:
    """The bid: every member's segment at its agreed price."""
    bargain, formed = state["bargain"], state["coalition"]
    quantity = formed.solution.quantity_kw
    agreed = bargain.layout.direction * bargain.ask_usd_per_mwh
    member = quantity > 0
    conceded = bargain.conceded[member]
    conceded = conceded[~np.isnan(conceded)]
    decision = Decision(
        segments=Segments(quantity, formed.expected.price_usd_per_mwh, agreed, context.view.offers.call_usd_per_mwh),
        invited=len(np.unique(bargain.layout.home[bargain.offering])),
        rounds=bargain.round,
        agreed=int(bargain.agreed.sum()),
        mean_concession=float(conceded.mean()) if len(conceded) else float("nan"),
        plan_satisfaction=float(formed.satisfaction[member].mean()) if member.any() else float("nan"),
        solver_failed=formed.solution.failed,
        below_minimum=formed.solution.below_minimum,
        expected_margin_usd=float(formed.expected.surplus_usd_per_kw @ quantity),
    )
    return {"decision": decision}


def build_workflow() -> Any:
    """Compile the graph; one compiled graph serves all windows."""
    graph = StateGraph(State, context_schema=Context)

    def node(function: Any) -> Any:
        def step(state: State, runtime: Runtime[Context]) -> State:
            result: State = function(state, runtime.context)
            return result

        return step

    steps = {
        "announce": announce,
        "collect_bids": collect_bids,
        "evaluate": evaluate,
        "counter_offer": counter_offer,
        "respond": respond,
        "form_coalition": coalition,
        "submit_bid": submit_bid,
    }
    for name, function in steps.items():
        graph.add_node(name, node(function))

    def after_response(state: State, runtime: Runtime[Context]) -> str:
        return "evaluate" if goes_on(state, runtime.context) else "form_coalition"

    graph.add_edge(START, "announce")
    graph.add_edge("announce", "collect_bids")
    graph.add_edge("collect_bids", "evaluate")
    graph.add_edge("evaluate", "counter_offer")
    graph.add_edge("counter_offer", "respond")
    graph.add_conditional_edges("respond", after_response, ["evaluate", "form_coalition"])
    graph.add_edge("form_coalition", "submit_bid")
    graph.add_edge("submit_bid", END)
    return graph.compile()


def negotiate(workflow: Any, context: Context) -> State:
    """Run one negotiation to its end."""
    state: State = workflow.invoke({}, context=context, config={"recursion_limit": RECURSION_LIMIT})
    return state
