"""The coalition: who may be asked, for how much and at what price, and what that is expected to bring.

    maximise Σ_k x_k · worth_k + λ · Σ_k (x_k / q_k) · P(clears)_k · (satisfaction_k − 1)

over 0 ≤ x_k ≤ q_k of segments that were agreed on, every sum at least the market's minimum: the window program. What a
kW is worth is the aggregator's expected profit, over what it has agreed to pay and what the energy costs it later, or
by the rule `objective: surplus` what it and the home make together. Both count what the home has kept of its promises:
what is not delivered earns nothing and costs a penalty. λ weighs what the plan costs in satisfaction. A formulation
other than the usual may leave out segments of small worth or probability before that. Satisfaction is scored by the
scorer's own formulas; a home that is left out is fully satisfied with this window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.dispatch.knowledge import USD_PER_KWH
from vpp_core.dispatch.offers import Prospects, prospects
from vpp_core.dispatch.view import GateView
from vpp_core.dispatch.window_program import Solution, WindowProgram
from vpp_core.fleet.fleet import Fleet, Floats
from vpp_core.market.segments import Layout
from vpp_core.negotiation.bargain import Bargain
from vpp_core.negotiation.decisions import Formulation
from vpp_core.settlement.satisfaction import COMPONENTS, compensation_score, satisfaction


@dataclass(frozen=True)
class Coalition:
    """What may be asked of each segment [kW], and what was expected of it, shape (K,)."""

    solution: Solution
    expected: Prospects
    worth_usd_per_kw: Floats
    """by the scenario's objective, promises that are not kept counted, λ not"""
    satisfaction: Floats


def form_coalition(program: WindowProgram, view: GateView, bargain: Bargain, formulation: Formulation) -> Coalition:
    """Solve the coalition's program for the segments that were agreed on, at the prices agreed.

    A dearer segment clears less often: what it is asked for has to pay what was agreed.
    """
    agreed_usd_per_mwh = bargain.ask_usd_per_mwh
    expected = prospects(view.layout, view.offers, agreed_usd_per_mwh, view.forecast, view.hours)
    worth = _worth_usd_per_kw(view, expected)
    score = planned_satisfaction(view.layout, view.fleet, view.layout.direction * agreed_usd_per_mwh)
    offered = np.where(bargain.agreed, view.offers.quantity_kw, 0.0)
    weighed = worth - _regret_usd_per_kw(expected, score, offered, formulation.satisfaction_weight_usd)
    target = formulation.target_margin_usd_per_mwh * USD_PER_KWH * view.hours
    reliable = expected.clearing_probability >= formulation.minimum_reliability
    wanted = reliable & ((worth >= target) | (target <= 0))
    share = np.where(view.layout.is_reserve, formulation.reserve_share, 1.0)
    solution = program.solve(weighed, np.where(wanted, offered * share, 0.0))
    return Coalition(solution, expected, worth, score)


def worth_usd(coalition: Coalition, view: GateView, satisfaction_weight_usd: float) -> float:
    """What a coalition is worth by the objective with this λ [$]."""
    regret = _regret_usd_per_kw(
        coalition.expected, coalition.satisfaction, view.offers.quantity_kw, satisfaction_weight_usd
    )
    return float((coalition.worth_usd_per_kw - regret) @ coalition.solution.quantity_kw)


def _worth_usd_per_kw(view: GateView, expected: Prospects) -> Floats:
    """What a kW is expected to bring over the window by the scenario's objective.

    Of what a home does not deliver the market takes its price back, so that only the penalty on it is left.
    """
    of_profit = view.scenario.negotiation.objective == "profit"
    kept = view.reliability[view.layout.home]
    market = view.scenario.market
    share = np.where(view.layout.is_reserve, market.no_pay_penalty_share, market.delivery_penalty_share)
    gain = expected.profit_usd_per_kw if of_profit else expected.surplus_usd_per_kw
    traded = expected.profit_usd_per_kw * view.layout.direction + (
        expected.clearing_probability * expected.price_usd_per_mwh * USD_PER_KWH * view.hours
    )
    worth: Floats = kept * gain - (1.0 - kept) * share * np.abs(traded)
    return worth


def _regret_usd_per_kw(
    expected: Prospects, score: Floats, quantity_kw: Floats, satisfaction_weight_usd: float
) -> Floats:
    """What a kW costs in satisfaction, in dollars by λ."""
    with np.errstate(divide="ignore", invalid="ignore"):
        regret: Floats = np.where(quantity_kw > 0, expected.clearing_probability * (1.0 - score) / quantity_kw, 0.0)
    return satisfaction_weight_usd * regret


def planned_satisfaction(layout: Layout, fleet: Fleet, agreed_usd_per_mwh: Floats) -> Floats:
    """Satisfaction of a household whose segment clears as agreed: limits kept, so only the price can disappoint.

    Of energy given, that is: compensation is scored per kWh delivered, and reserve that is held, charging that is held
    off and what is bought deliver none.
    """
    home = layout.home
    components: dict[str, Floats] = dict.fromkeys(COMPONENTS, np.ones(len(layout)))
    paid = compensation_score(
        agreed_usd_per_mwh / 1000, fleet.min_compensation_usd_per_kwh[home], fleet.opening_ask_usd_per_kwh[home]
    )
    delivers = ~layout.is_held_off & ~layout.is_reserve & (layout.direction > 0)
    components["compensation"] = np.where(delivers, paid, np.nan)
    return satisfaction(components)
