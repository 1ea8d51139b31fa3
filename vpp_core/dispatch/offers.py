"""What each home can hold for a window, and its marginal cost: one pricing for every gate-closure strategy.

At gate closure the energy at the window's start is only known within bounds: segments still pending may clear or not.
A sale is sized and priced from the lowest path (all pending sales clear, no purchase), a purchase from the highest,
so that it can be delivered, and costs the household no more than was said, whichever intervals clear. Within the
window the worst case is that every interval clears: by monotony of the physics every other pattern leaves more.

Price of a segment = [V(energy left alone) − V(energy with it) + rise of the bill + wear] / energy, where V is the
opportunity cost; for a battery sale at least the compensation owed, where preferences are obeyed. V being concave, the
mean over all intervals is the dearest of all clearing patterns. The bill is taken at its dearest too: a sale as if the
home's cars were not charging, a purchase as if they were. Of a few sizes the one that gains most at the forecast price
is taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch import compiled as c
from vpp_core.dispatch.opportunity_cost import LEVELS, USD_PER_KWH, Outlook, battery_value, car_value, interpolate
from vpp_core.fleet.devices import Batteries, CarBatteries, Permission
from vpp_core.fleet.fleet import Floats
from vpp_core.market.distribution import expected_gain_above, expected_gain_below, probability_above
from vpp_core.market.segments import Layout
from vpp_core.physics.meter import retail_bill_usd
from vpp_core.physics.storage import charge_on_arrival_kw, step_energy_kwh

SIZES = np.array([1.0, 0.75, 0.5, 0.25])
"""Shares of the largest feasible segment that are tried."""
BISECTIONS = 24
SMALLEST_KW = 1e-3
"""Segments below a watt are none."""


@dataclass(frozen=True)
class StateRange:
    """Energy at the window's start if all pending sales clear (low) and if all pending purchases do (high).

    `battery_*_kwh` (N,), `car_*_kwh` (M,); `taken_kwh` (N,): stored energy that the VPP will have taken on the window's
    local day at most.
    """

    battery_low_kwh: Floats
    battery_high_kwh: Floats
    car_low_kwh: Floats
    car_high_kwh: Floats
    taken_kwh: Floats


@dataclass(frozen=True)
class Coming:
    """What homes know of the window itself, L intervals long: PV minus load (L, N) [kW] and the tariff (L,)."""

    first_interval: int
    surplus_kw: Floats
    import_usd_per_kwh: Floats
    export_usd_per_kwh: Floats


@dataclass(frozen=True)
class Offers:
    """Largest worthwhile segment of each column of the layout, and its marginal cost, shape (K,).

    `margin_usd_per_kw`: expected gain of holding one kW of it for the window; `clearing_probability` in any interval.
    """

    quantity_kw: Floats
    cost_usd_per_mwh: Floats
    margin_usd_per_kw: Floats
    clearing_probability: Floats


def marginal_offers(
    layout: Layout,
    batteries: Batteries,
    cars: CarBatteries,
    permission: Permission,
    state: StateRange,
    coming: Coming,
    outlook: Outlook,
    price_usd_per_mwh: Floats,
) -> Offers:
    """The segments that homes can hold for the window at `price_usd_per_mwh` (p10, p50, p90), at marginal cost."""
    intervals = len(coming.surplus_kw)
    car_kw = _car_charging(cars, coming, state.car_high_kwh)
    home_car_kw = np.zeros_like(coming.surplus_kw)
    for k in range(intervals):
        np.add.at(home_car_kw[k], cars.home, car_kw[k])
    value = battery_value(outlook, batteries, permission)
    quantity, cost, base = _battery_offers(
        value,
        state.battery_low_kwh,
        state.battery_high_kwh,
        np.maximum(permission.daily_kwh - state.taken_kwh, 0.0),
        permission.battery_floor_kwh,
        permission.battery_power_kw,
        permission.compensation_usd_per_kwh,
        batteries.backup_kwh,
        batteries.ceiling_kwh,
        batteries.max_power_kw,
        batteries.charge_efficiency,
        batteries.discharge_efficiency,
        batteries.wear_usd_per_kwh,
        coming.surplus_kw,
        home_car_kw,
        coming.import_usd_per_kwh,
        coming.export_usd_per_kwh,
        price_usd_per_mwh,
        permission.obeys,
    )
    car_quantity, car_cost = _car_offers(cars, permission, state, coming, outlook, car_kw, base, batteries)
    quantity = np.concatenate([quantity[0], quantity[1], car_quantity])
    cost = np.concatenate([cost[0], cost[1], car_cost]) / USD_PER_KWH
    return Offers(quantity, cost, *prospects(layout, cost, price_usd_per_mwh, intervals * INTERVAL_HOURS))


def prospects(
    layout: Layout, price_usd_per_mwh: Floats, forecast_usd_per_mwh: Floats, hours: float
) -> tuple[Floats, Floats]:
    """Expected gain per kW held for the window [$], and probability of clearing, of segments at these prices."""
    p10, p50, p90 = forecast_usd_per_mwh
    sells = layout.direction > 0
    gain = np.where(
        sells,
        expected_gain_above(p10, p50, p90, price_usd_per_mwh),
        expected_gain_below(p10, p50, p90, price_usd_per_mwh),
    )
    above = probability_above(p10, p50, p90, price_usd_per_mwh)
    return gain * USD_PER_KWH * hours, np.where(sells, above, 1 - above)


@njit
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


@njit
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


@njit
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


@njit
def _battery_offers(  # type: ignore[no-untyped-def]
    value, low, high, daily_left, floor, deviation, compensation, backup, ceiling, power, into, out_of, wear,
    surplus, car, buy_price, sell_price, quantile, obeys,
):  # fmt: skip
    """Quantity [kW] and cost [$/kWh] of sales (row 0) and purchases (row 1), and the default from the low path."""
    intervals, homes = surplus.shape
    hours = INTERVAL_HOURS
    quantity, cost = np.zeros((2, homes)), np.zeros((2, homes))
    base = np.zeros((intervals, homes))
    no_car = np.zeros(intervals)
    for i in range(homes):
        if power[i] <= 0.0:
            continue
        solar, step = surplus[:, i].copy(), (ceiling[i] - floor[i]) / (LEVELS - 1)
        energy = low[i]
        for k in range(intervals):
            base[k, i] = c.self_consumption_kw(
                energy, solar[k], backup[i], ceiling[i], power[i], into[i], out_of[i], hours
            )
            energy = c.step_energy_kwh(energy, max(-base[k, i], 0.0), max(base[k, i], 0.0), into[i], out_of[i], hours)
        for row in range(2):
            sign = 1.0 - 2.0 * row
            start = low[i] if row == 0 else high[i]
            charging = no_car if row == 0 else car[:, i].copy()
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
            best = -1.0
            for size in SIZES:
                a = sign * largest * size
                left_a, bill_a, worn_a = _path(
                    a, start, solar, charging, buy_price, sell_price, backup[i], ceiling[i], power[i],
                    into[i], out_of[i], hours,
                )  # fmt: skip
                worth_a = interpolate(value[i], step, left_a - floor[i])
                price = (worth - worth_a + bill_a - bill + wear[i] * (worn_a - worn)) / (a * intervals * hours)
                if row == 0 and obeys:
                    price = max(price, compensation[i])
                if row == 0:
                    gain = abs(a) * c.expected_gain_above(quantile[0], quantile[1], quantile[2], price / USD_PER_KWH)
                else:
                    gain = abs(a) * c.expected_gain_below(quantile[0], quantile[1], quantile[2], price / USD_PER_KWH)
                if gain > best:
                    best = gain
                    quantity[row, i], cost[row, i] = abs(a), price
        if quantity[0, i] > 0.0 and quantity[1, i] > 0.0 and cost[1, i] >= cost[0, i]:
            quantity[1, i] = 0.0
    return quantity, cost, base


def _car_charging(cars: CarBatteries, coming: Coming, energy_kwh: Floats) -> Floats:
    """Default charging [kW] of each car in the window's intervals (L, M) from this energy, trips included."""

    intervals = len(coming.surplus_kw)
    charge = np.empty((intervals, len(cars)))
    for k in range(intervals):
        t = coming.first_interval + k
        on_board = energy_kwh - cars.trip_kwh[t]
        charge[k] = charge_on_arrival_kw(
            on_board, cars.plugged[t], cars.target_kwh, cars.max_charge_kw, cars.charge_efficiency, INTERVAL_HOURS
        )
        energy_kwh = step_energy_kwh(on_board, charge[k], 0.0, cars.charge_efficiency, 1.0, INTERVAL_HOURS)
    return charge


def _car_offers(
    cars: CarBatteries,
    permission: Permission,
    state: StateRange,
    coming: Coming,
    outlook: Outlook,
    charge_from_high_kw: Floats,
    battery_base_kw: Floats,
    batteries: Batteries,
) -> tuple[Floats, Floats]:
    """Quantity [kW] and cost [$/kWh] of delaying each car's charging, shape (M,).

    What is sold is power that the car would draw in every interval even if it was never held off before; what it must
    have to be ready at departure is not for sale.
    """
    quantity, cost = np.zeros(len(cars)), np.zeros(len(cars))
    intervals, hours = len(coming.surplus_kw), INTERVAL_HOURS
    first, last = coming.first_interval, coming.first_interval + len(coming.surplus_kw) - 1
    stays = cars.plugged[first : last + 1].all(axis=0) & (cars.departure[first] > last) & permission.car_movable
    drawn = np.where(stays, charge_from_high_kw.min(axis=0), 0.0)
    offering = np.flatnonzero(drawn >= SMALLEST_KW)
    if len(offering) == 0:
        return quantity, cost
    low = state.car_low_kwh[offering]
    charge = _car_charging(cars, coming, state.car_low_kwh)[:, offering]
    efficiency = cars.charge_efficiency[offering]
    after_kwh = low + efficiency * hours * charge.sum(axis=0)
    intervals_left = cars.departure[first, offering] - (last + 1)
    need = permission.car_need_kwh[first, offering]
    reachable = after_kwh + efficiency * cars.max_charge_kw[offering] * hours * intervals_left
    spare_kw = (reachable - need) / (efficiency * hours * intervals)
    held = np.minimum(drawn[offering], np.maximum(spare_kw, 0.0))
    home = cars.home[offering]
    has_battery = batteries.max_power_kw[home] > 0
    solar = np.where(has_battery, 0.0, np.maximum(outlook.surplus_kw[:, home], 0.0))
    value = car_value(outlook, cars, offering, need, intervals_left, solar)
    step = (cars.target_kwh[offering] - cars.floor_kwh[offering]) / (LEVELS - 1)
    left_kwh = after_kwh - efficiency * hours * intervals * held
    lost = np.array(
        [
            interpolate(value[j], step[j], after_kwh[j] - cars.floor_kwh[m])
            - interpolate(value[j], step[j], left_kwh[j] - cars.floor_kwh[m])
            for j, m in enumerate(offering)
        ]
    )
    meter_kw = coming.surplus_kw[:, home] + battery_base_kw[:, home] - charge
    bill = _bill(meter_kw + held, coming) - _bill(meter_kw, coming)
    sold = held >= SMALLEST_KW
    quantity[offering] = np.where(sold, held, 0.0)
    cost[offering] = np.where(sold, (lost + bill) / (np.maximum(held, SMALLEST_KW) * intervals * hours), 0.0)
    return quantity, cost


def _bill(meter_kw: Floats, coming: Coming) -> Floats:
    """Retail bill of the window [$] of each column."""

    buy, sell = coming.import_usd_per_kwh[:, None], coming.export_usd_per_kwh[:, None]
    bill: Floats = retail_bill_usd(meter_kw, buy, sell, INTERVAL_HOURS).sum(axis=0)
    return bill
