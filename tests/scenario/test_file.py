"""A scenario as a file that people write: what is refused, and how it is said."""

from __future__ import annotations

import pytest

from vpp_core.errors import InputError
from vpp_core.scenario import Scenario


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
    ],
)
def test_a_wrong_file_is_refused_naming_file_and_field(text: str, said: str) -> None:
    with pytest.raises(InputError, match=r"^mine\.json is not a valid scenario: ") as refused:
        Scenario.from_json(text, "mine.json")
    assert said in str(refused.value)
    assert len(str(refused.value)) < 300
