"""Batteries and cars of a fleet in energy terms, as the simulation uses them, and what households allow with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet import assumptions as given
from vpp_core.fleet.fleet import EV_PRIORITIES, Bools, Fleet, Floats, Ints
from vpp_core.fleet.mobility import Mobility
from vpp_core.physics.storage import charge_on_arrival_kw, step_energy_kwh


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
    def of(cls, fleet: Fleet, mean_load_kw: Floats) -> Batteries:
        """`mean_load_kw` (N,) is part of the household's configuration: what its reserve is sized on."""
        capacity = fleet.bess_capacity_kwh.astype(np.float64)
        floor, ceiling = capacity * fleet.bess_min_soc, capacity * fleet.bess_max_soc
        return cls(
            floor_kwh=floor,
            ceiling_kwh=ceiling,
            backup_kwh=np.clip(fleet.backup_power_hours * mean_load_kw, floor, ceiling),
            initial_kwh=np.clip(capacity * fleet.bess_initial_soc, floor, ceiling),
            max_power_kw=np.where(capacity > 0, fleet.bess_max_power_kw, 0.0),
            charge_efficiency=np.where(capacity > 0, fleet.bess_charge_efficiency, 1.0),
            discharge_efficiency=np.where(capacity > 0, fleet.bess_discharge_efficiency, 1.0),
            wear_usd_per_kwh=fleet.bess_degradation_usd_per_kwh.astype(np.float64),
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
    def of(cls, fleet: Fleet, mobility: Mobility) -> CarBatteries:
        cars = fleet.cars
        capacity = cars.capacity_kwh.astype(np.float64)
        initial = capacity * cars.initial_soc
        floor = capacity * cars.min_soc
        target = np.maximum(capacity * cars.target_soc, initial)
        power, efficiency = cars.max_charge_kw.astype(np.float64), cars.charge_efficiency.astype(np.float64)
        intervals = len(mobility.plugged)
        energy = np.empty((intervals + 1, len(cars)))
        charge = np.empty((intervals, len(cars)))
        energy[0] = initial
        for t in range(intervals):
            on_board = energy[t] - mobility.trip_kwh[t]
            charge[t] = charge_on_arrival_kw(on_board, mobility.plugged[t], target, power, efficiency, INTERVAL_HOURS)
            energy[t + 1] = step_energy_kwh(on_board, charge[t], 0.0, efficiency, 1.0, INTERVAL_HOURS)
        departure, asked, need = _departures(mobility, energy, floor, capacity * cars.min_departure_soc, cars.trip_kwh)
        return cls(
            home=cars.home,
            floor_kwh=floor,
            target_kwh=target,
            initial_kwh=initial,
            max_charge_kw=power,
            charge_efficiency=efficiency,
            max_discharge_kw=np.where(cars.v2g, cars.max_discharge_kw, 0.0),
            discharge_efficiency=cars.discharge_efficiency.astype(np.float64),
            wear_usd_per_kwh=np.full(len(cars), given.EV_DEGRADATION_USD_PER_KWH),
            plugged=mobility.plugged,
            trip_kwh=mobility.trip_kwh,
            counterfactual_kwh=energy,
            counterfactual_kw=charge,
            departure=departure,
            asked_kwh=asked,
            trip_need_kwh=need,
        )

    def __len__(self) -> int:
        return len(self.home)


def _departures(
    mobility: Mobility, counterfactual_kwh: Floats, floor: Floats, usual_asked: Floats, usual_trip: Floats
) -> tuple[Ints, Floats, Floats]:
    """The next departure seen from each interval, and what must be on board by then, each shape (T, M).

    A car plugged in when the period ends leaves after it: the end counts as its departure, with its usual trip and its
    usual request, so that nobody earns by leaving cars empty at the end. Of one on the road nothing more is asked.
    """
    intervals, count = mobility.plugged.shape
    stays = mobility.plugged[-1]
    departure = np.empty((intervals, count), dtype=np.int64)
    asked, need = np.empty((intervals, count)), np.empty((intervals, count))
    end = counterfactual_kwh[intervals]
    next_departure = np.full(count, intervals, dtype=np.int64)
    next_need = np.where(stays, np.minimum(floor + usual_trip, end), floor)
    next_asked = np.where(stays, np.maximum(next_need, np.minimum(usual_asked, end)), floor)
    for t in range(intervals - 1, -1, -1):
        departure[t], asked[t], need[t] = next_departure, next_asked, next_need
        leaves = np.zeros(count, dtype=bool) if t == 0 else mobility.plugged[t - 1] & ~mobility.plugged[t]
        on_board = counterfactual_kwh[t]
        next_departure = np.where(leaves, t, next_departure)
        needed = np.minimum(floor + mobility.trip_kwh[t], on_board)
        next_need = np.where(leaves, needed, next_need)
        next_asked = np.where(leaves, np.maximum(needed, np.minimum(mobility.required_kwh[t], on_board)), next_asked)
    return departure, asked, need


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
