"""The examples run, and a strategy of one's own is on the ladder through the library and through `vpp`."""

from __future__ import annotations

import os
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from tests.invented import invented_inputs
from tests.pipeline.test_whole_month import reused
from tests.pipeline.tiny import MONTH, TINY, Ran
from vpp_core.calendar import Month
from vpp_core.errors import InputError
from vpp_core.negotiation.mechanisms import MECHANISMS
from vpp_core.negotiation.tactics import TACTICS
from vpp_core.results.ladder import ladder_table
from vpp_core.scenario import NegotiationRules
from vpp_core.scenario.bargaining import OWN_MECHANISMS, OWN_TACTICS
from vpp_core.scenario.retail import RETAIL_TARIFFS
from vpp_core.settlement.settle import settle
from vpp_core.simulation import run
from vpp_core.strategies.registry import STRATEGIES
from vpp_pipeline import plugins
from vpp_pipeline.cli.app import execute
from vpp_pipeline.recipe import registered

EXAMPLES = Path(__file__).parents[2] / "examples"
OWN = EXAMPLES / "own_strategy.py"


@pytest.fixture(autouse=True)
def registry_as_it_was() -> Iterator[None]:
    """Nor is a module of a plugin left, so that it would be loaded anew."""
    registries: tuple[dict[str, Any], ...] = (STRATEGIES, MECHANISMS, TACTICS)
    before = [dict(registry) for registry in registries]
    yield
    for name in [name for name in sys.modules if name.startswith("vpp_strategies.")]:
        del sys.modules[name]
    for registry, there in zip(registries, before, strict=True):
        registry.clear()
        registry.update(there)


def test_a_strategy_of_one_s_own_is_on_the_ladder_through_the_library(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(OWN), run_name="__main__")
    rows = [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert rows == [*[key for key in STRATEGIES if not STRATEGIES[key].is_bound], *rows[-2:]]
    assert rows[-3:] == ["evening_only", "perfect_foresight_aware", "perfect_foresight"]


def test_the_strategy_takes_no_more_than_thirty_lines() -> None:
    text = OWN.read_text()
    code = text[text.index("@register") : text.index("def main")].splitlines()
    assert len([line for line in code if line.strip()]) <= 30


def test_a_strategy_of_one_s_own_is_on_the_ladder_through_vpp_and_only_what_depends_on_it_is_computed(
    ran: Ran, no_home: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VPP_LAKE", str(ran.folder))
    monkeypatch.setenv(plugins.VARIABLE, str(OWN))
    assert execute(["run", "--month", MONTH, "--scenario", TINY.name]) == 0
    assert "evening_only" in capsys.readouterr().out
    assert reused(ran) == dict.fromkeys(reused(ran), True) | dict.fromkeys(
        ("window_results", "kpi_monthly", "benchmark_report"), False
    )
    with duckdb.connect(str(ran.folder / "reports.duckdb"), read_only=True) as connection:
        found = connection.execute("SELECT violations FROM kpi_monthly WHERE strategy = 'evening_only'").fetchall()
    assert found == [(0,)]
    report = ran.folder / "reports" / TINY.name / MONTH / "simulation_report.md"
    assert "| evening_only |" in report.read_text()


def test_what_cannot_be_loaded_or_holds_no_strategy_gets_one_sentence_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.py").write_text("from nowhere import nothing")
    (tmp_path / "leaving.py").write_text("raise SystemExit(0)")
    (tmp_path / "notes.py").write_text("import vpp_core.negotiation.mechanisms\nstrategy = 'none'")
    for name, said in (
        (str(tmp_path / "absent.py"), "FileNotFoundError"),
        (str(tmp_path / "broken.py"), "No module named 'nowhere'"),
        (str(tmp_path / "leaving.py"), "SystemExit"),
        (str(tmp_path / "notes.py"), "holds no strategy"),
        ("no_such_module", "No module named 'no_such_module'"),
        ("os", "holds no strategy"),
        ("json.decoder", "holds no strategy"),
        ("..", "cannot be loaded"),
    ):
        monkeypatch.setenv(plugins.VARIABLE, name)
        with pytest.raises(InputError, match=said) as caught:
            plugins.load_strategies()
        assert f"VPP_STRATEGIES names {name}" in str(caught.value)


def test_a_file_is_loaded_once_and_beside_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.py").write_text(
        "from vpp_core.strategies.no_vpp import NoVpp\n"
        "from vpp_core.strategies.registry import register\n"
        "register(type('Other', (NoVpp,), {'key': 'other', '__module__': __name__}))"
    )
    monkeypatch.setenv(plugins.VARIABLE, os.pathsep.join([str(OWN), str(tmp_path / "other.py")]))
    first, second = plugins.load_strategies(), plugins.load_strategies()
    assert [module.__name__ for module in first] == ["vpp_strategies.own_strategy", "vpp_strategies.other"]
    assert first == second


HALFWAY = """
from vpp_core.negotiation.mechanisms import register
from vpp_core.negotiation.outside import outside

class Halfway:
    def __init__(self, talk):
        self._wanted = (talk.limit_usd_per_mwh + talk.bid.minimum_price_usd_per_mwh) / 2
    def respond(self, talk):
        return talk.counter_offer is not None and talk.counter_offer.price_usd_per_mwh >= self._wanted
    def propose(self, talk):
        return self._wanted

register(outside("halfway_alone", home=Halfway))
"""
SLOW = """
from vpp_core.negotiation.tactics import register
from vpp_core.negotiation.tactics.micro import Micro

register(Micro("slow", "as MiCRO"))
"""


def test_a_file_with_a_negotiator_or_a_tactic_alone_is_loaded_and_its_change_changes_what_rests_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ran: Ran
) -> None:
    files = {name: tmp_path / name / "mine.py" for name in ("mechanism", "tactic")}  # of one name in two folders
    for file, text in zip(files.values(), (HALFWAY, SLOW), strict=True):
        file.parent.mkdir()
        file.write_text(text)
    monkeypatch.setattr(plugins, "_PLUGINS", {})
    monkeypatch.setenv(plugins.VARIABLE, os.pathsep.join(map(str, files.values())))
    assert len(set(plugins.load_strategies())) == 2 and plugins.load_strategies() == plugins.load_strategies()
    assert {"halfway_alone"} == {*MECHANISMS} - {*OWN_MECHANISMS} and {"slow"} == {*TACTICS} - {*OWN_TACTICS}

    def rests_on(rules: NegotiationRules) -> list[str]:
        scenario = TINY.model_copy(update={"negotiation": rules})
        return registered("negotiation_results", ran.lake, Month.parse(MONTH), scenario)

    by_rules = rests_on(NegotiationRules())
    for rules, file in (
        (NegotiationRules(mechanism="halfway_alone"), files["mechanism"]),
        (NegotiationRules(aggregator_tactic="slow"), files["tactic"]),
        (NegotiationRules(home_tactics={"slow": 0.5, "linear": 0.5}), files["tactic"]),
    ):
        before = rests_on(rules)
        file.write_text(file.read_text() + "CHANGED = True\n")
        assert rests_on(rules) != before
    assert rests_on(NegotiationRules()) == by_rules


def test_model_predictive_control_bids_against_nothing_but_the_seam() -> None:
    strategy = runpy.run_path(str(EXAMPLES / "model_predictive_control.py"))["ModelPredictiveControl"]
    inputs = invented_inputs(homes=6, days=1, reserve=np.nan)
    trajectory, bids, _ = run(inputs, strategy(), None)
    counterfactual, _, _ = run(inputs, STRATEGIES["no_vpp"](), None)
    outcome = settle(inputs, strategy.key, trajectory, counterfactual, bids)
    assert any(bid.curve.sell_total_kw.sum() > 0 for bid in bids)
    assert outcome.windows["delivered_sell_kwh"].sum() > 0
    assert outcome.windows.filter(like="violations_").to_numpy(dtype=float).sum() == 0


def test_two_strategies_are_compared_from_the_database(finished: Ran, capsys: pytest.CaptureFixture[str]) -> None:
    compare = runpy.run_path(str(EXAMPLES / "compare_strategies.py"))["main"]
    compare("centralized_aware", "negotiated", str(finished.folder / "reports.duckdb"))
    printed = capsys.readouterr().out
    kpis = finished.lake.read("kpi_monthly", MONTH, TINY.name).table.to_pandas().set_index("strategy")["surplus_usd"]
    difference = kpis["centralized_aware"] - kpis["negotiated"]
    assert f"{TINY.name}, 1 days: centralized_aware − negotiated = {difference:.2f} $" in printed
    assert len(ladder_table(finished.lake.read("kpi_monthly", MONTH, TINY.name).table.to_pandas())) == len(STRATEGIES)


def test_bills_by_tariff_are_told_by_kind_of_home_and_drawn(tmp_path: Path) -> None:
    example = runpy.run_path(str(EXAMPLES / "bills_by_tariff.py"))
    table = example["bills"](40, days=2)
    assert set(table["tariff"]) == set(RETAIL_TARIFFS) and table["month"].nunique() == 2
    still = table["kind"].isin(["no device", "sun alone"])
    assert (table["alone_usd"] == table["smart_usd"])[still].all(), "who has nothing to move saves nothing"
    moved = table[~still & (table["tariff"] != "flat")]
    assert (moved["smart_usd"].mean() < moved["alone_usd"].mean()) and table["homes"].min() > 0
    example["picture"](table, tmp_path / "bills.png")
    assert (tmp_path / "bills.png").read_bytes().startswith(b"\x89PNG")
