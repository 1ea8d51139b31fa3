"""What of each car's charging can be delayed for a window, and what that costs: columns of cars."""

from __future__ import annotations

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch import compiled as c
from vpp_core.dispatch.battery_offers import SIZES, SMALLEST_KW
from vpp_core.dispatch.gate_state import Coming, StateRange
from vpp_core.dispatch.opportunity_cost import LEVELS, USD_PER_KWH, Outlook, car_value, interpolate
from vpp_core.fleet.devices import Batteries, CarBatteries, Permission
from vpp_core.fleet.fleet import Floats
from vpp_core.market.distribution import expected_gain_above
from vpp_core.physics.meter import retail_bill_usd
from vpp_core.physics.storage import charge_on_arrival_kw, step_energy_kwh


def car_charging_kw(cars: CarBatteries, coming: Coming, energy_kwh: Floats) -> Floats:
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


def car_offers(
    cars: CarBatteries,
    permission: Permission,
    state: StateRange,
    coming: Coming,
    outlook: Outlook,
    expected_charge_kw: Floats,
    battery_base_kw: Floats,
    batteries: Batteries,
    price_usd_per_mwh: Floats,
    most_kw: Floats,
) -> tuple[Floats, Floats, Floats]:
    """Quantity [kW], own and total cost [$/kWh] of delaying each car's charging, shape (M,).

    What is sold is power that the car is expected to draw in every interval of the window even if none clears; what it
    must have to be ready at departure is not for sale, nor more than `most_kw` (M,).
    """
    quantity, own, total = np.zeros(len(cars)), np.zeros(len(cars)), np.zeros(len(cars))
    intervals, hours = len(coming.surplus_kw), INTERVAL_HOURS
    first, last = coming.first_interval, coming.first_interval + len(coming.surplus_kw) - 1
    stays = cars.plugged[first : last + 1].all(axis=0) & (cars.departure[first] > last) & permission.car_movable
    drawn = np.where(stays, np.minimum(expected_charge_kw.min(axis=0), most_kw), 0.0)
    offering = np.flatnonzero(drawn >= SMALLEST_KW)
    if len(offering) == 0:
        return quantity, own, total
    low = state.car_low_kwh[offering]
    charge = car_charging_kw(cars, coming, state.car_low_kwh)[:, offering]
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
