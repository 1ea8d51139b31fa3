"""What the report says of programmes."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from vpp_core.results.programmes import baseline_table, programme_sentence, programme_table
from vpp_core.results.report import report_html, report_markdown

SURPLUS = {"no_vpp": 0.0, "negotiated": 20.0, "centralized_aware": 30.0, "perfect_foresight": 100.0}
_EVENT = {
    "strategy": "negotiated", "local_day": "2023-08-01", "programme": "energy", "event_hours": 2.0, "homes": 5,
    "homes_without_baseline": 0, "true_usd": 12.0, "shown_kwh": 6.0,
}  # fmt: skip


def rows() -> pd.DataFrame:
    """One event of five homes; it pays by ten in ten, which gives $4 too little; a bound's and a flat payment."""
    by = [
        ("10_in_10", True, 8.0, -2.0, 3.0),
        ("control_group", False, 13.0, 0.5, 9.0),
    ]
    made = [
        _EVENT | {"baseline": method, "is_paid_by": pays, "paid_usd": usd, "bias_kwh": bias, "error_kwh": error,
                  "household_usd": usd / 4}
        for method, pays, usd, bias, error in by
    ]  # fmt: skip
    there = {"programme": "there", "baseline": "none", "is_paid_by": True, "paid_usd": 5.0, "true_usd": 5.0}
    made.append(made[0] | there | {"household_usd": 5.0})
    made.append(made[0] | {"strategy": "perfect_foresight"})
    return pd.DataFrame(made)


@pytest.fixture(scope="module")
def run(run_of):
    plain = run_of(SURPLUS, days=2)
    kpis = plain.kpis.assign(programme_usd=[13.0 if key == "negotiated" else 0.0 for key in plain.kpis["strategy"]])
    run = replace(plain, kpis=kpis)
    run.__dict__["flat"] = replace(plain.flat, programmes=rows())
    return run


def test_a_programme_is_told_with_its_pay_and_what_the_truth_would_pay(run):
    told = programme_table(run).set_index(["programme", "strategy"])
    own = told.loc[("energy", "negotiated")]
    assert (own["paid"], own["to households"], own["the truth would pay"]) == ("$8.00", "$2.00", "$12.00")
    assert own["beyond [kW a home]"] == "0.60"
    assert told.loc[("energy", "perfect_foresight"), "to households"] == "–", "a bound pays nobody"


def test_each_baseline_is_told_with_what_it_misses_and_who_pays_by_it(run):
    told = baseline_table(run).set_index("baseline")
    assert list(told.index) == ["10 in 10 (pays)", "control group"], "being there is measured by nothing"
    assert told.loc["10 in 10 (pays)", ["bias [kW a home]", "too much", "too little"]].tolist() == [
        "−0.20",
        "$0.00",
        "$4.00",
    ]
    assert told.loc["control group", ["error [kW a home]", "too much"]].tolist() == ["0.90", "$1.00"]


def test_one_sentence_says_it_and_both_reports_have_the_tables(run):
    sentence = programme_sentence(run)
    assert "energy paid $8.00 for 1 event, $4.00 less than what would truly have been would pay" in sentence
    assert "there paid $5.00 for 1 event" in sentence
    text = report_markdown(run).decode()
    assert sentence in text
    for report in (text, report_html(run).decode()):
        assert "what would truly have been would pay" in report and "control group" in report


def test_without_programmes_the_report_has_no_word_of_them(run_of):
    run = run_of(SURPLUS, days=2)
    assert programme_sentence(run) == "" and programme_table(run).empty
    assert "rogramme" not in report_markdown(run).decode().split("Columns of simulation_results")[0]
