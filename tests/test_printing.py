"""Objects print themselves: what they are, their size, their key figures, in one line."""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd

from vpp_core.dispatch.view import GateView
from vpp_core.fleet.population import generate_fleet
from vpp_core.market.curve import Curve
from vpp_core.market.decision import Bid, Decision
from vpp_core.market.segments import Segments
from vpp_core.results.statistics import Interval
from vpp_core.scenario import MarketRules, Scenario
from vpp_core.settlement.outcome import Settled


def test_a_scenario_says_what_it_is_and_where_it_differs_from_the_reference() -> None:
    assert str(Scenario()) == "reference: 200 homes (seed 42), CAISO at DLAP_SCE-APND"
    assert str(Scenario(first_days=1)).endswith(", first day")
    mine = Scenario(name="mine", homes=60, first_days=2, market=MarketRules(window_minutes=30, export="none"))
    assert repr(mine) == (
        "<Scenario mine: 60 homes (seed 42), CAISO at DLAP_SCE-APND, first 2 days; "
        "market.window_minutes=30, market.export=none>"
    )
    texas = repr(Scenario(iso="ercot"))
    assert texas.startswith("<Scenario reference: 200 homes (seed 42), ERCOT at ")
    assert "tariffs texas_flat 100%>" in texas


def test_a_fleet_says_what_is_in_it() -> None:
    fleet = generate_fleet(50, 7, appliance_shares={"water_heater": 0.5})
    batteries, cars = int((fleet.bess_capacity_kwh > 0).sum()), len(fleet.cars)
    assert repr(fleet).startswith(f"<Fleet of 50 homes (seed 7): {batteries} batteries of ")
    assert f" {cars} cars" in repr(fleet)
    heaters = len(fleet.appliances["water_heater"])
    assert f", {heaters} water heaters>" in repr(fleet)


def segments() -> Segments:
    """Of two stores: the first sells 3 kW, the second buys 2 and holds 1 as spin."""
    quantity = np.array([3.0, 0, 0, 2.0, 0, 1.0, 0, 0, 0, 0])
    return Segments(quantity, quantity, quantity, np.zeros(2))


def test_a_decision_says_what_is_asked_for_and_how_it_was_agreed() -> None:
    assert repr(Decision(segments())) == "<Decision <Segments 3 of 10: sell 3.0 kW, buy 2.0 kW, spin 1.0 kW>>"
    said = repr(Decision(segments(), offers=5, agreed=3, rounds=2, outcome="coalition"))
    assert said.endswith("; 3 of 5 offers agreed in 2 rounds, coalition>")
    nothing = Segments(*(np.zeros(10),) * 3, np.zeros(2))
    assert repr(nothing) == "<Segments 0 of 10: nothing>"


def test_a_bid_says_power_and_mean_price_of_each_side() -> None:
    curve = Curve(np.array([20.0, 40.0]), np.array([[10.0, 30.0]]), np.zeros(0), np.zeros((1, 0)))
    assert repr(Bid(curve, False, 45.0, Decision(segments()))) == (
        "<Bid <Curve sell 30.0 kW at 33.33 $/MWh> of 45.0 kW feasible>"
    )
    assert repr(Curve.none(2)) == "<Curve of no bid by 2 aggregations>"


def test_a_result_says_its_surplus() -> None:
    days = pd.Series([3.0, 7.0], index=["2023-08-01", "2023-08-02"])
    windows, months, none = pd.DataFrame({"window_start": range(48)}), pd.DataFrame({"home_id": [1, 2]}), pd.DataFrame()
    result = Settled("perfect_foresight", days, windows, none, none, months, none, none, none, bound_gap_usd=0.25)
    assert repr(result) == (
        "<Settled of perfect_foresight: 2 days, 48 windows, 2 homes, surplus over no VPP 10.00 $, "
        "at most 0.25 $ below the best>"
    )


def test_an_interval_reads_as_in_a_report() -> None:
    assert str(Interval(1.5, -0.25, 3.0)) == "1.50 [-0.25, 3.00]"
    assert str(Interval(1.5, None, None)) == "1.50"


def test_a_view_says_which_gate_it_is() -> None:
    view = cast(GateView, object.__new__(GateView))
    for name, value in {
        "gate": "real_time", "start": pd.Timestamp("2023-08-16T02:00Z"), "hours": 1.0, "scenario": Scenario(),
        "forecast": np.array([[40.0, 63.1, 90.0]] * 3), "fleet": range(200), "devices": ("battery",) * 3,
    }.items():  # fmt: skip
        object.__setattr__(view, name, value)
    assert repr(view) == (
        "<GateView real_time: energy of a window from 2023-08-15 19:00, 1 h, p50 63.10 $/MWh, 200 homes, 3 stores>"
    )
