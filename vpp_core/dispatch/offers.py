"""What each home can hold for a window, and its marginal cost: one pricing for every gate-closure strategy.

At gate closure the energy at the window's start is only known within bounds: segments still pending may clear or not.
A segment is sized so that it can be delivered from anywhere within them, whichever intervals of the window clear. Of
energies that can be reached the worst is at either end, not always the lower one: a battery that is full discharges
for a sale, one that the sun is filling charges less (`battery_offers`). Its price starts from the lowest energy for a
sale, from the highest for a purchase, with every interval cleared, and covers what the home's own cost can come to.

What a segment costs, per kWh moved, has two parts. The household's own cost: the rise of its bill now and later (if
then left alone), and wear. And the rebound: what the moved energy costs or brings at wholesale later on, which is the
VPP's. Together: [V(energy left alone) − V(energy with it) + rise of the bill + wear] / energy, where V is the
opportunity cost. A home's reservation price is its own cost, for what a battery or a car gives at least the
compensation owed where preferences are obeyed, and never below zero: where it expects its bill to fall, it keeps that.
A segment's price is what the home is paid plus the rebound, and never less than what is paid.

A battery's own cost is the dearest over all sets of intervals that may clear and where it may start, that of what a car
gives over all sets from its lowest path: the whole window need not be the dearest, since energy below the backup is
worth nothing to a home left alone, a later hour may save more than an earlier one, and the bill differs between
intervals. That of a car's delay is the dearest over how many of its intervals clear, on average over which. The rebound
is taken over the whole window. And the bill is at its dearest: a battery sale as if the home's cars were held off or
gave as offered, a purchase as if they did not, the own cost of both at the dearer of that and all charging that the
cars' lowest path can need; a car as if the battery left the sun to it, and one that gives as if the home's others gave
as well. Of a few sizes the one that gains most at the forecast price is taken; for a delay also all but what the sun
gives. Costs and prices of purchases carry a minus sign here ("signed"), so that more is dearer for the VPP in both
directions.

A car holds its charge off or, with V2G, gives power: whichever is expected to gain more. While it gives it does not
charge. It holds no reserve, and where homes may not export it gives nothing.

Reserve is power that no default will use and that the energy above what is protected can sustain for the product's
duration, on the lowest path as above, less what a call before the window may take. Holding it costs a home nothing;
what a call delivers is paid for apart, at the home's cost of it or the compensation owed, whichever is more. The VPP's
price for a MW-h held covers what calls are expected to cost it beyond the forecast price. A kW is sold once: sale and
reserve of a battery share its power and its energy, which `Offers` states as shares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.battery_offers import SMALLEST_KW, battery_default, battery_offers, sustained_kw
from vpp_core.dispatch.car_offers import CarOffers, car_charging_kw, car_offers, discharge_offers
from vpp_core.dispatch.gate_state import Coming, StateRange
from vpp_core.dispatch.opportunity_cost import USD_PER_KWH, Outlook, battery_own_value, battery_value
from vpp_core.fleet.devices import Batteries, CarBatteries, Permission
from vpp_core.fleet.fleet import Floats
from vpp_core.market.contingencies import expected_called_hours
from vpp_core.market.distribution import expected_gain_above, expected_gain_below, probability_above
from vpp_core.market.segments import ENERGY, NONSPIN, SPIN, Layout
from vpp_core.physics.storage import reachable_kw
from vpp_core.scenario import MarketRules

TICK_USD_PER_MWH = 0.01
"""What every segment asks above its cost: the market's smallest step, so that nothing moves for nothing."""


@dataclass(frozen=True)
class SharedLimits:
    """What sale and reserve of a battery share: how much of its power and energy a whole segment takes, each (N,).

    sale_power · x + reserve_power · (y + z) ≤ 1 and the same of energy, with x, y, z the shares that are held of the
    sale, spin and non-spin segments.
    """

    sale_power: Floats
    reserve_power: Floats
    sale_energy: Floats
    reserve_energy: Floats


@dataclass(frozen=True)
class Offers:
    """Largest worthwhile segment of each column of the layout, and what it costs, shape (K,). Prices are signed.

    Per MWh of energy, per MW-h of reserve held. Spin and non-spin are offers of the same power.
    """

    quantity_kw: Floats
    own_usd_per_mwh: Floats
    """the household's own cost"""
    reservation_usd_per_mwh: Floats
    """own cost, or what is owed where that is more"""
    rebound_usd_per_mwh: Floats
    """what the energy costs the VPP at wholesale later on"""
    call_usd_per_mwh: Floats
    """what a home is paid for a MWh that a call delivers, shape (N,)"""
    spare_kw: Floats
    """power that sale and reserve of each battery share, shape (N,)"""
    shared: SharedLimits


@dataclass(frozen=True)
class Prospects:
    """What segments at given prices are expected to bring, shape (K,)."""

    price_usd_per_mwh: Floats
    """as submitted, unsigned"""
    surplus_usd_per_kw: Floats
    """expected surplus of holding a kW for the window: over true cost, not over what is paid"""
    clearing_probability: Floats


def prospects(layout: Layout, offers: Offers, agreed_usd_per_mwh: Floats, forecast: Floats, hours: float) -> Prospects:
    """Segment prices that never lose on what was agreed (signed), and what they bring at the forecast (3, 3)."""
    p10, p50, p90 = np.nan_to_num(forecast)[layout.product].T
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
    forecast: Floats,
    rules: MarketRules,
) -> Offers:
    """The segments that homes can hold for the window at its forecast (3 products, 3 quantiles)."""
    energy_price = forecast[ENERGY]
    car_kw = car_charging_kw(cars, coming, state.car_expected_kwh)
    certain_kw = np.minimum(car_kw, car_charging_kw(cars, coming, state.car_high_kwh))
    base = battery_default(
        state.battery_low_kwh, batteries.backup_kwh, batteries.ceiling_kwh, batteries.max_power_kw,
        batteries.charge_efficiency, batteries.discharge_efficiency, coming.surplus_kw,
    )  # fmt: skip
    homes = len(batteries.max_power_kw)
    exports = rules.export == "all"
    most_kw = np.full(len(cars), np.inf) if exports else _without_export(certain_kw, coming, cars, homes)
    delay = car_offers(cars, permission, state, coming, outlook, car_kw, base, batteries, energy_price, most_kw)
    give = CarOffers.none(len(cars))
    if exports:
        give = discharge_offers(cars, permission, state, coming, outlook, base, batteries, energy_price)
    gives = give.gain_usd_per_h > np.maximum(delay.gain_usd_per_h, 0.0)
    delay, give = delay.keep(~gives), give.keep(gives)
    if_held_kw = np.where(gives, -give.quantity_kw, np.maximum(certain_kw - delay.quantity_kw, 0.0))
    quantity, own, total, spare_kw, spare_kwh = battery_offers(
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
        _by_home(if_held_kw, cars, homes),
        _by_home(car_kw, cars, homes),
        _by_home(car_charging_kw(cars, coming, state.car_low_kwh), cars, homes),
        coming.import_usd_per_kwh,
        coming.export_usd_per_kwh,
        energy_price,
        rules.reserve_duration_minutes / 60,
        exports,
    )
    quantity[2] = np.minimum(quantity[2], reachable_kw(batteries.max_power_kw, rules.reserve_response_minutes))
    sold = {product: np.where(np.isfinite(forecast[product, 1]), quantity[2], 0.0) for product in (SPIN, NONSPIN)}
    nothing = np.zeros(homes)
    able = layout.discharging_car
    own_usd, total_usd = (
        np.concatenate([cost[0], cost[1], nothing, nothing, of_delay, of_give[able]]) / USD_PER_KWH
        for cost, of_delay, of_give in (
            (own, delay.own_usd_per_kwh, give.own_usd_per_kwh),
            (total, delay.total_usd_per_kwh, give.total_usd_per_kwh),
        )
    )
    owed = np.zeros(len(layout))
    compensation = permission.compensation_usd_per_kwh / USD_PER_KWH if permission.obeys else nothing
    owed[layout.battery_sell] = compensation
    owed[layout.car_discharge] = compensation[cars.home[able]]
    call_usd = np.where(quantity[2] > 0, np.maximum(own[2] / USD_PER_KWH, np.maximum(compensation, 0.0)), 0.0)
    rebound = total_usd - own_usd
    called_share = expected_called_hours(1.0, rules)
    call_rebound = np.maximum(total[2] - own[2], 0.0) / USD_PER_KWH
    expected_cost = called_share * np.maximum(call_usd + call_rebound - energy_price[1], 0.0)
    rebound[layout.battery_spin] = rebound[layout.battery_nonspin] = np.where(quantity[2] > 0, expected_cost, 0.0)
    return Offers(
        quantity_kw=np.concatenate(
            [quantity[0], quantity[1], sold[SPIN], sold[NONSPIN], delay.quantity_kw, give.quantity_kw[able]]
        ),
        own_usd_per_mwh=own_usd,
        reservation_usd_per_mwh=np.maximum(own_usd, owed),
        rebound_usd_per_mwh=rebound,
        call_usd_per_mwh=call_usd,
        spare_kw=spare_kw,
        shared=shared_limits(
            quantity[0], quantity[2], spare_kw, spare_kwh, len(coming.surplus_kw) * INTERVAL_HOURS,
            rules.reserve_duration_minutes / 60,
        ),
    )  # fmt: skip


def shared_limits(
    sale_kw: Floats, reserve_kw: Floats, spare_kw: Floats, spare_kwh: Floats, hours: float, sustained_hours: float
) -> SharedLimits:
    """Shares of a battery's power [kW] and energy [kWh AC] that whole segments take; without reserve there are none.

    A sale may also take what the default would have used: its energy can exceed what is spare. Then sale and reserve
    share the battery as a whole, and `sustained` holds what remains of the reserve to what can be delivered.
    """
    holds = reserve_kw >= SMALLEST_KW
    with np.errstate(divide="ignore", invalid="ignore"):
        return SharedLimits(
            sale_power=np.where(holds, np.minimum(sale_kw / spare_kw, 1.0), 0.0),
            reserve_power=np.where(holds, np.minimum(reserve_kw / spare_kw, 1.0), 0.0),
            sale_energy=np.where(holds, np.minimum(sale_kw * hours / spare_kwh, 1.0), 0.0),
            reserve_energy=np.where(holds, np.minimum(reserve_kw * sustained_hours / spare_kwh, 1.0), 0.0),
        )


def sustained(
    layout: Layout,
    batteries: Batteries,
    permission: Permission,
    state: StateRange,
    coming: Coming,
    offers: Offers,
    quantity_kw: Floats,
    rules: MarketRules,
) -> Floats:
    """What can be held of a decision (K,): no more than was offered, and reserve only beside the battery's sale.

    A kW is sold once, and reserve is sustained whichever intervals of the sale clear; spin and non-spin give way in
    proportion. This holds whatever a strategy decides.
    """
    result = np.minimum(quantity_kw, offers.quantity_kw)
    sale = result[layout.battery_sell]
    most = sustained_kw(
        sale,
        state.battery_low_kwh,
        state.battery_high_kwh,
        np.maximum(permission.daily_kwh - state.taken_kwh, 0.0),
        permission.battery_floor_kwh,
        batteries.backup_kwh,
        batteries.ceiling_kwh,
        batteries.max_power_kw,
        batteries.charge_efficiency,
        batteries.discharge_efficiency,
        coming.surplus_kw,
        rules.reserve_duration_minutes / 60,
    )
    most = np.minimum(most, np.maximum(offers.spare_kw - sale, 0.0))
    held = result[layout.battery_spin] + result[layout.battery_nonspin]
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = np.where(held > most, most / held, 1.0)
    result[layout.battery_spin] *= kept
    result[layout.battery_nonspin] *= kept
    return result


def _without_export(certain_kw: Floats, coming: Coming, cars: CarBatteries, homes: int) -> Floats:
    """What each car may be held off (M,) [kW] where its home may not export: what certainly does not come from the sun.

    Cars of one home share it as they charge. Whatever its battery does by default, no more than the surplus flows out.
    """
    at_home = _by_home(certain_kw, cars, homes)
    room = np.maximum((at_home - np.maximum(coming.surplus_kw, 0.0)).min(axis=0), 0.0)
    drawn = certain_kw.min(axis=0)
    together = _by_home(drawn[None, :], cars, homes)[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(drawn > 0, drawn / together[cars.home], 0.0)
    return np.minimum(room[cars.home] * share, drawn)


def _by_home(of_car: Floats, cars: CarBatteries, homes: int) -> Floats:
    """(L, M) → (L, N)."""
    total = np.zeros((len(of_car), homes))
    np.add.at(total.T, cars.home, of_car.T)
    return total
