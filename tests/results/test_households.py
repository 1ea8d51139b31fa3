"""The households' side and the score's weights, on cases whose answer is known."""

from dataclasses import replace

import pandas as pd
import pytest

from vpp_core.results.days import best_and_worst
from vpp_core.results.households import category_table, household_months, operable, weight_sentence, weight_test
from vpp_core.results.run import Run
from vpp_core.settlement.reduced import household_totals


def rescored(run: Run, scores: dict[str, dict[str, float]]) -> Run:
    """The run with satisfaction components replaced: {strategy: {component: score}}."""
    flat = run.flat
    homes = flat.households.copy()
    for strategy, components in scores.items():
        for name, value in components.items():
            homes.loc[homes["strategy"] == strategy, f"satisfaction_{name}"] = value
    changed = replace(run)
    totals = pd.concat([household_totals(own) for _, own in homes.groupby("strategy", sort=False)])
    changed.__dict__["flat"] = replace(flat, households=homes, totals=totals)
    return changed


def test_an_order_that_no_weights_can_change_is_said_to_be_the_same_for_all(run_of):
    test = weight_test(run_of(days=2))
    assert test.agreement == 1.0 and test.deviating == []
    assert "100.0 % of 1,000 random weightings give the same order." in weight_sentence(test)


def test_an_order_that_hangs_on_one_component_is_found_out(run_of):
    run = rescored(
        run_of({"negotiated": 1.0, "centralized": 2.0}, days=2),
        {
            "negotiated": {"backup": 0.5, "discharge": 0.9, "compensation": 0.9, "autonomy": 0.9, "bill": 0.9},
            "centralized": {"backup": 1.0, "discharge": 0.8, "compensation": 0.8, "autonomy": 0.8, "bill": 0.9},
        },
    )
    test = weight_test(run)
    assert test.cases.loc["equal weights", "negotiated"] == pytest.approx(0.82)
    assert test.cases.loc["without backup", "negotiated"] == pytest.approx(0.9)
    assert "without backup" in test.deviating
    assert 0.0 < test.agreement < 1.0
    assert "give the same order; another comes without backup, with discharge × 3," in weight_sentence(test)


def test_strategies_that_satisfy_alike_are_not_ranked(run_of):
    assert "no_vpp = smart_home = negotiated = centralized_aware = perfect_forecast > centralized" in weight_sentence(
        weight_test(run_of(days=2))
    )


def test_a_component_that_does_not_apply_has_no_weight(run_of):
    test = weight_test(run_of(days=2))
    assert test.cases.loc["ev_ready × 3", "negotiated"] == pytest.approx(0.9)


def test_bounds_are_no_households(run_of):
    run = run_of(days=2)
    assert "perfect_foresight" not in operable(run)
    assert not any(key.startswith("perfect_foresight") for key in household_months(run)["strategy"])
    assert list(run.kpis["strategy"][:6]) == operable(run)


def test_categories_share_out_all_homes_and_losers(run_of):
    run = run_of(days=2, homes=6, gains={"negotiated": 0.05})
    table = category_table(run)
    own = table[table["strategy"] == "negotiated"].set_index("category")
    assert list(own["homes"]) == ["2", "2", "2", "6"]
    assert own.loc["all", "worse off"] == "83.3 %"
    assert own.loc["all", "smallest"].startswith("−$")


def test_the_best_and_the_worst_day_are_those_of_most_and_least_surplus(run_of):
    run = run_of(days=6)
    own = run.daily[run.daily["strategy"] == "negotiated"].set_index("local_day")["surplus_usd"]
    best, worst = best_and_worst(run, "negotiated")
    assert (best.day, worst.day) == (own.idxmax(), own.idxmin())
    assert "batteries at wholesale" in best.sentences[1] and "above the mean day" in best.sentences[1]
    assert "below the mean day" in worst.sentences[1]


def test_one_day_is_the_only_one_and_an_unknown_strategy_has_none(run_of):
    run = run_of(days=1)
    assert [day.which for day in best_and_worst(run, "negotiated")] == ["Only"]
    assert best_and_worst(run, "nobody") == []
    assert isinstance(run.kpis, pd.DataFrame)
