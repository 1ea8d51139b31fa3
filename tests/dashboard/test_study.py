"""The page of studies: what was varied, over which seeds, and how deciders did, as the database has it."""

from __future__ import annotations

import shutil

import pytest

from tests.dashboard.conftest import GATHERED, multiplied, said
from tests.pipeline.tiny import MONTH, TINY
from vpp_core.results.study import seeds_sentence, study_summary, study_table, sweep_sentence, sweep_table, sweeps
from vpp_dashboard import queries
from vpp_pipeline import project
from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.database import rebuild
from vpp_pipeline.study import gather, study_of

SWEPT = study_of(TINY, [MONTH], 1, "strictness")
SEEDS = study_of(TINY, [MONTH], 3, None)


@pytest.fixture(scope="module")
def with_studies(lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The lake with a sweep and a study over seeds, each member the tiny month with a surplus of its own."""
    folder = tmp_path_factory.mktemp("studied") / "lake"
    shutil.copytree(str(lake.root), folder)
    own = Lake.at(folder)
    for study in (SWEPT, SEEDS):
        for factor, member in enumerate(study.members, 1):
            if member.scenario.name != TINY.name:
                multiplied(own, MONTH, member.scenario, factor=float(factor), tables=GATHERED)
    for study in (SWEPT, SEEDS):
        gather(own, study, study.tasks())
    assert rebuild(own) == []
    return own


@pytest.fixture
def studied(with_studies: Lake, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.setenv(project.LAKE_VARIABLE, str(with_studies.root))
    return with_studies


def plain(sentence: str) -> str:
    assert sentence
    return sentence.replace("\u00a0", " ")


def test_a_sweep_is_drawn_and_told_as_its_rows_say(page, studied: Lake) -> None:
    app = page("study", study=SWEPT.name, of=MONTH)
    ((title, members),) = sweeps(queries.study(studied), MONTH)
    words = said(app)
    assert title in words and plain(sweep_sentence(members)) in words
    assert len(app.get("plotly_chart")) == 2, "what was varied, and surplus against satisfaction"
    shown = app.dataframe[0].value
    assert shown.equals(sweep_table(members))


def test_differences_over_seeds_are_told_with_their_interval(page, studied: Lake) -> None:
    app = page("study", study=SEEDS.name, of=MONTH)
    rows = queries.study(studied)
    members = rows[rows["study"] == SEEDS.name]
    assert plain(seeds_sentence(members, MONTH)) in said(app)
    shown = app.dataframe[0].value
    assert len(shown) > 3 and shown.equals(study_table(study_summary(members)))


def test_without_a_study_the_page_says_how_one_is_made(page, lake: Lake) -> None:
    words = said(page("study"))
    assert "There is no study in this lake" in words and "How deciders did" in words
