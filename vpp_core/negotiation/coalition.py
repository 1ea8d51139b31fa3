"""The coalition: whom to take into the bid, at what price, and what it is expected to bring.

    maximise Σ_k x_k · margin_k + λ · Σ_k (x_k / q_k) · P(clears)_k · (satisfaction_k − 1)

over 0 ≤ x_k ≤ q_k within the market's maximum: the window program with λ weighing what the plan costs in satisfaction.
Satisfaction is scored by the scorer's own formulas; a home that is left out is fully satisfied with this window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.dispatch.offers import prospects
from vpp_core.dispatch.window_program import Solution, WindowProgram
from vpp_core.fleet.fleet import Fleet, Floats
from vpp_core.market.segments import Layout
from vpp_core.settlement.satisfaction import COMPONENTS, compensation_score, satisfaction


@dataclass(frozen=True)
class Coalition:
    """What is held of each segment [kW], at what price, and what was expected, shape (K,)."""

    solution: Solution
    price_usd_per_mwh: Floats
    margin_usd_per_kw: Floats
    satisfaction: Floats


def form_coalition(
    program: WindowProgram,
    layout: Layout,
    fleet: Fleet,
    quantity_kw: Floats,
    cost_usd_per_mwh: Floats,
    agreed_usd_per_mwh: Floats,
    forecast_usd_per_mwh: Floats,
    hours: float,
    satisfaction_weight_usd: float,
) -> Coalition:
    """Solve the coalition's program for segments agreed at `agreed_usd_per_mwh`; each clears at that price or better.

    The margin counts surplus, so it is taken over marginal cost, not over what is paid: payments between the VPP and
    its homes cancel. A segment clears less often at a higher price, and then earns the mean excess over cost.
    """
    gain, clears = prospects(layout, agreed_usd_per_mwh, forecast_usd_per_mwh, hours)
    over_cost = layout.direction * (agreed_usd_per_mwh - cost_usd_per_mwh) / 1000 * hours
    margin = gain + clears * over_cost
    score = planned_satisfaction(layout, fleet, agreed_usd_per_mwh)
    with np.errstate(divide="ignore", invalid="ignore"):
        regret = np.where(quantity_kw > 0, clears * (1.0 - score) / quantity_kw, 0.0)
    solution = program.solve(margin - satisfaction_weight_usd * regret, quantity_kw)
    return Coalition(solution, agreed_usd_per_mwh, margin, score)


def planned_satisfaction(layout: Layout, fleet: Fleet, agreed_usd_per_mwh: Floats) -> Floats:
    """Satisfaction of a household whose segment clears as agreed: limits kept, so only the price can disappoint."""
    home = layout.home
    components: dict[str, Floats] = dict.fromkeys(COMPONENTS, np.ones(len(layout)))
    paid = compensation_score(
        agreed_usd_per_mwh / 1000, fleet.min_compensation_usd_per_kwh[home], fleet.opening_ask_usd_per_kwh[home]
    )
    components["compensation"] = np.where(layout.is_battery & (layout.direction > 0), paid, np.nan)
    return satisfaction(components)
