"""A day hour by hour: that day and home and no other, the same axes, and words that say how they were chosen."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from tests.invented import invented_inputs
from vpp_core.errors import InputError
from vpp_core.fleet.population import generate_fleet
from vpp_core.physics.meter import net_injection_kw
from vpp_core.results.day_page import day_page
from vpp_core.results.figures.one_day import fleet_day_figures, home_day_figures
from vpp_core.results.one_day import busiest_home, busiest_sentence, chosen_day, fleet_table, home_table, one_day
from vpp_core.results.report import report_html
from vpp_core.settlement.home_intervals import KEPT, home_intervals, kept_homes
from vpp_core.settlement.outcome import outcome_tables, outcomes_to_arrow
from vpp_core.simulation import simulate

DAY = "2023-08-02"


@pytest.fixture(scope="module")
def run(run_of):
    return run_of(days=3, homes=4)


@pytest.fixture(scope="module")
def inputs():
    return invented_inputs(homes=6, days=2, seed=3)


@pytest.fixture(scope="module")
def outcomes(inputs):
    return simulate(inputs, ["no_vpp", "centralized", "perfect_foresight"])


def test_what_is_kept_of_a_home_is_what_its_devices_did(inputs, outcomes):
    kept = outcome_tables(outcomes_to_arrow(outcomes)).intervals
    for outcome in outcomes:
        path = outcome.trajectory
        for home in kept_homes(inputs.fleet):
            rows = kept[(kept["strategy"] == outcome.strategy) & (kept["home_id"] == inputs.fleet.home_id[home])]
            assert list(rows["timestamp"]) == list(inputs.period.timestamps)
            own = np.flatnonzero(inputs.stores.home == home)
            battery, cars = (own[inputs.stores.kind[own] == kind] for kind in (0, 1))
            np.testing.assert_allclose(rows["stored_kwh"], path.energy_kwh[:, battery].sum(axis=1), atol=5.1e-4)
            np.testing.assert_allclose(rows["spin_kw"], path.spin_kw[:, battery].sum(axis=1), atol=5.1e-4)
            np.testing.assert_allclose(rows["car_kw"], -path.net_kw[:, cars].sum(axis=1), atol=5.1e-4)
            stores_kw = path.net_kw[:, own].sum(axis=1)
            injection = net_injection_kw(inputs.pv_kw[:, home], inputs.load_kw[:, home], stores_kw)
            np.testing.assert_allclose(rows["injection_kw"], injection, atol=5.1e-4)


def test_homes_with_a_battery_are_kept_a_dozen_at_most():
    fleet = generate_fleet(200, 42)
    homes = kept_homes(fleet)
    assert len(set(homes)) == len(homes) == KEPT
    assert fleet.has_battery[homes].all()
    without = replace(fleet, bess_capacity_kwh=np.zeros(len(fleet)))
    assert np.isin(kept_homes(without), fleet.cars.home).all()


def test_a_home_that_was_not_kept_is_the_same_when_the_run_is_made_again(inputs, outcomes):
    again = simulate(inputs, ["centralized"])[0]
    for home in kept_homes(inputs.fleet):
        rows = home_intervals(inputs, "centralized", again.trajectory, np.array([home]))
        kept = outcomes[1].intervals
        kept = kept[kept["home_id"] == inputs.fleet.home_id[home]].reset_index(drop=True)
        assert rows.equals(kept[rows.columns])


def test_the_busiest_home_has_the_largest_awards(run):
    assert busiest_home(run, "negotiated", DAY) == 1  # holds twice the reserve of home 0


def test_where_no_home_was_awarded_anything_the_first_is_shown_and_said_to_be(run):
    assert busiest_home(run, "no_vpp", DAY) == 0
    said = busiest_sentence(run, "no_vpp", DAY)
    assert said.endswith(f" it is the first: none was awarded energy or reserve under no_vpp on {DAY}.")


def test_the_report_s_day_is_the_best_one_and_says_how_it_was_chosen(run):
    chosen = chosen_day(run)
    assert chosen is not None
    one, words = chosen
    negotiated = run.daily[run.daily["strategy"] == "negotiated"].set_index("local_day")["surplus_usd"]
    assert one.day == negotiated.idxmax() and one.home_id == 1
    assert "Of the 2 homes whose intervals are kept" in words and "made most" in words


def test_only_that_day_and_home_is_in_the_tables(run):
    one = one_day(run, DAY, 0)
    assert set(one.intervals["local_day"]) == {DAY} and set(one.intervals["home_id"]) == {0}
    assert len(one.prices) == 96 and len(one.windows) == 24 * len(one.strategies)
    assert len(one.household) == len(one.strategies) == len(home_table(one)) == len(fleet_table(one))
    held = home_table(one).set_index("strategy")["reserve held [kW-h]"]
    assert held["no_vpp"] == "0.00" and held["negotiated"] == "24.00"
    home = home_table(one).set_index("strategy")
    assert home.loc["negotiated", "cleared [kWh of deviation]"] == "2.00", "an hour at 2 kW"
    assert home.loc["negotiated", "moved out [kWh]"] == "1.50" and home.loc["no_vpp", "moved out [kWh]"] == "0.00"
    fleet = fleet_table(one).set_index("strategy")
    sold, moved = fleet["cleared for sale [kWh of deviation]"], fleet["moved out [kWh]"]
    assert sold["no_vpp"] == moved["no_vpp"] == "0" and sold["negotiated"] == "360" and moved["negotiated"] == "9"
    assert moved["perfect_foresight"] == "9", "a bound moves energy"
    assert set(sold[[key for key in one.strategies if key.startswith("perfect_foresight")]]) == {"–"}, (
        "a bound sells nothing"
    )


@pytest.mark.parametrize("figures_of", [home_day_figures, fleet_day_figures])
def test_every_strategy_has_a_plot_with_the_same_axes_that_hold_all_values(run, figures_of):
    figures = figures_of(one_day(run, DAY, 1))
    assert list(figures) == list(run.kpis["strategy"])
    axes = [
        {name: axis for name, axis in figure["layout"].items() if name.startswith("yaxis")}
        for figure in figures.values()
    ]
    assert all(other == axes[0] for other in axes)
    for figure in figures.values():
        go.Figure(figure)  # raises where a property does not exist
        for trace in figure["data"]:
            low, high = figure["layout"]["yaxis" + trace["yaxis"][1:]]["range"]
            known = [value for value in trace["y"] if value is not None]
            assert all(low <= value <= high for value in known)


def test_a_sold_kilowatt_is_drawn_when_it_was_sold(run):
    award = next(t for t in home_day_figures(one_day(run, DAY, 1))["negotiated"]["data"] if t["name"] == "award")
    hours = [award["x0"] + award["dx"] * i for i, value in enumerate(award["y"]) if value]
    assert hours == [19.0, 19.25, 19.5, 19.75]


def test_the_page_of_a_day_stands_alone_and_is_the_same_each_time(run):
    page = day_page(run, DAY, 1)
    assert page == day_page(run, DAY, 1)
    text = page.decode()
    figures = json.loads(re.search(r'id="figures">(.*?)</script>', text, re.DOTALL)[1])
    assert len(figures) == 2 * len(run.kpis)
    assert all(text.count(f'id="{name}"') == 1 for name in figures)
    assert not re.search(r"<(script|img|iframe|link)[^>]+(src|href)\s*=", text)


@pytest.mark.parametrize(
    ("day", "home", "said"), [("2023-09-01", 1, "not in the run"), (DAY, 3, "keeps those of 0, 1")]
)
def test_a_day_or_home_that_is_not_there_is_refused_in_a_sentence(run, day, home, said):
    with pytest.raises(InputError, match=said):
        one_day(run, day, home)


def test_a_run_in_which_nothing_could_be_operated_has_a_report_without_the_section(run_of):
    assert b'id="hours"' not in report_html(run_of({"no_vpp": 0.0}, days=2))
