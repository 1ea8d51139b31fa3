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
from vpp_core.market.contingencies import since_call
from vpp_core.market.inputs import Inputs
from vpp_core.settlement.books import end_energy_prices, make_books
from vpp_core.simulation import run
from vpp_core.strategies.no_vpp import NoVpp

pytestmark = pytest.mark.filterwarnings("ignore:Variable '.*' has absent slots")
"""The first interval's shifted energies are absent; those rows are left out, and written apart."""


def optimum_usd(inputs: Inputs, obeys: bool) -> float:
    """The most that meters, wear and stored energy can earn over the period, all homes together [$]."""
    own, fleet, h = inputs.stores, inputs.fleet, INTERVAL_HOURS
    counterfactual = run(inputs, NoVpp(), None)[0]
    steps, homes, many = len(inputs.period), len(fleet), len(own)
    sizes = {"t": steps, "home": homes, "store": many}

    def columns(values: np.ndarray, *dims: str) -> xarray.DataArray:
        shaped = np.array(np.broadcast_to(values, tuple(sizes[d] for d in dims)))
        return xarray.DataArray(shaped, dims=dims, coords={d: np.arange(sizes[d]) for d in dims})

    def over_time(values: np.ndarray) -> xarray.DataArray:
        return columns(values, "t", "store")

    max_charge, min_charge, max_discharge, floor = _limits(inputs, obeys, counterfactual.energy_kwh)
    netload = np.maximum(-inputs.net_generation_kw[:, own.home], 0.0)
    model = linopy.Model()
    zero = over_time(np.zeros(1))
    imports = model.add_variables(lower=columns(np.zeros(1), "t", "home"), name="import")
    exports = model.add_variables(lower=columns(np.zeros(1), "t", "home"), name="export")
    charge = model.add_variables(lower=over_time(min_charge), upper=over_time(max_charge), name="charge")
    discharge = model.add_variables(lower=zero, upper=over_time(max_discharge), name="discharge")
    energy = model.add_variables(lower=over_time(floor), upper=over_time(own.ceiling_kwh), name="energy")
    change = h * (over_time(own.charge_efficiency) * charge - over_time(1 / own.discharge_efficiency) * discharge)
    drawn = over_time(own.draw_kwh)
    model.add_constraints(
        (energy - energy.shift(t=1) - change).isel(t=slice(1, None)) == -drawn.isel(t=slice(1, None)), name="balance"
    )
    start = columns(own.initial_kwh - own.draw_kwh[0], "store")
    model.add_constraints((energy - change).isel(t=0) == start, name="start")
    if obeys:
        beyond = model.add_variables(lower=zero, name="beyond")
        free = np.where(own.follows_meter, netload, 0.0)
        model.add_constraints(beyond - discharge >= over_time(-free), name="beyond the load")
        taken = over_time(h / own.discharge_efficiency) * beyond
        limit = columns(own.capacity_kwh * fleet.max_discharge_share[own.home], "store")
        for day in np.unique(inputs.period.day_of_interval):
            within = np.flatnonzero(inputs.period.day_of_interval == day)
            model.add_constraints(taken.isel(t=within).sum("t") <= limit, name=f"day {day}")
    paid = _reserve_usd(model, inputs, obeys, floor, max_discharge) if inputs.sells_reserves else 0
    owner = columns(np.equal.outer(np.arange(homes), own.home).astype(float), "home", "store")
    moved = (owner * (charge - discharge)).sum("store")
    model.add_constraints(exports - imports + moved == columns(inputs.net_generation_kw, "t", "home"), name="meter")
    lmp = inputs.lmp_usd_per_mwh / 1000
    sold = (h * columns((lmp + inputs.export_usd_per_kwh[0, :steps])[:, None], "t", "home") * exports).sum()
    bought = (h * columns((lmp + inputs.import_usd_per_kwh[0, :steps])[:, None], "t", "home") * imports).sum()
    worn = (h * over_time(own.wear_usd_per_kwh) * discharge).sum()
    kept = (columns(end_energy_prices(inputs), "store") * energy.isel(t=-1)).sum()
    model.add_objective(sold - bought - worn + kept + paid, sense="max")
    status, condition = model.solve(solver_name="highs", io_api="direct", output_flag=False)
    assert (status, condition) == ("ok", "optimal")
    return float(model.objective.value)


def _limits(
    inputs: Inputs, obeys: bool, alone_kwh: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Most and least charge, most discharge and least energy of each store, (T, S) each."""
    own, shape = inputs.stores, inputs.stores.available.shape
    surplus, willing = inputs.net_generation_kw[:, own.home], inputs.fleet.participation_willingness[own.home]
    offered = own.max_discharge_kw * (willing if obeys else 1.0)
    charge = np.where(own.available, own.max_charge_kw, 0.0)
    discharge = np.where(own.available, np.broadcast_to(offered, shape), 0.0)
    least = np.zeros(shape)
    floor = np.broadcast_to(own.floor_kwh, shape).copy()
    there = own.available
    leaving = np.vstack([there[:-1] & ~there[1:], np.zeros_like(there[-1:])])
    need = own.asked_kwh if obeys else own.trip_asked_kwh
    leaves = leaving & ~own.follows_meter
    floor[leaves] = np.maximum(floor, need)[leaves]
    floor = np.minimum(floor, own.ceiling_kwh)
    for s in np.flatnonzero(own.follows_meter):
        if obeys:
            charge[:, s] = np.minimum(own.max_charge_kw[s], np.maximum(surplus[:, s], 0.0) + offered[s])
            discharge[:, s] = np.minimum(own.max_discharge_kw[s], np.maximum(-surplus[:, s], 0.0) + offered[s])
            floor[:, s] = np.minimum(own.backup_kwh[s], alone_kwh[:, s])
        else:
            discharge[:, s] = own.max_discharge_kw[s]
    if obeys:
        still = np.flatnonzero(~own.movable)
        charge[:, still] = least[:, still] = own.counterfactual_kw[:, still]
        discharge[:, still] = 0.0
    return charge, least, discharge, floor


def _reserve_usd(
    model: linopy.Model, inputs: Inputs, obeys: bool, floor: np.ndarray, discharge_limit: np.ndarray
) -> linopy.LinearExpression:
    """Add reserve to the program; returns what it earns.

    A battery holds some, and then its energy is above what is protected and what sustains it, or holds none, and then
    its energy is above the floor: a share of each, both with their own energy (a convex hull in its disjunctive form).
    """
    own, rules, energy = inputs.stores, inputs.scenario.market, model.variables["energy"]
    coords = energy.coords

    def columns(values: np.ndarray) -> xarray.DataArray:
        return xarray.DataArray(np.array(np.broadcast_to(values, energy.shape)), coords=coords, dims=energy.dims)

    zero = columns(np.zeros(1))
    willing = inputs.fleet.participation_willingness[own.home] if obeys else 1.0
    offered = columns(np.where(own.follows_meter, own.max_discharge_kw * willing, 0.0))
    spin = model.add_variables(lower=zero, name="spin")
    nonspin = model.add_variables(lower=zero, name="nonspin")
    share = model.add_variables(lower=zero, upper=zero + 1, name="share that holds")
    above = model.add_variables(lower=zero, name="energy of the share that holds")
    held = spin + nonspin
    applies = columns(~since_call(inputs.called, inputs.windows.length)[:, None] & own.follows_meter)
    duration = columns(rules.reserve_duration_minutes / 60 / own.discharge_efficiency)
    protected, ceiling = columns(own.backup_kwh if obeys else own.floor_kwh), columns(own.ceiling_kwh)
    model.add_constraints(held <= offered, name="offered")
    model.add_constraints(
        held + model.variables["discharge"] <= columns(discharge_limit), mask=applies, name="headroom"
    )  # fmt: skip
    model.add_constraints(held - offered * share <= 0, mask=applies, name="held by a share")
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
    meter = inputs.net_generation_kw.copy()
    np.add.at(meter.T, inputs.stores.home, (alone.discharge_kw - alone.charge_kw).T)
    lmp, steps = inputs.lmp_usd_per_mwh[:, None] / 1000, len(inputs.period)
    price = lmp + np.where(
        meter > 0, inputs.export_usd_per_kwh[0, :steps, None], inputs.import_usd_per_kwh[0, :steps, None]
    )
    earned = INTERVAL_HOURS * ((price * meter).sum() - (inputs.stores.wear_usd_per_kwh * alone.discharge_kw).sum())
    return float(earned + end_energy_prices(inputs) @ alone.energy_kwh[-1])


def check(inputs: Inputs, obeys: bool) -> None:
    trajectory, gap = month_bound(inputs, obeys)
    books = make_books(inputs, trajectory, run(inputs, NoVpp(), None)[0])
    second = optimum_usd(inputs, obeys) - counterfactual_usd(inputs)
    assert second > 1.0
    assert books.money["surplus_usd"].sum() == pytest.approx(second, rel=1e-6)
    assert gap < 1e-6 * second


@pytest.mark.parametrize("obeys", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_two_days_of_twelve_homes_agree_with_a_second_formulation(obeys: bool) -> None:
    check(invented_inputs(homes=12, days=2, seed=1), obeys)


@pytest.mark.parametrize(
    ("minutes", "window", "obeys"),
    [
        (30, 15, True),
        (120, 30, False),
        *(pytest.param(*rules, marks=pytest.mark.slow) for rules in ((30, 15, False), (120, 30, True))),
    ],
)
def test_so_they_do_with_calls_in_short_windows_and_other_durations(minutes: int, window: int, obeys: bool) -> None:
    rules = {"reserve_duration_minutes": minutes, "window_minutes": window, "contingencies_per_month": 20.0}
    inputs = invented_inputs(homes=12, days=1, seed=4, **rules)
    assert inputs.called.any()
    check(inputs, obeys)


@pytest.mark.parametrize("obeys", [True, False])
def test_so_they_do_without_reserve(obeys: bool) -> None:
    check(invented_inputs(homes=12, days=1, seed=1, reserves=False), obeys)


@pytest.mark.parametrize("obeys", [pytest.param(True, marks=pytest.mark.slow), False])
def test_so_they_do_where_all_cars_discharge(obeys: bool) -> None:
    inputs = invented_inputs(homes=8, days=1, seed=5, v2g=True)
    assert month_bound(inputs, obeys)[0].discharge_kw[:, inputs.stores.of_kind("car")].max() > 1.0
    check(inputs, obeys)


@pytest.mark.parametrize("obeys", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_so_they_do_with_water_heaters_beside_all_else(obeys: bool) -> None:
    inputs = invented_inputs(homes=10, days=1, seed=6, v2g=True, water_heaters=0.7)
    heaters = inputs.stores.of_kind("water_heater")
    moved = month_bound(inputs, obeys)[0].charge_kw[:, heaters] - inputs.stores.counterfactual_kw[:, heaters]
    assert np.abs(moved).max() > 1.0
    check(inputs, obeys)


@pytest.mark.slow
@pytest.mark.parametrize("obeys", [True, False])
def test_a_week_of_twenty_homes_agrees_with_a_second_formulation(obeys: bool) -> None:
    check(invented_inputs(homes=20, days=7, seed=42), obeys)
