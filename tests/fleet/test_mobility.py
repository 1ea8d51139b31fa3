"""The cars' days: the same for a car everywhere, feasible under charging on arrival."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vpp_core.calendar import INTERVAL_HOURS, Period
from vpp_core.fleet.convert import fleet_of
from vpp_core.fleet.ev import ElectricVehicle
from vpp_core.fleet.fleet import Fleet
from vpp_core.fleet.mobility import Mobility, mobility
from vpp_core.fleet.population import generate_fleet
from vpp_core.fleet.prosumer import Prosumer
from vpp_core.physics.storage import charge_on_arrival_kw, step_energy_kwh

MONTH = Period.of("2023-08")


def plugging_in(fleet: Fleet, share: float = 1.0) -> Fleet:
    """The fleet with cars that are all plugged in after this share of their returns."""
    return replace(fleet, cars=replace(fleet.cars, plug_in_share=np.full(len(fleet.cars), share)))


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    """Cars that are plugged in whenever they are home."""
    return plugging_in(generate_fleet(200, 42))


@pytest.fixture(scope="module")
def days(fleet: Fleet) -> Mobility:
    return mobility(fleet, MONTH, 42)


def counterfactual_energy(fleet: Fleet, days: Mobility) -> np.ndarray:
    """Stored energy [kWh] at the start of each interval, before a trip, interval by interval."""
    cars = fleet.cars
    energy = cars.initial_soc * cars.capacity_kwh
    stored = []
    for t in range(len(days.plugged)):
        stored.append(energy)
        energy = energy - days.trip_kwh[t]
        charge = charge_on_arrival_kw(
            energy,
            days.plugged[t],
            cars.target_soc * cars.capacity_kwh,
            cars.max_charge_kw,
            cars.charge_efficiency,
            INTERVAL_HOURS,
        )
        energy = step_energy_kwh(energy, charge, 0.0, cars.charge_efficiency, 1.0, INTERVAL_HOURS)
    return np.array([*stored, energy])


def departures(days: Mobility) -> np.ndarray:
    before = np.vstack([np.ones((1, days.plugged.shape[1]), dtype=bool), days.plugged[:-1]])
    return before & ~days.plugged


@pytest.mark.parametrize("month", ["2023-08", "2023-03", "2023-11"])
@pytest.mark.parametrize("seed", [1, 42])
def test_charging_on_arrival_carries_every_trip_with_the_minimum_left(month: str, seed: int) -> None:
    fleet = generate_fleet(300, seed)
    days = mobility(fleet, Period.of(month), seed)
    stored = counterfactual_energy(fleet, days)
    floor = fleet.cars.min_soc * fleet.cars.capacity_kwh
    assert (stored[:-1] - days.trip_kwh >= floor - 1e-9).all()
    assert (stored <= fleet.cars.capacity_kwh + 1e-9).all()


def test_trips_and_requirements_sit_at_departures_only(days: Mobility) -> None:
    leaving = departures(days)
    assert ((days.required_kwh > 0) == leaving).all()
    assert not (days.trip_kwh[~leaving] > 0).any()


def test_what_is_asked_is_the_household_s_wish_and_at_least_the_trip(fleet: Fleet, days: Mobility) -> None:
    t, car = departures(days).nonzero()
    cars = fleet.cars
    asked = days.required_kwh[t, car]
    assert (asked >= (cars.min_departure_soc * cars.capacity_kwh)[car] - 1e-9).all()
    assert (asked >= days.trip_kwh[t, car] + (cars.min_soc * cars.capacity_kwh)[car] - 1e-9).all()
    assert (asked <= cars.capacity_kwh[car]).all()


def test_requirements_beyond_a_slow_charger_stand_and_are_counted_one_by_one(fleet: Fleet) -> None:
    slow = replace(fleet, cars=replace(fleet.cars, max_charge_kw=np.full(len(fleet.cars), 0.7)))
    days = mobility(slow, MONTH, 42)
    stored = counterfactual_energy(slow, days)
    unmet = departures(days) & (stored[:-1] < days.required_kwh - 1e-6)
    wished = mobility(fleet, MONTH, 42).trip_kwh
    shortened = days.trip_kwh < wished
    assert unmet.sum() > 100 and shortened.any()
    assert (unmet | shortened).sum() <= days.infeasible_departures <= (unmet | shortened).sum() + 12


def test_a_trip_beyond_the_battery_is_shortened_and_counted(fleet: Fleet) -> None:
    far = replace(fleet, cars=replace(fleet.cars, trip_kwh=np.full(len(fleet.cars), 500.0)))
    days = mobility(far, Period.of("2023-08", 4), 42)
    leaving = departures(days)
    assert days.infeasible_departures == leaving.sum()
    usable = (fleet.cars.target_soc - fleet.cars.min_soc) * fleet.cars.capacity_kwh
    assert (days.trip_kwh <= np.maximum(usable, 0) + 1e-9).all() and days.trip_kwh.max() > 20


def test_a_shortened_month_has_the_same_days(fleet: Fleet, days: Mobility) -> None:
    short = mobility(fleet, Period.of("2023-08", 3), 42)
    n = len(short.plugged)
    assert n == 3 * 96
    for name in ("plugged", "trip_kwh", "required_kwh"):
        assert np.array_equal(getattr(short, name), getattr(days, name)[:n])


def test_a_car_s_days_do_not_depend_on_its_neighbours(fleet: Fleet, days: Mobility) -> None:
    homes = np.array([150, 3, 77, 120, 9])
    part = mobility(fleet.take(homes), MONTH, 42)
    cars = np.concatenate([(fleet.cars.home == home).nonzero()[0] for home in homes])
    for name in ("plugged", "trip_kwh", "required_kwh"):
        assert np.array_equal(getattr(part, name), getattr(days, name)[:, cars])


def test_two_cars_of_a_home_have_days_of_their_own(fleet: Fleet, days: Mobility) -> None:
    home = int(np.bincount(fleet.cars.home).argmax())
    first, second = (fleet.cars.home == home).nonzero()[0]
    assert not np.array_equal(days.trip_kwh[:, first], days.trip_kwh[:, second])


def test_commuters_are_out_at_noon_on_weekdays_and_home_at_night(fleet: Fleet, days: Mobility) -> None:
    slot, commuters = MONTH.slot_of_interval, ~fleet.cars.works_from_home
    weekday = MONTH.local.dayofweek < 5
    assert days.plugged[(slot == 48) & weekday][:, commuters].mean() < 0.15
    assert days.plugged[(slot == 48) & ~weekday].mean() > 0.2
    assert days.plugged[(slot == 48) & weekday][:, ~commuters].mean() > 0.5
    assert days.plugged[slot == 12].all()


def test_a_night_shift_is_away_over_midnight_and_starts_the_month_away() -> None:
    fleet = plugging_in(generate_fleet(60, 5))
    cars = len(fleet.cars)
    hours = {
        f"{day}_{what}_hour": np.full(cars, hour, dtype=np.float32)
        for day in ("weekday", "weekend")
        for what, hour in (("departure", 22.0), ("arrival", 6.5))
    }
    nights = replace(fleet, cars=replace(fleet.cars, works_from_home=np.zeros(cars, dtype=bool), **hours))
    days = mobility(nights, MONTH, 5)
    slot = MONTH.slot_of_interval
    assert days.plugged[slot == 8].mean() < 0.3 and days.plugged[slot == 60].all()
    assert not days.plugged[0].all()
    assert not days.trip_kwh[0].any()


def test_a_departure_while_still_away_is_no_second_trip() -> None:
    """Elsewhere a session that began before the last one ended overwrote it."""
    fleet = plugging_in(generate_fleet(60, 5))
    hours = {"weekday_departure": 22.0, "weekday_arrival": 14.0, "weekend_departure": 10.0, "weekend_arrival": 12.0}
    columns = {f"{name}_hour": np.full(len(fleet.cars), hour, dtype=np.float32) for name, hour in hours.items()}
    overlapping = replace(fleet, cars=replace(fleet.cars, **columns))
    days = mobility(overlapping, MONTH, 5)
    assert not ((days.trip_kwh > 0) & ~departures(days)).any()
    stored = counterfactual_energy(overlapping, days)
    assert (stored[:-1] - days.trip_kwh >= fleet.cars.min_soc * fleet.cars.capacity_kwh - 1e-9).all()


def test_a_charge_deadline_is_the_moment_that_counts(fleet: Fleet, days: Mobility) -> None:
    early = np.full(len(fleet.cars), 3.25, dtype=np.float32)
    ready = mobility(replace(fleet, cars=replace(fleet.cars, charge_deadline_hour=early)), MONTH, 42)
    t, _ = departures(ready).nonzero()
    assert len(t) == departures(days).sum() and (MONTH.slot_of_interval[t] == 13).all()


def test_no_car_drives_where_the_trip_is_nothing(fleet: Fleet) -> None:
    parked = replace(fleet, cars=replace(fleet.cars, trip_kwh=np.zeros(len(fleet.cars))))
    assert mobility(parked, MONTH, 42).plugged.all()


def test_cars_are_plugged_in_as_often_and_when_they_are_at_private_chargers() -> None:
    """Trondheim: sessions a day and charger p5 0.14, p25 0.33, median 0.59, p75 0.88; 77 % of arrivals at 15 to 22 h,
    most departures in the hour from 7; 11.2 kWh a session, of smaller batteries.
    """
    days = mobility(generate_fleet(1000, 3), MONTH, 3)
    arrives, leaves = (~days.plugged[:-1] & days.plugged[1:]), (days.plugged[:-1] & ~days.plugged[1:])
    a_day = np.quantile(arrives.sum(axis=0) / 31, [0.05, 0.25, 0.5, 0.75])
    assert a_day == pytest.approx([0.14, 0.33, 0.59, 0.88], abs=0.08)
    hour = MONTH.slot_of_interval[1:] / 4
    came = hour[arrives.nonzero()[0]]
    assert ((came >= 15) & (came <= 22)).mean() == pytest.approx(0.77, abs=0.05)
    assert np.bincount(hour[leaves.nonzero()[0]].astype(int)).argmax() == 7
    assert days.trip_kwh[days.trip_kwh > 0].mean() == pytest.approx(11.2, rel=0.3)


def test_a_car_that_is_not_plugged_in_takes_its_next_trips_from_what_it_left_with() -> None:
    """42 of 50 kWh above the floor, 10 kWh a trip: plugged in by need alone it is away for four trips at a time."""
    car = ElectricVehicle(
        capacity_kwh=50.0, initial_soc=0.94, target_soc=0.94, min_soc=0.1, trip_kwh=10.0, max_charge_kw=11.0,
        plug_in_share=0.0,
    )  # fmt: skip
    fleet = fleet_of([Prosumer(evs=(car,))], seed=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vpp_core.fleet.mobility.TRIP_ENERGY_SIGMA", 0.0)
        seldom, always = mobility(fleet, MONTH, 0), mobility(plugging_in(fleet), MONTH, 0)
    outings = seldom.trip_kwh[seldom.trip_kwh > 0]
    assert outings[4:] == pytest.approx(40.0)
    t, _ = departures(seldom).nonzero()
    assert seldom.declared_kwh[t[2:] - 1, 0] == pytest.approx(40.0), "that is declared at plugging in"
    assert seldom.required_kwh[t[1:], 0] == pytest.approx(45.0)
    assert 0 <= seldom.trip_kwh.sum() - always.trip_kwh.sum() <= 30.0, "and what the last outing takes after the month"
    assert seldom.infeasible_departures == 0


def test_a_month_begins_with_some_cars_at_home_and_unplugged() -> None:
    fleet = generate_fleet(400, 8)
    night = MONTH.slot_of_interval == 12
    begun, later = mobility(fleet, MONTH, 8).plugged[0].mean(), mobility(fleet, MONTH, 8).plugged[night][5:].mean()
    assert 0.5 < begun < 0.95 and begun == pytest.approx(later, abs=0.12)


def test_a_fleet_without_cars_has_no_columns(fleet: Fleet) -> None:
    carless = np.setdiff1d(np.arange(len(fleet)), fleet.cars.home)[:3]
    assert mobility(fleet.take(carless), MONTH, 42).plugged.shape == (len(MONTH), 0)
