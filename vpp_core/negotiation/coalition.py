"""The coalition: who may be asked, for how much and at what price, and what that is expected to bring.

    maximise Σ_k x_k · margin_k + λ · Σ_k (x_k / q_k) · P(clears)_k · (satisfaction_k − 1)

over 0 ≤ x_k ≤ q_k, every sum at least the market's minimum: the window program with λ weighing what the plan costs in
satisfaction. A formulation other than the usual may leave out segments of small margin or probability before that.
Satisfaction is scored by the scorer's own formulas; a home that is left out is fully satisfied with this window.
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
from vpp_core.negotiation.decisions import Formulation
from vpp_core.settlement.satisfaction import COMPONENTS, compensation_score, satisfaction


@dataclass(frozen=True)
class Coalition:
    """What may be asked of each segment [kW], and what was expected of it, shape (K,)."""

    solution: Solution
    expected: Prospects
    satisfaction: Floats


def form_coalition(
    program: WindowProgram, view: GateView, agreed_usd_per_mwh: Floats, formulation: Formulation
) -> Coalition:
    """Solve the coalition's program for segments at the prices agreed (signed).

    What is weighed is surplus, so it is taken over true cost, not over what is paid: payments between the VPP and its
    homes cancel. A dearer segment clears less often, and then earns the excess over its cost.
    """
    expected = prospects(view.layout, view.offers, agreed_usd_per_mwh, view.forecast, view.hours)
    score = planned_satisfaction(view.layout, view.fleet, view.layout.direction * agreed_usd_per_mwh)
    weighed = _weighed_usd_per_kw(expected, score, view.offers.quantity_kw, formulation.satisfaction_weight_usd)
    target = formulation.target_margin_usd_per_mwh * USD_PER_KWH * view.hours
    reliable = expected.clearing_probability >= formulation.minimum_reliability
    wanted = reliable & ((expected.surplus_usd_per_kw >= target) | (target <= 0))
    share = np.where(view.layout.is_reserve, formulation.reserve_share, 1.0)
    quantity = view.offers.quantity_kw * share
    solution = program.solve(weighed, np.where(wanted, quantity, 0.0))
    return Coalition(solution, expected, score)


def worth_usd(coalition: Coalition, view: GateView, satisfaction_weight_usd: float) -> float:
    """What a coalition is worth by the objective with this λ [$]."""
    weighed = _weighed_usd_per_kw(
        coalition.expected, coalition.satisfaction, view.offers.quantity_kw, satisfaction_weight_usd
    )
    return float(weighed @ coalition.solution.quantity_kw)


def _weighed_usd_per_kw(
    expected: Prospects, score: Floats, quantity_kw: Floats, satisfaction_weight_usd: float
) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        regret = np.where(quantity_kw > 0, expected.clearing_probability * (1.0 - score) / quantity_kw, 0.0)
    weighed: Floats = expected.surplus_usd_per_kw - satisfaction_weight_usd * regret
    return weighed


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
    delivers = layout.is_compensated & ~layout.is_reserve & (layout.direction > 0)
    components["compensation"] = np.where(delivers, paid, np.nan)
    return satisfaction(components)
