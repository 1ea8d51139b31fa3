"""The properties again, over 10,000 cases that are new each time: `make test-long ARGS=tests/properties`.

Every body stands in the default run, or marked slow beside it, with fewer cases. The cheap ones come first; each says
how far it got.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dispatch import test_concentrating as concentrating
from tests.dispatch import test_month_bound as month_bound
from tests.dispatch import test_month_bound_home as bound_home
from tests.dispatch import test_operation as operation
from tests.dispatch import test_response as response
from tests.dispatch import test_value as value
from tests.dispatch import test_window_program as window_program
from tests.negotiation import test_negotiation as negotiation
from tests.properties import test_expectation as expectation
from tests.properties import test_export as export
from tests.properties import test_invariants as invariants
from tests.properties import test_no_leak as no_leak
from tests.properties import test_readiness as readiness
from tests.properties import test_reserves as reserves
from vpp_core.scenario import Tariff

SEEDS = st.integers(0, 1_000_000)
ONE_STORE = bound_home.homes((("battery",), ("car",)))
SEVERAL = bound_home.homes((("battery", "car"), ("car", "car"), ("battery", "car", "car")))
DAILY = st.sampled_from([np.inf, 1.0, 0.1])
KEYS = st.sampled_from(invariants.GATE_CLOSURE)
AWARE = st.sampled_from(invariants.AWARE)
HOUR = invariants.periods(60)
SHORTER = invariants.periods(15, 30)

PROPERTIES: list[tuple[int, Callable[..., None], tuple[st.SearchStrategy[Any], ...]]] = [
    (
        2000,
        window_program.test_merit_order_finds_what_the_program_finds,
        (SEEDS, st.sampled_from([0.0, 20.0, 50.0]), st.sampled_from(list(window_program.PROGRAMS))),
    ),
    (
        10_000,
        concentrating.test_under_any_tariff_the_bound_is_above_the_best_and_its_schedule_is_one,
        (concentrating.homes(),),
    ),
    (1500, bound_home.test_a_chain_earns_what_the_linear_program_earns_and_proves_it, (ONE_STORE,)),
    (1000, bound_home.test_stores_that_share_a_meter_earn_what_the_linear_program_earns, (SEVERAL, DAILY)),
    (1000, bound_home.test_homes_with_reserve_earn_what_the_linear_program_earns, (bound_home.holding(),)),
    (1000, reserves.test_reserve_is_deliverable_when_called_at_any_interval, (HOUR, KEYS, st.data())),
    (300, reserves.test_it_is_in_shorter_windows_too, (SHORTER, KEYS, st.integers(0, 90))),
    (200, value.test_it_is_what_trying_every_move_finds, (SEEDS, st.booleans())),
    (400, response.test_battery_and_car_behind_one_meter_do_what_the_best_of_all_powers_does, (SEEDS,)),
    (
        200,
        operation.test_what_homes_would_give_at_the_price_is_given_exactly_and_nothing_is_short,
        (SEEDS, st.floats(0.05, 1.0)),
    ),
    (150, reserves.test_obeyed_reserve_stands_on_energy_above_the_backup_and_within_the_day_s_limit, (HOUR,)),
    (100, invariants.test_they_hold_under_any_tariffs, (SEEDS, st.integers(1, 6), st.booleans())),
    (1000, invariants.test_the_fast_rungs_hold_them_without_the_bounds, (HOUR,)),
    (600, invariants.test_limits_bounds_preferences_and_books_hold_for_every_strategy, (HOUR,)),
    (60, invariants.test_they_hold_in_shorter_windows_too, (SHORTER,)),
    (
        80,
        no_leak.test_no_strategy_knows_at_a_gate_what_comes_after_it,
        (
            st.sampled_from(no_leak.HONEST),
            SEEDS,
            st.floats(0.0, 1.0),
            st.sampled_from([60, 15]),
            st.sampled_from([75, 1440]),
        ),
    ),
    (
        100,
        readiness.test_a_car_is_ready_though_stays_are_short,
        (st.sampled_from(readiness.RUNGS), SEEDS, st.booleans(), st.sampled_from(["2023-03", "2023-11"]), st.just(13)),
    ),
    (
        30,
        invariants.test_a_day_s_limit_holds_where_the_sun_fills_batteries_that_were_not_called_upon,
        (SEEDS, st.sampled_from([15, 30, 60])),
    ),
    (60, invariants.test_every_home_twice_doubles_every_total, (SEEDS,)),
    (300, negotiation.test_nobody_agrees_below_their_price_and_no_segment_earns_less_than_it_pays, (SEEDS,)),
    (
        150,
        expectation.test_what_is_agreed_covers_a_home_s_own_cost_of_what_it_is_asked_for,
        (SEEDS, AWARE, st.sampled_from([Tariff(), expectation.EVENING])),
    ),
    (60, export.test_no_home_injects_more_for_the_vpp_than_by_default_and_all_else_holds, (SEEDS, st.integers(1, 8))),
    (60, month_bound.test_obeying_preferences_never_earns_more, (month_bound.fleets(),)),
]
"""How many cases, of which property, drawn from what."""


def test_there_are_ten_thousand_cases_or_more() -> None:
    assert sum(cases for cases, _, _ in PROPERTIES) >= 10_000


def test_the_default_run_has_three_hundred_of_them_or_more() -> None:
    by_default = [test._hypothesis_internal_use_settings.max_examples for _, test, _ in PROPERTIES]  # type: ignore[attr-defined]
    assert sum(by_default) >= 300


@pytest.mark.slow
@pytest.mark.parametrize(("cases", "test", "drawn"), PROPERTIES, ids=[test.__name__ for _, test, _ in PROPERTIES])
def test_it_holds_at_length(cases: int, test: Any, drawn: tuple[Any, ...], capfd: pytest.CaptureFixture[str]) -> None:
    began, run = time.monotonic(), 0

    def counted(case: tuple[Any, ...]) -> None:
        nonlocal run
        run += 1
        if run % 100 == 0:
            with capfd.disabled():
                sys.stdout.write(f"  {test.__name__}: {run} of {cases} cases, {time.monotonic() - began:.0f} s\n")
                sys.stdout.flush()
        test.hypothesis.inner_test(*case)

    at_length = settings(
        max_examples=cases, derandomize=False, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    at_length(given(case=st.tuples(*drawn))(counted))()
