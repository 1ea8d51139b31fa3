"""One negotiation as a LangGraph state graph: of a window's energy, or of a day's reserves.

    announce → collect_bids → evaluate → counter_offer → respond ─┬→ evaluate (next round)
                                                                  └→ form_coalition → submit_bid

Three nodes decide: counter_offer, respond and form_coalition. After each, a guard (guard_terms, guard_responses,
guard_coalition) holds to its limits whatever was decided by anyone but the rules, which cannot leave theirs: their
graph has none. A node works on columns: 20,000 homes bargain in one step. Bids are sealed: a home's ask is its own, and
its reservation price never leaves the bargain's private column; a decider sees the `NegotiationTable` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, TypedDict, cast

import numpy as np
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command

from vpp_core.dispatch.view import GateView
from vpp_core.dispatch.window_program import WindowProgram
from vpp_core.fleet.fleet import Bools, Floats
from vpp_core.llm import Usage
from vpp_core.market.decision import Decision
from vpp_core.market.segments import Segments
from vpp_core.negotiation.bargain import Bargain, Terms, aggregator_counter, meet, open_bargain
from vpp_core.negotiation.coalition import Coalition, form_coalition, worth_usd
from vpp_core.negotiation.deciders import Decider, RuleDecider
from vpp_core.negotiation.decisions import Decided, Formulation, Responses
from vpp_core.negotiation.guard import hold_responses, hold_terms, worth_enough
from vpp_core.negotiation.homes import own_tactic, tactics_of_homes
from vpp_core.negotiation.outcomes import outcome_of
from vpp_core.negotiation.public import NegotiationTable
from vpp_core.negotiation.rounds import RoundRecord
from vpp_core.scenario import NegotiationRules

PRICE_WEIGHT, CAPACITY_WEIGHT, RELIABILITY_WEIGHT = 0.5, 0.3, 0.2
"""How the aggregator weighs the parts of a bid's score."""


class NegotiationState(TypedDict, total=False):
    """What flows through the graph."""

    bargain: Bargain
    scores: Floats
    terms: Decided[Terms]
    """as said, then as held by the guard"""
    tactic: Responses
    """what homes would answer by their own tactic"""
    replies: Decided[Responses]
    history: list[RoundRecord]
    formulation: Decided[Formulation]
    coalition: Coalition
    usage: Usage
    decision: Decision


def is_guarded(decider: Decider) -> bool:
    """Whether decisions pass the guards: all but those of the rules themselves."""
    return type(decider) is not RuleDecider


@dataclass(frozen=True)
class Context:
    """What a negotiation is given and cannot change."""

    view: GateView
    decider: Decider
    program: WindowProgram
    rules: NegotiationRules
    news: Mapping[int, GateView] = field(default_factory=dict)
    """round → the view from that round on, where the forecast changes between rounds"""

    @property
    def guarded(self) -> bool:
        """Whether decisions pass the guards."""
        return is_guarded(self.decider)

    def seen(self, round_number: int) -> GateView:
        """What is known in a round."""
        known = [number for number in self.news if number <= round_number]
        return self.news[max(known)] if known else self.view


def announce(state: NegotiationState, context: Context) -> NegotiationState:
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
    return {"bargain": bargain, "history": [], "usage": Usage()}


def collect_bids(state: NegotiationState, context: Context) -> NegotiationState:
    """Sealed bids: every home asks its opening price."""
    bargain = state["bargain"]
    return {"bargain": bargain.with_(ask_usd_per_mwh=bargain.opening_usd_per_mwh)}


def evaluate(state: NegotiationState, context: Context) -> NegotiationState:
    """Score each bid: cheap against the median forecast, all that it costs counted, large, and of a home that has kept
    its promises.
    """
    bargain = state["bargain"]
    view = context.seen(bargain.round + 1)
    p10, p50, p90 = np.nan_to_num(view.forecast)[bargain.layout.product].T
    median = bargain.layout.direction * p50
    dear = bargain.ask_usd_per_mwh + view.offers.later_usd_per_mwh(bargain.layout) - median
    price = 1.0 / (1.0 + np.exp(np.clip(dear / np.maximum(p90 - p10, 1.0), -50, 50)))
    largest = max(float(bargain.quantity_kw.max(initial=0.0)), 1e-9)
    scores = np.stack([price, bargain.quantity_kw / largest, view.reliability[bargain.layout.home]])
    score = np.array([PRICE_WEIGHT, CAPACITY_WEIGHT, RELIABILITY_WEIGHT]) @ scores
    scored = bargain.with_(score=np.where(bargain.offering, score, 0.0), round=bargain.round + 1)
    return {"bargain": scored, "scores": scores}


def counter_offer(state: NegotiationState, context: Context) -> NegotiationState:
    """The aggregator's terms for this round: from where to where its counter-offers go, how far, and for whom."""
    decided = context.decider.terms(table_of(state, context))
    return {"terms": decided} if context.guarded else _offered(state, context, decided)


def guard_terms(state: NegotiationState, context: Context) -> NegotiationState:
    """Terms within limits."""
    history = state["history"]
    before = history[-1].terms if history else None
    return _offered(state, context, hold_terms(state["terms"], before, state["bargain"].round, context.rules))


def _offered(state: NegotiationState, context: Context, decided: Decided[Terms]) -> NegotiationState:
    """Terms become counter-offers; an ask within them is met."""
    bargain = state["bargain"]
    seen = context.seen(bargain.round)
    later = seen.offers.later_usd_per_mwh(bargain.layout)
    offered = aggregator_counter(bargain, seen.forecast, decided.value, later)
    return {
        "bargain": meet(bargain, offered, seen.offers.moved_share, context.rules.split),
        "terms": decided,
        "usage": state["usage"] + decided.usage,
    }


def respond(state: NegotiationState, context: Context) -> NegotiationState:
    """Homes answer by their own tactic, or where a model speaks for them, as it says; then as guarded."""
    bargain = state["bargain"]
    fleet, rules = context.view.fleet, context.rules
    tactic = own_tactic(bargain, fleet.category, rules, state["history"], tactics_of_homes(fleet, rules))
    if not context.decider.asks_homes:
        return _answered(state, bargain, Decided(tactic))
    room = bargain.open & (bargain.opening_usd_per_mwh > bargain.reservation_usd_per_mwh)
    return {"tactic": tactic, "replies": context.decider.responses(table_of(state, context), tactic, room)}


def guard_responses(state: NegotiationState, context: Context) -> NegotiationState:
    """Answers that no home regrets; below its reservation price the home's own tactic answers."""
    bargain = state["bargain"]
    held = hold_responses(state["replies"], bargain, state["tactic"], context.rules)
    return _answered(state, bargain, held) | {"usage": state["usage"] + held.usage}


def _answered(state: NegotiationState, bargain: Bargain, replies: Decided[Responses]) -> NegotiationState:
    """Agreements and asks after the homes' answers, and the round's record."""
    said, terms = replies.value, state["terms"]
    agreed: Bools = np.logical_or(bargain.agreed, said.accepts)
    record = RoundRecord(
        bargain.ask_usd_per_mwh, bargain.counter_usd_per_mwh, agreed, state["scores"], bargain.score,
        terms.value, terms.reason, terms.by_model, said.by_model,
    )  # fmt: skip
    ask = np.where(agreed, bargain.ask_usd_per_mwh, said.ask_usd_per_mwh)
    ask = np.where(said.accepts, bargain.counter_usd_per_mwh, ask)
    return {"bargain": bargain.with_(ask_usd_per_mwh=ask, agreed=agreed), "history": [*state["history"], record]}


def goes_on(state: NegotiationState, context: Context) -> bool:
    """Another round, unless all agreed or the rounds are used up."""
    return state["bargain"].round < context.rules.rounds and bool(state["bargain"].open.any())


def coalition(state: NegotiationState, context: Context) -> NegotiationState:
    """Choose members among those who agreed, by the formulation decided."""
    bargain = state["bargain"]
    decided = context.decider.formulation(table_of(state, context))
    view = context.seen(bargain.round)
    return {
        "formulation": decided,
        "coalition": form_coalition(context.program, view, bargain, decided.value),
    }


def guard_coalition(state: NegotiationState, context: Context) -> NegotiationState:
    """A coalition by another formulation than the scenario's must be worth nearly as much, or the usual one stands."""
    decided, formed = state["formulation"], state["coalition"]
    usual = Formulation(context.rules.satisfaction_weight_usd)
    view = context.seen(state["bargain"].round)
    safe = form_coalition(context.program, view, state["bargain"], usual)
    weight = usual.satisfaction_weight_usd
    if worth_enough(worth_usd(formed, view, weight), worth_usd(safe, view, weight)):
        return {"usage": state["usage"] + decided.usage}
    return {
        "coalition": safe,
        "formulation": replace(decided, value=usual),
        "usage": state["usage"] + decided.usage + Usage(corrections=1),
    }


def submit_bid(state: NegotiationState, context: Context) -> NegotiationState:
    """What every member may be asked for, at its agreed price: dispatch makes the fleet's bid of it."""
    bargain, formed = state["bargain"], state["coalition"]
    quantity = formed.solution.quantity_kw
    agreed = bargain.layout.direction * bargain.ask_usd_per_mwh
    member = quantity > 0
    conceded = bargain.conceded[member]
    conceded = conceded[~np.isnan(conceded)]
    clears = formed.expected.clearing_probability
    decision = Decision(
        segments=Segments(quantity, formed.expected.price_usd_per_mwh, agreed, context.view.offers.call_usd_per_mwh),
        invited=len(np.unique(bargain.layout.home[bargain.offering])),
        offers=int(bargain.offering.sum()),
        rounds=bargain.round,
        agreed=int(bargain.agreed.sum()),
        mean_concession=float(conceded.mean()) if len(conceded) else float("nan"),
        plan_satisfaction=float(formed.satisfaction[member].mean()) if member.any() else float("nan"),
        solver=formed.solution.solver,
        solver_failures=formed.solution.failures,
        solver_gap_usd=formed.solution.gap_usd,
        below_minimum=formed.solution.below_minimum,
        expected_margin_usd=float(formed.expected.surplus_usd_per_kw @ quantity),
        outcome=outcome_of(bargain, state["history"], clears, context.view, news=bool(context.news)),
        usage=state["usage"],
    )
    return {"decision": decision}


def table_of(state: NegotiationState, context: Context) -> NegotiationTable:
    """What lies on the table now."""
    bargain = state["bargain"]
    view = context.seen(bargain.round)
    history = state["history"]
    terms, asks = [record.terms for record in history], [record.ask_usd_per_mwh for record in history]
    return NegotiationTable.of(bargain, view, view.forecast, context.rules.rounds, terms, asks)


STEPS = {
    "announce": announce,
    "collect_bids": collect_bids,
    "evaluate": evaluate,
    "counter_offer": counter_offer,
    "guard_terms": guard_terms,
    "respond": respond,
    "guard_responses": guard_responses,
    "form_coalition": coalition,
    "guard_coalition": guard_coalition,
    "submit_bid": submit_bid,
}
"""Node → what it does."""


def _after_terms(_: NegotiationState, context: Context) -> str:
    return "guard_terms" if context.guarded else "respond"


def _next_round(state: NegotiationState, context: Context) -> str:
    return "evaluate" if goes_on(state, context) else "form_coalition"


def _after_response(state: NegotiationState, context: Context) -> str:
    return "guard_responses" if context.decider.asks_homes else _next_round(state, context)


def _after_coalition(_: NegotiationState, context: Context) -> str:
    return "guard_coalition" if context.guarded else "submit_bid"


EDGES = (
    (START, "announce"),
    ("announce", "collect_bids"),
    ("collect_bids", "evaluate"),
    ("evaluate", "counter_offer"),
    ("guard_terms", "respond"),
    ("guard_coalition", "submit_bid"),
    ("submit_bid", END),
)
CHOICES: dict[str, tuple[Callable[[NegotiationState, Context], str], tuple[str, ...]]] = {
    "counter_offer": (_after_terms, ("guard_terms", "respond")),
    "respond": (_after_response, ("guard_responses", "evaluate", "form_coalition")),
    "guard_responses": (_next_round, ("evaluate", "form_coalition")),
    "form_coalition": (_after_coalition, ("guard_coalition", "submit_bid")),
}
"""Node → how the next one is chosen, and among which."""


def build_workflow(guarded: bool = True) -> Any:
    """Compile the graph, with guards or without (`is_guarded`); one compiled graph serves all windows.

    What flows is a `NegotiationState` in a single channel that merges what steps return, and a step says itself which
    comes next: a channel for each key and an edge that reads the state anew cost more than the steps of the rules.
    """
    # A schema without fields is one channel to LangGraph; a step's hints are read as schemas too, hence Any.
    schema: Any = Annotated[dict, _merged]
    graph: Any = StateGraph(schema, context_schema=_Run)

    def node(function: Any) -> Any:
        def step(state: Any, runtime: Runtime[_Run]) -> Any:
            return runtime.context.advance(function, state)

        return step

    def choosing(function: Any, choose: Callable[[NegotiationState, Context], str]) -> Any:
        def step(state: Any, runtime: Runtime[_Run]) -> Any:
            run = runtime.context
            update = run.advance(function, state)
            return Command(update=[("__root__", update)], goto=choose(run.state, run.given))

        return step

    # LangGraph looks at every node's channel after every step, so nodes that are never reached cost as well.
    left_out = set() if guarded else {name for name in STEPS if name.startswith("guard_")}
    for name in [step for step in STEPS if step not in left_out]:
        choose, among = CHOICES.get(name, (None, ()))
        reached = tuple(end for end in among if end not in left_out)
        if choose is not None and len(reached) > 1:
            graph.add_node(name, choosing(STEPS[name], choose), destinations=reached)
        else:
            graph.add_node(name, node(STEPS[name]))
            for end in reached:
                graph.add_edge(name, end)
    for start, end in EDGES:
        if start not in left_out:
            graph.add_edge(start, end)
    return graph.compile()


@dataclass
class _Run:
    """One negotiation: what it is given, and the state it has reached."""

    given: Context
    state: NegotiationState

    def advance(
        self, function: Callable[[NegotiationState, Context], NegotiationState], state: NegotiationState
    ) -> NegotiationState:
        """Take a step from `state`; what it changes."""
        update = function(state, self.given)
        self.state = cast(NegotiationState, state | update)
        return update


def _merged(state: dict[str, Any], update: dict[str, Any]) -> dict[str, Any]:
    return state | update


def negotiate(workflow: Any, context: Context) -> NegotiationState:
    """Run one negotiation to its end."""
    run = _Run(context, {})
    # Nothing is streamed: LangGraph would hand the state over after every step, and `run` has it.
    for _ in workflow.stream({}, context=run, stream_mode=[]):
        pass
    return run.state
