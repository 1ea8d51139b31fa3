"""Certainty-equivalent model-predictive control on the ladder, against nothing but the seam of a strategy.

VPP_STRATEGIES=examples/model_predictive_control.py vpp run --month 2023-08 --homes 20

Every hour every home solves a linear program over the coming day and a half, as if the mean forecast were certain, and
its stores are to follow the first hour of it whatever the price. A yardstick: the same information, market rules and
books as `centralized_aware`, with a general method instead of the plan's values. Slow: a program for each home and
hour.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import linprog

from vpp_core.dispatch.view import GateView
from vpp_core.market.decision import Decision
from vpp_core.strategies.registry import register
from vpp_core.strategies.strategy import GateClosureStrategy

Floats = npt.NDArray[np.float64]
HOURS = 0.25
SHORT_USD_PER_KWH = 10.0
"""What a kWh short of a car's need at departure weighs: above every price."""


@register
class ModelPredictiveControl(GateClosureStrategy):
    """One program per home and hour on mean forecasts; reserves as the plan expects to hold them."""

    key, title = "model_predictive_control", "Model-predictive control"
    description = "Each home's linear program on mean forecasts, every hour; its first hour is bid as a schedule."
    obeys_preferences = True

    def decide(self, view: GateView) -> Decision:
        if view.gate == "day_ahead":
            return Decision(view.everything())
        power = np.full((view.stage_count, len(view.energy_kwh)), np.nan)
        for home in range(len(view.homes.first) - 1):
            here = view.homes.order[view.homes.first[home] : view.homes.first[home + 1]]
            own = [int(m) for m in here if view.stores.movable[m] and view.stores.ceiling[m] > view.stores.floor[m]]
            if own:
                power[:, own] = first_hour(view, home, own)
        return view.schedule(power)


def first_hour(view: GateView, home: int, own: list[int]) -> Floats:
    """The best power [kW, giving positive] of a home's stores in the window's quarter hours, (L, stores)."""
    s, stages = view.stores, view.stages
    rows = np.arange(view.first_stage, len(stages.price))
    count = len(rows)
    price = stages.price[rows] @ stages.weight
    net = stages.net_generation[stages.net_row[rows], home].copy()
    available = stages.available[stages.available_row[rows]]
    zero, eye = np.zeros(count), sparse.identity(count, format="csr")
    tariff = stages.tariff[home]
    imported, exported = stages.imported[tariff, rows], stages.exported[tariff, rows]
    worth = float(price.mean() + imported.min())
    cost = [HOURS * (price + imported), -HOURS * (price + exported)]
    low, high = [zero, zero], [np.full(count, np.inf), np.full(count, np.inf)]
    meter: list[sparse.spmatrix] = [eye, -eye]  # import − export + giving − taking = −net generation
    balances: list[tuple[Floats, sparse.spmatrix]] = []
    needs: list[tuple[Floats, sparse.spmatrix]] = []
    for m in own:
        plugged = available[:, m]
        charge, give = np.where(plugged, s.charge[m], 0.0), np.where(plugged, s.give[m], 0.0)
        if s.follows[m]:
            charge = np.minimum(charge, np.maximum(net, 0.0) + s.deviation[m])
            give = np.minimum(give, np.maximum(-net, 0.0) + s.deviation[m])
        leaves = np.zeros(count, dtype=bool)
        leaves[1:] = plugged[:-1] & ~plugged[1:]
        departures = np.flatnonzero(leaves)
        needed = np.full(count, s.floor[m])
        for k in departures:
            need = stages.need[m] if k == departures[0] else s.usual_need[m]
            needed[max(k - 1 - s.early[m], 0) : k] = need
        end = zero.copy()
        end[-1] = -worth * (s.out_of[m] if s.follows[m] else 1 / s.into[m])
        begin = -(stages.draw[stages.draw_row[rows], m] + np.where(leaves, s.trip[m], 0.0))
        begin[0] += view.energy_kwh[m]
        ceiling = np.full(count, max(s.ceiling[m], view.energy_kwh[m]))
        # taking, giving, energy at the stage's end, and what is missing of what is needed
        cost += [zero, np.full(count, HOURS * s.wear[m]), end, np.full(count, SHORT_USD_PER_KWH)]
        low += [zero, zero, np.full(count, -np.inf), zero]
        high += [charge, give, ceiling, np.full(count, np.inf)]
        meter += [-eye, eye, 0 * eye, 0 * eye]
        difference = sparse.diags([np.ones(count), -np.ones(count - 1)], [0, -1], format="csr")
        balances.append(
            (begin, sparse.hstack([-HOURS * s.into[m] * eye, HOURS / s.out_of[m] * eye, difference, 0 * eye]))
        )
        needs.append((-needed, sparse.hstack([0 * eye, 0 * eye, -eye, -eye])))

    def in_place(position: int, block: sparse.spmatrix) -> sparse.spmatrix:
        """A store's four blocks of columns among all."""
        before, after = 2 + 4 * position, 4 * (len(own) - position - 1)
        return sparse.hstack(
            [sparse.csr_array((count, before * count)), block, sparse.csr_array((count, after * count))]
        )

    equal = [sparse.hstack(meter), *(in_place(i, block) for i, (_, block) in enumerate(balances))]
    most = [in_place(i, block) for i, (_, block) in enumerate(needs)]
    found = linprog(
        np.concatenate(cost),
        A_eq=sparse.vstack(equal, format="csc"),
        b_eq=np.concatenate([-net, *(begin for begin, _ in balances)]),
        A_ub=sparse.vstack(most, format="csc"),
        b_ub=np.concatenate([needed for needed, _ in needs]),
        bounds=np.column_stack([np.concatenate(low), np.concatenate(high)]),
        method="highs",
    )
    if found.status != 0:
        return np.full((view.stage_count, len(own)), np.nan)  # left alone for this hour
    blocks = found.x.reshape(-1, count)[:, : view.stage_count]
    return np.stack([blocks[3 + 4 * i] - blocks[2 + 4 * i] for i in range(len(own))], axis=1)
