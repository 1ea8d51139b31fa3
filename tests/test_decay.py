"""Decaying sums, held to SciPy's filter, and to what they are."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from vpp_core.decay import decaying_sum


@given(
    st.sampled_from([(1,), (40,), (1, 5), (7, 40), (2, 3, 12)]),
    st.sampled_from([np.float32, np.float64]),
    st.floats(0.0, 0.999),
    st.integers(0, 2**32 - 1),
)
def test_they_are_to_the_bit_what_a_filter_of_one_coefficient_gives(
    shape: tuple[int, ...], dtype: type[np.floating], keep: float, seed: int
) -> None:
    values = np.random.default_rng(seed).normal(size=shape).astype(dtype)
    given_before = values.copy()
    found = decaying_sum(values, keep)
    assert found.dtype == dtype and np.array_equal(values, given_before)
    assert np.array_equal(found, lfilter(np.ones(1, dtype), np.array([1.0, -keep], dtype), values))


def test_what_was_there_before_decays_as_well() -> None:
    assert decaying_sum(np.array([1.0, 0.0, 2.0]), 0.5, before=4.0).tolist() == [3.0, 1.5, 2.75]
    rows = np.array([[1.0, 0.0], [0.0, 0.0]])
    assert decaying_sum(rows, 0.5, before=4.0).tolist() == [[3.0, 1.5], [2.0, 1.0]]
    assert decaying_sum(np.empty(0), 0.5).shape == (0,)
