"""In how few windows the money is made, on sums that can be done in the head."""

import numpy as np
import pytest

from vpp_core.results.concentration import best_first, concentration_sentence, windows_for
from vpp_core.results.figures import concentration_figure


@pytest.mark.parametrize(
    ("surplus", "count"),
    [
        ([10.0] * 10, 9),
        ([91.0, 9.0, 0.0, 0.0], 1),
        ([89.0, 9.0, 2.0, 0.0], 2),
        ([150.0, 10.0, -60.0], 1),
        ([60.0, 40.0, 20.0, -20.0], 2),
        ([1.0], 1),
    ],
)
def test_the_best_windows_are_counted_until_they_bring_ninety_per_cent(surplus, count):
    assert windows_for(np.array(surplus)[::-1]) == count


@pytest.mark.parametrize("surplus", [[0.0, 0.0], [5.0, -6.0], []])
def test_where_nothing_was_earned_there_is_nothing_to_count(surplus):
    assert windows_for(np.array(surplus)) is None


def test_the_best_windows_can_bring_more_than_the_month():
    assert best_first(np.array([-60.0, 150.0, 10.0])) == pytest.approx([1.5, 1.6, 1.0])


def test_the_sentence_counts_the_run_s_windows_and_is_silent_where_negotiation_lost(run_of):
    run = run_of(days=5)
    own = run.flat.windows[run.flat.windows["strategy"] == "negotiated"]["surplus_usd"]
    sentence = concentration_sentence(run)
    assert f"came in {windows_for(own.to_numpy())} of {len(own)} market windows" in sentence
    assert concentration_sentence(run_of({"no_vpp": 0.0, "negotiated": -15.0}, days=2)) == ""
    assert concentration_figure(run_of({"no_vpp": 0.0, "negotiated": -15.0}, days=2)) is None


def test_of_few_windows_the_best_one_is_named_and_not_a_hundredth(run_of):
    assert "; the best one brought" in concentration_sentence(run_of(days=1))
    assert "; the best 1 % of windows brought" in concentration_sentence(run_of(days=5))
