"""The compiled value of stored energy against its plain definitions: every move compared, every level followed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from vpp_core.dispatch.dearest import CASES, PARTS, STARTS, dearest, room_to_work
from vpp_core.dispatch.stored_value import CELLS, LEVELS, SCENARIO_WEIGHTS, SHORT_CAR_USD_PER_KWH

from vpp_core.dispatch import stored_value
from vpp_core.physics.meter import retail_bill_usd
from vpp_core.physics.storage import self_consumption_kw, step_energy_kwh

Array = np.ndarray[Any, np.dtype[np.float64]]
HOURS = 0.5


def best_moves(value: Array, step: float, charge: list[tuple[float, float]], give: list[tuple[float, float]]) -> Array:
    """max over y of value(y) + earnings of moving there, at each level x, both [$].

    `charge` and `give` hold the slopes of a move in their order: kWh stored that each can move, and what one costs or
    brings. Where all is piecewise linear, the best y is a grid point or an end of a slope. A gain counts as no more
    than the cheapest cost.
    """
    grid = np.arange(LEVELS) * step
    room, cost = (np.array(column) for column in zip(*charge, strict=True))
    draw, gain = (np.array(column) for column in zip(*give, strict=True))
    gain = np.minimum(gain, cost[0])
    ends = np.concatenate([np.cumsum(room), -np.cumsum(draw)])
    best = np.empty(LEVELS)
    for k, x in enumerate(grid):
        y = np.concatenate([grid, np.clip(x + ends, 0.0, grid[-1])])
        up, down = y - x, x - y
        inside = (up <= room.sum() + 1e-12) & (down <= draw.sum() + 1e-12)
        money = -cost[0] * np.clip(up, 0, room[0]) - cost[1] * np.maximum(up - room[0], 0)
        money += gain[0] * np.clip(down, 0, draw[0]) + gain[1] * np.maximum(down - draw[0], 0)
        best[k] = (np.interp(y, grid, value) + money)[inside].max()
    return best


def backwards(value: Array, windows: int, best: Callable[[Array, int, int], Array]) -> Array:
    """V now, of V after the last window and the best moves of a window in a scenario."""
    for h in range(windows - 1, -1, -1):
        value = sum(weight * best(value, h, s) for s, weight in enumerate(SCENARIO_WEIGHTS))
    return value - value[0]


def some_prices(rng: np.random.Generator, windows: int) -> Array:
    """p10, p50, p90 [$/kWh], deeply negative and very high ones among them."""
    return np.sort(rng.normal(0.05, 0.1, (windows, 3)) * rng.choice([1.0, 1.0, 10.0], (windows, 1)), axis=1)


def some_battery(rng: np.random.Generator) -> dict[str, float]:
    floor = rng.uniform(0, 4)
    ceiling = floor + rng.uniform(0.5, 14)
    return {
        "floor": floor,
        "backup": rng.choice([floor, rng.uniform(floor, ceiling), ceiling]),
        "ceiling": ceiling,
        "power": rng.uniform(0.5, 15),
        "into": rng.uniform(0.7, 1.0),
        "out_of": rng.uniform(0.7, 1.0),
        "wear": rng.choice([0.0, 0.03]),
    }


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), reserve=st.booleans(), offered=st.sampled_from([0.0, 0.3, 1.0]))
@example(seed=3, reserve=True, offered=1.0)
def test_a_batterys_value_is_that_of_the_best_of_all_moves(seed: int, reserve: bool, offered: float) -> None:
    rng = np.random.default_rng(seed)
    windows, b = 5, some_battery(rng)
    price, hourly = some_prices(rng, windows), np.sort(rng.exponential(0.02, (windows, 3)), axis=1) * reserve
    surplus = np.round(rng.normal(0, 4, windows)) * rng.uniform(0.1, 2)
    sell = rng.uniform(0.0, 0.2, windows)
    buy = sell + rng.choice([0.0, 0.2], windows)
    deviation, replacement, sustained = offered * b["power"], rng.uniform(0, 0.4), rng.uniform(0.5, 2)
    step = (b["ceiling"] - b["floor"]) / CELLS
    held = HOURS * np.minimum(deviation, np.arange(LEVELS) * step * b["out_of"] / sustained)

    def best(value: Array, h: int, s: int) -> Array:
        solar, load = max(surplus[h], 0.0), max(-surplus[h], 0.0)
        of_sun, of_load = min(solar, b["power"]), min(load, b["power"])
        at = price[h, s]
        charge = [
            (of_sun * HOURS * b["into"], (at + (sell[h] if solar > 0 else buy[h])) / b["into"]),
            ((min(solar + deviation, b["power"]) - of_sun) * HOURS * b["into"], (at + buy[h]) / b["into"]),
        ]
        export = (at + sell[h] - b["wear"] - hourly[h, s]) * b["out_of"]
        give = [
            (of_load * HOURS / b["out_of"], (at + buy[h] - b["wear"]) * b["out_of"] if load > 0 else export),
            ((min(load + deviation, b["power"]) - of_load) * HOURS / b["out_of"], export),
        ]
        return best_moves(value + hourly[h, s] * held, step, charge, give)

    later = np.arange(LEVELS) * step * (replacement - b["wear"]) * b["out_of"]
    of_one = (np.array([x]) for x in (b["floor"], b["ceiling"], b["power"], deviation, b["into"], b["out_of"]))
    found = stored_value.battery_value(
        price, hourly, sustained, surplus[:, None], buy, sell, HOURS, replacement, *of_one, np.array([b["wear"]])
    )
    np.testing.assert_allclose(found[0], backwards(later, windows, best), rtol=0, atol=1e-9)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), v2g=st.booleans())
def test_a_cars_value_is_that_of_the_best_of_all_moves(seed: int, v2g: bool) -> None:
    rng = np.random.default_rng(seed)
    windows = 5
    price = some_prices(rng, windows)
    surplus = np.round(rng.normal(0, 4, windows))
    sell = rng.uniform(0.0, 0.2, windows)
    buy = sell + rng.choice([0.0, 0.2], windows)
    floor, kwh, power = rng.uniform(0, 8), rng.uniform(5, 60), rng.uniform(2, 11)
    into, out_of, wear, discharge = rng.uniform(0.7, 1), rng.uniform(0.7, 1), rng.choice([0.0, 0.03]), v2g * power
    need, replacement, hours_left = floor + rng.uniform(-2, kwh), rng.uniform(0, 0.4), rng.uniform(0.1, 3)
    step = kwh / CELLS
    windows_left = min(int(np.ceil(hours_left / HOURS)), windows)

    def best(value: Array, h: int, s: int) -> Array:
        plugged = min(HOURS, hours_left - h * HOURS)
        sun = min(max(surplus[h], 0.0), power)
        charge = [
            (sun * plugged * into, (price[h, s] + (sell[h] if surplus[h] > 0 else buy[h])) / into),
            ((power - sun) * plugged * into, (price[h, s] + buy[h]) / into),
        ]
        gain = (price[h, s] + sell[h] - wear) * out_of
        return best_moves(value, step, charge, [(discharge * plugged / out_of, gain), (0.0, gain)])

    energy = floor + np.arange(LEVELS) * step
    last = energy * replacement / into - SHORT_CAR_USD_PER_KWH * np.maximum(need - energy, 0.0)
    of_one = (np.array([x]) for x in (floor, floor + kwh, power, into, discharge, out_of, wear, need, hours_left))
    found = stored_value.car_value(price, surplus[:, None], buy, sell, HOURS, replacement, *of_one)
    np.testing.assert_allclose(found[0], backwards(last, windows_left, best), rtol=0, atol=1e-8)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_households_own_part_is_what_its_default_pays_from_every_level(seed: int) -> None:
    rng = np.random.default_rng(seed)
    windows, b = 6, some_battery(rng)
    surplus = np.round(rng.normal(0, 4, windows)) * rng.uniform(0.1, 3)
    sell = rng.uniform(0.0, 0.2, windows)
    buy = sell + rng.uniform(0.0, 0.3, windows)
    device = b["backup"], b["ceiling"], b["power"], b["into"], b["out_of"]
    levels = np.linspace(b["floor"], b["ceiling"], LEVELS)
    value = (levels - b["floor"]) * (buy.min() - b["wear"]) * b["out_of"]
    for h in range(windows - 1, -1, -1):
        battery = self_consumption_kw(levels, surplus[h], *device, HOURS)
        given = np.maximum(battery, 0.0)
        left = step_energy_kwh(levels, np.maximum(-battery, 0.0), given, b["into"], b["out_of"], HOURS)
        cost = retail_bill_usd(surplus[h] + battery, buy[h], sell[h], HOURS) + b["wear"] * given * HOURS
        value = np.interp(left, levels, value) - cost
    of_one = (np.array([x]) for x in (b["floor"], *device, b["wear"]))
    found = stored_value.battery_own_value(surplus[:, None], buy, sell, HOURS, buy.min(), *of_one)
    np.testing.assert_allclose(found[0], value, rtol=0, atol=1e-9)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), intervals=st.sampled_from([1, 2, 4]), longest=st.sampled_from([0, 2]))
def test_the_dearest_of_a_segment_is_the_dearest_of_all_its_cases(seed: int, intervals: int, longest: int) -> None:
    rng = np.random.default_rng(seed)
    b = some_battery(rng)
    a = rng.choice([-1.0, 1.0]) * rng.uniform(0.1, 5)
    low, high = np.sort(rng.uniform(b["floor"], b["ceiling"], 2))
    surplus, loads = rng.normal(0, 3, intervals), rng.uniform(0, 7, (rng.integers(1, 3), intervals))
    sell = rng.uniform(0.0, 0.2, intervals)
    buy = sell + rng.uniform(0.0, 0.3, intervals)
    levels = np.linspace(b["floor"], b["ceiling"], LEVELS)
    own = np.cumsum(rng.uniform(-0.1, 0.5, LEVELS))
    device = b["backup"], b["ceiling"], b["power"], b["into"], b["out_of"]

    def cost(kw: float, clears: tuple[int, ...], energy: float, load: Array) -> float:
        """Bill, wear and what is left."""
        paid = 0.0
        for k in range(intervals):
            battery = self_consumption_kw(energy, surplus[k], *device, HOURS) + kw * clears[k]
            given = max(battery, 0.0)
            energy = step_energy_kwh(energy, max(-battery, 0.0), given, b["into"], b["out_of"], HOURS)
            paid += retail_bill_usd(surplus[k] + battery - load[k], buy[k], sell[k], HOURS) + b["wear"] * given * HOURS
        return float(paid - np.interp(energy, levels, own))

    def one_short_stretch(clears: tuple[int, ...]) -> bool:
        return sum(clears) <= longest and "101" not in "".join(map(str, clears)) and clears != (1, 0, 0, 1)

    sets = [clears for clears in product((0, 1), repeat=intervals) if any(clears)]
    allowed = [clears for clears in sets if longest == 0 or one_short_stretch(clears)]
    expected = [
        max(
            (cost(a * part, clears, energy, load) - cost(0.0, (0,) * intervals, energy, load))
            / (abs(a) * part * sum(clears) * HOURS)
            for clears in allowed
            for energy in np.linspace(low, high, STARTS)
            for load in loads
        )
        for part in PARTS
    ]
    found = dearest(
        a, longest, low, high, own, levels[1] - levels[0], b["floor"], b["wear"], surplus, loads, buy, sell, *device,
        HOURS, room_to_work(intervals),
    )  # fmt: skip
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    assert len(PARTS) * STARTS <= CASES
