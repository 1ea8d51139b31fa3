"""The month's bound against the same problem written a second time, from the model's page, in linopy.

Nothing of `vpp_core.dispatch` is used here: variables carry their own dimensions, preferences are written as the page
has them, (discharge − netload)⁺ as a variable of its own, all homes are one program.
"""

from __future__ import annotations

import linopy
import numpy as np
import pytest
import xarray

from tests.invented import invented_inputs
from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.month_bound import month_bound
from vpp_core.fleet.devices import Permission
from vpp_core.market.contingencies import since_call
from vpp_core.market.inputs import Inputs
from vpp_core.settlement.books import end_energy_prices, make_books
from vpp_core.simulation import run
from vpp_core.strategies.no_vpp import NoVpp

pytestmark = pytest.mark.filterwarnings("ignore:Variable '.*' has absent slots")
"""The first interval's shifted energies are absent; those rows are left out, and written apart."""


WEAR_OF_CARS_USD_PER_KWH = 0.03


def optimum_usd(inputs: Inputs, obeys: bool) -> float:
    """The most that meters, wear and stored energy can earn over the period, all homes together [$]."""
    b, cars, h = inputs.batteries, inputs.cars, INTERVAL_HOURS
    allowed = Permission.of(inputs.fleet, b, cars, obeys)
    counterfactual = run(inputs, NoVpp(), None)[0]
    steps, homes, many = len(inputs.period), len(inputs.fleet), len(cars)

    def of_homes(values: np.ndarray) -> xarray.DataArray:
        shaped = np.broadcast_to(values, (steps, homes))
        return xarray.DataArray(shaped, dims=("t", "home"), coords={"t": np.arange(steps), "home": np.arange(homes)})

    def of_cars(values: np.ndarray) -> xarray.DataArray:
        shaped = np.broadcast_to(values, (steps, many))
        return xarray.DataArray(shaped, dims=("t", "car"), coords={"t": np.arange(steps), "car": np.arange(many)})

    netload, sun = np.maximum(-inputs.surplus_kw, 0), np.maximum(inputs.surplus_kw, 0)
    power = np.broadcast_to(b.max_power_kw, (steps, homes))
    charge_limit = discharge_limit = power
    floor = np.broadcast_to(b.floor_kwh, (steps, homes))
    if obeys:
        offered = inputs.fleet.participation_willingness * b.max_power_kw
        charge_limit, discharge_limit = np.minimum(power, sun + offered), np.minimum(power, netload + offered)
        floor = np.minimum(b.backup_kwh, counterfactual.stored_kwh)

    model = linopy.Model()
    imports = model.add_variables(lower=of_homes(np.zeros(1)), name="import")
    exports = model.add_variables(lower=of_homes(np.zeros(1)), name="export")
    charge = model.add_variables(lower=of_homes(np.zeros(1)), upper=of_homes(charge_limit), name="charge")
    discharge = model.add_variables(lower=of_homes(np.zeros(1)), upper=of_homes(discharge_limit), name="discharge")
    energy = model.add_variables(lower=of_homes(floor), upper=of_homes(b.ceiling_kwh), name="energy")
    change = h * (of_homes(b.charge_efficiency) * charge - of_homes(1 / b.discharge_efficiency) * discharge)
    model.add_constraints((energy - energy.shift(t=1) - change).isel(t=slice(1, None)) == 0, name="battery")
    model.add_constraints(
        (energy - change).isel(t=0) == xarray.DataArray(b.initial_kwh, dims="home"), name="battery start"
    )
    if obeys:
        beyond = model.add_variables(lower=of_homes(np.zeros(1)), name="beyond")
        model.add_constraints(beyond - discharge >= of_homes(-netload), name="beyond the load")
        taken = of_homes(h / b.discharge_efficiency) * beyond
        for day in np.unique(inputs.period.day_of_interval):
            within = np.flatnonzero(inputs.period.day_of_interval == day)
            limit = xarray.DataArray(allowed.daily_kwh, dims="home")
            model.add_constraints(taken.isel(t=within).sum("t") <= limit, name=f"day {day}")

    load = 0
    worth = 0
    paid = _reserve_usd(model, inputs, allowed, floor, discharge_limit) if inputs.sells_reserves else 0
    battery_worth, car_worth = end_energy_prices(inputs)
    if many:
        most = np.where(cars.plugged, cars.max_charge_kw, 0.0)
        moved = of_cars(np.where(allowed.car_movable, most, cars.counterfactual_kw))
        least = of_cars(np.where(allowed.car_movable, 0.0, cars.counterfactual_kw))
        need = np.full((steps, many), -np.inf)
        leaving = np.vstack([cars.plugged[:-1] & ~cars.plugged[1:], cars.plugged[-1:]])
        need[leaving] = allowed.car_need_kwh[leaving]
        need = np.minimum(np.maximum(need, np.minimum(cars.floor_kwh, cars.initial_kwh)), cars.target_kwh)
        charging = model.add_variables(lower=least, upper=moved, name="car charge")
        aboard = model.add_variables(lower=of_cars(need), upper=of_cars(cars.target_kwh), name="car energy")
        plugged_and_movable = cars.plugged & allowed.car_movable
        offered = inputs.fleet.participation_willingness[cars.home] if obeys else 1.0
        gives = np.where(
            plugged_and_movable, np.where(inputs.fleet.cars.v2g, cars.max_discharge_kw, 0.0) * offered, 0.0
        )
        giving = model.add_variables(lower=of_cars(np.zeros(1)), upper=of_cars(gives), name="car discharge")
        gained = h * (
            of_cars(cars.charge_efficiency) * charging - of_cars(1 / inputs.fleet.cars.discharge_efficiency) * giving
        )
        if obeys:
            share = inputs.fleet.max_discharge_share[cars.home] * inputs.fleet.cars.capacity_kwh
            given = of_cars(h / inputs.fleet.cars.discharge_efficiency) * giving
            for day in np.unique(inputs.period.day_of_interval):
                within = np.flatnonzero(inputs.period.day_of_interval == day)
                limit = xarray.DataArray(share.astype(float), dims="car")
                model.add_constraints(given.isel(t=within).sum("t") <= limit, name=f"cars on day {day}")
        trip = of_cars(cars.trip_kwh)
        model.add_constraints(
            (aboard - aboard.shift(t=1) - gained).isel(t=slice(1, None)) == -trip.isel(t=slice(1, None)), name="cars"
        )
        start = xarray.DataArray(cars.initial_kwh - cars.trip_kwh[0], dims="car")
        model.add_constraints((aboard - gained).isel(t=0) == start, name="car start")
        owner = xarray.DataArray(np.equal.outer(np.arange(homes), cars.home).astype(float), dims=("home", "car"))
        load = (owner * (charging - giving)).sum("car")
        worth = (xarray.DataArray(car_worth, dims="car") * aboard.isel(t=-1)).sum()
        worth = worth - (h * WEAR_OF_CARS_USD_PER_KWH * giving).sum()
    model.add_constraints(
        exports - imports - discharge + charge + load == of_homes(inputs.surplus_kw), name="meter"
    )  # fmt: skip
    lmp = inputs.lmp_usd_per_mwh[:, None] / 1000
    sold = (h * of_homes(lmp + inputs.export_usd_per_kwh[:steps, None]) * exports).sum()
    bought = (h * of_homes(lmp + inputs.import_usd_per_kwh[:steps, None]) * imports).sum()
    worn = (h * of_homes(b.wear_usd_per_kwh) * discharge).sum()
    kept = (xarray.DataArray(battery_worth, dims="home") * energy.isel(t=-1)).sum()
    model.add_objective(sold - bought - worn + kept + worth + paid, sense="max")
    status, condition = model.solve(solver_name="highs", io_api="direct", output_flag=False)
    assert (status, condition) == ("ok", "optimal")
    return float(model.objective.value)


def _reserve_usd(
    model: linopy.Model, inputs: Inputs, allowed: Permission, floor: np.ndarray, discharge_limit: np.ndarray
) -> linopy.LinearExpression:
    """Add reserve to the program; returns what it earns.

    A home holds some, and then its energy is above what is protected and what sustains it, or holds none, and then its
    energy is above the floor: a share of each, both with their own energy (a convex hull in its disjunctive form).
    """
    b, rules, energy = inputs.batteries, inputs.scenario.market, model.variables["energy"]
    coords = energy.coords

    def columns(values: np.ndarray) -> xarray.DataArray:
        return xarray.DataArray(np.array(np.broadcast_to(values, energy.shape)), coords=coords, dims=energy.dims)

    zero = columns(np.zeros(1))
    spin = model.add_variables(lower=zero, name="spin")
    nonspin = model.add_variables(lower=zero, name="nonspin")
    share = model.add_variables(lower=zero, upper=zero + 1, name="share that holds")
    above = model.add_variables(lower=zero, name="energy of the share that holds")
    held = spin + nonspin
    applies = columns(~since_call(inputs.called, inputs.windows.length)[:, None])
    duration = columns(rules.reserve_duration_minutes / 60 / b.discharge_efficiency)
    protected, ceiling = columns(allowed.battery_floor_kwh), columns(b.ceiling_kwh)
    model.add_constraints(held <= columns(allowed.battery_power_kw), name="offered")
    model.add_constraints(
        held + model.variables["discharge"] <= columns(discharge_limit), mask=applies, name="headroom"
    )  # fmt: skip
    model.add_constraints(held - columns(allowed.battery_power_kw) * share <= 0, mask=applies, name="held by a share")
    model.add_constraints(above - protected * share - duration * held >= 0, mask=applies, name="sustained")
    model.add_constraints(above - ceiling * share <= 0, mask=applies, name="full share")
    rest = energy - above
    model.add_constraints(rest + columns(floor) * share >= columns(floor), mask=applies, name="empty rest")
    model.add_constraints(rest + ceiling * share <= ceiling, mask=applies, name="full rest")
    spin_price, nonspin_price = (columns(np.nan_to_num(price)[:, None] / 1000) for price in inputs.price[1:])
    return (INTERVAL_HOURS * (spin_price * spin + nonspin_price * nonspin)).sum()


def counterfactual_usd(inputs: Inputs) -> float:
    """The same money of all devices left alone [$]."""
    alone = run(inputs, NoVpp(), None)[0]
    car_kw = np.zeros_like(inputs.surplus_kw)
    np.add.at(car_kw.T, inputs.cars.home, alone.car_kw.T)
    meter = inputs.surplus_kw + alone.battery_kw - car_kw
    lmp, steps = inputs.lmp_usd_per_mwh[:, None] / 1000, len(inputs.period)
    price = lmp + np.where(meter > 0, inputs.export_usd_per_kwh[:steps, None], inputs.import_usd_per_kwh[:steps, None])
    battery_worth, car_worth = end_energy_prices(inputs)
    earned = INTERVAL_HOURS * (price * meter - inputs.batteries.wear_usd_per_kwh * alone.discharge_kw).sum()
    return float(earned + battery_worth @ alone.stored_kwh[-1] + car_worth @ alone.car_kwh[-1])


def check(inputs: Inputs, obeys: bool) -> None:
    trajectory, gap = month_bound(inputs, obeys)
    books = make_books(inputs, trajectory, run(inputs, NoVpp(), None)[0])
    second = optimum_usd(inputs, obeys) - counterfactual_usd(inputs)
    assert second > 1.0
    assert books.money["surplus_usd"].sum() == pytest.approx(second, rel=1e-6)
    assert gap < 1e-6 * second


@pytest.mark.parametrize("obeys", [True, False])
@pytest.mark.parametrize("seed", [1, 2])
def test_two_days_of_twelve_homes_agree_with_a_second_formulation(seed: int, obeys: bool) -> None:
    check(invented_inputs(homes=12, days=2, seed=seed), obeys)


@pytest.mark.parametrize("obeys", [True, False])
@pytest.mark.parametrize(("minutes", "window"), [(30, 15), (120, 30)])
def test_so_they_do_with_calls_in_short_windows_and_other_durations(minutes: int, window: int, obeys: bool) -> None:
    rules = {"reserve_duration_minutes": minutes, "window_minutes": window, "contingencies_per_month": 20.0}
    inputs = invented_inputs(homes=12, days=2, seed=4, **rules)
    assert inputs.called.any()
    check(inputs, obeys)


@pytest.mark.parametrize("obeys", [True, False])
def test_so_they_do_without_reserve(obeys: bool) -> None:
    check(invented_inputs(homes=12, days=2, seed=1, reserves=False), obeys)


@pytest.mark.parametrize("obeys", [True, False])
def test_so_they_do_where_all_cars_discharge(obeys: bool) -> None:
    inputs = invented_inputs(homes=8, days=2, seed=5, v2g=True)
    assert month_bound(inputs, obeys)[0].car_discharge_kw.max() > 1.0
    check(inputs, obeys)


@pytest.mark.slow
@pytest.mark.parametrize("obeys", [True, False])
def test_a_week_of_twenty_homes_agrees_with_a_second_formulation(obeys: bool) -> None:
    check(invented_inputs(homes=20, days=7, seed=42), obeys)
