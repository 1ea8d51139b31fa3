"""The value of stored energy against a plain dynamic program, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dispatch.a_home import Array, one_home, stages, stores
from vpp_core.dispatch.columns import Desk, Stages, StoreColumns
from vpp_core.dispatch.value import CELLS, SHORT_USD_PER_KWH, STAGE_HOURS, plan_homes, store_slopes

FINE = 10
"""Points of the reference's grid per cell."""


def slopes_of(s: StoreColumns, coming: Stages, replacement: float = 0.2) -> Array:
    """V's slopes [$/kWh] after each stage, (K, CELLS), of the only store."""
    count = len(coming.price)
    after = np.zeros((count, CELLS))
    net = np.ascontiguousarray(coming.net_generation[:, 0])
    desk = Desk(np.zeros(CELLS), np.zeros(CELLS), np.zeros((3, 3 * CELLS + 1)), after, net)
    store_slopes(s, coming, 0, 0, replacement, 1.0, desk)
    return after / ((s.ceiling[0] - s.floor[0]) / CELLS)


def plainly(s: StoreColumns, coming: Stages, replacement: float = 0.2) -> Array:
    """V at each stage's end on a fine grid, (K, points): every move to every level is tried at every price."""
    levels = np.linspace(s.floor[0], s.ceiling[0], CELLS * FINE + 1)
    per_kwh = (replacement - s.wear[0]) * s.out_of[0] if s.follows[0] else replacement / s.into[0]
    value = per_kwh * (levels - s.floor[0])
    after = np.zeros((len(coming.price), len(levels)))
    change = levels[None, :] - levels[:, None]
    power = np.where(change > 0, -change / s.into[0], -change * s.out_of[0]) / STAGE_HOURS
    for k in range(len(coming.price) - 1, -1, -1):
        after[k] = value
        if not coming.available[k, 0]:
            continue
        net = coming.net_generation[k, 0]
        low, high = -s.charge[0], s.give[0]
        if s.follows[0]:
            low, high = max(low, -max(net, 0.0) - s.deviation[0]), min(high, max(-net, 0.0) + s.deviation[0])
        meter = net + power
        bill = np.where(meter < 0, -meter * coming.imported[0, k], -meter * coming.exported[0, k]) * STAGE_HOURS
        allowed = (power >= low - 1e-9) & (power <= high + 1e-9)
        value = np.zeros(len(levels))
        for weight, price in zip(coming.weight, coming.price[k], strict=True):
            earned = (price * power - s.wear[0] * np.maximum(power, 0.0)) * STAGE_HOURS - bill + after[k][None, :]
            value += weight * np.where(allowed, earned, -np.inf).max(axis=1)
    return after


@settings(max_examples=5)
@given(seed=st.integers(0, 100_000), battery=st.booleans())
def test_it_is_what_trying_every_move_finds(seed: int, battery: bool) -> None:
    rng = np.random.default_rng(seed)
    count = 8
    own = (
        {"deviation": rng.uniform(0.5, 4.0)}
        if battery
        else {"follows": False, "give": 0.0, "deviation": np.inf, "wear": 0.0}
    )
    s = stores(into=rng.uniform(0.85, 1.0), out_of=rng.uniform(0.85, 1.0), charge=rng.uniform(1, 6), **own)
    price = np.sort(rng.uniform(0.0, 0.4, (count, 3)), axis=1)
    net = rng.uniform(-3, 3, count) if battery else -rng.uniform(0, 3, count)
    coming = stages(price, count, net=net)
    found, plain = slopes_of(s, coming), plainly(s, coming)
    step = (s.ceiling[0] - s.floor[0]) / CELLS
    worth = np.concatenate([np.zeros((count, 1)), np.cumsum(found, axis=1) * step], axis=1)
    reference = plain[:, ::FINE] - plain[:, :1]
    assert np.abs(worth - reference).max() <= 0.03 * np.ptp(reference, axis=1).max()


@settings(max_examples=8)
@given(seed=st.integers(0, 100_000), follows=st.booleans())
def test_a_stored_kwh_is_worth_no_more_than_the_one_before_it(seed: int, follows: bool) -> None:
    """Trips, needs, any prices and the sun in: what is concave has thresholds."""
    rng = np.random.default_rng(seed)
    count = 24
    s = stores(follows=follows, deviation=rng.uniform(0, 4), trip=rng.uniform(0, 4), early=int(rng.integers(0, 4)),
               give=0.0 if not follows else 4.0)  # fmt: skip
    away = np.zeros(count, dtype=bool)
    if not follows:
        away[int(rng.integers(4, 10)) : int(rng.integers(11, 20))] = True
    coming = stages(
        np.sort(rng.uniform(-0.3, 1.5, (count, 3)), axis=1), count, net=rng.uniform(-4, 4, count), available=~away,
        need=rng.uniform(1, 9), reserve=rng.uniform(0, 0.2),
    )  # fmt: skip
    slopes = slopes_of(s, coming)
    assert (np.diff(slopes, axis=1) <= 1e-9).all()


def test_by_hand_a_kwh_that_can_be_sold_next_is_worth_its_price_less_wear_and_loss() -> None:
    """One stage at 0.40 beside a load of 3 kW at 0.30: a stored kWh gives 0.9 kWh, worth 0.70 - 0.03 each."""
    s = stores(deviation=0.0)
    slopes = slopes_of(s, stages([0.0, 0.4], 2, net=-3.0), replacement=0.2)
    assert slopes[1] == pytest.approx(np.full(CELLS, (0.2 - 0.03) * 0.9)), "what is left replaces a purchase"
    assert slopes[0, 0] == pytest.approx((0.4 + 0.3 - 0.03) * 0.9), "3 kW for a quarter hour take 0.83 kWh"
    assert slopes[0, 3] == pytest.approx((0.2 - 0.03) * 0.9)


def test_a_trip_takes_its_energy_along_and_being_short_of_it_costs_more_than_any_price() -> None:
    """It leaves at stage 4 with 5 kWh; 2 kWh can still be charged in the two quarter hours before."""
    s = stores(follows=False, give=0.0, charge=4.0, into=1.0, trip=5.0, early=0)
    away = np.array([True, True, True, True, False, False])
    slopes = slopes_of(s, stages(0.1, 6, available=away, need=6.0), replacement=0.2)
    step = 10.0 / CELLS
    short = np.arange(CELLS) * step + step <= 5.0 - 2 * 1.0 + 1e-9
    assert (slopes[1][short] >= SHORT_USD_PER_KWH * 0.9).all()
    assert (slopes[1][~short][2:] < 1.0).all()
    assert slopes[4] == pytest.approx(slopes[5]), "on the road nothing moves"
    shift = slopes_of(s, stages(0.1, 6, available=away, need=1.0), replacement=0.2)
    whole = int(5.0 / step)
    assert shift[3, whole + 1 :] == pytest.approx(np.full(CELLS - whole - 1, 0.2)), "beyond the trip a kWh stays one"


@pytest.mark.parametrize("early", [0, 2])
def test_what_is_asked_at_departure_is_there_some_quarter_hours_early(early: int) -> None:
    """4 kW charge 1 kWh a stage. The car leaves at stage 8 with 6 kWh, of which 1 is there: it charges five stages."""
    s = stores(follows=False, give=0.0, into=1.0, trip=5.0, early=early)
    price = np.full(12, 0.3)
    away = np.arange(12) < 8
    coming = stages(price, 12, available=away, need=6.0)
    slopes, expected = np.zeros((12, 1, CELLS)), np.zeros((12, 1))
    plan_homes(s, one_home(s), coming, np.array([1.0]), np.array([0.05]), 1.0, 12, slopes, expected)
    assert expected[7 - early, 0] >= 6.0 - 0.45, "within a cell"
    assert expected[7, 0] >= 6.0 - 0.45
    assert expected[8, 0] == pytest.approx(expected[7, 0] - 5.0), "and the trip takes it along"
