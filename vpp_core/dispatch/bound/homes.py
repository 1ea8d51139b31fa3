"""What one home may do in the month's bound: stores behind a meter.

Kinds of stores differ in their limits alone. One that may not be moved is none here: its charging is part of the
meter's load. One out of reach runs by its default, which depends on what it holds: relaxed, a battery may then do
anything within what would cover the home's load or store its surplus, and what charges on its own may charge at will.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.fleet import Bools, Floats, Ints
from vpp_core.fleet.permission import Permission
from vpp_core.market.contingencies import since_call
from vpp_core.market.inputs import Inputs
from vpp_core.market.segments import SPIN
from vpp_core.physics.storage import self_consumption_kw, step_energy_kwh
from vpp_core.settlement.books import end_energy_prices

LEAST_HELD_KW = 0.1
"""A store that can hold less than this above its backup is treated as if it could hold this much, where its floor is
below that: sustaining a kW would else take hundreds of kWh, which no solver likes."""


@dataclass(frozen=True)
class Reserve:
    """What a store may hold as reserve over T intervals: r kW, paid by the hour; arrays of shape (T,).

    0 ≤ r ≤ max_kw
    discharge + r ≤ most discharge                          where checked
    energy at the end − floor ≥ r · sustain_kwh_per_kw      where checked
    """

    usd_per_kw_h: Floats
    """of the dearer product, not below 0"""
    max_kw: Floats
    """0 where nothing is paid"""
    sustain_kwh_per_kw: Floats
    """stored energy above the floor that keeps a kW up for the product's duration"""
    checked: Bools
    """not so from a call to the end of its window"""


@dataclass(frozen=True)
class Store:
    """A store over T intervals; arrays of shape (T,), power in kW at the terminals, energy in kWh stored."""

    column: int
    """position in the fleet's stores"""
    max_charge_kw: Floats
    max_discharge_kw: Floats
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
    paid_usd_per_kwh: Floats | None = None
    """what programmes pay for what it gives less what it takes; none: nothing, or it is in the meter's prices"""

    def held_kw(self, discharge_kw: Floats, energy_kwh: Floats) -> Floats:
        """The most reserve that discharge and energy at the end of each interval leave room for, shape (T,)."""
        if (reserve := self.reserve) is None:
            return np.zeros_like(discharge_kw)
        headroom = self.max_discharge_kw - discharge_kw
        sustained = (energy_kwh - self.floor_kwh) / reserve.sustain_kwh_per_kw
        deliverable = np.where(reserve.checked, np.minimum(headroom, sustained), np.inf)
        held: Floats = np.maximum(np.minimum(reserve.max_kw, deliverable), 0.0)
        return held


@dataclass(frozen=True)
class Home:
    """A home's meter and the stores behind it."""

    net_generation_kw: Floats
    """what the meter exports when no store moves, shape (T,)"""
    import_usd_per_kwh: Floats
    """what a kWh more of import costs: LMP and tariff, shape (T,)"""
    export_usd_per_kwh: Floats
    """what a kWh more of export earns: LMP and credit, shape (T,)"""
    day: Ints
    """local day of each interval, shape (T,)"""
    stores: tuple[Store, ...]

    @property
    def gains_by_concentrating(self) -> bool:
        """True where exporting earns more than importing costs in some interval."""
        return bool((self.export_usd_per_kwh > self.import_usd_per_kwh).any())

    @property
    def separates(self) -> bool:
        """Whether each store can be decided without the others, alone or behind a meter that always imports, and none
        holds reserve.
        """
        if any(store.reserve for store in self.stores):
            return False
        imports_only = self.net_generation_kw.max() <= 0 and all(
            store.max_discharge_kw.max() <= 0 for store in self.stores
        )
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
    moved = sum((s.discharge_kw - s.charge_kw for s in schedules), np.zeros_like(home.net_generation_kw))
    total = meter_usd(home, home.net_generation_kw + moved)
    for store, schedule in zip(home.stores, schedules, strict=True):
        total -= INTERVAL_HOURS * store.wear_usd_per_kwh * float(schedule.discharge_kw.sum())
        total += store.end_usd_per_kwh * float(schedule.energy_kwh[-1])
        if store.reserve:
            total += INTERVAL_HOURS * float(store.reserve.usd_per_kw_h @ schedule.reserve_kw)
        if store.paid_usd_per_kwh is not None:
            total += INTERVAL_HOURS * float(store.paid_usd_per_kwh @ (schedule.discharge_kw - schedule.charge_kw))
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
            INTERVAL_HOURS * -np.minimum(s.charge_kw, store.max_charge_kw - s.charge_kw),
            INTERVAL_HOURS * -np.minimum(s.discharge_kw, store.max_discharge_kw - s.discharge_kw),
            store.floor_kwh - s.energy_kwh,
            s.energy_kwh - store.ceiling_kwh,
            np.abs(s.energy_kwh - before + store.trip_kwh - INTERVAL_HOURS * gained),
            taken - store.daily_kwh,
        ]
        if store.reserve:
            r = store.reserve
            misses += [
                INTERVAL_HOURS * -np.minimum(s.reserve_kw, r.max_kw - s.reserve_kw),
                INTERVAL_HOURS * r.checked * (s.discharge_kw + s.reserve_kw - store.max_discharge_kw),
                r.checked * (r.sustain_kwh_per_kw * s.reserve_kw - (s.energy_kwh - store.floor_kwh)),
            ]
        worst = max(worst, *(float(miss.max()) for miss in misses))
    return worst


@dataclass(frozen=True)
class BoundHomes:
    """The homes of a period, with or without their preferences."""

    inputs: Inputs
    permission: Permission
    counterfactual_kwh: Floats
    """energy of stores left alone at the end of each interval, shape (T, S)"""
    end_usd_per_kwh: Floats
    """shape (S,)"""
    on_meter_usd_per_kwh: Floats
    """what programmes pay for a kWh more at the meter, shape (T,)"""
    on_battery_usd_per_kwh: Floats
    """the same of a battery"""

    @classmethod
    def of(cls, inputs: Inputs, obeys: bool) -> BoundHomes:
        permission = Permission.of(inputs.fleet, inputs.stores, obeys)
        on_meter, on_battery = (
            sum((e.usd_per_kwh for e in inputs.events if e.programme.measured == where), np.zeros(len(inputs.period)))
            for where in ("meter", "battery")
        )
        return cls(inputs, permission, _counterfactual_kwh(inputs), end_energy_prices(inputs), on_meter, on_battery)

    def home(self, home: int) -> Home:
        """The home at a position of the fleet."""
        inputs, intervals = self.inputs, len(self.inputs.period)
        own, tariff = inputs.stores, inputs.tariff_of_home[home]
        worth = inputs.lmp_usd_per_mwh / 1000 + self.on_meter_usd_per_kwh
        surplus = inputs.net_generation_kw[:, home].copy()
        stores = []
        for column in np.flatnonzero(own.home == home):
            if self.permission.movable[column]:
                stores.append(self._store(int(column)))
            else:
                surplus -= own.counterfactual_kw[:, column]
        if self.on_battery_usd_per_kwh.any():
            if len(stores) == 1 and own.follows_meter[stores[0].column]:
                worth = worth + self.on_battery_usd_per_kwh  # what else passes its meter is a constant
            else:
                stores = [
                    replace(store, paid_usd_per_kwh=self.on_battery_usd_per_kwh)
                    if own.follows_meter[store.column]
                    else store
                    for store in stores
                ]
        return Home(
            net_generation_kw=surplus,
            import_usd_per_kwh=worth + inputs.import_usd_per_kwh[tariff, :intervals],
            export_usd_per_kwh=worth + inputs.export_usd_per_kwh[tariff, :intervals],
            day=inputs.period.day_of_interval,
            stores=tuple(stores),
        )

    def _store(self, column: int) -> Store:
        own, allowed, intervals = self.inputs.stores, self.permission, len(self.inputs.period)
        there = own.available[:, column]
        max_charge = np.where(there, own.max_charge_kw[column], 0.0)
        asked = own.reachable[:, column]
        max_discharge = np.where(there & (asked | own.follows_meter[column]), allowed.give_kw[column], 0.0)
        free_discharge, floor = np.zeros(intervals), self._floor_kwh(column)
        if own.follows_meter[column]:
            surplus = self.inputs.net_generation_kw[:, own.home[column]]
            offered = np.where(asked, allowed.deviation_kw[column], 0.0)
            free_discharge = np.maximum(-surplus, 0.0)
            max_charge = np.minimum(max_charge, np.maximum(surplus, 0.0) + offered)
            max_discharge = np.minimum(max_discharge, free_discharge + offered)
        gives = max_discharge.max() > 0
        ceiling = np.full(intervals, own.ceiling_kwh[column])
        return Store(
            column=column,
            max_charge_kw=max_charge,
            max_discharge_kw=max_discharge,
            free_discharge_kw=free_discharge,
            daily_kwh=float(allowed.daily_kwh[column]) if gives else np.inf,
            floor_kwh=np.minimum(floor, ceiling),
            ceiling_kwh=ceiling,
            trip_kwh=own.draw_kwh[:, column].copy(),
            initial_kwh=float(own.initial_kwh[column]),
            charge_efficiency=float(own.charge_efficiency[column]),
            discharge_efficiency=float(own.discharge_efficiency[column]) if gives else 1.0,
            wear_usd_per_kwh=float(own.wear_usd_per_kwh[column]) if gives else 0.0,
            end_usd_per_kwh=float(self.end_usd_per_kwh[column]),
            reserve=self._reserve(column, floor) if own.follows_meter[column] else None,
        )

    def _floor_kwh(self, column: int) -> Floats:
        """Least energy at the end of each interval: what is kept for an outage, and wherever the store leaves what its
        household may expect on board; neither more than it would hold when left alone. The period's end is no
        departure: nobody plans by it, and what is stored then has its price.
        """
        own, obeys = self.inputs.stores, self.permission.obeys
        alone, there = self.counterfactual_kwh[:, column], own.available[:, column]
        if own.follows_meter[column]:
            kept: Floats = np.minimum(own.backup_kwh[column], alone)
            return kept if obeys else np.full(len(alone), own.floor_kwh[column])
        floor: Floats = np.minimum(own.floor_kwh[column], alone)
        asked = (own.asked_kwh if obeys else own.trip_asked_kwh)[:, column]
        leaves = np.flatnonzero(there[:-1] & ~there[1:])
        floor[leaves] = asked[leaves]
        return floor

    def _reserve(self, column: int, floor: Floats) -> Reserve | None:
        """What the store may hold.

        A strategy's r needs energy ≥ protected + r · sustained where r > 0, energy ≥ floor where r = 0. What both
        imply, and no more (their convex hull), is energy ≥ floor + r · (sustained + (protected − floor) / most r).
        """
        inputs, own = self.inputs, self.inputs.stores
        price = dearer_reserve(inputs)[0] / 1000
        if not price.any():
            return None
        offered, protected = self.permission.deviation_kw[column], self.permission.floor_kwh[column]
        sustained = inputs.scenario.market.reserve_duration_minutes / 60 / own.discharge_efficiency[column]
        checked = ~since_call(inputs.called, inputs.windows.length)
        most = min(offered, (own.ceiling_kwh[column] - protected) / sustained)
        below_protected = np.maximum(protected - floor, 0.0)
        return Reserve(
            usd_per_kw_h=price,
            max_kw=np.where((price > 0) & own.reachable[:, column], np.where(checked, most, offered), 0.0),
            sustain_kwh_per_kw=sustained + below_protected / max(most, LEAST_HELD_KW),
            checked=checked,
        )


def dearer_reserve(inputs: Inputs) -> tuple[Floats, Ints]:
    """Price of the dearer of spin and non-spin [$/MW-h], 0 where neither has one above 0, and which it is (a tie:
    spin), each (T,). One kW is sold in one product, so a bound sells all in this one.
    """
    prices = np.maximum(np.nan_to_num(inputs.price[SPIN:], nan=0.0), 0.0)
    return prices.max(axis=0), SPIN + prices.argmax(axis=0)


def _counterfactual_kwh(inputs: Inputs) -> Floats:
    """Energy of every store left alone at the end of each interval, shape (T, S)."""
    own = inputs.stores
    path = own.counterfactual_kwh[1:].copy()
    follows = np.flatnonzero(own.follows_meter)
    surplus, energy = inputs.net_generation_kw[:, own.home[follows]], own.initial_kwh[follows]
    backup, ceiling, power = own.backup_kwh[follows], own.ceiling_kwh[follows], own.max_discharge_kw[follows]
    into, out_of = own.charge_efficiency[follows], own.discharge_efficiency[follows]
    for t in range(len(path)):
        moved = self_consumption_kw(energy, surplus[t], backup, ceiling, power, into, out_of, INTERVAL_HOURS)
        taken, given = np.maximum(-moved, 0.0), np.maximum(moved, 0.0)
        path[t, follows] = energy = step_energy_kwh(energy, taken, given, into, out_of, INTERVAL_HOURS)
    return path
