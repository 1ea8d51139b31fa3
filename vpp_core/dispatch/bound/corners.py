"""Homes by the corners of what an interval allows, as a staged program for interior points.

In an interval each store goes along a path, from its most charge over standing still to its most discharge (with a
stop where its daily limit begins to count), and its home's meter imports or exports. Money is a line wherever no store
is at a stop of its path and the meter stays on one side, so a corner is every store at a stop, or all but one and the
meter at zero. Shares w of the interval are given to its corners,

    Σ w = 1,   money, stored energy, energy taken of the day and headroom each the shares' mean,

which is the hull of what a home can do: exact where export never earns more than import costs, else the least that is a
linear program, and so an upper bound. Nothing charges and gives at once, unlike in `program`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.bound.homes import Home, Schedule
from vpp_core.dispatch.bound.interior import dual_usd, solve_staged
from vpp_core.dispatch.bound.within import Stocks, Within, schedule_of
from vpp_core.fleet.fleet import Bools, Floats, Ints

STOPS = 4
"""A store's at most: most charge, still, all that is free of the daily limit, most discharge."""
CHARGE, FREE, BEYOND, NET = range(4)
"""Columns of a stop [kWh]; `NET` is what it does to the meter."""
SAME_KWH = 1e-9
EITHER, EXPORT, IMPORT = 0, 1, -1
"""The side of the meter that an interval is held to."""


class Paths(NamedTuple):
    """The stores' stops in each interval, and the meter without them."""

    stops: Floats
    """shape (T, stores, STOPS, 4), in order of `NET`"""
    number: Ints
    """how many of them there are, shape (T, stores)"""
    meter_kwh: Floats
    """shape (T,)"""
    side: Ints
    """`EITHER`, `EXPORT` or `IMPORT`, shape (T,)"""


class Hull(NamedTuple):
    """The best shares of a home's corners; schedules are as good as the method's last step, the bound always holds."""

    schedules: list[Schedule]
    """one per store: the mean of what the shares move"""
    bound_usd: float
    """what no schedule of the home earns more than"""
    reached_usd: float
    """what the shares earn by the corners' money"""
    exporting: Floats
    """share of each interval that exports, shape (T,)"""


def solve_corners(home: Home, side: Ints | None = None) -> Hull | None:
    """The best shares of a home's corners, held to one `side` of the meter where that is said, (T,); none where an
    interval cannot be on its side.
    """
    intervals = len(home.net_generation_kw)
    limits = [Within.of(store) for store in home.stores]
    stocks = Stocks.of(home, limits)
    paths = _paths(home, limits, np.zeros(intervals, dtype=np.int64) if side is None else side)
    moved, exports, count = corners(paths)
    if (count == 0).any():
        return None
    there = np.arange(moved.shape[1]) < count[:, None]
    # A share has room beyond 1, which it never takes: interior points need an interior where a corner is alone.
    program = stocks.staged(
        _cost(home, paths, moved, exports).T, np.where(there, 2.0, 0.0).T, np.ones(moved.shape[1]),
        _effect(home, stocks, moved), np.ones(intervals),
    )  # fmt: skip
    values, prices, _ = solve_staged(program)
    constant = stocks.constant_usd(home, limits)
    reached = constant - float((program.cost * values).sum())
    share = np.where(there, np.maximum(values[: moved.shape[1]].T, 0.0), 0.0)
    share /= share.sum(axis=1, keepdims=True)
    mean = np.einsum("tv,tvsi->tsi", share, moved)
    schedules = [
        schedule_of(store, within, within.min_charge + mean[:, s, CHARGE], mean[:, s, FREE] + mean[:, s, BEYOND], True)
        for s, (store, within) in enumerate(zip(home.stores, limits, strict=True))
    ]
    return Hull(schedules, constant - dual_usd(program, prices), reached, (share * exports).sum(axis=1))


def _paths(home: Home, limits: list[Within], side: Ints) -> Paths:
    intervals = len(home.net_generation_kw)
    stops, count = np.zeros((intervals, len(limits), STOPS, 4)), np.zeros((intervals, len(limits)), dtype=np.int64)
    meter = INTERVAL_HOURS * home.net_generation_kw
    nothing = np.zeros(intervals)
    for s, within in enumerate(limits):
        # What must charge cannot give in the same interval.
        parts = [np.where(within.min_charge > 0.0, 0.0, part) for part in within.discharge]
        free, beyond = parts if len(parts) == 2 else [*parts, nothing, nothing][:2]
        charge = np.maximum(within.max_charge - within.min_charge, 0.0)
        _stops(charge, free, beyond, stops[:, s], count[:, s])
        meter = meter - within.min_charge
    return Paths(stops, count, meter, side)


def _cost(home: Home, paths: Paths, moved: Floats, exports: Bools) -> Floats:
    """Cost of each corner [$], shape (T, V)."""
    meter = paths.meter_kwh[:, None] + moved[..., NET].sum(axis=2)
    price = np.where(exports, home.export_usd_per_kwh[:, None], home.import_usd_per_kwh[:, None])
    cost: Floats = -price * meter
    for s, store in enumerate(home.stores):
        cost += store.wear_usd_per_kwh * (moved[:, :, s, FREE] + moved[:, :, s, BEYOND])
        if store.paid_usd_per_kwh is not None:
            cost -= store.paid_usd_per_kwh[:, None] * moved[:, :, s, NET]
    return cost


def _effect(home: Home, stocks: Stocks, moved: Floats) -> Floats:
    """Effect of each corner on the stocks [kWh], shape (V, S, T)."""
    intervals, count = moved.shape[:2]
    effect = np.zeros((count, len(stocks.unit), intervals))
    for s in range(len(home.stores)):
        limited = s in stocks.limited
        for column, of_one in (
            (CHARGE, stocks.of_charge(home, s)),
            (FREE, stocks.of_discharge(home, s, beyond=False)),
            (BEYOND, stocks.of_discharge(home, s, beyond=limited)),
        ):
            for stock in np.flatnonzero(of_one):
                effect[:, stock] += of_one[stock] * moved[:, :, s, column].T
    return effect


@njit(nogil=True, cache=True)
def _stops(charge: Floats, free: Floats, beyond: Floats, stops: Floats, count: Ints) -> None:
    """A store's stops in each interval, into `stops` (T, STOPS, 4) and `count` (T,)."""
    for t in range(len(charge)):
        n = 0
        if charge[t] > SAME_KWH:
            stops[t, n, CHARGE], stops[t, n, NET] = charge[t], -charge[t]
            n += 1
        n += 1
        if free[t] > SAME_KWH:
            stops[t, n, FREE] = stops[t, n, NET] = free[t]
            n += 1
        if beyond[t] > SAME_KWH:
            stops[t, n, FREE], stops[t, n, BEYOND], stops[t, n, NET] = free[t], beyond[t], free[t] + beyond[t]
            n += 1
        count[t] = n


def corners(paths: Paths) -> tuple[Floats, Bools, Ints]:
    """The corners of each interval: what stores move, (T, V, stores, 4), whether the meter exports, (T, V), and their
    number, (T,).
    """
    stores = paths.number.shape[1]
    most = paths.number.max(axis=0)
    room = int(np.prod(most)) + sum(int(np.prod(np.delete(most, s))) for s in range(stores))
    moved, exports = np.zeros((len(paths.number), room, stores, 4)), np.zeros((len(paths.number), room), dtype=np.bool_)
    count = np.zeros(len(paths.number), dtype=np.int64)
    _fill(paths, moved, exports, count)
    used = max(int(count.max(initial=0)), 1)
    return np.ascontiguousarray(moved[:, :used]), np.ascontiguousarray(exports[:, :used]), count


@njit(nogil=True, cache=True)
def _fill(paths: Paths, moved: Floats, exports: Bools, count: Ints) -> None:
    intervals, stores = paths.number.shape
    at = np.zeros(stores, dtype=np.int64)
    for t in range(intervals):
        side, n = paths.side[t], 0
        at[:] = 0
        while True:
            meter = paths.meter_kwh[t]
            for s in range(stores):
                meter += paths.stops[t, s, at[s], NET]
            if abs(meter) <= SAME_KWH or side == EITHER or (meter > 0.0) == (side == EXPORT):
                for s in range(stores):
                    for i in range(4):
                        moved[t, n, s, i] = paths.stops[t, s, at[s], i]
                exports[t, n] = meter > 0.0
                n += 1
            for s in range(stores):
                # The store goes on to its next stop, and the meter passes zero on the way.
                if at[s] + 1 >= paths.number[t, s] or meter >= -SAME_KWH:
                    continue
                way = paths.stops[t, s, at[s] + 1, NET] - paths.stops[t, s, at[s], NET]
                if meter + way <= SAME_KWH:
                    continue
                share = -meter / way
                for r in range(stores):
                    for i in range(4):
                        moved[t, n, r, i] = paths.stops[t, r, at[r], i]
                for i in range(4):
                    moved[t, n, s, i] += share * (paths.stops[t, s, at[s] + 1, i] - paths.stops[t, s, at[s], i])
                exports[t, n] = False
                n += 1
            s = 0
            while s < stores:
                at[s] += 1
                if at[s] < paths.number[t, s]:
                    break
                at[s] = 0
                s += 1
            if s == stores:
                break
        count[t] = n
