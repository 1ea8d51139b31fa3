"""Scenarios are frozen, tables are found, and nothing overwrites another's result."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from tests.sources.test_export_values import VALUES, edison, file
from vpp_core.errors import InputError
from vpp_core.scenario import Scenario
from vpp_pipeline.lake import Lake


def test_a_frozen_scenario_comes_back(lake: Lake) -> None:
    scenario = Scenario(name="mine", homes=50)
    lake.freeze(scenario)
    assert lake.scenario("mine") == scenario
    assert lake.scenario_names() == ["mine"]


def test_freezing_the_same_again_is_no_error(lake: Lake) -> None:
    lake.freeze(Scenario(name="mine", homes=50))
    lake.freeze(Scenario(name="mine", homes=50, description="said otherwise"))


def test_the_same_name_with_other_content_is_refused_naming_the_field(lake: Lake) -> None:
    lake.freeze(Scenario(name="mine", homes=50))
    with pytest.raises(InputError, match="homes: 50 there, 60 wanted"):
        lake.freeze(Scenario(name="mine", homes=60))
    assert lake.scenario("mine").homes == 50


def test_a_declared_scenario_is_frozen_on_first_use(lake: Lake) -> None:
    assert lake.scenario("reference") == Scenario()
    assert lake.scenario_names() == ["reference"]


def test_an_unknown_scenario_says_which_are_known(lake: Lake) -> None:
    with pytest.raises(InputError, match=r"'nope' is unknown; known are .*reference"):
        lake.scenario("nope")


def test_a_scenario_file_under_another_name_is_refused(lake: Lake) -> None:
    lake.freeze(Scenario(name="mine"))
    (lake.root / "scenarios" / "mine.json").rename(lake.root / "scenarios" / "yours.json")
    with pytest.raises(InputError, match=r"yours\.json holds a scenario named 'mine'"):
        lake.scenario("yours")


def test_a_scenario_holds_the_export_values_of_the_file_that_it_names_beside_it(lake: Lake) -> None:
    folder = lake.root / "scenarios"
    folder.mkdir(parents=True)
    (folder / "values.csv").write_bytes(file(edison()))
    named = {"name": "mine", "tariff": {"export_usd_per_kwh": {"file": "values.csv", "year": 2025}}}
    (folder / "mine.json").write_text(json.dumps(named))
    assert np.allclose(lake.scenario("mine").tariffs[0].table("export"), VALUES, atol=2e-6)


@pytest.mark.parametrize("name", ["other.csv", "../values.csv"])
def test_an_export_file_that_is_not_beside_its_scenario_is_named(lake: Lake, name: str) -> None:
    folder = lake.root / "scenarios"
    folder.mkdir(parents=True)
    named = {"name": "mine", "tariff": {"export_usd_per_kwh": {"file": name, "year": 2025}}}
    (folder / "mine.json").write_text(json.dumps(named))
    with pytest.raises(InputError, match=rf"mine\.json names {re.escape(name)}, which cannot be read .*; put the file"):
        lake.scenario("mine")


def test_a_broken_scenario_file_is_named(lake: Lake) -> None:
    lake.freeze(Scenario(name="mine"))
    (lake.root / "scenarios" / "mine.json").write_text("{")
    with pytest.raises(InputError, match=r"mine\.json is not a valid scenario"):
        lake.scenario("mine")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_a_scenario_file_that_is_no_text_or_no_file_is_named(lake: Lake, content: bytes | None) -> None:
    path = lake.root / "scenarios" / "mine.json"
    path.parent.mkdir(parents=True)
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(InputError, match=r"mine\.json (cannot be read|is not a valid scenario: it is not text)"):
        lake.scenario("mine")
    with pytest.raises(InputError, match=r"mine\.json (cannot be read|is not a valid scenario: it is not text)"):
        lake.freeze(Scenario(name="mine"))


@pytest.mark.parametrize("name", ["../outside", "", "a" * 300, "Mine", "two\nlines"])
def test_what_cannot_be_a_name_is_refused_before_any_file_is_looked_for(lake: Lake, name: str) -> None:
    (lake.root / "scenarios").mkdir(parents=True)
    (lake.root / "outside.json").write_text(Scenario(name="outside").to_json())
    with pytest.raises(InputError, match="cannot be a name"):
        lake.scenario(name)


def test_a_file_whose_name_is_none_is_no_scenario_of_the_lake(lake: Lake) -> None:
    lake.freeze(Scenario(name="mine"))
    (lake.root / "scenarios" / "Half hour, 2|3.json").write_text(Scenario().to_json())
    assert lake.scenario_names() == ["mine"]


def test_a_table_that_cannot_be_read_is_named(lake: Lake) -> None:
    lake.table_path("market_prices", "2023-08", "mine").mkdir(parents=True)
    with pytest.raises(InputError, match=r"2023-08\.parquet cannot be read \(Is a directory\)"):
        lake.read("market_prices", "2023-08", "mine")


def test_a_missing_table_says_how_to_make_it(lake: Lake) -> None:
    with pytest.raises(InputError, match=r"not in the lake .*make it with `vpp run --month 2023-08 --scenario mine`"):
        lake.read("market_prices", "2023-08", "mine")
