"""Limits of stores drawn in to what can be reached, and the stocks of a home's staged program."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

import vpp_core.dispatch.compiled  # noqa: F401 (it tells numba where to keep machine code, before it is asked)
from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.bound.homes import Home, Schedule, Store
from vpp_core.dispatch.bound.staged import FIXED_KWH, Staged
from vpp_core.fleet.fleet import Floats


@dataclass(frozen=True)
class Within:
    """Limits of a store drawn in to what can be reached, each (T,) [kWh]; every path of it keeps them.

    Where that leaves one way only, such as for a car that must charge from arrival to departure, a variable becomes a
    constant: interior points need an interior.
    """

    low: Floats
    high: Floats
    min_charge: Floats
    max_charge: Floats
    discharge: list[Floats]
    """none of a car, one of a battery, two where what goes beyond the free part is limited per day"""

    @classmethod
    def of(cls, store: Store) -> Within:
        into, out_of = store.charge_efficiency, store.discharge_efficiency
        charge, discharge = INTERVAL_HOURS * store.max_charge_kw, INTERVAL_HOURS * store.max_discharge_kw
        low, high = _reachable(
            store.initial_kwh, store.trip_kwh, into * charge, discharge / out_of, store.floor_kwh, store.ceiling_kwh
        )
        min_gain = low - np.append(store.initial_kwh, high[:-1]) + store.trip_kwh
        max_gain = high - np.append(store.initial_kwh, low[:-1]) + store.trip_kwh
        max_discharge = np.clip((into * charge - min_gain) * out_of, 0.0, discharge)
        parts = []
        if np.isfinite(store.daily_kwh):
            free = np.minimum(INTERVAL_HOURS * store.free_discharge_kw, max_discharge)
            parts = [free, max_discharge - free]
        elif discharge.max() > 0:
            parts = [max_discharge]
        return cls(
            low=low,
            high=high,
            min_charge=np.clip(min_gain / into, 0.0, charge),
            max_charge=np.clip((max_gain + discharge / out_of) / into, 0.0, charge),
            discharge=parts,
        )


@dataclass(frozen=True)
class Held:
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
    def of(cls, store: Store, within: Within) -> Held | None:
        if (reserve := store.reserve) is None:
            return None
        headroom, kappa = INTERVAL_HOURS * store.max_discharge_kw, reserve.sustain_kwh_per_kw / INTERVAL_HOURS
        above = within.high - store.floor_kwh
        room = np.minimum(np.minimum(INTERVAL_HOURS * reserve.max_kw, headroom), above / kappa)
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
def kept_within(initial: float, gained: Floats, low: Floats, high: Floats) -> Floats:
    """Energy kept within its limits interval by interval, so that what rounding misses does not add up."""
    energy, stored = np.empty_like(gained), initial
    for t in range(len(gained)):
        energy[t] = stored = min(max(stored + gained[t], low[t]), high[t])
    return energy


@dataclass(frozen=True)
class Stocks:
    """The stocks of a home's program: the energies above their least, then what was taken today of each daily limit,
    then headroom where the first store, a battery, holds reserve; columns of a `Staged`, and what flows do to them.
    """

    cost: list[Floats]
    room: list[Floats]
    passed: Floats
    rhs: Floats
    unit: Floats
    """row s is an effect of 1 on stock s, shape (S, S)"""
    limited: list[int]
    """stores that keep a daily limit"""
    held: Held | None

    @classmethod
    def of(cls, home: Home, limits: list[Within]) -> Stocks:
        intervals, zero = len(home.net_generation_kw), np.zeros(len(home.net_generation_kw))
        cost, room, passed, rhs = [], [], [], []
        for store, within in zip(home.stores, limits, strict=True):
            cost.append(np.append(zero[1:], -store.end_usd_per_kwh))
            room.append(within.high - within.low)
            passed.append(np.append(np.ones(intervals - 1), 0.0))
            drawn = store.trip_kwh - store.charge_efficiency * within.min_charge
            rhs.append(-drawn - np.diff(within.low, prepend=store.initial_kwh))
        limited = [s for s, store in enumerate(home.stores) if np.isfinite(store.daily_kwh)]
        for s in limited:
            cost.append(zero)
            room.append(np.full(intervals, home.stores[s].daily_kwh))
            passed.append(np.append(home.day[1:] == home.day[:-1], False).astype(float))
            rhs.append(zero)
        held = Held.of(home.stores[0], limits[0])
        if held:
            cost += [zero, held.cost, zero]
            room += [held.headroom, held.room, held.beyond]
            passed.append(zero)
            rhs.append(held.headroom)
        unit = np.eye(len(rhs))
        return cls(cost, room, np.array(passed), np.array(rhs), unit, limited, held)

    def of_charge(self, home: Home, s: int) -> Floats:
        """Effect of a kWh that store `s` charges, shape (S,)."""
        effect: Floats = home.stores[s].charge_efficiency * self.unit[s]
        return effect

    def of_discharge(self, home: Home, s: int, beyond: bool) -> Floats:
        """Effect of a kWh that store `s` gives, `beyond` what its daily limit leaves free, shape (S,)."""
        store, effect = home.stores[s], -self.unit[s]
        if beyond:
            effect = effect + self.unit[len(home.stores) + self.limited.index(s)]
        effect = effect / store.discharge_efficiency
        return effect - self.unit[-1] if store.reserve else effect

    def staged(self, cost: Floats, room: Floats, sign: Floats, effect: Floats, meter: Floats) -> Staged:
        """The program with these flows: rows of shape (V, T), `sign` (V,), `effect` (V, S, T), `meter` (T,)."""
        zero = np.zeros(len(meter))
        return Staged(
            # `vstack` keeps the memory layout of its parts, and the loops would be compiled for each layout.
            cost=np.ascontiguousarray(np.vstack([cost, *self.cost])),
            room=np.ascontiguousarray(np.vstack([room, *self.room])),
            sign=sign,
            effect=effect,
            passed=self.passed,
            meter=meter,
            rhs=self.rhs,
            headroom=len(self.unit) - 1 if self.held else -1,
            kappa=self.held.kappa if self.held else zero,
            sustain=self.held.sustain if self.held else zero,
        )

    def constant_usd(self, home: Home, limits: list[Within]) -> float:
        """What a home earns whatever it does, which the program leaves out: its least energy at the end, and reserve
        from a call to the end of its window.
        """
        total = 0.0
        for store, within in zip(home.stores, limits, strict=True):
            total += store.end_usd_per_kwh * float(within.low[-1])
            if reserve := store.reserve:
                total += INTERVAL_HOURS * float((reserve.usd_per_kw_h * reserve.max_kw)[~reserve.checked].sum())
        return total


def schedule_of(store: Store, within: Within, charge: Floats, discharge: Floats, rounds: bool) -> Schedule:
    """The schedule of what was charged and given in each interval [kWh]; `rounds`: the last steps stopped further from
    0, so there is more to round.
    """
    gained = store.charge_efficiency * charge - discharge / store.discharge_efficiency
    if rounds:
        energy = kept_within(store.initial_kwh, gained - store.trip_kwh, within.low, within.high)
    else:
        energy = np.clip(store.initial_kwh + np.cumsum(gained - store.trip_kwh), within.low, within.high)
    charge_kw, discharge_kw = charge / INTERVAL_HOURS, discharge / INTERVAL_HOURS
    return Schedule(charge_kw, discharge_kw, energy, store.held_kw(discharge_kw, energy))
