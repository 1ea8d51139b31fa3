"""Claims: verdicts follow the measurement and its interval, and a rejected definition is named."""

import pytest

from vpp_core.results.claims import KNOWN_CLAIMS, _verdict, claims
from vpp_core.results.kpis import kpi_daily, kpi_monthly
from vpp_core.results.statistics import Interval
from vpp_core.tables import CLAIMS

SURPLUS = {"no_vpp": 0.0, "negotiated": 20.0, "centralized_aware": 22.0, "centralized": 45.0, "perfect_foresight": 50.0}


def claims_of(invent, surplus=SURPLUS, **options):
    run = invent(surplus, **options)
    daily = kpi_daily(run.outcomes, run.scenario, run.month, run.prices)
    table = claims(kpi_monthly(run.outcomes, run.scenario, run.month, run.fleet), daily)
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
    members = claims_of(invent).loc["coalition_size"]
    assert (members["measured"], members["verdict"]) == (3.0, "holds")
    scored = next(claim for claim in KNOWN_CLAIMS if claim.key == "satisfaction_negotiated")
    assert _verdict(scored, Interval(0.8, 0.75, 0.85), 5)[0] == "holds"
    assert _verdict(scored, Interval(0.95, 0.93, 0.97), 5)[0] == "does not hold"
    assert _verdict(scored, Interval(0.8, 0.6, 0.95), 5)[0] == "undecided"


def test_a_count_that_grows_with_homes_and_days_is_shown_and_not_judged(invent):
    row = claims_of(invent, days=5, violations={"centralized": 100}).loc["violations_centralized"]
    assert (row["measured"], row["verdict"]) == (500, "not comparable")


def test_an_interval_without_ends_over_several_days_is_undecided(invent):
    """Some mixes of the days have no bid at all: the share that cleared has no interval, and no verdict."""
    run = invent(SURPLUS, days=3)
    kpis = kpi_monthly(run.outcomes, run.scenario, run.month, run.fleet)
    daily = kpi_daily(run.outcomes, run.scenario, run.month, run.prices)
    daily.loc[daily["local_day"] != "2023-08-02", ["bids_submitted", "bids_cleared"]] = 0
    row = claims(kpis, daily).set_index("claim").loc["bids_successful"]
    assert row["measured"] == 50 and row["verdict"] == "undecided" and "nothing to divide by" in row["because"]


def test_the_claim_is_also_read_against_the_centralized_result_that_it_took_as_the_optimum(invent):
    row = claims_of(invent, SURPLUS | {"negotiated": 44.0}, noise=0.0, days=20).loc["profit_of_centralized"]
    assert row["verdict"] == "holds" and row["measured"] == pytest.approx(100 * 44 / 45, abs=5)


def test_a_bound_below_a_cent_is_nothing_to_be_a_share_of(invent):
    run = invent(SURPLUS | {"negotiated": 0.0005, "perfect_foresight": 0.001}, days=3)
    kpis = kpi_monthly(run.outcomes, run.scenario, run.month, run.fleet).set_index("strategy")
    assert kpis.loc[["negotiated", "perfect_foresight"], "percent_of_perfect"].isna().all()
    daily = kpi_daily(run.outcomes, run.scenario, run.month, run.prices)
    row = claims(kpis.reset_index(), daily).set_index("claim").loc["profit_of_optimum"]
    assert row["verdict"] == "not comparable"


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
