"""Cars that give power: a case by hand, and what they never do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.invented import invented_inputs
from vpp_core.fleet.convert import fleet_of
from vpp_core.fleet.ev import ElectricVehicle
from vpp_core.fleet.prosumer import Preferences, Prosumer
from vpp_core.market.inputs import Inputs
from vpp_core.settlement.outcome import Outcome
from vpp_core.simulation import simulate

EVENING = slice(80, 84)
"""Intervals of 20 to 21 h, when the car is home."""
SPIKE_USD_PER_MWH = 2000.0


def one_car(preferences: dict[str, Any] | None = None, **car: Any) -> Inputs:
    """A home that draws 1 kW, with a full car; 30 $/MWh all day but for an hour at 2,000, all of it foreseen."""
    given = {"v2g": True, "max_discharge_kw": 7.0, "initial_soc": 0.8, "capacity_kwh": 60.0, "trip_kwh": 10.0}
    given |= {"weekday_arrival_hour": 14.0} | car
    home = Prosumer(bess=None, pv=None, evs=(ElectricVehicle(**given),), preferences=Preferences(**(preferences or {})))
    lmp = np.full(96, 30.0)
    lmp[EVENING] = SPIKE_USD_PER_MWH
    inputs = invented_inputs(
        fleet=fleet_of([home], 1), days=1, lmp=lmp, reserve=np.nan, load_kw=np.ones((96, 1)), pv_per_kw=None
    )
    forecast = inputs.forecast.copy()
    hourly = np.append(lmp[::4], np.full(forecast.shape[2], 30.0))
    for window in range(forecast.shape[1]):
        forecast[0, window] = hourly[window : window + forecast.shape[2], None]
    assert inputs.stores.available[76:].all()
    assert (inputs.stores.counterfactual_kw[76:] == 0).all(), "charged before the evening"
    return replace(inputs, forecast=forecast)


def outcome_of(inputs: Inputs, key: str) -> Outcome:
    (outcome,) = simulate(inputs, [key])
    return outcome


def test_an_hour_of_a_dear_evening_earns_what_it_does_by_hand() -> None:
    """7 kWh sold at 2 $/kWh; 7 / 0.92² kWh bought back at 0.03 $/kWh; the bill; wear of 0.03 $/kWh given."""
    outcome = outcome_of(one_car(), "centralized")
    given, regained = 7.0, 7.0 / 0.92**2
    assert outcome.windows["ev_discharge_kwh"].sum() == pytest.approx(given)
    assert outcome.windows["ev_discharge_kwh"][20] == pytest.approx(given), "in the dear hour"
    wholesale = given * 2.0 - regained * 0.030
    bill = -1.0 * 0.30 - 6.0 * 0.05 + regained * 0.30
    assert outcome.windows["wholesale_usd"].sum() == pytest.approx(wholesale)
    assert outcome.windows["bill_change_usd"].sum() == pytest.approx(bill)
    assert outcome.windows["wear_change_usd"].sum() == pytest.approx(given * 0.03)
    assert outcome.windows["penalty_usd"].sum() == 0
    assert outcome.windows["surplus_usd"].sum() == pytest.approx(wholesale - bill - given * 0.03)
    assert outcome.windows["surplus_ev_usd"].sum() == pytest.approx(outcome.windows["surplus_usd"].sum())
    assert outcome.trajectory.energy_kwh[-1, 0] == pytest.approx(48.0), "full again"


@pytest.mark.parametrize("key", ["negotiated", "centralized_aware"])
def test_a_household_gives_its_share_of_the_power_for_at_least_its_compensation(key: str) -> None:
    asks = {"min_compensation_usd_per_kwh": 0.6, "opening_ask_usd_per_kwh": 0.9}
    outcome = outcome_of(one_car({"participation_willingness": 0.5} | asks), key)
    assert outcome.windows["ev_discharge_kwh"].sum() == pytest.approx(3.5)
    paid = outcome.households["payment_usd"].sum()
    assert 3.5 * 0.6 - 1e-9 <= paid <= 3.5 * 2.0
    assert outcome.households["household_gain_usd"].sum() > 0
    assert outcome.windows.filter(like="violations_").to_numpy().sum() == 0


def test_it_gives_no_more_than_the_day_allows() -> None:
    """What earlier windows may still take counts as taken, so that it can be less."""
    outcome = outcome_of(one_car({"max_discharge_percent": 5.0, "participation_willingness": 1.0}), "centralized_aware")
    assert 0.5 < outcome.windows["ev_discharge_kwh"].sum() <= 60.0 * 0.05 * 0.92 + 1e-9


def test_control_that_ignores_preferences_is_seen_to_break_them() -> None:
    preferences = {"max_discharge_percent": 5.0, "participation_willingness": 0.5, "ev_priority": "high"}
    inputs = one_car(preferences | {"min_compensation_usd_per_kwh": 1.0, "opening_ask_usd_per_kwh": 1.2})
    windows = outcome_of(inputs, "centralized").windows
    for kind in ("power", "daily_energy", "compensation", "ev_priority"):
        assert windows[f"violations_{kind}"].sum() > 0, kind
    scores = outcome_of(inputs, "centralized").households
    assert scores["satisfaction_discharge"].iloc[0] == 0.0, "more than twice the limit"
    assert scores["satisfaction_compensation"].iloc[0] < 0.5


@pytest.mark.parametrize(
    ("preferences", "car"),
    [
        ({"ev_priority": "high"}, {}),
        ({"participation_willingness": 0.0}, {}),
        ({"max_discharge_percent": 0.0}, {}),
        ({"min_compensation_usd_per_kwh": 2.0, "opening_ask_usd_per_kwh": 2.5}, {}),
        ({}, {"v2g": False, "max_discharge_kw": 0.0}),
    ],
)
def test_it_stays_as_it_is_where_the_household_says_no(preferences: dict[str, Any], car: dict[str, Any]) -> None:
    for key in ("negotiated", "centralized_aware"):
        outcome = outcome_of(one_car(preferences, **car), key)
        assert outcome.windows["ev_discharge_kwh"].sum() == 0
        assert outcome.windows["surplus_usd"].sum() == pytest.approx(0.0)


def test_homes_that_may_not_export_keep_what_is_in_their_cars() -> None:
    inputs = one_car()
    rules = inputs.scenario.market.model_copy(update={"export": "none"})
    inputs = replace(inputs, scenario=inputs.scenario.model_copy(update={"market": rules}))
    assert outcome_of(inputs, "centralized").windows["ev_discharge_kwh"].sum() == 0


def test_it_leaves_with_what_was_asked_for_even_after_giving_at_the_last_moment() -> None:
    """Dear right up to departure: what is given must be regained, or is not given."""
    inputs = invented_inputs(homes=12, days=2, seed=3, v2g=True, lmp=600.0)
    for key in ("negotiated", "centralized_aware"):
        outcome = outcome_of(inputs, key)
        assert outcome.windows["ev_discharge_kwh"].sum() > 1.0
        assert outcome.windows["violations_ev_ready"].sum() == 0
