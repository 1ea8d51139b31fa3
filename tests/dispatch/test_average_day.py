"""What homes expect of a day, kept up to date, against the average of all that was seen."""

from __future__ import annotations

import numpy as np
import pytest
from vpp_core.dispatch.average_day import AverageDay

from vpp_core.market.inputs import SLOTS

DAY = np.arange(SLOTS)


@pytest.mark.parametrize("length", [1, 2, 4])
@pytest.mark.parametrize(
    "slots",
    [np.tile(DAY, 3), np.concatenate([DAY[:8], DAY[4:], DAY]), np.concatenate([DAY[:8], DAY[12:], DAY])],
    ids=["three days", "an hour twice", "an hour left out"],
)
def test_the_average_day_is_that_of_all_days_and_what_was_not_seen_is_the_average_of_the_rest(
    length: int, slots: np.ndarray
) -> None:
    rng = np.random.default_rng(0)
    homes = 3
    day = AverageDay(homes, length)
    total, days = np.zeros((SLOTS, homes)), np.zeros(SLOTS)
    for first in range(0, len(slots), length):
        for slot in slots[first : first + length]:
            surplus = rng.normal(size=homes)
            day.add(int(slot), surplus)
            total[slot] += surplus
            days[slot] += 1
        average = total / np.maximum(days, 1)[:, None]
        average[days == 0] = average[days > 0].mean(axis=0)
        ahead = (slots[first] + np.arange(length, 140)) % SLOTS
        expected = average[ahead[: len(ahead) // length * length]].reshape(-1, length, homes).mean(axis=1)
        assert day.expected_kw(ahead[::length][: len(expected)]) == pytest.approx(expected, abs=1e-12)
