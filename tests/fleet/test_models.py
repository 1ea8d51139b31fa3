"""Battery, car, solar and household models: limits kept, faults told by name."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from vpp_core.errors import InputError
from vpp_core.fleet.bess import BESS
from vpp_core.fleet.ev import ElectricVehicle
from vpp_core.fleet.prosumer import Preferences, Prosumer, prosumer_from_dict
from vpp_core.fleet.pv import SolarPV


def test_efficiency_applies_once_each_way_and_not_to_what_was_stored() -> None:
    battery = BESS(capacity_kwh=10.0, max_power_kw=5.0, initial_soc=0.5)
    assert battery.stored_kwh == 5.0
    charged, taken = battery.charge(2.0, hours=1.0)
    assert taken == 2.0 and charged.stored_kwh == pytest.approx(5.0 + 0.95 * 2.0)
    discharged, given = battery.discharge(2.0, hours=1.0)
    assert given == 2.0 and discharged.stored_kwh == pytest.approx(5.0 - 2.0 / 0.95)


def test_a_command_leaves_the_battery_it_was_given_unchanged() -> None:
    battery = BESS()
    battery.charge(3.0)
    assert battery.energy_kwh is None and battery.stored_kwh == battery.initial_soc * battery.capacity_kwh


def test_a_battery_stops_at_its_limits_and_keeps_a_reserve() -> None:
    battery = BESS(capacity_kwh=10.0, max_power_kw=5.0, max_soc=0.95, initial_soc=0.94)
    full, taken = battery.charge(5.0, hours=1.0)
    assert full.soc == pytest.approx(0.95) and taken == pytest.approx(0.1 / 0.95)
    assert full.available_charge_kw() == pytest.approx(0.0, abs=1e-12)
    half, given = battery.discharge(5.0, hours=2.0, reserve_kwh=6.0)
    assert half.stored_kwh == pytest.approx(6.0) and given == pytest.approx(3.4 * 0.95 / 2)


def test_a_negative_power_is_refused_with_what_to_do() -> None:
    with pytest.raises(InputError, match="choose charge or discharge"):
        BESS().charge(-1.0)
    with pytest.raises(InputError, match="duration"):
        BESS().discharge(1.0, hours=0.0)


@pytest.mark.parametrize(
    ("household", "sentence"),
    [
        ({"bess": {"min_soc": 0.6, "max_soc": 0.5, "initial_soc": 0.5}}, "bess.min_soc 0.6 is above max_soc 0.5"),
        ({"bess": {"capacity_kwh": 900.0}}, "bess.capacity_kwh 900 is above 200"),
        ({"bess": {"initial_soc": 0.99}}, "bess.initial_soc 0.99 is outside min_soc 0.1"),
        ({"evs": [{"min_departure_soc": 0.95}]}, "evs.0.min_departure_soc 0.95 is above target_soc 0.8"),
        ({"evs": [{}, {"trip_kwh": 90.0}]}, "evs.1.trip_kwh 90 is above the 52.5 kWh"),
        ({"evs": [{"v2g": True}]}, "evs.0.max_discharge_kw is 0, but v2g needs a power"),
        ({"evs": [{"max_discharge_kw": 5.0}]}, "evs.0.max_discharge_kw 5 needs v2g"),
        ({"evs": [{"weekday_arrival_hour": 8.0, "weekday_departure_hour": 8.0}]}, "evs.0.weekday_arrival_hour equals"),
        ({"evs": [{}, {}, {}]}, "evs"),
        ({"pv": {"capacity_kw": -1.0}}, "pv.capacity_kw -1 is below 0.3"),
        ({"preferences": {"opening_ask_usd_per_kwh": 0.01}}, "preferences.opening_ask_usd_per_kwh 0.01 is below"),
        ({"bess": {"colour": "red"}}, "bess.colour is not a known field"),
        ({"bess": {"capacity_kwh": "13.5"}}, "bess.capacity_kwh"),
        ({"bess": {"capacity_kwh": math.nan}}, "bess.capacity_kwh"),
    ],
)
def test_a_contradiction_or_excess_is_refused_with_the_field_s_name(household: dict, sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        prosumer_from_dict(household, "household 3")
    assert str(refused.value).startswith("household 3 is not valid: ")
    assert sentence in str(refused.value)


def test_a_fault_never_echoes_a_person_s_words() -> None:
    with pytest.raises(InputError) as refused:
        prosumer_from_dict({"category": "my door code is 4711"}, "household 3")
    assert "4711" not in str(refused.value)
    with pytest.raises(ValidationError) as raw:
        Prosumer.model_validate({"category": "my door code is 4711"})
    assert "4711" not in str(raw.value)


def test_a_car_does_nothing_while_away_and_discharges_only_with_v2g() -> None:
    home = ElectricVehicle(initial_soc=0.7)
    assert home.discharge(5.0).power_kw == 0.0
    away = home.depart(10.0)
    assert away.stored_kwh == pytest.approx(home.stored_kwh - 10.0)
    assert away.charge(7.0).power_kw == 0.0 and away.charge(7.0).device.stored_kwh == away.stored_kwh
    v2g = ElectricVehicle(initial_soc=0.7, min_departure_soc=0.6, v2g=True, max_discharge_kw=9.6)
    lower, given = v2g.discharge(9.6, hours=10.0)
    assert given > 0 and lower.soc == pytest.approx(0.6)
    assert v2g.depart(1.0).available_discharge_kw() == 0.0


def test_a_car_comes_home_with_what_it_left_with_less_the_trip() -> None:
    """Elsewhere a schedule has been seen to overwrite the state of charge on arrival."""
    car = ElectricVehicle(initial_soc=0.8)
    back = car.depart(12.0).arrive()
    assert back.stored_kwh == pytest.approx(car.stored_kwh - 12.0) and back.plugged_in


def test_a_trip_beyond_the_battery_is_refused() -> None:
    with pytest.raises(InputError, match="trip of 60 kWh"):
        ElectricVehicle(initial_soc=0.6).depart(60.0)


def test_what_a_car_must_charge_grows_as_departure_nears() -> None:
    car = ElectricVehicle(
        capacity_kwh=60.0,
        max_charge_kw=6.0,
        charge_efficiency=0.9,
        initial_soc=0.2,
        min_departure_soc=0.65,
        trip_kwh=8.0,
    )
    departure = pd.Timestamp("2023-08-02T07:45", tz="America/Los_Angeles")
    needed = (0.65 - 0.2) * 60 / 0.9
    assert car.next_departure(pd.Timestamp("2023-08-01T20:00", tz="America/Los_Angeles")) == departure
    assert car.charging_requirement_kwh(departure) == pytest.approx(needed)
    assert car.charging_requirement_kwh(departure - pd.Timedelta(hours=2)) == pytest.approx(needed - 12)
    assert car.charging_requirement_kwh(departure - pd.Timedelta(hours=6)) == 0.0
    early = car.model_copy(update={"charge_deadline_hour": 5.0})
    assert early.charging_requirement_kwh(departure - pd.Timedelta(hours=4)) == pytest.approx(needed - 6 * 1.25)
    with pytest.raises(InputError, match="time zone"):
        car.charging_requirement_kwh(pd.Timestamp("2023-08-02T07:45"))


def test_weekend_departures_follow_the_weekend() -> None:
    car = ElectricVehicle()
    friday_evening = pd.Timestamp("2023-08-04T20:00", tz="America/Los_Angeles")
    assert car.next_departure(friday_evening) == pd.Timestamp("2023-08-05T10:30", tz="America/Los_Angeles")


def test_solar_follows_its_profile_and_knows_its_class() -> None:
    panels = SolarPV(capacity_kw=8.0, tilt_deg=20.0, azimuth_deg=265.0, system_efficiency=0.95)
    assert panels.orientation_id == "west_18"
    assert panels.generation_kw(0.5) == pytest.approx(3.8)
    assert np.allclose(panels.generation_kw(np.array([0.0, 1.0])), [0.0, 7.6])


def household(**preferences: float | str) -> Prosumer:
    return Prosumer(
        bess=BESS(capacity_kwh=10.0, max_power_kw=5.0, initial_soc=0.9),
        evs=(ElectricVehicle(initial_soc=0.3),),
        preferences=Preferences.model_validate(
            {
                "participation_willingness": 0.5,
                "min_compensation_usd_per_kwh": 0.1,
                "opening_ask_usd_per_kwh": 0.15,
                "backup_power_hours": 2.0,
                "max_discharge_percent": 100.0,
            }
            | preferences
        ),
    )


def test_flexibility_is_what_preferences_offer() -> None:
    offered = household().available_flexibility_kw(hours=1.0)
    assert offered.export_kw == pytest.approx(2.5)
    assert offered.absorb_kw == pytest.approx(0.5 / 0.95 + 7.2)
    assert household(ev_priority="high").available_flexibility_kw().absorb_kw == pytest.approx(0.5 / 0.95)
    assert household(max_discharge_percent=10.0).available_flexibility_kw().export_kw == pytest.approx(0.95)
    assert household(backup_power_hours=72.0).available_flexibility_kw().export_kw == 0.0
    assert household(participation_willingness=0.0).available_flexibility_kw().export_kw == 0.0


def test_an_opportunity_is_taken_from_the_reservation_price_on() -> None:
    home = household()
    assert home.reservation_price_usd_per_mwh == pytest.approx(100.0)
    assert home.evaluate_market_opportunity(99.0, 1.0).action == "nothing"
    taken = home.evaluate_market_opportunity(300.0, 1.0)
    assert taken.action == "discharge" and taken.power_kw == pytest.approx(2.5)
    assert taken.revenue_usd == pytest.approx(0.75) and taken.cost_usd == pytest.approx(0.25)
    paid = home.evaluate_market_opportunity(-50.0, 1.0)
    assert paid.action == "charge" and paid.revenue_usd > 0
    with pytest.raises(InputError, match="opportunity"):
        home.evaluate_market_opportunity(math.nan, 1.0)


def test_status_shows_every_device() -> None:
    status = household().status()
    assert status["bess"]["soc"] == 0.9 and status["evs"][0]["plugged_in"] and status["pv"] is None
