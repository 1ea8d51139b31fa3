"""The books: what a trajectory is worth against the counterfactual, part by part, per interval and home.

    surplus = Σ LMP · (p − p_counterfactual) · Δt + reserve pay + call energy + pay of programmes
              − rise of retail bills − rise of wear − penalties + rise of stored energy at its price

where energy that a call delivers is booked apart from the rest of the injection. Held reserve is paid at its product's
price. What could not have been delivered, had it been called, is not paid, and a penalty of a share of the price comes
on top; from a call to the end of its window reserve need not be deliverable and stays paid. Awarded or called energy
that is not delivered is bought back at LMP with a penalty; so is what cleared and was given to no store, and reserve
that no store holds is not paid and costs the same penalty as what cannot be delivered.

Between the VPP and a household: what was awarded and delivered is paid at the agreed price, which covers the
household's own cost (its bill, now and later, and wear); held reserve at the agreed price per kW-h, and what a call
delivers at the price agreed for that; of what programmes pay, their households' share. All else by which injections
differ from the counterfactual, the rebound of what was moved included, the VPP settles at LMP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.devices import DEVICES, money_by_device
from vpp_core.fleet.fleet import Floats
from vpp_core.market.contingencies import since_call
from vpp_core.market.inputs import Inputs
from vpp_core.market.segments import NONSPIN, SPIN
from vpp_core.physics.meter import net_injection_kw, retail_bill_usd
from vpp_core.settlement.grouping import shared_by_homes, sum_by_home
from vpp_core.settlement.programmes import Measured, total_usd
from vpp_core.settlement.sources import bill_change_by_kind
from vpp_core.settlement.trajectory import Trajectory

MONEY = (
    "wholesale_usd",
    *money_by_device("wholesale"),
    "reserve_usd",
    "call_usd",
    "programme_usd",
    "bill_change_usd",
    "wear_change_usd",
    "penalty_usd",
    "end_energy_usd",
    "surplus_usd",
    *money_by_device("surplus"),
    "surplus_reserves_usd",
    "payment_usd",
)
"""The parts, as named in the result tables."""
ROUNDING_KW = 1e-6
"""Shortfalls below this are rounding."""


@dataclass(frozen=True)
class Books:
    """Money per interval and home, shape (T, N), and energy per interval and store, shape (T, S)."""

    money: dict[str, Floats]
    agreed_payment_usd: Floats
    bill_counterfactual_usd: Floats
    """without a VPP, the fixed charge included (no strategy changes that)"""
    injection_kw: Floats
    """at the meter, shape (T, N)"""
    delivered_kw: Floats
    """of the award: actual minus default, export positive, without what a call delivered"""
    delivered_call_kw: Floats
    undeliverable_kw: Floats
    """held reserve that could not have been delivered"""


def make_books(
    inputs: Inputs, trajectory: Trajectory, counterfactual: Trajectory, programmes: Sequence[Measured] = ()
) -> Books:
    """Settle a trajectory; `payment_usd` is as contracted, whether or not the strategy has contracts.

    `programmes`: what those measured that it takes part in.
    """
    hours, rules, stores = INTERVAL_HOURS, inputs.scenario.market, inputs.stores
    lmp = inputs.lmp_usd_per_mwh[:, None] / 1000
    injection, alone = (
        net_injection_kw(inputs.pv_kw, inputs.load_kw, sum_by_home(inputs, path.net_kw))
        for path in (trajectory, counterfactual)
    )
    tariff = inputs.home_prices(slice(len(injection)))
    bill_alone = retail_bill_usd(alone, *tariff, hours)

    delivered = Delivered.of(trajectory)
    undeliverable = undeliverable_kw(inputs, trajectory)
    unpaid_share = np.divide(
        undeliverable, trajectory.reserve_kw, out=np.zeros_like(undeliverable), where=trajectory.reserve_kw > 0
    )
    capacity = _reserve_usd(inputs, trajectory.spin_kw, trajectory.nonspin_kw)
    unheld = _reserve_usd(inputs, trajectory.short_spin_kw, trajectory.short_nonspin_kw)
    no_pay = rules.no_pay_penalty_share * (
        sum_by_home(inputs, capacity * unpaid_share) + shared_by_homes(inputs, unheld)
    )
    penalty_price = rules.delivery_penalty_share * np.abs(lmp) * hours
    unplaced = penalty_price * shared_by_homes(inputs, trajectory.short_energy_kw)

    call = lmp * delivered.call_kw * hours
    wholesale = lmp * (trajectory.net_kw - counterfactual.net_kw) * hours - call
    wear = stores.wear_usd_per_kwh * hours * (trajectory.discharge_kw - counterfactual.discharge_kw)
    missed = penalty_price * delivered.missing_kw
    end = _stored_energy_usd(inputs, trajectory, counterfactual)

    from_programmes, to_households = total_usd(inputs, programmes)

    money: dict[str, Floats] = {
        "wholesale_usd": lmp * (injection - alone) * hours - sum_by_home(inputs, call),
        "reserve_usd": sum_by_home(inputs, capacity * (1 - unpaid_share)),
        "call_usd": sum_by_home(inputs, call),
        "programme_usd": from_programmes,
        "bill_change_usd": retail_bill_usd(injection, *tariff, hours) - bill_alone,
        "wear_change_usd": sum_by_home(inputs, wear),
        "penalty_usd": sum_by_home(inputs, missed) + no_pay + unplaced,
        "end_energy_usd": sum_by_home(inputs, end),
    }
    money["surplus_usd"] = (
        money["wholesale_usd"]
        + money["reserve_usd"]
        + money["call_usd"]
        + money["programme_usd"]
        - money["bill_change_usd"]
        - money["wear_change_usd"]
        - money["penalty_usd"]
        + money["end_energy_usd"]
    )
    money["surplus_reserves_usd"] = money["reserve_usd"] + money["call_usd"] - no_pay
    bills = bill_change_by_kind(inputs, trajectory, counterfactual, tariff)
    present = sum(share is not None for share in bills.values())
    for device in DEVICES:
        own = bills[device.name]
        money[f"wholesale_{device.source}_usd"] = sum_by_home(inputs, wholesale, device.name)
        money[f"surplus_{device.source}_usd"] = sum_by_home(inputs, wholesale - wear - missed + end, device.name)
        if own is not None:
            money[f"surplus_{device.source}_usd"] -= own + unplaced / present
    agreed = sum_by_home(inputs, _agreed_usd(trajectory, delivered, unpaid_share))
    money["payment_usd"] = agreed + to_households
    return Books(
        money={name: money[name] for name in MONEY},
        agreed_payment_usd=agreed,
        bill_counterfactual_usd=bill_alone + inputs.fixed_charge_usd(),
        injection_kw=injection,
        delivered_kw=delivered.held_kw + delivered.given_kw,
        delivered_call_kw=delivered.call_kw,
        undeliverable_kw=undeliverable,
    )


def end_energy_prices(inputs: Inputs) -> Floats:
    """What a kWh in each store is worth at the end of the period [$], shape (S,).

    `mean_lmp`: the period's mean LMP, less the loss of discharging. `replacement` (default): what it saves or costs to
    replace, the retail tariff included; with the mean LMP alone, draining a battery or a car at the end would earn
    the retail price once. A store that follows the meter saves what it gives, any other what charging it would take.
    """
    inputs = inputs.entire
    mean, stores = float(inputs.lmp_usd_per_mwh.mean()) / 1000, inputs.stores
    if inputs.scenario.market.end_energy_price == "mean_lmp":
        return mean * np.where(stores.follows_meter, stores.discharge_efficiency, stores.charge_efficiency)
    replacement = mean + inputs.cheapest_import_usd_per_kwh()[stores.home]
    return replacement * np.where(stores.follows_meter, stores.discharge_efficiency, 1 / stores.charge_efficiency)


def _stored_energy_usd(inputs: Inputs, trajectory: Trajectory, counterfactual: Trajectory) -> Floats:
    """Growth of stored energy relative to the counterfactual in each interval, at the end price; sums to the end."""
    price = end_energy_prices(inputs)
    worth, before = (
        (path - alone) * price
        for path, alone in (
            (trajectory.energy_kwh, counterfactual.energy_kwh),
            (trajectory.start_kwh, counterfactual.start_kwh),
        )
    )
    return np.diff(worth, axis=0, prepend=before[None, :])


@dataclass(frozen=True)
class Delivered:
    """What answers awards and calls, and what falls short of them, shape (T, S)."""

    held_kw: Floats
    """of the award but for what V2G gives"""
    given_kw: Floats
    """by stores that do not follow the meter; that they do not charge meanwhile comes on top and settles at LMP, as a
    rebound does"""
    call_kw: Floats
    missing_kw: Floats

    @classmethod
    def of(cls, trajectory: Trajectory) -> Delivered:
        """Of what falls short of an award and a call, the call's comes first."""
        award = trajectory.award_kw - trajectory.give_award_kw
        given = np.where(trajectory.give_award_kw > 0, trajectory.discharge_kw, 0.0)
        acts = (award != 0) | (trajectory.called_kw > 0)
        deviation = np.where(acts, trajectory.net_kw - given - trajectory.default_kw, 0.0)
        call = np.clip(deviation - award, 0.0, trajectory.called_kw)
        held = deviation - call
        missing = np.abs(award - held) + trajectory.called_kw - call + trajectory.give_award_kw - given
        return cls(held, given, call, missing)


def _agreed_usd(trajectory: Trajectory, delivered: Delivered, unpaid_share: Floats) -> Floats:
    """What the VPP owes for what was delivered and held, shape (T, S)."""
    held = (
        trajectory.spin_agreed_usd_per_kw_h * trajectory.spin_kw
        + trajectory.nonspin_agreed_usd_per_kw_h * trajectory.nonspin_kw
    )
    agreed: Floats = INTERVAL_HOURS * (
        trajectory.agreed_usd_per_kwh * delivered.held_kw
        + trajectory.give_agreed_usd_per_kwh * delivered.given_kw
        + trajectory.call_agreed_usd_per_kwh * delivered.call_kw
        + (1 - unpaid_share) * held
    )
    return agreed


def undeliverable_kw(inputs: Inputs, trajectory: Trajectory, during: slice = slice(None)) -> Floats:
    """Held reserve that neither the power left nor the energy stored at the interval's end could have delivered.

    Not looked at from a call to the end of its window. `during`: the intervals, whole windows, of the trajectory.
    """
    stores, rules = inputs.stores, inputs.scenario.market
    held = trajectory.reserve_kw
    headroom = stores.max_discharge_kw - trajectory.net_kw
    sustained = (
        (trajectory.energy_kwh - trajectory.floor_kwh)
        * stores.discharge_efficiency
        / (rules.reserve_duration_minutes / 60)
    )
    short = held - np.maximum(np.minimum(headroom, sustained), 0.0)
    short[since_call(inputs.called[during], inputs.windows.length)] = 0.0
    return np.where((held > 0) & (short > ROUNDING_KW), np.minimum(short, held), 0.0)


def _reserve_usd(inputs: Inputs, spin_kw: Floats, nonspin_kw: Floats) -> Floats:
    """What so much reserve earns at its products' prices [$]; 0 where a product has no price."""
    price = np.nan_to_num(inputs.price)[:, :, None] / 1000 * INTERVAL_HOURS
    earned: Floats = price[SPIN] * spin_kw + price[NONSPIN] * nonspin_kw
    return earned
