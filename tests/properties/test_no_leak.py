"""Nothing that was unknown at a gate reaches a bid that closes by then, or what stores do before it.

A period is built twice from tables that agree up to a gate and differ in all that comes after: real-time prices, load
and sun, reserve prices that are not published yet, calls, what is out of reach, and the cars' days, of which only what
was declared on arrival is kept. Everything is built anew from the tables, so that a leak anywhere between them and a
bid is seen.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.invented import invented_inputs, random_prices, random_reserve_prices
from vpp_core.calendar import INTERVAL_MINUTES
from vpp_core.dispatch.run import PeriodRun
from vpp_core.fleet.fleet import Fleet
from vpp_core.fleet.kinds import car as car_kind
from vpp_core.fleet.mobility import Mobility, mobility
from vpp_core.fleet.population import generate_fleet
from vpp_core.market.decision import Bid
from vpp_core.market.inputs import Inputs
from vpp_core.scenario import Reliability
from vpp_core.settlement.trajectory import Trajectory
from vpp_core.sources.orientations import ORIENTATIONS
from vpp_core.strategies.registry import STRATEGIES
from vpp_core.strategies.strategy import Bound, GateClosureStrategy

DAYS, HOMES = 3, 5
FAILING = Reliability(device_out_share_per_day=0.2, opt_out_share_per_window=0.1, leaver_share=0.3)
SLOTS = 96
GATE_CLOSURE = [key for key, strategy in STRATEGIES.items() if not issubclass(strategy, Bound)]
HONEST = [key for key in GATE_CLOSURE if not STRATEGIES[key].forecasts_are_exact]  # type: ignore[attr-defined]
SEGMENTS = ("quantity_kw", "price_usd_per_mwh", "agreed_usd_per_mwh", "call_usd_per_mwh")
CURVE = ("sell_usd_per_mwh", "sell_kw", "buy_usd_per_mwh", "buy_kw")
DISPATCH = (
    "charge_kw", "discharge_kw", "energy_kwh", "default_kw", "award_kw", "give_award_kw", "agreed_usd_per_kwh",
    "give_agreed_usd_per_kwh", "spin_kw", "nonspin_kw", "called_kw", "spin_agreed_usd_per_kw_h",
    "nonspin_agreed_usd_per_kw_h", "call_agreed_usd_per_kwh", "short_energy_kw", "short_spin_kw", "short_nonspin_kw",
)  # fmt: skip


class Tables:
    """What a period is built from, (T, …)."""

    def __init__(self, seed: int, days: int = DAYS, homes: int = HOMES, **market: Any) -> None:
        rng = np.random.default_rng(seed)
        self.market = {"contingencies_per_month": 20.0} | market
        self.days, steps = days, days * SLOTS
        self.fleet = generate_fleet(homes, seed)
        own = self.fleet.cars
        self.fleet = replace(
            self.fleet, cars=replace(own, v2g=np.ones_like(own.v2g), max_discharge_kw=own.max_charge_kw)
        )
        self.lmp = random_prices(rng, steps)
        self.reserve = random_reserve_prices(rng, steps)
        hour = np.arange(steps) % SLOTS / 4
        self.load = rng.uniform(0.1, 1.5, (steps, homes)) + np.exp(-(((hour - 18) / 3) ** 2))[:, None]
        sun = np.maximum(np.cos((hour - 13) / 12 * np.pi), 0.0)[:, None]
        self.sun = sun * rng.uniform(0.5, 0.9, (steps, len(ORIENTATIONS)))
        self.called: np.ndarray | None = None
        self.trips: Mobility | None = None
        self.reachable: np.ndarray | None = None
        self.usual_load_kw = self.load.mean(axis=0) * rng.uniform(0.7, 1.3, homes)

    def inputs(self, monkeypatch: pytest.MonkeyPatch) -> Inputs:
        with monkeypatch.context() as patch:
            if self.trips is not None:
                patch.setattr(car_kind, "mobility", lambda *_: self.trips)
            built = invented_inputs(
                fleet=self.fleet, days=self.days, lmp=self.lmp, reserve=self.reserve, load_kw=self.load,
                pv_per_kw=self.sun, usual_load_kw=self.usual_load_kw, reliability=FAILING, **self.market,
            )  # fmt: skip
        if self.reachable is not None:
            built = replace(built, stores=replace(built.stores, reachable=self.reachable))
        return built if self.called is None else replace(built, called=self.called)

    def with_another_future(self, window: int, inputs: Inputs, seed: int) -> Tables:
        """The same up to the gate of a window; homes know their load and sun up to that window's end."""
        other = Tables.__new__(Tables)
        other.__dict__.update(self.__dict__)
        rng = np.random.default_rng(seed)
        first = inputs.windows.first_interval(window)
        gate = max(first - inputs.scenario.market.gate_closure_minutes // INTERVAL_MINUTES, 0)
        known = first + inputs.windows.length
        steps = len(self.lmp)
        other.lmp = np.where(np.arange(steps) < gate, self.lmp, 3 * random_prices(rng, steps))
        published = reserves_published(inputs, gate)
        other.reserve = np.where(np.arange(steps) < published, self.reserve, 5 * random_reserve_prices(rng, steps))
        other.called = np.where(np.arange(steps) < gate, inputs.called, rng.random(steps) < 0.1)
        follows = inputs.stores.reachable
        drawn = rng.random(follows.shape) < rng.choice([0.0, 0.5, 1.0])
        other.reachable = np.where(np.arange(steps)[:, None] < gate, follows, drawn)
        other.load, other.sun = self.load.copy(), self.sun.copy()
        other.load[known:] = rng.uniform(0.0, 6.0, other.load[known:].shape)
        other.sun[known:] *= rng.uniform(0.0, 1.2, other.sun[known:].shape)
        other.trips = other_trips(mobility(self.fleet, inputs.period, self.fleet.seed), gate, self.fleet, rng)
        return other


@lru_cache(maxsize=8)
def two_futures(seed: int, where: float, minutes: int, closure: int) -> tuple[int, Inputs, Inputs]:
    """A window that lies so far into three days, and these days twice, which differ after its gate. No strategy can
    touch them: their arrays are read-only.
    """
    with pytest.MonkeyPatch.context() as patch:
        tables = Tables(seed, window_minutes=minutes, gate_closure_minutes=closure)
        inputs = tables.inputs(patch)
        window = int(where * (len(inputs.windows) - 1))
        return window, inputs, tables.with_another_future(window, inputs, seed + 1).inputs(patch)


@cache
def around_ten_and_one(window_of_day: int, closure: int) -> tuple[int, Inputs, Inputs]:
    """The same of a window of the second or third day, around the gates of the day ahead and their results."""
    with pytest.MonkeyPatch.context() as patch:
        tables = Tables(7, gate_closure_minutes=closure, minimum_bid_mw=0.0)
        inputs = tables.inputs(patch)
        window = 24 + window_of_day if closure == 75 else 48 + window_of_day
        return window, inputs, tables.with_another_future(window, inputs, 8).inputs(patch)


@cache
def long_and_short(reserves: bool) -> tuple[Inputs, Inputs]:
    """Three days, and the first two of them."""
    with pytest.MonkeyPatch.context() as patch:
        whole, first = Tables(11, reserves=reserves), Tables(11, reserves=reserves)
        long = whole.inputs(patch)
        cut = 2 * SLOTS
        first.days = 2
        first.lmp, first.reserve = whole.lmp[:cut], whole.reserve[:, :cut]
        first.load, first.sun = whole.load[:cut], whole.sun[:cut]
        return long, first.inputs(patch)


def reserves_published(inputs: Inputs, gate: int) -> int:
    """Interval up to which day-ahead reserve prices are published at the start of interval `gate`.

    Those of the day after from 13:00 on; those of the first day from its start.
    """
    day, slot = inputs.period.day_of_interval, inputs.period.slot_of_interval
    last = day[gate] + (1 if slot[gate] >= 13 * 4 else 0)
    return int((day <= last).sum())


def other_trips(days: Mobility, gate: int, fleet: Fleet, rng: np.random.Generator) -> Mobility:
    """The cars' days after a gate drawn anew: when each leaves and comes back, and its trips after the one declared."""
    plugged, trip, required, declared = (
        x.copy() for x in (days.plugged, days.trip_kwh, days.required_kwh, days.declared_kwh)
    )
    steps, cars = plugged.shape
    own = fleet.cars
    wish, floor = own.min_departure_soc * own.capacity_kwh, own.min_soc * own.capacity_kwh
    for m in range(cars):
        at = gate + 1
        plugged[at:, m], trip[at:, m], required[at:, m] = plugged[gate, m], 0.0, 0.0
        coming = declared[gate, m]
        while at < steps:
            stays = int(rng.integers(8, 80))
            if plugged[at - 1, m]:
                # The first departure takes what was declared; the car must have been plugged in long enough for it.
                was = days.plugged[: gate + 1, m]
                since = gate - (0 if not len(np.flatnonzero(~was)) else int(np.flatnonzero(~was)[-1]))
                if at == gate + 1 and since + stays < 48:
                    stays += 48
                declared[at - 1 : at + stays, m] = coming
                leave = at + stays
                if leave >= steps:
                    break
                plugged[leave:, m] = False
                energy = min(float(coming), float(0.4 * own.capacity_kwh[m]))
                trip[leave, m], required[leave, m] = energy, max(wish[m], energy + floor[m])
                at = leave + 1
            else:
                declared[at : at + stays, m] = own.trip_kwh[m]
                back = at + stays
                if back >= steps:
                    break
                plugged[back:, m] = True
                coming = float(rng.uniform(0.0, 0.3) * own.capacity_kwh[m])
                declared[back:, m] = coming
                at = back + 1
    return Mobility(plugged, trip, required, declared, 0)


def run_up_to(window: int, inputs: Inputs, key: str) -> tuple[Trajectory, list[Bid], np.ndarray]:
    """What a strategy did before it bid for a window, its bids up to that, and what reserve is committed by then."""
    begun = PeriodRun(inputs, STRATEGIES[key]())  # type: ignore[arg-type]
    for t in range(len(inputs.period)):
        begun.before(t)
        if len(begun.bids) > window:
            break
        begun.dispatch(t)
    day_ahead = begun.state.day_ahead
    return begun.trajectory, begun.bids, np.zeros(0) if day_ahead is None else day_ahead.agreed_usd_per_kw_h


def run_until(end: int, inputs: Inputs, key: str) -> PeriodRun:
    """A strategy's first intervals: what it does later cannot change them."""
    begun = PeriodRun(inputs, STRATEGIES[key]())  # type: ignore[arg-type]
    for t in range(end):
        begun.before(t)
        begun.dispatch(t)
    return begun


def assert_the_same(a: Bid, b: Bid, what: str) -> None:
    for column in CURVE:
        assert np.array_equal(getattr(a.curve, column), getattr(b.curve, column)), f"{what}: curve, {column}"
    for column in SEGMENTS:
        assert np.array_equal(getattr(a.decision.segments, column), getattr(b.decision.segments, column)), (
            f"{what}: {column}"
        )
    for column in ("below_minimum", "feasible_kw"):
        assert getattr(a, column) == getattr(b, column), f"{what}: {column}"
    for column in ("expected_margin_usd", "offers", "agreed", "rounds", "mean_concession", "plan_satisfaction"):
        assert np.array_equal(getattr(a.decision, column), getattr(b.decision, column), equal_nan=True), (
            f"{what}: {column}"
        )


def check(key: str, window: int, inputs: Inputs, changed: Inputs) -> None:
    gate = max(inputs.windows.gate_interval(window, inputs.scenario.market.gate_closure_minutes), 0)
    path, bids, agreed = run_up_to(window, inputs, key)
    other, other_bids, other_agreed = run_up_to(window, changed, key)
    assert len(bids) == len(other_bids) > window
    for column in DISPATCH:
        mine, theirs = getattr(path, column)[:gate], getattr(other, column)[:gate]
        assert np.array_equal(mine, theirs), f"{key}: {column} before {gate} saw what came after"
    for w in range(window + 1):
        assert_the_same(bids[w], other_bids[w], f"{key}: window {w} of {window} saw what came after its gate")
    assert np.array_equal(agreed, other_agreed), f"{key}: what was agreed day ahead saw what came after"


@pytest.mark.parametrize("key", HONEST)
@settings(max_examples=1)
@given(
    seed=st.integers(0, 10_000),
    where=st.floats(0.0, 1.0),
    minutes=st.sampled_from([60, 60, 15]),
    closure=st.sampled_from([75, 75, 24 * 60]),
)
@example(seed=1, where=0.0, minutes=60, closure=75)
@example(seed=2, where=0.5, minutes=60, closure=24 * 60)
def test_no_strategy_knows_at_a_gate_what_comes_after_it(
    key: str, seed: int, where: float, minutes: int, closure: int
) -> None:
    window, inputs, changed = two_futures(seed, where, minutes, closure)
    assert not np.array_equal(inputs.lmp_usd_per_mwh, changed.lmp_usd_per_mwh)
    check(key, window, inputs, changed)


AROUND = [
    (key, window, closure)
    for closure, windows in ((75, (14, 11, 15)), (24 * 60, (14, 11, 12)))
    for window in windows
    for key in HONEST
]


def by_default(key: str, window_of_day: int, closure: int) -> bool:
    """Of a gate a day ahead the strategy that does most, of one just before the window all."""
    return window_of_day == 14 and (closure == 75 or key == "negotiated")


@pytest.mark.parametrize(
    ("key", "window_of_day", "closure"),
    [pytest.param(*gate, marks=() if by_default(*gate) else pytest.mark.slow) for gate in AROUND],
)
def test_nothing_leaks_around_the_day_ahead_gate_and_its_results(key: str, window_of_day: int, closure: int) -> None:
    """Gates just after 10:00, just before 13:00 and just after, when the next day's reserve is bid and published, for
    the coming hour and for the same one a day later.
    """
    check(key, *around_ten_and_one(window_of_day, closure))


@pytest.mark.parametrize(
    ("key", "reserves"),
    [
        *((key, True) for key in HONEST),
        *(pytest.param(key, False, marks=() if key == "centralized" else pytest.mark.slow) for key in HONEST),
    ],
)
def test_the_first_days_of_a_period_are_those_of_a_longer_one(key: str, reserves: bool) -> None:
    """Energy to the last midnight; with reserves until 13:00 of the last day, when the longer period's next day-ahead
    results are published, which the shorter one has not.
    """
    long, short = long_and_short(reserves)
    cut = 2 * SLOTS
    assert np.array_equal(long.called[:cut], short.called)
    until = cut if not reserves else SLOTS + 13 * 4
    of_long, of_short = (run_until(until, inputs, key).trajectory for inputs in (long, short))
    for column in DISPATCH:
        mine, theirs = getattr(of_short, column)[:until], getattr(of_long, column)[:until]
        differ = np.flatnonzero((mine != theirs).any(axis=1))
        assert not len(differ), f"{key}: {column} differs from interval {differ[0]} of {until} on"


def test_a_strategy_that_peeks_is_seen() -> None:
    """The realised price of the window itself, as its forecast."""
    from vpp_core.strategies.centralized import CentralizedAware

    with pytest.MonkeyPatch.context() as patch:
        tables = Tables(3, days=1)
        inputs = tables.inputs(patch)
        changed = tables.with_another_future(20, inputs, 4).inputs(patch)

        class Peeks(CentralizedAware):
            forecasts_are_exact = True

        patch.setitem(STRATEGIES, "peeks", Peeks)
        with pytest.raises(AssertionError, match="saw what came after"):
            check("peeks", 20, inputs, changed)


def test_every_strategy_that_decides_at_gates_is_held_to_it() -> None:
    assert {"smart_home", "negotiated", "centralized_aware", "centralized"} <= set(HONEST)
    assert issubclass(STRATEGIES["perfect_forecast"], GateClosureStrategy)
