"""The opportunity cost of stored energy: what a kWh kept beyond the market window is expected to earn or save.

Hydro planners call its slope the water value. V(t, energy) solves, backwards over the forecast's windows,

    V_t(x) = Σ_s weight_s · max_y [ V_{t+1}(y) + earnings of moving from x to y at price s ]

with three price scenarios a window, p10, p50 and p90, weighted 0.3, 0.4, 0.3 (extended Swanson–Megill: Keefer &
Bodily, Management Science 29, 1983). A move earns the LMP and what it does to the retail bill, less wear, so it has
two slopes each way: charging from solar surplus, then from the grid; covering the home's load, then exporting. What
stays stored can be held in reserve, min(power offered, energy · η_d / duration) at a share of the scenario's reserve
price; a kW that is sold beyond the home's load cannot, which lowers what its sale brings. V is concave and so is the
move, hence the best y is "move until V's slope crosses the price", exact on each linear piece.
V lives on a uniform grid of energies; in between it is interpolated (from below, V being concave).

A part of V is the household's own: what the energy saves on its bill if the device is left alone from then on. It is
evaluated for the default behaviour on the same grid. A household is owed that part, whatever the VPP does later (each
later deviation is owed for itself); the rest of V is wholesale, which the VPP earns and bears.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch import compiled as c
from vpp_core.fleet.devices import Batteries, CarBatteries, Permission
from vpp_core.fleet.fleet import Floats, Ints

LEVELS = 25
"""Grid points of V."""
SCENARIO_WEIGHTS = np.array([0.3, 0.4, 0.3])
SHORT_CAR_USD_PER_KWH = 10.0
"""What a kWh short of a car's need at departure weighs: above every price, so that it is charged in time."""
RESERVE_SHARE = 0.5
"""How much of the expected reserve price V counts on. A reserve is sold only where the fleet reaches the minimum bid
and the home has not used the energy first. Measured on two months with and without a minimum bid: at 1 batteries buy to
hold what is then not sold, at 0 they let go of what would have been; 0.5 earns most over all."""
USD_PER_KWH = 1e-3
"""A price in $/MWh as $/kWh."""


@dataclass(frozen=True)
class Outlook:
    """What is expected of the windows after the one being bid for, at its gate closure; H windows ahead.

    `price_usd_per_mwh` (H, 3): p10, p50, p90. `surplus_kw` (H, N): the home's average day of PV minus load so far.
    `import_usd_per_kwh`, `export_usd_per_kwh` (H,): the retail tariff, which is known. `reserve_usd_per_mw_h` (H, 3):
    of the dearer reserve product, 0 where none is sold; it must be sustained for `reserve_hours`.
    """

    window_hours: float
    price_usd_per_mwh: Floats
    reserve_usd_per_mw_h: Floats
    reserve_hours: float
    surplus_kw: Floats
    import_usd_per_kwh: Floats
    export_usd_per_kwh: Floats

    @property
    def replacement_usd_per_kwh(self) -> float:
        """What energy costs later on: the mean forecast price and the cheapest tariff [$/kWh at the meter]."""
        return float(self.price_usd_per_mwh[:, 1].mean() * USD_PER_KWH + self.import_usd_per_kwh.min())


def battery_value(outlook: Outlook, batteries: Batteries, permission: Permission) -> Floats:
    """V [$] of each battery after the window, shape (N, LEVELS), on a grid from its VPP floor to its ceiling."""
    return _battery_value(
        outlook.price_usd_per_mwh * USD_PER_KWH,
        outlook.reserve_usd_per_mw_h * (RESERVE_SHARE * USD_PER_KWH),
        outlook.reserve_hours,
        outlook.surplus_kw,
        outlook.import_usd_per_kwh,
        outlook.export_usd_per_kwh,
        outlook.window_hours,
        outlook.replacement_usd_per_kwh,
        permission.battery_floor_kwh,
        batteries.ceiling_kwh,
        batteries.max_power_kw,
        permission.battery_power_kw,
        batteries.charge_efficiency,
        batteries.discharge_efficiency,
        batteries.wear_usd_per_kwh,
    )


def battery_own_value(outlook: Outlook, batteries: Batteries, permission: Permission) -> Floats:
    """The household's own part: minus its bill and wear [$] when left alone after the window, shape (N, LEVELS)."""
    return _battery_own_value(
        outlook.surplus_kw,
        outlook.import_usd_per_kwh,
        outlook.export_usd_per_kwh,
        outlook.window_hours,
        permission.battery_floor_kwh,
        batteries.backup_kwh,
        batteries.ceiling_kwh,
        batteries.max_power_kw,
        batteries.charge_efficiency,
        batteries.discharge_efficiency,
        batteries.wear_usd_per_kwh,
    )


def car_value(
    outlook: Outlook,
    cars: CarBatteries,
    offering: Ints,
    need_kwh: Floats,
    intervals_left: Ints,
    surplus_kw: Floats,
) -> tuple[Floats, Floats]:
    """V [$] of the `offering` cars after the window, and its own part, each (len(offering), LEVELS), floor to target.

    `intervals_left` until each departs, `need_kwh` on board by then; `surplus_kw` (H, cars) is solar that nothing else
    takes. What is on board beyond the need saves charging later, or with V2G can be sold later: as export, since what
    the home will draw then its battery may have covered.
    """
    own = _car_own_value(
        surplus_kw,
        outlook.import_usd_per_kwh,
        outlook.export_usd_per_kwh,
        outlook.window_hours,
        cars.floor_kwh[offering],
        cars.target_kwh[offering],
        cars.max_charge_kw[offering],
        cars.charge_efficiency[offering],
        intervals_left * INTERVAL_HOURS,
    )
    total = _car_value(
        outlook.price_usd_per_mwh * USD_PER_KWH,
        surplus_kw,
        outlook.import_usd_per_kwh,
        outlook.export_usd_per_kwh,
        outlook.window_hours,
        outlook.replacement_usd_per_kwh,
        cars.floor_kwh[offering],
        cars.target_kwh[offering],
        cars.max_charge_kw[offering],
        cars.charge_efficiency[offering],
        cars.max_discharge_kw[offering],
        cars.discharge_efficiency[offering],
        cars.wear_usd_per_kwh[offering],
        need_kwh,
        intervals_left * INTERVAL_HOURS,
    )
    return total, own


@c.kernel
def _crossing(value: Floats, step: float, price: float) -> float:
    """Energy above the floor at which V's slope falls below `price`."""
    for j in range(len(value) - 1):
        if value[j + 1] - value[j] < price * step:
            return j * step
    return (len(value) - 1) * step


@c.kernel
def interpolate(value: Floats, step: float, above_floor: float) -> float:
    """V at an energy above the floor, held at the grid's ends."""
    if step <= 0.0:
        return value[0]
    position = min(max(above_floor / step, 0.0), len(value) - 1.0)
    j = min(int(position), len(value) - 2)
    return value[j] + (position - j) * (value[j + 1] - value[j])


@c.kernel
def _earlier(
    value: Floats, step: float, cost: tuple[float, float], room: tuple[float, float],
    gain: tuple[float, float], draw: tuple[float, float], weight: float, out: Floats,
) -> None:  # fmt: skip
    """Add one scenario's V a window earlier to `out`.

    `cost` and `gain` are $ per kWh stored of the two slopes of charging and of discharging, `room` and `draw` the kWh
    that each slope can move.
    """
    fill_1, fill_2 = _crossing(value, step, cost[0]), _crossing(value, step, cost[1])
    keep_1, keep_2 = _crossing(value, step, gain[0]), _crossing(value, step, gain[1])
    for k in range(len(value)):
        x = k * step
        y = x
        money = 0.0
        if x < fill_1:
            y = min(x + room[0], fill_1)
            money -= cost[0] * (y - x)
            if y < fill_2 and y == x + room[0]:
                z = min(y + room[1], fill_2)
                money -= cost[1] * (z - y)
                y = z
        elif x > keep_1:
            y = max(x - draw[0], keep_1)
            money += gain[0] * (x - y)
            if y > keep_2 and y == x - draw[0]:
                z = max(y - draw[1], keep_2)
                money += gain[1] * (y - z)
                y = z
        out[k] += weight * (interpolate(value, step, y) + money)


@c.kernel
def _battery_value(  # type: ignore[no-untyped-def]
    price, reserve, sustained_hours, surplus, import_price, export_price, hours, replacement,
    floor, ceiling, power, deviation, charge_efficiency, discharge_efficiency, wear,
):  # fmt: skip
    homes = len(floor)
    result = np.zeros((homes, LEVELS))
    for i in range(homes):
        if power[i] <= 0.0 or ceiling[i] <= floor[i]:
            continue
        step = (ceiling[i] - floor[i]) / (LEVELS - 1)
        value = np.arange(LEVELS) * step * (replacement - wear[i]) * discharge_efficiency[i]
        into, out_of = charge_efficiency[i], discharge_efficiency[i]
        for h in range(len(price) - 1, -1, -1):
            solar, netload = max(surplus[h, i], 0.0), max(-surplus[h, i], 0.0)
            room = (
                min(solar, power[i]) * hours * into,
                (min(power[i], solar + deviation[i]) - min(solar, power[i])) * hours * into,
            )
            draw = (
                min(netload, power[i]) * hours / out_of,
                (min(power[i], netload + deviation[i]) - min(netload, power[i])) * hours / out_of,
            )
            earlier = np.zeros(LEVELS)
            for s in range(len(SCENARIO_WEIGHTS)):
                grid_cost = (price[h, s] + import_price[h]) / into
                solar_cost = (price[h, s] + export_price[h]) / into if solar > 0.0 else grid_cost
                export_gain = (price[h, s] + export_price[h] - wear[i] - reserve[h, s]) * out_of
                load_gain = (price[h, s] + import_price[h] - wear[i]) * out_of if netload > 0.0 else export_gain
                held = value
                if reserve[h, s] > 0.0:
                    held = value.copy()
                    for k in range(LEVELS):
                        held[k] += reserve[h, s] * hours * min(deviation[i], k * step * out_of / sustained_hours)
                _earlier(
                    held, step, (solar_cost, grid_cost), room, (load_gain, export_gain), draw,
                    SCENARIO_WEIGHTS[s], earlier,
                )  # fmt: skip
            value = earlier
        result[i] = value
    return result


@c.kernel
def _car_value(  # type: ignore[no-untyped-def]
    price, surplus, import_price, export_price, hours, replacement,
    floor, target, power, efficiency, discharge, discharge_efficiency, wear, need, hours_left,
):  # fmt: skip
    cars = len(floor)
    result = np.zeros((cars, LEVELS))
    for m in range(cars):
        step = (target[m] - floor[m]) / (LEVELS - 1)
        if step <= 0.0:
            continue
        value = np.zeros(LEVELS)
        for k in range(LEVELS):
            energy = floor[m] + k * step
            value[k] = energy * replacement / efficiency[m] - SHORT_CAR_USD_PER_KWH * max(need[m] - energy, 0.0)
        stages = min(int(np.ceil(hours_left[m] / hours - 1e-9)), len(price))
        for h in range(stages - 1, -1, -1):
            plugged_hours = min(hours, hours_left[m] - h * hours)
            solar = min(max(surplus[h, m], 0.0), power[m])
            room = (solar * plugged_hours * efficiency[m], (power[m] - solar) * plugged_hours * efficiency[m])
            draw = (discharge[m] * plugged_hours / discharge_efficiency[m], 0.0)
            earlier = np.zeros(LEVELS)
            for s in range(3):
                grid_cost = (price[h, s] + import_price[h]) / efficiency[m]
                solar_cost = (price[h, s] + export_price[h]) / efficiency[m] if solar > 0.0 else grid_cost
                gain = -np.inf
                if discharge[m] > 0.0:
                    gain = (price[h, s] + export_price[h] - wear[m]) * discharge_efficiency[m]
                _earlier(
                    value, step, (solar_cost, grid_cost), room, (gain, -np.inf), draw, SCENARIO_WEIGHTS[s], earlier,
                )  # fmt: skip
            value = earlier
        result[m] = value
    return result


@c.kernel
def _battery_own_value(  # type: ignore[no-untyped-def]
    surplus, import_price, export_price, hours, floor, backup, ceiling, power, charge_efficiency, discharge_efficiency,
    wear,
):  # fmt: skip
    homes = len(floor)
    result = np.zeros((homes, LEVELS))
    for i in range(homes):
        if power[i] <= 0.0 or ceiling[i] <= floor[i]:
            continue
        step = (ceiling[i] - floor[i]) / (LEVELS - 1)
        into, out_of = charge_efficiency[i], discharge_efficiency[i]
        value = np.arange(LEVELS) * step * (import_price.min() - wear[i]) * out_of
        for h in range(len(surplus) - 1, -1, -1):
            earlier = np.zeros(LEVELS)
            for k in range(LEVELS):
                energy = floor[i] + k * step
                battery = c.self_consumption_kw(
                    energy, surplus[h, i], backup[i], ceiling[i], power[i], into, out_of, hours
                )
                left = c.step_energy_kwh(energy, max(-battery, 0.0), max(battery, 0.0), into, out_of, hours)
                bill = c.retail_bill_usd(surplus[h, i] + battery, import_price[h], export_price[h], hours)
                cost = bill + wear[i] * max(battery, 0.0) * hours
                earlier[k] = interpolate(value, step, left - floor[i]) - cost
            value = earlier
        result[i] = value
    return result


@c.kernel
def _car_own_value(surplus, import_price, export_price, hours, floor, target, power, efficiency, hours_left):  # type: ignore[no-untyped-def]
    cars = len(floor)
    result = np.zeros((cars, LEVELS))
    for m in range(cars):
        step = (target[m] - floor[m]) / (LEVELS - 1)
        if step <= 0.0:
            continue
        value = np.arange(LEVELS) * step * import_price.min() / efficiency[m]
        stages = min(int(np.ceil(hours_left[m] / hours - 1e-9)), len(surplus))
        for h in range(stages - 1, -1, -1):
            plugged_hours = min(hours, hours_left[m] - h * hours)
            earlier = np.zeros(LEVELS)
            for k in range(LEVELS):
                energy = floor[m] + k * step
                charge = c.charge_limit_kw(energy, target[m], power[m], efficiency[m], plugged_hours)
                left = c.step_energy_kwh(energy, charge, 0.0, efficiency[m], 1.0, plugged_hours)
                bill = c.retail_bill_usd(
                    max(surplus[h, m], 0.0) - charge, import_price[h], export_price[h], plugged_hours
                )
                earlier[k] = interpolate(value, step, left - floor[m]) - bill
            value = earlier
        result[m] = value
    return result
