"""A check against a real event: what the fleet's batteries deliver from 19 to 21 h when asked for all.

On 29 July 2025 more than 100,000 Californian home batteries delivered 535 MW on average for two hours, so at most
5.35 kW a home. Here each battery starts the event with what the counterfactual left in it at 19:00, or full, and gives
all it can, at constant power, down to its minimum SOC or to the backup reserve that the household asked for.

Source: The Brattle Group's study of the test, as reported by RTO Insider, "Home batteries provide 535 MW to CAISO grid
on VPP test day", 2025.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vpp_core.fleet.fleet import Floats
from vpp_core.fleet.stores import Stores
from vpp_core.iso import CAISO

if TYPE_CHECKING:
    from vpp_core.market.inputs import Inputs

REAL_EVENT_KW_PER_HOME = 5.35
EVENT_HOURS = (19, 21)


@dataclass(frozen=True)
class EventDelivery:
    """Mean power over the event per battery home [kW], a value per day of the period; and of the fleet when full."""

    days: list[str]
    to_minimum_kw: Floats
    to_backup_kw: Floats
    when_full_kw: float
    capacity_kwh: float
    """mean of the batteries"""
    usable_kwh: float
    """mean of what a full one can give, AC"""

    @property
    def sentence(self) -> str:
        """What the model's fleet delivers beside what the real one did."""
        real_kwh = REAL_EVENT_KW_PER_HOME * (EVENT_HOURS[1] - EVENT_HOURS[0])
        word = "more" if real_kwh > self.usable_kwh else "less"
        return (
            f"Asked for all from 19 to 21 h, a battery home of this fleet delivers {self.to_minimum_kw.mean():.2f} kW "
            f"on average down to its minimum state of charge and {self.to_backup_kw.mean():.2f} kW down to its backup "
            f"reserve; kept full for it, {self.when_full_kw:.2f} kW. In the Californian test of 29 July 2025 it was "
            f"{REAL_EVENT_KW_PER_HOME:.2f} kW, or {real_kwh:.1f} kWh in two hours: {word} than the "
            f"{self.usable_kwh:.1f} kWh that a full battery of this fleet can give ({self.capacity_kwh:.1f} kWh of "
            "capacity on average)."
        )


def evening_event(inputs: Inputs) -> EventDelivery | None:
    """What the fleet would deliver in the event's hours on each day; None for a fleet without a battery, and in
    another market than the one whose event it was.
    """
    from vpp_core.simulation import run
    from vpp_core.strategies.no_vpp import NoVpp

    own = inputs.stores.of_kind("battery")
    if own.start == own.stop or inputs.period.iso is not CAISO:
        return None
    trajectory, _, _ = run(inputs, NoVpp(), None)
    starts = np.flatnonzero(inputs.period.slot_of_interval == EVENT_HOURS[0] * 4)
    batteries = inputs.stores.take(own)
    stored, full = trajectory.energy_kwh[starts - 1, own], batteries.ceiling_kwh[None, :]
    hours = EVENT_HOURS[1] - EVENT_HOURS[0]
    usable = (batteries.ceiling_kwh - batteries.floor_kwh) * batteries.discharge_efficiency
    return EventDelivery(
        days=inputs.period.days,
        to_minimum_kw=_mean_kw(batteries, stored, batteries.floor_kwh, hours),
        to_backup_kw=_mean_kw(batteries, stored, batteries.backup_kwh, hours),
        when_full_kw=float(_mean_kw(batteries, full, batteries.floor_kwh, hours)[0]),
        capacity_kwh=float(batteries.capacity_kwh.mean()),
        usable_kwh=float(usable.mean()),
    )


def _mean_kw(batteries: Stores, stored: Floats, floor: Floats, hours: float) -> Floats:
    sustained = np.maximum(stored - floor, 0.0) * batteries.discharge_efficiency / hours
    delivered: Floats = np.minimum(sustained, batteries.max_discharge_kw).mean(axis=1)
    return delivered
