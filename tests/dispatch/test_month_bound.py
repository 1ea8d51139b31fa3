"""The month's bound on whole fleets: above every feasible schedule, certified, and what the books say it is."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.invented import invented_inputs
from vpp_core.dispatch import month_bound as module
from vpp_core.dispatch.bound.homes import Homes, Schedule, broken_kwh, earned_usd
from vpp_core.dispatch.month_bound import month_bound
from vpp_core.fleet.population import generate_fleet
from vpp_core.market.inputs import Inputs
from vpp_core.scenario import Tariff
from vpp_core.settlement.books import make_books
from vpp_core.settlement.trajectory import Trajectory
from vpp_core.simulation import run
from vpp_core.sources.orientations import ORIENTATIONS
from vpp_core.strategies.no_vpp import NoVpp

EQUIPPED = [home for home in range(60) if generate_fleet(60, 11).has_battery[home]]
"""Homes with a battery, of a population that has every kind of home."""
PRICES = st.sampled_from([0.0, -500.0, 2000.0, 30.0]) | st.floats(-500, 2000)


@st.composite
def fleets(draw: st.DrawFn) -> Inputs:
    """One to four homes over a day or two, batteries likely, prices with zeros, −500 and +2,000."""
    population = generate_fleet(60, 11)
    some = draw(st.lists(st.sampled_from(EQUIPPED) | st.integers(0, 59), min_size=1, max_size=4, unique=True))
    days = draw(st.integers(1, 2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lmp = rng.choice(np.array(draw(st.lists(PRICES, min_size=1, max_size=12))), 96 * days)
    if draw(st.booleans()):
        lmp = lmp + rng.normal(0, 5, 96 * days)
    return invented_inputs(fleet=population.take(np.array(some)), days=days, lmp=lmp, seed=draw(st.integers(0, 99)))


def settled_usd(inputs: Inputs, trajectory: Trajectory) -> float:
    return float(make_books(inputs, trajectory, alone(inputs)).money["surplus_usd"].sum())


def alone(inputs: Inputs) -> Trajectory:
    return run(inputs, NoVpp(), None)[0]


def mixed(share: float, a: Trajectory, b: Trajectory) -> Trajectory:
    """Part of one schedule and part of another: feasible where both are, since all limits are linear."""
    parts = {f.name: share * getattr(a, f.name) + (1 - share) * getattr(b, f.name) for f in fields(Trajectory)}
    return Trajectory(**parts)


def schedules_of(homes: Homes, home: int, trajectory: Trajectory) -> list[Schedule]:
    columns = []
    for store in homes.home(home).stores:
        if store.car is None:
            of_battery = (trajectory.charge_kw, trajectory.discharge_kw, trajectory.stored_kwh)
            columns.append(Schedule(*(column[:, home] for column in of_battery)))
        else:
            charge = trajectory.car_kw[:, store.car]
            columns.append(Schedule(charge, np.zeros_like(charge), trajectory.car_kwh[:, store.car]))
    return columns


@settings(max_examples=40)
@given(fleets(), st.booleans(), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_no_feasible_schedule_settles_above_the_bound(inputs: Inputs, obeys: bool, share: float, seed: int) -> None:
    """Feasible are what would be best at other prices, leaving all alone, and everything between."""
    other_lmp = np.random.default_rng(seed).normal(100, 300, len(inputs.period))
    other = month_bound(replace(inputs, lmp_usd_per_mwh=other_lmp), obeys)[0]
    schedule = mixed(share, other, alone(inputs))
    homes = Homes.of(inputs, obeys)
    for home in range(len(inputs.fleet)):
        assert broken_kwh(homes.home(home), schedules_of(homes, home, schedule)) < 1e-6
    trajectory, gap = month_bound(inputs, obeys)
    bound = settled_usd(inputs, trajectory)
    assert bound + gap >= settled_usd(inputs, schedule) - 1e-6
    assert bound + gap >= -1e-6, "leaving all alone earns 0"
    assert 0 <= gap < 1e-5


@settings(max_examples=25)
@given(fleets())
def test_obeying_preferences_never_earns_more(inputs: Inputs) -> None:
    aware, _ = month_bound(inputs, True)
    free, gap = month_bound(inputs, False)
    assert settled_usd(inputs, aware) <= settled_usd(inputs, free) + gap + 1e-6


@settings(max_examples=25)
@given(fleets(), st.booleans())
def test_the_books_say_what_the_objective_says(inputs: Inputs, obeys: bool) -> None:
    homes, counterfactual = Homes.of(inputs, obeys), alone(inputs)
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
        fleet=twin, days=2, lmp=once.lmp_usd_per_mwh, load_kw=np.tile(load, 2), pv_per_kw=sun
    )  # fmt: skip
    single, double = month_bound(once, obeys)[0], month_bound(twice, obeys)[0]
    assert settled_usd(twice, double) == pytest.approx(2 * settled_usd(once, single), abs=1e-9)
    for column in fields(Trajectory):
        assert np.array_equal(np.tile(getattr(single, column.name), 2), getattr(double, column.name)), column.name


def test_the_number_of_workers_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = invented_inputs(homes=20, days=2, seed=7)
    results = []
    for workers in (1, 3):
        monkeypatch.setattr(module, "WORKERS", workers)
        results.append(month_bound(inputs, True))
    (one, gap_one), (three, gap_three) = results
    assert gap_one == gap_three
    for column in fields(Trajectory):
        assert np.array_equal(getattr(one, column.name), getattr(three, column.name)), column.name


@pytest.mark.parametrize("obeys", [True, False])
def test_where_all_prices_are_zero_what_is_earned_is_the_wear_saved(obeys: bool) -> None:
    free = Tariff(import_usd_per_kwh=(0.0,), export_usd_per_kwh=(0.0,))
    inputs = invented_inputs(homes=10, days=2, lmp=0.0, tariff=free)
    trajectory, gap = month_bound(inputs, obeys)
    wear = (alone(inputs).discharge_kw * 0.25 * inputs.batteries.wear_usd_per_kwh).sum()
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
        load_kw=np.zeros((96, 1)), end_energy_price="mean_lmp",
    )  # fmt: skip
    b = inputs.batteries
    power, efficiency, wear = b.max_power_kw[0], b.discharge_efficiency[0], b.wear_usd_per_kwh[0]
    all_of_it = (b.initial_kwh[0] - b.floor_kwh[0]) * efficiency
    in_the_spike = power / 4
    kept_is_worth = 1.0 / 96
    assert in_the_spike < all_of_it and kept_is_worth < 0.05 - wear
    pencil = in_the_spike * 1.0 + all_of_it * (0.05 - wear - kept_is_worth)
    trajectory, gap = month_bound(inputs, False)
    assert settled_usd(inputs, trajectory) == pytest.approx(pencil, abs=1e-9) and gap < 1e-9
