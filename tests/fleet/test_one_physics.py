"""A single device and a column of devices under the same commands: they cannot disagree, and no limit is broken."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.bess import BESS
from vpp_core.fleet.convert import fleet_of
from vpp_core.fleet.ev import ElectricVehicle
from vpp_core.fleet.prosumer import Prosumer
from vpp_core.physics.storage import (
    charge_limit_kw,
    charge_on_arrival_kw,
    discharge_limit_kw,
    self_consumption_kw,
    step_energy_kwh,
)

EXACT_KWH = 1e-9


@st.composite
def batteries(draw: st.DrawFn) -> BESS:
    low = draw(st.floats(0.0, 0.6))
    high = draw(st.floats(low + 0.05, 1.0))
    return BESS(
        capacity_kwh=draw(st.floats(1.0, 40.0)),
        max_power_kw=draw(st.floats(0.5, 20.0)),
        charge_efficiency=draw(st.floats(0.6, 1.0)),
        discharge_efficiency=draw(st.floats(0.6, 1.0)),
        min_soc=low,
        max_soc=high,
        initial_soc=draw(st.floats(low, high)),
    )


@st.composite
def cars(draw: st.DrawFn) -> ElectricVehicle:
    target = draw(st.floats(0.3, 1.0))
    v2g = draw(st.booleans())
    return ElectricVehicle(
        capacity_kwh=draw(st.floats(20.0, 120.0)),
        max_charge_kw=draw(st.floats(1.0, 20.0)),
        charge_efficiency=draw(st.floats(0.6, 1.0)),
        discharge_efficiency=draw(st.floats(0.6, 1.0)),
        min_soc=0.1,
        target_soc=target,
        initial_soc=draw(st.floats(0.1, 1.0)),
        min_departure_soc=draw(st.floats(0.0, target)),
        trip_kwh=draw(st.floats(0.0, 3.0)),
        v2g=v2g,
        max_discharge_kw=draw(st.floats(1.0, 20.0)) if v2g else 0.0,
    )


COMMANDS = st.lists(st.floats(-25.0, 25.0), min_size=1, max_size=40)


@settings(max_examples=20, deadline=None)
@given(st.lists(batteries(), min_size=1, max_size=4), COMMANDS)
def test_a_battery_alone_and_in_a_fleet_hold_the_same_energy_under_the_same_commands(
    devices: list[BESS], commands: list[float]
) -> None:
    fleet = fleet_of([Prosumer(bess=device) for device in devices], seed=0)
    capacity = fleet.bess_capacity_kwh
    floor, ceiling = fleet.bess_min_soc * capacity, fleet.bess_max_soc * capacity
    energy = fleet.bess_initial_soc * capacity
    charge_efficiency, discharge_efficiency = fleet.bess_charge_efficiency, fleet.bess_discharge_efficiency
    for command in commands:
        charge = np.minimum(
            max(command, 0.0),
            charge_limit_kw(energy, ceiling, fleet.bess_max_power_kw, charge_efficiency, INTERVAL_HOURS),
        )
        discharge = np.minimum(
            max(-command, 0.0),
            discharge_limit_kw(energy, floor, fleet.bess_max_power_kw, discharge_efficiency, INTERVAL_HOURS),
        )
        before = energy
        energy = step_energy_kwh(energy, charge, discharge, charge_efficiency, discharge_efficiency, INTERVAL_HOURS)
        moved = [d.charge(command) if command >= 0 else d.discharge(-command) for d in devices]
        devices = [move.device for move in moved]

        assert np.array_equal([move.power_kw for move in moved], charge + discharge)
        assert np.array_equal([device.stored_kwh for device in devices], energy)
        assert not ((charge > 0) & (discharge > 0)).any()
        assert (charge <= fleet.bess_max_power_kw).all() and (discharge <= fleet.bess_max_power_kw).all()
        assert (energy >= floor - EXACT_KWH).all() and (energy <= ceiling + EXACT_KWH).all()
        balance = before + INTERVAL_HOURS * (charge_efficiency * charge - discharge / discharge_efficiency)
        assert np.allclose(energy, balance, rtol=0, atol=EXACT_KWH)


@settings(max_examples=20, deadline=None)
@given(st.lists(cars(), min_size=1, max_size=2), COMMANDS, st.lists(st.booleans(), min_size=1, max_size=40))
def test_a_car_alone_and_in_a_fleet_hold_the_same_energy_and_only_move_when_plugged_in(
    devices: list[ElectricVehicle], commands: list[float], plugs: list[bool]
) -> None:
    columns = fleet_of([Prosumer(evs=tuple(devices))], seed=0).cars
    capacity = columns.capacity_kwh
    energy = columns.initial_soc * capacity
    keep = np.maximum(columns.min_soc, columns.min_departure_soc) * capacity
    for command, plugged in zip(commands, plugs, strict=False):
        charge = plugged * np.minimum(
            max(command, 0.0),
            charge_limit_kw(
                energy, columns.target_soc * capacity, columns.max_charge_kw, columns.charge_efficiency, INTERVAL_HOURS
            ),
        )
        discharge = plugged * np.minimum(
            max(-command, 0.0),
            discharge_limit_kw(energy, keep, columns.max_discharge_kw, columns.discharge_efficiency, INTERVAL_HOURS),
        )
        before = energy
        energy = step_energy_kwh(
            energy, charge, discharge, columns.charge_efficiency, columns.discharge_efficiency, INTERVAL_HOURS
        )
        placed = [device.model_copy(update={"plugged_in": plugged}) for device in devices]
        moved = [d.charge(command) if command >= 0 else d.discharge(-command) for d in placed]
        devices = [move.device for move in moved]

        assert np.array_equal([move.power_kw for move in moved], charge + discharge)
        assert np.array_equal([device.stored_kwh for device in devices], energy)
        assert plugged or np.array_equal(energy, before)
        assert (discharge[~columns.v2g] == 0).all()
        assert (energy <= capacity + EXACT_KWH).all() and (energy >= np.minimum(before, keep) - EXACT_KWH).all()


@settings(max_examples=15, deadline=None)
@given(batteries(), st.integers(1, 400))
def test_cycling_never_brings_the_state_of_charge_above_its_limit(battery: BESS, steps: int) -> None:
    """Elsewhere a fading capacity left the stored energy standing, and the state of charge rose above 1."""
    for step in range(steps):
        battery = (battery.charge(99.0) if step % 2 else battery.discharge(99.0)).device
        assert battery.min_soc - 1e-9 <= battery.soc <= battery.max_soc + 1e-9


@given(batteries())
def test_the_initial_energy_is_the_initial_share_of_capacity_without_any_efficiency(battery: BESS) -> None:
    fleet = fleet_of([Prosumer(bess=battery)], seed=0)
    assert battery.stored_kwh == battery.initial_soc * battery.capacity_kwh
    assert (fleet.bess_initial_soc * fleet.bess_capacity_kwh)[0] == battery.stored_kwh


@given(batteries(), st.floats(-5.0, 5.0))
def test_the_house_battery_does_not_discharge_into_the_car_unasked(battery: BESS, net_generation_kw: float) -> None:
    """On its own it covers at most the home's net load, which is counted without the car."""
    power = self_consumption_kw(
        battery.stored_kwh,
        net_generation_kw,
        battery.floor_kwh,
        battery.ceiling_kwh,
        battery.max_power_kw,
        battery.charge_efficiency,
        battery.discharge_efficiency,
        INTERVAL_HOURS,
    )
    assert -max(net_generation_kw, 0.0) <= power <= max(-net_generation_kw, 0.0)


@given(st.lists(cars(), min_size=2, max_size=2), st.floats(0.5, 10.0))
def test_two_cars_of_a_home_charge_side_by_side_without_touching_each_other(
    pair: list[ElectricVehicle], power_kw: float
) -> None:
    """Elsewhere the second session on a home's charger overwrote the first."""
    columns = fleet_of([Prosumer(evs=tuple(pair))], seed=0).cars
    energy = columns.initial_soc * columns.capacity_kwh
    both = charge_on_arrival_kw(
        energy,
        np.array([True, True]),
        columns.target_soc * columns.capacity_kwh,
        columns.max_charge_kw,
        columns.charge_efficiency,
        INTERVAL_HOURS,
    )
    first_only = pair[0].charge(99.0)
    assert both[0] == first_only.power_kw
    assert pair[1].stored_kwh == energy[1]
    assert pair[1].charge(99.0).power_kw == both[1]
