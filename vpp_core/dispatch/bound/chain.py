"""One store behind one meter over the whole period, solved exactly: a chain with a concave value function.

The store moves m kWh an interval (charged positive). What it earns by that, R_t(m), is concave and piecewise linear:
corner points of charge × discharge, cut where the meter turns from import to export.
So is the value of stored energy,

    V_{t-1}(x) = max_m [ R_t(m) + V_t(x − trip_t + m) ]   on floor_{t-1} … ceiling_{t-1},

and the maximum of two such functions over a split of x takes their pieces in order of slope: merging two sorted lists
is exact, no grid. Rolling forward reads the best m off the same two lists.

Where export earns more than import costs, R_t is not concave. What is rolled is then its concave envelope: a
relaxation, whose path may stand between two corners and so earn less than the certificate says.

The certificate does not trust any of this. It takes from the rolled path a price λ_t of stored energy per interval
(constant while the energy is between its limits, rising past a full store, falling past an empty one) and evaluates

    D(λ) = Σ_t max_moves [ R_t + λ_t m ] + Σ_t max_e [ (λ_{t+1} − λ_t) e ] + λ_0 · initial − Σ_t λ_t trip_t

which is an upper bound for every λ (weak duality; all variables are bounded).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

import vpp_core.dispatch.compiled  # noqa: F401 (it tells numba where to keep machine code, before it is asked)
from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.bound.homes import Home, Schedule, Store, meter_usd
from vpp_core.fleet.fleet import Floats

CORNERS = 8
"""Most corner points that an interval's moves can have."""
CHARGE, DISCHARGE, MOVE, MONEY, PRICE = range(5)
"""Columns of a corner; its price is the stored energy's at which the next corner becomes the better."""
SNAP_KWH = 1e-10
"""Nearer than this to a limit or corner counts as on it when the certificate's prices are chosen; it costs tightness
only, since any prices are valid."""


class Chain(NamedTuple):
    """A store over T intervals; arrays of shape (T,) unless said otherwise. Energy in kWh stored, money in $."""

    net_generation_kw: Floats
    """what the meter would export without the store"""
    import_usd_per_kwh: Floats
    """what a kWh more of import costs, LMP included"""
    export_usd_per_kwh: Floats
    """what a kWh more of export earns, LMP included"""
    max_charge_kw: Floats
    max_discharge_kw: Floats
    floor_kwh: Floats
    """at the end of the interval"""
    ceiling_kwh: Floats
    trip_kwh: Floats
    """taken at the start of the interval"""
    initial_kwh: float
    charge_efficiency: float
    discharge_efficiency: float
    wear_usd_per_kwh: float
    end_usd_per_kwh: float
    hours: float


class Solved(NamedTuple):
    """What `solve_chain` found; arrays of shape (T,)."""

    charge_kw: Floats
    discharge_kw: Floats
    energy_kwh: Floats
    price_usd_per_kwh: Floats
    """the certificate's λ"""
    dual_usd: float
    """what no path can exceed; infinite where the chain found none"""


def solve_alone(home: Home) -> tuple[list[Schedule], float]:
    """The best schedule of each of a home's stores as if it were alone, and an upper bound of the home's earnings [$].

    For homes that separate, which hold no reserve. The daily limit is left out, which can only raise the bound:
    whether the schedules keep it is for the caller to see.
    """
    without = meter_usd(home, home.net_generation_kw)
    schedules, bound = [], without
    for store in home.stores:
        solved = solve_chain(chain_of(home, store))
        nothing = np.zeros(len(solved.energy_kwh))
        schedules.append(Schedule(solved.charge_kw, solved.discharge_kw, solved.energy_kwh, nothing))
        bound += solved.dual_usd - without
    return schedules, bound


def chain_of(home: Home, store: Store) -> Chain:
    """The store and its meter as the compiled code takes them."""
    return Chain(
        net_generation_kw=home.net_generation_kw,
        import_usd_per_kwh=home.import_usd_per_kwh,
        export_usd_per_kwh=home.export_usd_per_kwh,
        max_charge_kw=store.max_charge_kw,
        max_discharge_kw=store.max_discharge_kw,
        floor_kwh=store.floor_kwh,
        ceiling_kwh=store.ceiling_kwh,
        trip_kwh=store.trip_kwh,
        initial_kwh=store.initial_kwh,
        charge_efficiency=store.charge_efficiency,
        discharge_efficiency=store.discharge_efficiency,
        wear_usd_per_kwh=store.wear_usd_per_kwh,
        end_usd_per_kwh=store.end_usd_per_kwh,
        hours=INTERVAL_HOURS,
    )


@njit(nogil=True, cache=True)
def _earned(k: Any, t: int, charge: float, discharge: float) -> float:
    """Money of an interval [$]: the meter, wear, and the price of discharge that counts."""
    meter = k.net_generation_kw[t] + discharge - charge
    price = k.export_usd_per_kwh[t] if meter > 0.0 else k.import_usd_per_kwh[t]
    return k.hours * (price * meter - k.wear_usd_per_kwh * discharge)


@njit(nogil=True, cache=True)
def _corners(k: Any, t: int, out: Floats) -> int:
    """All (charge, discharge, move, money) where the interval's money can bend; rows of `out`; returns how many."""
    max_c, max_d = k.max_charge_kw[t], k.max_discharge_kw[t]
    surplus = k.net_generation_kw[t]
    count = 0
    for discharge in (0.0, max_d):
        zero_meter = surplus + discharge
        for charge in (0.0, max_c, zero_meter):
            if 0.0 <= charge <= max_c:
                out[count, CHARGE], out[count, DISCHARGE] = charge, discharge
                count += 1
    for charge in (0.0, max_c):
        discharge = charge - surplus
        if 0.0 <= discharge <= max_d:
            out[count, CHARGE], out[count, DISCHARGE] = charge, discharge
            count += 1
    for j in range(count):
        charge, discharge = out[j, CHARGE], out[j, DISCHARGE]
        out[j, MOVE] = k.hours * (k.charge_efficiency * charge - discharge / k.discharge_efficiency)
        out[j, MONEY] = _earned(k, t, charge, discharge)
    return count


@njit(nogil=True, cache=True)
def _hull(points: Floats, count: int) -> int:
    """Keep the upper hull of the points over move, in order of move; returns how many remain.

    Of equal points the first stays, which is the one with less discharge.
    """
    for i in range(1, count):
        for j in range(i, 0, -1):
            ahead = points[j, MOVE] - points[j - 1, MOVE]
            if ahead > 0.0 or (ahead == 0.0 and points[j - 1, MONEY] <= points[j, MONEY]):
                break
            for column in range(PRICE):
                points[j - 1, column], points[j, column] = points[j, column], points[j - 1, column]
    kept = 0
    for i in range(count):
        if kept > 0 and points[kept - 1, MOVE] == points[i, MOVE]:
            if points[kept - 1, MONEY] == points[i, MONEY]:
                continue
            kept -= 1
        while kept > 1 and _dips(points, kept - 2, kept - 1, i):
            kept -= 1
        for column in range(PRICE):  # as a slice it would take numba seconds to compile
            points[kept, column] = points[i, column]
        kept += 1
    return kept


@njit(nogil=True, cache=True)
def _dips(points: Floats, a: int, b: int, c: int) -> bool:
    """Whether b lies on or below the line from a to c."""
    return (points[b, MONEY] - points[a, MONEY]) * (points[c, MOVE] - points[b, MOVE]) <= (
        points[c, MONEY] - points[b, MONEY]
    ) * (points[b, MOVE] - points[a, MOVE])


@njit(nogil=True, cache=True)
def _turning_prices(points: Floats, count: int) -> None:
    """Price of stored energy at which the best move passes from each corner of a hull to the next."""
    for j in range(count - 1):
        points[j, PRICE] = -(points[j + 1, MONEY] - points[j, MONEY]) / (points[j + 1, MOVE] - points[j, MOVE])


@njit(nogil=True, cache=True)
def solve_chain(k: Any) -> Solved:
    """The optimum of a chain and its certificate."""
    intervals = len(k.net_generation_kw)
    hull = np.empty((intervals, CORNERS, 5))
    corners = np.empty(intervals, dtype=np.int64)
    for t in range(intervals):
        corners[t] = _hull(hull[t], _corners(k, t, hull[t]))
        _turning_prices(hull[t], corners[t])
    charge, discharge, energy = np.zeros(intervals), np.zeros(intervals), np.zeros(intervals)
    price = np.zeros(intervals)
    values, feasible = _values(k, hull, corners)
    if not feasible:
        return Solved(charge, discharge, energy, price, np.inf)
    _roll(k, hull, corners, values, charge, discharge, energy)
    _prices(k, hull, corners, energy, price)
    return Solved(charge, discharge, energy, price, dual_usd(k, price))


@njit(nogil=True, cache=True)
def _values(k: Any, hull: Floats, corners: Any) -> Any:
    """V_t for all t as lists of pieces, the last interval's first: `starts` into `slopes` and `widths`, `left` ends."""
    intervals = len(corners)
    capacity = 64 * intervals
    slopes, widths = np.empty(capacity), np.empty(capacity)
    starts, left = np.empty(intervals + 1, dtype=np.int64), np.empty(intervals)
    last = intervals - 1
    slopes[0], widths[0] = k.end_usd_per_kwh, k.ceiling_kwh[last] - k.floor_kwh[last]
    left[last], starts[0], starts[1] = k.floor_kwh[last], 0, 1
    feasible = widths[0] >= 0.0
    for t in range(last, 0, -1):
        begin, end = starts[last - t], starts[last - t + 1]
        if end + (end - begin) + CORNERS > capacity:
            slopes = np.concatenate((slopes, np.empty(capacity)))
            widths = np.concatenate((widths, np.empty(capacity)))
            capacity *= 2
        low, high = k.floor_kwh[t - 1], k.ceiling_kwh[t - 1]
        position = left[t] - hull[t, corners[t] - 1, MOVE] + k.trip_kwh[t]
        left[t - 1] = max(position, low)
        i, j, out = begin, corners[t] - 2, end
        while position < high and (i < end or j >= 0):
            if j < 0 or (i < end and slopes[i] >= hull[t, j, PRICE]):
                slope, width = slopes[i], widths[i]
                i += 1
            else:
                slope, width = hull[t, j, PRICE], hull[t, j + 1, MOVE] - hull[t, j, MOVE]
                j -= 1
            from_, to = max(position, low), min(position + width, high)
            position += width
            if to <= from_:
                continue
            if out > end and slopes[out - 1] == slope:
                widths[out - 1] += to - from_
            else:
                slopes[out], widths[out] = slope, to - from_
                out += 1
        feasible = feasible and position >= low - SNAP_KWH and left[t - 1] <= high + SNAP_KWH
        left[t - 1] = min(left[t - 1], high)
        starts[last - t + 2] = out
    return (starts, left, slopes, widths), feasible


@njit(nogil=True, cache=True)
def _roll(k: Any, hull: Floats, corners: Any, values: Any, charge: Floats, discharge: Floats, energy: Floats) -> None:
    """Follow the best moves from the initial energy; among equally good ones the smallest."""
    starts, left, slopes, widths = values
    last = len(corners) - 1
    stored = k.initial_kwh
    for t in range(last + 1):
        stored -= k.trip_kwh[t]
        largest = hull[t, corners[t] - 1, MOVE]
        room = stored - (left[t] - largest)
        i, end, j = starts[last - t], starts[last - t + 1], corners[t] - 2
        taken = 0.0
        while room > 0.0 and (i < end or j >= 0):
            slope = -np.inf
            if i < end:
                slope = slopes[i]
            if j >= 0:
                slope = max(slope, hull[t, j, PRICE])
            kept, moved = 0.0, 0.0
            while i < end and slopes[i] == slope:
                kept += widths[i]
                i += 1
            while j >= 0 and hull[t, j, PRICE] == slope:
                moved += hull[t, j + 1, MOVE] - hull[t, j, MOVE]
                j -= 1
            now = min(room, kept + moved)
            least, most = max(0.0, now - kept), min(moved, now)
            taken += min(max(largest - taken, least), most)
            room -= now
        move = largest - taken
        charge[t], discharge[t] = _powers(hull[t], corners[t], move)
        stored += k.hours * (k.charge_efficiency * charge[t] - discharge[t] / k.discharge_efficiency)
        if abs(stored - k.floor_kwh[t]) < SNAP_KWH:
            stored = k.floor_kwh[t]
        elif abs(stored - k.ceiling_kwh[t]) < SNAP_KWH:
            stored = k.ceiling_kwh[t]
        energy[t] = stored


@njit(nogil=True, cache=True)
def _powers(hull: Floats, corners: int, move: float) -> tuple[float, float]:
    """Charge and discharge of a move: on the line between its two corners."""
    j = 0
    while j < corners - 2 and move > hull[j + 1, MOVE]:
        j += 1
    if corners == 1:
        return hull[0, CHARGE], hull[0, DISCHARGE]
    share = min(max((move - hull[j, MOVE]) / (hull[j + 1, MOVE] - hull[j, MOVE]), 0.0), 1.0)
    return (
        hull[j, CHARGE] + share * (hull[j + 1, CHARGE] - hull[j, CHARGE]),
        hull[j, DISCHARGE] + share * (hull[j + 1, DISCHARGE] - hull[j, DISCHARGE]),
    )


@njit(nogil=True, cache=True)
def _prices(k: Any, hull: Floats, corners: Any, energy: Floats, price: Floats) -> None:
    """Prices of stored energy at which the rolled path is best: forward what is allowed, backward a choice."""
    intervals = len(corners)
    low, high = np.empty(intervals), np.empty(intervals)
    least, most = -np.inf, np.inf
    before = k.initial_kwh
    for t in range(intervals):
        move = energy[t] - (before - k.trip_kwh[t])
        before = energy[t]
        here_least, here_most = -np.inf, np.inf
        for j in range(corners[t] - 1):
            if move > hull[t, j, MOVE] + SNAP_KWH:
                here_least = hull[t, j, PRICE]
            if move < hull[t, corners[t] - 1 - j, MOVE] - SNAP_KWH:
                here_most = hull[t, corners[t] - 2 - j, PRICE]
        if least > here_most:
            least = most = here_most
        elif most < here_least:
            least = most = here_least
        else:
            least, most = max(least, here_least), min(most, here_most)
        low[t], high[t] = least, most
        if energy[t] <= k.floor_kwh[t] + SNAP_KWH:
            least = -np.inf
        if energy[t] >= k.ceiling_kwh[t] - SNAP_KWH:
            most = np.inf
    following = k.end_usd_per_kwh
    for t in range(intervals - 1, -1, -1):
        following = min(max(following, low[t]), high[t])
        price[t] = following


@njit(nogil=True, cache=True)
def dual_usd(k: Any, price: Floats) -> float:
    """D(λ) [$]: no feasible path earns more, whatever the prices."""
    points = np.empty((CORNERS, 5))
    intervals = len(price)
    total = price[0] * k.initial_kwh
    for t in range(intervals):
        best = -np.inf
        for j in range(_corners(k, t, points)):
            best = max(best, points[j, MONEY] + price[t] * points[j, MOVE])
        change = (price[t + 1] if t + 1 < intervals else k.end_usd_per_kwh) - price[t]
        total += best - price[t] * k.trip_kwh[t] + max(change * k.floor_kwh[t], change * k.ceiling_kwh[t])
    return total
