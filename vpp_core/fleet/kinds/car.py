"""An electric car: a store that leaves, comes back with less, and gives power only where it has V2G."""

from __future__ import annotations

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS, Period
from vpp_core.fleet import assumptions as given
from vpp_core.fleet.fleet import EV_PRIORITIES, Bools, Cars, Fleet, Floats, Ints
from vpp_core.fleet.kinds.kind import Kind
from vpp_core.fleet.mobility import (
    DEPARTURE_DEVIATION_SLOTS,
    RETURN_DEVIATION_SLOTS,
    SHORTEST_TRIP_SLOTS,
    SLOTS_PER_DAY,
    Mobility,
    mobility,
)
from vpp_core.fleet.stores import NEVER, Stores, staying
from vpp_core.physics.storage import charge_on_arrival_kw, step_energy_kwh

SKIPPED_BY_THE_CLOCK = 4
"""Quarter hours of the night in March on which the clock skips an hour."""


def cars(fleet: Fleet, period: Period, mean_load_kw: Floats) -> Stores:
    """One column per car, in the fleet's order, its days drawn by the fleet's seed."""
    return cars_on(fleet, mobility(fleet, period, fleet.seed))


def cars_on(fleet: Fleet, days: Mobility) -> Stores:
    """One column per car with these days."""
    own = fleet.cars
    capacity = own.capacity_kwh.astype(np.float64)
    floor, initial = capacity * own.min_soc, capacity * own.initial_soc
    target = np.maximum(capacity * own.target_soc, initial)
    wish = capacity * own.min_departure_soc
    efficiency = own.charge_efficiency.astype(np.float64)
    power = own.max_charge_kw.astype(np.float64)
    energy, charge = _left_alone(days, initial, target, power, efficiency)
    departure, asked, trip_asked = _departures(days, energy, floor, wish, own.trip_kwh)
    leave, back = _usual_slots(own)
    regained = power * efficiency * INTERVAL_HOURS * _shortest_stay_slots(leave, back)
    trip_need = np.minimum(np.maximum(floor, target - regained) + days.declared_kwh, target)
    usual_trip_need = np.minimum(np.maximum(floor, target - regained) + own.trip_kwh, target)
    return staying(
        len(days.plugged),
        own.home,
        floor,
        capacity_kwh=capacity,
        ceiling_kwh=target,
        initial_kwh=initial,
        max_charge_kw=power,
        max_discharge_kw=np.where(own.v2g, own.max_discharge_kw, 0.0),
        charge_efficiency=efficiency,
        discharge_efficiency=own.discharge_efficiency.astype(np.float64),
        wear_usd_per_kwh=np.full(len(own), given.EV_DEGRADATION_USD_PER_KWH),
        moving_ask_usd_per_kwh=fleet.moving_ask_usd_per_kwh[own.home],
        movable=fleet.ev_priority[own.home] != EV_PRIORITIES.index("high"),
        available=days.plugged,
        draw_kwh=days.trip_kwh,
        need_kwh=np.maximum(trip_need, np.minimum(wish, target)),
        trip_need_kwh=trip_need,
        asked_kwh=asked,
        trip_asked_kwh=trip_asked,
        departure=departure,
        counterfactual_kwh=energy,
        counterfactual_kw=charge,
        leave_slot=leave,
        return_slot=back,
        early_slots=np.where(leave.min(axis=0) < NEVER, DEPARTURE_DEVIATION_SLOTS, 0),
        usual_trip_kwh=own.trip_kwh.astype(np.float64),
        usual_need_kwh=np.maximum(usual_trip_need, np.minimum(wish, target)),
        infeasible_departures=days.infeasible_departures,
    )


def _left_alone(
    days: Mobility, initial_kwh: Floats, target_kwh: Floats, max_charge_kw: Floats, efficiency: Floats
) -> tuple[Floats, Floats]:
    """Energy (T + 1, M) and charging (T, M) of cars that charge on arrival."""
    intervals, count = days.plugged.shape
    energy, charge = np.empty((intervals + 1, count)), np.empty((intervals, count))
    energy[0] = initial_kwh
    for t in range(intervals):
        on_board = energy[t] - days.trip_kwh[t]
        charge[t] = charge_on_arrival_kw(
            on_board, days.plugged[t], target_kwh, max_charge_kw, efficiency, INTERVAL_HOURS
        )
        energy[t + 1] = step_energy_kwh(on_board, charge[t], 0.0, efficiency, 1.0, INTERVAL_HOURS)
    return energy, charge


def _leaving(plugged: Bools) -> Bools:
    """Whether a car leaves at the start of an interval, shape (T, M)."""
    leaves = np.zeros_like(plugged)
    leaves[1:] = plugged[:-1] & ~plugged[1:]
    return leaves


def _departures(
    days: Mobility, counterfactual_kwh: Floats, floor: Floats, usual_asked: Floats, usual_trip: Floats
) -> tuple[Ints, Floats, Floats]:
    """The next departure seen from each interval, and what the household may expect on board by then: as asked for, and
    for the trip alone; shape (T, M) each.

    A car plugged in when the period ends leaves after it: the end counts as its departure, with its usual trip and its
    usual request. Of one on the road nothing more is asked.
    """
    intervals, count = days.plugged.shape
    stays, leaves = days.plugged[-1], _leaving(days.plugged)
    departure = np.empty((intervals, count), dtype=np.int32)
    asked, trip_asked = np.empty((intervals, count)), np.empty((intervals, count))
    end = counterfactual_kwh[intervals]
    next_departure = np.full(count, intervals, dtype=np.int32)
    next_trip = np.where(stays, np.minimum(floor + usual_trip, end), floor)
    next_asked = np.where(stays, np.maximum(next_trip, np.minimum(usual_asked, end)), floor)
    for t in range(intervals - 1, -1, -1):
        departure[t], asked[t], trip_asked[t] = next_departure, next_asked, next_trip
        on_board = counterfactual_kwh[t]
        needed = np.minimum(floor + days.trip_kwh[t], on_board)
        wanted = np.maximum(needed, np.minimum(days.required_kwh[t], on_board))
        next_departure = np.where(leaves[t], t, next_departure)
        next_trip = np.where(leaves[t], needed, next_trip)
        next_asked = np.where(leaves[t], wanted, next_asked)
    return departure, asked, trip_asked


def _usual_slots(cars: Cars) -> tuple[Ints, Ints]:
    """Usual departures and returns as quarter hours of the day, weekday and weekend, shape (2, M) each."""
    out = np.stack([cars.weekday_departure_hour, cars.weekend_departure_hour])
    back = np.stack([cars.weekday_arrival_hour, cars.weekend_arrival_hour])
    back = np.where(back > out, back, back + 24)
    deadline = np.where(np.isnan(cars.charge_deadline_hour), 2 * SLOTS_PER_DAY, 4 * cars.charge_deadline_hour)
    leave = np.minimum(np.round(4 * out), deadline).astype(np.intp)
    returns = np.maximum(np.round(4 * back).astype(np.intp), leave + SHORTEST_TRIP_SLOTS)
    drives = cars.trip_kwh > 0
    return np.where(drives, leave, NEVER), np.where(drives, returns, NEVER)


def _shortest_stay_slots(leave_slot: Ints, return_slot: Ints) -> Ints:
    """Quarter hours at the charger between the latest return and the earliest departure after it, in the night that
    the clock makes shorter; shape (M,). Of a car that never leaves a day's.
    """
    earliest = leave_slot - DEPARTURE_DEVIATION_SLOTS + SLOTS_PER_DAY
    latest = np.maximum(
        return_slot + RETURN_DEVIATION_SLOTS, leave_slot + DEPARTURE_DEVIATION_SLOTS + SHORTEST_TRIP_SLOTS
    )
    stays = np.where(leave_slot.min(axis=0) < NEVER, earliest.min(axis=0) - latest.max(axis=0), SLOTS_PER_DAY)
    return np.maximum(stays - SKIPPED_BY_THE_CLOCK, 0)


CAR = Kind("car", cars)
