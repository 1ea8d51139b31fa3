"""The opportunity cost of stored energy: what a kWh kept beyond the market window is expected to earn or save.

Hydro planners call its slope the water value. V(t, energy) solves, backwards over the forecast's windows,

    V_t(x) = Σ_s weight_s · max_y [ V_{t+1}(y) + earnings of moving from x to y at price s ]

with three price scenarios a window, p10, p50 and p90, weighted 0.3, 0.4, 0.3 (extended Swanson–Megill: Keefer &
Bodily, Management Science 29, 1983). A move earns the LMP and what it does to the retail bill, less wear, so it has
two slopes each way: charging from solar surplus, then from the grid; covering the home's load, then exporting. What
stays stored can be held in reserve, min(power offered, energy · η_d / duration) at a share of the scenario's reserve
price; a kW that is sold beyond the home's load cannot, which lowers what its sale brings. V is concave and so is the
move, hence the best y is "move until V's slope crosses the price" (`stored_value`), exact on each linear piece.
V lives on a uniform grid of energies; in between it is interpolated (from below, V being concave). Only its differences
count: it is given above its value at the floor. A gain from giving that exceeds the cost of charging, as where a price
is so negative that losses pay, counts as that cost: a device does not circle energy.

A part of V is the household's own: what the energy saves on its bill if the device is left alone from then on. It is
evaluated for the default behaviour on the same grid. A household is owed that part, whatever the VPP does later (each
later deviation is owed for itself); the rest of V is wholesale, which the VPP earns and bears.
"""

from __future__ import annotations

from dataclasses import dataclass

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch import stored_value
from vpp_core.fleet.devices import Batteries, CarBatteries, Permission
from vpp_core.fleet.fleet import Floats, Ints

RESERVE_SHARE = 0.5
"""How much of the expected reserve price V counts on. A reserve is sold only where the fleet reaches the minimum bid
and the home has not used the energy first. Measured on two months with and without a minimum bid: at 1 batteries buy to
hold what is then not sold, at 0 they let go of what would have been; 0.5 earns most over all."""
USD_PER_KWH = 1e-3
"""A price in $/MWh as $/kWh."""


@dataclass(frozen=True)
class Outlook:
    """What is expected of the windows after the one being bid for, at its gate closure; H windows ahead.

    `price_usd_per_mwh` (H, 3): p10, p50, p90. `surplus_kw` (H, N): the home's average day of PV minus load so far.
    `import_usd_per_kwh`, `export_usd_per_kwh` (H,): the retail tariff, which is known. `reserve_usd_per_mw_h` (H, 3):
    of the dearer reserve product, 0 where none is sold; it must be sustained for `reserve_hours`.
    """

    window_hours: float
    price_usd_per_mwh: Floats
    reserve_usd_per_mw_h: Floats
    reserve_hours: float
    surplus_kw: Floats
    import_usd_per_kwh: Floats
    export_usd_per_kwh: Floats

    @property
    def replacement_usd_per_kwh(self) -> float:
        """What energy costs later on: the mean forecast price and the cheapest tariff [$/kWh at the meter]."""
        return float(self.price_usd_per_mwh[:, 1].mean() * USD_PER_KWH + self.import_usd_per_kwh.min())


def battery_value(outlook: Outlook, batteries: Batteries, permission: Permission) -> Floats:
    """V [$] above its value at the floor, of each battery after the window.

    Shape (N, LEVELS), on a grid from its VPP floor to its ceiling.
    """
    return stored_value.battery_value(
        outlook.price_usd_per_mwh * USD_PER_KWH,
        outlook.reserve_usd_per_mw_h * (RESERVE_SHARE * USD_PER_KWH),
        outlook.reserve_hours,
        outlook.surplus_kw,
        outlook.import_usd_per_kwh,
        outlook.export_usd_per_kwh,
        outlook.window_hours,
        outlook.replacement_usd_per_kwh,
        permission.battery_floor_kwh,
        batteries.ceiling_kwh,
        batteries.max_power_kw,
        permission.battery_power_kw,
        batteries.charge_efficiency,
        batteries.discharge_efficiency,
        batteries.wear_usd_per_kwh,
    )


def battery_own_value(outlook: Outlook, batteries: Batteries, permission: Permission) -> Floats:
    """The household's own part: minus its bill and wear [$] when left alone after the window, shape (N, LEVELS)."""
    return stored_value.battery_own_value(
        outlook.surplus_kw,
        outlook.import_usd_per_kwh,
        outlook.export_usd_per_kwh,
        outlook.window_hours,
        float(outlook.import_usd_per_kwh.min()),
        permission.battery_floor_kwh,
        batteries.backup_kwh,
        batteries.ceiling_kwh,
        batteries.max_power_kw,
        batteries.charge_efficiency,
        batteries.discharge_efficiency,
        batteries.wear_usd_per_kwh,
    )


def car_value(
    outlook: Outlook,
    cars: CarBatteries,
    offering: Ints,
    need_kwh: Floats,
    intervals_left: Ints,
    surplus_kw: Floats,
) -> tuple[Floats, Floats]:
    """V [$] above its value at the floor, of the `offering` cars after the window, and its own part.

    Each (len(offering), LEVELS), on a grid from floor to target.

    `intervals_left` until each departs, `need_kwh` on board by then; `surplus_kw` (H, cars) is solar that nothing else
    takes. What is on board beyond the need saves charging later, or with V2G can be sold later: as export, since what
    the home will draw then its battery may have covered.
    """
    own = stored_value.car_own_value(
        surplus_kw,
        outlook.import_usd_per_kwh,
        outlook.export_usd_per_kwh,
        outlook.window_hours,
        float(outlook.import_usd_per_kwh.min()),
        cars.floor_kwh[offering],
        cars.target_kwh[offering],
        cars.max_charge_kw[offering],
        cars.charge_efficiency[offering],
        intervals_left * INTERVAL_HOURS,
    )
    total = stored_value.car_value(
        outlook.price_usd_per_mwh * USD_PER_KWH,
        surplus_kw,
        outlook.import_usd_per_kwh,
        outlook.export_usd_per_kwh,
        outlook.window_hours,
        outlook.replacement_usd_per_kwh,
        cars.floor_kwh[offering],
        cars.target_kwh[offering],
        cars.max_charge_kw[offering],
        cars.charge_efficiency[offering],
        cars.max_discharge_kw[offering],
        cars.discharge_efficiency[offering],
        cars.wear_usd_per_kwh[offering],
        need_kwh,
        intervals_left * INTERVAL_HOURS,
    )
    return total, own
