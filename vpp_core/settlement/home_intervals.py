"""What a few homes' devices did, interval by interval, kept so that one can look at them.

All homes' intervals would be some hundred times as large as a strategy's result and are not kept; a run of the same
scenario makes them again.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import Period
from vpp_core.devices import APPLIANCES
from vpp_core.fleet.fleet import Fleet, Floats, Ints
from vpp_core.market.inputs import Inputs
from vpp_core.physics.meter import net_injection_kw
from vpp_core.settlement.grouping import sum_by_home
from vpp_core.settlement.trajectory import Trajectory

KEPT = 12
_DIGITS = 3
"""Watts and watt-hours."""


def kept_homes(fleet: Fleet) -> npt.NDArray[np.intp]:
    """Positions of the homes whose intervals are kept, at most `KEPT`: of those with a battery (else with a car, else
    of all) evenly spaced ones. Homes are drawn independently, so that is as good as drawing them by lot.
    """
    with_car = np.isin(np.arange(len(fleet)), fleet.cars.home)
    groups = (fleet.has_battery, with_car, np.ones(len(fleet), dtype=bool))
    homes = np.flatnonzero(next(group for group in groups if group.any()))
    spaced = np.linspace(0, len(homes) - 1, min(KEPT, len(homes)))
    return np.asarray(homes[np.round(spaced).astype(np.intp)])


def home_intervals(inputs: Inputs, strategy: str, trajectory: Trajectory, homes: Ints) -> pd.DataFrame:
    """Rows of `HOME_INTERVALS` of the homes at these positions, in the order of days."""
    stores = inputs.stores

    def own(of_home: Floats) -> Floats:
        """Of these homes alone: of all, the columns together would be larger than all that a run holds."""
        return of_home[:, homes]

    def of_kind(kind: str, of_store: Floats) -> Floats:
        return own(sum_by_home(inputs, of_store, kind))

    battery, car = (partial(of_kind, kind) for kind in ("battery", "car"))

    injection = net_injection_kw(inputs.pv_kw, inputs.load_kw, sum_by_home(inputs, trajectory.net_kw))
    columns = {
        "own_surplus_kw": own(inputs.net_generation_kw),
        "injection_kw": own(injection),
        "stored_kwh": battery(trajectory.energy_kwh),
        "backup_kwh": battery(np.broadcast_to(stores.backup_kwh, trajectory.energy_kwh.shape)),
        "battery_kw": battery(trajectory.net_kw),
        "default_kw": battery(trajectory.default_kw),
        "award_kw": battery(trajectory.award_kw),
        "spin_kw": battery(trajectory.spin_kw),
        "nonspin_kw": battery(trajectory.nonspin_kw),
        "called_kw": battery(trajectory.called_kw),
        "car_kw": -car(trajectory.net_kw),
        "car_default_kw": -car(trajectory.default_kw),
        "car_award_kw": car(trajectory.award_kw),
        "car_kwh": car(trajectory.energy_kwh),
    }
    for device in APPLIANCES:
        columns |= {
            f"{device.source}_kw": of_kind(device.name, trajectory.charge_kw),
            f"{device.source}_award_kw": of_kind(device.name, trajectory.award_kw),
            f"{device.source}_kwh": of_kind(device.name, trajectory.energy_kwh),
        }
    labels = _labels(inputs.period, inputs.fleet.home_id[homes])
    rows = pd.DataFrame({**labels, "strategy": strategy, **{name: _long(values) for name, values in columns.items()}})
    return rows.sort_values(["local_day", "home_id", "timestamp"], kind="stable", ignore_index=True)


def _labels(period: Period, home_id: npt.NDArray[np.integer]) -> dict[str, npt.NDArray[Any] | pd.DatetimeIndex]:
    """Day, home and time of each row, home after home."""
    interval = np.tile(np.arange(len(period)), len(home_id))
    return {
        "local_day": np.asarray(period.days)[period.day_of_interval[interval]],
        "home_id": np.repeat(home_id.astype(np.int64), len(period)),
        "timestamp": period.timestamps[interval],
    }


def _long(values: Floats) -> npt.NDArray[np.float32]:
    """(T, N) as one column, home after home; `+ 0.0` turns a rounded −0 into 0."""
    return (np.round(values.T.ravel(), _DIGITS) + 0.0).astype(np.float32)
