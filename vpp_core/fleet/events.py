"""What fleets of home batteries delivered in California, and what a fleet here would have, home by home.

Nothing is fitted to the record: the batteries, what their households keep and offer, and who is in reach are as in any
run. Between events a battery runs on its own; at one it gives, evenly over the event, as much as it can.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS, Period
from vpp_core.fleet.fleet import Fleet, Floats
from vpp_core.fleet.kinds import stores_of
from vpp_core.fleet.permission import Permission
from vpp_core.fleet.reliability import reached
from vpp_core.fleet.stores import Stores
from vpp_core.physics.storage import discharge_limit_kw, self_consumption_kw, step_energy_kwh
from vpp_core.scenario import Reliability


@dataclass(frozen=True)
class RecordedEvent:
    """One event, or a series of daily ones, as it was recorded."""

    name: str
    days: tuple[str, str]
    """first and last local day"""
    first_hour: int
    hours: float
    """over which power is even; a quarter hour where only the highest power was told"""
    delivered_mw: float
    homes: int
    source: str

    @property
    def kw_per_home(self) -> float:
        """As recorded."""
        return 1000 * self.delivered_mw / self.homes

    @property
    def months(self) -> list[str]:
        """Months in which it has days."""
        import pandas as pd

        return [str(month) for month in pd.period_range(self.days[0][:7], self.days[1][:7], freq="M")]


RECORDED = (
    RecordedEvent(
        name="test of 29 July 2025",
        days=("2025-07-29", "2025-07-29"),
        first_hour=19,
        hours=2.0,
        delivered_mw=535.0,
        homes=100_000,
        source="mean of two hours, 'more than 100,000' batteries; RTO Insider, Brattle",
    ),
    RecordedEvent(
        name="emergency of 17 August 2022",
        days=("2022-08-17", "2022-08-17"),
        first_hour=18,
        hours=0.25,
        delivered_mw=16.5,
        homes=2_500,
        source="highest power, PG&E and Tesla, nearly 2,500 homes; Utility Dive. Its hour, within 16 to 21 h, is an "
        "assumption",
    ),
    RecordedEvent(
        name="every evening, August to October 2023",
        days=("2023-08-01", "2023-10-29"),
        first_hour=19,
        hours=2.0,
        delivered_mw=27.0,
        homes=8_500,
        source="mean of more than 90 evenings, 34 MW expected; PG&E and Sunrun, Latitude Media",
    ),
)


@dataclass(frozen=True)
class Asked:
    """What batteries are asked for at an event."""

    name: str
    obeys: bool
    """within what households offer and keep, or all that the hardware can"""
    in_reach_only: bool = False
    """of those in reach alone, or of all"""
    full: bool = False
    """as if each battery were full when the event begins, as one that was charged for it"""


WAYS = (
    Asked("full batteries, all they hold", obeys=False, full=True),
    Asked("all they hold", obeys=False),
    Asked("all they hold, those in reach", obeys=False, in_reach_only=True),
    Asked("what households offer", obeys=True),
    Asked("what households offer, those in reach", obeys=True, in_reach_only=True),
)


def event_kw_per_home(
    event: RecordedEvent,
    period: Period,
    batteries: Stores,
    permission: Permission,
    net_generation_kw: Floats,
    asked: Asked,
) -> tuple[Floats, Floats]:
    """Mean power of a battery at each day's event of the period [kW]: what it gives, and by how much that is more than
    left alone; each (days,).

    `batteries` are B stores, `net_generation_kw` (T, N) the homes' sun minus load.
    """
    own, home = batteries, batteries.home
    first, last = 4 * event.first_hour, 4 * event.first_hour + max(round(event.hours / INTERVAL_HOURS), 1)
    slot, day = period.slot_of_interval, np.asarray(period.days)[period.day_of_interval]
    at_event = (slot >= first) & (slot < last) & (day >= event.days[0]) & (day <= event.days[1])
    energy = apart = own.initial_kwh
    power = np.zeros(len(own))
    given, more, count = 0.0, 0.0, 0
    by_event: list[tuple[float, float]] = []
    for t in range(len(period)):
        alone = _alone_kw(own, energy, net_generation_kw[t, home])
        now = alone
        if at_event[t]:
            if not count:
                apart = energy
                energy = own.ceiling_kwh if asked.full else energy
                power = _even_kw(own, permission, energy, alone, event.hours)
            left = discharge_limit_kw(
                energy, own.floor_kwh, own.max_discharge_kw, own.discharge_efficiency, INTERVAL_HOURS
            )
            now = np.maximum(np.minimum(power, left), alone)
            now = np.where(own.reachable[t], now, alone) if asked.in_reach_only else now
            without = _alone_kw(own, apart, net_generation_kw[t, home])
            apart = _after_kwh(own, apart, without)
            given, more, count = given + float(now.mean()), more + float((now - without).mean()), count + 1
        elif count:
            by_event.append((given / count, more / count))
            given, more, count = 0.0, 0.0, 0
        energy = _after_kwh(own, energy, now)
    gave, rose = np.array(by_event).reshape(-1, 2).T
    return gave, rose


def _alone_kw(own: Stores, energy_kwh: Floats, net_generation_kw: Floats) -> Floats:
    """What batteries do on their own."""
    alone: Floats = self_consumption_kw(
        energy_kwh, net_generation_kw, own.backup_kwh, own.ceiling_kwh, own.max_discharge_kw, own.charge_efficiency,
        own.discharge_efficiency, INTERVAL_HOURS,
    )  # fmt: skip
    return alone


def _after_kwh(own: Stores, energy_kwh: Floats, power_kw: Floats) -> Floats:
    """What they hold after a quarter hour at this power."""
    after: Floats = step_energy_kwh(
        energy_kwh, np.maximum(-power_kw, 0.0), np.maximum(power_kw, 0.0), own.charge_efficiency,
        own.discharge_efficiency, INTERVAL_HOURS,
    )  # fmt: skip
    return after


def _even_kw(own: Stores, permission: Permission, energy_kwh: Floats, alone_kw: Floats, hours: float) -> Floats:
    """The even power that each battery can keep up through an event, within what is permitted [kW]."""
    stored = np.maximum(energy_kwh - permission.floor_kwh, 0.0) * own.discharge_efficiency / hours
    offered = np.minimum(permission.deviation_kw, permission.daily_kwh * own.discharge_efficiency / hours)
    return np.minimum(np.minimum(own.max_discharge_kw, stored), np.maximum(alone_kw, 0.0) + offered)


def events_of_fleet(
    event: RecordedEvent,
    period: Period,
    fleet: Fleet,
    rules: Reliability,
    load_kw: Floats,
    usual_load_kw: Floats,
    solar_kw_per_kw: Floats,
) -> dict[str, tuple[Floats, Floats]]:
    """`event_kw_per_home` of a fleet for each of `WAYS`, by name.

    `load_kw` (T, N), `usual_load_kw` (N,), `solar_kw_per_kw` (T, orientations).
    """
    stores = stores_of(fleet, period, usual_load_kw)
    stores = replace(stores, reachable=reached(fleet, stores, period, period.windows(), rules))
    battery = stores.of_kind("battery")
    own = stores.take(battery)
    surplus = solar_kw_per_kw[:, fleet.pv_orientation] * fleet.pv_capacity_kw * fleet.pv_system_efficiency - load_kw
    found = {}
    for asked in WAYS:
        permission = Permission.of(fleet, own, asked.obeys)
        found[asked.name] = event_kw_per_home(event, period, own, permission, surplus, asked)
    return found
