"""The record of a kind of store, and the parts that all appliances share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS, Period
from vpp_core.fleet.fleet import Appliances, Bools, Fleet, Floats, Ints
from vpp_core.fleet.stores import Stores, staying
from vpp_core.physics.storage import charge_on_arrival_kw, step_energy_kwh

if TYPE_CHECKING:
    from vpp_core.fleet.appliance import Appliance


@dataclass(frozen=True)
class Ownership:
    """Who has an appliance, and what it is like."""

    model: type[Appliance]
    """one household's, with its bounds"""
    purpose: str
    """of the draws that say who has one: those of no other thing about a home"""
    drawn: Callable[[Ints, Bools, int], Appliances]
    """those of a population, from the homes' ids, who has one, and the seed"""


@dataclass(frozen=True)
class Kind:
    """A kind of store."""

    name: str
    """as in `DEVICES`, where it has its words and its place"""
    stores: Callable[[Fleet, Period, Floats], Stores]
    """a fleet's stores of this kind over a period, from the fleet and the homes' mean load [kW] (N,)"""
    appliance: Ownership | None = None
    """of an appliance; batteries and cars are drawn with their homes"""


def stores_of_appliances(
    period: Period, own: Appliances, wanted_kwh: Floats, need_kwh: Floats, usual_draw_kwh: Floats
) -> Stores:
    """Appliances as stores: never away, giving nothing, and left alone taking power whenever they are not full.

    Parameters
    ----------
    period : Period
        T intervals.
    own : Appliances
        H of one kind.
    wanted_kwh : array of float
        What their homes would draw in each interval, losses included [kWh], shape (T, H); cut to what one left alone
        has, so that none lacks anything on its own account.
    need_kwh : array of float
        Energy from which the largest draws that may come can be met at any time [kWh], shape (H,).
    usual_draw_kwh : array of float
        Mean draw by quarter hour of the day [kWh], shape (96, H).

    Returns
    -------
    Stores
        One column per appliance.
    """
    draw, energy, charge = _left_alone(wanted_kwh, own.capacity_kwh, own.max_power_kw)
    need = np.broadcast_to(need_kwh, draw.shape)
    return staying(
        len(period),
        own.home,
        np.zeros(len(own)),
        capacity_kwh=own.capacity_kwh,
        ceiling_kwh=own.capacity_kwh,
        initial_kwh=own.capacity_kwh,
        max_charge_kw=own.max_power_kw,
        charge_efficiency=np.ones(len(own)),
        draw_kwh=draw,
        need_kwh=need,
        trip_need_kwh=need,
        usual_need_kwh=need_kwh,
        counterfactual_kwh=energy,
        counterfactual_kw=charge,
        usual_draw_kwh=usual_draw_kwh,
    )


def _left_alone(wanted_kwh: Floats, capacity: Floats, power: Floats) -> tuple[Floats, Floats, Floats]:
    """What is drawn (T, H), energy (T + 1, H) and charging (T, H) of appliances that charge whenever they can."""
    intervals, count = wanted_kwh.shape
    draw, charge, energy = np.empty_like(wanted_kwh), np.empty_like(wanted_kwh), np.empty((intervals + 1, count))
    energy[0] = capacity
    for t in range(intervals):
        draw[t] = np.minimum(wanted_kwh[t], energy[t])
        left = energy[t] - draw[t]
        charge[t] = charge_on_arrival_kw(left, 1.0, capacity, power, 1.0, INTERVAL_HOURS)
        energy[t + 1] = step_energy_kwh(left, charge[t], 0.0, 1.0, 1.0, INTERVAL_HOURS)
    return draw, energy, charge
