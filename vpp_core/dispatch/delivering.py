"""What stores do in an interval: what cleared is given, reserve is held beside it, and delivered if it is called."""

from __future__ import annotations

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.knowledge import USD_PER_KWH
from vpp_core.dispatch.operation import Conditions, Limits
from vpp_core.dispatch.state import State, at_most, scheduled_kw, shared_out
from vpp_core.fleet.fleet import Floats
from vpp_core.market.segments import ENERGY

SHORT_KW = 1e-6
"""Shortfalls below this are rounding [kW]."""


def give(state: State, t: int, at: Conditions) -> tuple[Floats, Floats]:
    """Power of every store and its default: what cleared is given, reserve is held, and delivered if called."""
    inputs, out, operation = state.inputs, state.trajectory, state.operation
    row = t - out.first
    length, rules = inputs.windows.length, inputs.scenario.market
    window = t // length
    plan, bid = state.plans[window], state.bids[window]
    reserved = state.reserved_kw(t, at.energy_kwh, state.taken_kwh, t)
    limits = state.limits(t, at, state.taken_kwh, state.permission.need_kwh[t], plan.asked_kw, reserved)
    sold, bought = bid.curve.cleared(float(inputs.price[ENERGY, t]))
    price = float(inputs.price[ENERGY, t]) * USD_PER_KWH
    # More is asked for than cleared, so that what cleared may be expected to come.
    comes = state.delivery.expected_share
    if plan.schedule_kw is not None:
        power, short = _follow(state, plan.schedule_kw[t % length], limits, sold / comes, bought / comes)
    else:
        power, short = operation.give(
            at, limits, plan.slopes[t % length], plan.markup, price, sold / comes, bought / comes,
            rules.delivery_penalty_share,
        )  # fmt: skip
    if state.may_fail:
        power, short = _answered(state, t, power, limits.default, sold, bought)
    out.short_energy_kw[row] = short
    award = power - limits.default
    out.award_kw[row] = award
    gives = ~inputs.stores.follows_meter & (award > 0)
    out.give_award_kw[row] = np.where(gives, np.maximum(power, 0.0), 0.0)
    agreed = plan.segments.agreed_usd_per_mwh * USD_PER_KWH
    layout = inputs.layout
    out.agreed_usd_per_kwh[row] = np.where(award > 0, agreed[layout.sell], np.where(award < 0, agreed[layout.buy], 0.0))
    out.give_agreed_usd_per_kwh[row] = np.where(out.give_award_kw[row] > 0, agreed[layout.give], 0.0)
    power = _hold(state, t, at, limits, power)
    return power, limits.default


def _answered(
    state: State, t: int, power: Floats, default: Floats, sold: Floats, bought: Floats
) -> tuple[Floats, Floats]:
    """Power of every store (S,) where only those in reach follow what was asked, together no more than cleared; and the
    shortfall of each aggregation (A,) [kW].
    """
    operation, reachable = state.operation, state.inputs.stores.reachable[t]
    asked = power - default
    state.trajectory.missed_kw[t - state.trajectory.first] = np.where(reachable, 0.0, asked)
    state.delivery.note(np.abs(asked), reachable)
    came = np.where(reachable, asked, 0.0)
    rise = at_most(np.maximum(came, 0.0), sold, operation.aggregation)
    fall = at_most(np.maximum(-came, 0.0), bought, operation.aggregation)
    up, down = operation.sums(rise - fall, np.zeros_like(rise))
    short = np.maximum(sold - up, 0.0) + np.maximum(bought - down, 0.0)
    return default + rise - fall, np.where(short > SHORT_KW, short, 0.0)


def _follow(state: State, schedule: Floats, limits: Limits, sold: Floats, bought: Floats) -> tuple[Floats, Floats]:
    """A schedule, scaled so that each aggregation deviates by what cleared, as far as limits allow."""
    operation = state.operation
    wished = scheduled_kw(schedule, limits) - limits.default
    up, down = operation.sums(limits.default + wished, limits.default)
    with np.errstate(divide="ignore", invalid="ignore"):
        rise = np.where(up > 0, sold / up, 0.0)[operation.aggregation]
        fall = np.where(down > 0, bought / down, 0.0)[operation.aggregation]
    power = np.clip(
        limits.default + np.maximum(wished, 0.0) * rise - np.maximum(-wished, 0.0) * fall, limits.low, limits.high
    )
    up, down = operation.sums(power, limits.default)
    short = np.maximum(sold - up, 0.0) + np.maximum(bought - down, 0.0)
    return power, np.where(short > SHORT_KW, short, 0.0)


def _hold(state: State, t: int, at: Conditions, limits: Limits, power: Floats) -> Floats:
    """Hold the commitment beside the power given, and deliver it if it is called."""
    inputs, out, operation, day_ahead = state.inputs, state.trajectory, state.operation, state.day_ahead
    row = t - out.first
    assert day_ahead is not None
    committed = day_ahead.committed_kw[:, :, t]
    if not committed.any():
        return power
    taken = state.taken_kwh + state.taken_by_kwh(power, limits.default)
    given = np.maximum(power - limits.default, 0.0)
    able = operation.sustainable_kw(operation.after(at, power), power, state.reserve_hours, taken, given)
    able = day_ahead.able(able, t)
    if not operation.exports:
        able = operation.drawn_only(able, power, at.net_generation_kw)
    if state.knowledge.exact:
        able = np.where(inputs.stores.reachable[t], able, 0.0)
    held = shared_out(able, committed.sum(axis=0) / state.delivery.expected_share, operation.aggregation)
    if state.may_fail:
        state.delivery.note(held, inputs.stores.reachable[t])
        in_reach = np.where(inputs.stores.reachable[t], held, 0.0)
        held = at_most(in_reach, committed.sum(axis=0), operation.aggregation)
    with np.errstate(divide="ignore", invalid="ignore"):
        spin_share = np.where(committed.sum(axis=0) > 0, committed[0] / committed.sum(axis=0), 0.0)
    spin = held * spin_share[operation.aggregation]
    out.spin_kw[row], out.nonspin_kw[row] = spin, held - spin
    short = np.maximum(committed.sum(axis=0) - np.bincount(operation.aggregation, held, operation.aggregations), 0.0)
    short = np.where(short > SHORT_KW, short, 0.0)
    out.short_spin_kw[row], out.short_nonspin_kw[row] = short * spin_share, short * (1 - spin_share)
    day = inputs.period.day_of_interval[t]
    out.spin_agreed_usd_per_kw_h[row], out.nonspin_agreed_usd_per_kw_h[row] = day_ahead.agreed_usd_per_kw_h[:, day]
    if not inputs.called[t]:
        return power
    out.called_kw[row] = held
    out.call_agreed_usd_per_kwh[row] = np.where(held > 0, day_ahead.call_usd_per_kwh[day], 0.0)
    stores = inputs.stores
    room = np.maximum(at.energy_kwh - state.permission.floor_kwh, 0.0) * stores.discharge_efficiency / INTERVAL_HOURS
    most = np.minimum(stores.max_discharge_kw, room)
    return np.where(held > 0, np.maximum(np.minimum(power + held, most), power), power)
