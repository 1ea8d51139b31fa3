"""The pages of results: the answer of a month, months × scenarios, two runs, and what lies between strategies."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from tests.dashboard.conftest import BEFORE, OTHER, REASON, said
from tests.pipeline.tiny import MONTH, TINY
from vpp_core.results.text import usd
from vpp_dashboard import history, queries
from vpp_pipeline.lake import Lake


def asked(lake: Lake, query: str) -> list[tuple]:
    with duckdb.connect(str(lake.database), read_only=True) as database:
        return database.execute(query).fetchall()


def test_the_answer_gives_the_databases_figures_a_home_and_the_reports_sentences(page, lake: Lake) -> None:
    app = page("answer")
    words, figures = said(app), [metric.value for metric in app.metric]
    for place, rung in enumerate(("centralized_aware", "centralized")):
        ((apart,),) = asked(
            lake,
            f"""SELECT (one.surplus_usd - other.surplus_usd) / one.homes FROM kpi_monthly one, kpi_monthly other
                WHERE one.strategy = 'negotiated' AND other.strategy = '{rung}' AND one.scenario = other.scenario
                AND one.month = other.month AND one.scenario = '{TINY.name}' AND one.month = '{MONTH}'""",
        )
        assert figures[place].lstrip("+") == usd(apart)
    ((gain, worse),) = asked(
        lake,
        f"""SELECT median(gain), 100 * avg((gain <= -0.01)::INT) FROM (SELECT sum(household_gain_usd) AS gain
            FROM household_results WHERE strategy = 'negotiated' AND scenario = '{TINY.name}' AND month = '{MONTH}'
            GROUP BY home_id)""",
    )
    assert figures[2] == usd(gain) and f"{worse:.0f} % lose one" in words
    assert figures[3] == "0 %" and "spinning reserve price 0 %" in words
    assert "one day: no interval" in words  # the tiny month has one day
    assert all(sentence in words for sentence in queries.told(lake, MONTH, TINY.name))


def test_months_and_scenarios_tell_missing_failed_synthetic_and_real_apart(page, lake: Lake) -> None:
    states = {(row["month"], row["scenario"]): row["state"] for row in history.runs(lake).to_dict("records")}
    assert states == {
        (MONTH, TINY.name): "synthetic prices",
        (BEFORE, TINY.name): "real prices",
        ("2023-07", TINY.name): "missing",
        (MONTH, OTHER.name): "synthetic prices",
        ("2023-07", OTHER.name): "failed",
        (BEFORE, OTHER.name): "missing",
    }
    words = said(page("runs"))
    assert f"2023-07 {OTHER.name} failed. market prices: {REASON}" in words
    assert "1 real prices · 2 synthetic prices · 1 failed · 2 missing" in words


def test_a_run_that_failed_and_then_went_well_has_not_failed(finished, tmp_path) -> None:
    own = Lake.at(tmp_path)
    entry = {"stage": "market_prices", "month": MONTH, "scenario": TINY.name}
    own.log({**entry, "failed": "no prices"})
    assert history.failures(own) == {(MONTH, TINY.name): "market prices: no prices"}
    own.log({**entry, "seconds": 1.0})
    assert history.failures(own) == {}


def test_two_runs_differ_by_their_paired_days_and_the_parameters_that_make_them_differ(page, lake: Lake) -> None:
    app = page("compare", one=f"{OTHER.name} {MONTH}", other=f"{TINY.name} {MONTH}")
    differences, parameters = (table.value for table in app.dataframe)
    own = queries.kpis_of(lake, MONTH, TINY.name).set_index("strategy")["surplus_usd"]
    shown = differences.set_index("strategy")["difference"]
    assert {key: shown[key].lstrip("+") for key in shown.index} == {key: usd(own[key]) for key in shown.index}
    assert parameters.to_dict("records") == [{"parameter": "seed", "this": "7", "that": "42"}]


def test_runs_of_different_months_are_not_paired(page) -> None:
    app = page("compare", one=f"{TINY.name} {MONTH}", other=f"{TINY.name} {BEFORE}")
    assert app.dataframe[1].value.to_dict("records")[0] == {"parameter": "month", "this": MONTH, "that": BEFORE}


@pytest.mark.parametrize("step", ["price_of_preferences", "value_of_information", "price_of_negotiating"])
def test_the_days_windows_and_homes_of_a_step_add_up_to_it(page, lake: Lake, step: str) -> None:
    found = queries.split(lake, MONTH, TINY.name).query("step == @step and path == 'preferences_first'").iloc[0]
    parts = queries.step_parts(lake, MONTH, TINY.name, found["upper_strategy"], found["lower_strategy"])
    for part in parts:
        assert part["difference_usd"].sum() == pytest.approx(found["difference"], abs=1e-6)
    app = page("gap", step=step)
    total = usd(found["difference"])
    assert f"They add up: {total} over days, {total} over windows, {total} over homes." in said(app)
    windows, homes = (table.value for table in app.dataframe)
    assert isinstance(windows, pd.DataFrame) and set(homes["home_id"]) == set(range(TINY.homes))
    assert windows["difference_usd"].abs().is_monotonic_decreasing


def test_what_is_chosen_stands_in_the_address_and_an_address_chooses(page) -> None:
    app = page("gap", step="value_of_information", day=f"{MONTH}-01")
    assert app.selectbox(key="step").value == "value_of_information"
    app.selectbox(key="step").set_value("price_of_preferences").run()
    assert app.query_params["step"] == "price_of_preferences"
    assert app.query_params["day"] == f"{MONTH}-01"


def test_a_lake_without_results_says_how_to_get_some(page, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("VPP_LAKE", str(tmp_path))
    app = page("answer")
    assert "there are no results in" in said(app) and "vpp run" in said(app)
