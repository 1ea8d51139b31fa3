"""Homes whose stores share a meter, keep a daily limit or hold reserve, as a staged program for interior points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.bound.homes import Home, Schedule, Store
from vpp_core.dispatch.bound.interior import FIXED_KWH, Staged, dual_usd, solve_staged
from vpp_core.fleet.fleet import Floats

METER_FLOWS = 2
"""Import and export come first; each store's flows follow: charge, and the parts of its discharge."""

NOTHING_KWH = 1e-9
"""Interior points never quite touch 0; less than this is nothing."""


def solve_together(home: Home) -> tuple[list[Schedule], float]:
    """The best schedule of each of a home's stores, and an upper bound of the home's earnings [$].

    The schedules are as good as the method's last step; whether they balance is for the caller to see.
    """
    limits = [_Limits.of(store) for store in home.stores]
    values, prices, _ = solve_staged(program := _staged(home, limits))
    values[values < NOTHING_KWH] = 0.0
    schedules, flow, bound = [], METER_FLOWS, -dual_usd(program, prices)
    for store, within in zip(home.stores, limits, strict=True):
        after = flow + 1 + len(within.discharge)
        charge, discharge = within.least_charge + values[:, flow], values[:, flow + 1 : after].sum(axis=1)
        gained = store.charge_efficiency * charge - discharge / store.discharge_efficiency
        if program.headroom >= 0:  # its last steps stop further from 0, so there is more to round
            energy = _path(store.initial_kwh, gained - store.trip_kwh, within.low, within.high)
        else:
            energy = np.clip(store.initial_kwh + np.cumsum(gained - store.trip_kwh), within.low, within.high)
        charge_kw, discharge_kw = charge / INTERVAL_HOURS, discharge / INTERVAL_HOURS
        schedules.append(Schedule(charge_kw, discharge_kw, energy, store.held_kw(discharge_kw, energy)))
        bound += store.end_usd_per_kwh * float(within.low[-1])
        if reserve := store.reserve:
            bound += INTERVAL_HOURS * float((reserve.usd_per_kw_h * reserve.most_kw)[~reserve.checked].sum())
        flow = after
    return schedules, bound


@dataclass(frozen=True)
class _Limits:
    """What any path of a store keeps within, each (T,) [kWh]: its own limits, drawn in to what can be reached.

    Where that leaves one way only, such as for a car that must charge from arrival to departure, a variable becomes a
    constant: interior points need an interior.
    """

    low: Floats
    high: Floats
    least_charge: Floats
    most_charge: Floats
    discharge: list[Floats]
    """none of a car, one of a battery, two where what goes beyond the free part is limited per day"""

    @classmethod
    def of(cls, store: Store) -> _Limits:
        into, out_of = store.charge_efficiency, store.discharge_efficiency
        charge, discharge = INTERVAL_HOURS * store.most_charge_kw, INTERVAL_HOURS * store.most_discharge_kw
        low, high = _reachable(
            store.initial_kwh, store.trip_kwh, into * charge, discharge / out_of, store.floor_kwh, store.ceiling_kwh
        )
        least_gain = low - np.append(store.initial_kwh, high[:-1]) + store.trip_kwh
        most_gain = high - np.append(store.initial_kwh, low[:-1]) + store.trip_kwh
        most_discharge = np.clip((into * charge - least_gain) * out_of, 0.0, discharge)
        parts = []
        if np.isfinite(store.daily_kwh):
            free = np.minimum(INTERVAL_HOURS * store.free_discharge_kw, most_discharge)
            parts = [free, most_discharge - free]
        elif discharge.max() > 0:
            parts = [most_discharge]
        return cls(
            low=low,
            high=high,
            least_charge=np.clip(least_gain / into, 0.0, charge),
            most_charge=np.clip((most_gain + discharge / out_of) / into, 0.0, charge),
            discharge=parts,
        )


def _staged(home: Home, limits: list[_Limits]) -> Staged:
    """The home's program: stocks are the energies above their least, then what was taken today of each daily limit,
    then headroom where the first store, a battery, holds reserve.
    """
    intervals, zero = len(home.net_generation_kw), np.zeros(len(home.net_generation_kw))
    limited = [s for s, store in enumerate(home.stores) if np.isfinite(store.daily_kwh)]
    holds = home.stores[0].reserve is not None
    unit = np.eye(len(home.stores) + len(limited) + holds)
    meter = INTERVAL_HOURS * home.net_generation_kw
    most = np.abs(meter) + sum(within.most_charge + sum(within.discharge) for within in limits)
    cost = [home.import_usd_per_kwh, -home.export_usd_per_kwh]
    room = [np.minimum(most, INTERVAL_HOURS * side) for side in (home.most_import_kw, home.most_export_kw)]
    sign, effect = [-1.0, 1.0], [0 * unit[0], 0 * unit[0]]
    stock_cost, stock_room, passed, rhs = [], [], [], []
    for s, (store, within) in enumerate(zip(home.stores, limits, strict=True)):
        cost.append(zero)
        room.append(np.maximum(within.most_charge - within.least_charge, 0.0))
        sign.append(1.0)
        effect.append(store.charge_efficiency * unit[s])
        for part, limit in enumerate(within.discharge):
            holding = unit[-1] if store.reserve else 0 * unit[s]
            counted = unit[len(home.stores) + limited.index(s)] if part else 0 * unit[s]
            cost.append(np.full(intervals, store.wear_usd_per_kwh))
            room.append(limit)
            sign.append(-1.0)
            effect.append((counted - unit[s]) / store.discharge_efficiency - holding)
        stock_cost.append(np.append(zero[1:], -store.end_usd_per_kwh))
        stock_room.append(within.high - within.low)
        passed.append(np.append(np.ones(intervals - 1), 0.0))
        drawn = store.trip_kwh - store.charge_efficiency * within.least_charge
        rhs.append(-drawn - np.diff(within.low, prepend=store.initial_kwh))
        meter = meter - within.least_charge
    for s in limited:
        stock_cost.append(zero)
        stock_room.append(np.full(intervals, home.stores[s].daily_kwh))
        passed.append(np.append(home.day[1:] == home.day[:-1], False).astype(float))
        rhs.append(zero)
    held = _Held.of(home.stores[0], limits[0])
    if held:
        stock_cost += [zero, held.cost, zero]
        stock_room += [held.headroom, held.room, held.beyond]
        passed.append(zero)
        rhs.append(held.headroom)
    return Staged(
        cost=np.column_stack(cost + stock_cost),
        room=np.column_stack(room + stock_room),
        sign=np.array(sign),
        effect=np.array(effect),
        passed=np.column_stack(passed),
        meter=meter,
        rhs=np.column_stack(rhs),
        headroom=len(unit) - 1 if held else -1,
        kappa=held.kappa if held else zero,
        sustain=held.sustain if held else zero,
    )


@dataclass(frozen=True)
class _Held:
    """Reserve of the first store, each (T,), a kW counted as the kWh of an interval.

    From a call to the end of its window all that is offered is held, and neither headroom nor energy limits it: that is
    a constant. In other intervals where something can be held, κ is above 0.
    """

    cost: Floats
    room: Floats
    headroom: Floats
    kappa: Floats
    sustain: Floats
    beyond: Floats
    """most energy beyond what is sustained"""

    @classmethod
    def of(cls, store: Store, within: _Limits) -> _Held | None:
        if (reserve := store.reserve) is None:
            return None
        headroom, kappa = INTERVAL_HOURS * store.most_discharge_kw, reserve.sustain_kwh_per_kw / INTERVAL_HOURS
        above = within.high - store.floor_kwh
        room = np.minimum(np.minimum(INTERVAL_HOURS * reserve.most_kw, headroom), above / kappa)
        there = reserve.checked & (room > FIXED_KWH)
        return cls(
            cost=-reserve.usd_per_kw_h,
            room=np.where(reserve.checked, room, 0.0),
            headroom=headroom,
            kappa=np.where(there, kappa, 0.0),
            sustain=store.floor_kwh - within.low,
            beyond=np.where(there, above, 0.0),
        )


@njit(nogil=True, cache=True)
def _reachable(
    initial: float, trip: Floats, up: Floats, down: Floats, floor: Floats, ceiling: Floats
) -> tuple[Floats, Floats]:
    """Least and most energy at the end of each interval, forward from the start and back from later limits."""
    low, high = floor.copy(), ceiling.copy()
    least = most = initial
    for t in range(len(trip)):
        low[t] = least = max(low[t], least - trip[t] - down[t])
        high[t] = most = min(high[t], most - trip[t] + up[t])
    for t in range(len(trip) - 1, 0, -1):
        low[t - 1] = max(low[t - 1], low[t] + trip[t] - up[t])
        high[t - 1] = min(high[t - 1], high[t] + trip[t] + down[t])
    return low, np.maximum(low, high)


@njit(nogil=True, cache=True)
def _path(initial: float, gained: Floats, low: Floats, high: Floats) -> Floats:
    """Energy kept within its limits interval by interval, so that what rounding misses does not add up."""
    energy, stored = np.empty_like(gained), initial
    for t in range(len(gained)):
        energy[t] = stored = min(max(stored + gained[t], low[t]), high[t])
    return energy
