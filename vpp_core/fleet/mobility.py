"""The cars' days over a period: when each is plugged in, what each trip takes, what is asked at departure."""

from __future__ import annotations

from dataclasses import dataclass

from vpp_core.fleet.fleet import Bools, Floats


@dataclass(frozen=True)
class Mobility:
    """Columns over intervals and cars, shape (T, M).

    A departure is the first interval in which the car is away. `trip_kwh` and `required_kwh` are non-zero only there:
    the energy taken from the battery at the start of that interval, and the energy asked to be on board before it.
    """

    plugged: Bools
    trip_kwh: Floats
    required_kwh: Floats
    infeasible_departures: int
    """departures whose trip or requirement could not be met even by charging at full power from arrival; their trips
    were shortened to what the car can carry, and they are reported"""
