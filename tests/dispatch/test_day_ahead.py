"""Reserve is bid at 10:00 for the hours of the next day, known from 13:00 on, and constant over each hour."""

from __future__ import annotations

import numpy as np
import pytest

from tests.invented import invented_inputs
from vpp_core.dispatch.day_ahead import DayAhead
from vpp_core.dispatch.expected import path_left_alone_kwh
from vpp_core.dispatch.run import PeriodRun
from vpp_core.fleet.permission import Permission
from vpp_core.strategies.registry import STRATEGIES


@pytest.mark.parametrize(
    ("month", "days", "changed", "more"), [("2023-08", 4, 2, 0), ("2023-03", 13, 11, -4), ("2023-11", 6, 4, 4)]
)
def test_gates_close_at_ten_on_the_day_before_whatever_the_clock_does(
    month: str, days: int, changed: int, more: int
) -> None:
    inputs = invented_inputs(homes=2, days=days, month=month, seed=1)
    day_ahead = DayAhead(inputs, Permission.of(inputs.fleet, inputs.stores, True))
    local, gates = inputs.period.local, {}
    for t in range(len(inputs.period)):
        for day in day_ahead.closing(t):
            gates[day] = t
    assert sorted(gates) == list(range(days)), "every day once"
    assert gates[0] == 0, "the first day from the initial state"
    for day in range(1, days):
        assert (local[gates[day]].hour, local[gates[day]].minute) == (10, 0)
        assert inputs.period.day_of_interval[gates[day]] == day - 1
    assert day_ahead.intervals(changed) == 96 + more
    assert sum(day_ahead.intervals(day) for day in range(days)) == len(inputs.period)


def test_what_cleared_is_known_from_one_in_the_afternoon() -> None:
    inputs = invented_inputs(homes=2, days=2, seed=1)
    day_ahead = DayAhead(inputs, Permission.of(inputs.fleet, inputs.stores, True))
    day_ahead.committed_kw[0] = 5.0
    assert day_ahead.known_kw(96 + 8, 13 * 4 - 1).tolist() == [0.0]
    assert day_ahead.known_kw(96 + 8, 13 * 4).tolist() == [5.0]
    assert day_ahead.known_kw(8, 0).tolist() == [5.0], "the first day's results are there from its start"


@pytest.mark.parametrize("key", ["centralized", "centralized_aware"])
def test_commitments_hold_for_whole_hours_and_only_where_the_price_is_worth_it(key: str) -> None:
    reserve = np.full((2, 192), 60.0)
    reserve[:, 40:44] = 0.0
    inputs = invented_inputs(homes=20, days=2, seed=3, reserve=reserve)
    period = PeriodRun(inputs, STRATEGIES[key]())  # type: ignore[arg-type]
    for t in range(len(inputs.period)):
        period.before(t)
        period.dispatch(t)
    assert period.state.day_ahead is not None
    committed = period.state.day_ahead.committed_kw.sum(axis=(0, 1)).reshape(-1, 4)
    assert (committed == committed[:, :1]).all()
    assert committed.max() > 1.0
    assert not (period.state.day_ahead.committed_kw.min(axis=0) > 0).any(), "a kW is sold once, as the dearer product"
    held = period.trajectory.reserve_kw.sum(axis=1) + (
        period.trajectory.short_spin_kw + period.trajectory.short_nonspin_kw
    ).sum(axis=1)
    assert held == pytest.approx(committed.ravel(), abs=1e-5)


def test_the_path_of_homes_left_alone_is_what_they_do_without_a_vpp_where_forecasts_are_exact() -> None:
    inputs = invented_inputs(homes=20, days=2, seed=3)
    alone, exact = PeriodRun(inputs, STRATEGIES["no_vpp"]()), PeriodRun(inputs, STRATEGIES["perfect_forecast"]())
    for t in range(len(inputs.period)):
        alone.before(t)
        alone.dispatch(t)
    path = path_left_alone_kwh(exact.state, 0, exact.state.knowledge.at(0, 0, 96))
    np.testing.assert_allclose(path[:96], alone.trajectory.energy_kwh[:96], atol=1e-9)
