"""How devices follow what the market accepted in one interval; what was not accepted leaves them to their default."""

from __future__ import annotations

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.devices import Permission
from vpp_core.fleet.fleet import Floats
from vpp_core.market.inputs import Inputs
from vpp_core.physics.storage import (
    charge_limit_kw,
    charge_on_arrival_kw,
    discharge_limit_kw,
    self_consumption_kw,
    step_energy_kwh,
    taken_kwh,
    within_limits_kw,
)


def awards(inputs: Inputs, accepted_kw: Floats) -> tuple[Floats, Floats, Floats]:
    """Accepted segments (K,) as battery awards (N,), export positive, delays of cars and what cars give, each (M,)."""
    layout = inputs.layout
    discharge = np.zeros(len(inputs.cars))
    discharge[layout.discharging_car] = accepted_kw[layout.car_discharge]
    battery: Floats = accepted_kw[layout.battery_sell] - accepted_kw[layout.battery_buy]
    return battery, accepted_kw[layout.car_sell], discharge


def step_batteries(
    inputs: Inputs, permission: Permission, stored_kwh: Floats, award_kw: Floats, t: int
) -> tuple[Floats, Floats, Floats]:
    """Default [kW], actual power [kW] and energy after interval `t` [kWh]."""
    b = inputs.batteries
    into, out_of = b.charge_efficiency, b.discharge_efficiency
    default = self_consumption_kw(
        stored_kwh, inputs.surplus_kw[t], b.backup_kwh, b.ceiling_kwh, b.max_power_kw, into, out_of, INTERVAL_HOURS
    )
    battery = within_limits_kw(
        default + award_kw,
        charge_limit_kw(stored_kwh, b.ceiling_kwh, b.max_power_kw, into, INTERVAL_HOURS),
        discharge_limit_kw(stored_kwh, permission.battery_floor_kwh, b.max_power_kw, out_of, INTERVAL_HOURS),
    )
    after = step_energy_kwh(
        stored_kwh, np.maximum(-battery, 0.0), np.maximum(battery, 0.0), into, out_of, INTERVAL_HOURS
    )
    return default, battery, after


def step_cars(
    inputs: Inputs, car_kwh: Floats, delay_kw: Floats, discharge_kw: Floats, t: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Default [kW], net charging [kW], what it gives [kW] and energy after interval `t` [kWh].

    A departing car takes its trip first. One that discharges does not charge meanwhile.
    """
    cars = inputs.cars
    on_board = car_kwh - cars.trip_kwh[t]
    default = charge_on_arrival_kw(
        on_board, cars.plugged[t], cars.target_kwh, cars.max_charge_kw, cars.charge_efficiency, INTERVAL_HOURS
    )
    given = np.minimum(
        discharge_kw,
        cars.plugged[t]
        * discharge_limit_kw(
            on_board, cars.floor_kwh, cars.max_discharge_kw, cars.discharge_efficiency, INTERVAL_HOURS
        ),
    )
    charge = np.where(discharge_kw > 0, 0.0, np.maximum(default - delay_kw, 0.0))
    after = step_energy_kwh(on_board, charge, given, cars.charge_efficiency, cars.discharge_efficiency, INTERVAL_HOURS)
    return default, charge - given, given, after


def taken_from_cars_kwh(inputs: Inputs, given_kw: Floats) -> Floats:
    """Stored energy [kWh] that cars gave in an interval, shape (M,)."""
    return taken_kwh(given_kw, 0.0, inputs.cars.discharge_efficiency, INTERVAL_HOURS)
