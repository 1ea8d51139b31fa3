"""A home battery: it follows the home's meter and keeps some energy for an outage."""

from __future__ import annotations

import numpy as np

from vpp_core.calendar import Period
from vpp_core.fleet.fleet import Fleet, Floats
from vpp_core.fleet.kinds.kind import Kind
from vpp_core.fleet.stores import Stores, staying


def batteries(fleet: Fleet, period: Period, mean_load_kw: Floats) -> Stores:
    """One column per battery; its backup is hours × mean load, within floor and ceiling."""
    home = np.flatnonzero(fleet.has_battery)
    capacity = fleet.bess_capacity_kwh[home].astype(np.float64)
    floor, ceiling = capacity * fleet.bess_min_soc[home], capacity * fleet.bess_max_soc[home]
    power = fleet.bess_max_power_kw[home].astype(np.float64)
    return staying(
        len(period),
        home,
        floor,
        capacity_kwh=capacity,
        ceiling_kwh=ceiling,
        backup_kwh=np.clip(fleet.backup_power_hours[home] * mean_load_kw[home], floor, ceiling),
        initial_kwh=np.clip(capacity * fleet.bess_initial_soc[home], floor, ceiling),
        max_charge_kw=power,
        max_discharge_kw=power,
        charge_efficiency=fleet.bess_charge_efficiency[home].astype(np.float64),
        discharge_efficiency=fleet.bess_discharge_efficiency[home].astype(np.float64),
        wear_usd_per_kwh=fleet.bess_degradation_usd_per_kwh[home].astype(np.float64),
        follows_meter=np.ones(len(home), dtype=bool),
    )


BATTERY = Kind("battery", batteries)
