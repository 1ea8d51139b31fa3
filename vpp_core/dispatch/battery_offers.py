"""The largest worthwhile sale and purchase of each battery for a window, and their costs: compiled, home by home."""

from __future__ import annotations

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch import compiled as c
from vpp_core.dispatch.opportunity_cost import LEVELS, USD_PER_KWH, interpolate

SIZES = np.array([1.0, 0.75, 0.5, 0.25])
"""Shares of the largest feasible segment that are tried."""
BISECTIONS = 24
SMALLEST_KW = 1e-3
"""Segments below a watt are none."""


@c.kernel
def _path(a, e, surplus, car, buy_price, sell_price, backup, ceiling, power, into, out_of, hours):  # type: ignore[no-untyped-def]
    """Energy left, rise of the bill [$], wear [kWh discharged] of holding `a` kW (sale positive) in every interval."""
    energy, bill, discharged = e, 0.0, 0.0
    for k in range(len(surplus)):
        alone = c.self_consumption_kw(energy, surplus[k], backup, ceiling, power, into, out_of, hours)
        battery = alone + a
        energy = c.step_energy_kwh(energy, max(-battery, 0.0), max(battery, 0.0), into, out_of, hours)
        bill += c.retail_bill_usd(surplus[k] + battery - car[k], buy_price[k], sell_price[k], hours)
        discharged += max(battery, 0.0) * hours
    return energy, bill, discharged


@c.kernel
def _holds(a, e, surplus, floor, backup, ceiling, power, into, out_of, hours):  # type: ignore[no-untyped-def]
    """Whether `a` kW beyond the default can be delivered in every interval when all clear."""
    energy = e
    for k in range(len(surplus)):
        battery = c.self_consumption_kw(energy, surplus[k], backup, ceiling, power, into, out_of, hours) + a
        if battery > c.discharge_limit_kw(energy, floor, power, out_of, hours) + 1e-12:
            return False
        if -battery > c.charge_limit_kw(energy, ceiling, power, into, hours) + 1e-12:
            return False
        energy = c.step_energy_kwh(energy, max(-battery, 0.0), max(battery, 0.0), into, out_of, hours)
    return True


@c.kernel
def _largest(most, sign, e, surplus, floor, backup, ceiling, power, into, out_of, hours):  # type: ignore[no-untyped-def]
    """Most kW up to `most` that can be held, by bisection from below."""
    if most <= 0.0:
        return 0.0
    if _holds(sign * most, e, surplus, floor, backup, ceiling, power, into, out_of, hours):
        return most
    low, high = 0.0, most
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        if _holds(sign * middle, e, surplus, floor, backup, ceiling, power, into, out_of, hours):
            low = middle
        else:
            high = middle
    return low


@c.kernel
def battery_default(low, backup, ceiling, power, into, out_of, surplus):  # type: ignore[no-untyped-def]
    """Default battery power [kW] in the window's intervals from the lowest path, shape (L, N)."""
    base = np.zeros(surplus.shape)
    for i in range(len(low)):
        energy = low[i]
        for k in range(len(surplus)):
            base[k, i] = c.self_consumption_kw(
                energy, surplus[k, i], backup[i], ceiling[i], power[i], into[i], out_of[i], INTERVAL_HOURS
            )
            energy = c.step_energy_kwh(
                energy, max(-base[k, i], 0.0), max(base[k, i], 0.0), into[i], out_of[i], INTERVAL_HOURS
            )
    return base


@c.kernel
def battery_offers(  # type: ignore[no-untyped-def]
    value, own_value, low, high, daily_left, floor, deviation, compensation, backup, ceiling, power, into, out_of, wear,
    surplus, car_if_held, car, buy_price, sell_price, quantile,
):  # fmt: skip
    """Quantity [kW], own and total cost [$/kWh, signed] of sales (row 0) and purchases (row 1)."""
    intervals, homes = surplus.shape
    hours = INTERVAL_HOURS
    quantity, own, total = np.zeros((2, homes)), np.zeros((2, homes)), np.zeros((2, homes))
    for i in range(homes):
        if power[i] <= 0.0:
            continue
        solar, step = surplus[:, i].copy(), (ceiling[i] - floor[i]) / (LEVELS - 1)
        for row in range(2):
            sign = 1.0 - 2.0 * row
            start = low[i] if row == 0 else high[i]
            charging = car_if_held[:, i].copy() if row == 0 else car[:, i].copy()
            if row == 0 and start < floor[i] - 1e-9:
                continue
            most = min(deviation[i], daily_left[i] * out_of[i] / (intervals * hours)) if row == 0 else deviation[i]
            largest = _largest(
                most, sign, start, solar, floor[i], backup[i], ceiling[i], power[i], into[i], out_of[i], hours
            )
            if largest < SMALLEST_KW:
                continue
            left, bill, worn = _path(
                0.0, start, solar, charging, buy_price, sell_price, backup[i], ceiling[i], power[i],
                into[i], out_of[i], hours,
            )  # fmt: skip
            worth = interpolate(value[i], step, left - floor[i])
            worth_own = interpolate(own_value[i], step, left - floor[i])
            best = -1.0
            for size in SIZES:
                a = largest * size
                left_a, bill_a, worn_a = _path(
                    sign * a, start, solar, charging, buy_price, sell_price, backup[i], ceiling[i], power[i],
                    into[i], out_of[i], hours,
                )  # fmt: skip
                now = bill_a - bill + wear[i] * (worn_a - worn)
                moved = a * intervals * hours
                cost = (worth - interpolate(value[i], step, left_a - floor[i]) + now) / moved
                cost_own = (worth_own - interpolate(own_value[i], step, left_a - floor[i]) + now) / moved
                owed = compensation[i] if row == 0 else 0.0
                rebound = cost - cost_own if row == 1 else max(cost - cost_own, 0.0)
                price = max(cost_own, owed) + rebound
                gain = a * c.expected_gain_above(
                    sign * quantile[row * 2], sign * quantile[1], sign * quantile[2 - row * 2], price / USD_PER_KWH
                )
                if gain > best:
                    best = gain
                    quantity[row, i], own[row, i], total[row, i] = a, cost_own, cost
        if quantity[0, i] > 0.0 and quantity[1, i] > 0.0 and -total[1, i] >= total[0, i]:
            quantity[1, i] = 0.0
    return quantity, own, total
