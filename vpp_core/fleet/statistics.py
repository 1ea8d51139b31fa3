"""Statistics of a fleet: counts, shares, totals and spreads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vpp_core.sources.orientations import ORIENTATIONS
from vpp_core.tables.fleet import CATEGORIES, EV_PRIORITIES

if TYPE_CHECKING:
    from vpp_core.fleet.fleet import Fleet, Floats

_PREFERENCES = (
    "participation_willingness",
    "min_compensation_usd_per_kwh",
    "opening_ask_usd_per_kwh",
    "moving_ask_usd_per_kwh",
    "backup_power_hours",
    "max_discharge_share",
)


def describe(fleet: Fleet) -> dict[str, Any]:
    """Counts, adoption shares, totals and spreads; nested plain values, ready for JSON or a table."""
    cars = fleet.cars
    cars_of_home = np.bincount(cars.home, minlength=len(fleet))
    return {
        "homes": len(fleet),
        "seed": fleet.seed,
        "aggregations": len(np.unique(fleet.aggregation_id)),
        "adoption_share": {
            "battery": _share(fleet.has_battery),
            "solar": _share(fleet.has_pv),
            "ev": _share(cars_of_home > 0),
            "two_evs": _share(cars_of_home > 1),
            **{name: round(len(rows) / len(fleet), 4) for name, rows in fleet.appliances.items()},
            "v2g": _share(np.isin(np.arange(len(fleet)), cars.home[cars.v2g])),
            "battery_and_solar": _share(fleet.has_battery & fleet.has_pv),
            "nothing": _share(~fleet.has_battery & ~fleet.has_pv & (cars_of_home == 0)),
        },
        "battery": {
            "count": int(fleet.has_battery.sum()),
            "capacity_kwh": _total(fleet.bess_capacity_kwh),
            "power_kw": _total(fleet.bess_max_power_kw),
            "offered_power_kw": _total(fleet.bess_max_power_kw * fleet.participation_willingness),
            "size_kwh": _spread(fleet.bess_capacity_kwh[fleet.has_battery]),
        },
        "solar": {
            "count": int(fleet.has_pv.sum()),
            "capacity_kw": _total(fleet.pv_capacity_kw),
            "size_kw": _spread(fleet.pv_capacity_kw[fleet.has_pv]),
            "orientation_share": {
                orientation.id: _share(fleet.pv_orientation[fleet.has_pv] == k)
                for k, orientation in enumerate(ORIENTATIONS)
            },
        },
        "ev": {
            "count": len(cars),
            "capacity_kwh": _total(cars.capacity_kwh),
            "charge_power_kw": _total(cars.max_charge_kw),
            "v2g_power_kw": _total(cars.max_discharge_kw),
            "trip_kwh": _spread(cars.trip_kwh),
            "works_from_home_share": _share(cars.works_from_home),
            "plug_in_share": _spread(cars.plug_in_share),
        },
        **{
            name: {
                "count": len(rows),
                "capacity_kwh": _total(rows.capacity_kwh),
                "power_kw": _total(rows.max_power_kw),
                "draw_kwh_per_day": _spread(rows.draw_kwh),
            }
            for name, rows in fleet.appliances.items()
        },
        "category_share": {name: _share(fleet.category == k) for k, name in enumerate(CATEGORIES)},
        "ev_priority_share": {name: _share(fleet.ev_priority == k) for k, name in enumerate(EV_PRIORITIES)},
        "preferences": {name: _spread(getattr(fleet, name)) for name in _PREFERENCES},
    }


def _share(members: Any) -> float:
    return round(float(np.mean(members)), 4) if np.size(members) else 0.0


def _total(values: Floats) -> float:
    return round(float(values.sum()), 3)


def _spread(values: Floats) -> dict[str, float]:
    """p5, median and p95; nothing where there is nothing."""
    if not len(values):
        return {}
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return {"p5": round(float(low), 4), "median": round(float(middle), 4), "p95": round(float(high), 4)}
