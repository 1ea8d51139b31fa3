"""Fields are told in words with their units, nested ones and those of lists too."""

import pytest

from vpp_core.fleet.field_words import field_words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("homes", "homes"),
        ("adoption_share.two_evs", "adoption share: two EVs"),
        ("evs.1.capacity_kwh", "EV 2: capacity [kWh]"),
        ("preferences.min_compensation_usd_per_kwh.median", "preferences: minimum compensation: median [$/kWh]"),
        ("water_heater.draw_kwh_per_day.p90", "water heater: draw: 90 % quantile [kWh a day]"),
    ],
)
def test_a_field_is_told_in_words_with_its_unit_last(name: str, words: str) -> None:
    assert field_words(name) == words
