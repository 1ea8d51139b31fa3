"""The window program: its minimum, and merit order against CVXPY."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpp_core.dispatch import window_program
from vpp_core.dispatch.window_program import HIGHS, LARGE_FLEET_HOMES, MERIT_ORDER, WindowProgram, by_merit
from vpp_core.market.segments import Layout
from vpp_core.scenario import MarketRules, Scenario

STORES = 6
LAYOUT = Layout(np.arange(STORES), np.array([True, True, False, True, True, False]), np.array([0, 0, 0, 1, 1, 1]))
PROGRAMS = {minimum: WindowProgram(LAYOUT, minimum, large=False) for minimum in (0.0, 6.0, 14.0)}
Array = np.ndarray


def a_window(seed: int, ties: float) -> tuple[Array, Array]:
    """Random gains per kW (tied where `ties` rounds them), and quantities, some absent."""
    rng = np.random.default_rng(seed)
    gain = rng.normal(0.02, 0.05, len(LAYOUT))
    gain = np.round(gain * ties) / ties if ties else gain
    return gain, np.where(rng.random(len(LAYOUT)) < 0.3, 0.0, rng.uniform(0, 5, len(LAYOUT)))


def sums(quantity_kw: Array) -> Array:
    return np.bincount(LAYOUT.book, quantity_kw, LAYOUT.books)


@settings(max_examples=120)
@given(st.integers(0, 1_000_000), st.sampled_from([0.0, 20.0, 50.0]), st.sampled_from(list(PROGRAMS)))
def test_merit_order_finds_what_the_program_finds(seed: int, ties: float, minimum: float) -> None:
    gain, quantity = a_window(seed, ties)
    solved = PROGRAMS[minimum].solve(gain, quantity)
    large = WindowProgram(LAYOUT, minimum, large=True).solve(gain, quantity)
    assert solved.solver == HIGHS and large.solver == MERIT_ORDER and solved.failures == 0
    assert gain @ solved.quantity_kw == pytest.approx(gain @ large.quantity_kw, abs=1e-7)
    assert solved.gap_usd < 1e-7
    assert solved.below_minimum == large.below_minimum
    for found in (solved, large):
        held = sums(found.quantity_kw)
        assert (found.quantity_kw >= 0).all() and (found.quantity_kw <= quantity + 1e-7).all()
        assert ((held < 1e-6) | (held >= minimum - 1e-5)).all(), "too little for a bid"


def test_three_hundred_cases_have_books_that_the_minimum_holds_up_and_books_that_it_closes() -> None:
    raised = closed = 0
    for seed in range(60):
        gain, quantity = a_window(seed, 0.0)
        free, held = (WindowProgram(LAYOUT, minimum, large=True).solve(gain, quantity) for minimum in (0.0, 6.0))
        raised += int((sums(held.quantity_kw) > sums(free.quantity_kw) + 1e-9).sum())
        closed += int(((sums(free.quantity_kw) > 0) & (sums(held.quantity_kw) == 0)).sum())
    assert raised > 5 and closed > 5


def test_by_hand_a_losing_segment_is_taken_as_far_as_the_minimum_asks_where_the_whole_still_gains() -> None:
    gain, quantity = np.array([3.0, -1.0, -5.0]), np.array([6.0, 8.0, 8.0])
    share, closed = by_merit(gain, quantity, np.zeros(3, dtype=int), 1, 10.0)
    assert share.tolist() == [1.0, 0.5, 0.0] and not closed
    share, closed = by_merit(np.array([3.0, -7.0, -8.0]), quantity, np.zeros(3, dtype=int), 1, 10.0)
    assert share.tolist() == [0.0, 0.0, 0.0] and closed, "3 - 0.5 * 7 is a loss"
    share, closed = by_merit(gain, quantity, np.zeros(3, dtype=int), 1, 30.0)
    assert not share.any() and closed, "22 kW are offered"


def test_the_minimum_is_the_fleet_s_share_of_the_aggregation_s() -> None:
    quantity = np.zeros(len(LAYOUT))
    quantity[:3] = 4.0
    gain = np.ones(len(LAYOUT))
    for share, taken in ((0.1, 12.0), (0.13, 0.0)):
        program = WindowProgram.of(LAYOUT, Scenario(market=MarketRules(minimum_bid_mw=0.1, fleet_share=share)))
        assert program.solve(gain, quantity).quantity_kw.sum() == pytest.approx(taken), share


def test_what_v2g_gives_counts_with_what_is_sold() -> None:
    quantity = np.zeros(len(LAYOUT))
    quantity[LAYOUT.sell][0], quantity[LAYOUT.give][2] = 4.0, 4.0
    found = WindowProgram(LAYOUT, 8.0, large=False).solve(np.ones(len(LAYOUT)), quantity)
    assert found.quantity_kw.sum() == pytest.approx(8.0)


def test_a_large_fleet_is_solved_without_cvxpy_in_every_aggregation_and_nothing_offered_by_nobody() -> None:
    rules = MarketRules(minimum_bid_mw=0.0)
    gain, quantity = np.ones(len(LAYOUT)), np.full(len(LAYOUT), 2.0)
    for homes, solver in ((LARGE_FLEET_HOMES, HIGHS), (LARGE_FLEET_HOMES + 1, MERIT_ORDER)):
        program = WindowProgram.of(LAYOUT, Scenario(homes=homes, market=rules))
        assert program.solve(gain, quantity).solver == solver
        assert program.solve(gain, np.zeros(len(LAYOUT))).solver is None


def test_a_failed_solve_takes_nothing_and_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    program = WindowProgram(LAYOUT, 0.0, large=False)
    monkeypatch.setattr(window_program._Compiled, "solve", lambda *_: (None, "infeasible"))
    found = program.solve(*a_window(2, 0.0))
    assert (found.failures, found.status) == (1, "infeasible") and not found.quantity_kw.any()


def test_later_windows_numbers_are_put_where_cvxpy_would_write_them() -> None:
    """To the bit, with books of no segment, segments without a quantity, and a book held to a minimum."""
    rng, book = np.random.default_rng(0), np.array([0, 0, 3, 1, 1, 3, 0])
    one = window_program._Compiled(book)
    for window in range(6):
        quantity = rng.uniform(0.0, 5.0, len(book)) * (rng.random(len(book)) < 0.7)
        gain, offered = rng.normal(0.0, 1.0, len(book)) * quantity, np.bincount(book, quantity, 4)
        least = np.minimum(offered, 2.0) * (rng.random(4) < 0.5)
        by_cvxpy = window_program._Compiled(book)
        share, status = one.solve(gain, quantity, least, offered)
        other, same = by_cvxpy.solve(gain, quantity, least, offered)
        assert one._is_as_it_stands and status == same == "optimal"
        assert share is not None and other is not None and share.tobytes() == other.tobytes()
        numbers = (gain, quantity, least[one._books], offered[one._books])
        put_in, written = one._given_to_highs(*numbers)[0], by_cvxpy._problem.get_problem_data("HIGHS")[0]
        assert (put_in["A"] != written["A"]).nnz == 0 and put_in["A"].nnz == written["A"].nnz, window
        assert put_in["A"].data.tobytes() == written["A"].data.tobytes(), "signs of zeros too"
        for name in ("b", "c", "lower_bounds", "upper_bounds"):
            assert np.array_equal(put_in[name], written[name]), name


def test_runs_of_equal_books_share_a_compiled_program_and_few_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_program, "_kept", threading.local())
    books = [np.arange(k + 1) for k in range(window_program.MOST_KEPT)]
    first = [window_program._compiled(book) for book in books]
    assert [window_program._compiled(book.copy()) for book in books] == first
    window_program._compiled(np.zeros(3, dtype=books[0].dtype))
    assert window_program._compiled(books[1]) is first[1] and window_program._compiled(books[0]) is not first[0]
