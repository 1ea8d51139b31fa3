"""The coalition: whom to take into the bid, at what price, and what it is expected to bring.

    maximise Σ_k x_k · margin_k + λ · Σ_k (x_k / q_k) · P(clears)_k · (satisfaction_k − 1)

over 0 ≤ x_k ≤ q_k within the market's sizes, a kW sold once: the window program with λ weighing what the plan costs in
satisfaction. Satisfaction is scored by the scorer's own formulas; a home that is left out is fully satisfied with this
window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.dispatch.offers import Prospects, prospects
from vpp_core.dispatch.view import GateView
from vpp_core.dispatch.window_program import Solution, WindowProgram
from vpp_core.fleet.fleet import Fleet, Floats
from vpp_core.market.segments import Layout
from vpp_core.settlement.satisfaction import COMPONENTS, compensation_score, satisfaction


@dataclass(frozen=True)
class Coalition:
    """What is held of each segment [kW], and what was expected of it, shape (K,)."""

    solution: Solution
    expected: Prospects
    satisfaction: Floats


def form_coalition(
    program: WindowProgram, view: GateView, agreed_usd_per_mwh: Floats, satisfaction_weight_usd: float
) -> Coalition:
    """Solve the coalition's program for segments at the prices agreed (signed).

    What is weighed is surplus, so it is taken over true cost, not over what is paid: payments between the VPP and its
    homes cancel. A dearer segment clears less often, and then earns the excess over its cost.
    """
    expected = prospects(view.layout, view.offers, agreed_usd_per_mwh, view.forecast, view.hours)
    score = planned_satisfaction(view.layout, view.fleet, view.layout.direction * agreed_usd_per_mwh)
    quantity = view.offers.quantity_kw
    with np.errstate(divide="ignore", invalid="ignore"):
        regret = np.where(quantity > 0, expected.clearing_probability * (1.0 - score) / quantity, 0.0)
    gain = expected.surplus_usd_per_kw - satisfaction_weight_usd * regret
    solution = program.solve(gain, quantity, view.offers.shared)
    return Coalition(solution, expected, score)


def planned_satisfaction(layout: Layout, fleet: Fleet, agreed_usd_per_mwh: Floats) -> Floats:
    """Satisfaction of a household whose segment clears as agreed: limits kept, so only the price can disappoint.

    Of energy, that is: compensation is scored per kWh delivered, and held reserve delivers none.
    """
    home = layout.home
    components: dict[str, Floats] = dict.fromkeys(COMPONENTS, np.ones(len(layout)))
    paid = compensation_score(
        agreed_usd_per_mwh / 1000, fleet.min_compensation_usd_per_kwh[home], fleet.opening_ask_usd_per_kwh[home]
    )
    components["compensation"] = np.full(len(layout), np.nan)
    components["compensation"][layout.battery_sell] = paid[layout.battery_sell]
    return satisfaction(components)
