"""The window program, its minimum, and merit order against it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpp_core.dispatch import window_program
from vpp_core.dispatch.merit_order import merit_order
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


@settings(max_examples=120)
@given(st.integers(0, 100_000), st.sampled_from([0.0, 1.0, 10.0]), st.sampled_from([2.0, 6.0, 1e6]))
def test_merit_order_finds_what_the_program_finds(seed: int, ties: float, maximum: float) -> None:
    margin, quantity, shared = a_window(seed, ties)
    solution = WindowProgram(LAYOUT, 0.0, maximum).solve(margin, quantity, shared)
    assert not solution.failed
    assert_feasible(shares_of(solution.quantity_kw, quantity), shared)
    assert (held(solution.quantity_kw) <= maximum + 1e-6).all()
    share = merit_order(LAYOUT, margin * quantity, quantity, shared, maximum)
    if share is None:
        assert maximum < 1e6, "nothing is at its maximum, so merit order applies"
        return
    assert_feasible(share, shared)
    assert (held(share * quantity) <= maximum * (1 + 1e-6)).all()
    assert margin @ (share * quantity) == pytest.approx(margin @ solution.quantity_kw, abs=1e-6)


def test_merit_order_applies_to_a_purchase_at_its_maximum_and_to_a_sale_at_its_maximum() -> None:
    one = Layout(home_of_car=np.array([0]), aggregation_of_home=np.zeros(HOMES, dtype=int))
    quantity, rng = np.full(len(one), 3.0), np.random.default_rng(1)
    for part in (one.battery_buy, one.battery_sell):
        margin = np.full(len(one), -1.0)
        margin[part] = rng.uniform(1, 2, HOMES)
        share = merit_order(one, margin * quantity, quantity, NO_SHARING, 7.0)
        assert share is not None
        best = np.sort(margin[part])[::-1]
        assert margin @ (share * quantity) == pytest.approx(3 * best[0] + 3 * best[1] + best[2])


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
    solution = WindowProgram(LAYOUT, minimum, 1e6).solve(margin, quantity, shared)
    assert not solution.failed
    sums = held(solution.quantity_kw)
    assert ((sums < 1e-6) | (sums >= minimum - 1e-6)).all()
    assert margin @ solution.quantity_kw == pytest.approx(best_of_all_ways(margin, quantity, shared, minimum), abs=1e-6)


def best_of_all_ways(margin: Array, quantity: Array, shared: SharedLimits, minimum: float) -> float:
    """By trying every set of open books, apart for each aggregation (they share nothing)."""
    total = 0.0
    program = window_program._Program(LAYOUT, 1e6)
    for aggregation in range(LAYOUT.books // len(BOOKS)):
        own = slice(aggregation * len(BOOKS), (aggregation + 1) * len(BOOKS))
        best = 0.0
        for way in range(2 ** len(BOOKS)):
            is_open = np.zeros(LAYOUT.books, dtype=bool)
            is_open[own] = [(way >> book) & 1 == 1 for book in range(len(BOOKS))]
            program.put(margin * quantity, quantity, shared)
            best = max(best, program.solve(~is_open, is_open, minimum)[1])
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


def test_a_large_fleet_goes_by_merit_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window_program, "LARGE_FLEET_HOMES", HOMES)
    margin, quantity, shared = a_window(3, 0.0)
    large = WindowProgram(LAYOUT, 0.0, 1e6).solve(margin, quantity, shared)
    monkeypatch.undo()
    small = WindowProgram(LAYOUT, 0.0, 1e6).solve(margin, quantity, shared)
    assert (large.solver, small.solver) == ("merit order", "HiGHS")
    assert margin @ large.quantity_kw == pytest.approx(margin @ small.quantity_kw, abs=1e-6)


def test_a_solver_that_fails_holds_nothing_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    program = WindowProgram(LAYOUT, 0.0, 6.0)
    ones = np.ones(len(LAYOUT))
    assert not program.solve(ones, ones, NO_SHARING).failed
    inner = program._program
    assert inner is not None

    def fail(**_: object) -> None:
        raise inner._cp.error.SolverError("no licence for Sundays")

    monkeypatch.setattr(inner._problem, "solve", fail)
    solution = program.solve(ones, ones, replace(NO_SHARING))
    assert solution.failed
    assert solution.quantity_kw.sum() == 0
