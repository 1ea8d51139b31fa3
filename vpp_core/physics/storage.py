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
    """Power that a store can take over an interval without passing its ceiling.

    Parameters
    ----------
    energy_kwh : numeric
        Stored at the start [kWh].
    ceiling_kwh : numeric
        Stored at most [kWh].
    max_power_kw : numeric
        What the device can take [kW, AC].
    efficiency : numeric
        Of charging, 0 to 1.
    hours : float
        Length of the interval [h].

    Returns
    -------
    numeric
        Maximum charging power [kW, AC].
    """
    return np.minimum(max_power_kw, np.maximum(0.0, (ceiling_kwh - energy_kwh) / (efficiency * hours)))


def discharge_limit_kw(
    energy_kwh: Numeric, floor_kwh: Numeric, max_power_kw: Numeric, efficiency: Numeric, hours: float
) -> Numeric:
    """Power that a store can give over an interval without passing its floor.

    Parameters
    ----------
    energy_kwh : numeric
        Stored at the start [kWh].
    floor_kwh : numeric
        Stored at least [kWh].
    max_power_kw : numeric
        What the device can give [kW, AC].
    efficiency : numeric
        Of discharging, 0 to 1.
    hours : float
        Length of the interval [h].

    Returns
    -------
    numeric
        Maximum discharging power [kW, AC].
    """
    return np.minimum(max_power_kw, np.maximum(0.0, (energy_kwh - floor_kwh) * efficiency / hours))


def step_energy_kwh(
    energy_kwh: Numeric,
    charge_kw: Numeric,
    discharge_kw: Numeric,
    charge_efficiency: Numeric,
    discharge_efficiency: Numeric,
    hours: float,
) -> Numeric:
    """Energy at the end of an interval.

    Parameters
    ----------
    energy_kwh : numeric
        Stored at the start [kWh].
    charge_kw, discharge_kw : numeric
        Power [kW, AC], never both positive.
    charge_efficiency, discharge_efficiency : numeric
        0 to 1.
    hours : float
        Length of the interval [h].

    Returns
    -------
    numeric
        Stored at the end [kWh].

    Notes
    -----
    energy' = energy + hours · (charge_efficiency · charge − discharge / discharge_efficiency)
    """
    return energy_kwh + hours * (charge_efficiency * charge_kw - discharge_kw / discharge_efficiency)


def self_consumption_kw(
    energy_kwh: Numeric,
    net_generation_kw: Numeric,
    backup_kwh: Numeric,
    ceiling_kwh: Numeric,
    max_power_kw: Numeric,
    charge_efficiency: Numeric,
    discharge_efficiency: Numeric,
    hours: float,
) -> Numeric:
    """Power of a home battery left alone, discharge positive.

    It stores net generation and covers the home's net load, never below the backup reserve.

    Parameters
    ----------
    energy_kwh : numeric
        Stored at the start [kWh].
    net_generation_kw : numeric
        PV less load without the car [kW]: the house battery does not feed the car unasked.
    backup_kwh : numeric
        What it keeps for an outage [kWh].
    ceiling_kwh : numeric
        Stored at most [kWh].
    max_power_kw : numeric
        What the device can take and give [kW, AC].
    charge_efficiency, discharge_efficiency : numeric
        0 to 1.
    hours : float
        Length of the interval [h].

    Returns
    -------
    numeric
        Power [kW, AC].
    """
    take = np.minimum(
        np.maximum(net_generation_kw, 0.0),
        charge_limit_kw(energy_kwh, ceiling_kwh, max_power_kw, charge_efficiency, hours),
    )
    give = np.minimum(
        np.maximum(-net_generation_kw, 0.0),
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
    """Power of a car left alone: while plugged in it charges at full power up to its target.

    Parameters
    ----------
    energy_kwh : numeric
        Stored at the start [kWh].
    plugged : numeric
        1 where it is plugged in, else 0.
    target_kwh : numeric
        Up to where it charges [kWh].
    max_charge_kw : numeric
        What the charger can give [kW, AC].
    charge_efficiency : numeric
        0 to 1.
    hours : float
        Length of the interval [h].

    Returns
    -------
    numeric
        Charging power [kW, AC].
    """
    return plugged * charge_limit_kw(energy_kwh, target_kwh, max_charge_kw, charge_efficiency, hours)


def within_limits_kw(battery_kw: Numeric, charge_limit: Numeric, discharge_limit: Numeric) -> Numeric:
    """Hold a battery's power to what the device can take and give.

    Parameters
    ----------
    battery_kw : numeric
        Power wanted [kW], discharge positive.
    charge_limit, discharge_limit : numeric
        Maximum power each way [kW].

    Returns
    -------
    numeric
        Power [kW], discharge positive.
    """
    return np.minimum(np.maximum(battery_kw, -charge_limit), discharge_limit)


RAMP_SHARE_PER_MINUTE = 60.0
"""Share of its rated power by which a battery inverter moves per minute: all of it within a second (assumption)."""


def reachable_kw(
    max_power_kw: Numeric, minutes: Numeric, ramp_share_per_minute: Numeric = RAMP_SHARE_PER_MINUTE
) -> Numeric:
    """Change of power that an inverter can make within some minutes of a call.

    Parameters
    ----------
    max_power_kw : numeric
        Rated power [kW].
    minutes : numeric
        Time since the call [min].
    ramp_share_per_minute : numeric, optional
        Share of rated power that it moves by per minute.

    Returns
    -------
    numeric
        Maximum change [kW].
    """
    return max_power_kw * np.minimum(1.0, ramp_share_per_minute * minutes)


def taken_kwh(battery_kw: Numeric, default_kw: Numeric, discharge_efficiency: Numeric, hours: float) -> Numeric:
    """Stored energy taken by discharging beyond what the battery would have done on its own.

    Parameters
    ----------
    battery_kw : numeric
        Power [kW, AC], discharge positive.
    default_kw : numeric
        What it would have been [kW, AC].
    discharge_efficiency : numeric
        0 to 1.
    hours : float
        Length of the interval [h].

    Returns
    -------
    numeric
        Energy out of the store [kWh].
    """
    beyond = np.maximum(battery_kw, 0.0) - np.maximum(default_kw, 0.0)
    return np.maximum(beyond, 0.0) / discharge_efficiency * hours
