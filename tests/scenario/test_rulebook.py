"""Dated rules: today's for every month unless a scenario asks for the month's own; what was set is kept."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from tests.invented import invented_inputs
from vpp_core.calendar import Month
from vpp_core.errors import InputError
from vpp_core.iso import CAISO, DatedRules
from vpp_core.scenario import KNOWN_SCENARIOS, MarketRules, Scenario
from vpp_core.scenario.market_rules import DATED_FIELDS, TODAY
from vpp_core.simulation import run
from vpp_core.strategies.centralized import Centralized

AUGUST_2023, JULY_2025 = Month.parse("2023-08"), Month.parse("2025-07")
HISTORICAL = KNOWN_SCENARIOS["historical_rules"]
ROOT = Path(__file__).parents[2]


def test_under_historical_rules_august_2023_asks_for_half_a_megawatt_and_july_2025_for_a_fifth_of_it() -> None:
    assert HISTORICAL.in_month(AUGUST_2023).market.minimum_bid_mw == 0.5
    assert HISTORICAL.in_month(JULY_2025).market.minimum_bid_mw == 0.1


@pytest.mark.parametrize(("month", "minimum"), [("2016-07", 0.5), ("2023-12", 0.5), ("2024-01", 0.1)])
def test_a_rule_holds_from_its_day_on(month: str, minimum: float) -> None:
    assert HISTORICAL.in_month(Month.parse(month)).market.minimum_bid_mw == minimum


@pytest.mark.parametrize("month", ["2012-01", "2016-06"])
def test_a_month_before_the_first_rule_is_refused_under_historical_rules_alone(month: str) -> None:
    with pytest.raises(InputError, match=f"{month} is before 2016-06-03"):
        HISTORICAL.in_month(Month.parse(month))
    assert Scenario().in_month(Month.parse(month)) == Scenario()


def test_todays_rules_are_the_default_for_every_month() -> None:
    assert {name: getattr(MarketRules(), name) for name in DATED_FIELDS} == {
        name: getattr(TODAY, name) for name in DATED_FIELDS
    }
    assert Scenario().in_month(AUGUST_2023) == Scenario()


def test_a_field_set_by_hand_is_kept_and_a_second_time_changes_nothing() -> None:
    small = HISTORICAL.model_copy(update={"market": MarketRules(rulebook="historical", minimum_bid_mw=0.0)})
    assert small.in_month(AUGUST_2023).market.minimum_bid_mw == 0.0
    once = HISTORICAL.in_month(AUGUST_2023)
    assert once.in_month(AUGUST_2023) == once


def test_rules_of_the_month_that_contradict_what_was_set_are_refused_by_name() -> None:
    narrow = HISTORICAL.model_copy(update={"market": MarketRules(rulebook="historical", maximum_bid_mw=0.3)})
    with pytest.raises(InputError, match=r"minimum_bid_mw 0\.5 is above maximum_bid_mw 0\.3"):
        narrow.in_month(AUGUST_2023)


def test_the_book_is_in_order_dated_and_sourced_and_holds_the_fields_of_the_rules() -> None:
    dates = [rules.effective_from for rules in CAISO.rulebook]
    assert dates == sorted(set(dates))
    assert {field.name for field in dataclasses.fields(DatedRules)} == {"effective_from", "source", *DATED_FIELDS}
    assert all(re.search(r"FERC|assumption|Assumption", dated.source) for dated in CAISO.rulebook)


def test_the_rules_a_run_plays_by_are_those_of_its_month() -> None:
    def minimum(month: str) -> float:
        inputs = invented_inputs(homes=2, days=1, month=month, minimum_bid_mw=0.1, rulebook="historical")
        return inputs.scenario.market.minimum_bid_mw

    assert minimum("2023-08") == 0.5
    assert minimum("2025-07") == 0.1


def test_half_a_megawatt_silences_a_fleet_that_bids_today() -> None:
    def sold_kw(rulebook: str) -> float:
        inputs = invented_inputs(
            homes=60, days=1, month="2023-08", minimum_bid_mw=0.1, fleet_share=1.0, rulebook=rulebook
        )
        _, bids, _ = run(inputs, Centralized(), None)
        return sum(float(bid.curve.sell_total_kw.sum() + bid.curve.buy_total_kw.sum()) for bid in bids)

    assert sold_kw("today") > 0
    assert sold_kw("historical") == 0


WITHOUT_RULES = (".period(", ".fingerprint(", ".to_json(")
"""What a scenario says of itself whichever rules hold in a month."""


def test_the_pipeline_hands_on_a_scenario_only_with_the_rules_of_its_month() -> None:
    files = sorted((ROOT / "vpp_pipeline").rglob("*.py"))
    # The database lists scenarios as they were described; nothing is computed with them there.
    files = [file for file in files if file.name != "database.py"]
    calls = {
        f"{file.name}: {match[0]}": match[2]
        for file in files
        for match in re.finditer(r"(\S*)lake\.scenario\([^)]*\)(\S*)", file.read_text())
        if match[1] != "variation("  # a scenario is made from it, and is run as any other
    }
    assert any(after.startswith(".in_month(") for after in calls.values())
    loose = [call for call, after in calls.items() if not after.startswith((".in_month(", *WITHOUT_RULES))]
    assert not loose
