"""What is known of devices and homes at a gate closure, when segments for the window are sized and priced."""

from __future__ import annotations

from dataclasses import dataclass

from vpp_core.fleet.fleet import Floats


@dataclass(frozen=True)
class StateRange:
    """Least (low) and most (high) energy at the window's start that pending segments can lead to.

    `battery_*_kwh` (N,), `car_*_kwh` (M,); `taken_kwh` (N,), `car_taken_kwh` (M,): stored energy that the VPP will have
    taken on the window's local day at most. A car's highest path would mean that it is never held off, and then it
    could hardly be held off longer than its charge takes; what it will draw is therefore read from the expected path,
    where pending sales clear that are priced below the median forecast. If they do not, the car has charged cheaply and
    some of what is held for it is bought back with a penalty; it is ready all the same, since readiness is read from
    the lowest path. A battery sale counts on the car as a load only as far as it charges on the highest path too.
    """

    battery_low_kwh: Floats
    battery_high_kwh: Floats
    car_low_kwh: Floats
    car_high_kwh: Floats
    car_expected_kwh: Floats
    taken_kwh: Floats
    car_taken_kwh: Floats


@dataclass(frozen=True)
class Coming:
    """What homes know of the window itself, L intervals long: PV minus load (L, N) [kW] and the tariff (L,)."""

    first_interval: int
    surplus_kw: Floats
    import_usd_per_kwh: Floats
    export_usd_per_kwh: Floats
