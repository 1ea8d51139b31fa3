"""Several deciders in one study: on the same windows, paired, each called by what it decided."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.llm.gemini_server import Reply, said, serving
from tests.negotiation.advised import TERMS, sensible
from tests.pipeline.test_llm_run import lead_to, own_folders  # noqa: F401
from vpp_core.errors import InputError
from vpp_core.results.deciders import decider_table, of_deciders
from vpp_core.results.text import percent
from vpp_core.scenario import Scenario
from vpp_core.scenario.deciders import changes_of, decider_changes
from vpp_pipeline import batch
from vpp_pipeline.cli.app import execute
from vpp_pipeline.lake import Lake
from vpp_pipeline.study import decider_study

TINY = ["--scenario", "tiny"]
SOFT, FICKLE = "google_genai:soft", "google_genai:fickle"
NAME = "tiny-deciders-rules-soft-fickle-once_a_window"


def soft(number: int, body: dict[str, Any]) -> Reply:
    """A generous model."""
    terms = TERMS | {"opening_quantile": 0.5, "limit_quantile": 0.9, "conceded": 1.0}
    return said(json.dumps({"terms": terms, "formulation": None}))


@pytest.mark.slow
def test_models_and_rules_meet_on_the_same_windows_and_are_called_by_what_they_decided(
    no_limit_a_minute: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of the fickle model's answers every second is prose, which rules replace."""
    asked: Counter[str] = Counter()

    def answer(number: int, body: dict[str, Any]) -> Reply:
        name = SOFT if "models/soft:" in server.requests[number]["path"] else FICKLE
        asked[name] += 1
        if name == SOFT:
            return soft(number, body)
        return said("At the median, I think.") if asked[name] % 2 else sensible(number, body)

    monkeypatch.setattr(batch, "_vpp", lambda arguments: (execute(arguments), ""))
    deciders = ["--decider", "rules", "--decider", SOFT, "--decider", FICKLE, "--depth", "once_a_window"]
    with serving(answer) as server:
        lead_to(server, monkeypatch)
        assert execute(["study", "--months", "2023-08", *TINY, *deciders]) == 0
    printed = capfd.readouterr()
    before = printed.err.partition("market prices")[0]
    assert f"{SOFT}, once_a_window: up to 25 calls" in before and f"{FICKLE}, once_a_window: up to 25 calls" in before
    lake = Lake.at(tmp_path / "lake")
    ((name, members),) = of_deciders(lake.read("study", "2023-08", NAME).table.to_pandas(), "2023-08")
    assert name == NAME
    table = decider_table(members).set_index("decider")
    half = f"{FICKLE} and rules ({percent(100 * (asked[FICKLE] // 2) / asked[FICKLE])} its own)"
    assert set(table.index) == {"rules", SOFT, half}
    assert table["decisions its own"][[SOFT, "rules"]].tolist() == ["100.0 %", "all, by rule"]
    assert {who for who in table.index if table.loc[who, "aggregator, difference"] == "–"} == {"rules"}
    of = members.set_index("asked_decider")
    assert (of["judged_achievable_usd"] > 0).all()
    assert of.loc[SOFT, "household_gain_usd"] >= of.loc["rules", "household_gain_usd"]
    assert (of["vpp_profit_usd"] + of["household_gain_usd"]).tolist() == pytest.approx(of["surplus_usd"].tolist())
    folder = lake.report_folder("2023-08", of.loc["rules", "scenario"])
    pages = [(folder / f"simulation_report.{ending}").read_text() for ending in ("md", "html")]
    for shown in (printed.out, *pages):
        assert f"{FICKLE} and rules (" in shown and "the aggregator earns by" in shown
        assert not re.search(rf"{FICKLE}(?! and rules| took)", shown)


def test_one_decider_is_a_scenario_and_its_runs_are_those_of_vpp_run() -> None:
    study = decider_study(Scenario(), ["2023-08"], 2, ["rules", "llm", SOFT])
    assert [member.scenario.name for member in study.members] == [
        "reference", "reference-llm", "reference-llm-soft",
        "reference-s43", "reference-s43-llm", "reference-s43-llm-soft",
    ]  # fmt: skip
    assert {task.scenario for task in study.reports()} == {"reference"}
    assert changes_of(SOFT, "once_a_window", None) == changes_of("llm", "once_a_window", SOFT)


def test_a_decider_that_is_none_or_comes_twice_is_refused_in_a_sentence() -> None:
    with pytest.raises(InputError, match="provider:model"):
        decider_changes("gemini")
    with pytest.raises(InputError, match="are the same here"):
        decider_study(Scenario(), ["2023-08"], 1, ["llm", "google_genai:gemini-3.5-flash-lite"])
    with pytest.raises(InputError, match="give one of them"):
        changes_of("rules", None, SOFT)
