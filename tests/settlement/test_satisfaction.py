"""The satisfaction scorer."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_core.settlement import satisfaction as score


def test_compensation_is_half_at_the_minimum_one_at_the_ask_and_nothing_at_nothing() -> None:
    paid = np.array([0.0, 0.05, 0.10, 0.15, 0.20, 0.40])
    assert score.compensation_score(paid, 0.10, 0.20) == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0, 1.0])


@pytest.mark.parametrize("ask", [0.10, 0.20])
def test_compensation_does_not_apply_where_nothing_was_owed(ask: float) -> None:
    assert np.isnan(score.compensation_score(np.array([np.nan]), 0.10, ask)).all()


def test_discharge_falls_from_the_limit_to_twice_the_limit() -> None:
    assert score.discharge_score(np.array([0.0, 4.0, 6.0, 8.0, 9.0]), 4.0) == pytest.approx([1, 1, 0.5, 0, 0])
    assert np.isnan(score.discharge_score(1.0, 0.0))


def test_backup_is_what_is_stored_of_what_was_to_be_kept() -> None:
    assert score.backup_score(np.array([0.0, 2.0, 5.0]), 4.0) == pytest.approx([0, 0.5, 1])
    assert np.isnan(score.backup_score(1.0, 0.0))


def test_autonomy_counts_what_was_moved_beyond_the_offer() -> None:
    assert score.autonomy_score(np.array([0.0, 2.0, 9.0]), 4.0) == pytest.approx([1, 0.5, 0])
    assert score.autonomy_score(1.0, 0.0) == 0
    assert score.autonomy_score(0.0, 0.0) == 1


def test_the_bill_component_falls_with_the_loss() -> None:
    assert score.bill_score(np.array([3.0, 0.0, -1.0, -9.0]), 2.0) == pytest.approx([1, 1, 0.5, 0])


def test_what_does_not_apply_has_no_weight() -> None:
    components = {name: np.array([np.nan, np.nan]) for name in score.COMPONENTS}
    components["backup"] = np.array([1.0, np.nan])
    components["bill"] = np.array([0.5, np.nan])
    mean = score.satisfaction(components)
    assert mean[0] == pytest.approx(0.75)
    assert np.isnan(mean[1])


def test_weights_weigh() -> None:
    components = {name: np.array([0.0]) for name in score.COMPONENTS}
    components["bill"] = np.array([1.0])
    weights = {name: np.array([1.0]) for name in score.COMPONENTS} | {"bill": np.array([5.0])}
    assert score.satisfaction(components, weights) == pytest.approx([0.5])
