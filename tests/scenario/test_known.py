"""The scenarios that ship: validated, explained, and the reference is the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from vpp_core.errors import InputError
from vpp_core.scenario import KNOWN_SCENARIOS, DataTransform, Scenario


def test_the_reference_is_the_default_and_changes_nothing() -> None:
    assert KNOWN_SCENARIOS["reference"] == Scenario()
    assert Scenario().transform == DataTransform() and not Scenario().transform.changes_prices


def test_every_known_scenario_has_its_name_a_sentence_and_a_content_of_its_own() -> None:
    assert set(KNOWN_SCENARIOS) >= {"reference", "high_volatility", "low_solar", "peak_demand", "historical_rules"}
    assert all(name == s.name and len(s.description) > 20 for name, s in KNOWN_SCENARIOS.items())
    assert len({s.fingerprint() for s in KNOWN_SCENARIOS.values()}) == len(KNOWN_SCENARIOS)


@pytest.mark.parametrize("name", sorted(KNOWN_SCENARIOS))
def test_a_known_scenario_survives_its_json(name: str) -> None:
    scenario = KNOWN_SCENARIOS[name]
    assert Scenario.from_json(scenario.to_json()) == scenario


@pytest.mark.parametrize(
    ("transform", "field"),
    [
        ('{"solar_factor": -1}', "solar_factor"),
        ('{"price_factor": 2}', "price_factor"),
        ('{"load_factor": 99}', "load_factor"),
    ],
)
def test_a_transform_that_means_nothing_is_refused_by_its_fields_name(transform: str, field: str) -> None:
    with pytest.raises(InputError, match=field):
        Scenario.from_json(f'{{"name": "mine", "transform": {transform}}}')


def test_the_scenarios_page_has_a_row_for_each_that_says_what_it_assumes() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "scenarios.md").read_text().split("\n## ")[0]
    rows = {line.split("|")[1].strip(" `"): line for line in page.splitlines() if line.startswith("| `")}
    assert set(rows) == set(KNOWN_SCENARIOS)
    assert all(len(row.split("|")[3].strip()) > 5 for row in rows.values()), "with a source, or the word assumption"
