"""One home's month: hand-solved cases beside every formulation, and the fast ways held to the linear program."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.bound import interior, shared_meter, staged
from vpp_core.dispatch.bound.chain import chain_of, dual_usd, solve_alone
from vpp_core.dispatch.bound.homes import Home, Reserve, Schedule, Store, broken_kwh, earned_usd
from vpp_core.dispatch.bound.program import solve_program
from vpp_core.dispatch.bound.shared_meter import solve_together
from vpp_core.dispatch.bound.within import Stocks, Within
from vpp_core.dispatch.month_bound import solve_home
from vpp_core.market.contingencies import since_call

Solver = Callable[[Home], tuple[list[Schedule], float]]
WITH_RESERVE = pytest.mark.parametrize("solve", [solve_program, solve_together])
EVERY_WAY = pytest.mark.parametrize("solve", [solve_program, solve_alone, solve_together])


def store_of(intervals: int, **changes: object) -> Store:
    """A lossless, wearless battery of 4 kWh and 4 kW, empty, worth nothing at the end; scalars become columns."""
    columns = {
        "max_charge_kw": 4.0, "max_discharge_kw": 4.0, "free_discharge_kw": 0.0, "floor_kwh": 0.0,
        "ceiling_kwh": 4.0, "trip_kwh": 0.0,
    }  # fmt: skip
    scalars = {
        "column": 0, "daily_kwh": np.inf, "initial_kwh": 0.0, "charge_efficiency": 1.0, "discharge_efficiency": 1.0,
        "wear_usd_per_kwh": 0.0, "end_usd_per_kwh": 0.0, "reserve": None,
    }  # fmt: skip
    columns |= {name: value for name, value in changes.items() if name in columns}
    scalars |= {name: value for name, value in changes.items() if name in scalars}
    arrays = {name: np.array(np.broadcast_to(value, intervals), dtype=float) for name, value in columns.items()}
    return Store(**arrays, **scalars)  # type: ignore[arg-type]


def reserve_of(price: float | list[float], max_kw: float = 4.0, sustain: float = 1.0, called: int = 0) -> Reserve:
    """Four intervals, of which the last `called` come after a call; held for an hour unless said otherwise."""
    price = np.array(np.broadcast_to(price, 4), dtype=float)
    return Reserve(price, np.where(price > 0, max_kw, 0.0), np.full(4, sustain), np.arange(4) < 4 - called)


def home_of(buy: list[float], sell: list[float], surplus: float | list[float] = 0.0, **store: object) -> Home:
    intervals = len(buy)
    return Home(
        net_generation_kw=np.array(np.broadcast_to(surplus, intervals), dtype=float),
        import_usd_per_kwh=np.array(buy, dtype=float),
        export_usd_per_kwh=np.array(sell, dtype=float),
        day=np.zeros(intervals, dtype=np.int64),
        stores=(store_of(intervals, **store),),
    )


@EVERY_WAY
def test_a_battery_buys_low_and_sells_high_as_much_as_its_losses_allow(solve: Solver) -> None:
    # 4 kW for a quarter hour at 0.90: 0.9 kWh stored cost 0.10; delivered at 0.90: 0.81 kWh earn 0.81, wear 0.0081.
    home = home_of(
        [0.1, 9], [0.1, 1.0], charge_efficiency=0.9, discharge_efficiency=0.9, wear_usd_per_kwh=0.01
    )  # fmt: skip
    schedules, bound = solve(home)
    best = -0.10 + 0.81 - 0.0081
    assert earned_usd(home, schedules) == pytest.approx(best, abs=1e-7)
    assert best - 1e-12 < bound < best + 1e-7


@EVERY_WAY
def test_solar_is_stored_before_the_grid_is_asked(solve: Solver) -> None:
    # 2 kW of sun are worth 0.05 at the meter and 0.30 to the evening: 0.5 of its 0.75 kWh, the rest is imported.
    home = home_of([0.31, 0.3], [0.05, 0.05], surplus=[2.0, -3.0])
    schedules, _ = solve(home)
    assert (schedules[0].charge_kw - schedules[0].discharge_kw)[0] == pytest.approx(2.0)
    assert earned_usd(home, schedules) == pytest.approx(-0.25 * 0.30)


@EVERY_WAY
def test_a_full_battery_circles_energy_where_consuming_is_paid_and_the_bound_says_so(solve: Solver) -> None:
    # Import earns 0.20 a kWh; full, η_c = 0.5: charging 4 kW needs discharging 2 kW at once: 2 kW more of import.
    home = home_of([-0.2], [-0.45], surplus=-1.0, charge_efficiency=0.5, initial_kwh=4.0)
    schedules, _ = solve(home)
    assert schedules[0].charge_kw[0] == pytest.approx(4.0) and schedules[0].discharge_kw[0] == pytest.approx(2.0)
    assert earned_usd(home, schedules) == pytest.approx(0.25 * 0.2 * 3)


@EVERY_WAY
def test_a_car_takes_the_cheapest_quarters_before_it_leaves(solve: Solver) -> None:
    # 1.5 kWh must be aboard after the third quarter, 1 kWh a quarter: all of the 0.1 and half of the 0.2.
    home = home_of(
        [0.2, 0.1, 0.3, 0.0], [0, 0, 0, 0], max_charge_kw=[4, 4, 4, 0], max_discharge_kw=0.0,
        floor_kwh=[0, 0, 1.5, 0], trip_kwh=[0, 0, 0, 1.5],
    )  # fmt: skip
    schedules, _ = solve(home)
    assert schedules[0].charge_kw == pytest.approx([2, 4, 0, 0], abs=1e-6)
    assert earned_usd(home, schedules) == pytest.approx(-0.2 * 0.5 - 0.1 * 1.0)


@pytest.mark.parametrize("solve", [solve_program, solve_together, solve_home])
def test_the_daily_limit_holds_beyond_the_homes_own_load(solve: Solver) -> None:
    # 1 kWh could be sold at 1.0; the home's own 1 kW is free, of the other 3 kW only 0.25 kWh may be taken.
    home = home_of([1.2], [1.0], surplus=-1.0, initial_kwh=4.0, free_discharge_kw=1.0, daily_kwh=0.25)
    schedules, _ = solve(home)
    assert schedules[0].discharge_kw[0] == pytest.approx(2.0)
    assert earned_usd(home, schedules) == pytest.approx(0.25)
    assert broken_kwh(home, solve_alone(home)[0]) == pytest.approx(0.5), "a chain leaves the limit out, and is seen to"


@pytest.mark.parametrize("solve", [solve_program, solve_together, solve_home])
def test_a_battery_feeds_the_car_on_its_meter_rather_than_the_grid(solve: Solver) -> None:
    # Sold, the stored kWh earns 0.05; in the car it saves 0.30: 1 kWh of 1.0 needed, at 0.25 h × 4 kW.
    home = home_of([0.3, 0.3], [0.05, 0.05], initial_kwh=1.0)
    car = store_of(2, max_discharge_kw=0.0, floor_kwh=[0, 1], end_usd_per_kwh=0.1)
    home = replace(home, stores=(*home.stores, car))
    schedules, _ = solve(home)
    assert earned_usd(home, schedules) == pytest.approx(0.1)
    assert (schedules[0].discharge_kw - schedules[0].charge_kw).sum() * INTERVAL_HOURS == pytest.approx(1.0)


@EVERY_WAY
def test_equal_prices_move_nothing(solve: Solver) -> None:
    home = home_of([0.0] * 8, [0.0] * 8, surplus=-0.5, initial_kwh=2.0, wear_usd_per_kwh=0.03)
    schedules, _ = solve(home)
    assert schedules[0].discharge_kw.sum() == pytest.approx(0, abs=1e-6)


@WITH_RESERVE
def test_reserve_stands_on_headroom_and_on_energy_that_lasts(solve: Solver) -> None:
    """A battery of 4 kWh and 4 kW, 3 kWh in it, energy at 0.10, reserve at 0.20 per kW-h or 0.05 an interval.

    3 kWh sustain 3 kW. The 0.30 of the last quarter beats them: 1 kWh is sold there, which leaves headroom for none and
    costs 0.15 of reserve. A kWh bought at 0.10 in the first sustains 1 kW more for three quarters: 0.15, and is sold at
    0.10 beside the other in no quarter, so it pays: 3 × 4 × 0.05 − 0.10 + 0.30.
    """
    home = home_of([0.1, 0.1, 0.1, 0.3], [0.1, 0.1, 0.1, 0.3], initial_kwh=3.0, reserve=reserve_of(0.2))
    schedules, bound = solve(home)
    assert schedules[0].reserve_kw == pytest.approx([4, 4, 4, 0], abs=1e-5)
    assert schedules[0].discharge_kw - schedules[0].charge_kw == pytest.approx([-4, 0, 0, 4], abs=1e-5)
    assert earned_usd(home, schedules) == pytest.approx(3 * 4 * 0.05 - 0.10 + 0.30, abs=1e-7)
    assert -1e-9 < bound - earned_usd(home, schedules) < 1e-7


@WITH_RESERVE
@pytest.mark.parametrize(("called", "earned"), [(0, 5.0), (1, 5.025), (4, 5.1)])
def test_a_call_delivers_what_is_held_and_capacity_stays_paid(solve: Solver, called: int, earned: float) -> None:
    """5 kW held for an hour at 1,000 $/MW-h earn $5.000; called in the last quarter they deliver 1.25 kWh at 20 $/MWh.

    A bound that kept headroom through the call would be beaten by $0.025; from one in the first it may sell all 5 kWh.
    """
    home = home_of(
        [0.02] * 4, [0.02] * 4, max_charge_kw=5.0, max_discharge_kw=5.0, ceiling_kwh=5.0, initial_kwh=5.0,
        reserve=reserve_of(1.0, max_kw=5.0, called=called),
    )  # fmt: skip
    schedules, bound = solve(home)
    assert earned_usd(home, schedules) == pytest.approx(earned, abs=1e-7)
    assert earned - 1e-12 < bound < earned + 1e-7


@WITH_RESERVE
def test_a_battery_that_circles_energy_has_so_much_less_headroom(solve: Solver) -> None:
    # As above import earns 0.20: circling 4 kW in, 2 kW out would earn 0.10 a quarter, and takes 2 kW of reserve: 0.15.
    home = home_of(
        [-0.2] * 4, [-0.45] * 4, surplus=-1.0, charge_efficiency=0.5, initial_kwh=4.0, reserve=reserve_of(0.3)
    )  # fmt: skip
    schedules, _ = solve(home)
    assert earned_usd(home, schedules) == pytest.approx(0.2 + 4 * 0.3, abs=1e-6)


def test_broken_limits_of_reserve_are_seen() -> None:
    home = home_of([0.1] * 4, [0.1] * 4, initial_kwh=2.0, reserve=reserve_of([1, 1, 1, 0], max_kw=3.0, called=1))
    still = np.zeros(4)
    cases = {(0.0, 0.0): 0.0, (2.0, 0.0): 0.0, (2.5, 0.0): 0.5, (2.0, 3.0): 0.25, (-1.0, 0.0): 0.25}
    for (held, moving), missed in cases.items():
        reserve = np.array([held, 0, 0, 0])
        circling = np.array([moving, 0, 0, 0])
        schedule = Schedule(circling, circling, np.full(4, 2.0), reserve)
        assert broken_kwh(home, [schedule]) == pytest.approx(missed)
    unpaid = Schedule(still, still, np.full(4, 2.0), np.array([0, 0, 0, 1.0]))
    assert broken_kwh(home, [unpaid]) == pytest.approx(0.25), "nothing is held where nothing is paid"


RESERVE_PRICES = st.sampled_from([0.0, 0.005, 0.1]) | st.floats(0.0, 0.5)
PRICES = st.sampled_from([0.0, 0.05, 0.1, -0.5, 2.0]) | st.floats(-0.5, 2.0, allow_nan=False)


def drawn_battery(draw: st.DrawFn, rng: np.random.Generator, surplus: np.ndarray) -> Store:
    intervals, efficiency = len(surplus), draw(st.sampled_from([1.0, 0.95, 0.8]))
    return store_of(
        intervals, max_charge_kw=rng.uniform(0, 5, intervals), max_discharge_kw=rng.uniform(0, 5, intervals),
        free_discharge_kw=np.maximum(-surplus, 0), ceiling_kwh=draw(st.floats(0.5, 20.0)), initial_kwh=0.3,
        floor_kwh=rng.uniform(0, 0.3, intervals) * draw(st.sampled_from([0.0, 1.0])),
        charge_efficiency=efficiency, discharge_efficiency=efficiency,
        wear_usd_per_kwh=draw(st.sampled_from([0.0, 0.03])), end_usd_per_kwh=draw(st.sampled_from([0.0, 0.3, -0.1])),
    )  # fmt: skip


def drawn_car(draw: st.DrawFn, rng: np.random.Generator, surplus: np.ndarray) -> Store:
    """Plugged in for fourteen hours a day; what it needs is what it can have, where it asks for more."""
    intervals = len(surplus)
    plugged = (np.arange(intervals) + draw(st.integers(0, 95))) % 96 < 56
    leaves = np.append(plugged[:-1] & ~plugged[1:], False)
    need, power = draw(st.sampled_from([0.0, 2.0, 9.0])), np.where(plugged, 7.0, 0.0)
    arriving, trip, floor, energy = np.append(False, leaves[:-1]), np.zeros(intervals), np.zeros(intervals), 5.0
    for t in range(intervals):
        trip[t] = min(4.0, energy) if arriving[t] else 0.0
        energy = min(energy - trip[t] + INTERVAL_HOURS * 0.9 * power[t], 12.0)
        floor[t] = min(max(need, 4.0), energy) if leaves[t] else 0.0
    return store_of(
        intervals, max_charge_kw=power, max_discharge_kw=0.0, floor_kwh=floor, ceiling_kwh=12.0, trip_kwh=trip,
        initial_kwh=5.0, charge_efficiency=0.9, end_usd_per_kwh=draw(st.sampled_from([0.0, 0.3])),
    )  # fmt: skip


@st.composite
def homes(draw: st.DrawFn, devices: tuple[tuple[str, ...], ...]) -> Home:
    """A home over up to two days, with ties, zeros, negative prices and spikes, and one of the sets of devices."""
    intervals = draw(st.integers(1, 192))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lmp = rng.choice(np.array(draw(st.lists(PRICES, min_size=1, max_size=8))), intervals)
    if draw(st.booleans()):
        lmp = lmp + rng.normal(0, 0.05, intervals)
    credit = draw(st.sampled_from([0.0, 0.05, 0.3]))
    surplus = rng.uniform(-3, 4, intervals) * draw(st.sampled_from([0.0, 1.0]))
    drawn = {"battery": drawn_battery, "car": drawn_car}
    stores = [drawn[device](draw, rng, surplus) for device in draw(st.sampled_from(devices))]
    return Home(surplus, lmp + 0.3, lmp + credit, np.arange(intervals) // 96, tuple(stores))


@settings(max_examples=60)
@given(homes((("battery",), ("car",))))
def test_a_chain_earns_what_the_linear_program_earns_and_proves_it(home: Home) -> None:
    schedules, bound = solve_alone(home)
    assert broken_kwh(home, schedules) < 1e-9
    earned = earned_usd(home, schedules)
    reference, reference_bound = solve_program(home)
    assert -1e-9 < bound - earned < 1e-7
    assert earned <= reference_bound + 1e-7
    assert earned == pytest.approx(earned_usd(home, reference), rel=1e-7, abs=1e-6)


@settings(max_examples=40)
@given(homes((("battery", "car"), ("car", "car"), ("battery", "car", "car"))), st.sampled_from([np.inf, 1.0, 0.1]))
def test_stores_that_share_a_meter_earn_what_the_linear_program_earns(home: Home, daily_kwh: float) -> None:
    home = replace(
        home,
        stores=tuple(replace(s, daily_kwh=daily_kwh if s.max_discharge_kw.any() else np.inf) for s in home.stores),
    )
    schedules, gap = solve_home(home)
    earned = earned_usd(home, schedules)
    reference, reference_bound = solve_program(home)
    assert broken_kwh(home, schedules) < 1e-6
    assert 0 <= gap < 1e-6
    assert earned <= reference_bound + 1e-7
    assert earned == pytest.approx(earned_usd(home, reference), rel=1e-7, abs=1e-6)
    assert solve_together(home)[1] >= earned_usd(home, reference) - 1e-6, "a bound holds however far the method got"


@settings(max_examples=20)
@given(homes((("battery",), ("car",))), st.integers(0, 2**32 - 1))
def test_any_prices_of_stored_energy_bound_every_schedule(home: Home, seed: int) -> None:
    schedules, _ = solve_alone(home)
    prices = np.random.default_rng(seed).normal(0.1, 0.3, len(home.day))
    assert dual_usd(chain_of(home, home.stores[0]), prices) >= earned_usd(home, schedules) - 1e-9


def drawn_reserve(draw: st.DrawFn, rng: np.random.Generator, store: Store) -> Reserve:
    """Prices with ties and zeros, windows of 15 to 60 min some of which are called, energy for 30 to 120 min."""
    intervals = len(store.floor_kwh)
    price = rng.choice(np.array(draw(st.lists(RESERVE_PRICES, min_size=1, max_size=4))), intervals)
    window = draw(st.sampled_from([1, 2, 4]))
    called = rng.random(intervals + window) < draw(st.sampled_from([0.0, 0.05, 1.0]))
    later = since_call(called[: -(-intervals // window) * window], window)[:intervals]
    most = draw(st.sampled_from([0.0, 0.7, 3.0])) * np.ones(intervals)
    sustain = draw(st.sampled_from([0.5, 1.0, 2.0])) / store.discharge_efficiency
    below = rng.uniform(0, 5, intervals) * draw(st.sampled_from([0.0, 1.0]))
    return Reserve(price, np.where(price > 0, most, 0.0), sustain + below, ~later)


@st.composite
def holding(draw: st.DrawFn) -> Home:
    """Homes whose battery holds reserve, with and without cars and a daily limit."""
    home = draw(homes((("battery",), ("battery", "car"), ("battery", "car", "car"))))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    battery = replace(home.stores[0], daily_kwh=draw(st.sampled_from([np.inf, 1.0, 0.1])))
    power = draw(st.sampled_from([None, 0.0, 3.0]))
    if power is not None:
        battery = replace(battery, max_discharge_kw=np.full(len(home.day), power))
    battery = replace(battery, reserve=drawn_reserve(draw, rng, battery))
    return replace(home, stores=(battery, *home.stores[1:]))


@settings(max_examples=60)
@given(holding())
def test_homes_with_reserve_earn_what_the_linear_program_earns(home: Home) -> None:
    schedules, gap = solve_home(home)
    earned = earned_usd(home, schedules)
    reference, reference_bound = solve_program(home)
    assert broken_kwh(home, schedules) < 1e-6 and broken_kwh(home, reference) < 1e-6
    assert 0 <= gap < 1e-6
    assert earned <= reference_bound + 1e-7
    assert earned == pytest.approx(earned_usd(home, reference), rel=1e-7, abs=1e-6)
    assert solve_together(home)[1] >= earned_usd(home, reference) - 1e-6, "a bound holds however far the method got"


@settings(max_examples=20)
@given(holding(), st.integers(0, 2**32 - 1))
def test_any_prices_of_rows_bound_every_schedule_with_reserve(home: Home, seed: int) -> None:
    schedules, bound = solve_together(home)
    limits = [Within.of(store) for store in home.stores]
    program = shared_meter.staged(home, limits, Stocks.of(home, limits))
    _, prices, _ = interior.solve_staged(program)
    constant = bound + interior.dual_usd(program, prices)
    rng = np.random.default_rng(seed)
    other = staged.Prices(*(column + rng.normal(0.0, 0.3, column.shape) for column in prices))
    other.mu[program.kappa == 0] = 0.0
    assert constant - interior.dual_usd(program, other) >= earned_usd(home, schedules) - 1e-6
