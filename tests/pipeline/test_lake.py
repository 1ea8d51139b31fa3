"""Scenarios are frozen, tables are found, and nothing overwrites another's result."""

from __future__ import annotations

import pytest

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


def test_a_broken_scenario_file_is_named(lake: Lake) -> None:
    lake.freeze(Scenario(name="mine"))
    (lake.root / "scenarios" / "mine.json").write_text("{")
    with pytest.raises(InputError, match=r"mine\.json is not a valid scenario"):
        lake.scenario("mine")


def test_a_missing_table_says_how_to_make_it(lake: Lake) -> None:
    with pytest.raises(InputError, match=r"not in the lake .*make it with `vpp run --month 2023-08 --scenario mine`"):
        lake.read("market_prices", "2023-08", "mine")
