"""What a car's segment costs its household, by hand, and what reserve is sized on."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vpp_core.dispatch.battery_offers import _largest, sustained_kw
from vpp_core.dispatch.car_offers import CarOffers, car_charging_kw, car_offers, discharge_offers
from vpp_core.dispatch.gate_state import Coming, StateRange
from vpp_core.dispatch.opportunity_cost import Outlook
from vpp_core.fleet.devices import Batteries, CarBatteries, Permission

import vpp_core.simulation as simulation
from tests.invented import invented_inputs
from tests.properties.test_reserves import one_battery
from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.offers import Offers, sustained
from vpp_core.market.inputs import Inputs
from vpp_core.physics.storage import charge_limit_kw, discharge_limit_kw, self_consumption_kw, step_energy_kwh
from vpp_core.scenario import Tariff
from vpp_core.strategies.registry import STRATEGIES

CHEAP, DEAR, CREDIT = 0.23, 0.48, 0.05
CERTAIN_USD_PER_MWH = np.full(3, 2000.0)
"""A forecast at which all is worth its while."""


def offered(energy_kwh: float, now: float, later: list[float], gives_kw: float = 0.0) -> CarOffers:
    """Of one car of 6 to 54 kWh at 8 kW, lossless, in a home that draws nothing else.

    `energy_kwh` at the start of a window of an hour with an import tariff of `now`; `later` is that of the hours after.
    """
    one, hours, intervals = np.ones(1), len(later), 4
    whole = np.ones((intervals * (1 + hours), 1))
    cars = CarBatteries(
        home=np.zeros(1, dtype=int), floor_kwh=6.0 * one, target_kwh=54.0 * one, initial_kwh=energy_kwh * one,
        max_charge_kw=8.0 * one, charge_efficiency=one, max_discharge_kw=gives_kw * one, discharge_efficiency=one,
        wear_usd_per_kwh=0.03 * one, plugged=whole > 0, trip_kwh=0.0 * whole, counterfactual_kwh=0.0 * whole,
        counterfactual_kw=0.0 * whole, departure=len(whole) * whole.astype(int), asked_kwh=0.0 * whole,
        trip_need_kwh=0.0 * whole,
    )  # fmt: skip
    none = Batteries(0.0 * one, 0.0 * one, 0.0 * one, 0.0 * one, 0.0 * one, one, one, 0.0 * one)
    permission = Permission(
        obeys=False, battery_power_kw=0.0 * one, battery_floor_kwh=0.0 * one, daily_kwh=one, car_movable=one > 0,
        car_need_kwh=cars.trip_need_kwh, car_discharge_kw=cars.max_discharge_kw, car_daily_kwh=100.0 * one,
        compensation_usd_per_kwh=0.0 * one,
    )  # fmt: skip
    energy = energy_kwh * one
    state = StateRange(0.0 * one, 0.0 * one, energy, energy, energy, 0.0 * one, 0.0 * one)
    coming = Coming(0, np.zeros((intervals, 1)), np.full(intervals, now), np.full(intervals, CREDIT))
    nothing = np.zeros((hours, 1))
    outlook = Outlook(
        1.0, np.full((hours, 3), 30.0), np.zeros((hours, 3)), 1.0, nothing, np.array(later), np.full(hours, CREDIT)
    )
    base = np.zeros((intervals, 1))
    if gives_kw:
        return discharge_offers(cars, permission, state, coming, outlook, base, none, CERTAIN_USD_PER_MWH)
    charging = car_charging_kw(cars, coming, energy)
    return car_offers(
        cars, permission, state, coming, outlook, charging, base, none, CERTAIN_USD_PER_MWH, np.full(1, np.inf)
    )


def test_a_delay_is_priced_at_its_dearest_interval_though_the_whole_window_is_cheaper() -> None:
    """44 kWh after the window: 8 kWh in the next hour, 2 in the dear one after it, in which 6 more have room.

    Held off for up to three intervals the car charges what it lacks in the dear hour, and only the fourth falls into
    the cheap one: (6 · 0.48 + 2 · 0.23) / 8 of the whole, 0.48 of the first.
    """
    offers = offered(36.0, CHEAP, [CHEAP, DEAR, CHEAP, CHEAP])
    assert offers.quantity_kw[0] == pytest.approx(8.0)
    assert offers.own_usd_per_kwh[0] == pytest.approx(DEAR - CHEAP)


def test_what_a_car_gives_is_priced_for_the_interval_after_which_it_charges_dearly() -> None:
    """If all intervals clear it charges after the window, where it is cheap; if one does, within it, where it is dear.

    A kWh given earns the export credit; wear is 0.03.
    """
    offers = offered(54.0, DEAR, [CHEAP] * 8, gives_kw=4.0)
    assert offers.quantity_kw[0] == pytest.approx(4.0)
    assert offers.own_usd_per_kwh[0] == pytest.approx(DEAR - CREDIT + 0.03)


def watched_offers(inputs: Inputs, key: str) -> list[tuple[dict[str, Any], Offers]]:
    """What was known and offered at each gate of a run."""
    honest, found = simulation.marginal_offers, []

    def watched(*args: Any) -> Offers:
        offers = honest(*args)
        found.append((dict(inspect.signature(honest).bind(*args).arguments), offers))
        return offers

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation, "marginal_offers", watched)
        simulation.run(inputs, STRATEGIES[key](), None)  # type: ignore[arg-type]
    return found


def offers_of_half_full_batteries(minutes: int) -> tuple[Inputs, list[tuple[dict[str, Any], Offers]]]:
    """What was known and offered at each gate of a day in which batteries hold 0.4 h of their power above the floor."""
    inputs = one_battery(reserve=500.0, reserve_duration_minutes=minutes, contingencies_per_month=0.0)
    held = replace(inputs.stores, initial_kwh=inputs.stores.floor_kwh + 0.4 * inputs.stores.max_discharge_kw)
    return inputs, watched_offers(replace(inputs, stores=held), "centralized")


@pytest.mark.parametrize("minutes", [30, 60, 120])
def test_reserve_is_offered_as_far_as_the_energy_above_the_floor_lasts_for_its_duration(minutes: int) -> None:
    inputs, found = offers_of_half_full_batteries(minutes)
    b, hours, bound_by_energy = inputs.batteries, minutes / 60, 0
    for known, offers in found:
        spare_kwh = (known["state"].battery_low_kwh - b.floor_kwh) * b.discharge_efficiency
        expected = np.minimum(b.max_power_kw, spare_kwh / hours)
        spin_kw = offers.quantity_kw[inputs.layout.battery_spin]
        assert spin_kw == pytest.approx(expected, abs=1e-9)
        holds = spin_kw > 0.01
        taken = (spin_kw * hours / np.maximum(spare_kwh, 1e-9))[holds]
        assert offers.shared.reserve_energy[holds] == pytest.approx(taken)
        bound_by_energy += (spare_kwh / hours < b.max_power_kw).sum()
    assert bound_by_energy >= len(inputs.fleet)


@pytest.mark.parametrize("minutes", [30, 60, 120])
def test_what_is_kept_of_a_sale_and_reserve_of_everything_lasts_for_both(minutes: int) -> None:
    inputs, found = offers_of_half_full_batteries(minutes)
    b, layout, hours, binding = inputs.batteries, inputs.layout, minutes / 60, 0
    for known, offers in found:
        state, permission, coming = known["state"], known["permission"], known["coming"]
        some = np.where(layout.is_reserve, 1.0, 0.3) * offers.quantity_kw
        kept = sustained(layout, b, permission, state, coming, offers, some, inputs.scenario.market)
        reserve = kept[layout.battery_spin] + kept[layout.battery_nonspin]
        sale = kept[layout.battery_sell]
        spare_kwh = (state.battery_low_kwh - b.floor_kwh) * b.discharge_efficiency - sale * 1.0
        lasting_kw = np.minimum(spare_kwh / hours, b.max_power_kw - sale)
        asked = 2 * some[layout.battery_spin]
        assert reserve == pytest.approx(np.minimum(asked, lasting_kw), abs=1e-6)
        binding += ((sale > 0.01) & (lasting_kw < asked) & (lasting_kw * hours > spare_kwh - 1e-9)).sum()
    assert binding > 0


def test_reserve_beside_a_sale_stands_on_the_least_energy_from_either_end_of_the_start() -> None:
    """From 9.5 kWh the sun would charge 2.22 kW up to 10 kWh, so a sale of 4 kW discharges 1.78; from 10 kWh all 4."""
    sale, low, high, daily, floor, backup, ceiling, power, into, out_of = np.array(
        [4.0, 9.5, 10.0, np.inf, 5.0, 5.0, 10.0, 8.0, 0.9, 0.9]
    )[:, None]
    most = sustained_kw(sale, low, high, daily, floor, backup, ceiling, power, into, out_of, np.array([[8.0]]), 1.0)
    assert most[0] == pytest.approx((10.0 - 4.0 * 0.25 / 0.9 - 5.0) * 0.9)


def can_be_held(kw: float, low: float, high: float, surplus: np.ndarray, device: dict[str, float]) -> bool:
    """Whether `kw`, a sale above 0, can be delivered in every interval, whichever before it clear, from 41 energies."""
    floor, backup, ceiling, power, into, out_of = device.values()
    energies = np.linspace(low, high, 41)
    for surplus_kw in surplus:
        alone = self_consumption_kw(energies, surplus_kw, backup, ceiling, power, into, out_of, INTERVAL_HOURS)
        battery = alone + kw
        if (battery > discharge_limit_kw(energies, floor, power, out_of, INTERVAL_HOURS) + 1e-9).any():
            return False
        if (-battery > charge_limit_kw(energies, ceiling, power, into, INTERVAL_HOURS) + 1e-9).any():
            return False
        energies, kept = np.tile(energies, 2), np.concatenate([alone, battery])
        charge, discharge = np.maximum(-kept, 0.0), np.maximum(kept, 0.0)
        energies = step_energy_kwh(energies, charge, discharge, into, out_of, INTERVAL_HOURS)
    return True


@settings(max_examples=200)
@given(st.integers(0, 10**6), st.sampled_from([1.0, -1.0]), st.sampled_from([1, 2, 4]))
def test_a_segment_can_be_held_from_any_start_whichever_intervals_clear(seed: int, sign: float, intervals: int) -> None:
    """Tried pattern by pattern; and no less is offered than can be held."""
    rng = np.random.default_rng(seed)
    floor = rng.uniform(0.0, 9.5)
    device = {
        "floor": floor,
        "backup": floor if rng.random() < 0.5 else rng.uniform(floor, 10.0),
        "ceiling": 10.0,
        "power": rng.uniform(1.0, 8.0),
        "into": rng.uniform(0.7, 1.0),
        "out_of": rng.uniform(0.7, 1.0),
    }
    low, high = np.sort(rng.uniform(floor, 10.0, 2))
    high = low if rng.random() < 0.5 else high
    surplus = rng.uniform(rng.choice([-4.0, 1.0]), 8.0, intervals)
    most = _largest(device["power"], sign, low, high, surplus, *device.values(), INTERVAL_HOURS)
    assert can_be_held(sign * most, low, high, surplus, device)
    if 1e-3 < most < device["power"] - 1e-6:
        assert not can_be_held(sign * 1.001 * most, low, high, surplus, device)


def test_a_sale_leaves_for_the_interval_after_one_that_does_not_clear_and_fills_the_battery() -> None:
    """9 of 10 kWh, 8.7 to be kept, 8 kW of sun, 0.7 each way. If the first interval does not clear the battery is full,
    and the second takes all of the sale out of it; if all clear it sells sun first, and would do so at 5 kW."""
    most = _largest(9.0, 1.0, 9.0, 9.0, np.array([8.0, 8.0]), 8.7, 8.7, 10.0, 9.0, 0.7, 0.7, INTERVAL_HOURS)
    assert most == pytest.approx((10.0 - 8.7) * 0.7 / INTERVAL_HOURS, abs=1e-4)


@pytest.mark.parametrize("key", ["negotiated", "centralized_aware", "centralized"])
def test_a_battery_asks_for_no_less_than_its_compensation_where_energy_is_free_and_preferences_hold(key: str) -> None:
    free = Tariff(import_usd_per_kwh=(0.0,), export_usd_per_kwh=(0.0,))
    inputs = invented_inputs(homes=20, days=1, reserve=20.0, tariff=free)
    layout = inputs.layout
    least = 1000 * inputs.fleet.min_compensation_usd_per_kwh
    short = 0
    for _, offer in watched_offers(inputs, key):
        sells = offer.quantity_kw[layout.battery_sell] > 0
        short += (offer.reservation_usd_per_mwh[layout.battery_sell] < least - 1e-9)[sells].sum()
        own = offer.own_usd_per_mwh[layout.battery_sell][sells]
        assert (offer.reservation_usd_per_mwh[layout.battery_sell][sells] >= own).all()
        assert (
            key == "centralized"
            or (offer.call_usd_per_mwh >= least - 1e-9)[offer.quantity_kw[layout.battery_spin] > 0].all()
        )
    assert (short > 0) == (key == "centralized")
