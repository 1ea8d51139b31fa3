"""What each battery can sell, buy and hold in reserve for a window, and what that costs: compiled, home by home."""

from __future__ import annotations

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch import compiled as c
from vpp_core.dispatch.dearest import PARTS, SIZES, dearest, room_to_work
from vpp_core.dispatch.opportunity_cost import USD_PER_KWH
from vpp_core.dispatch.stored_value import CELLS, interpolate
from vpp_core.market.contingencies import LONGEST_INTERVALS

BISECTIONS = 24
SMALLEST_KW = 1e-3
"""Segments below a watt are none."""


@c.kernel
def _path(a, clears, e, surplus, car, buy_price, sell_price, backup, ceiling, power, into, out_of, hours):  # type: ignore[no-untyped-def]
    """Energy left, bill [$], wear [kWh discharged] if `a` kW (sale positive) clear in these intervals, a bit each."""
    energy, bill, discharged = e, 0.0, 0.0
    for k in range(len(surplus)):
        battery = c.self_consumption_kw(energy, surplus[k], backup, ceiling, power, into, out_of, hours)
        if clears >> k & 1:
            battery += a
        energy = c.step_energy_kwh(energy, max(-battery, 0.0), max(battery, 0.0), into, out_of, hours)
        bill += c.retail_bill_usd(surplus[k] + battery - car[k], buy_price[k], sell_price[k], hours)
        discharged += max(battery, 0.0) * hours
    return energy, bill, discharged


@c.kernel
def _spare(  # type: ignore[no-untyped-def]
    bought, low, high, surplus, car, exports, floor, backup, ceiling, power, into, out_of, hours
):  # fmt: skip
    """Power [kW] that no default will use, and energy [kWh stored] above the floor that none will have used.

    The default discharges most on the highest path, here with `bought` kW taken in every interval, and leaves least on
    the lowest. A home that may not export sells no more than what it draws then, its car held off as offered.
    """
    spare_kw, spare_kwh = power, low - floor
    for k in range(len(surplus)):
        alone = c.self_consumption_kw(high, surplus[k], backup, ceiling, power, into, out_of, hours)
        spare_kw = min(spare_kw, power - alone)
        if not exports:
            spare_kw = min(spare_kw, car[k] - surplus[k] - alone)
        battery = max(alone - bought, -c.charge_limit_kw(high, ceiling, power, into, hours))
        high = c.step_energy_kwh(high, max(-battery, 0.0), max(battery, 0.0), into, out_of, hours)
        alone = c.self_consumption_kw(low, surplus[k], backup, ceiling, power, into, out_of, hours)
        low = c.step_energy_kwh(low, max(-alone, 0.0), max(alone, 0.0), into, out_of, hours)
        spare_kwh = min(spare_kwh, low - floor)
    return max(spare_kw, 0.0), max(spare_kwh, 0.0)


@c.kernel
def _reachable(a, low, high, surplus, backup, ceiling, power, into, out_of, hours):  # type: ignore[no-untyped-def]
    """Least and most energy an interval on, from anywhere between `low` and `high`, whether `a` kW clear or not.

    Energy after a sale need not rise with the energy before it: a full battery discharges for it, one that the sun is
    filling charges less and loses less. It is concave in it, though, so the least is at either end.
    """
    least, most = np.inf, -np.inf
    for energy in (low, high):
        alone = c.self_consumption_kw(energy, surplus, backup, ceiling, power, into, out_of, hours)
        for battery in (alone, alone + a):
            after = c.step_energy_kwh(energy, max(-battery, 0.0), max(battery, 0.0), into, out_of, hours)
            least, most = min(least, after), max(most, after)
    return least, most


@c.kernel
def _holds(a, low, high, surplus, floor, backup, ceiling, power, into, out_of, hours):  # type: ignore[no-untyped-def]
    """Whether `a` kW beyond the default can be delivered in every interval, whichever of those before it cleared.

    The room left beside `a` kW is least at either end of the energies that can be reached.
    """
    for k in range(len(surplus)):
        for energy in (low, high):
            battery = c.self_consumption_kw(energy, surplus[k], backup, ceiling, power, into, out_of, hours) + a
            if battery > c.discharge_limit_kw(energy, floor, power, out_of, hours) + 1e-12:
                return False
            if -battery > c.charge_limit_kw(energy, ceiling, power, into, hours) + 1e-12:
                return False
        low, high = _reachable(a, low, high, surplus[k], backup, ceiling, power, into, out_of, hours)
    return True


@c.kernel
def _largest(most, sign, low, high, surplus, floor, backup, ceiling, power, into, out_of, hours):  # type: ignore[no-untyped-def]
    """Most kW up to `most` that can be held from anywhere between the two energies, by bisection from below."""
    if most <= 0.0:
        return 0.0
    held, tried, least_refused = 0.0, most, most
    for _ in range(BISECTIONS + 1):
        if _holds(sign * tried, low, high, surplus, floor, backup, ceiling, power, into, out_of, hours):
            held = tried
        else:
            least_refused = tried
        if held == most:
            break
        tried = 0.5 * (held + least_refused)
    return held


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
    surplus, car_if_held, car, car_most, buy_price, sell_price, quantile, sustained_hours, exports,
):  # fmt: skip
    """Quantity [kW], own and total cost [$/kWh, signed] of sales (row 0), purchases (row 1) and reserve (row 2).

    A reserve's costs are per kWh that a call would deliver. Then what sale and reserve share: power [kW], and energy
    [kWh AC] above what is protected, each (N,).
    """
    intervals, homes = surplus.shape
    hours = INTERVAL_HOURS
    quantity, own, total = np.zeros((3, homes)), np.zeros((3, homes)), np.zeros((3, homes))
    spare_kw, spare_kwh = np.zeros(homes), np.zeros(homes)
    both_loads, work = np.zeros((2, intervals)), room_to_work(intervals)
    for i in range(homes):
        if power[i] <= 0.0:
            continue
        solar, step = surplus[:, i].copy(), (ceiling[i] - floor[i]) / CELLS
        loads, differ = both_loads[:1], False
        for k in range(intervals):
            both_loads[0, k], both_loads[1, k] = car_if_held[k, i], car_most[k, i]
            differ |= car_if_held[k, i] != car_most[k, i]
        if differ:
            loads = both_loads
        for row in (1, 0):
            sign = 1.0 - 2.0 * row
            start = low[i] if row == 0 else high[i]
            charging = car_if_held[:, i].copy() if row == 0 else car[:, i].copy()
            if row == 0 and start < floor[i] - 1e-9:
                continue
            most = deviation[i]
            if row == 0:
                spare_kw[i], stored = _spare(
                    quantity[1, i], start, high[i], solar, charging, exports, floor[i], backup[i], ceiling[i],
                    power[i], into[i], out_of[i], hours,
                )  # fmt: skip
                spare_kw[i] = min(spare_kw[i], most)
                spare_kwh[i] = min(stored, daily_left[i]) * out_of[i]
                most = min(spare_kw[i], daily_left[i] * out_of[i] / (intervals * hours))
            largest = _largest(
                most, sign, low[i], high[i], solar, floor[i], backup[i], ceiling[i], power[i], into[i], out_of[i], hours
            )
            left, bill, worn = _path(
                0.0, 0, start, solar, charging, buy_price, sell_price, backup[i], ceiling[i], power[i], into[i],
                out_of[i], hours,
            )  # fmt: skip
            worth = interpolate(value[i], step, left - floor[i])
            worth_own = interpolate(own_value[i], step, left - floor[i])
            held = min(spare_kw[i], spare_kwh[i] / sustained_hours) if row == 0 else 0.0
            if held >= SMALLEST_KW:
                quantity[2, i] = held
                own[2, i] = total[2, i] = -np.inf
                for k in range(intervals):
                    end = min(k + LONGEST_INTERVALS, intervals)
                    left_a, bill_a, worn_a = _path(
                        held, (1 << end) - (1 << k), start, solar, charging, buy_price, sell_price, backup[i],
                        ceiling[i], power[i], into[i], out_of[i], hours,
                    )  # fmt: skip
                    now, moved = bill_a - bill + wear[i] * (worn_a - worn), held * (end - k) * hours
                    own[2, i] = max(
                        own[2, i], (worth_own - interpolate(own_value[i], step, left_a - floor[i]) + now) / moved
                    )
                    total[2, i] = max(
                        total[2, i], (worth - interpolate(value[i], step, left_a - floor[i]) + now) / moved
                    )
                of_parts = dearest(
                    held, LONGEST_INTERVALS, low[i], high[i], own_value[i], step, floor[i], wear[i], solar, loads,
                    buy_price, sell_price, backup[i], ceiling[i], power[i], into[i], out_of[i], hours, work,
                )  # fmt: skip
                most_own = own[2, i]
                for part in range(len(PARTS)):
                    most_own = max(most_own, of_parts[part])
                total[2, i] += most_own - own[2, i]
                own[2, i] = most_own
            if largest < SMALLEST_KW:
                continue
            of_parts = dearest(
                sign * largest, 0, low[i], high[i], own_value[i], step, floor[i], wear[i], solar, loads, buy_price,
                sell_price, backup[i], ceiling[i], power[i], into[i], out_of[i], hours, work,
            )  # fmt: skip
            best, most_own = -1.0, -np.inf
            for part in range(len(PARTS)):
                most_own = max(most_own, of_parts[part])
                if PARTS[part] < SIZES[-1]:
                    continue
                a = largest * PARTS[part]
                left_a, bill_a, worn_a = _path(
                    sign * a, (1 << intervals) - 1, start, solar, charging, buy_price, sell_price, backup[i],
                    ceiling[i], power[i], into[i], out_of[i], hours,
                )  # fmt: skip
                now = bill_a - bill + wear[i] * (worn_a - worn)
                moved = a * intervals * hours
                cost = (worth - interpolate(value[i], step, left_a - floor[i]) + now) / moved
                cost_own = (worth_own - interpolate(own_value[i], step, left_a - floor[i]) + now) / moved
                cost, cost_own = cost + most_own - cost_own, most_own
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
    return quantity, own, total, spare_kw, spare_kwh


@c.kernel
def sustained_kw(  # type: ignore[no-untyped-def]
    sale_kw, low, high, daily_left, floor, backup, ceiling, power, into, out_of, surplus, sustained_hours
):  # fmt: skip
    """Most reserve [kW] that can be sustained beside a sale, whichever intervals of the sale clear, shape (N,)."""
    intervals, homes = surplus.shape
    hours = INTERVAL_HOURS
    most = np.zeros(homes)
    for i in range(homes):
        if power[i] <= 0.0 or low[i] < floor[i] - 1e-9:
            continue
        left = min(low[i] - floor[i], daily_left[i] - sale_kw[i] * intervals * hours / out_of[i])
        least, largest = low[i], high[i]
        for k in range(intervals):
            least, largest = _reachable(
                sale_kw[i], least, largest, surplus[k, i], backup[i], ceiling[i], power[i], into[i], out_of[i], hours
            )
            left = min(left, least - floor[i])
        most[i] = max(left, 0.0) * out_of[i] / sustained_hours
    return most
