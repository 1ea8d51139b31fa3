"""Speeds of the perfect-foresight bounds: a month of 200 homes, and the faster ways against the linear program."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.invented import invented_inputs
from vpp_core.dispatch.bound.homes import BoundHomes, Home
from vpp_core.dispatch.bound.program import solve_program
from vpp_core.dispatch.month_bound import month_bound, solve_home
from vpp_core.market.inputs import Inputs


@pytest.fixture(scope="module")
def month() -> Inputs:
    """2,976 intervals; real shapes of load, sun and driving, invented prices."""
    return invented_inputs(homes=200, days=31, seed=42)


@pytest.mark.parametrize("obeys", [True, False], ids=["aware", "all"])
def test_the_bound_of_200_homes_and_a_month_takes_10_s(benchmark: Any, month: Inputs, obeys: bool) -> None:
    benchmark.pedantic(month_bound, (month, obeys), rounds=3, warmup_rounds=1)
    assert benchmark.stats["median"] <= 10


def cpu_seconds(solve: Callable[[Home], Any], homes: list[Home]) -> float:
    began = time.thread_time()
    for home in homes:
        solve(home)
    return time.thread_time() - began


@pytest.mark.parametrize("obeys", [True, False], ids=["aware", "all"])
def test_homes_take_a_quarter_of_the_linear_programs_time(month: Inputs, obeys: bool) -> None:
    homes = BoundHomes.of(month, obeys)
    some = [problem for home in range(40) if (problem := homes.home(home)).stores]
    solve_home(some[0])
    fast, reference = cpu_seconds(solve_home, some), cpu_seconds(solve_program, some)
    assert fast <= reference / 4, f"{len(some)} homes: {fast:.2f} s against {reference:.2f} s"
