"""The command line: what it refuses and how, what its options mean, and what it prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from vpp_core.errors import InputError
from vpp_core.scenario import MarketRules, NegotiationRules, Scenario
from vpp_pipeline.cli import options
from vpp_pipeline.cli.app import app, execute
from vpp_pipeline.cli.ladder import of_this_run
from vpp_pipeline.cli.notes import nobody_bid
from vpp_pipeline.lake import Lake

COMMANDS = [command.callback.__name__ for command in app.registered_commands if command.callback]


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VPP_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("VPP_RAW", raising=False)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("run --month 2023-13", "'2023-13' is not a month"),
        ("run --month august", "'august' is not a month"),
        ("run --month 2008-01", "before 2009-04"),
        ("run --month 2999-01", "not over yet"),
        ("run", "--month"),
        ("run --month 2023-08 --homes 0", "--homes"),
        ("run --month 2023-08 --homes -5", "--homes"),
        ("run --month 2023-08 --homes many", "--homes"),
        ("run --month 2023-08 --first-days 40", "--first-days"),
        ("run --month 2023-08 --scenario nope", "scenario 'nope' is unknown"),
        ("run --month 2023-08 --source rumour", "source"),
        ("run --month 2023-08 --minimum-bid-mw -1", "minimum_bid_mw"),
        ("backfill --from 2023-12 --to 2023-01", "swap them"),
        ("negotiate", "which market window? give --at, such as --at 2023-08-16T19:00"),
        ("negotiate --at yesterday-ish", "not a single moment"),
        ("negotiate --at 2023-03-12T02:30", "not a single moment"),
        ("fleet --homes 5 --out homes.xlsx", "must end in .csv or .json"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_wrong_argument_gets_one_sentence_and_exit_code_2(
    arguments: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(arguments.split()) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert "Traceback" not in printed.err


def test_a_broken_price_file_gets_one_sentence_that_names_it(
    tmp_path: Path, no_home: None, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "lake" / "raw" / "oasis"
    folder.mkdir(parents=True)
    broken = folder / "20200701_20200801_PRC_RTPD_LMP_RTPD.zip"
    broken.write_bytes(b"not a zip")
    assert execute(["data", "--month", "2020-07", "--homes", "2", "--first-days", "1"]) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("vpp: ")
    assert str(broken) in said


def test_a_lake_that_cannot_be_made_gets_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("VPP_LAKE", str(tmp_path / "file" / "lake"))
    assert execute(["run", "--month", "2023-08"]) == 2
    assert str(tmp_path / "file" / "lake") in capsys.readouterr().err


def test_a_file_that_the_system_refuses_gets_one_sentence_wherever_it_is_met(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(path: Path, *arguments: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Lake, "check_writable", lambda lake: refuse(lake.root))
    assert execute(["run", "--month", "2023-08"]) == 2
    assert capsys.readouterr().err == f"vpp: {tmp_path / 'lake'}: Permission denied\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"name": "mine", "homes": 3, "homes": 4}', "homes is there twice"),
        (b'{"name": "mine", "hmoes": 3}', "hmoes: no such field in this version"),
        (b"{", "it is not JSON"),
        (b"\xff\xff", "it is not text"),
    ],
)
def test_a_broken_scenario_in_the_lake_is_named_and_may_be_removed(
    tmp_path: Path, content: bytes, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "lake" / "scenarios" / "mine.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert execute(["run", "--month", "2023-08", "--scenario", "mine"]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"vpp: {path} is not a valid scenario: ")
    assert said in printed
    assert "mend the file, or remove it" in printed


@pytest.mark.parametrize(
    ("minimum", "submitted", "below", "homes", "said"),
    [
        (0.1, 0, 9, 20, "in no window did 20 homes, 10% of their aggregation, reach the market's minimum of 0.1 MW"),
        (0.1, 0, 9, 1, "in no window did 1 home, 10% of its aggregation, reach the market's minimum of 0.1 MW"),
        (0.1, 0, 0, 1, "no strategy bid: in no window was there energy to offer that was worth a bid"),
        (0.1, 3, 9, 20, ""),
        (0.0, 0, 0, 20, ""),
    ],
)
def test_a_ladder_of_nothing_says_that_the_minimum_kept_every_bid_back(
    minimum: float, submitted: int, below: int, homes: int, said: str
) -> None:
    rows = pd.DataFrame({
        "strategy": ["no_vpp", "negotiated", "perfect_foresight"], "is_bound": [False, False, True],
        "bids_submitted": [0, submitted, 0], "reserve_bids": [0, 0, 0], "bids_below_minimum": [0, below, 0],
    })  # fmt: skip
    scenario = Scenario(homes=homes, market=MarketRules(minimum_bid_mw=minimum))
    note = nobody_bid(rows, scenario)
    assert said in note
    assert bool(note) == bool(said)
    assert not nobody_bid(rows[rows["strategy"] != "negotiated"], scenario), "who never bids is kept back by nothing"


def test_the_inputs_of_a_month_are_gathered_and_their_sources_said(
    no_home: None, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = ["--homes", "3", "--first-days", "1", "--source", "synthetic"]
    assert execute(["data", "--month", "2023-08", *tiny]) == 0
    printed = capsys.readouterr().out
    assert "lmp_usd_per_mwh" in printed
    assert "synthetic 96" in printed


def test_a_fleet_is_described_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["fleet", "--homes", "20", "--out", str(tmp_path / "homes.csv")]) == 0
    assert "20 homes, seed 42" in capsys.readouterr().out
    assert len((tmp_path / "homes.csv").read_text().splitlines()) == 21


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute([command, "--help"]) == 0
    printed = capsys.readouterr().out
    assert "Usage: vpp" in printed
    assert len(printed.split("Options:")[0].split()) > 12


def test_help_comes_without_importing_dagster_or_the_model() -> None:
    program = (
        "import sys\n"
        "from vpp_pipeline.cli.app import execute\n"
        "execute(['--help'])\n"
        "print([name for name in ('dagster', 'cvxpy', 'numba', 'duckdb') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({}, "reference"),
        ({"homes": 200, "seed": 42}, "reference"),
        ({"homes": 50, "seed": 7}, "reference-50h-s7"),
        ({"first_days": 2, "homes": 10}, "reference-10h-2days"),
        ({"node": "TH_SP15_GEN-APND"}, "reference-th_sp15_gen_apnd"),
        ({"source": "file"}, "reference-file"),
        ({"minimum_bid_mw": 0.0}, "reference-min0mw"),
        ({"strategies": "negotiated, centralized"}, "reference-2strategies_2fe9"),
        ({"strategies": "centralized,negotiated,"}, "reference-2strategies_2fe9"),
    ],
)
def test_a_variation_has_a_name_of_its_own(lake: Lake, asked: dict[str, object], name: str) -> None:
    assert options.chosen_scenario(lake, "reference", **asked).name == name  # type: ignore[arg-type]


def test_a_variation_changes_only_what_was_asked(lake: Lake) -> None:
    varied = options.chosen_scenario(lake, "reference", homes=50)
    assert varied == Scenario(name=varied.name, description=varied.description, homes=50)


def test_a_variation_that_is_no_scenario_is_refused_with_the_field(lake: Lake) -> None:
    with pytest.raises(InputError, match="node"):
        options.chosen_scenario(lake, "reference", node="x" * 80)


@pytest.mark.parametrize("named", ["negotiated,dictated", ",", ""])
def test_a_strategy_that_is_none_is_refused_with_those_there_are(lake: Lake, named: str) -> None:
    with pytest.raises(InputError, match=r"known are no_vpp, smart_home, negotiated"):
        options.chosen_scenario(lake, "reference", strategies=named)


def test_a_scenario_of_the_lake_that_names_no_strategy_there_is_is_refused(lake: Lake) -> None:
    lake.freeze(Scenario(name="odd", strategies=("dictated",)))
    with pytest.raises(InputError, match="'dictated' is not known; known are no_vpp"):
        options.chosen_scenario(lake, "odd")


@pytest.mark.parametrize(
    "rules", [{"mechanism": "haggling"}, {"aggregator_tactic": "haggling"}, {"home_tactics": {"haggling": 1.0}}]
)
def test_a_way_of_bargaining_that_nothing_registers_is_refused_before_a_month_is_run(
    lake: Lake, rules: dict[str, object]
) -> None:
    lake.freeze(Scenario(name="own", negotiation=NegotiationRules.model_validate(rules)))
    with pytest.raises(InputError, match=r"'haggling' is not known.*known are"):
        options.chosen_scenario(lake, "own")


def test_months_are_counted_across_the_turn_of_the_year() -> None:
    assert options.months_between("2023-11", "2024-02") == ["2023-11", "2023-12", "2024-01", "2024-02"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("storag: 3", 'Received unexpected config entry "storag" at the root'),
        ("storage: {sqlite: {base_dir: {env: VPP_NOT_THERE}}}", "the environment variables VPP_NOT_THERE are not set"),
    ],
)
def test_a_dagster_yaml_that_is_refused_gets_one_sentence_with_the_fault(
    tmp_path: Path, settings: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "dagster.yaml").write_text(settings)
    assert execute(["run", "--month", "2023-08"]) == 2
    printed = capsys.readouterr().err.strip().splitlines()[-1]
    assert (
        printed == f"vpp: Dagster's instance in {tmp_path / 'home'} cannot be opened ({said}); see dagster.yaml there"
    )


def test_of_a_check_the_command_tells_what_concerns_its_run() -> None:
    fault = "market_prices some_prices_are_real: 2023-08 one: none; no service had them; 2023-08 one-2days: none"
    assert of_this_run(fault, "2023-08", "one") == (
        "market_prices some_prices_are_real: 2023-08 one: none; no service had them"
    )
    assert of_this_run(fault, "2023-09", "one") == ""
    assert of_this_run("benchmark_report every_month_is_whole: left out", "2023-09", "one").endswith("left out")
