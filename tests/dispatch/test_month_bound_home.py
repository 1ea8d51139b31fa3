"""One home's month: hand-solved cases beside every formulation, and the fast ways held to the linear program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.bound.chain import solve_alone
from vpp_core.dispatch.bound.homes import Home, Schedule, Store
from vpp_core.dispatch.bound.program import solve_program

Solver = Callable[[Home], tuple[list[Schedule], float]]


def by_chain(home: Home) -> tuple[list[Schedule], float]:
    schedule, gap = solve_alone(home, home.stores[0])
    return [schedule], gap


BOTH = pytest.mark.parametrize("solve", [solve_program, by_chain])


def store_of(intervals: int, **changes: object) -> Store:
    """A lossless, wearless battery of 4 kWh and 4 kW, empty, worth nothing at the end; scalars become columns."""
    columns = {
        "most_charge_kw": 4.0, "most_discharge_kw": 4.0, "free_discharge_kw": 0.0, "floor_kwh": 0.0,
        "ceiling_kwh": 4.0, "trip_kwh": 0.0,
    }  # fmt: skip
    scalars = {
        "car": None, "daily_kwh": np.inf, "initial_kwh": 0.0, "charge_efficiency": 1.0, "discharge_efficiency": 1.0,
        "wear_usd_per_kwh": 0.0, "end_usd_per_kwh": 0.0,
    }  # fmt: skip
    columns |= {name: value for name, value in changes.items() if name in columns}
    scalars |= {name: value for name, value in changes.items() if name in scalars}
    arrays = {name: np.array(np.broadcast_to(value, intervals), dtype=float) for name, value in columns.items()}
    return Store(**arrays, **scalars)  # type: ignore[arg-type]


def home_of(buy: list[float], sell: list[float], surplus: float | list[float] = 0.0, **store: object) -> Home:
    intervals = len(buy)
    return Home(
        surplus_kw=np.array(np.broadcast_to(surplus, intervals), dtype=float),
        import_usd_per_kwh=np.array(buy, dtype=float),
        export_usd_per_kwh=np.array(sell, dtype=float),
        day=np.zeros(intervals, dtype=np.int64),
        stores=(store_of(intervals, **store),),
    )


def value_usd(home: Home, schedules: list[Schedule]) -> float:
    """The objective of the month bound, from the schedules alone."""
    meter = home.surplus_kw + sum(s.discharge_kw - s.charge_kw for s in schedules)
    price = np.where(meter > 0, home.export_usd_per_kwh, home.import_usd_per_kwh)
    own = sum(
        store.end_usd_per_kwh * s.energy_kwh[-1] - INTERVAL_HOURS * store.wear_usd_per_kwh * s.discharge_kw.sum()
        for store, s in zip(home.stores, schedules, strict=True)
    )
    return float(INTERVAL_HOURS * (price * meter).sum() + own)


def assert_feasible(home: Home, schedules: list[Schedule]) -> None:
    for store, done in zip(home.stores, schedules, strict=True):
        assert (done.charge_kw >= -1e-9).all() and (done.charge_kw <= store.most_charge_kw + 1e-9).all()
        assert (done.discharge_kw >= -1e-9).all() and (done.discharge_kw <= store.most_discharge_kw + 1e-9).all()
        assert (done.energy_kwh >= store.floor_kwh - 1e-7).all()
        assert (done.energy_kwh <= store.ceiling_kwh + 1e-7).all()
        moved = store.charge_efficiency * done.charge_kw - done.discharge_kw / store.discharge_efficiency
        balance = np.diff(done.energy_kwh, prepend=store.initial_kwh) - INTERVAL_HOURS * moved + store.trip_kwh
        assert np.abs(balance).max() < 1e-6
        beyond = np.maximum(done.discharge_kw - store.free_discharge_kw, 0) * INTERVAL_HOURS
        taken = np.bincount(home.day, beyond) / store.discharge_efficiency
        assert (taken <= store.daily_kwh + 1e-6).all()


@BOTH
def test_a_battery_buys_low_and_sells_high_as_much_as_its_losses_allow(solve: Solver) -> None:
    # 4 kW for a quarter hour at 0.90: 0.9 kWh stored cost 0.10; delivered at 0.90: 0.81 kWh earn 0.81, wear 0.0081.
    home = home_of(
        [0.1, 9], [0.1, 1.0], charge_efficiency=0.9, discharge_efficiency=0.9, wear_usd_per_kwh=0.01
    )  # fmt: skip
    schedules, gap = solve(home)
    assert value_usd(home, schedules) == pytest.approx(-0.10 + 0.81 - 0.0081, abs=1e-9)
    assert 0 <= gap + 1e-12 < 1e-9


@BOTH
def test_solar_is_stored_before_the_grid_is_asked(solve: Solver) -> None:
    # 2 kW of sun are worth 0.05 at the meter and 0.30 to the evening: 0.5 of its 0.75 kWh, the rest is imported.
    home = home_of([0.31, 0.3], [0.05, 0.05], surplus=[2.0, -3.0])
    schedules, _ = solve(home)
    assert schedules[0].charge_kw[0] == pytest.approx(2.0)
    assert value_usd(home, schedules) == pytest.approx(-0.25 * 0.30)


@BOTH
def test_a_full_battery_circles_energy_where_consuming_is_paid_and_the_bound_says_so(solve: Solver) -> None:
    # Import earns 0.20 a kWh; full, η_c = 0.5: charging 4 kW needs discharging 2 kW at once: 2 kW more of import.
    home = home_of([-0.2], [-0.45], surplus=-1.0, charge_efficiency=0.5, initial_kwh=4.0)
    schedules, _ = solve(home)
    assert schedules[0].charge_kw[0] == pytest.approx(4.0) and schedules[0].discharge_kw[0] == pytest.approx(2.0)
    assert value_usd(home, schedules) == pytest.approx(0.25 * 0.2 * 3)


@BOTH
def test_a_car_takes_the_cheapest_quarters_before_it_leaves(solve: Solver) -> None:
    # 1.5 kWh must be aboard after the third quarter, 1 kWh a quarter: all of the 0.1 and half of the 0.2.
    home = home_of(
        [0.2, 0.1, 0.3, 0.0], [0, 0, 0, 0], most_charge_kw=[4, 4, 4, 0], most_discharge_kw=0.0,
        floor_kwh=[0, 0, 1.5, 0], trip_kwh=[0, 0, 0, 1.5],
    )  # fmt: skip
    schedules, _ = solve(home)
    assert schedules[0].charge_kw == pytest.approx([2, 4, 0, 0])
    assert value_usd(home, schedules) == pytest.approx(-0.2 * 0.5 - 0.1 * 1.0)


def test_the_daily_limit_holds_beyond_the_homes_own_load() -> None:
    # 1 kWh could be sold at 1.0; the home's own 1 kW is free, of the other 3 kW only 0.25 kWh may be taken.
    home = home_of([1.2], [1.0], surplus=-1.0, initial_kwh=4.0, free_discharge_kw=1.0, daily_kwh=0.25)
    schedules, gap = solve_program(home)
    assert schedules[0].discharge_kw[0] == pytest.approx(2.0)
    assert value_usd(home, schedules) == pytest.approx(0.25) and gap < 1e-9
    assert by_chain(home)[1] == np.inf, "a chain that ignores the limit must not be taken for the answer"


@BOTH
def test_equal_prices_move_nothing(solve: Solver) -> None:
    home = home_of([0.0] * 8, [0.0] * 8, surplus=-0.5, initial_kwh=2.0, wear_usd_per_kwh=0.03)
    schedules, _ = solve(home)
    assert schedules[0].discharge_kw.sum() == 0


PRICES = st.sampled_from([0.0, 0.05, 0.1, -0.5, 2.0]) | st.floats(-0.5, 2.0, allow_nan=False)


@st.composite
def homes(draw: st.DrawFn) -> Home:
    """A battery or a car over up to two days, with ties, zeros, negative prices and spikes."""
    intervals = draw(st.integers(1, 192))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    levels = np.array(draw(st.lists(PRICES, min_size=1, max_size=8)))
    lmp = rng.choice(levels, intervals)
    if draw(st.booleans()):
        lmp = lmp + rng.normal(0, 0.05, intervals)
    credit = draw(st.sampled_from([0.0, 0.05, 0.3]))
    day = np.arange(intervals) // 96
    surplus = rng.uniform(-3, 4, intervals) * draw(st.sampled_from([0.0, 1.0]))
    home = Home(surplus, lmp + 0.3, lmp + credit, day, ())
    efficiency = draw(st.sampled_from([1.0, 0.95, 0.8]))
    if draw(st.booleans()):
        store = store_of(
            intervals, most_charge_kw=rng.uniform(0, 5, intervals), most_discharge_kw=rng.uniform(0, 5, intervals),
            free_discharge_kw=np.maximum(-surplus, 0), ceiling_kwh=draw(st.floats(0.5, 20.0)), initial_kwh=0.3,
            floor_kwh=rng.uniform(0, 0.3, intervals) * draw(st.sampled_from([0.0, 1.0])),
            charge_efficiency=efficiency, discharge_efficiency=efficiency,
            wear_usd_per_kwh=draw(st.sampled_from([0.0, 0.03])), end_usd_per_kwh=draw(st.sampled_from([0.0, 0.3, -0.1])),
        )  # fmt: skip
        return replace(home, stores=(store,))
    plugged = (np.arange(intervals) + draw(st.integers(0, 95))) % 96 < 56
    leaves = np.append(plugged[:-1] & ~plugged[1:], False)
    need = draw(st.sampled_from([0.0, 2.0, 9.0]))
    power = np.where(plugged, 7.0, 0.0)
    arriving, trip, floor, energy = np.append(False, leaves[:-1]), np.zeros(intervals), np.zeros(intervals), 5.0
    for t in range(intervals):
        trip[t] = min(4.0, energy) if arriving[t] else 0.0
        energy = min(energy - trip[t] + INTERVAL_HOURS * 0.9 * power[t], 12.0)
        floor[t] = min(max(need, 4.0), energy) if leaves[t] else 0.0
    store = store_of(
        intervals, car=0, most_charge_kw=power, most_discharge_kw=0.0, floor_kwh=floor, ceiling_kwh=12.0, trip_kwh=trip,
        initial_kwh=5.0, charge_efficiency=0.9, end_usd_per_kwh=draw(st.sampled_from([0.0, 0.3])),
    )  # fmt: skip
    return replace(home, stores=(store,))


@settings(max_examples=150)
@given(homes())
def test_a_chain_earns_what_the_linear_program_earns_and_proves_it(home: Home) -> None:
    schedules, gap = by_chain(home)
    assert_feasible(home, schedules)
    value = value_usd(home, schedules)
    reference, reference_gap = solve_program(home)
    assert -1e-9 < gap < 1e-7
    assert value == pytest.approx(value_usd(home, reference), rel=1e-7, abs=1e-6 + reference_gap)


@settings(max_examples=60)
@given(homes(), st.integers(0, 2**32 - 1))
def test_any_prices_of_stored_energy_bound_every_schedule(home: Home, seed: int) -> None:
    from vpp_core.dispatch.bound.chain import chain_of, dual_usd

    schedules, _ = by_chain(home)
    prices = np.random.default_rng(seed).normal(0.1, 0.3, len(home.day))
    assert dual_usd(chain_of(home, home.stores[0]), prices) >= value_usd(home, schedules) - 1e-9
