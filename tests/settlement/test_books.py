"""The books of one home with values worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from tests.invented import invented_inputs
from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.bess import BESS
from vpp_core.fleet.convert import fleet_of
from vpp_core.fleet.ev import ElectricVehicle
from vpp_core.fleet.prosumer import Preferences, Prosumer
from vpp_core.market.inputs import Inputs
from vpp_core.physics.meter import retail_bill_usd
from vpp_core.settlement.books import make_books
from vpp_core.settlement.sources import bill_change_by_kind
from vpp_core.settlement.trajectory import BY_INTERVAL, Trajectory

DAY = 96


def one_home(homes: int = 1, aggregations: int = 1) -> Inputs:
    """Homes that draw 1 kW, with a battery of 5 kW and a car that can give 6 kW, at 100 $/MWh."""
    car = ElectricVehicle(v2g=True, max_discharge_kw=6.0, trip_kwh=0.0)
    home = Prosumer(bess=BESS(capacity_kwh=10.0, max_power_kw=5.0), evs=(car,), preferences=Preferences())
    fleet = fleet_of([home.model_copy(update={"home_id": k, "load_profile_id": k}) for k in range(homes)], seed=0)
    fleet = replace(fleet, aggregation_id=np.arange(homes, dtype=np.int32) % aggregations)
    return invented_inputs(
        fleet=fleet, days=1, lmp=100.0, reserve=np.array([[40.0], [10.0]]) * np.ones(DAY),
        load_kw=np.ones((DAY, homes)), contingencies_per_month=0.0,
    )  # fmt: skip


def nothing(inputs: Inputs) -> Trajectory:
    """Nobody moves."""
    stores, aggregations = inputs.stores, len(np.unique(inputs.fleet.aggregation_id))
    path = Trajectory.empty(len(inputs.period), len(stores), aggregations, stores.floor_kwh, stores.initial_kwh)
    path.energy_kwh[:] = stores.initial_kwh
    return path


def totals(inputs: Inputs, path: Trajectory) -> dict[str, float]:
    return {name: float(values.sum()) for name, values in make_books(inputs, path, nothing(inputs)).money.items()}


def test_charging_held_off_and_power_given_are_paid_at_their_own_prices() -> None:
    """The car would charge at 4 kW; it is held off 4 kW at 0.05 and gives 3 of 6 kW at 0.20: a quarter of an hour."""
    inputs = one_home()
    car = inputs.stores.of_kind("car").start
    path = nothing(inputs)
    path.default_kw[8, car], path.award_kw[8, car], path.give_award_kw[8, car] = -4.0, 10.0, 6.0
    path.discharge_kw[8, car] = 3.0
    path.agreed_usd_per_kwh[8, car], path.give_agreed_usd_per_kwh[8, car] = 0.05, 0.20
    books = make_books(inputs, path, nothing(inputs))
    assert books.delivered_kw[8, car] == pytest.approx(7.0)
    assert books.money["payment_usd"].sum() == pytest.approx(0.25 * (4 * 0.05 + 3 * 0.20))
    assert books.money["penalty_usd"].sum() == pytest.approx(0.25 * 0.1 * 0.1 * 3), "3 kW fell short"


def test_what_cleared_and_was_given_to_no_store_costs_the_penalty_and_nothing_else() -> None:
    """2 kW for an hour at 0.10 $/kWh and a tenth of it, in the second of two aggregations, of two homes."""
    inputs = one_home(homes=4, aggregations=2)
    path = nothing(inputs)
    path.short_energy_kw[8:12, 1] = 2.0
    books = make_books(inputs, path, nothing(inputs))
    assert books.money["penalty_usd"].sum(axis=0) == pytest.approx([0.0, 0.01, 0.0, 0.01])
    for name in ("payment_usd", "wholesale_usd", "bill_change_usd"):
        assert not books.money[name].any()
    assert books.money["surplus_usd"].sum() == pytest.approx(-0.02)
    assert totals(inputs, path)["surplus_battery_usd"] == pytest.approx(-0.01)
    assert totals(inputs, path)["surplus_ev_usd"] == pytest.approx(-0.01)


def test_committed_reserve_that_no_store_holds_is_not_paid_and_costs_a_tenth_of_its_price() -> None:
    """3 kW of spin at 40 and 2 kW of non-spin at 10 $/MW-h for an hour."""
    inputs = one_home(homes=2)
    path = nothing(inputs)
    path.short_spin_kw[8:12, 0], path.short_nonspin_kw[8:12, 0] = 3.0, 2.0
    money = totals(inputs, path)
    assert money["reserve_usd"] == 0.0
    assert money["penalty_usd"] == pytest.approx(0.1 * (3 * 0.040 + 2 * 0.010))
    assert money["surplus_reserves_usd"] == pytest.approx(-money["penalty_usd"])
    assert money["surplus_battery_usd"] == money["surplus_ev_usd"] == 0.0


def test_kinds_that_share_a_meter_share_its_bill_by_the_mean_over_all_orders() -> None:
    """Battery and car give 3 kW each, the home draws 1 kW: who gives first saves 0.30, exports earn 0.05."""
    inputs = one_home()
    path = nothing(inputs)
    path.discharge_kw[8, :] = 3.0
    parts = bill_change_by_kind(inputs, path, nothing(inputs), inputs.home_prices(slice(DAY)))

    def bill(given_kw: float) -> float:
        return float(retail_bill_usd(given_kw - 1.0, 0.30, 0.05, INTERVAL_HOURS))

    shares: dict[str, list[float]] = {"battery": [], "car": []}
    for order in permutations(shares):
        for position, name in enumerate(order):
            shares[name].append(bill(3.0 * (position + 1)) - bill(3.0 * position))
    for name, share in shares.items():
        assert parts[name].sum() == pytest.approx(np.mean(share)), name
    assert sum(part.sum() for part in parts.values() if part is not None) == pytest.approx(bill(6.0) - bill(0.0))


def test_an_empty_trajectory_has_a_column_for_every_store_and_aggregation() -> None:
    inputs = one_home(homes=3, aggregations=2)
    path = nothing(inputs)
    for name in BY_INTERVAL:
        assert getattr(path, name).shape == ((DAY, 2) if name.startswith("short_") else (DAY, 6)), name
    assert path.floor_kwh.shape == path.start_kwh.shape == (6,)
