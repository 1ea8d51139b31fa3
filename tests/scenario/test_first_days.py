"""A scenario of a month's first days is shared by months of 28 to 31 days."""

from __future__ import annotations

import pytest

from vpp_core.calendar import Month
from vpp_core.errors import InputError
from vpp_core.scenario import Scenario

FEBRUARY, APRIL, AUGUST = map(Month.parse, ("2023-02", "2023-04", "2023-08"))


def test_more_days_than_any_month_has_are_refused_in_a_sentence() -> None:
    with pytest.raises(InputError, match=r"^mine\.json is not a valid scenario: first_days: .* 31$"):
        Scenario.from_json('{"first_days": 32}', "mine.json")


@pytest.mark.parametrize(("month", "days"), [(FEBRUARY, 28), (FEBRUARY, 31), (APRIL, 30), (AUGUST, 31)])
def test_all_the_days_that_a_month_has_are_the_whole_month_and_told_as_such(month: Month, days: int) -> None:
    first = Scenario(first_days=days)
    there = first.in_month(month)
    assert there == Scenario().in_month(month) and there.days_in_words == ""
    assert there.period(month).timestamps.equals(first.period(month).timestamps)


@pytest.mark.parametrize(("month", "days"), [(FEBRUARY, 27), (APRIL, 29), (AUGUST, 30)])
def test_fewer_days_than_a_month_has_stay_its_first(month: Month, days: int) -> None:
    assert Scenario(first_days=days).in_month(month).first_days == days
