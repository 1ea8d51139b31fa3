"""Scenarios that differ in a few fields: named apart, changed in nothing else; sweeps hold the base's own value."""

from __future__ import annotations

import pytest

from vpp_core.errors import InputError
from vpp_core.scenario import NegotiationRules, Scenario, Tariff
from vpp_core.scenario.retail import RETAIL_TARIFFS
from vpp_core.scenario.variation import SWEEPS, ChoiceSweep, variation

BASE = Scenario(tariffs=(RETAIL_TARIFFS["flat"].tariff,))
TIME_OF_USE = RETAIL_TARIFFS["time_of_use"].tariff
TARIFFS = {part.varied for part in SWEEPS["tariff"]}
CHOICES = {part.varied for parts in SWEEPS.values() for part in parts if isinstance(part, ChoiceSweep)}
PARTS = [pytest.param(part, id=part.varied) for parts in SWEEPS.values() for part in parts]


def test_a_nested_field_is_changed_and_nothing_else() -> None:
    varied = variation(BASE, {"negotiation.satisfaction_weight_usd": ("lambda0_5", 0.5)})
    assert varied.name == "reference-lambda0_5"
    assert varied.negotiation.satisfaction_weight_usd == 0.5
    same = varied.model_copy(
        update={"name": BASE.name, "description": BASE.description, "negotiation": BASE.negotiation}
    )
    assert same == BASE


def test_what_changes_nothing_is_the_base_itself() -> None:
    given = {
        "seed": ("s42", 42),
        "market.window_minutes": ("w", 60),
    }
    assert variation(BASE, given) is BASE


def test_a_value_that_its_field_does_not_take_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="preference_strictness"):
        variation(BASE, {"preference_strictness": ("strict-1", -1.0)})


@pytest.mark.parametrize("part", PARTS)
def test_a_sweep_has_the_base_among_its_members_and_no_two_of_a_name(part) -> None:
    members = list(part.scenarios(BASE))
    assert BASE in [scenario for _, scenario in members]
    assert len({scenario.name for _, scenario in members}) == len(members)
    assert len({scenario.fingerprint() for _, scenario in members}) == len(members)
    assert len({scenario for _, scenario in members}) == len(members), "a study keeps one of each"
    assert [value for value, _ in members] == sorted({value for value, _ in members})


@pytest.mark.parametrize("part", [part for part in PARTS if part.id not in (*TARIFFS, *CHOICES)])
def test_a_member_has_the_value_that_its_row_will_say(part) -> None:
    for value, scenario in part.scenarios(BASE):
        held = scenario
        for field in part.path.split("."):
            held = getattr(held, field)
        assert held in (value, (value,))


@pytest.mark.parametrize("part", [part for part in PARTS if part.id in CHOICES])
def test_a_member_of_named_choices_has_what_its_name_says(part) -> None:
    """Its value is the choice's place."""
    for value, scenario in part.scenarios(BASE):
        choice = part.choices[int(value)]
        assert part.name_of(value) == choice.name
        for path, (_, wanted) in choice.changes.items():
            held = scenario
            for field in path.split("."):
                held = getattr(held, field)
            assert held == wanted


def test_the_concession_sweep_varies_every_number_that_the_rules_of_bargaining_hold() -> None:
    numbers = {name for name, value in NegotiationRules() if isinstance(value, int | float)}
    assert {part.path for part in SWEEPS["concession"]} == {f"negotiation.{name}" for name in numbers}


def test_a_base_with_a_table_by_hour_has_no_flat_price_to_join() -> None:
    base = BASE.model_copy(update={"tariffs": (TIME_OF_USE,)})
    flat = next(part for part in SWEEPS["tariff"] if part.varied == "import_usd_per_kwh")
    members = list(flat.scenarios(base))
    assert [value for value, _ in members] == list(flat.values)
    assert all(scenario.tariffs[0].import_usd_per_kwh == (value,) for value, scenario in members)


def test_flat_prices_replace_a_mix_of_tariffs_for_all_homes() -> None:
    half = [tariff.model_copy(update={"share": 0.5}) for tariff in (Tariff(), TIME_OF_USE)]
    base = BASE.model_copy(update={"tariffs": tuple(half)})
    flat = next(part for part in SWEEPS["tariff"] if part.varied == "export_usd_per_kwh")
    for value, scenario in flat.scenarios(base):
        assert [(t.share, t.export_usd_per_kwh) for t in scenario.tariffs] == [(1.0, (value,))]


def test_a_usual_home_pays_about_as_much_by_the_table_as_flat() -> None:
    evening_share = 0.28  # of a Californian home's use from 16 to 21 h
    mean = evening_share * max(TIME_OF_USE.import_usd_per_kwh) + (1 - evening_share) * min(
        TIME_OF_USE.import_usd_per_kwh
    )
    assert mean == pytest.approx(Tariff().import_usd_per_kwh[0], abs=0.01)
