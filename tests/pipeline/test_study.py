"""Studies: members are runs like any other, killed ones continue, and the base's report shows what came out."""

from __future__ import annotations

import json

import duckdb
import pytest

from tests.dashboard.conftest import GATHERED, multiplied
from tests.pipeline.tiny import MONTH, TINY, Ran
from vpp_core.errors import InputError
from vpp_core.scenario import Scenario
from vpp_core.strategies.registry import STRATEGIES
from vpp_core.tables import STUDY
from vpp_pipeline import batch
from vpp_pipeline.batch import Task
from vpp_pipeline.cli.app import execute
from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.database import rebuild
from vpp_pipeline.study import gather, studies_with, study_of


def test_members_are_the_seeds_from_the_base_s_own_upwards() -> None:
    study = study_of(Scenario(), ["2020-07", "2023-08"], 3, None)
    assert study.name == "reference-3seeds"
    assert [member.scenario.name for member in study.members] == ["reference", "reference-s43", "reference-s44"]
    assert len(set(study.tasks())) == 6
    assert {task.scenario for task in study.reports()} == {"reference"}


def test_a_sweep_over_seeds_names_every_member_apart() -> None:
    study = study_of(Scenario(), [MONTH], 2, "strictness")
    names = [member.scenario.name for member in study.members]
    assert len(set(names)) == len(names) == 2 * 5
    assert "reference-s43-strict0_5" in names and "reference" in names


def test_a_member_runs_to_its_key_figures_and_no_further() -> None:
    assert Task(MONTH, "reference-s43", report=False).arguments()[-1] == "--no-report"


def one_seed(ran: Ran) -> None:
    """A study of the tiny month alone, as if another member had failed."""
    study = study_of(TINY, [MONTH], 2, None)
    rows = gather(ran.lake, study, [Task(MONTH, TINY.name)])
    assert set(rows["seed"]) == {TINY.seed} and len(rows) == len(STRATEGIES)


def test_rows_are_those_of_the_members_that_are_done(ran: Ran) -> None:
    one_seed(ran)
    stored = ran.lake.read(STUDY.name, MONTH, "tiny-2seeds").table.to_pandas()
    kpis = ran.lake.read("kpi_monthly", MONTH, TINY.name).table.to_pandas()
    assert stored["surplus_usd"].tolist() == kpis["surplus_usd"].tolist()


def test_the_same_study_is_the_same_bytes(ran: Ran) -> None:
    one_seed(ran)
    path = ran.folder / "tables" / "study" / "tiny-2seeds" / f"{MONTH}.parquet"
    before = path.read_bytes()
    one_seed(ran)
    assert path.read_bytes() == before


def test_a_report_becomes_stale_by_a_study_of_its_scenario_and_shows_it(ran: Ran) -> None:
    page = ran.folder / "reports" / TINY.name / MONTH / "simulation_report.html"
    assert 'id="frontier"' not in page.read_text()
    one_seed(ran)
    assert ran.again(assets=["benchmark_report"]).succeeded
    assert 'id="frontier"' in page.read_text()
    with duckdb.connect(str(ran.folder / "reports.duckdb"), read_only=True) as connection:
        rows = connection.execute("SELECT DISTINCT study, month, scenario FROM study").fetchall()
    assert rows == [("tiny-2seeds", MONTH, TINY.name)]


def test_a_study_without_this_month_s_scenario_is_none_of_its_report_s_business(ran: Ran) -> None:
    one_seed(ran)
    assert set(studies_with(ran.lake, MONTH, TINY.name)) == {"tiny-2seeds"}
    assert studies_with(ran.lake, MONTH, "other") == {}
    assert studies_with(ran.lake, "2020-07", TINY.name) == {}


def test_a_damaged_study_is_left_out_by_name_and_the_report_is_made_without_it(ran: Ran) -> None:
    one_seed(ran)
    path = ran.folder / "tables" / "study" / "tiny-2seeds" / f"{MONTH}.parquet"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(InputError, match=f"vpp study --months {MONTH}"):
        studies_with(ran.lake, MONTH, TINY.name)
    (ran.folder / "reports.duckdb").unlink()
    assert any(str(path) in fault for fault in rebuild(ran.lake))
    assert ran.again(assets=["benchmark_report"]).succeeded


def test_a_month_that_was_never_reported_is_no_fault_of_the_database(ran: Ran) -> None:
    for table in ("kpi_daily", "gap_split", "claims", "data_shares"):
        (ran.folder / "tables" / table / TINY.name / f"{MONTH}.parquet").unlink()
    assert rebuild(ran.lake) == []


@pytest.fixture
def own_lake(ran: Ran, no_home: None, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """The finished lake, for commands."""
    monkeypatch.setenv("VPP_LAKE", str(ran.folder))
    return ran.lake


ASKED = ["study", "--months", f"{MONTH}, {MONTH}", "--seeds", "2", "--scenario", TINY.name]


@pytest.mark.parametrize("simulated", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_study_runs_what_is_missing_prints_and_reports_it(
    simulated: bool, own_lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By default the member's results are those of the tiny month, under its name."""
    asked: list[list[str]] = []

    def in_this_process(arguments: list[str]) -> tuple[int, str]:
        asked.append(arguments)
        if simulated or arguments[4] == TINY.name:
            return execute(arguments), ""
        multiplied(own_lake, MONTH, own_lake.scenario(arguments[4]), tables=GATHERED)
        return 0, ""

    monkeypatch.setattr(batch, "_vpp", in_this_process)
    before = len((own_lake.root / "run_log.jsonl").read_text().splitlines())
    assert execute(ASKED) == 0
    printed = capsys.readouterr().out
    assert "price of negotiating" in printed and "2 of 2" in printed
    assert [arguments[4] for arguments in asked] == ["tiny", "tiny-s43", "tiny"]
    entries = map(json.loads, (own_lake.root / "run_log.jsonl").read_text().splitlines()[before:])
    computed = {(entry["scenario"], entry["stage"]) for entry in entries if not entry["reused"]}
    assert ("tiny", "benchmark_report") in computed and (("tiny-s43", "kpi_monthly") in computed) is simulated
    assert not {stage for scenario, stage in computed if scenario == "tiny"} - {"benchmark_report"}
    assert not own_lake.report_folder(MONTH, "tiny-s43").exists()
    assert "## Over fleet seeds" in (own_lake.report_folder(MONTH, "tiny") / "simulation_report.md").read_text()


def test_a_member_that_fails_leaves_the_others_and_is_named(
    own_lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails_for_43(arguments: list[str]) -> tuple[int, str]:
        return (2, "vpp: the disk is full\n") if arguments[4].endswith("-s43") else (0, "")

    monkeypatch.setattr(batch, "_vpp", fails_for_43)
    assert execute(ASKED) == 1
    printed = capsys.readouterr()
    assert "the disk is full" in printed.err and f"retry: vpp run --month {MONTH} --scenario tiny-s43" in printed.err
    assert "(one seed), 1 of 1" in printed.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            "study --months 2023-08 --sweep colour",
            "known are lambda, concession, tactic, mechanism, terms, strictness",
        ),
        ("study --months 2023-13", "'2023-13' is not a month"),
        ("study --months 2023-08 --seeds 0", "--seeds"),
        ("study", "--months"),
    ],
)
def test_a_study_of_nothing_is_refused_in_a_sentence(
    own_lake: Lake, arguments: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(arguments.split()) == 2
    assert said in capsys.readouterr().err
