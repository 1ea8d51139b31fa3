"""The value of stored energy over the coming stages, compiled: what hydro planners call the water value.

V(k, energy) of a store solves, backwards over the quarter hours of the plan,

    V_k(x) = Σ_s weight_s · max_y [ V_{k+1}(y) + earnings of moving from x to y at price s ]

with three price scenarios a stage, p10, p50 and p90, weighted 0.3, 0.4, 0.3 (extended Swanson–Megill: Keefer & Bodily,
Management Science 29, 1983). A move earns the market price and what it does to the retail bill, less wear, so it has
two slopes each way: charging from the home's sun, then from the grid; covering the home's load, then exporting. What
stays stored can be held as reserve, as much as it can sustain. V is concave, so the best move is a threshold: the
earlier slope is the later one clipped at four prices (grid, sun, load, export), each part shifted by the energy it can
move. Slopes stand on a uniform grid of energies; a layer moves alike in all scenarios, so theirs are added up first.

Where the export credit is above the import price (net billing has such evening hours) a home gains by concentrating:
its meter's money is not concave. Giving then counts at its mean price over all that can be given, which is the concave
envelope of it, taking likewise; and where giving would bring more than taking costs, a store does one of both: it
takes only if what is stored is worth more than the line that joins the two ends.

A store that leaves takes its trip's energy along and must hold what is needed by then: being short costs more than any
price. What its home's other stores are expected to take is counted in the home's net load before its battery is
planned.
"""

from __future__ import annotations

import numpy as np

from vpp_core.dispatch import compiled as c
from vpp_core.dispatch.columns import Desk

CELLS = 24
"""Cells of the grid of energies."""
SCENARIO_WEIGHTS = (0.3, 0.4, 0.3)
SHORT_USD_PER_KWH = 10.0
"""What a kWh short of a store's need at departure weighs: above every price, so that it is charged in time."""
STAGE_HOURS = 0.25
SMALLEST_KWH = 1e-6
"""A store with less room than this is left alone."""

Scenarios = tuple[float, float, float]


@c.part
def _weighted(price, more: float, share: float) -> Scenarios:  # type: ignore[no-untyped-def]
    """(price + more) · share, of each scenario by its weight."""
    low, middle, high = SCENARIO_WEIGHTS
    return low * (price[0] + more) * share, middle * (price[1] + more) * share, high * (price[2] + more) * share


@c.part
def _least(a: Scenarios, b: Scenarios) -> Scenarios:
    return min(a[0], b[0]), min(a[1], b[1]), min(a[2], b[2])


@c.part
def _below(a: Scenarios, b: Scenarios) -> float:
    """What of `a` lies below `b`, all scenarios together."""
    return min(a[0], b[0]) + min(a[1], b[1]) + min(a[2], b[2])


@c.part
def _concentrated(
    worth: float, cost: Scenarios, gain: Scenarios, room: float, draw: float
) -> tuple[Scenarios, Scenarios]:
    """Cost of taking and gain of giving [$ per cell] where either's money is a line, so that no gain is above a cost.

    `worth` is what a stored cell is worth, `room` and `draw` are the most cells that can be taken and given.
    """
    share = draw / (room + draw) if room + draw > 0.0 else 0.0
    low, middle, high = SCENARIO_WEIGHTS
    takes = (
        low * worth > share * gain[0] + (1.0 - share) * cost[0],
        middle * worth > share * gain[1] + (1.0 - share) * cost[1],
        high * worth > share * gain[2] + (1.0 - share) * cost[2],
    )
    taken = (
        cost[0] if takes[0] else max(cost[0], gain[0]),
        cost[1] if takes[1] else max(cost[1], gain[1]),
        cost[2] if takes[2] else max(cost[2], gain[2]),
    )
    return taken, _least(gain, taken)


@c.part
def _split(cells: float) -> tuple[int, float]:
    """Whole cells, and the part of one beyond."""
    cells = min(max(cells, -CELLS), CELLS)
    whole = int(np.floor(cells))
    return whole, cells - whole


@c.part
def _earlier(  # type: ignore[no-untyped-def]
    slope, backs, reserve, costs, gains, room, draw, layers
):  # fmt: skip
    """Replace V's slopes [$ per cell] by those a stage earlier.

    `backs` (cells,) is the reserve [kWh] that a cell's energy can back, `reserve` its price [$/kWh]. Costs, of the grid
    and of the sun, and gains, of the load and of export, are weighted $ per cell stored; `room` and `draw`, in cells,
    what the sun and all charging can move, what the load and all giving can. Of sun and load one is 0. `layers`
    (3, 3 · cells + 1) is room to work in, zero outside the middle.
    """
    (grid_cost, solar_cost), (load_gain, export_gain) = costs, gains
    # A gain above the cost would pay for charging and giving at once, which no device can.
    load_gain = _least(load_gain, solar_cost)
    export_gain = _least(export_gain, load_gain)
    load_sum = load_gain[0] + load_gain[1] + load_gain[2]
    export_sum = export_gain[0] + export_gain[1] + export_gain[2]
    low, middle, high = SCENARIO_WEIGHTS
    above, near, below = layers[0, CELLS:], layers[1, CELLS:], layers[2, CELLS:]
    for j in range(CELLS):
        worth = slope[j] + reserve * backs[j]
        held = (low * worth, middle * worth, high * worth)
        to_export, to_load = _below(held, export_gain), _below(held, load_gain)
        to_solar, to_grid = _below(held, solar_cost), _below(held, grid_cost)
        above[j] = worth - to_grid
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


@c.part
def _drawn(slope, cells: float, short: float) -> None:  # type: ignore[no-untyped-def]
    """Slopes before so many cells leave the store; below what leaves, a cell is worth not being short."""
    whole = int(np.floor(cells))
    part = cells - whole
    for j in range(CELLS - 1, -1, -1):
        near = slope[j - whole] if j >= whole else short
        far = slope[j - whole - 1] if j > whole else short
        slope[j] = near * (1 - part) + far * part


@c.part
def _short_below(slope, need_cells: float, short: float) -> None:  # type: ignore[no-untyped-def]
    """Add what being short of a need weighs to the slopes of the cells below it."""
    for j in range(CELLS):
        slope[j] += short * min(max(need_cells - j, 0.0), 1.0)


@c.part
def leaves(stages, k: int, m: int) -> bool:  # type: ignore[no-untyped-def]
    """Whether a store is expected to be unplugged at the start of a stage."""
    if k < 1 or not stages.available[stages.available_row[k - 1], m]:
        return False
    return not stages.available[stages.available_row[k], m]


@c.part
def mean_price(stages, k: int) -> float:  # type: ignore[no-untyped-def]
    """The market price expected for a stage [$/kWh]."""
    low, middle, high = SCENARIO_WEIGHTS
    return low * stages.price[k, 0] + middle * stages.price[k, 1] + high * stages.price[k, 2]


@c.part
def store_slopes(  # type: ignore[no-untyped-def]
    s, stages, m: int, tariff: int, replacement: float, reserve_hours: float, desk
) -> None:
    """V's slopes [$ per cell] of store `m` after each stage, into `desk.after`, behind a meter that shows `desk.meter`.

    `replacement` is what a kWh is worth after the last stage.
    """
    slope, backs, layers, after, net_generation = desk
    stage_count = len(stages.price)
    follows = s.follows[m]
    step = (s.ceiling[m] - s.floor[m]) / CELLS
    taken, given = step / s.into[m], step * s.out_of[m]
    for j in range(CELLS):
        slope[j] = (replacement - s.wear[m]) * given if follows else replacement * taken
        backs[j] = 0.0
        if follows:
            backed = given / reserve_hours
            backs[j] = STAGE_HOURS * min(max(s.deviation[m] - j * backed, 0.0), backed)
    next_leave = -1
    for k in range(1, stage_count):
        if leaves(stages, k, m):
            next_leave = k
            break
    short = SHORT_USD_PER_KWH * step
    for k in range(stage_count - 1, -1, -1):
        for j in range(CELLS):
            after[k, j] = slope[j]
        if stages.available[stages.available_row[k], m] and s.movable[m]:
            sun, load = max(net_generation[k], 0.0), max(-net_generation[k], 0.0)
            paid = stages.paid[1 if follows else 0, k]
            imported, exported = stages.imported[tariff, k] + paid, stages.exported[tariff, k] + paid
            if follows:
                max_in, max_out = min(s.charge[m], sun + s.deviation[m]), min(s.give[m], load + s.deviation[m])
                max_load = min(load, s.give[m])
                reserve = stages.reserve[k]
            else:
                max_in, max_out, max_load, reserve = s.charge[m], s.give[m], 0.0, 0.0
            grid_cost = _weighted(stages.price[k], imported, taken)
            solar_cost = _weighted(stages.price[k], exported, taken) if sun > 0.0 else grid_cost
            export_gain = _weighted(stages.price[k], exported - s.wear[m] - reserve, given)
            load_gain = _weighted(stages.price[k], imported - s.wear[m], given) if max_load > 0.0 else export_gain
            if exported > imported:
                load_part = max_load / max_out if max_out > 0.0 else 0.0
                sun_part = min(sun, max_in) / max_in if max_in > 0.0 else 0.0
                more = load_part * imported + (1.0 - load_part) * (exported - reserve)
                cost = _weighted(stages.price[k], sun_part * exported + (1.0 - sun_part) * imported, taken)
                grid_cost, load_gain = _concentrated(
                    np.mean(slope), cost, _weighted(stages.price[k], more - s.wear[m], given),
                    max_in * STAGE_HOURS / taken, max_out * STAGE_HOURS / given,
                )  # fmt: skip
                solar_cost, export_gain = grid_cost, load_gain
            _earlier(
                slope, backs, reserve, (grid_cost, solar_cost), (load_gain, export_gain),
                (min(sun, max_in) * STAGE_HOURS / taken, max_in * STAGE_HOURS / taken),
                (max_load * STAGE_HOURS / given, max_out * STAGE_HOURS / given),
                layers,
            )  # fmt: skip
        gone = stages.draw[stages.draw_row[k], m]
        if leaves(stages, k, m):
            gone += s.trip[m]
        if gone > 0.0:
            _drawn(slope, gone / step, short)
        ready = k + s.early[m]
        if k == 0 and next_leave >= 0 and ready >= next_leave:
            _short_below(slope, (stages.need[m] - s.floor[m]) / step, short)
        elif ready < stage_count and leaves(stages, ready, m):
            need = stages.need[m] if ready == next_leave else s.usual_need[m]
            _short_below(slope, (need - s.floor[m]) / step, short)


@c.part
def marginal_energy(slope, step: float, usd_per_kwh: float) -> float:  # type: ignore[no-untyped-def]
    """Energy above the floor [kWh] at which a stored kWh is worth so much; slopes stand at the cells' middles."""
    value = usd_per_kwh * step
    if slope[0] <= value:
        return 0.0
    if slope[CELLS - 1] >= value:
        return CELLS * step
    low, high = 0, CELLS - 1
    while high - low > 1:
        middle = (low + high) // 2
        if slope[middle] > value:
            low = middle
        else:
            high = middle
    fall = slope[low] - slope[high]
    part = (slope[low] - value) / fall if fall > 0.0 else 0.5
    return (low + 0.5 + part) * step


@c.part
def best_power(  # type: ignore[no-untyped-def]
    s, m: int, slope, energy: float, price: float, low: float, high: float
) -> float:
    """The power [kW, giving positive] that a store would best run at, at a price at the terminals [$/kWh]."""
    step = (s.ceiling[m] - s.floor[m]) / CELLS
    power = 0.0
    if high > 0.0:
        kept = s.floor[m] + marginal_energy(slope, step, (price - s.wear[m]) * s.out_of[m])
        power = max((energy - kept) * s.out_of[m] / STAGE_HOURS, 0.0)
    if power <= 0.0:
        wanted = s.floor[m] + marginal_energy(slope, step, price / s.into[m])
        power = -max((wanted - energy) / (s.into[m] * STAGE_HOURS), 0.0)
    return min(max(power, low), high)


@c.part
def stored_usd(slope, step: float, above_floor: float) -> float:  # type: ignore[no-untyped-def]
    """V [$] of energy above the floor."""
    position = min(max(above_floor / step, 0.0), CELLS)
    whole = min(int(position), CELLS - 1)
    total = 0.0
    for j in range(whole):
        total += slope[j]
    return total + (position - whole) * slope[whole]


@c.part
def kept_usd(s, m: int, slope, energy: float, power: float) -> float:  # type: ignore[no-untyped-def]
    """V of what is stored after a stage at a power, less wear [$]."""
    step = (s.ceiling[m] - s.floor[m]) / CELLS
    given, taken = max(power, 0.0), max(-power, 0.0)
    after = energy + STAGE_HOURS * (s.into[m] * taken - given / s.out_of[m])
    return stored_usd(slope, step, after - s.floor[m]) - s.wear[m] * given * STAGE_HOURS


@c.kernel
def plan_homes(  # type: ignore[no-untyped-def]
    s, homes, stages, energy, replacement, reserve_hours, kept_stages, slopes, expected
):
    """Plan every home: V's slopes after the first `kept_stages` stages into `slopes` (kept, S, CELLS).

    `energy` (S,) is in the stores at the first stage, `replacement` (N,) what a kWh is worth after the last. Into
    `expected` (K, S) goes the expected energy at each stage's end, if it has rows.
    """
    stage_count = len(stages.price)
    desk = Desk(
        np.zeros(CELLS), np.zeros(CELLS), np.zeros((3, 3 * CELLS + 1)), np.zeros((stage_count, CELLS)),
        np.zeros(stage_count),
    )  # fmt: skip
    _plan_each(s, homes, stages, energy, replacement, reserve_hours, kept_stages, (slopes, expected), desk)


@c.part
def _plan_each(  # type: ignore[no-untyped-def]
    s, homes, stages, energy, replacement, reserve_hours, kept_stages, found, desk
) -> None:
    """`plan_homes`, with room to work in."""
    slopes, expected = found
    after, meter = desk.after, desk.meter
    stage_count = len(stages.price)
    whole_path = len(expected) > 0
    for h in range(len(homes.first) - 1):
        first, last = homes.first[h], homes.first[h + 1]
        if first == last:
            continue
        tariff = stages.tariff[h]
        for k in range(stage_count):
            meter[k] = stages.net_generation[stages.net_row[k], h]
        for position in range(first, last):
            m = homes.order[position]
            if s.ceiling[m] - s.floor[m] < SMALLEST_KWH:
                continue
            store_slopes(s, stages, m, tariff, replacement[h], reserve_hours, desk)
            for k in range(kept_stages):
                for j in range(CELLS):
                    slopes[k, m, j] = after[k, j]
            if position < last - 1 or whole_path:
                _expected_path(s, stages, m, tariff, after, energy[m], meter, expected)


@c.part
def _expected_path(  # type: ignore[no-untyped-def]
    s, stages, m: int, tariff: int, after, energy: float, meter, expected
) -> None:
    """Follow V at the mean price; what the store moves is added to the home's net generation."""
    for k in range(len(stages.price)):
        energy -= stages.draw[stages.draw_row[k], m]
        if leaves(stages, k, m):
            energy -= s.trip[m]
        energy = max(energy, s.floor[m]) if not s.follows[m] else energy
        power = 0.0
        if stages.available[stages.available_row[k], m]:
            price = mean_price(stages, k) + stages.paid[1 if s.follows[m] else 0, k]
            sun, load = max(meter[k], 0.0), max(-meter[k], 0.0)
            low = -min(s.charge[m], max(0.0, (s.ceiling[m] - energy) / (s.into[m] * STAGE_HOURS)))
            high = min(s.give[m], max(0.0, (energy - s.floor[m]) * s.out_of[m] / STAGE_HOURS))
            if s.follows[m]:
                low, high = max(low, -sun - s.deviation[m]), min(high, load + s.deviation[m])
            if s.movable[m]:
                power = best_power(s, m, after[k], energy, price + stages.imported[tariff, k], low, high)
                if stages.exported[tariff, k] > stages.imported[tariff, k]:
                    other = best_power(s, m, after[k], energy, price + stages.exported[tariff, k], low, high)
                    gained = kept_usd(s, m, after[k], energy, other) - kept_usd(s, m, after[k], energy, power)
                    gained += STAGE_HOURS * price * (other - power) + c.retail_bill_usd(
                        meter[k] + power, stages.imported[tariff, k], stages.exported[tariff, k], STAGE_HOURS
                    ) - c.retail_bill_usd(
                        meter[k] + other, stages.imported[tariff, k], stages.exported[tariff, k], STAGE_HOURS
                    )  # fmt: skip
                    power = other if gained > 0.0 else power
                elif power + meter[k] > 0.0:
                    other = best_power(s, m, after[k], energy, price + stages.exported[tariff, k], low, high)
                    power = other if other + meter[k] > 0.0 else min(max(-meter[k], low), high)
            else:
                power = low
        energy += STAGE_HOURS * (s.into[m] * max(-power, 0.0) - max(power, 0.0) / s.out_of[m])
        meter[k] += power
        if len(expected) > 0:
            expected[k, m] = energy
