"""The sweeps of the bound's interior-point method that are written out, held to the plain ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpp_core.dispatch.bound import sweeps
from vpp_core.dispatch.bound.staged import WRITTEN_OUT, Blocks, triangle

INTERVALS = 12


@st.composite
def blocks(draw: st.DrawFn) -> tuple[Blocks, int]:
    """Blocks of one to three stocks, some handed on in some intervals, with and without headroom as the last."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    stocks = draw(st.integers(1, WRITTEN_OUT))
    headroom = stocks - 1 if stocks > 1 and draw(st.booleans()) else -1
    rows, spread = (WRITTEN_OUT, INTERVALS), draw(st.sampled_from([0.0, 3.0, 8.0]))
    there = np.arange(WRITTEN_OUT)[:, None] < stocks
    left = there * 10.0 ** rng.uniform(-spread, spread, rows)
    passed = np.asarray(there * (rng.random(rows) < 0.8), dtype=float)
    between = np.zeros(INTERVALS)
    if headroom >= 0:
        passed[headroom] = 0.0
        between = rng.uniform(-0.9, 0.9, INTERVALS) * np.sqrt(left[0] * left[headroom])
    apart = np.zeros((triangle(WRITTEN_OUT), INTERVALS))
    for t in range(INTERVALS):
        effects = there * rng.normal(size=(WRITTEN_OUT, draw(st.integers(0, 3))))
        apart[:, t] = (effects @ effects.T)[np.tril_indices(WRITTEN_OUT)]
    row = np.zeros(INTERVALS)
    return Blocks(
        acts=np.ones((1, 1), dtype=bool), meter=row, rhs=np.zeros(rows), sustain=row, weight=row, mean=np.zeros(rows),
        apart=apart, inverse=np.zeros_like(apart), left=left, between=between, passed=passed, per_p=row,
        of_energy=row, of_held=row,
    ), headroom  # fmt: skip


@settings(max_examples=200)
@given(blocks(), st.integers(0, 2**32 - 1))
def test_sweeps_written_out_say_what_the_plain_ones_say(drawn: tuple[Blocks, int], seed: int) -> None:
    b, headroom = drawn
    right = np.random.default_rng(seed).normal(size=b.left.shape) * (b.left > 0.0)
    found = []
    for factor, ahead, back in (
        (sweeps.factor_three, sweeps.three_ahead, sweeps.three_back),
        (sweeps.factor_any, sweeps.any_ahead, sweeps.any_back),
    ):
        own = b._replace(inverse=np.zeros_like(b.inverse))
        factor(own, headroom)
        swept = right.copy()
        ahead(own, headroom, swept)
        forward = swept.copy()
        back(own, headroom, swept)
        found.append((own.inverse, forward, swept))
    for written_out, plain in zip(*found, strict=True):
        size = max(float(np.abs(plain).max()), 1.0)
        assert written_out == pytest.approx(plain, rel=1e-6, abs=1e-9 * size)


def test_the_sweeps_solve_the_chain_as_a_dense_matrix_does() -> None:
    rng = np.random.default_rng(3)
    left = rng.uniform(0.5, 2.0, (WRITTEN_OUT, 5))
    effects = rng.normal(size=(5, WRITTEN_OUT, 4))
    apart = np.array([(e @ e.T)[np.tril_indices(WRITTEN_OUT)] for e in effects]).T
    passed = np.ones_like(left)
    passed[:, -1] = 0.0
    row = np.zeros(5)
    b = Blocks(
        acts=np.ones((1, 1), dtype=bool), meter=row, rhs=left, sustain=row, weight=row, mean=left,
        apart=np.ascontiguousarray(apart), inverse=np.zeros_like(apart, order="C"), left=left, between=row,
        passed=passed, per_p=row, of_energy=row, of_held=row,
    )  # fmt: skip
    # A Θ Aᵀ of e_t − e_(t−1) = Σ effects: tridiagonal blocks.
    size = WRITTEN_OUT
    dense = np.zeros((5 * size, 5 * size))
    for t in range(5):
        here = slice(t * size, (t + 1) * size)
        dense[here, here] += effects[t] @ effects[t].T + np.diag(left[:, t])
        if t:
            before = slice((t - 1) * size, t * size)
            dense[here, here] += np.diag(left[:, t - 1])
            dense[here, before] = dense[before, here] = -np.diag(left[:, t - 1])
    right = rng.normal(size=left.shape)
    swept = right.copy()
    sweeps.factor_three(b, -1)
    sweeps.three_ahead(b, -1, swept)
    sweeps.three_back(b, -1, swept)
    assert swept.T.ravel() == pytest.approx(np.linalg.solve(dense, right.T.ravel()), rel=1e-10)
