"""Giving what cleared: within limits, exactly where homes can, cheapest first, and what is short is told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.invented import invented_inputs
from vpp_core.dispatch.columns import columns_of, homes_of
from vpp_core.dispatch.operation import Conditions, Limits, Operation
from vpp_core.dispatch.value import CELLS
from vpp_core.fleet.permission import Permission
from vpp_core.market.inputs import Inputs

Array = np.ndarray


class Case:
    """A fleet in one interval, with random energies and concave values."""

    def __init__(self, seed: int, homes: int = 12, obeys: bool = True) -> None:
        rng = np.random.default_rng(seed)
        self.inputs: Inputs = invented_inputs(homes=homes, days=1, seed=seed, v2g=bool(seed % 2))
        stores = self.inputs.stores
        self.permission = Permission.of(self.inputs.fleet, stores, obeys)
        self.columns = columns_of(stores, self.permission)
        self.operation = Operation(
            stores, self.permission, self.columns, homes_of(stores, homes), self.inputs.layout.aggregation_of_home
        )
        share = rng.uniform(0.2, 0.9, len(stores))
        energy = stores.floor_kwh + share * (stores.ceiling_kwh - stores.floor_kwh)
        self.at = Conditions(
            energy, rng.random(len(stores)) < 0.8, rng.uniform(-3, 3, homes), np.full(homes, 0.3), np.full(homes, 0.05)
        )
        per_kwh = np.sort(rng.uniform(0.0, 0.8, (len(stores), CELLS)), axis=1)[:, ::-1]
        self.slopes = np.ascontiguousarray(per_kwh * ((stores.ceiling_kwh - stores.floor_kwh) / CELLS)[:, None])
        self.markup = np.zeros((3, len(stores)))

    def limits(self, taken: float = 0.0, reserved: float = 0.0, ready_in: int = 10, asked: float = np.inf) -> Limits:
        count = len(self.inputs.stores)
        return self.operation.limits(
            self.at, np.full(count, taken), self.permission.need_kwh[0], np.full(count, ready_in),
            np.full((3, count), asked), np.full(count, reserved), 1.0,
        )  # fmt: skip

    def give(self, price: float, sold: float, bought: float, limits: Limits) -> tuple[Array, float]:
        power, short = self.operation.give(
            self.at, limits, self.slopes, self.markup, price, np.array([sold]), np.array([bought]), 0.1
        )
        return power, float(short[0])


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), price=st.floats(-0.2, 1.0), share=st.floats(0.0, 1.5), down=st.floats(0.0, 1.5))
def test_limits_are_never_left_and_what_is_short_is_told(seed: int, price: float, share: float, down: float) -> None:
    case = Case(seed)
    limits = case.limits()
    most_up, most_down = float((limits.high - limits.default).sum()), float((limits.default - limits.low).sum())
    sold, bought = share * most_up, down * most_down
    power, short = case.give(price, sold, bought, limits)
    assert (power >= limits.low - 1e-9).all()
    assert (power <= limits.high + 1e-9).all()
    up, down_kw = case.operation.sums(power, limits.default)
    assert short >= max(sold - most_up, 0.0) - 1e-6
    if bought == 0.0:
        assert up[0] + short == pytest.approx(sold, abs=1e-4)
    if sold == 0.0:
        assert down_kw[0] + short == pytest.approx(bought, abs=1e-4)


@settings(max_examples=6)
@given(seed=st.integers(0, 10_000), share=st.floats(0.05, 1.0))
def test_what_homes_would_give_at_the_price_is_given_exactly_and_nothing_is_short(seed: int, share: float) -> None:
    """Up to what they would deviate by on their own at it."""
    case = Case(seed)
    limits, price = case.limits(), 0.6
    there = np.array([price])
    would, _ = case.operation.sums(
        case.operation.respond(case.at, limits, case.slopes, case.markup, there, there), limits.default
    )
    power, short = case.give(price, share * would[0], 0.0, limits)
    up, down = case.operation.sums(power, limits.default)
    assert up[0] == pytest.approx(share * would[0], abs=1e-6)
    assert down[0] == 0.0 and short == 0.0


def test_the_cheapest_gives_first() -> None:
    """The battery whose energy is worth least gives; the dearest not before the others are used."""
    case = Case(2, homes=40)
    batteries = np.flatnonzero(case.inputs.stores.follows_meter)
    case.at.available[:] = np.isin(np.arange(len(case.inputs.stores)), batteries)
    case.at.net_generation_kw[:] = 0.0
    case.at.energy_kwh[:] = case.inputs.stores.ceiling_kwh
    worth = np.linspace(0.1, 0.6, len(batteries))
    step = (case.inputs.stores.ceiling_kwh - case.inputs.stores.floor_kwh)[batteries] / CELLS
    fall = np.linspace(1e-4, -1e-4, CELLS)
    case.slopes[batteries] = (worth[:, None] + fall) * step[:, None]
    limits = case.limits()
    most = (limits.high - limits.default)[batteries]
    power, _ = case.give(1.0, 0.5 * most.sum(), 0.0, limits)
    part = (power - limits.default)[batteries] / np.maximum(most, 1e-9)
    used, left = np.flatnonzero(part > 0.99), np.flatnonzero(part < 0.01)
    assert len(used) > 2 and len(left) > 2
    assert used.max() <= left.min() + 1, "in the order of what it costs"


def test_limits_keep_what_was_taken_today_what_is_asked_for_and_what_is_reserved() -> None:
    case = Case(4, homes=30)
    stores, p = case.inputs.stores, case.permission
    follows = stores.follows_meter & case.at.available
    free = case.limits()
    assert (free.high - free.default)[follows].max() > 0.5
    assert (free.high - free.default <= p.deviation_kw + 1e-9)[follows].all()
    used = case.limits(taken=1e6)
    assert (np.maximum(used.high, 0.0) <= np.maximum(used.default, 0.0) + 1e-9)[follows].all(), (
        "the day's energy is used"
    )
    little = case.limits(asked=0.3)
    assert (little.high - little.default <= 0.3 + 1e-9)[follows].all()
    assert (little.default - little.low <= 0.3 + 1e-9)[follows].all()
    held = case.limits(reserved=0.5)
    room = np.maximum(case.at.energy_kwh - p.floor_kwh, 0.0) * stores.discharge_efficiency
    gives = follows & (held.high > np.maximum(held.default, 0.0) + 1e-9)
    assert (held.high[gives] * 0.25 <= room[gives] - 0.5 * 1.0 + 1e-6).all(), "an hour of it stays stored"
    away = ~case.at.available
    assert not free.high[away].any() and not free.low[away].any()


def test_a_car_that_must_charge_to_be_ready_is_not_held_off() -> None:
    case = Case(6, homes=30)
    stores = case.inputs.stores
    cars = ~stores.follows_meter & case.at.available & case.permission.movable
    missing = np.maximum(case.permission.need_kwh[0] - case.at.energy_kwh, 0.0) / stores.charge_efficiency / 0.25
    now, later = case.limits(ready_in=1), case.limits(ready_in=200)
    must = np.minimum(missing, -now.default)
    assert (-now.high >= must - 1e-9)[cars].all()
    assert (later.high >= -1e-9)[cars].all(), "with time left it may wait"
    assert must[cars].max() > 1.0


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), ready_in=st.integers(0, 12))
def test_a_car_gives_no_more_than_it_can_charge_again_before_it_leaves(seed: int, ready_in: int) -> None:
    case = Case(2 * seed + 1)
    limits, stores, need = case.limits(ready_in=ready_in), case.inputs.stores, case.permission.need_kwh[0]
    gives = limits.high > 0
    after = case.operation.after(case.at, np.where(gives, limits.high, 0.0))
    later = max(ready_in - 1, 0) * 0.25 * stores.max_charge_kw * stores.charge_efficiency
    assert (after + later >= need - 1e-9)[gives & ~stores.follows_meter].all()
