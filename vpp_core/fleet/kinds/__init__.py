"""The kinds of stores, a file each: how a fleet's devices of that kind become columns of `Stores`.

A new kind is one file with a `KIND`, and its place in `KINDS` below.
"""

from __future__ import annotations

from vpp_core.calendar import Period
from vpp_core.fleet.fleet import Fleet, Floats
from vpp_core.fleet.kinds.battery import BATTERY
from vpp_core.fleet.kinds.car import CAR
from vpp_core.fleet.kinds.kind import Kind
from vpp_core.fleet.kinds.water_heater import WATER_HEATER
from vpp_core.fleet.stores import Stores, together

KINDS: tuple[Kind, ...] = (BATTERY, CAR, WATER_HEATER)
"""In the order of the columns."""


def stores_of(fleet: Fleet, period: Period, mean_load_kw: Floats) -> Stores:
    """All stores of a fleet over a period.

    Parameters
    ----------
    fleet : Fleet
        N homes with their devices.
    period : Period
        T intervals.
    mean_load_kw : array of float
        Mean load of each home as known before the period [kW], shape (N,): by it homes size what they keep for
        an outage.

    Returns
    -------
    Stores
        Ordered by kind, then home.
    """
    return together({kind.name: kind.stores(fleet, period, mean_load_kw) for kind in KINDS})
