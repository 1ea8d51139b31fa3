"""A scenario as a file that people write: what is refused, and how it is said."""

from __future__ import annotations

import json
import re

import pytest

from vpp_core.errors import LONGEST_SENTENCE, InputError
from vpp_core.scenario import Scenario, forms


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"homes": 50, "seed": 1, "homes": 500}', "homes is there twice"),
        ('{"market": {"window_minutes": 30, "window_minutes": 60}}', "window_minutes is there twice"),
        ('{"homes": NaN}', "homes"),
        ('{"preference_strictness": NaN}', "preference_strictness"),
        ('{"preference_strictness": 1e400}', "preference_strictness"),
        ('{"homes": 1e30}', "homes"),
        ('{"homes": "many"}', "homes"),
        ('{"hmoes": 5}', "hmoes"),
        ('{"node": ""}', "node"),
        ('{"node": "../../etc"}', "node"),
        ('{"node": "two words"}', "node"),
        ("name: reference", "JSON"),
        ("\t{}{}", "JSON"),
        ("", "JSON"),
        ("[" * 100_000, "JSON"),
        ("null", "object"),
        ('{"iso": ["caiso"]}', "iso: it should be text"),
        ('{"water_heater_share": 0.3, "appliance_shares": [1]}', "appliance_shares: it should be an object, in braces"),
        ('{"appliance_shares": {"water_heater": true}}', "appliance_shares: true and false are no values of it"),
        ('{"negotiation": {"home_tactics": {"linear": true}}}', "home_tactics: true and false are no values of it"),
        ('{"strategies": "negotiated"}', "strategies: it should be a list, in square brackets"),
        ('{"strategies": []}', "strategies: it holds too few entries"),
        ('{"tariff": {"import_usd_per_kwh": []}}', "give 1 (flat), 24 (by local hour), 576 (12 months"),
        ('{"homes": true}', "homes: true and false are no values of it"),
        ('{"preference_strictness": false}', "preference_strictness"),
        ('{"tariff": {"import_usd_per_kwh": [true]}}', "tariffs.0.import_usd_per_kwh"),
        ('{"market": {"window_minutes": true}}', "market.window_minutes"),
        ('{"tariff": {"export_usd_per_kwh": [1e999]}}', "too large"),
        ('{"' + "x" * 5000 + '": 1}', "no such field in this version"),
        (json.dumps({f"field_{k}": k for k in range(500)}), "and 497 more"),
        ('{"description": "one\\nline"}', "description: the character U+000A"),
        ('{"description": "\\u001b[31mred"}', "description: the character U+001B"),
        ('{"description": "\\u202egnp.exe"}', "description: the character U+202E"),
    ],
)
def test_a_wrong_file_is_refused_naming_file_and_field(text: str, said: str) -> None:
    with pytest.raises(InputError, match=r"^mine\.json is not a valid scenario: ") as refused:
        Scenario.from_json(text, "mine.json")
    assert said in str(refused.value)
    assert len(str(refused.value)) <= LONGEST_SENTENCE


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"node": "two words"}, "node: it should be a node such as DLAP_SCE-APND"),
        (
            {"negotiation": {"llm": {"model": "gemini"}}},
            "negotiation.llm.model: it should be provider:model, such as google_genai:gemini-3.5-flash-lite",
        ),
        ({"negotiation": {"mechanism": "Auction!"}}, "negotiation.mechanism: it should be a key such as posted_price"),
        ({"tariffs": [{"name": "My Own"}]}, "tariffs.0.name: it should be a name such as summer_rate"),
    ],
)
def test_a_name_of_another_form_is_refused_in_words_with_an_example(given: dict, said: str) -> None:
    with pytest.raises(InputError) as refused:
        Scenario.from_json(json.dumps(given), "mine.json")
    assert said in str(refused.value) and "^" not in str(refused.value) and "…" not in str(refused.value)


def test_every_form_that_a_scenario_asks_for_has_its_words_and_its_example_is_of_that_form() -> None:
    schema = json.dumps(Scenario.model_json_schema())
    patterns = {json.loads(found) for found in re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', schema)}
    assert patterns == set(forms.IN_WORDS)
    for pattern, words in forms.IN_WORDS.items():
        (example,) = re.findall(r"such as ([^\s,]+),", words)
        assert re.fullmatch(pattern, example), words


def test_a_file_that_windows_saved_is_read_with_its_byte_order_mark() -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        assert Scenario.from_json('{"homes": 50}'.encode(encoding)) == Scenario(homes=50)


def test_a_file_of_a_version_with_fewer_fields_is_read_and_the_rest_is_as_the_default() -> None:
    old = {"name": "mine", "homes": 50, "market": {"window_minutes": 60, "gate_closure_minutes": 75}}
    assert Scenario.from_json(json.dumps(old)) == Scenario(name="mine", homes=50)


def test_true_and_false_are_read_where_they_are_the_value() -> None:
    assert not Scenario.from_json('{"market": {"reserves": false}}').market.reserves
