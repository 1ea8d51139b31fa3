"""The month's bound on whole fleets: above every feasible schedule, certified, and what the books say it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.invented import invented_inputs
from vpp_core.dispatch import month_bound as module
from vpp_core.dispatch.bound.homes import BoundHomes, Schedule, broken_kwh, earned_usd
from vpp_core.dispatch.month_bound import month_bound
from vpp_core.fleet.population import generate_fleet
from vpp_core.market.inputs import Inputs
from vpp_core.market.segments import ENERGY, NONSPIN, SPIN
from vpp_core.scenario import Tariff
from vpp_core.settlement.books import make_books
from vpp_core.settlement.trajectory import BY_INTERVAL, Trajectory
from vpp_core.simulation import run
from vpp_core.sources.orientations import ORIENTATIONS
from vpp_core.strategies.no_vpp import NoVpp

EQUIPPED = [home for home in range(60) if generate_fleet(60, 11).has_battery[home]]
"""Homes with a battery, of a population that has every kind of home."""
PRICES = st.sampled_from([0.0, -500.0, 2000.0, 30.0]) | st.floats(-500, 2000)
RESERVE_PRICES = st.sampled_from([0.0, 5.0, 50.0, -1.0, np.nan]) | st.floats(0, 500)


@st.composite
def fleets(draw: st.DrawFn) -> Inputs:
    """One to four homes over a day or two, batteries likely, prices with zeros, −500 and +2,000; reserve prices with
    ties and zeros, or none, and calls.
    """
    population = generate_fleet(60, 11, appliance_shares={"water_heater": 0.4})
    some = draw(st.lists(st.sampled_from(EQUIPPED) | st.integers(0, 59), min_size=1, max_size=4, unique=True))
    days = draw(st.integers(1, 2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lmp = rng.choice(np.array(draw(st.lists(PRICES, min_size=1, max_size=12))), 96 * days)
    if draw(st.booleans()):
        lmp = lmp + rng.normal(0, 5, 96 * days)
    spin = rng.choice(np.array(draw(st.lists(RESERVE_PRICES, min_size=1, max_size=4))), 96 * days)
    reserve = np.stack([spin, np.where(rng.random(96 * days) < 0.5, spin, 0.6 * spin)])
    return invented_inputs(
        fleet=population.take(np.array(some)), days=days, lmp=lmp, seed=draw(st.integers(0, 99)),
        reserve=reserve if draw(st.booleans()) else np.nan, v2g=draw(st.booleans()), contingencies_per_month=20.0,
        window_minutes=draw(st.sampled_from([15, 30, 60])),
        reserve_duration_minutes=draw(st.sampled_from([30, 60, 120])),
    )  # fmt: skip


def with_lmp(inputs: Inputs, lmp: np.ndarray) -> Inputs:
    return replace(inputs, price=np.vstack([lmp, inputs.price[SPIN:]]))


def settled_usd(inputs: Inputs, trajectory: Trajectory) -> float:
    return float(make_books(inputs, trajectory, alone(inputs)).money["surplus_usd"].sum())


def alone(inputs: Inputs) -> Trajectory:
    return run(inputs, NoVpp(), None)[0]


def mixed(share: float, a: Trajectory, b: Trajectory) -> Trajectory:
    """Part of one schedule and part of another: feasible where both are, since all limits are linear."""
    parts = {name: share * getattr(a, name) + (1 - share) * getattr(b, name) for name in BY_INTERVAL}
    return replace(a, **parts)


def schedules_of(homes: BoundHomes, home: int, trajectory: Trajectory) -> list[Schedule]:
    columns = (trajectory.charge_kw, trajectory.discharge_kw, trajectory.energy_kwh, trajectory.reserve_kw)
    return [Schedule(*(values[:, store.column] for values in columns)) for store in homes.home(home).stores]


@settings(max_examples=12)
@given(fleets(), st.booleans(), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_no_feasible_schedule_settles_above_the_bound(inputs: Inputs, obeys: bool, share: float, seed: int) -> None:
    """Feasible are what would be best at other prices, leaving all alone, and everything between."""
    other_lmp = np.random.default_rng(seed).normal(100, 300, len(inputs.period))
    other = month_bound(with_lmp(inputs, other_lmp), obeys)[0]
    schedule = mixed(share, other, alone(inputs))
    homes = BoundHomes.of(inputs, obeys)
    for home in range(len(inputs.fleet)):
        assert broken_kwh(homes.home(home), schedules_of(homes, home, schedule)) < 1e-6
    trajectory, gap = month_bound(inputs, obeys)
    bound = settled_usd(inputs, trajectory)
    assert bound + gap >= settled_usd(inputs, schedule) - 1e-6
    assert bound + gap >= -1e-6, "leaving all alone earns 0"
    assert 0 <= gap < 1e-5


@settings(max_examples=8)
@given(fleets())
def test_obeying_preferences_never_earns_more(inputs: Inputs) -> None:
    aware, _ = month_bound(inputs, True)
    free, gap = month_bound(inputs, False)
    assert settled_usd(inputs, aware) <= settled_usd(inputs, free) + gap + 1e-6


@settings(max_examples=8)
@given(fleets(), st.booleans())
def test_the_books_say_what_the_objective_says(inputs: Inputs, obeys: bool) -> None:
    homes, counterfactual = BoundHomes.of(inputs, obeys), alone(inputs)
    trajectory, _ = month_bound(inputs, obeys)
    expected = 0.0
    for home in range(len(inputs.fleet)):
        problem = homes.home(home)
        expected += earned_usd(problem, schedules_of(homes, home, trajectory))
        expected -= earned_usd(problem, schedules_of(homes, home, counterfactual))
    assert settled_usd(inputs, trajectory) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("obeys", [True, False])
def test_every_home_twice_earns_twice(obeys: bool) -> None:
    fleet = generate_fleet(12, 3)
    rng = np.random.default_rng(5)
    load, sun = rng.uniform(0.1, 2.0, (192, 12)), rng.uniform(0.0, 0.8, (192, len(ORIENTATIONS)))
    once = invented_inputs(fleet=fleet, days=2, seed=5, load_kw=load, pv_per_kw=sun)
    twin = replace(fleet.take(np.tile(np.arange(12), 2)), load_profile_id=np.arange(24, dtype=np.int32))
    twice = invented_inputs(
        fleet=twin, days=2, lmp=once.price[ENERGY], reserve=once.price[SPIN:], load_kw=np.tile(load, 2), pv_per_kw=sun
    )  # fmt: skip
    assert once.sells_reserves
    single, double = month_bound(once, obeys)[0], month_bound(twice, obeys)[0]
    kinds = [np.arange(len(once.stores))[once.stores.of_kind(name)] for name in once.stores.kinds]
    of_first = np.concatenate([np.tile(columns, 2) for columns in kinds])
    assert settled_usd(twice, double) == pytest.approx(2 * settled_usd(once, single), abs=1e-9)
    for column in BY_INTERVAL:
        of_both = getattr(double, column)
        expected = getattr(single, column)
        expected = expected if column.startswith("short_") else expected[..., of_first]
        assert np.array_equal(expected, of_both), column


def test_the_number_of_workers_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = invented_inputs(homes=20, days=2, seed=7)
    results = []
    for workers in (1, 3):
        monkeypatch.setattr(module, "WORKERS", workers)
        results.append(month_bound(inputs, True))
    (one, gap_one), (three, gap_three) = results
    assert gap_one == gap_three
    for column in BY_INTERVAL:
        assert np.array_equal(getattr(one, column), getattr(three, column)), column


@pytest.mark.parametrize("obeys", [True, False])
@pytest.mark.parametrize("period", [{}, {"reserves": False}, {"v2g": True}])
def test_an_ordinary_fleet_is_proven_best_by_the_fast_ways_alone(
    period: dict[str, bool], obeys: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A schedule or certificate of theirs that is off by a little would be made good by the linear program, unseen."""

    def never(_: object) -> None:
        raise AssertionError("the linear program was asked")

    monkeypatch.setattr(module, "solve_program", never)
    inputs = invented_inputs(homes=40, days=2, seed=7, **period)
    trajectory, gap = month_bound(inputs, obeys)
    assert settled_usd(inputs, trajectory) > 1.0 and gap < 1e-6


@pytest.mark.parametrize("obeys", [True, False])
def test_where_all_prices_are_zero_what_is_earned_is_the_wear_saved(obeys: bool) -> None:
    free = Tariff(import_usd_per_kwh=(0.0,), export_usd_per_kwh=(0.0,))
    inputs = invented_inputs(homes=10, days=2, lmp=0.0, reserve=0.0, tariffs=(free,))
    trajectory, gap = month_bound(inputs, obeys)
    wear = (alone(inputs).discharge_kw * 0.25 * inputs.stores.wear_usd_per_kwh).sum()
    assert settled_usd(inputs, trajectory) == pytest.approx(wear, abs=1e-6)
    assert trajectory.discharge_kw.max() < 1e-6 and gap < 1e-6


def test_one_battery_and_one_spike_earn_what_the_pencil_says() -> None:
    """Prices are 0 but for one quarter at 1,000, the home uses nothing: all power for that quarter, the rest whenever.

    A kWh sold earns the LMP and the export credit of 0.05 less wear; stored at the end it is worth the mean LMP.
    """
    fleet = generate_fleet(60, 11)
    home = next(i for i in EQUIPPED if fleet.pv_capacity_kw[i] == 0 and i not in fleet.cars.home)
    inputs = invented_inputs(
        fleet=fleet.take(np.array([home])), days=1, lmp=np.where(np.arange(96) == 40, 1000.0, 0.0),
        load_kw=np.zeros((96, 1)), end_energy_price="mean_lmp", reserve=np.nan,
    )  # fmt: skip
    b = inputs.stores
    power, efficiency, wear = b.max_discharge_kw[0], b.discharge_efficiency[0], b.wear_usd_per_kwh[0]
    all_of_it = (b.initial_kwh[0] - b.floor_kwh[0]) * efficiency
    in_the_spike = power / 4
    kept_is_worth = 1.0 / 96
    assert in_the_spike < all_of_it and kept_is_worth < 0.05 - wear
    pencil = in_the_spike * 1.0 + all_of_it * (0.05 - wear - kept_is_worth)
    trajectory, gap = month_bound(inputs, False)
    assert settled_usd(inputs, trajectory) == pytest.approx(pencil, abs=1e-9) and gap < 1e-9


@pytest.mark.parametrize("obeys", [True, False])
def test_without_a_reserve_price_every_bit_is_as_if_reserve_were_not_sold(obeys: bool) -> None:
    period = {"homes": 20, "days": 2, "seed": 7}
    unsold, gap = month_bound(invented_inputs(**period, reserves=False), obeys)
    for inputs in (invented_inputs(**period, reserve=0.0), invented_inputs(**period, reserve=np.nan)):
        unpaid, other_gap = month_bound(inputs, obeys)
        assert gap == other_gap
        for column in BY_INTERVAL:
            assert np.array_equal(getattr(unsold, column), getattr(unpaid, column)), column


@settings(max_examples=6)
@given(fleets(), st.booleans())
def test_selling_reserve_beside_energy_never_costs(inputs: Inputs, obeys: bool) -> None:
    only_energy = replace(inputs, price=np.vstack([inputs.price[ENERGY], np.full((2, len(inputs.period)), np.nan)]))
    with_reserve, gap = month_bound(inputs, obeys)
    assert settled_usd(inputs, with_reserve) + gap >= settled_usd(inputs, month_bound(only_energy, obeys)[0]) - 1e-6


@settings(max_examples=6)
@given(fleets(), st.booleans())
def test_reserve_is_held_in_the_dearer_product_and_only_where_it_is_paid(inputs: Inputs, obeys: bool) -> None:
    trajectory, _ = month_bound(inputs, obeys)
    spin, nonspin = (
        np.maximum(np.nan_to_num(inputs.price[SPIN]), 0),
        np.maximum(np.nan_to_num(inputs.price[NONSPIN]), 0),
    )
    assert not trajectory.spin_kw[(spin < nonspin) | (spin == 0)].any()
    assert not trajectory.nonspin_kw[nonspin <= spin].any()


@pytest.mark.parametrize("obeys", [True, False])
def test_a_battery_of_a_home_without_load_earns_the_reserve_price_on_what_its_energy_sustains(obeys: bool) -> None:
    """LMP, tariff and wear are 0: nothing else is worth anything. A kW for an hour is paid 10 cents, all day long."""
    population = generate_fleet(60, 11)
    homes = [i for i in EQUIPPED if population.pv_capacity_kw[i] == 0 and i not in population.cars.home]
    fleet = population.take(np.array(homes[:1]))
    fleet = replace(fleet, bess_initial_soc=fleet.bess_max_soc, bess_degradation_usd_per_kwh=np.zeros(1))
    inputs = invented_inputs(
        fleet=fleet, days=1, lmp=0.0, reserve=np.array([[100.0], [40.0]]) * np.ones(96), load_kw=np.zeros((96, 1)),
        tariffs=(Tariff(import_usd_per_kwh=(0.0,), export_usd_per_kwh=(0.0,)),), contingencies_per_month=0.0,
    )  # fmt: skip
    b, share = inputs.stores, float(fleet.participation_willingness[0]) if obeys else 1.0
    held = min(share * b.max_discharge_kw[0], (b.ceiling_kwh[0] - b.floor_kwh[0]) * b.discharge_efficiency[0])
    trajectory, gap = month_bound(inputs, obeys)
    assert settled_usd(inputs, trajectory) == pytest.approx(24 * held * 0.1, abs=1e-6) and gap < 1e-6
    assert trajectory.spin_kw[:, 0] == pytest.approx(held, abs=1e-6)
