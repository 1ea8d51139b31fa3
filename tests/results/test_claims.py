"""Claims: verdicts follow the measurement and its interval, and a rejected definition is named."""

import pytest

from vpp_core.results.claims import claims
from vpp_core.results.kpis import kpi_daily, kpi_monthly
from vpp_core.tables import CLAIMS

SURPLUS = {"no_vpp": 0.0, "negotiated": 20.0, "centralized_aware": 22.0, "centralized": 45.0, "perfect_foresight": 50.0}


def claims_of(invent, surplus=SURPLUS, **options):
    run = invent(surplus, **options)
    kpis = kpi_monthly(run.outcomes, run.scenario, run.month, run.prices, run.fleet)
    table = claims(kpis, kpi_daily(run.outcomes, run.scenario, run.month, run.prices))
    CLAIMS.pandera.validate(table)
    return table.set_index("claim")


def test_a_share_far_below_the_claim_does_not_hold_and_one_above_does(invent):
    assert claims_of(invent).loc["profit_of_optimum", "verdict"] == "does not hold"
    good = claims_of(invent, SURPLUS | {"negotiated": 49.0}, noise=0.0, days=20)
    assert good.loc["profit_of_optimum", "verdict"] == "holds"
    assert good.loc["profit_of_optimum", "measured"] == pytest.approx(98, abs=5)


def test_an_interval_that_holds_both_answers_is_undecided(invent):
    near = claims_of(invent, SURPLUS | {"negotiated": 42.5}, noise=0.0, days=10)
    assert near.loc["profit_of_optimum", "low"] < 85 < near.loc["profit_of_optimum", "high"]
    assert near.loc["profit_of_optimum", "verdict"] == "undecided"


def test_violations_by_negotiation_refute_that_there_are_none(invent):
    assert claims_of(invent).loc["violations_negotiated", "verdict"] == "holds"
    broken = claims_of(invent, violations={"negotiated": 1})
    assert broken.loc["violations_negotiated", "verdict"] == "does not hold"


def test_a_count_inside_the_claimed_range_holds_and_outside_does_not(invent):
    inside = claims_of(invent, days=5, violations={"centralized": 7})
    assert inside.loc["violations_centralized", "measured"] == 35
    assert inside.loc["violations_centralized", "verdict"] == "holds"
    outside = claims_of(invent, days=5, violations={"centralized": 100})
    assert outside.loc["violations_centralized", "verdict"] == "does not hold"


def test_the_score_fixed_at_zero_is_not_comparable_yet_the_measured_one_is_shown(invent):
    row = claims_of(invent).loc["satisfaction_centralized"]
    assert row["verdict"] == "not comparable"
    assert row["measured"] == pytest.approx(0.6)
    assert "by definition" in row["because"]


def test_times_are_not_judged_from_results_that_must_be_the_same_bytes(invent):
    table = claims_of(invent)
    for claim in ("negotiation_time", "month_time", "week_time", "centralized_step_time"):
        assert table.loc[claim, "verdict"] == "not comparable"
        assert "run_log.jsonl" in table.loc[claim, "because"]


def test_a_run_without_negotiation_has_nothing_to_measure_it_by(invent):
    table = claims_of(invent, {"no_vpp": 0.0, "centralized": 10.0})
    assert table.loc["profit_of_optimum", "verdict"] == "not comparable"
    assert "nothing to measure" in table.loc["profit_of_optimum", "because"]


def test_one_day_is_judged_as_a_single_number_and_says_so(invent):
    row = claims_of(invent, days=1).loc["profit_of_optimum"]
    assert row["verdict"] == "does not hold" and "no interval" in row["because"]
