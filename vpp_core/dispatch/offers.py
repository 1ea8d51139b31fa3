"""What each home can hold for a window, and its marginal cost: one pricing for every gate-closure strategy.

At gate closure the energy at the window's start is only known within bounds: segments still pending may clear or not.
A sale is sized and priced from the lowest path (all pending sales clear, no purchase), a purchase from the highest,
so that it can be delivered, and costs the household no more than was said, whichever intervals clear. Within the
window the worst case is that every interval clears: by monotony of the physics every other pattern leaves more.

What a segment costs, per kWh moved, has two parts. The household's own cost: the rise of its bill now and later (if
then left alone), and wear. And the rebound: what the moved energy costs or brings at wholesale later on, which is the
VPP's. Together: [V(energy left alone) − V(energy with it) + rise of the bill + wear] / energy, where V is the
opportunity cost. A home's reservation price is its own cost, for a battery sale at least the compensation owed where
preferences are obeyed, and never below zero: where it expects its bill to fall, it keeps that. A segment's price is
what the home is paid plus the rebound, and never less than what is paid.

Both costs are taken over all intervals of the window at once, V being concave the dearest of all clearing patterns, and
the bill at its dearest: a battery sale as if the home's cars were held off as offered, a purchase as if they were not,
a car's delay as if the battery left the sun to the car. Of a
few sizes the one that gains most at the forecast price is taken; for a car also all but what the sun gives. Costs and
prices of purchases carry a minus sign here ("signed"), so that more is dearer for the VPP in both directions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch import compiled as c
from vpp_core.dispatch.opportunity_cost import (
    LEVELS,
    USD_PER_KWH,
    Outlook,
    battery_own_value,
    battery_value,
    car_value,
    interpolate,
)
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
TICK_USD_PER_MWH = 0.01
"""What every segment asks above its cost: the market's smallest step, so that nothing moves for nothing."""


@dataclass(frozen=True)
class StateRange:
    """Energy at the window's start if all pending sales clear (low) and if all pending purchases do (high).

    `battery_*_kwh` (N,), `car_*_kwh` (M,); `taken_kwh` (N,): stored energy that the VPP will have taken on the window's
    local day at most. A car's highest path would mean that it is never held off, and then it could hardly be held off
    longer than its charge takes; what it will draw is therefore read from the expected path, where pending sales clear
    that are priced below the median forecast. If they do not, the car has charged cheaply and some of what is held for
    it is bought back with a penalty; it is ready all the same, since readiness is read from the lowest path. A battery
    sale counts on the car as a load only as far as it charges on the highest path too.
    """

    battery_low_kwh: Floats
    battery_high_kwh: Floats
    car_low_kwh: Floats
    car_high_kwh: Floats
    car_expected_kwh: Floats
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
    """Largest worthwhile segment of each column of the layout, and what it costs, shape (K,). Prices are signed."""

    quantity_kw: Floats
    own_usd_per_mwh: Floats
    """the household's own cost"""
    reservation_usd_per_mwh: Floats
    """own cost, or what is owed where that is more"""
    rebound_usd_per_mwh: Floats
    """what the energy costs the VPP at wholesale later on"""


@dataclass(frozen=True)
class Prospects:
    """What segments at given prices are expected to bring, shape (K,)."""

    price_usd_per_mwh: Floats
    """as submitted, unsigned"""
    surplus_usd_per_kw: Floats
    """expected surplus of holding a kW for the window: over true cost, not over what is paid"""
    clearing_probability: Floats


def prospects(
    layout: Layout, offers: Offers, agreed_usd_per_mwh: Floats, forecast_usd_per_mwh: Floats, hours: float
) -> Prospects:
    """Segment prices that never lose on what was agreed (signed), and what they bring at the forecast."""
    p10, p50, p90 = forecast_usd_per_mwh
    sells = layout.direction > 0
    rebound = (
        np.where(sells, np.maximum(offers.rebound_usd_per_mwh, 0.0), offers.rebound_usd_per_mwh) + TICK_USD_PER_MWH
    )
    price = layout.direction * (agreed_usd_per_mwh + rebound)
    gain = np.where(sells, expected_gain_above(p10, p50, p90, price), expected_gain_below(p10, p50, p90, price))
    above = probability_above(p10, p50, p90, price)
    clears = np.where(sells, above, 1 - above)
    over_cost = layout.direction * price - offers.own_usd_per_mwh - offers.rebound_usd_per_mwh
    return Prospects(price, (gain + clears * over_cost) * USD_PER_KWH * hours, clears)


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
    """The segments that homes can hold for the window at `price_usd_per_mwh` (p10, p50, p90)."""
    car_kw = _car_charging(cars, coming, state.car_expected_kwh)
    certain_kw = np.minimum(car_kw, _car_charging(cars, coming, state.car_high_kwh))
    base = _battery_default(
        state.battery_low_kwh, batteries.backup_kwh, batteries.ceiling_kwh, batteries.max_power_kw,
        batteries.charge_efficiency, batteries.discharge_efficiency, coming.surplus_kw,
    )  # fmt: skip
    car_quantity, car_own, car_total = _car_offers(
        cars, permission, state, coming, outlook, car_kw, base, batteries, price_usd_per_mwh
    )
    homes = len(batteries.max_power_kw)
    quantity, own, total = _battery_offers(
        battery_value(outlook, batteries, permission),
        battery_own_value(outlook, batteries, permission),
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
        _by_home(np.maximum(certain_kw - car_quantity, 0.0), cars, homes),
        _by_home(car_kw, cars, homes),
        coming.import_usd_per_kwh,
        coming.export_usd_per_kwh,
        price_usd_per_mwh,
    )
    own_usd = np.concatenate([own[0], own[1], car_own]) / USD_PER_KWH
    total_usd = np.concatenate([total[0], total[1], car_total]) / USD_PER_KWH
    owed = np.zeros(len(layout))
    if permission.obeys:
        owed[layout.battery_sell] = permission.compensation_usd_per_kwh / USD_PER_KWH
    quantity_kw = np.concatenate([quantity[0], quantity[1], car_quantity])
    return Offers(quantity_kw, own_usd, np.maximum(own_usd, owed), total_usd - own_usd)


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
def _battery_default(low, backup, ceiling, power, into, out_of, surplus):  # type: ignore[no-untyped-def]
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
def _battery_offers(  # type: ignore[no-untyped-def]
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


def _by_home(of_car: Floats, cars: CarBatteries, homes: int) -> Floats:
    """(L, M) → (L, N)."""
    total = np.zeros((len(of_car), homes))
    np.add.at(total.T, cars.home, of_car.T)
    return total


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
    expected_charge_kw: Floats,
    battery_base_kw: Floats,
    batteries: Batteries,
    price_usd_per_mwh: Floats,
) -> tuple[Floats, Floats, Floats]:
    """Quantity [kW], own and total cost [$/kWh] of delaying each car's charging, shape (M,).

    What is sold is power that the car is expected to draw in every interval of the window even if none clears; what it
    must have to be ready at departure is not for sale.
    """
    quantity, own, total = np.zeros(len(cars)), np.zeros(len(cars)), np.zeros(len(cars))
    intervals, hours = len(coming.surplus_kw), INTERVAL_HOURS
    first, last = coming.first_interval, coming.first_interval + len(coming.surplus_kw) - 1
    stays = cars.plugged[first : last + 1].all(axis=0) & (cars.departure[first] > last) & permission.car_movable
    drawn = np.where(stays, expected_charge_kw.min(axis=0), 0.0)
    offering = np.flatnonzero(drawn >= SMALLEST_KW)
    if len(offering) == 0:
        return quantity, own, total
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
    values = car_value(outlook, cars, offering, need, intervals_left, solar)
    step = (cars.target_kwh[offering] - cars.floor_kwh[offering]) / (LEVELS - 1)
    above = after_kwh - cars.floor_kwh[offering]
    meter_kw = coming.surplus_kw[:, home] + np.maximum(battery_base_kw[:, home], 0.0) - charge
    bill = _bill(meter_kw, coming)
    left_to_solar = held - np.minimum(np.maximum(meter_kw + charge, 0.0).min(axis=0), held)
    best = np.full(len(offering), -1.0)
    p10, p50, p90 = price_usd_per_mwh
    for kw in [*(held * size for size in SIZES), left_to_solar]:
        moved = np.maximum(kw, SMALLEST_KW) * intervals * hours
        change = _bill(meter_kw + kw, coming) - bill
        lost = [
            _interpolate_rows(value, step, above)
            - _interpolate_rows(value, step, above - efficiency * hours * intervals * kw)
            for value in values
        ]
        cost, cost_own = ((each + change) / moved for each in lost)
        price = np.maximum(cost_own, 0.0) + np.maximum(cost - cost_own, 0.0)
        gain = kw * expected_gain_above(p10, p50, p90, price / USD_PER_KWH)
        better = (gain > best) & (kw >= SMALLEST_KW)
        best = np.where(better, gain, best)
        chosen = offering[better]
        quantity[chosen], own[chosen], total[chosen] = kw[better], cost_own[better], cost[better]
    return quantity, own, total


@c.kernel
def _interpolate_rows(value, step, above_floor):  # type: ignore[no-untyped-def]
    return np.array([interpolate(value[j], step[j], above_floor[j]) for j in range(len(step))])


def _bill(meter_kw: Floats, coming: Coming) -> Floats:
    """Retail bill of the window [$] of each column."""

    buy, sell = coming.import_usd_per_kwh[:, None], coming.export_usd_per_kwh[:, None]
    bill: Floats = retail_bill_usd(meter_kw, buy, sell, INTERVAL_HOURS).sum(axis=0)
    return bill
