"""What a car can hold for a window, and what that costs: its charge delayed, or with V2G, power given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch import compiled as c
from vpp_core.dispatch.battery_offers import SMALLEST_KW
from vpp_core.dispatch.dearest import SIZES
from vpp_core.dispatch.gate_state import Coming, StateRange
from vpp_core.dispatch.opportunity_cost import USD_PER_KWH, Outlook, car_value
from vpp_core.dispatch.stored_value import CELLS, interpolate
from vpp_core.fleet.devices import Batteries, CarBatteries, Permission
from vpp_core.fleet.fleet import Bools, Floats, Ints
from vpp_core.market.distribution import expected_gain_above
from vpp_core.physics.meter import retail_bill_usd
from vpp_core.physics.storage import charge_on_arrival_kw, step_energy_kwh


@dataclass(frozen=True)
class CarOffers:
    """Columns of cars, shape (M,): what each can hold, and what is expected of that."""

    quantity_kw: Floats
    own_usd_per_kwh: Floats
    total_usd_per_kwh: Floats
    gain_usd_per_h: Floats
    """expected at the forecast over what is paid and the rebound"""

    @classmethod
    def none(cls, cars: int) -> CarOffers:
        """Nothing of any car."""
        return cls(*np.zeros((4, cars)))

    def take_better(self, offering: Ints, best: Floats, kw: Floats, gain: Floats, own: Floats, total: Floats) -> None:
        """Put in this size of the `offering` cars where it gains more than `best`, which is kept up to date."""
        better = (gain > best) & (kw >= SMALLEST_KW)
        best[better] = gain[better]
        chosen = offering[better]
        self.quantity_kw[chosen], self.gain_usd_per_h[chosen] = kw[better], gain[better]
        self.own_usd_per_kwh[chosen], self.total_usd_per_kwh[chosen] = own[better], total[better]

    def keep(self, kept: Bools) -> CarOffers:
        """The same of the kept cars (M,), nothing of the others."""
        return CarOffers(*(np.where(kept, getattr(self, name), 0.0) for name in self.__dataclass_fields__))


def car_charging_kw(cars: CarBatteries, coming: Coming, energy_kwh: Floats) -> Floats:
    """Default charging [kW] of each car in the window's intervals (L, M) from this energy, trips included."""

    intervals = len(coming.surplus_kw)
    charge = np.empty((intervals, len(cars)))
    for k in range(intervals):
        t = coming.first_interval + k
        on_board = energy_kwh - cars.trip_kwh[t]
        charge[k] = charge_on_arrival_kw(
            on_board, cars.plugged[t], cars.target_kwh, cars.max_charge_kw, cars.charge_efficiency, INTERVAL_HOURS
        )
        energy_kwh = step_energy_kwh(on_board, charge[k], 0.0, cars.charge_efficiency, 1.0, INTERVAL_HOURS)
    return charge


def car_offers(
    cars: CarBatteries,
    permission: Permission,
    state: StateRange,
    coming: Coming,
    outlook: Outlook,
    expected_charge_kw: Floats,
    battery_base_kw: Floats,
    batteries: Batteries,
    price_usd_per_mwh: Floats,
    most_kw: Floats,
) -> CarOffers:
    """Delaying each car's charging.

    What is sold is power that the car is expected to draw in every interval of the window even if none clears; what it
    must have to be ready at departure is not for sale, nor more than `most_kw` (M,).
    """
    offers = CarOffers.none(len(cars))
    intervals, hours = len(coming.surplus_kw), INTERVAL_HOURS
    first, end = coming.first_interval, coming.first_interval + len(coming.surplus_kw)
    stays = _stays(cars, permission, coming)
    drawn = np.where(stays, np.minimum(expected_charge_kw.min(axis=0), most_kw), 0.0)
    offering = np.flatnonzero(drawn >= SMALLEST_KW)
    if len(offering) == 0:
        return offers
    low = state.car_low_kwh[offering]
    charge = car_charging_kw(cars, coming, state.car_low_kwh)[:, offering]
    efficiency = cars.charge_efficiency[offering]
    after_kwh = low + efficiency * hours * charge.sum(axis=0)
    intervals_left = cars.departure[first, offering] - end
    need = permission.car_need_kwh[first, offering]
    reachable = after_kwh + efficiency * cars.max_charge_kw[offering] * hours * intervals_left
    spare_kw = (reachable - need) / (efficiency * hours * intervals)
    held = np.minimum(drawn[offering], np.maximum(spare_kw, 0.0))
    values = _values(outlook, cars, batteries, offering, need, intervals_left)
    step = (cars.target_kwh[offering] - cars.floor_kwh[offering]) / CELLS
    above = after_kwh - cars.floor_kwh[offering]
    meter_kw = _meter_kw(cars, coming, battery_base_kw, offering, charge)
    bill = _bill(meter_kw, coming)
    left_to_solar = held - np.minimum(np.maximum(meter_kw + charge, 0.0).min(axis=0), held)
    best = np.full(len(offering), -1.0)
    p10, p50, p90 = price_usd_per_mwh
    shares = np.arange(1, intervals + 1)[:, None] / intervals
    for kw in [*(held * size for size in SIZES), left_to_solar]:
        moved = np.maximum(kw, SMALLEST_KW) * intervals * hours
        change = _bill(meter_kw + kw, coming) - bill
        lost, lost_own = (_losses(value, step, above, efficiency * hours * kw, intervals) for value in values)
        # V is not concave where the car would charge from a rising sun: the first interval may be dearer than all
        cost_own = ((lost_own / shares + change) / moved).max(axis=0)
        cost = cost_own + (lost[-1] - lost_own[-1]) / moved
        price = np.maximum(cost_own, 0.0) + np.maximum(cost - cost_own, 0.0)
        gain = kw * expected_gain_above(p10, p50, p90, price / USD_PER_KWH)
        offers.take_better(offering, best, kw, gain, cost_own, cost)
    return offers


def discharge_offers(
    cars: CarBatteries,
    permission: Permission,
    state: StateRange,
    coming: Coming,
    outlook: Outlook,
    battery_base_kw: Floats,
    batteries: Batteries,
    price_usd_per_mwh: Floats,
) -> CarOffers:
    """Discharging each car that may.

    Sized from the lowest path, where all intervals clear: it stays above its floor and the day's limit and can still
    be ready at departure. While it gives, it does not charge: what that costs is in the price of what it gives, what it
    earns at wholesale is left out. A part of an offer forgoes as much charging as the whole, which is not in its price.
    """
    offers = CarOffers.none(len(cars))
    able = _stays(cars, permission, coming) & (permission.car_discharge_kw > 0)
    offering = np.flatnonzero(able)
    if len(offering) == 0:
        return offers
    intervals = len(coming.surplus_kw)
    length = intervals * INTERVAL_HOURS
    into, out_of = cars.charge_efficiency[offering], cars.discharge_efficiency[offering]
    low, floor = state.car_low_kwh[offering], cars.floor_kwh[offering]
    charge = car_charging_kw(cars, coming, state.car_low_kwh)[:, offering]
    after_kwh = low + into * INTERVAL_HOURS * charge.sum(axis=0)
    intervals_left = cars.departure[coming.first_interval, offering] - (coming.first_interval + intervals)
    need = permission.car_need_kwh[coming.first_interval, offering]
    regained = into * cars.max_charge_kw[offering] * INTERVAL_HOURS * intervals_left
    left_today = permission.car_daily_kwh[offering] - state.car_taken_kwh[offering]
    spare_kwh = np.minimum(np.minimum(low - floor, low + regained - need), left_today)
    most = np.minimum(permission.car_discharge_kw[offering], np.maximum(spare_kwh, 0.0) * out_of / length)
    value, value_own = _values(outlook, cars, batteries, offering, need, intervals_left)
    step = (cars.target_kwh[offering] - floor) / CELLS
    alone_kw = _meter_kw(cars, coming, battery_base_kw, offering, charge) + charge
    # Cars of one home share its load: each is priced as if the others gave all they can.
    home = cars.home[offering]
    meter_kw = alone_kw + np.bincount(home, most, minlength=home.max() + 1)[home] - most
    owed = permission.compensation_usd_per_kwh[home]
    p10, p50, p90 = price_usd_per_mwh
    best = np.zeros(len(offering))
    for kw in (most * size for size in SIZES):
        held = np.maximum(kw, SMALLEST_KW)
        cost_own = _dearest_giving(
            held, low, cars.target_kwh[offering], floor, cars.max_charge_kw[offering], into, out_of,
            cars.wear_usd_per_kwh[offering], meter_kw, coming.import_usd_per_kwh, coming.export_usd_per_kwh,
            value_own, step, INTERVAL_HOURS,
        )  # fmt: skip
        lost, lost_own = (
            _interpolate_rows(of, step, after_kwh - floor)
            - _interpolate_rows(of, step, low - length * held / out_of - floor)
            for of in (value, value_own)
        )
        cost = cost_own + (lost - lost_own) / (held * length)
        price = np.maximum(cost_own, owed) + np.maximum(cost - cost_own, 0.0)
        gain = kw * expected_gain_above(p10, p50, p90, price / USD_PER_KWH)
        offers.take_better(offering, best, kw, gain, cost_own, cost)
    return offers


@c.kernel
def _dearest_giving(  # type: ignore[no-untyped-def]
    given_kw, low, target, floor, charge_kw, into, out_of, wear, meter, buy_price, sell_price, own_value, step, hours
):  # fmt: skip
    """Own cost [$ per kWh given] of each car at its dearest, over all sets of intervals that may clear, shape (n,).

    `meter` (L, n): what the home exports without the car [kW].
    """
    intervals, cars = meter.shape
    dearest = np.empty(cars)
    for j in range(cars):
        dearest[j], base = -np.inf, 0.0
        for clears in range(1 << intervals):
            energy, bill, given = low[j], 0.0, 0.0
            for k in range(intervals):
                charge = c.charge_limit_kw(energy, target[j], charge_kw[j], into[j], hours)
                give = given_kw[j] if clears >> k & 1 else 0.0
                charge = 0.0 if give > 0.0 else charge
                bill += c.retail_bill_usd(meter[k, j] - charge + give, buy_price[k], sell_price[k], hours)
                energy = c.step_energy_kwh(energy, charge, give, into[j], out_of[j], hours)
                given += give * hours
            cost = bill + wear[j] * given - interpolate(own_value[j], step[j], energy - floor[j])
            if clears == 0:
                base = cost
            else:
                dearest[j] = max(dearest[j], (cost - base) / given)
    return dearest


def _stays(cars: CarBatteries, permission: Permission, coming: Coming) -> Bools:
    """Cars that may be moved, and stay plugged in from the window's start to beyond its end, shape (M,)."""
    first, end = coming.first_interval, coming.first_interval + len(coming.surplus_kw)
    stays: Bools = cars.plugged[first:end].all(axis=0) & (cars.departure[first] >= end) & permission.car_movable
    return stays


def _values(
    outlook: Outlook, cars: CarBatteries, batteries: Batteries, offering: Ints, need_kwh: Floats, intervals_left: Ints
) -> tuple[Floats, Floats]:
    """V and its own part; of the sun a car gets what no battery takes first."""
    home = cars.home[offering]
    solar = np.where(batteries.max_power_kw[home] > 0, 0.0, np.maximum(outlook.surplus_kw[:, home], 0.0))
    return car_value(outlook, cars, offering, need_kwh, intervals_left, solar)


def _meter_kw(cars: CarBatteries, coming: Coming, battery_base_kw: Floats, offering: Ints, charge: Floats) -> Floats:
    """What the homes' meters export in the window (L, …), the battery's default covering load but taking no sun."""
    home = cars.home[offering]
    meter: Floats = coming.surplus_kw[:, home] + np.maximum(battery_base_kw[:, home], 0.0) - charge
    return meter


@c.kernel
def _interpolate_rows(value, step, above_floor):  # type: ignore[no-untyped-def]
    result = np.empty(len(step))
    for j in range(len(step)):
        result[j] = interpolate(value[j], step[j], above_floor[j])
    return result


def _losses(value: Floats, step: Floats, above_kwh: Floats, each_kwh: Floats, intervals: int) -> Floats:
    """What V [$] of each car falls by when it is held off in 1 … `intervals` intervals, shape (intervals, cars)."""
    kept = _interpolate_rows(value, step, above_kwh)
    return np.array([kept - _interpolate_rows(value, step, above_kwh - n * each_kwh) for n in range(1, intervals + 1)])


def _bill(meter_kw: Floats, coming: Coming) -> Floats:
    """Retail bill of the window [$] of each column."""

    buy, sell = coming.import_usd_per_kwh[:, None], coming.export_usd_per_kwh[:, None]
    bill: Floats = retail_bill_usd(meter_kw, buy, sell, INTERVAL_HOURS).sum(axis=0)
    return bill
