"""Households in plain words: on the command line, and joining the fleet from the raw folder."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import pytest

from tests.pipeline.tiny import MONTH, TINY, in_memory
from vpp_core.fleet.arrow import fleet_from_arrow
from vpp_pipeline.cli.app import execute
from vpp_pipeline.io import LakePlace
from vpp_pipeline.lake import Lake
from vpp_pipeline.runner import MonthRun, run_month

EXAMPLE = "Conservative homeowner with a Tesla Powerwall and 8 kW solar, needs reliable backup"


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VPP_LAKE", str(tmp_path / "lake"))
    for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.setenv(name, "")


def test_a_household_is_shown_with_where_each_field_came_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["household", EXAMPLE]) == 0
    printed = capsys.readouterr().out
    assert "Powerwall 2 as published" in printed and "conservative households" in printed
    assert execute(["household", EXAMPLE, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["household"]["bess"]["capacity_kwh"] == 13.5
    assert data["provenance"]["pv.capacity_kw"]["origin"] == "said"


def test_a_file_of_households_keeps_its_order_and_tells_what_was_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "homes.txt").write_text("Powerwall\nlorem ipsum\nLeaf\n")
    assert execute(["household", "--file", str(tmp_path / "homes.txt")]) == 0
    printed = capsys.readouterr()
    homes = json.loads(printed.out)["households"]
    assert [bool(home["household"]["bess"]) for home in homes] == [True, False]
    assert "household 2 left out" in printed.err


def test_what_was_not_understood_is_shown_with_the_household_and_named_for_each_of_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["household", "6 kW solar, Span panel"]) == 0
    assert "not understood: “span panel”" in capsys.readouterr().out
    (tmp_path / "homes.txt").write_text("6 kW solar\nLeaf and a Wibbleton gateway\n\x1b[2J Powerwall\n")
    assert execute(["household", "--file", str(tmp_path / "homes.txt")]) == 0
    printed = capsys.readouterr()
    assert [home["not_understood"] for home in json.loads(printed.out)["households"]] == [[], ["wibbleton gateway"]]
    assert "household 2, not understood: “wibbleton gateway”" in printed.err
    assert "household 3 left out: " in printed.err and "1 of 3 households left out" in printed.err
    assert "\x1b" not in printed.err


def test_square_brackets_in_words_and_file_names_are_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["household", "[bold]8 kW solar[/bold] [/red] and a Leaf that leaves [at] 7:30, :fire:"]) == 0
    assert "8.0" in capsys.readouterr().out
    file = tmp_path / "homes[" / "red].txt"
    file.parent.mkdir()
    file.write_text("[link=http://x]Leaf[/link]\n[/]\n")
    assert execute(["household", "--file", str(file)]) == 0
    assert "household 2 left out" in capsys.readouterr().err


def test_a_file_of_which_nothing_can_be_read_is_refused_with_its_first_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "homes.txt").write_text("lorem ipsum\n" + "Powerwall " * 1000)
    assert execute(["household", "--file", str(tmp_path / "homes.txt")]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1
    assert "homes.txt: none of 2 households could be read; the first: " in printed.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["household"], "one of the two"),
        (["household", "A 5000 kWh battery"], "bess.capacity_kwh 5000 is above 200"),
        (["household", "--parser", "llm", "Leaf"], "GOOGLE_API_KEY"),
        (["household", "--model", "gemini", "Leaf"], "--parser llm"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(arguments) == 2
    error = capsys.readouterr().err
    assert sentence in error and len(error.strip().splitlines()) == 1


def test_households_in_the_raw_folder_join_the_fleet_and_a_new_file_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "lake"
    lake = Lake.at(folder)
    lake.freeze(TINY)
    raw = folder / "raw"
    raw.mkdir(exist_ok=True)

    def homes(instance: dg.DagsterInstance) -> tuple[MonthRun, list[float]]:
        resource = LakePlace(url=str(folder))
        result = run_month(instance, MONTH, TINY.name, lake=resource, assets=["prosumer_fleet"])
        if not result.succeeded:
            return result, []
        return result, fleet_from_arrow(lake.read("prosumer_fleet", MONTH, TINY.name).table).pv_capacity_kw.tolist()

    with in_memory() as instance:
        alone = homes(instance)[1]
        (raw / "households.txt").write_text("12 kW solar\nlorem ipsum\n")
        joined = homes(instance)[1]
        (raw / "households.txt").write_bytes(b"\xff\xfe\xfa")
        broken = homes(instance)[0]
    assert len(alone) == TINY.homes and joined == [*alone, 12.0]
    assert not broken.succeeded and "save it as UTF-8" in broken.faults[0]
