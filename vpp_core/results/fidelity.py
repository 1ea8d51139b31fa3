"""A check against a real event: what the fleet's batteries deliver from 19 to 21 h when asked for all.

In July 2025 more than 100,000 Californian home batteries delivered 535 MW on average for two hours, 5.35 kW a home.
Here each battery starts the event with what the counterfactual left in it at 19:00 and gives all it can, at constant
power, down to its minimum SOC or to the backup reserve that the household asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vpp_core.fleet.fleet import Floats

if TYPE_CHECKING:
    from vpp_core.market.inputs import Inputs

REAL_EVENT_KW_PER_HOME = 5.35
EVENT_HOURS = (19, 21)


@dataclass(frozen=True)
class EventDelivery:
    """Mean power over the event per battery home [kW], a value per day of the period."""

    days: list[str]
    to_minimum_kw: Floats
    to_backup_kw: Floats

    @property
    def sentence(self) -> str:
        """What the model's fleet delivers beside what the real one did."""
        return (
            f"Asked for all from 19 to 21 h, a battery home of this fleet delivers {self.to_minimum_kw.mean():.2f} kW "
            f"on average down to its minimum state of charge and {self.to_backup_kw.mean():.2f} kW down to its backup "
            f"reserve; in the Californian event of July 2025 it was {REAL_EVENT_KW_PER_HOME:.2f} kW."
        )


def evening_event(inputs: Inputs) -> EventDelivery:
    """What the fleet would deliver in the event's hours on each day, from the counterfactual's energy at 19:00."""
    from vpp_core.simulation import run
    from vpp_core.strategies.no_vpp import NoVpp

    trajectory, _, _ = run(inputs, NoVpp(), None)
    batteries, own = inputs.batteries, inputs.fleet.has_battery
    starts = np.flatnonzero(inputs.period.slot_of_interval == EVENT_HOURS[0] * 4)
    stored = trajectory.stored_kwh[starts - 1][:, own]
    hours = EVENT_HOURS[1] - EVENT_HOURS[0]
    to_minimum = _mean_kw(inputs, stored, batteries.floor_kwh, own, hours)
    to_backup = _mean_kw(inputs, stored, batteries.backup_kwh, own, hours)
    return EventDelivery(inputs.period.days, to_minimum, to_backup)


def _mean_kw(inputs: Inputs, stored: Floats, floor: Floats, own: np.ndarray, hours: float) -> Floats:
    batteries = inputs.batteries
    sustained = np.maximum(stored - floor[own], 0.0) * batteries.discharge_efficiency[own] / hours
    delivered: Floats = np.minimum(sustained, batteries.max_power_kw[own]).mean(axis=1)
    return delivered
