"""The value of stored energy, compiled, device by device: V and the household's own part on a grid of energies.

The best move of a concave V stops where V's slope meets a price, hence, seen from the slope, five layers: what lies
above the price of charging from the grid is felt at as much less energy as all charging can move, what lies between
that and the price of solar surplus at as much less as that can move; what lies between the worth of covering the home's
load and of export at as much more energy as that can take, what lies below both at as much more as all discharging can;
the layer in between stays where it is. A layer moves alike in all price scenarios, so theirs are added up before it is
moved: no search, no branch, and exact on the grid. In loops over cells a processor does several at once.
"""

from __future__ import annotations

import numpy as np

from vpp_core.dispatch import compiled as c
from vpp_core.fleet.fleet import Floats

LEVELS = 25
"""Grid points of V."""
CELLS = LEVELS - 1
SCENARIO_WEIGHTS = (0.3, 0.4, 0.3)
SHORT_CAR_USD_PER_KWH = 10.0
"""What a kWh short of a car's need at departure weighs: above every price, so that it is charged in time."""

Scenarios = tuple[float, float, float]


@c.kernel
def interpolate(value: Floats, step: float, above_floor: float) -> float:
    """V at an energy above the floor, held at the grid's ends."""
    if step <= 0.0:
        return value[0]
    position = min(max(above_floor / step, 0.0), len(value) - 1.0)
    j = min(int(position), len(value) - 2)
    return value[j] + (position - j) * (value[j + 1] - value[j])


@c.kernel
def _weighted(price: Floats, more: float, share: float) -> Scenarios:
    """(price + more) · share, of each scenario by its weight."""
    low, middle, high = SCENARIO_WEIGHTS
    return low * (price[0] + more) * share, middle * (price[1] + more) * share, high * (price[2] + more) * share


@c.kernel
def _minus(a: Scenarios, b: Scenarios) -> Scenarios:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


@c.kernel
def _least(a: Scenarios, b: Scenarios) -> Scenarios:
    return min(a[0], b[0]), min(a[1], b[1]), min(a[2], b[2])


@c.kernel
def _below(a: Scenarios, b: Scenarios) -> float:
    """What of `a` lies below `b`, all scenarios together."""
    return min(a[0], b[0]) + min(a[1], b[1]) + min(a[2], b[2])


@c.kernel
def _earlier(  # type: ignore[no-untyped-def]
    slope, backs, reserve, grid_cost, solar_cost, load_gain, export_gain, room, draw, layers
):  # fmt: skip
    """Replace V's slopes [$ per cell] by those a window earlier.

    `backs` (cells,) is the reserve [kWh] that a cell's energy can back, `reserve` its weighted price [$/kWh]. Costs and
    gains are weighted $ per cell stored; `room` and `draw`, in cells, what the sun and all charging can move, what the
    load and all discharging can. Of sun and load one is 0. `layers` (3, 3 · cells + 1) is room to work in, zero outside
    the middle cells.
    """
    # A gain above the cost would pay for charging and discharging at once, which no device can.
    load_gain = _least(load_gain, solar_cost)
    export_gain = _least(export_gain, load_gain)
    load_sum = load_gain[0] + load_gain[1] + load_gain[2]
    export_sum = export_gain[0] + export_gain[1] + export_gain[2]
    low, middle, high = SCENARIO_WEIGHTS
    above, near, below = layers[0, CELLS:], layers[1, CELLS:], layers[2, CELLS:]
    for j in range(CELLS):
        held = (
            low * slope[j] + reserve[0] * backs[j],
            middle * slope[j] + reserve[1] * backs[j],
            high * slope[j] + reserve[2] * backs[j],
        )
        to_export, to_load = _below(held, export_gain), _below(held, load_gain)
        to_solar, to_grid = _below(held, solar_cost), _below(held, grid_cost)
        above[j] = held[0] + held[1] + held[2] - to_grid
        near[j] = to_grid - to_solar + to_load - to_export - (load_sum - export_sum)
        below[j] = to_export - export_sum
        slope[j] = to_solar - to_load + load_sum
    up, up_part = _split(room[1])
    side, side_part = _split(room[0] - draw[0])
    down, down_part = _split(-draw[1])
    above, above_next = above[up:], above[up + 1 :]
    near, near_next = layers[1, CELLS + side :], layers[1, CELLS + side + 1 :]
    below, below_next = layers[2, CELLS + down :], layers[2, CELLS + down + 1 :]
    for j in range(CELLS):
        slope[j] += (
            above[j] + up_part * (above_next[j] - above[j])
            + near[j] + side_part * (near_next[j] - near[j])
            + below[j] + down_part * (below_next[j] - below[j])
        )  # fmt: skip


@c.kernel
def _split(cells: float) -> tuple[int, float]:
    """Whole cells, and the part of one beyond."""
    cells = min(max(cells, -CELLS), CELLS)
    whole = int(np.floor(cells))
    return whole, cells - whole


@c.kernel
def battery_value(  # type: ignore[no-untyped-def]
    price, reserve, sustained_hours, surplus, import_price, export_price, hours, replacement,
    floor, ceiling, power, deviation, charge_efficiency, discharge_efficiency, wear,
):  # fmt: skip
    """V above its value at the floor [$], shape (N, LEVELS)."""
    homes = len(floor)
    result = np.zeros((homes, LEVELS))
    slope, backs, layers = np.zeros(CELLS), np.zeros(CELLS), np.zeros((3, 3 * CELLS + 1))
    for i in range(homes):
        if power[i] <= 0.0 or ceiling[i] <= floor[i]:
            continue
        step = (ceiling[i] - floor[i]) / CELLS
        taken, given = step / charge_efficiency[i], step * discharge_efficiency[i]  # at the meter, of a cell
        for j in range(CELLS):
            slope[j] = (replacement - wear[i]) * given
            backs[j] = hours * min(max(deviation[i] - j * given / sustained_hours, 0.0), given / sustained_hours)
        for h in range(len(price) - 1, -1, -1):
            solar, netload = max(surplus[h, i], 0.0), max(-surplus[h, i], 0.0)
            most_in, most_out = min(power[i], solar + deviation[i]), min(power[i], netload + deviation[i])
            grid_cost = _weighted(price[h], import_price[h], taken)
            solar_cost = _weighted(price[h], export_price[h], taken) if solar > 0.0 else grid_cost
            export_gain = _weighted(price[h], export_price[h] - wear[i], given)
            export_gain = _minus(export_gain, _weighted(reserve[h], 0.0, given))
            load_gain = _weighted(price[h], import_price[h] - wear[i], given) if netload > 0.0 else export_gain
            _earlier(
                slope, backs, _weighted(reserve[h], 0.0, 1.0), grid_cost, solar_cost, load_gain, export_gain,
                (min(solar, power[i]) * hours / taken, most_in * hours / taken),
                (min(netload, power[i]) * hours / given, most_out * hours / given),
                layers,
            )  # fmt: skip
        for j in range(CELLS):
            result[i, j + 1] = result[i, j] + slope[j]
    return result


@c.kernel
def car_value(  # type: ignore[no-untyped-def]
    price, surplus, import_price, export_price, hours, replacement,
    floor, target, power, efficiency, discharge, discharge_efficiency, wear, need, hours_left,
):  # fmt: skip
    """V above its value at the floor [$], shape (cars, LEVELS)."""
    cars = len(floor)
    result = np.zeros((cars, LEVELS))
    slope, nothing, layers = np.zeros(CELLS), np.zeros(CELLS), np.zeros((3, 3 * CELLS + 1))
    for m in range(cars):
        step = (target[m] - floor[m]) / CELLS
        if step <= 0.0:
            continue
        taken, given = step / efficiency[m], step * discharge_efficiency[m]  # at the meter, of a cell
        for j in range(CELLS):
            short = min(max(need[m] - floor[m] - j * step, 0.0), step)
            slope[j] = taken * replacement + SHORT_CAR_USD_PER_KWH * short
        stages = min(int(np.ceil(hours_left[m] / hours - 1e-9)), len(price))
        for h in range(stages - 1, -1, -1):
            plugged_hours = min(hours, hours_left[m] - h * hours)
            solar = min(max(surplus[h, m], 0.0), power[m])
            grid_cost = _weighted(price[h], import_price[h], taken)
            solar_cost = _weighted(price[h], export_price[h], taken) if solar > 0.0 else grid_cost
            gain = _weighted(price[h], export_price[h] - wear[m], given)
            _earlier(
                slope, nothing, (0.0, 0.0, 0.0), grid_cost, solar_cost, gain, gain,
                (solar * plugged_hours / taken, power[m] * plugged_hours / taken),
                (0.0, discharge[m] * plugged_hours / given),
                layers,
            )  # fmt: skip
        for j in range(CELLS):
            result[m, j + 1] = result[m, j] + slope[j]
    return result


@c.kernel
def battery_own_value(  # type: ignore[no-untyped-def]
    surplus, import_price, export_price, hours, cheapest, floor, backup, ceiling, power, charge_efficiency,
    discharge_efficiency, wear,
):  # fmt: skip
    """Minus bill and wear [$] of the default behaviour (`physics.storage.self_consumption_kw`), shape (N, LEVELS)."""
    homes = len(floor)
    result = np.zeros((homes, LEVELS))
    padded = np.zeros(3 * LEVELS + 1)
    value, earlier = padded[LEVELS : 2 * LEVELS], np.zeros(LEVELS)
    for i in range(homes):
        if power[i] <= 0.0 or ceiling[i] <= floor[i]:
            continue
        step = (ceiling[i] - floor[i]) / CELLS
        taken, given = step / charge_efficiency[i], step * discharge_efficiency[i]  # at the meter, of a cell
        backup_cells = (backup[i] - floor[i]) / step
        for k in range(LEVELS):
            value[k] = k * (cheapest - wear[i]) * given
        for h in range(len(surplus) - 1, -1, -1):
            kwh = abs(surplus[h, i]) * hours
            most_kwh = min(abs(surplus[h, i]), power[i]) * hours
            if surplus[h, i] >= 0.0:
                _charged_earlier(padded, export_price[h], kwh, most_kwh, taken, earlier)
            else:
                backed = interpolate(value, 1.0, backup_cells)
                _covered_earlier(padded, import_price[h], wear[i], kwh, most_kwh, given, backup_cells, backed, earlier)
            for k in range(LEVELS):
                value[k] = earlier[k]
        for k in range(LEVELS):
            result[i, k] = value[k]
    return result


@c.kernel
def _charged_earlier(padded, export_price, solar_kwh, most_kwh, taken, earlier):  # type: ignore[no-untyped-def]
    """The sun fills the battery: by `most_kwh` [AC], or up to the top level."""
    cells = most_kwh / taken
    whole = int(min(cells, CELLS))
    part = min(cells, CELLS) - whole
    lower, upper = padded[LEVELS + whole :], padded[LEVELS + whole + 1 :]
    top = padded[2 * LEVELS - 1]
    for k in range(LEVELS):
        moved = lower[k] + part * (upper[k] - lower[k]) + export_price * (solar_kwh - most_kwh)
        filled = top + export_price * (solar_kwh - (CELLS - k) * taken)
        earlier[k] = moved if k <= CELLS - cells else filled


@c.kernel
def _covered_earlier(  # type: ignore[no-untyped-def]
    padded, import_price, wear, load_kwh, most_kwh, given, backup_cells, backed, earlier
):  # fmt: skip
    """The battery covers the load: by `most_kwh` [AC], or down to the backup, where V is `backed`."""
    cells = most_kwh / given
    whole = int(np.ceil(min(cells, CELLS)))
    part = whole - min(cells, CELLS)
    here, lower, upper = padded[LEVELS:], padded[LEVELS - whole :], padded[LEVELS - whole + 1 :]
    bill, saved = import_price * load_kwh, import_price - wear
    for k in range(LEVELS):
        moved = lower[k] + part * (upper[k] - lower[k]) + saved * most_kwh
        emptied = backed + saved * (k - backup_cells) * given
        gained = moved if k >= backup_cells + cells else emptied
        earlier[k] = (gained if k > backup_cells else here[k]) - bill


@c.kernel
def car_own_value(  # type: ignore[no-untyped-def]
    surplus, import_price, export_price, hours, cheapest, floor, target, power, efficiency, hours_left
):  # fmt: skip
    """Minus the bill [$] of charging on arrival, shape (cars, LEVELS)."""
    cars = len(floor)
    result = np.zeros((cars, LEVELS))
    earlier = np.zeros(LEVELS)
    for m in range(cars):
        step = (target[m] - floor[m]) / CELLS
        if step <= 0.0:
            continue
        value = result[m]
        for k in range(LEVELS):
            value[k] = k * step * cheapest / efficiency[m]
        stages = min(int(np.ceil(hours_left[m] / hours - 1e-9)), len(surplus))
        for h in range(stages - 1, -1, -1):
            plugged_hours = min(hours, hours_left[m] - h * hours)
            for k in range(LEVELS):
                energy = floor[m] + k * step
                charge = c.charge_limit_kw(energy, target[m], power[m], efficiency[m], plugged_hours)
                left = c.step_energy_kwh(energy, charge, 0.0, efficiency[m], 1.0, plugged_hours)
                bill = c.retail_bill_usd(
                    max(surplus[h, m], 0.0) - charge, import_price[h], export_price[h], plugged_hours
                )
                earlier[k] = interpolate(value, step, left - floor[m]) - bill
            for k in range(LEVELS):
                value[k] = earlier[k]
    return result
