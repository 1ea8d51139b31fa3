"""The cars' days over a period: when each is plugged in, what it takes along, what is asked at departure.

Plugging in is a habit: after a return whose lot says no, and with enough on board for the next trip, a car stays
unplugged at home, and its next trips add to the same outing. So an outing lasts from unplugging to plugging in, and
what it takes is the energy of all its trips, counted at its start, when nobody but the household sees it any more.

Every date of every car has its own draws, addressed by home, car and calendar day; so a car's days are the same in any
fleet, shard or shortened month. A trip may run past midnight (night shifts): the day before the period is drawn too,
and a car still out then starts the period away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import INTERVAL_HOURS, Period
from vpp_core.fleet.draws import normal, uniform
from vpp_core.fleet.fleet import Bools, Cars, Fleet, Floats
from vpp_core.physics.storage import charge_limit_kw, step_energy_kwh

SLOTS_PER_DAY = 96
WEEKDAY_TRIP_SHARE = 0.93
"""Weekdays on which a commuter drives; the rest are holidays, illness, a day at home. Assumption, as those below."""
HOME_WORKER_TRIP_SHARE = 0.45
WEEKEND_TRIP_SHARE = 0.75
DEPARTURE_SPREAD_HOURS = 0.5
ARRIVAL_SPREAD_HOURS = 2.2
"""Day-to-day spreads of a car around its own usual times. At private chargers in Trondheim (`assumptions`) a charger's
quartiles are as far apart as those of a normal spread of 0.53 h in the morning and of 2.7 h from noon on; the latter
with weekends, whose usual time is another here."""
LARGEST_DEVIATION = 3.0
"""A day's departure lies within three spreads of the usual one, so that a commuter never leaves in the night."""
LARGEST_ARRIVAL_DEVIATION = 2.0
"""Its arrival lies within two."""
DEPARTURE_DEVIATION_SLOTS = math.ceil(4 * LARGEST_DEVIATION * DEPARTURE_SPREAD_HOURS)
RETURN_DEVIATION_SLOTS = math.ceil(4 * LARGEST_ARRIVAL_DEVIATION * ARRIVAL_SPREAD_HOURS)
"""Quarter hours from the usual times within which every departure, and every return after it, lies."""
SHORTEST_TRIP_SLOTS = 2
DAYS_DECLARED = 14
"""Who has no trip within so many days of arriving declares the longest one that the car can carry. Of home workers one
stay in 100,000 is that long."""
TRIP_ENERGY_SIGMA = 0.35
"""Day-to-day spread (log) of a car's trip energy around its mean."""


@dataclass(frozen=True)
class Mobility:
    """Columns over intervals and cars, shape (T, M).

    A departure is the first interval in which the car is not plugged in. `trip_kwh` and `required_kwh` are non-zero
    there alone: the energy that is taken from the battery until it is plugged in again, as if at the start of that
    interval, and the energy asked to be on board before it. (Trips of a car that starts the period unplugged stand
    where they begin.)
    """

    plugged: Bools
    trip_kwh: Floats
    required_kwh: Floats
    declared_kwh: Floats
    """energy of the outing that ends the present stay, as planned; of a car that is not plugged in its usual trip's"""
    infeasible_departures: int
    """departures whose trip or requirement could not be met even by charging at full power from arrival; their trips
    were shortened to what the car can carry, and they are reported"""


def mobility(fleet: Fleet, period: Period, seed: int) -> Mobility:
    """Draw the cars' days of a period.

    What a car can carry is rolled with it: charging at full power from arrival up to `target_soc` (the counterfactual),
    from `initial_soc`. A trip that this cannot carry above `min_soc` is shortened to what it can; a requirement that it
    cannot meet stands as asked, since nobody is held to more than the counterfactual. Both are counted.
    A car with a charge deadline counts as leaving then: what it must have, it must have at the deadline.

    Days after the period are drawn too, for what is declared of a stay that outlasts it: so a car's days are the same
    in a period that is shorter.
    """
    cars = fleet.cars
    drawn = replace(period, days_after=DAYS_DECLARED + 1)
    plan = _Plan.draw(fleet, drawn, seed)
    intervals, count = len(drawn), len(cars)
    change = np.zeros((intervals + 1, count), dtype=np.int8)
    trip_kwh, required_kwh, planned_kwh = (np.zeros((intervals, count)) for _ in range(3))
    infeasible = 0

    floor, target, energy = (soc * cars.capacity_kwh for soc in (cars.min_soc, cars.target_soc, cars.initial_soc))
    longest = np.where(cars.trip_kwh > 0, np.maximum(target, energy) - floor, 0.0)
    home_since = np.zeros(count, dtype=np.intp)
    connected = np.ones(count, dtype=bool)
    began = np.full(count, -1, dtype=np.intp)
    """departure of the present outing; -1 where it began before the period"""
    coming = plan.next_trip_kwh()

    def come_back(day: int, which: npt.NDArray[np.intp], back: npt.NDArray[np.intp]) -> None:
        """Cars on an outing are home again, and plugged in or not."""
        enough = energy[which] - floor[which] >= coming[day, which]
        connected[which] = plan.plugs_in[day, which] | ~enough
        ends = connected[which]
        change[back[ends], which[ends]] -= 1
        home_since[which] = back

    for day in range(len(plan)):
        leaves, arrives, wanted = plan.leaves[day], plan.arrives[day], plan.trip_kwh[day]
        if day == 0:
            # Who came home the evening before was on an outing until then, and may still be unplugged.
            out = (plan.drives[0] & (leaves < 0)).nonzero()[0]
            change[0, out] = 1
            come_back(0, out, np.maximum(arrives[out], 0))
        at_home = (leaves > home_since) | ((leaves == 0) & (home_since == 0))
        goes = (plan.drives[day] & at_home & (leaves < intervals)).nonzero()[0]
        at, back = leaves[goes], arrives[goes]
        hours = (at - home_since[goes]) * INTERVAL_HOURS
        from_charger = connected[goes]
        aboard = np.where(from_charger, _charged(cars, goes, energy[goes], target[goes], hours), energy[goes])
        began[goes] = np.where(from_charger, at, began[goes])
        start = np.where(began[goes] >= 0, began[goes], at)
        trip = np.minimum(wanted[goes], np.floor(np.maximum(aboard - floor[goes], 0.0) * 1000) / 1000)
        declared = np.where(hours <= 24 * DAYS_DECLARED, wanted[goes], longest[goes])
        planned_kwh[start, goes] += np.where(from_charger, declared, wanted[goes])
        trip_kwh[start, goes] += trip
        asked = np.maximum(cars.min_departure_soc[goes] * cars.capacity_kwh[goes], trip_kwh[start, goes] + floor[goes])
        required_kwh[start, goes] = np.where(began[goes] >= 0, asked, 0.0)
        short = (trip < wanted[goes]) | (from_charger & (aboard < asked - 1e-9))
        infeasible += int((short & (at < len(period))).sum())
        change[at, goes] += from_charger
        energy[goes] = aboard - trip
        come_back(day, goes, back)
    plugged = np.cumsum(change[:-1], axis=0, dtype=np.int8) == 0
    declared_kwh = _declared_kwh(plugged, planned_kwh, longest, cars.trip_kwh)
    within = slice(0, len(period))
    return Mobility(plugged[within], trip_kwh[within], required_kwh[within], declared_kwh[within], infeasible)


def _declared_kwh(plugged: Bools, planned_kwh: Floats, longest_kwh: Floats, usual_kwh: Floats) -> Floats:
    """What is declared in each interval, from the trip planned at each departure; the longest where none is drawn."""
    leaves = np.zeros_like(plugged)
    leaves[1:] = plugged[:-1] & ~plugged[1:]
    ends = leaves.copy()
    ends[-1] = True
    # Car by car: what is declared holds from after one departure up to the next.
    car, at = ends.T.nonzero()
    coming = np.where(leaves[at, car], planned_kwh[at, car], longest_kwh[car])
    intervals = np.diff(car * len(plugged) + at, prepend=-1)
    return np.where(plugged, np.repeat(coming, intervals).reshape(plugged.shape[::-1]).T, usual_kwh)


def _charged(cars: Cars, which: npt.NDArray[np.intp], energy: Floats, target: Floats, hours: Floats) -> Floats:
    """Energy aboard [kWh] after so many hours at the charger, at full power until the target is reached."""
    efficiency = cars.charge_efficiency[which]
    plugged_in: Any = np.maximum(hours, INTERVAL_HOURS)
    power = charge_limit_kw(energy, target, cars.max_charge_kw[which], efficiency, plugged_in)
    power = np.where(hours > 0, power, 0.0)
    return np.asarray(step_energy_kwh(energy, power, 0.0, efficiency, 1.0, plugged_in))


@dataclass(frozen=True)
class _Plan:
    """What each car means to do, shape (D, M), one row per local day, the day before the period first."""

    drives: Bools
    leaves: npt.NDArray[np.intp]
    """first interval away; negative before the period"""
    arrives: npt.NDArray[np.intp]
    """first interval back; at most the period's length"""
    trip_kwh: Floats
    plugs_in: Bools
    """whether it is plugged in at its return although it could do without"""

    def __len__(self) -> int:
        return len(self.drives)

    @classmethod
    def draw(cls, fleet: Fleet, period: Period, seed: int) -> _Plan:
        cars = fleet.cars
        dates = pd.to_datetime(period.days)
        dates = pd.DatetimeIndex([dates[0] - pd.Timedelta(days=1), *dates])
        position = _position(fleet)[None, :] + dates.to_julian_date().to_numpy().astype(np.int64)[:, None]
        weekend = np.asarray(dates.dayofweek >= 5)[:, None]

        weekday_share = np.where(cars.works_from_home, HOME_WORKER_TRIP_SHARE, WEEKDAY_TRIP_SHARE)
        drives = uniform(seed, "trip", position) < np.where(weekend, WEEKEND_TRIP_SHARE, weekday_share)
        usual_out = np.where(weekend, cars.weekend_departure_hour, cars.weekday_departure_hour)
        usual_back = np.where(weekend, cars.weekend_arrival_hour, cars.weekday_arrival_hour)
        usual_back = np.where(usual_back > usual_out, usual_back, usual_back + 24)
        out = _slot(usual_out, normal(seed, "departure", position), DEPARTURE_SPREAD_HOURS)
        back = _slot(usual_back, normal(seed, "arrival", position), ARRIVAL_SPREAD_HOURS, LARGEST_ARRIVAL_DEVIATION)
        deadline = np.where(np.isnan(cars.charge_deadline_hour), 2 * SLOTS_PER_DAY, 4 * cars.charge_deadline_hour)
        out = np.minimum(out, deadline.astype(np.intp))
        back = np.maximum(back, out + SHORTEST_TRIP_SLOTS)

        first_slot = SLOTS_PER_DAY * np.arange(-1, len(dates) - 1)[:, None]
        clock = _Clock(period)
        leaves, arrives = clock.interval(first_slot + out), clock.interval(first_slot + back)
        spread = np.exp(TRIP_ENERGY_SIGMA * normal(seed, "trip energy", position) - TRIP_ENERGY_SIGMA**2 / 2)
        return cls(
            drives=drives & (cars.trip_kwh > 0),
            leaves=leaves,
            arrives=np.where(leaves < 0, arrives, np.clip(arrives, leaves + 1, len(period))),
            trip_kwh=np.round(cars.trip_kwh * spread, 3),
            plugs_in=uniform(seed, "plug in", position) < cars.plug_in_share,
        )

    def next_trip_kwh(self) -> Floats:
        """What the first trip after each day takes; infinite where none is drawn."""
        coming = np.full_like(self.trip_kwh, np.inf)
        for day in range(len(self) - 2, -1, -1):
            coming[day] = np.where(self.drives[day + 1], self.trip_kwh[day + 1], coming[day + 1])
        return coming


def _position(fleet: Fleet) -> npt.NDArray[np.int64]:
    """Where each car's draws begin: its home's id and its place in the home, with room for every calendar day."""
    home = fleet.cars.home.astype(np.int64)
    order = np.argsort(home, kind="stable")
    ranked = home[order]
    place = np.empty(len(home), dtype=np.int64)
    place[order] = np.arange(len(home)) - np.searchsorted(ranked, ranked)
    days = 2**22
    return np.asarray((fleet.home_id[home].astype(np.int64) * 2**8 + place) * days)


def _slot(usual_hour: Floats, z: Floats, spread: float, largest: float = LARGEST_DEVIATION) -> npt.NDArray[np.intp]:
    """The quarter hour of the day's departure or arrival; past 95 it is the next day's."""
    hour = usual_hour + spread * np.clip(z, -largest, largest)
    return np.maximum(np.round(4 * hour), 0).astype(np.intp)


class _Clock:
    """From a wall-clock quarter, counted from the period's first midnight, to the interval of that name."""

    def __init__(self, period: Period) -> None:
        quarter = period.day_of_interval * SLOTS_PER_DAY + period.slot_of_interval
        # An hour that the clock repeats is entered once, by its first run; one that it skips leads to the next quarter.
        self._interval = np.searchsorted(np.maximum.accumulate(quarter), np.arange(quarter[-1] + 1))
        self._length = len(quarter)

    def interval(self, quarter: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """Position of the interval; −1 before the period, its length after it."""
        inside = np.clip(quarter, 0, len(self._interval) - 1)
        found = np.where(quarter < len(self._interval), self._interval[inside], self._length)
        return np.where(quarter < 0, -1, found)
