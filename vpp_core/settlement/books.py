"""The books: what a trajectory is worth against the counterfactual, part by part, per interval and home.

    surplus = Σ LMP · (p − p_counterfactual) · Δt + reserve pay + call adjustments
              − rise of retail bills − rise of wear − penalties + rise of stored energy at its price

Between the VPP and a household: what was awarded and delivered is paid at the agreed price, which covers the
household's own cost (its bill, now and later, and wear). All else by which injections differ from the counterfactual,
the rebound of what was moved included, the VPP settles at LMP.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.fleet import Floats
from vpp_core.market.inputs import Inputs
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
    "payment_usd",
)
"""The parts, as named in the result tables."""


@dataclass(frozen=True)
class Books:
    """Money and energy per interval and home, shape (T, N)."""

    money: dict[str, Floats]
    agreed_payment_usd: Floats
    bill_counterfactual_usd: Floats
    injection_kw: Floats
    delivered_battery_kw: Floats
    """actual minus default, export positive"""
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

    delivered = np.where(trajectory.award_kw != 0, trajectory.battery_kw - trajectory.default_kw, 0.0)
    delivered_car = np.where(trajectory.car_award_kw != 0, trajectory.car_default_kw - trajectory.car_kw, 0.0)
    missing = np.abs(trajectory.award_kw - delivered) + sum_by_home(
        inputs, np.abs(trajectory.car_award_kw - delivered_car)
    )
    agreed = hours * (
        trajectory.agreed_usd_per_kwh * delivered
        + sum_by_home(inputs, trajectory.car_agreed_usd_per_kwh * delivered_car)
    )

    money = dict.fromkeys(MONEY, np.zeros_like(injection))
    money["wholesale_battery_usd"] = lmp * (trajectory.battery_kw - counterfactual.battery_kw) * hours
    money["wholesale_ev_usd"] = -lmp * (car_kw - car_kw_alone) * hours
    money["wholesale_usd"] = lmp * (injection - alone) * hours
    money["bill_change_usd"] = retail_bill_usd(injection, *tariff, hours) - bill_alone
    money["wear_change_usd"] = wear * (trajectory.discharge_kw - counterfactual.discharge_kw)
    money["penalty_usd"] = rules.delivery_penalty_share * np.abs(lmp) * missing * hours
    money["end_energy_usd"] = _stored_energy_usd(inputs, trajectory, counterfactual)
    money["surplus_usd"] = (
        money["wholesale_usd"]
        + money["reserve_usd"]
        + money["call_usd"]
        - money["bill_change_usd"]
        - money["wear_change_usd"]
        - money["penalty_usd"]
        + money["end_energy_usd"]
    )
    money["payment_usd"] = agreed
    return Books(
        money=money,
        agreed_payment_usd=agreed,
        bill_counterfactual_usd=bill_alone,
        injection_kw=injection,
        delivered_battery_kw=delivered,
        delivered_car_kw=delivered_car,
        awarded_kw=trajectory.award_kw + sum_by_home(inputs, trajectory.car_award_kw),
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


def _stored_energy_usd(inputs: Inputs, trajectory: Trajectory, counterfactual: Trajectory) -> Floats:
    """Growth of stored energy relative to the counterfactual in each interval, at the end price; sums to the end."""
    battery_price, car_price = end_energy_prices(inputs)
    lead = (trajectory.stored_kwh - counterfactual.stored_kwh) * battery_price
    lead += sum_by_home(inputs, (trajectory.car_kwh - counterfactual.car_kwh) * car_price)
    growth: Floats = np.diff(lead, axis=0, prepend=0.0)
    return growth
