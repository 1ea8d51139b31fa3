"""What is known of cars, load and sun at a gate."""

from __future__ import annotations

import numpy as np
import pytest

from tests.invented import invented_inputs
from vpp_core.dispatch.knowledge import LATE_STAGES, ExactKnowledge, Knowledge, usually_available

WEEKDAY, WEEKEND = 0, 1


def seen(now: int, plugged: bool, leave: int = 30, back: int = 70, stages: int = 96) -> np.ndarray:
    """Whether a car is expected at home, from quarter hour `now` of a weekday on."""
    slot = (now + np.arange(stages)) % 96
    kind = np.zeros(stages, dtype=np.int64)
    there = np.zeros((stages, 1), dtype=bool)
    hours = [np.array([[value], [value]], dtype=np.int64) for value in (leave, back)]
    usually_available(slot, kind, kind, *hours, np.array([plugged]), there)
    return there[:, 0]


def test_a_car_at_home_leaves_and_comes_back_at_its_usual_times() -> None:
    there = seen(20, True)
    assert there[:10].all() and not there[10:50].any() and there[50:].all()


def test_one_that_has_not_left_at_its_usual_time_stays_until_it_would_be_back() -> None:
    assert seen(40, True)[:86].all()


def test_one_that_is_not_back_yet_is_expected_some_quarter_hours_later() -> None:
    there = seen(75, False)
    assert not there[:LATE_STAGES].any() and there[LATE_STAGES : 96 - 75 + 30].all()
    assert not seen(40, False)[:30].any() and seen(40, False)[30:40].all(), "one on the road comes at its usual time"


def test_a_night_worker_is_away_past_midnight() -> None:
    """Leaves at 21:00, back at 5:00."""
    there = seen(80, True, leave=84, back=116)
    assert there[:4].all() and not there[4:36].any() and there[36:].all()
    assert not seen(8, False, leave=84, back=116)[:12].any(), "at 2:00 he is expected at 5:00"
    assert seen(8, False, leave=84, back=116)[12]


def test_homes_know_their_sun_and_load_up_to_the_window_and_their_average_day_beyond() -> None:
    inputs = invented_inputs(homes=4, days=3, seed=3)
    known = Knowledge(inputs)
    t, until = 100, 108
    stages = known.at(t, 26, until)
    for k in range(until - t):
        assert np.array_equal(stages.net_generation[stages.net_row[k]], inputs.net_generation_kw[t + k])
    beyond = stages.net_generation[stages.net_row[40]]
    assert beyond == pytest.approx(inputs.net_generation_kw[44]), "of this quarter hour only one day has been seen"
    twice = stages.net_generation[stages.net_row[96]]
    assert twice == pytest.approx((inputs.net_generation_kw[4] + inputs.net_generation_kw[100]) / 2)


def test_it_reaches_a_day_and_a_half_ahead_and_exact_forecasts_are_what_comes() -> None:
    inputs = invented_inputs(homes=4, days=3, seed=3)
    for kind in (Knowledge, ExactKnowledge):
        stages = kind(inputs).at(20, 6, 28)
        assert len(stages.price) >= 36 * 4
    assert stages.price[:100, 1] == pytest.approx(inputs.lmp_usd_per_mwh[20:120] / 1000)
    assert np.array_equal(stages.available[stages.available_row[:100]], inputs.stores.available[20:120])
    assert np.array_equal(stages.net_generation[stages.net_row[:100]], inputs.net_generation_kw[20:120])
