"""Every device that holds energy as a column of one table, with values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_core.calendar import Period
from vpp_core.fleet.bess import BESS
from vpp_core.fleet.convert import fleet_of
from vpp_core.fleet.ev import ElectricVehicle
from vpp_core.fleet.fleet import Fleet
from vpp_core.fleet.kinds import KINDS, stores_of
from vpp_core.fleet.kinds.car import cars_on
from vpp_core.fleet.mobility import Mobility
from vpp_core.fleet.permission import Permission
from vpp_core.fleet.population import generate_fleet
from vpp_core.fleet.prosumer import Preferences, Prosumer
from vpp_core.fleet.stores import NEVER, Stores

DAYS = Period.of("2023-08", 3)
FLEET = generate_fleet(60, 42)


def stores(fleet: Fleet = FLEET, load_kw: float = 0.8) -> Stores:
    return stores_of(fleet, DAYS, np.full(len(fleet), load_kw))


def one_car_away(out: int, back: int, trip_kwh: float, asked_kwh: float) -> Mobility:
    """A day of one car, away from one interval to another."""
    plugged = np.ones((96, 1), dtype=bool)
    plugged[out:back] = False
    trip, asked, declared = np.zeros((96, 1)), np.zeros((96, 1)), np.full((96, 1), 6.0)
    trip[out], asked[out], declared[:out] = trip_kwh, asked_kwh, trip_kwh
    return Mobility(plugged, trip, asked, declared, 0)


def test_stores_stand_by_kind_then_home_and_a_kind_is_a_slice_of_them() -> None:
    all_stores = stores()
    assert all_stores.kinds == tuple(kind.name for kind in KINDS)
    order = np.lexsort((all_stores.home, all_stores.kind))
    assert np.array_equal(order, np.arange(len(all_stores)))
    battery, car = all_stores.of_kind("battery"), all_stores.of_kind("car")
    assert np.array_equal(all_stores.home[battery], np.flatnonzero(FLEET.has_battery))
    assert np.array_equal(all_stores.home[car], FLEET.cars.home)
    assert all_stores.follows_meter[battery].all() and not all_stores.follows_meter[car].any()


def test_a_battery_s_energies_are_shares_of_its_capacity_and_its_backup_is_hours_of_mean_load() -> None:
    wish = Preferences(backup_power_hours=5.0)
    battery = BESS(capacity_kwh=10.0, max_power_kw=5.0, min_soc=0.1, max_soc=0.95, initial_soc=0.5)
    own = stores(fleet_of([Prosumer(bess=battery, preferences=wish)], seed=0))
    assert len(own) == 1
    assert (own.floor_kwh[0], own.ceiling_kwh[0], own.initial_kwh[0]) == pytest.approx((1.0, 9.5, 5.0))
    assert own.backup_kwh[0] == pytest.approx(4.0)
    assert (own.max_charge_kw[0], own.max_discharge_kw[0]) == (5.0, 5.0)
    assert own.available.all() and not own.draw_kwh.any()
    assert (own.departure == len(DAYS)).all() and (own.leave_slot == NEVER).all()
    assert (own.need_kwh == 1.0).all()


def test_a_car_declares_the_trip_of_its_stay_and_is_judged_by_what_charging_on_arrival_had_given() -> None:
    """10 of 40 kWh on board, 4 kW at 0.92 for an hour and a half: left alone it leaves with 15.52 kWh."""
    car = ElectricVehicle(
        capacity_kwh=40.0, max_charge_kw=4.0, charge_efficiency=0.92, min_soc=0.1, initial_soc=0.25, target_soc=0.9,
        min_departure_soc=0.6, trip_kwh=6.0, weekday_arrival_hour=12.0, weekend_arrival_hour=12.0,
    )  # fmt: skip
    fleet = fleet_of([Prosumer(evs=(car,))], seed=0)
    own = cars_on(fleet, one_car_away(out=6, back=20, trip_kwh=8.0, asked_kwh=24.0))
    assert own.counterfactual_kwh[6, 0] == pytest.approx(10.0 + 6 * 0.25 * 0.92 * 4.0)
    before, away, after = own.need_kwh[:6, 0], own.need_kwh[6:20, 0], own.need_kwh[20:, 0]
    assert before == pytest.approx(24.0) and away == pytest.approx(24.0) and after == pytest.approx(24.0)
    assert own.trip_need_kwh[:6, 0] == pytest.approx(4.0 + 8.0), "the trip that ends this stay"
    assert own.trip_need_kwh[6:, 0] == pytest.approx(4.0 + 6.0), "the usual one"
    assert own.asked_kwh[:6, 0] == pytest.approx(15.52), "nobody is held to more than left alone"
    assert own.trip_asked_kwh[:6, 0] == pytest.approx(12.0)
    assert (own.departure[:6, 0] == 6).all() and (own.departure[6:, 0] == 96).all()
    assert own.draw_kwh[6, 0] == 8.0


def test_a_departure_needs_what_the_shortest_stay_after_it_cannot_make_up_for() -> None:
    """It is back at 22:24 at the latest and leaves at 6:30 at the earliest, 8 h of quarters, one hour less in March: at
    2 kW and 0.9 it gets 12.6 kWh back, so it may leave with that less than full and the trip.
    """
    car = ElectricVehicle(
        capacity_kwh=40.0, max_charge_kw=2.0, charge_efficiency=0.9, min_soc=0.1, initial_soc=0.9, target_soc=0.9,
        min_departure_soc=0.3, trip_kwh=6.0, weekday_departure_hour=8.0, weekend_departure_hour=8.0,
        weekday_arrival_hour=18.0, weekend_arrival_hour=18.0,
    )  # fmt: skip
    own = cars_on(fleet_of([Prosumer(evs=(car,))], seed=0), one_car_away(out=30, back=72, trip_kwh=8.0, asked_kwh=12.0))
    assert own.need_kwh[:30, 0] == pytest.approx(36.0 + 8.0 - 12.6), "the trip that ends this stay"
    assert own.usual_need_kwh[0] == pytest.approx(36.0 + 6.0 - 12.6), "the usual one"
    assert own.asked_kwh[0, 0] == pytest.approx(12.0), "what it is judged by stays what was asked"


def test_what_a_car_declares_does_not_tell_when_it_leaves() -> None:
    car = ElectricVehicle(capacity_kwh=40.0, max_charge_kw=4.0, initial_soc=0.5, target_soc=0.9, trip_kwh=6.0)
    fleet = fleet_of([Prosumer(evs=(car,))], seed=0)
    soon, late = (cars_on(fleet, one_car_away(out, 60, 8.0, 24.0)) for out in (6, 40))
    assert np.array_equal(soon.need_kwh[:6], late.need_kwh[:6])
    assert np.array_equal(soon.trip_need_kwh[:6], late.trip_need_kwh[:6])
    assert not np.array_equal(soon.departure[:6], late.departure[:6])


def test_usual_hours_are_quarter_hours_of_the_day_and_a_return_after_midnight_counts_on() -> None:
    car = ElectricVehicle(
        weekday_departure_hour=7.75, weekday_arrival_hour=17.5, weekend_departure_hour=21.0, weekend_arrival_hour=5.0,
    )  # fmt: skip
    deadline = car.model_copy(update={"charge_deadline_hour": 6.0})
    parked = car.model_copy(update={"trip_kwh": 0.0})
    own = stores(fleet_of([Prosumer(evs=(car, deadline)), Prosumer(evs=(parked,))], seed=0))
    assert own.leave_slot.T.tolist() == [[31, 84], [24, 24], [NEVER, NEVER]]
    assert own.return_slot.T.tolist() == [[70, 116], [70, 116], [NEVER, NEVER]]
    assert own.early_slots.tolist() == [6, 6, 0], "three spreads of half an hour"


def test_what_is_offered_of_a_store_is_a_share_of_its_power_and_nothing_of_a_car_that_matters_much() -> None:
    battery, car = BESS(capacity_kwh=10.0, max_power_kw=5.0), ElectricVehicle(v2g=True, max_discharge_kw=6.0)
    wish = Preferences(participation_willingness=0.5, max_discharge_percent=40.0, ev_priority="low")
    one_way = car.model_copy(update={"v2g": False, "max_discharge_kw": 0.0})
    relaxed = Prosumer(bess=battery, evs=(car, one_way), preferences=wish)
    urgent = Prosumer(evs=(car,), preferences=wish.model_copy(update={"ev_priority": "high"}))
    fleet = fleet_of([relaxed, urgent], seed=0)
    own = stores(fleet)
    obeyed, ignored = (Permission.of(fleet, own, obeys) for obeys in (True, False))
    assert obeyed.deviation_kw.tolist() == [2.5, np.inf, np.inf, 0.0]
    assert obeyed.give_kw.tolist() == [5.0, 3.0, 0.0, 0.0]
    assert obeyed.daily_kwh[:2].tolist() == pytest.approx([4.0, 0.4 * fleet.cars.capacity_kwh[0]])
    assert obeyed.compensation_usd_per_kwh[2] == 0.0 and obeyed.compensation_usd_per_kwh[0] > 0
    assert obeyed.floor_kwh[0] == own.backup_kwh[0] and ignored.floor_kwh[0] == own.floor_kwh[0]
    assert ignored.deviation_kw.tolist() == [5.0, np.inf, np.inf, np.inf]
    assert ignored.give_kw.tolist() == [5.0, 6.0, 0.0, 6.0]
    assert np.isinf(ignored.daily_kwh).all() and not ignored.compensation_usd_per_kwh.any()


def test_a_home_s_stores_are_the_same_in_any_fleet() -> None:
    alone = FLEET.take(np.array([7]))
    mine, among = stores(alone), stores()
    here = np.flatnonzero(among.home == 7)
    assert len(mine) == len(here)
    for name in ("initial_kwh", "need_kwh", "available", "counterfactual_kwh", "leave_slot"):
        assert np.array_equal(getattr(mine, name), getattr(among.take(here), name)), name


def test_a_car_s_days_and_what_it_declares_are_the_same_in_a_period_that_is_shorter() -> None:
    """Of a stay that outlasts the shorter period the trip is known too: it is declared at arrival."""
    whole, short = (stores_of(FLEET, period, np.ones(60)) for period in (Period.of("2023-08"), Period.of("2023-08", 6)))
    for name in ("available", "draw_kwh", "need_kwh", "trip_need_kwh", "counterfactual_kw"):
        assert np.array_equal(getattr(whole, name)[: len(short.available)], getattr(short, name)), name


@pytest.mark.parametrize("month", ["2023-03", "2023-11"])
def test_what_is_declared_is_never_less_than_the_trip_that_is_taken(month: str) -> None:
    own = stores_of(FLEET, Period.of(month), np.ones(60))
    leaves = own.available[:-1] & ~own.available[1:]
    taken = own.floor_kwh + own.draw_kwh[1:]
    assert leaves.sum() > 500
    assert (own.trip_need_kwh[:-1][leaves] >= taken[leaves] - 1e-9).all()
    stays = own.available[:-1] & own.available[1:]
    assert (np.diff(own.need_kwh, axis=0)[stays] == 0).all(), "it is declared once a stay"


def test_who_has_no_trip_for_weeks_declares_the_longest_and_who_never_drives_none() -> None:
    seldom = ElectricVehicle(capacity_kwh=40.0, target_soc=0.9, initial_soc=0.5, works_from_home=True, trip_kwh=6.0)
    parked = seldom.model_copy(update={"trip_kwh": 0.0})
    fleet = fleet_of([Prosumer(evs=(seldom, parked), home_id=home) for home in range(3)], seed=0)
    with pytest.MonkeyPatch.context() as patch:
        for share in ("HOME_WORKER_TRIP_SHARE", "WEEKEND_TRIP_SHARE"):
            patch.setattr(f"vpp_core.fleet.mobility.{share}", 0.0)
        own = stores(fleet)
    assert (own.need_kwh[:, ::2] == 36.0).all(), "a full charge"
    assert (own.trip_need_kwh[:, 1::2] == own.floor_kwh[1::2]).all()
