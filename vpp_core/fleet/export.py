"""What people open: a fleet as CSV, one line a home, and as JSON, every field of every household."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from vpp_core.errors import InputError
from vpp_core.fleet.convert import fleet_of, households_of
from vpp_core.fleet.fleet import CATEGORIES, EV_PRIORITIES, Fleet
from vpp_core.fleet.prosumer import prosumer_from_dict
from vpp_core.fleet.statistics import describe
from vpp_core.sources.orientations import ORIENTATIONS
from vpp_core.strict_json import parse_json


def fleet_summary_csv(fleet: Fleet) -> str:
    """One line per home: devices in kW and kWh, preferences, cars summed up. Absent devices are 0 or empty."""
    homes, cars = len(fleet), fleet.cars
    per_home = {
        "evs": np.bincount(cars.home, minlength=homes),
        "ev_capacity_kwh": np.bincount(cars.home, cars.capacity_kwh, homes),
        "ev_charge_kw": np.bincount(cars.home, cars.max_charge_kw, homes),
        "ev_v2g_kw": np.bincount(cars.home, cars.max_discharge_kw, homes),
        "ev_trip_kwh": np.bincount(cars.home, cars.trip_kwh, homes),
    }
    orientation = np.array([o.id for o in ORIENTATIONS])[fleet.pv_orientation]
    frame = pd.DataFrame(
        {
            "home_id": fleet.home_id,
            "category": np.array(CATEGORIES)[fleet.category],
            "aggregation_id": fleet.aggregation_id,
            "bess_capacity_kwh": fleet.bess_capacity_kwh,
            "bess_max_power_kw": fleet.bess_max_power_kw,
            "pv_capacity_kw": fleet.pv_capacity_kw,
            "pv_orientation": np.where(fleet.has_pv, orientation, ""),
            **per_home,
            "participation_willingness": fleet.participation_willingness,
            "min_compensation_usd_per_kwh": fleet.min_compensation_usd_per_kwh,
            "opening_ask_usd_per_kwh": fleet.opening_ask_usd_per_kwh,
            "moving_ask_usd_per_kwh": fleet.moving_ask_usd_per_kwh,
            "backup_power_hours": fleet.backup_power_hours,
            "max_discharge_percent": np.round(100 * fleet.max_discharge_share, 4),
            "ev_priority": np.array(EV_PRIORITIES)[fleet.ev_priority],
        }
    )
    return frame.to_csv(index=False, lineterminator="\n", float_format="%.10g")


def fleet_to_json(fleet: Fleet) -> str:
    """Seed, statistics and every household; `fleet_from_json` reads it back exactly."""
    households = [household.model_dump(mode="json") for household in households_of(fleet)]
    return json.dumps({"seed": fleet.seed, "statistics": describe(fleet), "households": households}, indent=1) + "\n"


def fleet_from_json(text: str, where: str = "the fleet file") -> Fleet:
    """The fleet of `fleet_to_json`, or of any list of households under `households`."""
    try:
        data = parse_json(text)
        households, seed = data["households"], data.get("seed", 0)
        if not (isinstance(households, list) and households and type(seed) is int and seed >= 0):
            raise ValueError
    except InputError as error:
        raise InputError(f"{where} is not a fleet: {error}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise InputError(
            f"{where} is not a fleet; write JSON with a list of `households` and a whole number `seed`"
        ) from None
    return fleet_of([prosumer_from_dict(one, f"{where}, household {k}") for k, one in enumerate(households)], seed)
