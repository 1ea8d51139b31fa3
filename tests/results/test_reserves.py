"""Reserves in the report: held, paid, called; silent where none were sold."""

from dataclasses import replace

import pytest

from vpp_core.results.days import best_and_worst
from vpp_core.results.method import method
from vpp_core.results.report import report_html, report_markdown
from vpp_core.results.reserves import reserve_sentence, reserve_table

HELD = {
    "committed_spin_mw_h": 8.0,
    "committed_nonspin_mw_h": 2.0,
    "unheld_mw_h": 4.0,
    "held_spin_mw_h": 6.0,
    "held_nonspin_mw_h": 0.0,
    "undeliverable_mw_h": 0.5,
    "called_mwh": 0.4,
    "delivered_call_mwh": 0.3,
    "reserve_usd": 30.0,
    "reserves_usd": 32.0,
    "call_usd": 2.0,
    "reserve_bids": 12,
}


def holding(run, **figures):
    """The run, its negotiated strategy holding reserve."""
    frames = {}
    for name in ("kpis", "daily"):
        frame = getattr(run, name).copy()
        for column, value in (HELD | figures).items():
            frame[column] = 0.0
            frame.loc[frame["strategy"] == "negotiated", column] = value
        frames[name] = frame
    return replace(run, **frames)


@pytest.fixture(scope="module")
def run(run_of):
    return run_of(days=3)


def test_what_was_held_is_shown_with_its_pay_per_mw_h_and_its_calls(run):
    row = reserve_table(holding(run)).set_index("strategy").loc["negotiated"]
    assert row["spin held [MW-h]"] == "6.00" and row["of committed"] == "60.0 %"
    assert row["a MW-h"] == "$5.00" and row["held, not there [MW-h]"] == "0.50" and row["not held [MW-h]"] == "4.00"
    sentence = reserve_sentence(holding(run))
    assert (
        "6.00 MW-h of reserve were held, 60.0 % of what was committed day ahead, and paid $30.00, $5.00 a MW-h"
        in sentence
    )
    assert "0.40 MWh of it were called and 75.0 % delivered" in sentence


def test_a_reserve_that_was_never_called_says_so(run):
    assert reserve_sentence(holding(run, called_mwh=0.0)).endswith("it was never called.")


def test_the_page_and_the_text_have_reserves_only_where_some_were_held(run):
    sold = holding(run)
    for report in (report_html, report_markdown):
        assert "6.00 MW-h of reserve were held" in report(sold).decode().replace("‑", "-")  # does not break
        assert "were held" not in report(run).decode()
    assert any("No strategy sold" in line for line in method(run))
    assert not any("No strategy sold" in line for line in method(sold))


def test_a_day_s_explanation_counts_the_reserve_held(run):
    assert "6.00 MW-h of reserve were held" in best_and_worst(holding(run), "negotiated")[0].sentences[-1]
    assert "reserve were held" not in best_and_worst(run, "negotiated")[0].sentences[-1]
