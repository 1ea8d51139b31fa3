"""Which rule of bargaining matters: paired with the own value day by day, and said only where the days can tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from vpp_core.results.bargaining import bargaining_sentence, bargaining_table, effects
from vpp_core.results.figures.bargaining import bargaining_figures
from vpp_core.results.render import prose
from vpp_core.results.report import report_html, report_markdown
from vpp_core.results.study import BY_DAY, study_rows
from vpp_core.scenario.variation import variation
from vpp_core.tables import NEGOTIATOR_SCORES

UNJUDGED = NEGOTIATOR_SCORES.schema.empty_table().to_pandas()
SURPLUS = {"no_vpp": 0.0, "negotiated": 20.0, "centralized": 45.0, "perfect_foresight": 100.0}
DAYS = 10
ROUNDS, LIMIT, PATIENCE = "rounds", "limit_quantile", "home_patience_factor"
NOISE = np.tile([9.0, -9.0, 6.0, -7.0, 1.5], 2)


def study_of_changes(run_of, changes):
    """Rows of a study in which (rule, value) adds `changes` [$ a day] to negotiated's surplus and its households."""
    run = run_of(SURPLUS, days=DAYS)
    members = []
    for (varied, value), added in {(ROUNDS, 3): 0, (LIMIT, 0.7): 0, (PATIENCE, 1): 0, **changes}.items():
        ours = run.daily["strategy"] == "negotiated"
        daily = run.daily.copy()
        for name in ("surplus_usd", "household_gain_usd"):
            daily.loc[ours, name] += added
        scenario = variation(run.scenario, {f"negotiation.{varied}": (f"{varied}{len(members)}", value)})
        members.append(
            study_rows(run.kpis.assign(scenario=scenario.name), daily, UNJUDGED, scenario, "bargains", varied, value)
        )
    return run, pd.concat(members, ignore_index=True)


@pytest.fixture(scope="module")
def clear(run_of):
    """One more dollar a day with 1 round, 3 less with 6; the limit only makes noise; patience a little."""
    return study_of_changes(
        run_of,
        {(ROUNDS, 1): 1.0, (ROUNDS, 6): -3.0, (LIMIT, 0.9): NOISE, (PATIENCE, 3): 0.2 + NOISE / 100},
    )


def test_a_change_is_the_difference_to_the_own_value_on_the_same_days(clear):
    run, rows = clear
    table = effects(rows, "2023-08", run.scenario.name)
    row = table.set_index(["varied", "value", "measure"]).loc[(ROUNDS, 6.0, "surplus_usd")]
    assert (row["own_value"], row["estimate"]) == (3.0, pytest.approx(-30.0))
    assert (row["low"], row["high"]) == pytest.approx((-30.0, -30.0)), "the same on every day: no spread"
    assert list(dict.fromkeys(table["varied"])) == [ROUNDS, PATIENCE, LIMIT], "the largest change first"


def test_the_sentence_names_what_matters_most_by_how_much_and_what_the_days_cannot_tell(clear):
    run, rows = clear
    said = bargaining_sentence(effects(rows, "2023-08", run.scenario.name), 100.0)
    assert said.startswith(
        "What matters most for the surplus of negotiated is the number of rounds: at 6 instead of 3 it changes by "
        "−$30.00 (the same whichever days are drawn), 30.0 % of it."
    )
    assert "the patience of homes at 3 instead of 1 by $2.0" in said
    assert "Of the quantile at which it ends no value changes it by more than these days can tell." in said


def test_where_no_interval_leaves_out_0_the_sentence_says_that_none_matters(run_of):
    run, rows = study_of_changes(run_of, {(ROUNDS, 6): NOISE, (LIMIT, 0.9): -NOISE * 2})
    said = bargaining_sentence(effects(rows, "2023-08", run.scenario.name), 100.0)
    assert said.startswith("No rule of bargaining changes the surplus of negotiated by more than these days can tell")
    assert "the quantile at which it ends at 0.9 instead of 0.7" in said


def test_bars_are_drawn_for_the_lowest_and_the_highest_value_and_every_value_is_in_the_table(clear):
    run, rows = clear
    table = effects(rows, "2023-08", run.scenario.name)
    figures = bargaining_figures(table)
    assert list(figures) == ["surplus", "gain of households", "satisfaction"]
    for figure in figures.values():
        go.Figure(figure)  # raises where a property does not exist
    lowest, highest = figures["surplus"]["data"]
    assert lowest["x"] == [10.0] and highest["x"] == pytest.approx([-30.0, 2.01, 1.0])
    assert len(bargaining_table(table)) == 4


def test_a_study_of_one_rule_or_around_another_scenario_says_nothing_of_which_matters(clear):
    run, rows = clear
    assert effects(rows[rows["varied"] == ROUNDS], "2023-08", run.scenario.name).empty
    assert effects(rows, "2023-08", "another").empty
    assert effects(rows, "2020-07", run.scenario.name).empty
    assert bargaining_sentence(effects(rows, "2023-08", "another"), 100.0) == ""


def test_page_and_text_say_the_same_and_do_not_draw_the_rules_twice(clear):
    run, rows = clear
    shown = replace(run, study=rows)
    page, text = report_html(shown).decode(), report_markdown(shown).decode()
    said = bargaining_sentence(effects(rows, "2023-08", run.scenario.name), run.figure("negotiated", "surplus_usd"))
    assert said in text and prose(said) in page
    assert 'id="plot-bargaining-2"' in page and 'id="plot-frontier-0"' not in page
    assert "## Surplus–satisfaction frontier" not in text


def test_of_many_values_that_only_make_noise_none_is_named_for_the_one_that_looks_clear(run_of):
    """Twenty values: one alone leaves out 0 at 95 %, and not where twenty chances are allowed for."""
    lucky = np.array([4.0, 5.0, 6.0, 2.0, -1.0, 3.0, -2.0, 4.0, -2.0, 3.0])
    noise = {(LIMIT, value / 100): NOISE for value in range(52, 71)}
    run, rows = study_of_changes(run_of, {(ROUNDS, 6): lucky, **noise})
    table = effects(rows, "2023-08", run.scenario.name)
    row = table.set_index(["varied", "value", "measure"]).loc[(ROUNDS, 6.0, "surplus_usd")]
    assert row["low"] > 0 and not row["clear"]
    assert bargaining_sentence(table, 100.0).startswith("No rule of bargaining changes the surplus")


def test_from_few_days_no_rule_of_many_is_named(clear):
    run, rows = clear
    few = rows.assign(**{name: rows[name].map(lambda days: days[:5]) for name in BY_DAY.values()})
    table = effects(few, "2023-08", run.scenario.name)
    assert not table["clear"].any()
    assert bargaining_sentence(table, 100.0).startswith("No rule of bargaining changes the surplus")
