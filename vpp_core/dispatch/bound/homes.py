"""What one home may do in the month's bound: stores behind a meter.

A battery and a car are the same thing here, a store; what differs is in the limits. A car that may not be moved is no
store: its charging is part of the meter's load.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.devices import Permission
from vpp_core.fleet.fleet import Bools, Floats, Ints
from vpp_core.market.contingencies import since_call
from vpp_core.market.inputs import Inputs
from vpp_core.market.segments import SPIN
from vpp_core.physics.storage import self_consumption_kw, step_energy_kwh
from vpp_core.settlement.books import end_energy_prices

LEAST_HELD_KW = 0.1
"""A battery that can hold less than this above its backup is treated as if it could hold this much, where its floor is
below that: sustaining a kW would else take hundreds of kWh, which no solver likes."""


@dataclass(frozen=True)
class Reserve:
    """What a battery may hold as reserve over T intervals: r kW, paid by the hour; arrays of shape (T,).

    0 ≤ r ≤ most_kw
    discharge + r ≤ most discharge                          where checked
    energy at the end − floor ≥ r · sustain_kwh_per_kw      where checked
    """

    usd_per_kw_h: Floats
    """of the dearer product, not below 0"""
    most_kw: Floats
    """0 where nothing is paid"""
    sustain_kwh_per_kw: Floats
    """stored energy above the floor that keeps a kW up for the product's duration"""
    checked: Bools
    """not so from a call to the end of its window"""


@dataclass(frozen=True)
class Store:
    """A battery or a car over T intervals; arrays of shape (T,), power in kW at the terminals, energy in kWh stored."""

    car: int | None
    """position in the fleet's cars; none: the home's battery"""
    most_charge_kw: Floats
    most_discharge_kw: Floats
    free_discharge_kw: Floats
    """discharge up to here does not count towards the daily limit"""
    daily_kwh: float
    """stored energy that discharge beyond that may take per local day; infinite: no limit"""
    floor_kwh: Floats
    """least energy at the end of the interval"""
    ceiling_kwh: Floats
    trip_kwh: Floats
    """taken at the start of the interval"""
    initial_kwh: float
    charge_efficiency: float
    discharge_efficiency: float
    wear_usd_per_kwh: float
    end_usd_per_kwh: float
    reserve: Reserve | None = None

    def held_kw(self, discharge_kw: Floats, energy_kwh: Floats) -> Floats:
        """The most reserve that discharge and energy at the end of each interval leave room for, shape (T,)."""
        if (reserve := self.reserve) is None:
            return np.zeros_like(discharge_kw)
        headroom = self.most_discharge_kw - discharge_kw
        sustained = (energy_kwh - self.floor_kwh) / reserve.sustain_kwh_per_kw
        deliverable = np.where(reserve.checked, np.minimum(headroom, sustained), np.inf)
        held: Floats = np.maximum(np.minimum(reserve.most_kw, deliverable), 0.0)
        return held


@dataclass(frozen=True)
class Home:
    """A home's meter and the stores behind it."""

    surplus_kw: Floats
    """what the meter exports when no store moves, shape (T,)"""
    import_usd_per_kwh: Floats
    """what a kWh more of import costs: LMP and tariff, shape (T,)"""
    export_usd_per_kwh: Floats
    """what a kWh more of export earns: LMP and credit, shape (T,)"""
    day: Ints
    """local day of each interval, shape (T,)"""
    stores: tuple[Store, ...]

    @property
    def separates(self) -> bool:
        """Whether each store can be decided without the others, alone or behind a meter that always imports, and none
        holds reserve."""
        if any(store.reserve for store in self.stores):
            return False
        imports_only = self.surplus_kw.max() <= 0 and all(store.most_discharge_kw.max() <= 0 for store in self.stores)
        return len(self.stores) == 1 or imports_only


@dataclass(frozen=True)
class Schedule:
    """What a store does; arrays of shape (T,), energy at the end of the interval."""

    charge_kw: Floats
    discharge_kw: Floats
    energy_kwh: Floats
    reserve_kw: Floats


def earned_usd(home: Home, schedules: list[Schedule]) -> float:
    """What the schedules earn [$], the bound's objective: meter, wear, reserve, and stored energy at the end."""
    moved = sum((s.discharge_kw - s.charge_kw for s in schedules), np.zeros_like(home.surplus_kw))
    total = meter_usd(home, home.surplus_kw + moved)
    for store, schedule in zip(home.stores, schedules, strict=True):
        total -= INTERVAL_HOURS * store.wear_usd_per_kwh * float(schedule.discharge_kw.sum())
        total += store.end_usd_per_kwh * float(schedule.energy_kwh[-1])
        if store.reserve:
            total += INTERVAL_HOURS * float(store.reserve.usd_per_kw_h @ schedule.reserve_kw)
    return total


def meter_usd(home: Home, meter_kw: Floats) -> float:
    """What the meter earns [$] at LMP and tariff, export positive."""
    price = np.where(meter_kw > 0, home.export_usd_per_kwh, home.import_usd_per_kwh)
    return INTERVAL_HOURS * float(price @ meter_kw)


def broken_kwh(home: Home, schedules: list[Schedule]) -> float:
    """By how much the schedules miss a limit or the energy balance at worst [kWh, power counted over an interval]."""
    worst = 0.0
    for store, s in zip(home.stores, schedules, strict=True):
        gained = store.charge_efficiency * s.charge_kw - s.discharge_kw / store.discharge_efficiency
        before = np.append(store.initial_kwh, s.energy_kwh[:-1])
        beyond = np.maximum(s.discharge_kw - store.free_discharge_kw, 0.0)
        taken = np.bincount(home.day, beyond) * INTERVAL_HOURS / store.discharge_efficiency
        misses = [
            INTERVAL_HOURS * -np.minimum(s.charge_kw, store.most_charge_kw - s.charge_kw),
            INTERVAL_HOURS * -np.minimum(s.discharge_kw, store.most_discharge_kw - s.discharge_kw),
            store.floor_kwh - s.energy_kwh,
            s.energy_kwh - store.ceiling_kwh,
            np.abs(s.energy_kwh - before + store.trip_kwh - INTERVAL_HOURS * gained),
            taken - store.daily_kwh,
        ]
        if store.reserve:
            r = store.reserve
            misses += [
                INTERVAL_HOURS * -np.minimum(s.reserve_kw, r.most_kw - s.reserve_kw),
                INTERVAL_HOURS * r.checked * (s.discharge_kw + s.reserve_kw - store.most_discharge_kw),
                r.checked * (r.sustain_kwh_per_kw * s.reserve_kw - (s.energy_kwh - store.floor_kwh)),
            ]
        worst = max(worst, *(float(miss.max()) for miss in misses))
    return worst


@dataclass(frozen=True)
class Homes:
    """The homes of a period, with or without their preferences."""

    inputs: Inputs
    permission: Permission
    counterfactual_kwh: Floats
    """energy of batteries left alone at the end of each interval, shape (T, N)"""
    battery_end_usd_per_kwh: Floats
    car_end_usd_per_kwh: Floats

    @classmethod
    def of(cls, inputs: Inputs, obeys: bool) -> Homes:
        permission = Permission.of(inputs.fleet, inputs.batteries, inputs.cars, obeys)
        return cls(inputs, permission, _counterfactual_kwh(inputs), *end_energy_prices(inputs))

    def home(self, home: int) -> Home:
        """The home at a position of the fleet."""
        inputs, intervals = self.inputs, len(self.inputs.period)
        lmp = inputs.lmp_usd_per_mwh / 1000
        surplus = inputs.surplus_kw[:, home].copy()
        stores = [self._battery(home)] if inputs.batteries.max_power_kw[home] > 0 else []
        for car in np.flatnonzero(inputs.cars.home == home):
            if self.permission.car_movable[car]:
                stores.append(self._car(int(car)))
            else:
                surplus -= inputs.cars.counterfactual_kw[:, car]
        return Home(
            surplus_kw=surplus,
            import_usd_per_kwh=lmp + inputs.import_usd_per_kwh[:intervals],
            export_usd_per_kwh=lmp + inputs.export_usd_per_kwh[:intervals],
            day=inputs.period.day_of_interval,
            stores=tuple(stores),
        )

    def _battery(self, home: int) -> Store:
        inputs, allowed = self.inputs, self.permission
        b, intervals = inputs.batteries, len(inputs.period)
        power, surplus = b.max_power_kw[home], inputs.surplus_kw[:, home]
        solar, netload = np.maximum(surplus, 0.0), np.maximum(-surplus, 0.0)
        most_charge = most_discharge = np.full(intervals, power)
        floor = np.full(intervals, b.floor_kwh[home])
        if allowed.obeys:
            most_charge = np.minimum(power, solar + allowed.battery_power_kw[home])
            most_discharge = np.minimum(power, netload + allowed.battery_power_kw[home])
            floor = np.minimum(b.backup_kwh[home], self.counterfactual_kwh[:, home])
        ceiling = np.full(intervals, b.ceiling_kwh[home])
        floor = np.minimum(floor, ceiling)
        return Store(
            car=None,
            most_charge_kw=most_charge,
            most_discharge_kw=most_discharge,
            free_discharge_kw=netload,
            daily_kwh=float(allowed.daily_kwh[home]),
            floor_kwh=floor,
            ceiling_kwh=ceiling,
            trip_kwh=np.zeros(intervals),
            initial_kwh=float(b.initial_kwh[home]),
            charge_efficiency=float(b.charge_efficiency[home]),
            discharge_efficiency=float(b.discharge_efficiency[home]),
            wear_usd_per_kwh=float(b.wear_usd_per_kwh[home]),
            end_usd_per_kwh=float(self.battery_end_usd_per_kwh[home]),
            reserve=self._reserve(home, floor),
        )

    def _reserve(self, home: int, floor: Floats) -> Reserve | None:
        """What the home may hold.

        A strategy's r needs energy ≥ protected + r · sustained where r > 0, energy ≥ floor where r = 0. What both
        imply, and no more (their convex hull), is energy ≥ floor + r · (sustained + (protected − floor) / most r).
        """
        inputs, b = self.inputs, self.inputs.batteries
        price = dearer_reserve(inputs)[0] / 1000
        if not price.any():
            return None
        offered, protected = self.permission.battery_power_kw[home], self.permission.battery_floor_kwh[home]
        sustained = inputs.scenario.market.reserve_duration_minutes / 60 / b.discharge_efficiency[home]
        checked = ~since_call(inputs.called, inputs.windows.length)
        most = min(offered, (b.ceiling_kwh[home] - protected) / sustained)
        below_protected = np.maximum(protected - floor, 0.0)
        return Reserve(
            usd_per_kw_h=price,
            most_kw=np.where(price > 0, np.where(checked, most, offered), 0.0),
            sustain_kwh_per_kw=sustained + below_protected / max(most, LEAST_HELD_KW),
            checked=checked,
        )

    def _car(self, car: int) -> Store:
        """A car has what it needs on board wherever it leaves; without V2G it charges only."""
        cars, intervals, allowed = self.inputs.cars, len(self.inputs.period), self.permission
        gives_kw = allowed.car_discharge_kw[car]
        plugged, need = cars.plugged[:, car], self.permission.car_need_kwh[:, car]
        floor = np.full(intervals, min(cars.floor_kwh[car], cars.initial_kwh[car]))
        leaves = np.flatnonzero(plugged[:-1] & ~plugged[1:])
        floor[leaves] = need[leaves]
        if plugged[-1]:
            floor[-1] = need[-1]
        ceiling = np.full(intervals, cars.target_kwh[car])
        return Store(
            car=car,
            most_charge_kw=np.where(plugged, cars.max_charge_kw[car], 0.0),
            most_discharge_kw=np.where(plugged, gives_kw, 0.0),
            free_discharge_kw=np.zeros(intervals),
            daily_kwh=float(allowed.car_daily_kwh[car]) if gives_kw > 0 else np.inf,
            floor_kwh=np.minimum(floor, ceiling),
            ceiling_kwh=ceiling,
            trip_kwh=cars.trip_kwh[:, car].copy(),
            initial_kwh=float(cars.initial_kwh[car]),
            charge_efficiency=float(cars.charge_efficiency[car]),
            discharge_efficiency=float(cars.discharge_efficiency[car]) if gives_kw > 0 else 1.0,
            wear_usd_per_kwh=float(cars.wear_usd_per_kwh[car]) if gives_kw > 0 else 0.0,
            end_usd_per_kwh=float(self.car_end_usd_per_kwh[car]),
        )


def dearer_reserve(inputs: Inputs) -> tuple[Floats, Ints]:
    """Price of the dearer of spin and non-spin [$/MW-h], 0 where neither has one above 0, and which it is (a tie:
    spin), each (T,). One kW is sold in one product, so a bound sells all in this one."""
    prices = np.maximum(np.nan_to_num(inputs.price[SPIN:], nan=0.0), 0.0)
    return prices.max(axis=0), SPIN + prices.argmax(axis=0)


def _counterfactual_kwh(inputs: Inputs) -> Floats:
    b = inputs.batteries
    energy, path = b.initial_kwh, np.empty_like(inputs.surplus_kw)
    for t, surplus in enumerate(inputs.surplus_kw):
        battery = self_consumption_kw(
            energy, surplus, b.backup_kwh, b.ceiling_kwh, b.max_power_kw, b.charge_efficiency,
            b.discharge_efficiency, INTERVAL_HOURS,
        )  # fmt: skip
        energy = step_energy_kwh(
            energy, np.maximum(-battery, 0), np.maximum(battery, 0), b.charge_efficiency, b.discharge_efficiency,
            INTERVAL_HOURS,
        )  # fmt: skip
        path[t] = energy
    return path
