"""Homes whose export credit is above their import price in some hours: by hand, and against a mixed-integer program."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from tests.dispatch.a_home import Array, stages, stores
from tests.dispatch.test_month_bound_home import drawn_battery, drawn_car, holding, home_of, store_of
from tests.dispatch.test_value import slopes_of
from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.bound.corners import EITHER, EXPORT, IMPORT, solve_corners
from vpp_core.dispatch.bound.homes import Home, broken_kwh, earned_usd
from vpp_core.dispatch.bound.program import solve_split
from vpp_core.dispatch.bound.within import Within
from vpp_core.dispatch.month_bound import solve_home


def best_usd(home: Home, circles: bool) -> float:
    """What a home can earn at best, by a mixed-integer program: in each interval its meter imports or exports.

    `circles`: its stores may charge and give at once, as a relaxation may where prices are negative.
    """
    n, h, own = len(home.net_generation_kw), INTERVAL_HOURS, 4
    most = np.abs(home.net_generation_kw) + sum(s.max_charge_kw + s.max_discharge_kw for s in home.stores)
    cost = [h * home.import_usd_per_kwh, -h * home.export_usd_per_kwh, np.zeros(n)]
    low, high, whole = [np.zeros(n)] * 3, [most, most, np.ones(n)], [np.zeros(n), np.zeros(n), np.ones(n)]
    eye, zero = np.eye(n), np.zeros((n, n))
    meter, rows = [-eye, eye, zero], []
    for s in home.stores:
        end = np.zeros(n)
        end[-1] = -s.end_usd_per_kwh
        cost += [np.zeros(n), np.full(n, h * s.wear_usd_per_kwh), end, np.zeros(n)]
        low += [np.zeros(n), np.zeros(n), s.floor_kwh, np.zeros(n)]
        high += [s.max_charge_kw, s.max_discharge_kw, s.ceiling_kwh, np.ones(n)]
        whole += [np.zeros(n)] * 3 + [np.ones(n)]
        meter += [eye, -eye, zero, zero]
    for position, s in enumerate(home.stores):
        blocks = [zero] * (3 + own * len(home.stores))
        begin = -s.trip_kwh.copy()
        begin[0] += s.initial_kwh
        at = 3 + own * position
        blocks[at : at + 3] = [
            -h * s.charge_efficiency * eye, h / s.discharge_efficiency * eye, eye - np.eye(n, k=-1)
        ]  # fmt: skip
        rows.append(LinearConstraint(np.hstack(blocks), begin, begin))
        if not circles:
            charges, gives = [zero] * len(blocks), [zero] * len(blocks)
            charges[at], charges[at + 3] = eye, -np.diag(s.max_charge_kw)
            gives[at + 1], gives[at + 3] = eye, np.diag(s.max_discharge_kw)
            rows.append(LinearConstraint(np.hstack(charges), -np.inf, 0.0))
            rows.append(LinearConstraint(np.hstack(gives), -np.inf, s.max_discharge_kw))
    rest = [zero] * (own * len(home.stores))
    rows += [
        LinearConstraint(np.hstack(meter), home.net_generation_kw, home.net_generation_kw),
        LinearConstraint(np.hstack([eye, zero, -np.diag(most), *rest]), -np.inf, 0.0),
        LinearConstraint(np.hstack([zero, eye, np.diag(most), *rest]), -np.inf, most),
    ]
    found = milp(
        np.concatenate(cost), constraints=rows, integrality=np.concatenate(whole),
        bounds=Bounds(np.concatenate(low), np.concatenate(high)), options={"mip_rel_gap": 1e-9},
    )  # fmt: skip
    assert found.status == 0, found.message
    return float(-found.fun)


@st.composite
def homes(draw: st.DrawFn) -> Home:
    """A few hours under any tariff: prices of three to four periods of each side, in any order."""
    intervals = draw(st.integers(2, 16))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    period = np.sort(rng.integers(0, 4, intervals))
    imported, exported = rng.uniform(0.0, 0.7, 4)[period], rng.choice([0.05, 0.3, 1.2, 3.0], 4)[period]
    lmp = rng.normal(0.03, draw(st.sampled_from([0.0, 0.05, 0.3])), intervals)
    surplus = rng.uniform(-3, 4, intervals) * draw(st.sampled_from([0.0, 1.0]))
    drawn = {"battery": drawn_battery, "car": drawn_car}
    devices = draw(st.sampled_from([("battery",), ("battery", "car"), ("battery", "battery")]))
    parts = tuple(drawn[device](draw, rng, surplus) for device in devices)
    return Home(surplus, lmp + imported, lmp + exported, np.zeros(intervals, dtype=np.int64), parts)


@settings(max_examples=40)
@given(homes())
def test_under_any_tariff_the_bound_is_above_the_best_and_its_schedule_is_one(home: Home) -> None:
    schedules, gap = solve_home(home)
    assert broken_kwh(home, schedules) < 1e-6
    earned = earned_usd(home, schedules)
    assert earned <= best_usd(home, circles=True) + 1e-6
    assert best_usd(home, circles=False) <= earned + gap + 1e-6
    for store, path in zip(home.stores, schedules, strict=True):
        swing = INTERVAL_HOURS * (path.charge_kw - path.discharge_kw).sum()
        assert abs(swing) < 100 * store.ceiling_kwh.max()


def test_a_battery_gives_at_full_power_in_one_quarter_rather_than_a_little_in_all() -> None:
    """1 kWh beside 2 kW of load, import 0.30, export 1.00: covering the load saves 0.30 a kWh, at 4 kW the half that
    is exported earns 1.00: 4 kW in one quarter, 0.5 kWh at 0.30 and 0.5 at 1.00.
    """
    home = home_of([0.3] * 4, [1.0] * 4, surplus=-2.0, initial_kwh=1.0, max_charge_kw=0.0)
    schedules, gap = solve_home(home)
    assert sorted(schedules[0].discharge_kw) == pytest.approx([0, 0, 0, 4], abs=1e-6)
    assert earned_usd(home, schedules) == pytest.approx(-4 * 0.25 * 2 * 0.3 + 0.5 * 0.3 + 0.5 * 1.0)
    assert gap == pytest.approx(0.0, abs=1e-7)


def test_two_batteries_of_a_home_export_together() -> None:
    """Each holds 0.5 kWh, a quarter of 2 kW: together they pass the 2 kW of load and earn 1.00 for half of it."""
    home = home_of([0.3] * 2, [1.0] * 2, surplus=-2.0, initial_kwh=0.5, max_charge_kw=0.0, max_discharge_kw=2.0)
    home = replace(home, stores=(*home.stores, store_of(2, initial_kwh=0.5, max_charge_kw=0.0, max_discharge_kw=2.0)))
    schedules, gap = solve_home(home)
    assert earned_usd(home, schedules) == pytest.approx(-2 * 0.25 * 2 * 0.3 + 0.5 * 0.3 + 0.5 * 1.0, abs=1e-6)
    assert gap < 1e-6


def test_an_interval_is_held_to_its_side_and_to_none_it_cannot_be_on() -> None:
    """2 kW of load beside 4 kW of battery, 1 kWh in it: held to import it gives no more than the load."""
    home = home_of([0.3] * 2, [1.0] * 2, surplus=-2.0, initial_kwh=1.0, max_charge_kw=0.0)
    hull = solve_corners(home, np.array([IMPORT, EXPORT]))
    assert hull is not None
    assert hull.schedules[0].discharge_kw == pytest.approx([0.0, 4.0], abs=1e-6)
    assert hull.reached_usd == pytest.approx(-0.25 * 2 * 0.3 + 0.5 * 1.0, abs=1e-6) == hull.bound_usd
    small = home_of([0.3] * 2, [1.0] * 2, surplus=-5.0, initial_kwh=1.0, max_charge_kw=0.0)
    assert solve_corners(small, np.array([EITHER, EXPORT])) is None


def drawn_in(home: Home) -> Home:
    """A home without reserve whose limits are drawn in to what its stores can reach."""
    parts = []
    for store in home.stores:
        within = Within.of(replace(store, reserve=None))
        charge, discharge = within.max_charge / INTERVAL_HOURS, sum(within.discharge) / INTERVAL_HOURS
        max_discharge = np.where(within.min_charge > 0.0, 0.0, discharge)
        parts.append(replace(store, reserve=None, max_charge_kw=charge, max_discharge_kw=max_discharge))
    return replace(home, stores=tuple(parts))


@settings(max_examples=30)
@given(holding(), st.sampled_from([0.0, 1.0]))
def test_the_hull_of_the_corners_is_what_the_linear_program_of_both_sides_earns(home: Home, above: float) -> None:
    """Where no price is below 0; else the program charges and gives at once, which corners do not. Of limits that
    cannot be reached the corners know before the program does, so theirs may be the smaller.
    """
    imported = np.maximum(home.import_usd_per_kwh, 0.0)
    exported = np.maximum(home.export_usd_per_kwh, 0.0) + above * (np.arange(len(imported)) % 3 == 0)
    home = replace(home, import_usd_per_kwh=imported, export_usd_per_kwh=exported)
    hull, (_, bound, _) = solve_corners(home), solve_split(home)
    assert hull is not None
    assert hull.reached_usd == pytest.approx(hull.bound_usd, rel=1e-7, abs=1e-5)
    assert earned_usd(home, solve_home(home)[0]) <= hull.bound_usd + 1e-6 <= bound + 1e-5
    reached = drawn_in(home)
    hull, (_, bound, _) = solve_corners(reached), solve_split(reached)
    assert hull is not None
    assert hull.bound_usd == pytest.approx(bound, rel=1e-7, abs=1e-5)


def worth(slopes: Array, step: float) -> Array:
    return np.asarray(slopes / step)


def test_stored_energy_is_kept_for_the_hour_in_which_exporting_earns_most() -> None:
    """Export earns 1.00 in the last four quarters, 0.05 before; the grid costs 0.30. Before the dear quarters what they
    can take, 4 kWh, is worth 1.00, though 0.30 would buy it meanwhile; hours before it is worth what buys it.
    """
    s = stores(into=1.0, out_of=1.0, wear=0.0, floor=0.0, ceiling=24.0, deviation=4.0)
    exported = np.array([0.05] * 8 + [1.0] * 4)
    slopes = worth(slopes_of(s, stages(0.0, 12, exported=exported), replacement=0.2), 1.0)
    assert slopes[7][:4] == pytest.approx(1.0, abs=1e-6)
    assert slopes[7][5:] == pytest.approx(0.2, abs=1e-6)
    assert slopes[0][:4] == pytest.approx(0.3, abs=1e-6)


def test_half_covering_a_load_half_exporting_counts_at_the_mean_of_both() -> None:
    s = stores(into=1.0, out_of=1.0, wear=0.0, floor=0.0, ceiling=24.0, deviation=2.0)
    coming = stages(0.0, 4, net=-2.0, imported=0.3, exported=np.array([0.05, 0.05, 0.05, 1.0]))
    slopes = worth(slopes_of(s, coming, replacement=0.2), 1.0)
    assert slopes[2][0] == pytest.approx(0.65, abs=1e-6)
