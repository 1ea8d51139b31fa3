"""Views of a fleet's stores as batteries and cars, for code that still tells them apart, and what households allow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.fleet.fleet import EV_PRIORITIES, Bools, Fleet, Floats, Ints
from vpp_core.fleet.stores import Stores


@dataclass(frozen=True)
class Batteries:
    """One column per home, shape (N,); zero power and capacity where there is none."""

    floor_kwh: Floats
    ceiling_kwh: Floats
    backup_kwh: Floats
    """energy kept for an outage: hours × mean load, within floor and ceiling"""
    initial_kwh: Floats
    max_power_kw: Floats
    charge_efficiency: Floats
    discharge_efficiency: Floats
    wear_usd_per_kwh: Floats

    @classmethod
    def of(cls, stores: Stores, homes: int) -> Batteries:
        """The batteries among the stores, at the positions of their homes."""
        own = stores.take(stores.of_kind("battery"))

        def at_home(values: Floats, without: float) -> Floats:
            column = np.full(homes, without)
            column[own.home] = values
            return column

        return cls(
            floor_kwh=at_home(own.floor_kwh, 0.0),
            ceiling_kwh=at_home(own.ceiling_kwh, 0.0),
            backup_kwh=at_home(own.backup_kwh, 0.0),
            initial_kwh=at_home(own.initial_kwh, 0.0),
            max_power_kw=at_home(own.max_discharge_kw, 0.0),
            charge_efficiency=at_home(own.charge_efficiency, 1.0),
            discharge_efficiency=at_home(own.discharge_efficiency, 1.0),
            wear_usd_per_kwh=at_home(own.wear_usd_per_kwh, 0.0),
        )


@dataclass(frozen=True)
class CarBatteries:
    """One column per car, shape (M,), and its days, shape (T, M)."""

    home: Ints
    floor_kwh: Floats
    target_kwh: Floats
    initial_kwh: Floats
    max_charge_kw: Floats
    charge_efficiency: Floats
    max_discharge_kw: Floats
    """0 without V2G"""
    discharge_efficiency: Floats
    wear_usd_per_kwh: Floats
    """per kWh discharged"""
    plugged: Bools
    trip_kwh: Floats
    counterfactual_kwh: Floats
    """energy at the start of each interval when charging on arrival, before a trip is taken; row T is the end"""
    counterfactual_kw: Floats
    departure: Ints
    """for each interval the next interval in which the car leaves; T where it does not leave any more"""
    asked_kwh: Floats
    """energy on board that the household may expect at that departure: asked, or what charging on arrival would have
    given, whichever is less"""
    trip_need_kwh: Floats
    """energy that the next trip needs at that departure, above the floor"""

    @classmethod
    def of(cls, stores: Stores) -> CarBatteries:
        """The cars among the stores, at their positions in the fleet."""
        own = stores.take(stores.of_kind("car"))
        return cls(
            home=own.home,
            floor_kwh=own.floor_kwh,
            target_kwh=own.ceiling_kwh,
            initial_kwh=own.initial_kwh,
            max_charge_kw=own.max_charge_kw,
            charge_efficiency=own.charge_efficiency,
            max_discharge_kw=own.max_discharge_kw,
            discharge_efficiency=own.discharge_efficiency,
            wear_usd_per_kwh=own.wear_usd_per_kwh,
            plugged=np.ascontiguousarray(own.available),
            trip_kwh=np.ascontiguousarray(own.draw_kwh),
            counterfactual_kwh=np.ascontiguousarray(own.counterfactual_kwh),
            counterfactual_kw=np.ascontiguousarray(own.counterfactual_kw),
            departure=np.ascontiguousarray(own.departure, dtype=np.int64),
            asked_kwh=np.ascontiguousarray(own.asked_kwh),
            trip_need_kwh=np.ascontiguousarray(own.trip_asked_kwh),
        )

    def __len__(self) -> int:
        return len(self.home)


@dataclass(frozen=True)
class Permission:
    """What the VPP may do with each device: the households' preferences, or everything the hardware can do."""

    obeys: bool
    battery_power_kw: Floats
    """most deviation from the default, either direction, shape (N,)"""
    battery_floor_kwh: Floats
    """stored energy that the VPP leaves alone, shape (N,)"""
    daily_kwh: Floats
    """stored energy that the VPP may take per local day, shape (N,)"""
    car_movable: Bools
    """whether charging may be delayed at all, shape (M,)"""
    car_need_kwh: Floats
    """energy on board at the next departure, seen from each interval, shape (T, M)"""
    car_discharge_kw: Floats
    """most power that a car gives, shape (M,); 0 without V2G"""
    car_daily_kwh: Floats
    """stored energy that the VPP may take from a car per local day, shape (M,)"""
    compensation_usd_per_kwh: Floats
    """least pay per kWh delivered by a battery or a car, shape (N,); 0 where preferences are ignored"""

    @classmethod
    def of(cls, fleet: Fleet, batteries: Batteries, cars: CarBatteries, obeys: bool) -> Permission:
        homes = len(fleet)
        if not obeys:
            return cls(
                obeys=False,
                battery_power_kw=batteries.max_power_kw,
                battery_floor_kwh=batteries.floor_kwh,
                daily_kwh=np.full(homes, np.inf),
                car_movable=np.ones(len(cars), dtype=bool),
                car_need_kwh=cars.trip_need_kwh,
                car_discharge_kw=cars.max_discharge_kw,
                car_daily_kwh=np.full(len(cars), np.inf),
                compensation_usd_per_kwh=np.zeros(homes),
            )
        movable = fleet.ev_priority[cars.home] != EV_PRIORITIES.index("high")
        share = fleet.max_discharge_share.astype(np.float64)
        offered_kw = cars.max_discharge_kw * fleet.participation_willingness[cars.home]
        return cls(
            obeys=True,
            battery_power_kw=batteries.max_power_kw * fleet.participation_willingness,
            battery_floor_kwh=batteries.backup_kwh,
            daily_kwh=fleet.bess_capacity_kwh * share,
            car_movable=movable,
            car_need_kwh=cars.asked_kwh,
            car_discharge_kw=np.where(movable, offered_kw, 0.0),
            car_daily_kwh=fleet.cars.capacity_kwh * share[cars.home],
            compensation_usd_per_kwh=fleet.min_compensation_usd_per_kwh.astype(np.float64),
        )
