"""Baselines worked out by hand: homes whose days follow a pattern."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_core.calendar import Period
from vpp_core.programmes.baselines import METHODS, control_baseline_kw, own_baseline_kw

PERIOD = Period.of("2023-08", 18)
"""Friday 18 August is the last day."""
OWN = [method for method in METHODS if method != "control_group"]


def event_on(day: int, *hours: int) -> np.ndarray:
    """Whether an event is on, (T,)."""
    return (PERIOD.day_of_interval == day - 1) & np.isin(PERIOD.local.hour, hours)


def load_by_day(loads: list[float]) -> np.ndarray:
    """Injection (T, 1) of a home that draws so many kW all day."""
    return -np.array(loads)[PERIOD.day_of_interval][:, None]


@pytest.mark.parametrize("method", OWN)
def test_a_home_that_is_alike_every_day_is_expected_to_be_so(method: str) -> None:
    load = np.sin(np.arange(96) / 15)[PERIOD.slot_of_interval][:, None] - [[3.0, 4.0]]
    called = event_on(18, 18, 19)
    expected = own_baseline_kw(method, load, called, PERIOD)
    assert expected[called] == pytest.approx(load[called])
    assert np.isnan(expected[~called]).all()


def test_ten_earlier_weekdays_without_event_count_and_of_five_in_ten_the_highest() -> None:
    """Weekdays before 18 August: 17, 16, … 4 (10 days without the event of the 15th: back to the 3rd)."""
    loads = [float(day) for day in range(1, 19)]
    called = event_on(18, 18, 19) | event_on(15, 18, 19)
    looked_at = [17, 16, 14, 11, 10, 9, 8, 7, 4, 3]
    ten = own_baseline_kw("10_in_10", load_by_day(loads), called, PERIOD)[event_on(18, 18)]
    assert -ten == pytest.approx(np.mean(looked_at))
    five = own_baseline_kw("5_in_10", load_by_day(loads), called, PERIOD)[event_on(18, 18)]
    assert -five == pytest.approx(np.mean(looked_at[:5]))


def test_a_weekend_looks_at_weekends_and_the_first_days_at_what_there_is() -> None:
    loads = [float(day) for day in range(1, 19)]
    called = event_on(13, 18) | event_on(5, 18) | event_on(1, 18)
    expected = -own_baseline_kw("10_in_10", load_by_day(loads), called, PERIOD)
    assert expected[event_on(13, 18)] == pytest.approx((6 + 12) / 2), "Sunday: the 5th had an event itself"
    assert expected[event_on(5, 18)] == pytest.approx((2 + 3 + 4) / 3), "the first Saturday has weekdays before it"
    assert expected[event_on(1, 18)] == pytest.approx(np.mean([2, 3, 4, 7, 8, 9, 10, 11, 14, 15])), "days after it"
    always = np.isin(PERIOD.local.hour, [18])
    assert np.isnan(own_baseline_kw("10_in_10", load_by_day(loads), always, PERIOD)).all()


@pytest.mark.parametrize(
    ("method", "today", "expected"),
    [
        ("10_in_10_adjusted", 2.2, 2.2),
        ("10_in_10_adjusted", 5.0, 2.4),
        ("5_in_10_adjusted", 5.0, 2.8),
        ("5_in_10_adjusted", 0.0, 1.2),
        ("10_in_10", 5.0, 2.0),
    ],
)
def test_what_the_day_showed_before_scales_within_its_limits(method: str, today: float, expected: float) -> None:
    loads = [2.0] * 17 + [today]
    called = event_on(18, 18)
    assert -own_baseline_kw(method, load_by_day(loads), called, PERIOD)[called] == pytest.approx(expected)


def test_the_hour_before_an_event_scales_nothing() -> None:
    load = load_by_day([2.0] * 18)
    load[event_on(18, 17)] = -50.0
    called = event_on(18, 18)
    assert -own_baseline_kw("10_in_10_adjusted", load, called, PERIOD)[called] == pytest.approx(2.0)


def test_a_battery_that_exports_every_evening_eats_its_own_baseline() -> None:
    """5 kW out on every day leave nothing to show at an event, whatever the method but the control group."""
    injection = -load_by_day([5.0] * 18)
    called = event_on(18, 18, 19)
    for method in OWN:
        assert own_baseline_kw(method, injection, called, PERIOD)[called] == pytest.approx(5.0), method


def test_the_control_group_is_others_alike_else_all_others() -> None:
    alone = np.array([[1.0, 2.0, 6.0, 9.0]])
    alike, group = np.array([0, 0, 0, 1]), np.array([True, True, False, True])
    assert control_baseline_kw(alone, alike, group) == pytest.approx(np.array([[2.0, 1.0, 1.5, 1.5]]))
    assert np.isnan(control_baseline_kw(alone[:, :1], alike[:1], group[:1])).all(), "nobody else"
