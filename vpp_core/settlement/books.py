"""The books: what a trajectory is worth against the counterfactual, part by part, per interval and home.

    surplus = Σ LMP · (p − p_counterfactual) · Δt + reserve pay + call energy
              − rise of retail bills − rise of wear − penalties + rise of stored energy at its price

where energy that a call delivers is booked apart from the rest of the injection. Held reserve is paid at its product's
price. What could not have been delivered, had it been called, is not paid, and a penalty of a share of the price comes
on top; from a call to the end of its window reserve need not be deliverable and stays paid. Awarded or called energy
that is not delivered is bought back at LMP with a penalty.

Between the VPP and a household: what was awarded and delivered is paid at the agreed price, which covers the
household's own cost (its bill, now and later, and wear); held reserve at the agreed price per kW-h, and what a call
delivers at the price agreed for that. All else by which injections differ from the counterfactual, the rebound of what
was moved included, the VPP settles at LMP.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.fleet import Floats
from vpp_core.market.contingencies import since_call
from vpp_core.market.inputs import Inputs
from vpp_core.market.segments import NONSPIN, SPIN
from vpp_core.physics.meter import net_injection_kw, retail_bill_usd
from vpp_core.settlement.grouping import sum_by_home
from vpp_core.settlement.trajectory import Trajectory

MONEY = (
    "wholesale_usd",
    "wholesale_battery_usd",
    "wholesale_ev_usd",
    "reserve_usd",
    "call_usd",
    "bill_change_usd",
    "wear_change_usd",
    "penalty_usd",
    "end_energy_usd",
    "surplus_usd",
    "surplus_battery_usd",
    "surplus_ev_usd",
    "surplus_reserves_usd",
    "payment_usd",
)
"""The parts, as named in the result tables."""
ROUNDING_KW = 1e-6
"""Shortfalls below this are rounding."""


@dataclass(frozen=True)
class Books:
    """Money and energy per interval and home, shape (T, N)."""

    money: dict[str, Floats]
    agreed_payment_usd: Floats
    bill_counterfactual_usd: Floats
    injection_kw: Floats
    delivered_battery_kw: Floats
    """of the award: actual minus default, export positive, without what a call delivered"""
    delivered_call_kw: Floats
    undeliverable_kw: Floats
    """held reserve that could not have been delivered"""
    delivered_car_kw: Floats
    awarded_kw: Floats
    """battery and car awards, export positive"""


def make_books(inputs: Inputs, trajectory: Trajectory, counterfactual: Trajectory) -> Books:
    """Settle a trajectory; `payment_usd` is as contracted, whether or not the strategy has contracts."""
    lmp = inputs.lmp_usd_per_mwh[:, None] / 1000
    hours = INTERVAL_HOURS
    rules = inputs.scenario.market
    car_kw = sum_by_home(inputs, trajectory.car_kw)
    car_kw_alone = sum_by_home(inputs, counterfactual.car_kw)
    injection = net_injection_kw(inputs.pv_kw, inputs.load_kw, trajectory.battery_kw, car_kw)
    alone = net_injection_kw(inputs.pv_kw, inputs.load_kw, counterfactual.battery_kw, car_kw_alone)
    tariff = (inputs.import_usd_per_kwh[: len(injection), None], inputs.export_usd_per_kwh[: len(injection), None])
    bill_alone = retail_bill_usd(alone, *tariff, hours)
    wear = inputs.batteries.wear_usd_per_kwh * hours

    delivered, delivered_call = _delivered(trajectory)
    delivered_car, missing_car = _delivered_by_cars(inputs, trajectory)
    missing = np.abs(trajectory.award_kw - delivered) + trajectory.called_kw - delivered_call
    undeliverable = _undeliverable_kw(inputs, trajectory)
    unpaid_share = np.divide(
        undeliverable, trajectory.reserve_kw, out=np.zeros_like(undeliverable), where=trajectory.reserve_kw > 0
    )
    agreed = hours * (
        trajectory.agreed_usd_per_kwh * delivered
        + trajectory.call_agreed_usd_per_kwh * delivered_call
        + (1 - unpaid_share)
        * (
            trajectory.spin_agreed_usd_per_kw_h * trajectory.spin_kw
            + trajectory.nonspin_agreed_usd_per_kw_h * trajectory.nonspin_kw
        )
        + sum_by_home(inputs, trajectory.car_agreed_usd_per_kwh * delivered_car)
    )
    capacity = _capacity_usd(inputs, trajectory)
    short_car = rules.delivery_penalty_share * np.abs(lmp) * missing_car * hours
    short_battery = rules.delivery_penalty_share * np.abs(lmp) * missing * hours
    no_pay = rules.no_pay_penalty_share * capacity * unpaid_share
    end_battery, end_car = _stored_energy_usd(inputs, trajectory, counterfactual)

    money = dict.fromkeys(MONEY, np.zeros_like(injection))
    money["call_usd"] = lmp * delivered_call * hours
    money["wholesale_battery_usd"] = (
        lmp * (trajectory.battery_kw - counterfactual.battery_kw) * hours - money["call_usd"]
    )
    money["wholesale_ev_usd"] = -lmp * (car_kw - car_kw_alone) * hours
    money["wholesale_usd"] = lmp * (injection - alone) * hours - money["call_usd"]
    money["reserve_usd"] = capacity * (1 - unpaid_share)
    money["bill_change_usd"] = retail_bill_usd(injection, *tariff, hours) - bill_alone
    wear_car = hours * sum_by_home(
        inputs, inputs.cars.wear_usd_per_kwh * (trajectory.car_discharge_kw - counterfactual.car_discharge_kw)
    )
    money["wear_change_usd"] = wear * (trajectory.discharge_kw - counterfactual.discharge_kw) + wear_car
    money["penalty_usd"] = short_battery + short_car + no_pay
    money["end_energy_usd"] = end_battery + end_car
    money["surplus_usd"] = (
        money["wholesale_usd"]
        + money["reserve_usd"]
        + money["call_usd"]
        - money["bill_change_usd"]
        - money["wear_change_usd"]
        - money["penalty_usd"]
        + money["end_energy_usd"]
    )
    bill_battery = _bill_change_of_batteries(inputs, trajectory, counterfactual, tariff)
    money["surplus_reserves_usd"] = money["reserve_usd"] + money["call_usd"] - no_pay
    money["surplus_ev_usd"] = (
        money["wholesale_ev_usd"] - (money["bill_change_usd"] - bill_battery) - wear_car - short_car + end_car
    )
    money["surplus_battery_usd"] = money["surplus_usd"] - money["surplus_reserves_usd"] - money["surplus_ev_usd"]
    money["payment_usd"] = agreed
    return Books(
        money=money,
        agreed_payment_usd=agreed,
        bill_counterfactual_usd=bill_alone,
        injection_kw=injection,
        delivered_battery_kw=delivered,
        delivered_call_kw=delivered_call,
        undeliverable_kw=undeliverable,
        delivered_car_kw=delivered_car,
        awarded_kw=trajectory.award_kw
        + sum_by_home(inputs, trajectory.car_award_kw + trajectory.car_discharge_award_kw),
    )


def end_energy_prices(inputs: Inputs) -> tuple[Floats, Floats]:
    """What a stored kWh is worth at the end of the period, per battery (N,) and per car (M,) [$].

    `mean_lmp`: the period's mean LMP, less the loss of discharging. `replacement` (default): what it saves or costs to
    replace, the retail tariff included; with the mean LMP alone, draining a battery or a car at the end would earn
    the retail price once.
    """
    mean = float(inputs.lmp_usd_per_mwh.mean()) / 1000
    batteries, cars = inputs.batteries.discharge_efficiency, inputs.cars.charge_efficiency
    if inputs.scenario.market.end_energy_price == "mean_lmp":
        return mean * batteries, mean * cars
    replacement = mean + inputs.scenario.tariff.cheapest_import_usd_per_kwh
    return replacement * batteries, replacement / cars


def _stored_energy_usd(inputs: Inputs, trajectory: Trajectory, counterfactual: Trajectory) -> tuple[Floats, Floats]:
    """Growth of stored energy relative to the counterfactual in each interval, at the end price; sums to the end.

    Of batteries and of cars, (T, N) each.
    """
    battery_price, car_price = end_energy_prices(inputs)
    battery = (trajectory.stored_kwh - counterfactual.stored_kwh) * battery_price
    car = sum_by_home(inputs, (trajectory.car_kwh - counterfactual.car_kwh) * car_price)
    return np.diff(battery, axis=0, prepend=0.0), np.diff(car, axis=0, prepend=0.0)


def _delivered(trajectory: Trajectory) -> tuple[Floats, Floats]:
    """Of the battery's deviation, what answers the award and what answers a call (what falls short is the call's)."""
    acts = (trajectory.award_kw != 0) | (trajectory.called_kw > 0)
    deviation = np.where(acts, trajectory.battery_kw - trajectory.default_kw, 0.0)
    call = np.clip(deviation - trajectory.award_kw, 0.0, trajectory.called_kw)
    return deviation - call, call


def _delivered_by_cars(inputs: Inputs, trajectory: Trajectory) -> tuple[Floats, Floats]:
    """What cars delivered of their awards (T, M), and what they fell short of them (T, N).

    A car that gives power does not charge meanwhile: that comes on top and settles at LMP, as a rebound does.
    """
    delayed = np.where(trajectory.car_award_kw != 0, trajectory.car_default_kw - trajectory.car_kw, 0.0)
    given = np.where(trajectory.car_discharge_award_kw != 0, trajectory.car_discharge_kw, 0.0)
    missing = np.abs(trajectory.car_award_kw - delayed) + trajectory.car_discharge_award_kw - given
    return delayed + given, sum_by_home(inputs, missing)


def _undeliverable_kw(inputs: Inputs, trajectory: Trajectory) -> Floats:
    """Held reserve that neither the power left nor the energy stored at the interval's end could have delivered.

    Not looked at from a call to the end of its window.
    """
    b, rules = inputs.batteries, inputs.scenario.market
    held = trajectory.reserve_kw
    headroom = b.max_power_kw - trajectory.battery_kw
    sustained = (
        (trajectory.stored_kwh - trajectory.floor_kwh) * b.discharge_efficiency / (rules.reserve_duration_minutes / 60)
    )
    short = held - np.maximum(np.minimum(headroom, sustained), 0.0)
    short[since_call(inputs.called, inputs.windows.length)] = 0.0
    return np.where((held > 0) & (short > ROUNDING_KW), np.minimum(short, held), 0.0)


def _capacity_usd(inputs: Inputs, trajectory: Trajectory) -> Floats:
    """What held reserve earns at its products' prices if all of it is deliverable [$], (T, N)."""
    price = np.nan_to_num(inputs.price) / 1000 * INTERVAL_HOURS
    earned: Floats = price[SPIN, :, None] * trajectory.spin_kw + price[NONSPIN, :, None] * trajectory.nonspin_kw
    return earned


def _bill_change_of_batteries(
    inputs: Inputs, trajectory: Trajectory, counterfactual: Trajectory, tariff: tuple[Floats, Floats]
) -> Floats:
    """The part of the bill's change that batteries made, (T, N): battery and cars share a meter, so it is the mean over
    the two orders of changing one and then the other (Shapley value of two)."""
    car, car_alone = (sum_by_home(inputs, path.car_kw) for path in (trajectory, counterfactual))

    def bill(battery_kw: Floats, car_kw: Floats) -> Floats:
        injection = net_injection_kw(inputs.pv_kw, inputs.load_kw, battery_kw, car_kw)
        result: Floats = retail_bill_usd(injection, *tariff, INTERVAL_HOURS)
        return result

    moved, alone = trajectory.battery_kw, counterfactual.battery_kw
    first = bill(moved, car_alone) - bill(alone, car_alone)
    second = bill(moved, car) - bill(alone, car)
    return 0.5 * (first + second)
