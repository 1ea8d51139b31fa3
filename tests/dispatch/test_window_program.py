"""The window program against what sorting by margin gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpp_core.dispatch.window_program import WindowProgram
from vpp_core.market.segments import Layout

LAYOUT = Layout(home_of_car=np.array([0, 2]), aggregation_of_home=np.array([0, 0, 1]))
PROGRAM = WindowProgram(LAYOUT, 6.0)


def knapsack(margin: np.ndarray, quantity: np.ndarray, most: float) -> float:
    """Value of filling one sum by falling margin: exact for a fractional knapsack."""
    value, left = 0.0, most
    for k in np.argsort(-margin):
        if margin[k] <= 0:
            break
        taken = min(quantity[k], left)
        value, left = value + margin[k] * taken, left - taken
    return value


@settings(max_examples=60)
@given(st.integers(0, 100_000), st.sampled_from([0.0, 1.0, 10.0]))
def test_the_program_finds_what_sorting_finds_in_every_book(seed: int, ties: float) -> None:
    rng = np.random.default_rng(seed)
    margin = rng.normal(0.02, 0.05, len(LAYOUT))
    margin = np.round(margin * ties) / ties if ties else margin
    quantity = np.where(rng.random(len(LAYOUT)) < 0.3, 0.0, rng.uniform(0, 5, len(LAYOUT)))
    solution = PROGRAM.solve(margin, quantity)
    assert not solution.failed
    assert (solution.quantity_kw >= 0).all()
    assert (solution.quantity_kw <= quantity + 1e-9).all()
    best = sum(
        knapsack(margin[LAYOUT.book == book], quantity[LAYOUT.book == book], 6.0) for book in range(LAYOUT.books)
    )
    assert margin @ solution.quantity_kw == pytest.approx(best, abs=1e-6)


def test_a_solver_that_fails_holds_nothing_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    program = WindowProgram(LAYOUT, 6.0)

    def fail(**_: object) -> None:
        raise program._cp.error.SolverError("no licence for Sundays")

    monkeypatch.setattr(program._problem, "solve", fail)
    solution = program.solve(np.ones(len(LAYOUT)), np.ones(len(LAYOUT)))
    assert solution.failed
    assert solution.quantity_kw.sum() == 0
