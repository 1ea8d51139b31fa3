"""What each home can hold for a window, and its marginal cost: one pricing for every gate-closure strategy.

At gate closure the energy at the window's start is only known within bounds: segments still pending may clear or not.
A sale is sized and priced from the lowest path (all pending sales clear, no purchase), a purchase from the highest,
so that it can be delivered, and costs the household no more than was said, whichever intervals clear. Within the
window the worst case is that every interval clears: by monotony of the physics every other pattern leaves more.

What a segment costs, per kWh moved, has two parts. The household's own cost: the rise of its bill now and later (if
then left alone), and wear. And the rebound: what the moved energy costs or brings at wholesale later on, which is the
VPP's. Together: [V(energy left alone) − V(energy with it) + rise of the bill + wear] / energy, where V is the
opportunity cost. A home's reservation price is its own cost, for a battery sale at least the compensation owed where
preferences are obeyed, and never below zero: where it expects its bill to fall, it keeps that. A segment's price is
what the home is paid plus the rebound, and never less than what is paid.

Both costs are taken over all intervals of the window at once, V being concave the dearest of all clearing patterns, and
the bill at its dearest: a battery sale as if the home's cars were held off as offered, a purchase as if they were not,
a car's delay as if the battery left the sun to the car. Of a
few sizes the one that gains most at the forecast price is taken; for a car also all but what the sun gives. Costs and
prices of purchases carry a minus sign here ("signed"), so that more is dearer for the VPP in both directions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.dispatch.battery_offers import battery_default, battery_offers
from vpp_core.dispatch.car_offers import car_charging_kw, car_offers
from vpp_core.dispatch.gate_state import Coming, StateRange
from vpp_core.dispatch.opportunity_cost import USD_PER_KWH, Outlook, battery_own_value, battery_value
from vpp_core.fleet.devices import Batteries, CarBatteries, Permission
from vpp_core.fleet.fleet import Floats
from vpp_core.market.distribution import expected_gain_above, expected_gain_below, probability_above
from vpp_core.market.segments import Layout

TICK_USD_PER_MWH = 0.01
"""What every segment asks above its cost: the market's smallest step, so that nothing moves for nothing."""


@dataclass(frozen=True)
class Offers:
    """Largest worthwhile segment of each column of the layout, and what it costs, shape (K,). Prices are signed."""

    quantity_kw: Floats
    own_usd_per_mwh: Floats
    """the household's own cost"""
    reservation_usd_per_mwh: Floats
    """own cost, or what is owed where that is more"""
    rebound_usd_per_mwh: Floats
    """what the energy costs the VPP at wholesale later on"""


@dataclass(frozen=True)
class Prospects:
    """What segments at given prices are expected to bring, shape (K,)."""

    price_usd_per_mwh: Floats
    """as submitted, unsigned"""
    surplus_usd_per_kw: Floats
    """expected surplus of holding a kW for the window: over true cost, not over what is paid"""
    clearing_probability: Floats


def prospects(
    layout: Layout, offers: Offers, agreed_usd_per_mwh: Floats, forecast_usd_per_mwh: Floats, hours: float
) -> Prospects:
    """Segment prices that never lose on what was agreed (signed), and what they bring at the forecast."""
    p10, p50, p90 = forecast_usd_per_mwh
    sells = layout.direction > 0
    rebound = (
        np.where(sells, np.maximum(offers.rebound_usd_per_mwh, 0.0), offers.rebound_usd_per_mwh) + TICK_USD_PER_MWH
    )
    price = layout.direction * (agreed_usd_per_mwh + rebound)
    gain = np.where(sells, expected_gain_above(p10, p50, p90, price), expected_gain_below(p10, p50, p90, price))
    above = probability_above(p10, p50, p90, price)
    clears = np.where(sells, above, 1 - above)
    over_cost = layout.direction * price - offers.own_usd_per_mwh - offers.rebound_usd_per_mwh
    return Prospects(price, (gain + clears * over_cost) * USD_PER_KWH * hours, clears)


def marginal_offers(
    layout: Layout,
    batteries: Batteries,
    cars: CarBatteries,
    permission: Permission,
    state: StateRange,
    coming: Coming,
    outlook: Outlook,
    price_usd_per_mwh: Floats,
) -> Offers:
    """The segments that homes can hold for the window at `price_usd_per_mwh` (p10, p50, p90)."""
    car_kw = car_charging_kw(cars, coming, state.car_expected_kwh)
    certain_kw = np.minimum(car_kw, car_charging_kw(cars, coming, state.car_high_kwh))
    base = battery_default(
        state.battery_low_kwh, batteries.backup_kwh, batteries.ceiling_kwh, batteries.max_power_kw,
        batteries.charge_efficiency, batteries.discharge_efficiency, coming.surplus_kw,
    )  # fmt: skip
    car_quantity, car_own, car_total = car_offers(
        cars, permission, state, coming, outlook, car_kw, base, batteries, price_usd_per_mwh
    )
    homes = len(batteries.max_power_kw)
    quantity, own, total = battery_offers(
        battery_value(outlook, batteries, permission),
        battery_own_value(outlook, batteries, permission),
        state.battery_low_kwh,
        state.battery_high_kwh,
        np.maximum(permission.daily_kwh - state.taken_kwh, 0.0),
        permission.battery_floor_kwh,
        permission.battery_power_kw,
        permission.compensation_usd_per_kwh,
        batteries.backup_kwh,
        batteries.ceiling_kwh,
        batteries.max_power_kw,
        batteries.charge_efficiency,
        batteries.discharge_efficiency,
        batteries.wear_usd_per_kwh,
        coming.surplus_kw,
        _by_home(np.maximum(certain_kw - car_quantity, 0.0), cars, homes),
        _by_home(car_kw, cars, homes),
        coming.import_usd_per_kwh,
        coming.export_usd_per_kwh,
        price_usd_per_mwh,
    )
    own_usd = np.concatenate([own[0], own[1], car_own]) / USD_PER_KWH
    total_usd = np.concatenate([total[0], total[1], car_total]) / USD_PER_KWH
    owed = np.zeros(len(layout))
    if permission.obeys:
        owed[layout.battery_sell] = permission.compensation_usd_per_kwh / USD_PER_KWH
    quantity_kw = np.concatenate([quantity[0], quantity[1], car_quantity])
    return Offers(quantity_kw, own_usd, np.maximum(own_usd, owed), total_usd - own_usd)


def _by_home(of_car: Floats, cars: CarBatteries, homes: int) -> Floats:
    """(L, M) → (L, N)."""
    total = np.zeros((len(of_car), homes))
    np.add.at(total.T, cars.home, of_car.T)
    return total
