"""The leaderboard in the report and in the database: true to the scores, and left out where nothing was negotiated."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from tests.negotiation.test_verifier import one_offer, scored
from vpp_core.results.database import build_database
from vpp_core.results.negotiators import negotiator_sentence, negotiator_table
from vpp_core.results.report import report_files
from vpp_core.tables import NEGOTIATOR_SCORES


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    return scored(one_offer())


def test_the_report_shows_the_scores_and_has_no_such_section_without(run_of, scores: pd.DataFrame) -> None:
    run = replace(run_of(days=1), scores=scores)
    table = negotiator_table(run)
    assert table["side"].tolist() == ["aggregator", "household"]
    own = scores.iloc[0]
    assert table["own share"][0] == f"{own['score_percent']:.1f} %"
    assert f"the aggregator, decided for by rules, {own['score_percent']:.1f} %" in negotiator_sentence(run)
    with_scores, without = report_files(run), report_files(run_of(days=1))
    assert negotiator_sentence(run) in with_scores["simulation_report.md"].decode()
    for name in ("simulation_report.md", "simulation_report.html"):
        assert "Negotiators judged" in with_scores[name].decode()
        assert "Negotiators judged" not in without[name].decode()


def test_the_database_adds_a_negotiators_scores_up(tmp_path: Path, scores: pd.DataFrame) -> None:
    both = pd.concat([scores, scores.assign(month="2023-09", aggregator_usd=0.0)])
    build_database(tmp_path / "it.duckdb", {"negotiator_scores": NEGOTIATOR_SCORES.arrow(both)})
    with duckdb.connect(str(tmp_path / "it.duckdb"), read_only=True) as connection:
        ((runs, negotiator, share),) = connection.execute(
            "SELECT runs, negotiator, score_percent FROM leaderboard"
        ).fetchall()
    assert (runs, negotiator) == (2, "rules")
    assert share == pytest.approx(scores["score_percent"][0] / 2)
