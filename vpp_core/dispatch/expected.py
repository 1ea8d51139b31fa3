"""What a strategy expects of a window at its gate: the path of its stores, what they can be asked for, and the bid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.columns import Costs, Priced, Stages
from vpp_core.dispatch.cost import deviation_costs
from vpp_core.dispatch.knowledge import USD_PER_KWH
from vpp_core.dispatch.offers import Offers
from vpp_core.dispatch.operation import Conditions, Limits
from vpp_core.dispatch.response import thresholds
from vpp_core.dispatch.state import Plan, State, scheduled_kw
from vpp_core.fleet.fleet import Floats
from vpp_core.market.curve import Curve, levels
from vpp_core.physics.storage import charge_on_arrival_kw, step_energy_kwh


@dataclass(frozen=True)
class Expected:
    """An interval as it is expected to be met."""

    at: Conditions
    limits: Limits
    slopes: Floats


def expected_path(state: State, t: int, window: int, stages: Stages, slopes: Floats) -> list[Expected]:
    """The window's intervals on the expected path: what is pending clears at the price expected for it."""
    inputs, operation = state.inputs, state.operation
    length, first = inputs.windows.length, inputs.windows.first_interval(window)
    energy, taken = state.energy_kwh, state.taken_kwh.copy()
    path = []
    everything = np.full((3, len(inputs.stores)), np.inf)
    for k in range(first - t + length):
        s = t + k
        if (
            s > 0
            and s < len(inputs.period)
            and inputs.period.day_of_interval[s] != inputs.period.day_of_interval[s - 1]
        ):
            taken[:] = 0.0
        inside = k >= first - t
        at = _interval(state, stages, k, s, energy)
        price = np.full(operation.aggregations, stages.price[k, 1])
        if inside:
            plan = None
            asked, markup, now = everything, less_asked(state, stages.paid[:, k]), slopes[k - (first - t)]
        else:
            plan = state.plans[s // length]
            asked, markup, now = plan.asked_kw, plan.markup, plan.slopes[s % length]
        reserved = state.reserved_kw(s, energy, taken, t)
        limits = state.limits(s, at, taken, stages.need, asked, reserved)
        if plan is not None and plan.schedule_kw is not None:
            power = scheduled_kw(plan.schedule_kw[s % length], limits)
        else:
            power = operation.respond(at, limits, now, markup, price, price)
        if inside:
            path.append(Expected(at, limits, now))
        taken = taken + state.taken_by_kwh(power, limits.default)
        energy = operation.after(at, power)
    return path


def path_left_alone_kwh(state: State, t: int, stages: Stages) -> Floats:
    """Energy of stores at the end of each stage from interval `t` on, each left alone from now; (K, S)."""
    energy, path = state.energy_kwh, np.zeros((len(stages.price), len(state.inputs.stores)))
    for k in range(len(path)):
        at = _interval(state, stages, k, t + k, energy)
        path[k] = energy = state.operation.after(at, state.operation.default_kw(at))
    return path


def _interval(state: State, stages: Stages, k: int, s: int, energy: Floats) -> Conditions:
    stores = state.inputs.stores
    available = stages.available[stages.available_row[k]]
    if k == 0:
        available = stores.available[s]
    drawn = stages.draw[stages.draw_row[k]]
    if k > 0:
        left = stages.available[stages.available_row[k - 1]] & ~available
        drawn = drawn + np.where(left, state.operation.columns.trip, 0.0)
        energy = np.maximum(energy - drawn, np.minimum(energy, stores.floor_kwh))
    else:
        energy = state.drawn_kwh(s, energy)
    return Conditions(
        energy,
        available,
        stages.net_generation[stages.net_row[k]],
        stages.imported[stages.tariff, k],
        stages.exported[stages.tariff, k],
    )


def less_asked(state: State, paid: Floats) -> Floats:
    """By how much stores ask less because programmes pay for a kWh, as part of their mark-ups (3, S) [$/kWh].

    `paid` (2,): pay at the meter, and for what a battery gives.
    """
    of_store = paid[state.inputs.stores.follows_meter.astype(np.intp)]
    return np.stack([-of_store, -of_store, of_store])


def offers_on(state: State, window: int, t: int, stages: Stages, slopes: Floats, path: list[Expected]) -> Offers:
    """What stores can be asked for on the expected path, and what it costs."""
    inputs, operation, stores = state.inputs, state.operation, state.inputs.stores
    room = np.zeros((3, len(stores)))
    for expected in path:
        limits = expected.limits
        up, down = limits.high - limits.default, limits.default - limits.low
        follows = stores.follows_meter
        held_off = np.where(follows, up, np.minimum(limits.high, 0.0) - limits.default)
        room[0] = np.maximum(room[0], held_off)
        room[1] = np.maximum(room[1], np.where(follows, 0.0, np.maximum(limits.high, 0.0)))
        room[2] = np.maximum(room[2], down)
    own, total, market = np.zeros_like(room), np.zeros_like(room), np.zeros_like(room)
    first = inputs.windows.first_interval(window) - t
    asked = Priced(state.home_of_store, path[0].at.energy_kwh, slopes[-1], first, inputs.windows.length, room)
    deviation_costs(operation.columns, stages, asked, Costs(own, total, market))
    allowed = state.permission
    asks = allowed.moving_ask_usd_per_kwh
    moved = _newly_moved(state, t, window, stages, path) if asks.any() else np.ones(len(stores))
    rebound = market if state.for_profit else None
    return Offers.of_energy(
        inputs.layout, room, own, total, allowed.compensation_usd_per_kwh, asks, moved, state.counts_bills, rebound
    )


def _newly_moved(state: State, t: int, window: int, stages: Stages, path: list[Expected]) -> Floats:
    """Share of the charging in a window that being held off moves; the rest of it was moved before; (S,).

    A car that is held off for five hours is sold in each of them, and its charge is moved once: as long as it would
    be charging had it been left alone. What is moved is what it would then have charged.
    """
    stores, first = state.inputs.stores, state.inputs.windows.first_interval(window) - t
    alone = np.where(stores.follows_meter, state.energy_kwh, stores.counterfactual_kwh[t])
    would, sold = np.zeros(len(stores)), np.zeros(len(stores))
    for k in range(first + len(path)):
        at = _interval(state, stages, k, t + k, alone)
        charge = charge_on_arrival_kw(
            at.energy_kwh, at.available, stores.ceiling_kwh, stores.max_charge_kw, stores.charge_efficiency,
            INTERVAL_HOURS,
        )  # fmt: skip
        alone = step_energy_kwh(at.energy_kwh, charge, 0.0, stores.charge_efficiency, 1.0, INTERVAL_HOURS)
        if k >= first:
            default = np.maximum(-path[k - first].limits.default, 0.0)
            would, sold = would + np.minimum(charge, default), sold + default
    share: Floats = np.divide(would, sold, out=np.zeros(len(stores)), where=sold > 0)
    return share


def surely_there(state: State, t: int, first: int, path: list[Expected]) -> Floats:
    """How surely each store is there in the window, as seen at its gate; (S,)."""
    if state.knowledge.exact:
        return np.ones(len(state.inputs.stores))
    connected = state.inputs.stores.available[t]
    last = first + len(path) - 1
    return state.arrivals.surely(last, connected, path[-1].at.available, state.knowledge.usually_connected(t))


def curve_on(state: State, plan: Plan, path: list[Expected], quantiles: Floats, surely: Floats) -> Curve:
    """What the fleet expects to deviate by at each price level, in the interval of the window in which it is most.

    A bid holds for all of them. What falls short of it is bought back with a penalty of a tenth of the price; what
    could have been given beyond it is lost, a car that is then not held off for the whole night: so the most. A
    store that is overdue counts as surely as such stores have come so far (`arrivals`).
    """
    operation = state.operation
    if plan.schedule_kw is not None:
        return _scheduled(state, plan, path, surely)
    middle = path[len(path) // 2]
    begins = np.zeros((4, len(state.inputs.stores)))
    weight = np.zeros_like(begins)
    thresholds(
        operation.columns, state.home_of_store, plan.slopes[len(path) // 2], middle.at.energy_kwh,
        middle.at.imported_usd_per_kwh, middle.at.exported_usd_per_kwh, plan.markup, begins, weight,
    )  # fmt: skip
    weight = weight * middle.at.available
    sell_price, buy_price = levels(quantiles, begins.ravel() / USD_PER_KWH, weight.ravel(), state.inputs.period.iso)
    tried = np.unique(np.concatenate([sell_price, buy_price]))
    up, down = np.zeros((2, len(tried), operation.aggregations))
    for k in sorted({0, len(path) - 1}):  # it is most at the window's beginning or its end
        limits = _within(state, path[k].limits, plan.asked_kw)
        operation.curve(path[k].at, limits, plan.slopes[k], plan.markup, tried * USD_PER_KWH, surely, up, down)
    up = np.maximum.accumulate(up, axis=0).T
    down = np.maximum.accumulate(down[::-1], axis=0)[::-1].T
    comes = state.delivery.expected_share[:, None]
    up, down = up * comes, down * comes
    return Curve(
        sell_price, up[:, np.searchsorted(tried, sell_price)], buy_price, down[:, np.searchsorted(tried, buy_price)]
    )


def _scheduled(state: State, plan: Plan, path: list[Expected], surely: Floats) -> Curve:
    """A schedule's sums over its defaults, sold and bought whatever the price."""
    assert plan.schedule_kw is not None
    sums = [
        state.operation.sums(
            e.limits.default + surely * (scheduled_kw(power, e.limits) - e.limits.default), e.limits.default
        )
        for power, e in zip(plan.schedule_kw, path, strict=True)
    ]
    comes = state.delivery.expected_share
    up, down = np.mean([s[0] for s in sums], axis=0) * comes, np.mean([s[1] for s in sums], axis=0) * comes
    iso = state.inputs.period.iso
    lowest, highest = np.array([iso.lowest_bid_usd_per_mwh]), np.array([iso.highest_bid_usd_per_mwh])
    return Curve(lowest, up[:, None], highest, down[:, None])


def _within(state: State, limits: Limits, asked_kw: Floats) -> Limits:
    """Limits drawn in to what was asked for."""
    follows = state.inputs.stores.follows_meter
    up = np.where(follows, limits.default + asked_kw[0], np.maximum(limits.default + asked_kw[0], 0.0))
    up = np.where(
        follows,
        up,
        np.where(asked_kw[1] > 0, np.maximum(asked_kw[1], 0.0), np.minimum(limits.default + asked_kw[0], 0.0)),
    )
    high = np.maximum(np.minimum(limits.high, up), limits.default)
    return Limits(limits.default, np.maximum(limits.low, limits.default - asked_kw[2]), high)
