"""No household loses in expectation: what is agreed at a gate covers its own cost, whichever intervals clear.

Operationally: at the gate a home's own cost of a segment is the rise of its bill and wear in the window, plus what its
device's energy afterwards is worth less, to a home that is left alone from then on and whose coming days are its
average day. The market decides which of the window's intervals clear, so there are as many cases as subsets. In each of
them, from wherever the battery may start, what the home is paid for a battery's energy must cover that cost. Of a car's
delay, and of what a car gives, it must for every number of intervals that clear, on average over which: its charging
takes the sun of some intervals and the grid's energy in others, and no interval is likelier to clear than another.
Physics, bill and worth are put together here once more, from the functions that the simulation uses.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vpp_core.dispatch.opportunity_cost import battery_own_value, car_value
from vpp_core.dispatch.stored_value import LEVELS

import vpp_core.simulation as simulation
from tests.invented import invented_inputs
from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.market.contingencies import LONGEST_INTERVALS
from vpp_core.market.inputs import Inputs
from vpp_core.market.segments import Segments
from vpp_core.physics.meter import retail_bill_usd
from vpp_core.physics.storage import (
    charge_limit_kw,
    charge_on_arrival_kw,
    discharge_limit_kw,
    self_consumption_kw,
    step_energy_kwh,
    within_limits_kw,
)
from vpp_core.scenario import Tariff
from vpp_core.settlement.trajectory import Trajectory
from vpp_core.strategies.registry import STRATEGIES

Array = np.ndarray
AWARE = ["negotiated", "centralized_aware"]
ROUNDING_USD = 1e-9
EVENING = Tariff(import_usd_per_kwh=(*(0.23,) * 16, *(0.48,) * 5, *(0.23,) * 3))


@dataclass(frozen=True)
class Gate:
    """What was known when a window's gate closed, and what was then held."""

    known: dict[str, Any]
    """arguments of the offers: devices, state, coming window, outlook"""
    segments: Segments
    offered_kw: Array
    first: int
    started_kwh: Array
    """battery energy that the window really started from, (N,)"""
    car_started_kwh: Array


def gates(inputs: Inputs, key: str) -> tuple[list[Gate], Trajectory]:
    """Run a strategy and keep what each gate knew."""
    seen: list[tuple[dict[str, Any], Array]] = []
    honest = simulation.marginal_offers

    def watched(*args: Any, **kwargs: Any) -> Any:
        offers = honest(*args, **kwargs)
        seen.append((dict(inspect.signature(honest).bind(*args, **kwargs).arguments), offers.quantity_kw))
        return offers

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation, "marginal_offers", watched)
        path, bids, _ = simulation.run(inputs, STRATEGIES[key](), None)  # type: ignore[arg-type]
    stores, energy = inputs.stores, path.before_kwh(inputs.stores)
    batteries, car_before = stores.of_kind("battery"), energy[:, stores.of_kind("car")]
    before = np.zeros((len(energy), len(inputs.fleet)))
    before[:, stores.home[batteries]] = energy[:, batteries]
    found = []
    for (known, offered), bid in zip(seen, bids, strict=True):
        first = known["coming"].first_interval
        found.append(Gate(known, bid.segments, offered, first, before[first], car_before[first]))
    return found, path


def patterns(intervals: int) -> Iterator[Array]:
    """Every set of intervals that may clear, but for none."""
    for bits in itertools.product([0.0, 1.0], repeat=intervals):
        if any(bits):
            yield np.array(bits)


def worth_usd(value: Array, floor: Array, ceiling: Array, energy_kwh: Array) -> Array:
    """V of each device (n, LEVELS) at its energy (n,): linear between the points of its grid, held at the ends."""
    place = np.divide(energy_kwh - floor, ceiling - floor, out=np.zeros_like(energy_kwh), where=ceiling > floor)
    place = np.clip(place, 0.0, 1.0) * (LEVELS - 1)
    below = np.minimum(place.astype(int), LEVELS - 2)
    row = np.arange(len(value))
    return value[row, below] + (place - below) * (value[row, below + 1] - value[row, below])


class Window:
    """One window of every home: the physics and the bill of it, from given energies and awards."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.batteries, self.cars, self.permission, self.state, self.coming, self.outlook = (
            gate.known[name] for name in ("batteries", "cars", "permission", "state", "coming", "outlook")
        )

    @property
    def intervals(self) -> int:
        return len(self.coming.surplus_kw)

    def battery(self, energy: Array, award_kw: Array, clears: Array) -> tuple[Array, Array, Array]:
        """Power [kW] (L, N), energy after (N,), delivered [kWh] (N,) if `award_kw` clears in these intervals."""
        b, power, delivered = self.batteries, np.zeros((self.intervals, len(energy))), np.zeros(len(energy))
        for k in range(self.intervals):
            into, out_of = b.charge_efficiency, b.discharge_efficiency
            default = self_consumption_kw(
                energy, self.coming.surplus_kw[k], b.backup_kwh, b.ceiling_kwh, b.max_power_kw, into, out_of,
                INTERVAL_HOURS,
            )  # fmt: skip
            floor = self.permission.battery_floor_kwh
            power[k] = within_limits_kw(
                default + clears[k] * award_kw,
                charge_limit_kw(energy, b.ceiling_kwh, b.max_power_kw, into, INTERVAL_HOURS),
                discharge_limit_kw(energy, floor, b.max_power_kw, out_of, INTERVAL_HOURS),
            )
            delivered += np.where(clears[k] * award_kw != 0, power[k] - default, 0.0) * INTERVAL_HOURS
            charge, discharge = np.maximum(-power[k], 0.0), np.maximum(power[k], 0.0)
            energy = step_energy_kwh(energy, charge, discharge, into, out_of, INTERVAL_HOURS)
        return power, energy, delivered

    def cars_kw(self, energy: Array, award_kw: Array, clears: Array, gives: bool = False) -> tuple[Array, Array, Array]:
        """Net charging [kW] (L, M), energy after (M,), delivered [kWh] (M,) if the award clears in these intervals.

        An award is a delay, or where it `gives` what each car with one gives instead of charging.
        """
        cars, charging, delivered = self.cars, np.zeros((self.intervals, len(energy))), np.zeros(len(energy))
        for k in range(self.intervals):
            t = self.gate.first + k
            on_board = energy - cars.trip_kwh[t]
            default = charge_on_arrival_kw(
                on_board, cars.plugged[t], cars.target_kwh, cars.max_charge_kw, cars.charge_efficiency, INTERVAL_HOURS
            )
            if gives:
                charging[k] = np.where(clears[k] * award_kw > 0, -award_kw, default)
                delivered += np.maximum(-charging[k], 0.0) * INTERVAL_HOURS
            else:
                charging[k] = np.maximum(default - clears[k] * award_kw, 0.0)
                delivered += (default - charging[k]) * INTERVAL_HOURS
            taken, given = np.maximum(charging[k], 0.0), np.maximum(-charging[k], 0.0)
            energy = step_energy_kwh(
                on_board, taken, given, cars.charge_efficiency, cars.discharge_efficiency, INTERVAL_HOURS
            )
        return charging, energy, delivered

    def bill_usd(self, battery_kw: Array, car_kw: Array) -> Array:
        """Of the window, (N,)."""
        meter = self.coming.surplus_kw + battery_kw
        np.subtract.at(meter.T, self.cars.home, car_kw.T)
        tariff = self.coming.import_usd_per_kwh[:, None], self.coming.export_usd_per_kwh[:, None]
        bill: Array = retail_bill_usd(meter, *tariff, INTERVAL_HOURS).sum(axis=0)
        return bill

    def wear_usd(self, battery_kw: Array) -> Array:
        return np.maximum(battery_kw, 0.0).sum(axis=0) * INTERVAL_HOURS * self.batteries.wear_usd_per_kwh

    @cached_property
    def battery_value(self) -> Array:
        return battery_own_value(self.outlook, self.batteries, self.permission)

    @cached_property
    def car_value(self) -> Array:
        cars, first, last = self.cars, self.gate.first, self.gate.first + self.intervals - 1
        has_battery = self.batteries.max_power_kw[cars.home] > 0
        solar = np.where(has_battery, 0.0, np.maximum(self.outlook.surplus_kw[:, cars.home], 0.0))
        left = cars.departure[first] - (last + 1)
        need = self.permission.car_need_kwh[first]
        return car_value(self.outlook, cars, np.arange(len(cars)), need, left, solar)[1]

    def battery_worth_usd(self, energy: Array) -> Array:
        return worth_usd(self.battery_value, self.permission.battery_floor_kwh, self.batteries.ceiling_kwh, energy)

    def car_worth_usd(self, energy: Array) -> Array:
        return worth_usd(self.car_value, self.cars.floor_kwh, self.cars.target_kwh, energy)

    def battery_loss_usd(
        self, start_kwh: Array, cars_kw: list[Array], award_kw: Array, paid_usd_per_kwh: Array, sets: list[Array]
    ) -> float:
        """Most by which a home's own cost of its battery's award exceeds what it is paid for what it delivers."""
        base, left, _ = self.battery(start_kwh, award_kw, np.zeros(self.intervals))
        bills = [self.bill_usd(base, car_kw) for car_kw in cars_kw]
        worst = 0.0
        for clears in sets:
            power, end, delivered = self.battery(start_kwh, award_kw, clears)
            later = self.wear_usd(power) - self.wear_usd(base)
            later += self.battery_worth_usd(left) - self.battery_worth_usd(end) - paid_usd_per_kwh * delivered
            for car_kw, bill in zip(cars_kw, bills, strict=True):
                short = later + self.bill_usd(power, car_kw) - bill
                worst = max(worst, float(np.where(award_kw != 0, short, 0.0).max(initial=0.0)))
        return worst

    def car_loss_usd(self, award_kw: Array, paid_usd_per_kwh: Array, sets: list[Array], gives: bool = False) -> float:
        """The same of the cars of each home, for the dearest number of intervals, on average over which clear."""
        if not award_kw.any():
            return 0.0
        start, nothing, homes = self.state.car_low_kwh, np.zeros(self.intervals), len(self.batteries.max_power_kw)
        battery, _, _ = self.battery(self.state.battery_low_kwh, np.zeros(homes), nothing)
        battery = np.maximum(battery, 0.0)  # the sun is left to the car
        base_kw, left, _ = self.cars_kw(start, award_kw, nothing)
        lost: dict[int, list[Array]] = {}
        for clears in sets:
            car_kw, end, delivered = self.cars_kw(start, award_kw, clears, gives)
            later = self.car_worth_usd(left) - self.car_worth_usd(end) - paid_usd_per_kwh * delivered
            later += self.cars.wear_usd_per_kwh * delivered if gives else 0.0
            loss = self.bill_usd(battery, car_kw) - self.bill_usd(battery, base_kw)
            np.add.at(loss, self.cars.home, np.where(award_kw > 0, later, 0.0))
            lost.setdefault(int(clears.sum()), []).append(loss)
        return max(float(np.mean(losses, axis=0).max()) for losses in lost.values())


def shortfalls_usd(gate: Gate, *, as_it_came: bool) -> dict[str, float]:
    """By kind of segment, the most by which a home's pay fell short of its own cost: over homes, patterns and starts.

    Batteries start from the lowest and the highest energy that the gate reckoned with, and `as_it_came` also from the
    one that they really had.
    """
    window, layout, state = Window(gate), gate.known["layout"], gate.known["state"]
    quantity = gate.segments.quantity_kw
    pay = np.where(quantity > 0, gate.segments.agreed_usd_per_mwh, 0.0) / 1000
    held = quantity[layout.battery_spin] + quantity[layout.battery_nonspin]
    call_pay = np.where(held > 0, gate.segments.call_usd_per_mwh, 0.0) / 1000
    starts = [state.battery_low_kwh, state.battery_high_kwh, *([gate.started_kwh] if as_it_came else [])]
    cars_at = [state.car_low_kwh, state.car_high_kwh, *([gate.car_started_kwh] if as_it_came else [])]
    nothing = np.zeros(window.intervals)
    cars_kw = [window.cars_kw(energy, np.zeros(len(window.cars)), nothing)[0] for energy in cars_at]
    sets = list(patterns(window.intervals))
    able = layout.discharging_car
    gives, gives_pay = np.zeros(len(window.cars)), np.zeros(len(window.cars))
    gives[able], gives_pay[able] = quantity[layout.car_discharge], pay[layout.car_discharge]

    def short_usd(award_kw: Array, paid_usd_per_kwh: Array, clearings: list[Array]) -> float:
        if not award_kw.any():
            return 0.0
        return max(window.battery_loss_usd(start, cars_kw, award_kw, paid_usd_per_kwh, clearings) for start in starts)

    return {
        "sale": short_usd(quantity[layout.battery_sell], pay[layout.battery_sell], sets),
        "purchase": short_usd(-quantity[layout.battery_buy], pay[layout.battery_buy], sets),
        "call": short_usd(held, call_pay, [p for p in sets if p.sum() <= LONGEST_INTERVALS and in_one_piece(p)]),
        "car": window.car_loss_usd(quantity[layout.car_sell], pay[layout.car_sell], sets),
        "V2G": window.car_loss_usd(gives, gives_pay, sets, gives=True),
    }


def in_one_piece(clears: Array) -> bool:
    where = np.flatnonzero(clears)
    return bool(where[-1] - where[0] + 1 == len(where))


def days(tariffs: list[Tariff], windows: list[int], homes: int = 12) -> st.SearchStrategy[Inputs]:
    return st.builds(
        lambda seed, homes, v2g, window, tariff, duration: invented_inputs(
            seed=seed,
            homes=homes,
            v2g=v2g,
            days=1,
            window_minutes=window,
            tariff=tariff,
            reserve_duration_minutes=duration,
            contingencies_per_month=20.0,
        ),
        seed=st.integers(0, 100_000),
        homes=st.integers(1, homes),
        v2g=st.booleans(),
        window=st.sampled_from(windows),
        tariff=st.sampled_from(tariffs),
        duration=st.sampled_from([30, 60, 120]),
    )


def assert_nobody_is_short(gate: Gate, *, as_it_came: bool) -> None:
    short = shortfalls_usd(gate, as_it_came=as_it_came)
    assert max(short.values()) <= ROUNDING_USD, f"window at interval {gate.first}: {short}"


@settings(max_examples=6)
@given(days([Tariff()], [60, 60, 60, 30], homes=8), st.sampled_from(AWARE))
def test_what_is_agreed_covers_a_homes_own_cost_whichever_intervals_clear(inputs: Inputs, key: str) -> None:
    for gate in gates(inputs, key)[0]:
        assert_nobody_is_short(gate, as_it_came=True)


@settings(max_examples=4)
@given(days([EVENING], [60, 15], homes=8), st.sampled_from(AWARE))
def test_under_a_tariff_by_hours_it_covers_what_was_offered_from_either_end_of_its_start(
    inputs: Inputs, key: str
) -> None:
    """Left alone a battery is used before the dear hours too, so its energy's worth is not concave, and what lies
    between the sizes and starts that pricing looks at may be dearer than they are, by a few tenths of a cent."""
    for gate in gates(inputs, key)[0]:
        whole = np.where(gate.segments.quantity_kw > 0, gate.offered_kw, 0.0)
        assert_nobody_is_short(replace(gate, segments=replace(gate.segments, quantity_kw=whole)), as_it_came=False)


def test_a_sale_is_delivered_in_full_from_either_end_of_its_start() -> None:
    """One home's battery is filled by the sun in the window: from its lowest energy a sale takes less out of it."""
    inputs = invented_inputs(seed=92, homes=4, days=1, window_minutes=15, tariff=EVENING)
    sold = 0
    for gate in gates(inputs, "centralized_aware")[0]:
        window, layout, state = Window(gate), gate.known["layout"], gate.known["state"]
        sale_kw = gate.offered_kw[layout.battery_sell]
        for start in (state.battery_low_kwh, state.battery_high_kwh):
            _, _, delivered_kwh = window.battery(start, sale_kw, np.ones(window.intervals))
            np.testing.assert_allclose(delivered_kwh, sale_kw * window.intervals * INTERVAL_HOURS, atol=1e-9)
        sold += int((sale_kw > 0).sum())
    assert sold > 0


def test_a_home_that_is_paid_a_cent_per_kwh_less_would_be_seen_to_lose() -> None:
    found, _ = gates(invented_inputs(seed=2, homes=12, days=1, v2g=True), "centralized_aware")
    seen = {"sale": 0, "purchase": 0, "call": 0, "car": 0, "V2G": 0}
    for gate in found:
        layout, held = gate.known["layout"], gate.segments
        less = replace(
            held,
            agreed_usd_per_mwh=held.agreed_usd_per_mwh - 10.0 * layout.direction,
            call_usd_per_mwh=held.call_usd_per_mwh - 10.0,
        )
        for kind, usd in shortfalls_usd(replace(gate, segments=less), as_it_came=False).items():
            seen[kind] += usd > 1e-6
    assert min(seen.values()) > 0, seen
