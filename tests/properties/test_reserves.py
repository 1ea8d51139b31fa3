"""Reserve that is held can be delivered, is sold once, and is paid as the books say: on random homes and prices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.invented import invented_inputs
from tests.properties.test_invariants import AWARE, GATE_CLOSURE, periods
from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.run import PeriodRun
from vpp_core.market.contingencies import LONGEST_INTERVALS, called_intervals
from vpp_core.market.inputs import Inputs
from vpp_core.scenario import MarketRules
from vpp_core.settlement.books import make_books
from vpp_core.settlement.trajectory import Trajectory
from vpp_core.simulation import run
from vpp_core.strategies.registry import STRATEGIES

Array = np.ndarray


def called_at(inputs: Inputs, first: int, intervals: int) -> Inputs:
    """The same period with exactly one event."""
    called = np.zeros(len(inputs.period), dtype=bool)
    called[first : first + intervals] = True
    return replace(inputs, called=called)


def path(inputs: Inputs, key: str) -> tuple[Trajectory, list]:
    trajectory, bids, _ = run(inputs, STRATEGIES[key](), None)  # type: ignore[arg-type]
    return trajectory, bids


@settings(max_examples=6)
@given(periods(60), st.sampled_from(GATE_CLOSURE), st.data())
def test_reserve_is_deliverable_when_called_at_any_interval(inputs: Inputs, key: str, data: st.DataObject) -> None:
    """One event wherever it falls: what is held is delivered, and no reserve elsewhere falls short of its duration."""
    last = len(inputs.period) - LONGEST_INTERVALS
    first = data.draw(st.integers(0, last))
    length = data.draw(st.integers(1, LONGEST_INTERVALS))
    assert_held_and_delivered(called_at(inputs, first, length), key)


@settings(max_examples=3)
@given(periods(15, 30), st.sampled_from(GATE_CLOSURE), st.integers(0, 90))
def test_it_is_in_shorter_windows_too(inputs: Inputs, key: str, first: int) -> None:
    assert_held_and_delivered(called_at(inputs, first, LONGEST_INTERVALS), key)


def assert_held_and_delivered(inputs: Inputs, key: str) -> None:
    """A commitment is one over each hour, held by stores or told as short; each kW once; a call is answered in full."""
    period = PeriodRun(inputs, STRATEGIES[key]())  # type: ignore[arg-type]
    for t in range(len(inputs.period)):
        period.before(t)
        period.dispatch(t)
    path, stores = period.trajectory, inputs.stores
    committed = period.state.day_ahead.committed_kw.sum(axis=0).T  # type: ignore[union-attr]
    hours = committed[: len(committed) // 4 * 4].reshape(-1, 4, committed.shape[1])
    assert (hours == hours[:, :1]).all(), "a commitment changes within an hour"
    held = np.stack([np.bincount(inputs.layout.aggregation_of_home[stores.home], row, committed.shape[1])
                     for row in path.reserve_kw])  # fmt: skip
    short = path.short_spin_kw + path.short_nonspin_kw
    assert held + short == pytest.approx(committed, abs=1e-5)
    assert (path.called_kw[inputs.called] == path.reserve_kw[inputs.called]).all()
    books = make_books(inputs, path, path)
    assert books.delivered_call_kw == pytest.approx(path.called_kw, abs=1e-6), "a call was not answered in full"
    assert books.undeliverable_kw.max(initial=0.0) < 1e-6
    quiet = path.called_kw == 0
    assert (np.where(quiet, path.net_kw + path.reserve_kw, 0.0) <= stores.max_discharge_kw + 1e-6).all()


@settings(max_examples=2)
@given(periods(60))
def test_obeyed_reserve_stands_on_energy_above_the_backup_and_within_the_day_s_limit(inputs: Inputs) -> None:
    for key in AWARE:
        trajectory, _ = path(inputs, key)
        hours = inputs.scenario.market.reserve_duration_minutes / 60
        stores = inputs.stores
        needed = trajectory.reserve_kw * hours / stores.discharge_efficiency
        spare = trajectory.energy_kwh - stores.backup_kwh
        quiet = trajectory.called_kw == 0
        assert (np.where((trajectory.reserve_kw > 0) & quiet, spare - needed, 0.0) >= -1e-6).all()
        limit = stores.capacity_kwh * inputs.fleet.max_discharge_share[stores.home]
        assert (needed <= limit + 1e-6).all()
        willing = stores.max_discharge_kw * inputs.fleet.participation_willingness[stores.home]
        assert (trajectory.reserve_kw <= willing + 1e-6).all()


def one_battery(reserve: float, **market: float) -> Inputs:
    """A hundred homes, one battery each that is full and left alone by the sun and its home, at a steady price."""
    from tests.invented import generate_fleet

    fleet = generate_fleet(400, 0)
    own = np.flatnonzero(fleet.has_battery & (np.bincount(fleet.cars.home, minlength=len(fleet)) == 0))[:5]
    fleet = replace(fleet.take(own), bess_initial_soc=fleet.bess_max_soc[own])
    inputs = invented_inputs(fleet=fleet, days=1, lmp=40.0, reserve=reserve, load_kw=np.zeros((96, len(own))), **market)
    return replace(inputs, pv_kw=np.zeros_like(inputs.pv_kw), net_generation_kw=np.zeros_like(inputs.net_generation_kw))


def test_a_dear_reserve_price_is_earned_by_holding_and_not_by_moving() -> None:
    inputs = called_at(one_battery(reserve=500.0), 0, 0)
    trajectory, _ = path(inputs, "centralized")
    books = make_books(inputs, trajectory, path(inputs, "no_vpp")[0])
    held = trajectory.reserve_kw.sum() * INTERVAL_HOURS
    assert held > 0.5 * inputs.stores.max_discharge_kw.sum() * 24 * 0.5
    assert books.money["reserve_usd"].sum() == pytest.approx(0.5 * held)
    assert trajectory.nonspin_kw.sum() + trajectory.spin_kw.sum() == pytest.approx(trajectory.reserve_kw.sum())


def test_no_reserve_is_offered_where_it_has_no_price_or_is_not_sold() -> None:
    for inputs in (one_battery(reserve=float("nan")), one_battery(reserve=500.0, reserves=False)):
        trajectory, _ = path(inputs, "centralized")
        assert trajectory.reserve_kw.sum() == 0.0
        assert not inputs.sells_reserves


def test_reserve_that_could_not_be_delivered_is_not_paid_and_costs_a_tenth_more() -> None:
    """By hand: 4 kW held for an hour at 100 $/MW-h, of which the energy sustains 1 kW."""
    inputs = called_at(one_battery(reserve=100.0), 0, 0)
    honest, _ = path(inputs, "no_vpp")
    alone = path(inputs, "no_vpp")[0]
    efficiency = inputs.stores.discharge_efficiency[0]
    honest.spin_kw[8:12, 0] = 4.0
    honest.spin_agreed_usd_per_kw_h[8:12, 0] = 0.05
    honest.energy_kwh[8:12, 0] = honest.floor_kwh[0] + 1.0 / efficiency
    books = make_books(inputs, honest, alone)
    assert books.undeliverable_kw[8:12, 0] == pytest.approx(3.0)
    assert books.money["reserve_usd"].sum() == pytest.approx(0.1)
    assert books.money["penalty_usd"].sum() == pytest.approx(0.1 * 0.3)
    assert books.money["payment_usd"].sum() == pytest.approx(0.05), "the home is paid for what it could have delivered"


def test_from_a_call_to_the_end_of_its_window_capacity_stays_paid() -> None:
    """By hand: 5 kW held for an hour at 1,000 $/MW-h; a call in its second interval empties what sustains it."""
    inputs = called_at(one_battery(reserve=1000.0), 9, 1)
    trajectory, _ = path(inputs, "no_vpp")
    alone = path(inputs, "no_vpp")[0]
    trajectory.spin_kw[8:12, 0] = 5.0
    trajectory.called_kw[9, 0] = 5.0
    trajectory.discharge_kw[9, 0] = 5.0
    trajectory.call_agreed_usd_per_kwh[9, 0] = 0.2
    trajectory.energy_kwh[8, 0] = trajectory.floor_kwh[0] + 10.0
    trajectory.energy_kwh[9:12, 0] = trajectory.floor_kwh[0]
    books = make_books(inputs, trajectory, alone)
    assert books.money["reserve_usd"].sum() == pytest.approx(5.0)
    assert books.money["call_usd"].sum() == pytest.approx(5.0 * 0.25 * 0.04)
    assert books.money["payment_usd"].sum() == pytest.approx(5.0 * 0.25 * 0.2), "the home is paid for what it gave"
    assert books.money["wholesale_usd"].sum() == pytest.approx(0.0, abs=1e-9), "a call is booked once"


def test_a_called_home_is_paid_its_price_for_what_it_delivers() -> None:
    inputs = called_at(invented_inputs(seed=11, homes=30, days=2, reserve=200.0), 70, 2)
    trajectory, _ = path(inputs, "centralized_aware")
    delivering = trajectory.called_kw > 0
    assert delivering.any()
    owed = np.broadcast_to(inputs.fleet.min_compensation_usd_per_kwh[inputs.stores.home], delivering.shape)
    assert (trajectory.call_agreed_usd_per_kwh[delivering] >= owed[delivering] - 1e-9).all()


@given(st.integers(0, 2**31), st.sampled_from(["2023-03", "2023-08", "2023-11"]))
@settings(max_examples=40)
def test_events_are_the_same_for_all_short_and_at_most_one_a_day(seed: int, month: str) -> None:
    from vpp_core.calendar import Period

    rules = MarketRules(contingencies_per_month=10)
    whole = called_intervals(Period.of(month), seed, rules)
    assert np.array_equal(called_intervals(Period.of(month, 5), seed, rules), whole[: len(Period.of(month, 5))])
    days = Period.of(month).day_of_interval
    per_day = np.bincount(days, whole)
    assert per_day.max(initial=0) <= LONGEST_INTERVALS
    for day in np.flatnonzero(per_day):
        where = np.flatnonzero(whole & (days == day))
        assert where[-1] - where[0] + 1 == len(where), "one event, in one piece"


def test_events_come_as_often_as_the_rules_say() -> None:
    from vpp_core.calendar import Period

    period, rules = Period.of("2023-08"), MarketRules(contingencies_per_month=3)
    events = [
        int(np.diff(called_intervals(period, seed, rules).astype(int), prepend=0).clip(0).sum()) for seed in range(300)
    ]
    assert np.mean(events) == pytest.approx(3.0, abs=0.3)
    assert not called_intervals(period, 1, MarketRules(contingencies_per_month=0)).any()
