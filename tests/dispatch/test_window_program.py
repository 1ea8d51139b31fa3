"""The window program, its minimum, and merit order against it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vpp_core.dispatch.aggregation import Answer, Window, aggregations_of
from vpp_core.dispatch.linear_program import LinearProgram
from vpp_core.dispatch.merit_order import MeritOrder

from vpp_core.dispatch import merit_order, window_program
from vpp_core.dispatch.offers import SharedLimits, shared_limits
from vpp_core.dispatch.window_program import WindowProgram
from vpp_core.market.segments import BOOKS, Layout

HOMES = 6
LAYOUT = Layout(home_of_car=np.array([0, 2, 5]), aggregation_of_home=np.array([0, 0, 0, 1, 1, 1]))
NO_SHARING = SharedLimits(*(np.zeros(HOMES) for _ in range(4)))
Array = np.ndarray


def a_window(seed: int, ties: float) -> tuple[Array, Array, SharedLimits]:
    """Random gains per kW (tied where `ties` rounds them), quantities and shared limits, some segments absent."""
    rng = np.random.default_rng(seed)
    margin = rng.normal(0.02, 0.05, len(LAYOUT))
    margin = np.round(margin * ties) / ties if ties else margin
    quantity = np.where(rng.random(len(LAYOUT)) < 0.2, 0.0, rng.uniform(0, 5, len(LAYOUT)))
    spare_kw, spare_kwh = rng.uniform(0.5, 5, HOMES), np.where(rng.random(HOMES) < 0.2, 0.0, rng.uniform(0, 8, HOMES))
    sustained_hours = rng.choice([0.5, 1.0, 2.0])
    quantity[LAYOUT.battery_sell] = np.minimum(quantity[LAYOUT.battery_sell], spare_kw)
    reserve = np.minimum(spare_kw, spare_kwh / sustained_hours)
    quantity[LAYOUT.battery_spin] = quantity[LAYOUT.battery_nonspin] = reserve
    if rng.random() < 0.2:
        quantity[LAYOUT.battery_nonspin] = 0.0
    shared = shared_limits(quantity[LAYOUT.battery_sell], reserve, spare_kw, spare_kwh, 1.0, sustained_hours)
    return margin, quantity, shared


def assert_feasible(share: Array, shared: SharedLimits) -> None:
    assert (share >= 0).all()
    assert (share <= 1 + 1e-9).all()
    sale, reserve = share[LAYOUT.battery_sell], share[LAYOUT.battery_spin] + share[LAYOUT.battery_nonspin]
    assert (shared.sale_power * sale + shared.reserve_power * reserve <= 1 + 1e-6).all(), "a kW is sold twice"
    assert (shared.sale_energy * sale + shared.reserve_energy * reserve <= 1 + 1e-6).all()


def held(quantity_kw: Array) -> Array:
    return np.bincount(LAYOUT.book, weights=quantity_kw, minlength=LAYOUT.books)


def shares_of(solution_kw: Array, quantity: Array) -> Array:
    return np.divide(solution_kw, quantity, out=np.zeros_like(quantity), where=quantity > 0)


PARTS = aggregations_of(LAYOUT, np.ones(HOMES, dtype=bool))
PROGRAMS = [LinearProgram(part) for part in PARTS]


def parts_of(margin: Array, quantity: Array, shared: SharedLimits) -> list[tuple[Window, LinearProgram]]:
    return [
        (Window.of(part, margin * quantity, quantity, shared), program)
        for part, program in zip(PARTS, PROGRAMS, strict=True)
    ]


@settings(max_examples=300)
@given(
    st.integers(0, 100_000), st.sampled_from([0.0, 1.0, 10.0]), st.sampled_from([1.0, 2.0, 6.0, 1e6]),
    st.integers(0, 15), st.integers(0, 15), st.sampled_from([1.0, 1.0, 0.7]),
)  # fmt: skip
def test_merit_order_finds_what_the_program_finds(
    seed: int, ties: float, maximum: float, shut: int, held: int, smaller: float
) -> None:
    """With any sums shut, any held to a minimum, any at their maximum; ties where margins are rounded.

    Where reserve segments are `smaller` than the battery could hold, it may hold some of both.
    """
    closed = np.array([(shut >> book) & 1 == 1 for book in range(len(BOOKS))])
    kept = np.array([(held >> book) & 1 == 1 for book in range(len(BOOKS))]) & ~closed
    minimum = 0.8 * min(maximum, 3.0)
    margin, quantity, shared = a_window(seed, ties)
    quantity[LAYOUT.is_reserve] *= smaller
    shared = replace(
        shared, reserve_power=shared.reserve_power * smaller, reserve_energy=shared.reserve_energy * smaller
    )
    for window, program in parts_of(margin, quantity, shared):
        program.put(window)
        expected, price = program.solve(closed, kept, minimum, maximum)
        merit = MeritOrder(window)
        found = merit.solve(closed, kept, minimum, maximum)
        assert found.status == expected.status
        if found.share is None or expected.share is None:
            continue
        assert_whole(window, found, closed, kept, minimum, maximum)
        assert found.value_usd == pytest.approx(expected.value_usd, abs=1e-6)
        assert found.value_usd <= found.bound_usd + 1e-9
        assert found.bound_usd - found.value_usd <= merit_order.TOLERANCE * (1 + abs(found.value_usd))
        bound = merit.bound_usd(price, closed, kept, minimum, maximum)
        assert bound == pytest.approx(expected.value_usd, abs=1e-6), "the program's own prices prove it as well"


def assert_whole(window: Window, found: Answer, shut: Array, held: Array, minimum: float, maximum: float) -> None:
    """What is found is within every limit, and gains what it says."""
    assert found.share is not None
    assert (found.share >= 0).all()
    assert (found.share <= 1 + 1e-9).all()
    part, shared = window.aggregation, window.shared
    sale = found.share[part.row(BOOKS.index("sell"))]
    reserve = found.share[part.row(BOOKS.index("spin"))] + found.share[part.row(BOOKS.index("nonspin"))]
    assert (shared.sale_power * sale + shared.reserve_power * reserve <= 1 + 1e-6).all(), "a kW is sold twice"
    assert (shared.sale_energy * sale + shared.reserve_energy * reserve <= 1 + 1e-6).all()
    sums = window.sums_kw(found.share)
    assert (sums <= np.where(shut, 0.0, maximum) + 1e-6).all()
    assert (sums >= np.where(held, minimum, 0.0) - 1e-6).all()
    assert float(window.gain_usd @ found.share) == pytest.approx(found.value_usd, abs=1e-9)


@settings(max_examples=60)
@given(st.integers(0, 100_000), st.integers(0, 15))
def test_a_way_that_merit_order_gives_up_is_no_better(seed: int, held: int) -> None:
    kept = np.array([(held >> book) & 1 == 1 for book in range(len(BOOKS))])
    margin, quantity, shared = a_window(seed, 0.0)
    for window, _ in parts_of(margin, quantity, shared):
        merit = MeritOrder(window)
        full = merit.solve(~kept & False, kept, 1.0, 2.0)
        for enough in (full.value_usd - 0.01, full.value_usd + 0.01):
            found = merit.solve(~kept & False, kept, 1.0, 2.0, enough)
            if found.status == merit_order.NOT_BETTER:
                assert full.value_usd <= enough + 1e-9


def test_many_homes_at_several_maxima_and_minima_are_solved_to_the_bound() -> None:
    """1,000 homes of one aggregation, where three sums bind at once."""
    homes, rng = 1000, np.random.default_rng(4)
    layout = Layout(home_of_car=np.arange(0, homes, 2), aggregation_of_home=np.zeros(homes, dtype=int))
    quantity = rng.uniform(0, 5, len(layout))
    reserve = rng.uniform(0, 5, homes)
    quantity[layout.battery_spin] = quantity[layout.battery_nonspin] = reserve
    margin = rng.normal(0.03, 0.03, len(layout))
    margin[layout.battery_nonspin] -= 0.03
    shared = shared_limits(
        quantity[layout.battery_sell], reserve, np.maximum(reserve, 3.0), np.full(homes, 5.0), 1.0, 1.0
    )
    (part,) = aggregations_of(layout, np.ones(homes, dtype=bool))
    window = Window.of(part, margin * quantity, quantity, shared)
    shut, held = np.zeros(4, dtype=bool), np.array([False, False, False, True])
    found = MeritOrder(window).solve(shut, held, 900.0, 1000.0)
    assert found.status == "optimal"
    assert_whole(window, found, shut, held, 900.0, 1000.0)
    sums = window.sums_kw(found.share)  # type: ignore[arg-type]
    assert sums == pytest.approx([1000.0, 1000.0, 1000.0, 900.0])
    program = LinearProgram(part)
    program.put(window)
    assert program.solve(shut, held, 900.0, 1000.0)[0].value_usd == pytest.approx(found.value_usd, abs=1e-6)


def test_a_kilowatt_goes_to_the_product_that_gains_most_from_it() -> None:
    whole = SharedLimits(*(np.ones(HOMES) for _ in range(4)))
    quantity, margin = np.full(len(LAYOUT), 4.0), np.zeros(len(LAYOUT))
    margin[LAYOUT.battery_sell], margin[LAYOUT.battery_spin], margin[LAYOUT.battery_nonspin] = 0.02, 0.03, 0.01
    margin[0] = 0.05
    solution = WindowProgram(LAYOUT, 0.0, 1e6).solve(margin, quantity, whole)
    assert solution.quantity_kw[LAYOUT.battery_sell] == pytest.approx([4, 0, 0, 0, 0, 0])
    assert solution.quantity_kw[LAYOUT.battery_spin] == pytest.approx([0, 4, 4, 4, 4, 4])
    assert solution.quantity_kw[LAYOUT.battery_nonspin] == pytest.approx(0.0)


@settings(max_examples=40)
@given(st.integers(0, 100_000), st.sampled_from([3.0, 8.0]))
def test_every_sum_is_nothing_or_at_least_the_minimum_and_no_way_to_it_is_better(seed: int, minimum: float) -> None:
    margin, quantity, shared = a_window(seed, 0.0)
    best = best_of_all_ways(margin, quantity, shared, minimum)
    for most_homes_by_program in (HOMES, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(window_program, "LARGE_FLEET_HOMES", most_homes_by_program + 1)
            solution = WindowProgram(LAYOUT, minimum, 1e6).solve(margin, quantity, shared)
        assert not solution.failed
        sums = held(solution.quantity_kw)
        assert ((sums < 1e-6) | (sums >= minimum - 1e-6)).all()
        assert margin @ solution.quantity_kw == pytest.approx(best, abs=1e-6)
        assert 0 <= solution.gap_usd <= 1e-6


def best_of_all_ways(margin: Array, quantity: Array, shared: SharedLimits, minimum: float) -> float:
    """By trying every set of open books, apart for each aggregation (they share nothing)."""
    total = 0.0
    for window, program in parts_of(margin, quantity, shared):
        best = 0.0
        program.put(window)
        for way in range(2 ** len(BOOKS)):
            is_open = np.array([(way >> book) & 1 == 1 for book in range(len(BOOKS))])
            best = max(best, program.solve(~is_open, is_open, minimum, 1e6)[0].value_usd)
        total += best
    return total


def test_a_fleet_that_cannot_reach_the_minimum_alone_in_two_products_puts_its_power_into_one() -> None:
    one = Layout(home_of_car=np.zeros(0, dtype=int), aggregation_of_home=np.zeros(HOMES, dtype=int))
    whole = SharedLimits(*(np.ones(HOMES) for _ in range(4)))
    quantity, margin = np.full(len(one), 4.0), np.zeros(len(one))
    margin[one.battery_sell] = [0.05, 0.05, 0.05, 0.01, 0.01, 0.01]
    margin[one.battery_spin] = [0.01, 0.01, 0.01, 0.02, 0.02, 0.02]
    solution = WindowProgram(one, 16.0, 1e6).solve(margin, quantity, whole)
    assert solution.quantity_kw[one.battery_sell].sum() == pytest.approx(24.0)
    assert solution.below_minimum, "spin was offered and closed for the minimum"


@pytest.mark.parametrize("most_homes_by_program", [HOMES, 0])
def test_offers_that_meet_the_minimum_exactly_are_bid_whole_where_that_gains(
    most_homes_by_program: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two homes of 5 kW and a minimum of 10: one gains, and only with the other, which costs less than that, it may."""
    monkeypatch.setattr(window_program, "LARGE_FLEET_HOMES", most_homes_by_program + 1)
    layout = Layout(home_of_car=np.zeros(0, dtype=int), aggregation_of_home=np.zeros(HOMES, dtype=int))
    nothing = SharedLimits(*(np.zeros(HOMES) for _ in range(4)))
    quantity, margin = np.zeros(len(layout)), np.zeros(len(layout))
    quantity[layout.battery_sell] = [5.0, 5.0, 0.0, 0.0, 0.0, 0.0]
    margin[layout.battery_sell] = [0.05, -0.01, 0.0, 0.0, 0.0, 0.0]
    solution = WindowProgram(layout, 10.0, 1e6).solve(margin, quantity, nothing)
    assert (solution.failures, solution.below_minimum) == (0, False)
    assert np.array_equal(solution.quantity_kw, quantity)
    assert solution.gap_usd == pytest.approx(0.0, abs=1e-9)


def test_a_large_fleet_goes_by_merit_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_program, "LARGE_FLEET_HOMES", HOMES)
    margin, quantity, shared = a_window(3, 0.0)
    large = WindowProgram(LAYOUT, 0.0, 1e6).solve(margin, quantity, shared)
    monkeypatch.undo()
    small = WindowProgram(LAYOUT, 0.0, 1e6).solve(margin, quantity, shared)
    assert (large.solver, small.solver) == ("merit order", "HiGHS")
    assert max(large.gap_usd, small.gap_usd) <= 1e-7
    assert margin @ large.quantity_kw == pytest.approx(margin @ small.quantity_kw, abs=1e-6)


def test_an_aggregation_whose_solver_fails_holds_nothing_and_the_others_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    program = WindowProgram(LAYOUT, 0.0, 6.0)
    ones = np.ones(len(LAYOUT))
    whole = program.solve(ones, ones, NO_SHARING)
    assert (whole.failures, whole.status) == (0, "optimal")
    inner = program._parts[0]._program
    assert inner is not None

    def fail(**_: object) -> None:
        raise inner._cp.error.SolverError("no licence for Sundays")

    monkeypatch.setattr(inner._problem, "solve", fail)
    solution = program.solve(ones, ones, replace(NO_SHARING))
    assert solution.failed
    assert solution.failures == 1
    assert "Sundays" in solution.status
    first = LAYOUT.book < len(BOOKS)
    assert solution.quantity_kw[first].sum() == 0
    assert (solution.quantity_kw[~first] == whole.quantity_kw[~first]).all()


def test_cvxpy_is_compiled_and_asked_only_for_aggregations_that_merit_order_leaves_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    margin, quantity, shared = np.full(len(LAYOUT), 0.02), np.full(len(LAYOUT), 5.0), NO_SHARING
    quantity[LAYOUT.book >= len(BOOKS)] = 1.0
    monkeypatch.setattr(window_program, "LARGE_FLEET_HOMES", HOMES)
    program = WindowProgram(LAYOUT, 3.0, 6.0)
    by_merit = program.solve(margin, quantity, shared)
    assert by_merit.solver == "merit order"
    assert [part._program for part in program._parts] == [None, None]
    monkeypatch.setattr(merit_order, "MOST_PRICES", 0)
    mixed = program.solve(margin, quantity, shared)
    assert mixed.solver == "HiGHS and merit order"
    assert [part._program is None for part in program._parts] == [False, True]
    assert margin @ mixed.quantity_kw == pytest.approx(margin @ by_merit.quantity_kw, abs=1e-9)
    assert mixed.gap_usd <= 1e-7


def test_an_aggregation_without_batteries_or_without_anything_is_no_hindrance() -> None:
    layout = Layout(home_of_car=np.array([0]), aggregation_of_home=np.array([0, 1, 2]))
    program = WindowProgram(layout, 0.0, 1e6, np.array([False, True, False]))
    quantity = np.zeros(len(layout))
    quantity[layout.car_sell] = quantity[layout.battery_sell.start + 1] = 2.0
    solution = program.solve(np.ones(len(layout)), quantity, SharedLimits(*(np.zeros(3) for _ in range(4))))
    assert solution.quantity_kw == pytest.approx(quantity)
    nobody = WindowProgram(layout, 0.0, 1e6, np.zeros(3, dtype=bool))
    nothing = nobody.solve(np.ones(len(layout)), np.zeros(len(layout)), SharedLimits(*(np.zeros(3) for _ in range(4))))
    assert (nothing.failures, nothing.quantity_kw.sum()) == (0, 0.0)


def test_a_solver_that_falls_short_of_a_minimum_by_its_tolerance_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum stays at the minimum at least, and no way is tried for ever."""
    layout = Layout(home_of_car=np.zeros(0, dtype=int), aggregation_of_home=np.zeros(HOMES, dtype=int))
    minimum, solved = 10.0, LinearProgram.solve
    quantity, margin = np.zeros(len(layout)), np.zeros(len(layout))
    quantity[layout.battery_sell] = 4.0
    margin[layout.battery_sell] = [0.05, 0.05, -0.01, -0.01, -0.01, -0.01]
    short: list[bool] = []

    def rounded(self: LinearProgram, shut: Array, kept: Array, least: float, most: float) -> tuple[Answer, Array]:
        answer, price = solved(self, shut, kept, least, most)
        short.append(bool(kept.any()))
        share = None if answer.share is None else answer.share * (1 - 2e-9)
        return replace(answer, share=share), price

    monkeypatch.setattr(LinearProgram, "solve", rounded)
    nothing = SharedLimits(*(np.zeros(HOMES) for _ in range(4)))
    solution = WindowProgram(layout, minimum, 1e6).solve(margin, quantity, nothing)
    assert not solution.failed
    assert any(short), "two homes alone would sell 8 kW"
    assert minimum <= solution.quantity_kw.sum() < minimum + 1e-6
