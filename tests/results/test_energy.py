"""Energy is told as what moved and as what cleared, and the two are never taken for each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.invented import invented_inputs
from vpp_core.results.days import best_and_worst
from vpp_core.results.energy import ANSWERED, energy_sentence, energy_table
from vpp_core.results.figures import day_figure
from vpp_core.simulation import simulate

KEYS = ["no_vpp", "smart_home", "centralized", "perfect_foresight"]


@pytest.fixture(scope="module")
def windows():
    """Windows of a small fleet under four strategies, by strategy."""
    outcomes = simulate(invented_inputs(homes=6, days=2, seed=3), KEYS)
    return {outcome.strategy: outcome.windows for outcome in outcomes}


@pytest.mark.parametrize("key", KEYS)
def test_what_moved_out_less_what_moved_in_is_how_far_injection_is_from_homes_left_alone(windows, key):
    apart = windows[key]["net_injection_kwh"] - windows["no_vpp"]["net_injection_kwh"]
    np.testing.assert_allclose(windows[key]["moved_out_kwh"] - windows[key]["moved_in_kwh"], apart, atol=1e-9)
    assert (windows[key][["moved_out_kwh", "moved_in_kwh"]] >= 0).to_numpy().all()


def test_homes_left_alone_move_nothing_and_smart_ones_move_without_clearing(windows):
    assert not windows["no_vpp"][["moved_out_kwh", "moved_in_kwh"]].to_numpy().any()
    assert windows["smart_home"]["moved_out_kwh"].sum() > 1
    assert not windows["smart_home"][["awarded_sell_kwh", "awarded_buy_kwh", "unplaced_kwh"]].to_numpy().any()
    assert windows["perfect_foresight"]["moved_out_kwh"].sum() > 1, "a bound moves energy and trades nothing"


def test_what_clears_is_more_than_what_moves_where_cars_are_held_off(windows):
    """Moved energy cannot be read off what cleared: the one counts a charge once, the other in every window."""
    assert windows["centralized"]["awarded_sell_kwh"].sum() > 1.2 * windows["centralized"]["moved_out_kwh"].sum()


def test_the_table_has_a_row_of_everything_that_moves_and_dashes_where_nobody_trades(run_of):
    table = energy_table(run_of(days=3)).set_index("strategy")
    assert "no_vpp" not in table.index
    assert table.loc["negotiated"].tolist() == ["0.03", "0.03", "1.08", "0.00", "0.05", "98.4 %"]
    for key in ("smart_home", "perfect_foresight"):
        assert table.loc[key].tolist() == ["0.03", "0.03", "–", "–", "–", "–"]


def test_what_did_not_come_is_told_where_something_did_not(run_of):
    run = run_of(days=3)
    assert energy_sentence(run).endswith("Of what stores were asked for 98.4 % came.")
    all_came = replace(run, kpis=run.kpis.assign(missed_mwh=0.0))
    assert ANSWERED not in energy_table(all_came) and "came" not in energy_sentence(all_came)


def test_without_anything_unplaced_the_sentence_says_nothing_of_it(run_of):
    run = run_of(days=3)
    assert "found no store" in energy_sentence(run)
    assert "found no store" not in energy_sentence(replace(run, kpis=run.kpis.assign(unplaced_mwh=0.0)))
    assert energy_sentence(replace(run, kpis=run.kpis.assign(unplaced_mwh=0.0, cleared_sell_mwh=0.0))) == ""
    assert energy_sentence(run, "somebody_elses") == ""


def test_a_day_s_plot_and_words_tell_moved_energy_apart_from_what_cleared(run_of):
    run = run_of(days=3)
    day = run.daily["local_day"].iloc[0]
    bars = {
        trace["name"]: sum(trace["y"]) for trace in day_figure(run, "negotiated", day)["data"] if "bar" in trace["type"]
    }
    assert bars == {"moved out [kWh]": 9.0, "moved in [kWh]": -10.0}
    said = best_and_worst(run, "negotiated")[0].sentences[-1]
    assert "0.38 of 1.44 MWh of deviation; stores moved 0.01 MWh out and 0.01 in" in said
