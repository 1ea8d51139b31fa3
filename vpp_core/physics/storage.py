"""A battery over one interval: how much it can take and give, what it then holds, what it does when left alone.

Energy balance: energy' = energy + hours · (charge_efficiency · charge − discharge / discharge_efficiency), where charge
and discharge [kW, AC side] are never both positive. An efficiency is applied once, at the terminals.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Numeric = Any
"""A float or an array; arrays broadcast."""


def charge_limit_kw(
    energy_kwh: Numeric, ceiling_kwh: Numeric, max_power_kw: Numeric, efficiency: Numeric, hours: float
) -> Numeric:
    """Most AC power [kW] that can be taken over the interval without passing `ceiling_kwh`."""
    return np.minimum(max_power_kw, np.maximum(0.0, (ceiling_kwh - energy_kwh) / (efficiency * hours)))


def discharge_limit_kw(
    energy_kwh: Numeric, floor_kwh: Numeric, max_power_kw: Numeric, efficiency: Numeric, hours: float
) -> Numeric:
    """Most AC power [kW] that can be given over the interval without passing `floor_kwh`."""
    return np.minimum(max_power_kw, np.maximum(0.0, (energy_kwh - floor_kwh) * efficiency / hours))


def step_energy_kwh(
    energy_kwh: Numeric,
    charge_kw: Numeric,
    discharge_kw: Numeric,
    charge_efficiency: Numeric,
    discharge_efficiency: Numeric,
    hours: float,
) -> Numeric:
    """Energy [kWh] at the end of the interval."""
    return energy_kwh + hours * (charge_efficiency * charge_kw - discharge_kw / discharge_efficiency)


def self_consumption_kw(
    energy_kwh: Numeric,
    surplus_kw: Numeric,
    backup_kwh: Numeric,
    ceiling_kwh: Numeric,
    max_power_kw: Numeric,
    charge_efficiency: Numeric,
    discharge_efficiency: Numeric,
    hours: float,
) -> Numeric:
    """What a home battery does on its own [kW, discharge positive].

    It stores solar surplus and covers the home's net load, never below the backup reserve. `surplus_kw` is PV minus
    load without the car: the house battery does not feed the car unasked.
    """
    take = np.minimum(
        np.maximum(surplus_kw, 0.0), charge_limit_kw(energy_kwh, ceiling_kwh, max_power_kw, charge_efficiency, hours)
    )
    give = np.minimum(
        np.maximum(-surplus_kw, 0.0),
        discharge_limit_kw(energy_kwh, backup_kwh, max_power_kw, discharge_efficiency, hours),
    )
    return give - take


def charge_on_arrival_kw(
    energy_kwh: Numeric,
    plugged: Numeric,
    target_kwh: Numeric,
    max_charge_kw: Numeric,
    charge_efficiency: Numeric,
    hours: float,
) -> Numeric:
    """What a car does on its own [kW]: while plugged in (1 or 0), it charges at full power up to its target."""
    return plugged * charge_limit_kw(energy_kwh, target_kwh, max_charge_kw, charge_efficiency, hours)


def within_limits_kw(battery_kw: Numeric, charge_limit: Numeric, discharge_limit: Numeric) -> Numeric:
    """Battery power [kW, discharge positive] held to what the device can take and give."""
    return np.minimum(np.maximum(battery_kw, -charge_limit), discharge_limit)


RAMP_SHARE_PER_MINUTE = 60.0
"""Share of its rated power by which a battery inverter moves per minute: all of it within a second (assumption)."""


def reachable_kw(
    max_power_kw: Numeric, minutes: Numeric, ramp_share_per_minute: Numeric = RAMP_SHARE_PER_MINUTE
) -> Numeric:
    """Most change of power [kW] within so many minutes of a call."""
    return max_power_kw * np.minimum(1.0, ramp_share_per_minute * minutes)


def taken_kwh(battery_kw: Numeric, default_kw: Numeric, discharge_efficiency: Numeric, hours: float) -> Numeric:
    """Stored energy [kWh] taken by discharging beyond what the battery would have done on its own."""
    beyond = np.maximum(battery_kw, 0.0) - np.maximum(default_kw, 0.0)
    return np.maximum(beyond, 0.0) / discharge_efficiency * hours
