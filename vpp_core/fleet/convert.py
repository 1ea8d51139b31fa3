"""Between households as models and a fleet as columns, both ways, field by field.

Device columns carry the names of the models' fields, so that a field that one has and the other lacks cannot be lost
silently. A device that is absent has capacity 0 in its columns, and otherwise the defaults of its model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from vpp_core.devices import APPLIANCES
from vpp_core.fleet.appliance import Appliance
from vpp_core.fleet.bess import BESS
from vpp_core.fleet.ev import ElectricVehicle
from vpp_core.fleet.fleet import CATEGORIES, EV_PRIORITIES, HOME_COLUMNS, Appliances, Cars, Fleet, RowsT
from vpp_core.fleet.prosumer import Prosumer, prosumer_from_dict
from vpp_core.sources.orientations import ORIENTATIONS, nearest_orientation

_BESS = tuple(name for name in BESS.model_fields if name != "energy_kwh")
_APPLIANCE = tuple(Appliance.model_fields)
_CAR = tuple(field.name for field in fields(Cars) if field.name != "home")
_PREFERENCES = (
    "participation_willingness",
    "min_compensation_usd_per_kwh",
    "opening_ask_usd_per_kwh",
    "moving_ask_usd_per_kwh",
    "backup_power_hours",
)
_NARROW: dict[str, Any] = {"category": np.int8, "pv_orientation": np.int8, "ev_priority": np.int8}
_NARROW |= {"aggregation_id": np.int32, "load_profile_id": np.int32, "home_id": np.int64}
_CAR_TYPES: dict[str, Any] = {"v2g": np.bool_, "works_from_home": np.bool_}
_CAR_TYPES |= {name: np.float32 for name in _CAR if name.endswith("_hour")}
_DIGITS = 12
"""Percent and share are the same number to so many digits; more would be noise of binary fractions."""


def fleet_of(households: Sequence[Prosumer], seed: int) -> Fleet:
    """Households as columns; `seed` draws their cars' days. What is stored now is not kept: a fleet starts a month."""
    rows = [_row(household) for household in households]
    columns: dict[str, Any] = {
        name: np.array([row[name] for row in rows], dtype=_NARROW.get(name, np.float64)) for name in HOME_COLUMNS
    }
    cars = [(home, ev) for home, household in enumerate(households) for ev in household.evs]
    car_columns: dict[str, Any] = {
        name: np.array([_car_value(ev, name) for _, ev in cars], dtype=_CAR_TYPES.get(name, np.float64))
        for name in _CAR
    }
    return Fleet(
        seed=seed,
        cars=Cars(home=np.array([home for home, _ in cars], dtype=np.int32), **car_columns),
        appliances={device.name: _appliances(households, device.name) for device in APPLIANCES},
        **columns,
    )


def household_of(fleet: Fleet, position: int) -> Prosumer:
    """The household at this position as a model; one that breaks a model's rule is an `InputError` naming it."""
    return _household(fleet, position, (fleet.cars.home == position).nonzero()[0])


def _household(fleet: Fleet, position: int, cars: npt.NDArray[np.intp]) -> Prosumer:
    get = {name: getattr(fleet, name)[position].item() for name in HOME_COLUMNS}
    orientation = ORIENTATIONS[get["pv_orientation"]]
    data = {
        "home_id": get["home_id"],
        "category": CATEGORIES[get["category"]],
        "aggregation_id": get["aggregation_id"],
        "load_profile_id": get["load_profile_id"],
        "bess": {name: get[f"bess_{name}"] for name in _BESS} if get["bess_capacity_kwh"] > 0 else None,
        "appliances": {
            name: own for name, rows in fleet.appliances.items() if (own := _appliance(rows, position)) is not None
        },
        "evs": [_car(fleet.cars, car) for car in cars],
        "pv": {
            "capacity_kw": get["pv_capacity_kw"],
            "tilt_deg": orientation.tilt_deg,
            "azimuth_deg": orientation.azimuth_deg,
            "system_efficiency": get["pv_system_efficiency"],
        }
        if get["pv_capacity_kw"] > 0
        else None,
        "preferences": {name: get[name] for name in _PREFERENCES}
        | {
            "max_discharge_percent": round(100 * get["max_discharge_share"], _DIGITS - 2),
            "ev_priority": EV_PRIORITIES[get["ev_priority"]],
        },
    }
    return prosumer_from_dict(data, f"home {get['home_id']}")


def households_of(fleet: Fleet) -> list[Prosumer]:
    """Every household as a model, in order."""
    order = np.argsort(fleet.cars.home, kind="stable")
    bounds = np.searchsorted(fleet.cars.home[order], np.arange(len(fleet) + 1))
    return [_household(fleet, k, order[bounds[k] : bounds[k + 1]]) for k in range(len(fleet))]


def join(fleet: Fleet, households: Sequence[Prosumer], words: Mapping[int, str] | None = None) -> Fleet:
    """The fleet with these households behind it, numbered on from its last home.

    Nobody describes a load curve, so the k-th of them is given the profile of the k-th home. `words`: position among
    them → how the household describes itself, where that is kept.
    """
    if not households:
        return fleet
    start = int(fleet.home_id.max()) + 1
    numbered = [
        household.model_copy(
            update={"home_id": start + k, "load_profile_id": int(fleet.load_profile_id[k % len(fleet)])}
        )
        for k, household in enumerate(households)
    ]
    told = {start + position: text for position, text in (words or {}).items()}
    return concatenate(fleet, replace(fleet_of(numbered, fleet.seed), words=told))


def concatenate(one: Fleet, other: Fleet) -> Fleet:
    """Both fleets' homes as one, with the first one's seed."""
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in HOME_COLUMNS
    }
    return Fleet(
        seed=one.seed,
        words={**one.words, **other.words},
        cars=_behind(one.cars, other.cars, len(one)),
        appliances={name: _behind(rows, other.appliances[name], len(one)) for name, rows in one.appliances.items()},
        **columns,
    )


def _behind(one: RowsT, other: RowsT, homes: int) -> RowsT:
    """Rows of both fleets, the second one's homes numbered on from so many."""
    moved = replace(other, home=(other.home + homes).astype(np.int32))
    return replace(one, **{f.name: np.concatenate([getattr(one, f.name), getattr(moved, f.name)]) for f in fields(one)})


def _row(household: Prosumer) -> dict[str, Any]:
    bess, pv, wish = household.bess, household.pv, household.preferences
    absent = {"capacity_kwh": 0.0, "max_power_kw": 0.0}
    battery = {name: getattr(bess, name) for name in _BESS} if bess else BESS().model_dump() | absent
    return {
        "home_id": household.home_id,
        "category": CATEGORIES.index(household.category),
        "aggregation_id": household.aggregation_id,
        "load_profile_id": household.load_profile_id,
        **{f"bess_{name}": battery[name] for name in _BESS},
        "pv_capacity_kw": pv.capacity_kw if pv else 0.0,
        "pv_orientation": nearest_orientation(pv.tilt_deg, pv.azimuth_deg) if pv else 0,
        "pv_system_efficiency": pv.system_efficiency if pv else 1.0,
        **{name: getattr(wish, name) for name in _PREFERENCES},
        "max_discharge_share": round(wish.max_discharge_percent / 100, _DIGITS),
        "ev_priority": EV_PRIORITIES.index(wish.ev_priority),
    }


def _car_value(ev: ElectricVehicle, name: str) -> Any:
    value = getattr(ev, name)
    return np.nan if value is None else value


def _appliances(households: Sequence[Prosumer], kind: str) -> Appliances:
    """Rows of those households that have an appliance of the kind."""
    own = [(home, one.appliances[kind]) for home, one in enumerate(households) if kind in one.appliances]
    columns = {name: np.array([getattr(each, name) for _, each in own], dtype=np.float64) for name in _APPLIANCE}
    return Appliances(home=np.array([home for home, _ in own], dtype=np.int32), **columns)


def _appliance(rows: Appliances, home: int) -> dict[str, Any] | None:
    at = np.searchsorted(rows.home, home)
    if at == len(rows) or rows.home[at] != home:
        return None
    return {name: getattr(rows, name)[at].item() for name in _APPLIANCE}


def _car(cars: Cars, position: int) -> dict[str, Any]:
    data = {name: getattr(cars, name)[position].item() for name in _CAR}
    if np.isnan(data["charge_deadline_hour"]):
        data["charge_deadline_hour"] = None
    return data
