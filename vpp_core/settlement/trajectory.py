"""What a strategy's run did, interval by interval: the only thing that settlement and satisfaction are fed with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.fleet.devices import Batteries, CarBatteries
from vpp_core.fleet.fleet import Floats


@dataclass(frozen=True)
class Trajectory:
    """Columns over intervals and devices: batteries (T, N), cars (T, M).

    A default is what the device would have done on its own from the same energy; an award is what cleared, export
    positive (a delayed charge counts as export); `agreed_*` is the price at which the household is paid for it. Of a
    car that discharges the award is what it gives; that it does not charge meanwhile comes on top.
    """

    floor_kwh: Floats
    """stored energy that the strategy leaves alone, and reserve is not delivered from, shape (N,)"""
    discharge_kw: Floats
    charge_kw: Floats
    stored_kwh: Floats
    """at the end of each interval"""
    default_kw: Floats
    """battery default, discharge positive"""
    award_kw: Floats
    agreed_usd_per_kwh: Floats
    spin_kw: Floats
    """held as spinning reserve"""
    nonspin_kw: Floats
    called_kw: Floats
    """of what is held, what is called"""
    spin_agreed_usd_per_kw_h: Floats
    nonspin_agreed_usd_per_kw_h: Floats
    call_agreed_usd_per_kwh: Floats
    """what the household is paid for energy delivered on a call"""
    car_kw: Floats
    """net charging, negative where a car gives more than it takes"""
    car_discharge_kw: Floats
    car_kwh: Floats
    """at the end of each interval"""
    car_default_kw: Floats
    car_award_kw: Floats
    """delayed charging"""
    car_discharge_award_kw: Floats
    car_agreed_usd_per_kwh: Floats

    @classmethod
    def empty(cls, intervals: int, homes: int, cars: int, floor_kwh: Floats) -> Trajectory:
        """All zeros, to be filled."""
        battery = [np.zeros((intervals, homes)) for _ in range(12)]
        car = [np.zeros((intervals, cars)) for _ in range(7)]
        return cls(floor_kwh, *battery, *car)

    @property
    def reserve_kw(self) -> Floats:
        """Held as reserve of either kind, shape (T, N)."""
        return self.spin_kw + self.nonspin_kw

    @property
    def battery_kw(self) -> Floats:
        """Net battery power, discharge positive."""
        return self.discharge_kw - self.charge_kw

    def stored_before_kwh(self, batteries: Batteries) -> Floats:
        """Battery energy at the start of each interval."""
        return np.vstack([batteries.initial_kwh, self.stored_kwh[:-1]])

    def car_before_kwh(self, cars: CarBatteries) -> Floats:
        """Car energy at the start of each interval, before a trip is taken."""
        return np.vstack([cars.initial_kwh, self.car_kwh[:-1]])
