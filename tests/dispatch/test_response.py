"""What a home does at a price, against trying every power."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dispatch.a_home import Array, one_home, stores
from vpp_core.dispatch.columns import Quarter, StoreColumns
from vpp_core.dispatch.response import respond
from vpp_core.dispatch.value import CELLS, STAGE_HOURS


def falling(rng: np.random.Generator, count: int) -> Array:
    """Concave values: slopes [$/kWh] that fall."""
    return np.sort(rng.uniform(0.0, 0.8, (count, CELLS)), axis=1)[:, ::-1].copy()


def per_cell(s: StoreColumns, slopes: Array) -> Array:
    return np.ascontiguousarray(slopes * ((s.ceiling - s.floor) / CELLS)[:, None])


def worth(s: StoreColumns, m: int, slopes: Array, energy: float) -> float:
    """V by slopes that stand at the cells' middles, linear between them."""
    step = (s.ceiling[m] - s.floor[m]) / CELLS
    x = np.linspace(0.0, max(energy - s.floor[m], 0.0), 400)
    return float(np.trapezoid(np.interp(x, (np.arange(CELLS) + 0.5) * step, slopes[m]), x))


def reached(s: StoreColumns, m: int, energy: float, power: float) -> float:
    return energy + STAGE_HOURS * (s.into[m] * max(-power, 0.0) - max(power, 0.0) / s.out_of[m])


def asked(s: StoreColumns, slopes: Array, energy: Array, price: float, net: float, default: Array, low: Array,
          high: Array, imported: float = 0.3, exported: float = 0.05, markup: Array | None = None,
          ) -> Array:  # fmt: skip
    power = default.copy()
    quarter = Quarter(
        per_cell(s, slopes), energy, np.zeros((3, len(energy))) if markup is None else markup, np.array([imported]),
        np.array([exported]), np.array([net]), default, low, high,
    )  # fmt: skip
    respond(s, one_home(s), quarter, np.array([price]), np.array([price]), power)
    return power


def gains(s: StoreColumns, slopes: Array, energy: Array, price: float, net: float, power: Array,
          imported: float = 0.3, exported: float = 0.05) -> float:  # fmt: skip
    """What the home has of it: price and bill of what it injects, wear, and what stays stored."""
    meter = net + power.sum()
    money = price * power.sum() + meter * (imported if meter < 0 else exported) - float(s.wear @ np.maximum(power, 0.0))
    return money * STAGE_HOURS + sum(worth(s, m, slopes, reached(s, m, energy[m], power[m])) for m in range(len(power)))


def limits(s: StoreColumns, energy: Array) -> tuple[Array, Array]:
    low = -np.minimum(s.charge, np.maximum(s.ceiling - energy, 0.0) / s.into / STAGE_HOURS)
    high = np.minimum(s.give, np.maximum(energy - s.floor, 0.0) * s.out_of / STAGE_HOURS)
    return low, high


@settings(max_examples=4)
@given(seed=st.integers(0, 100_000))
def test_battery_and_car_behind_one_meter_do_what_the_best_of_all_powers_does(seed: int) -> None:
    rng = np.random.default_rng(seed)
    s = stores(follows=np.array([True, False]), give=np.array([4.0, 0.0]), wear=np.array([0.03, 0.0]),
               into=rng.uniform(0.85, 1.0), out_of=rng.uniform(0.85, 1.0))  # fmt: skip
    slopes, energy = falling(rng, 2), rng.uniform(2.0, 10.0, 2)
    price, net = rng.uniform(-0.05, 0.5), rng.uniform(-4.0, 5.0)
    tariff = (0.3, 0.05) if seed % 2 else (rng.uniform(0.2, 0.6), rng.uniform(0.6, 3.0))
    low, high = limits(s, energy)
    default = np.array([0.0, low[1]])
    power = asked(s, slopes, energy, price, net, default, low, high, *tariff)
    assert (power >= low - 1e-9).all()
    assert (power <= high + 1e-9).all()
    grid = [np.linspace(low[m], high[m], 41) for m in range(2)]
    best = max(gains(s, slopes, energy, price, net, np.array(pair), *tariff) for pair in itertools.product(*grid))
    assert gains(s, slopes, energy, price, net, power, *tariff) >= best - 2e-3


def flat(s: StoreColumns, *usd_per_kwh: float) -> Array:
    """Slopes that hardly fall from so much."""
    return np.array([np.linspace(value + 0.002, value - 0.002, CELLS) for value in usd_per_kwh])


CAR_AND_BATTERY = stores(
    follows=np.array([True, False]), give=np.array([4.0, 0.0]), wear=np.array([0.03, 0.0]), into=1.0, out_of=1.0
)


def test_a_car_charges_from_its_own_sun_and_not_from_the_grid_where_only_the_sun_pays() -> None:
    """A kWh on board is worth 0.20: more than the 0.05 that the sun would earn, less than the grid's 0.30."""
    s = stores(follows=False, give=0.0, wear=0.0, into=1.0)
    low, high = np.array([-4.0]), np.array([0.0])
    power = asked(s, flat(s, 0.2), np.array([5.0]), 0.0, 2.5, low.copy(), low, high)
    assert power[0] == pytest.approx(-2.5, abs=0.02)
    assert asked(s, flat(s, 0.2), np.array([5.0]), 0.0, -1.0, low.copy(), low, high)[0] == pytest.approx(0.0, abs=1e-6)
    assert asked(s, flat(s, 0.4), np.array([5.0]), 0.0, -1.0, low.copy(), low, high)[0] == pytest.approx(-4.0)


def test_a_car_charges_from_the_house_battery_where_that_pays() -> None:
    """A kWh is worth 0.25 on board, 0.10 in the battery (and 0.03 of wear); from the grid it costs 0.30."""
    s, energy = CAR_AND_BATTERY, np.array([8.0, 5.0])
    low, high = np.array([-4.0, -4.0]), np.array([3.0, 0.0])
    power = asked(s, flat(s, 0.10, 0.25), energy, 0.0, 0.0, np.zeros(2), low, high)
    assert power[0] == pytest.approx(3.0, abs=0.02)
    assert power[1] == pytest.approx(-3.0, abs=0.02)
    dear = asked(s, flat(s, 0.24, 0.25), energy, 0.0, 0.0, np.zeros(2), low, high)
    assert np.abs(dear).max() < 0.02, "0.24 and 0.03 of wear are more than 0.25"


def test_a_markup_keeps_a_store_at_its_default_until_the_price_is_above_it() -> None:
    s, energy = stores(into=1.0, out_of=1.0, wear=0.0), np.array([6.0])
    low, high, markup = np.array([-2.0]), np.array([2.0]), np.full((3, 1), 0.1)
    for price, power in ((0.0, 0.0), (0.09, 0.0), (0.11, 2.0), (-0.09, 0.0), (-0.11, -2.0)):
        found = asked(
            s, flat(s, 0.3), energy, price, -10.0, np.zeros(1), low, high, imported=0.3, exported=0.3, markup=markup
        )
        assert found[0] == pytest.approx(power, abs=0.05), price


def test_no_power_leaves_its_limits_whatever_the_price() -> None:
    rng = np.random.default_rng(0)
    s, energy = CAR_AND_BATTERY, np.array([6.0, 6.0])
    low, high = np.array([-0.5, -3.0]), np.array([0.7, -1.0])
    for price in (-10.0, 0.0, 0.2, 10.0):
        power = asked(s, falling(rng, 2), energy, price, 0.3, np.array([0.0, -2.0]), low, high)
        assert (power >= low).all() and (power <= high).all()
