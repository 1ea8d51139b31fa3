"""The fleet table: one row per home, its cars and appliances nested inside."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from vpp_core.devices import APPLIANCES
from vpp_core.tables.contract import Column, Contract

CATEGORIES = ("conservative", "moderate", "aggressive")
"""How much of its devices a household lends."""

EV_PRIORITIES = ("low", "medium", "high")
"""How much the car matters; `high`: its charging is not moved at all."""

_SHARE: dict[str, Any] = {"at_least": 0.0, "at_most": 1.0}

CARS = Contract(
    "cars",
    "A car of a home; nested in `prosumer_fleet`.",
    (
        Column("capacity_kwh", pa.float64(), "usable battery [kWh]", False, 0.0),
        Column("max_charge_kw", pa.float64(), "charger's AC power [kW]", False, 0.0),
        Column("charge_efficiency", pa.float64(), "AC to battery", False, 0.0, 1.0),
        Column("min_soc", pa.float64(), "never below, share of capacity", False, **_SHARE),
        Column("initial_soc", pa.float64(), "at the start of a month, share of capacity", False, **_SHARE),
        Column("target_soc", pa.float64(), "up to where it charges on its own, share of capacity", False, **_SHARE),
        Column("min_departure_soc", pa.float64(), "asked for at departure, share of capacity", False, **_SHARE),
        Column("v2g", pa.bool_(), "whether it may discharge at all"),
        Column("max_discharge_kw", pa.float64(), "AC power it can give [kW]; 0 without V2G", False, 0.0),
        Column("discharge_efficiency", pa.float64(), "battery to AC", False, 0.0, 1.0),
        Column("works_from_home", pa.bool_(), "its driver leaves on fewer weekdays"),
        Column("weekday_arrival_hour", pa.float32(), "usual arrival on a weekday [local hour]", False, 0.0, 24.0),
        Column("weekday_departure_hour", pa.float32(), "usual departure on a weekday [local hour]", False, 0.0, 24.0),
        Column("weekend_arrival_hour", pa.float32(), "usual arrival at the weekend [local hour]", False, 0.0, 24.0),
        Column("weekend_departure_hour", pa.float32(), "usual departure at the weekend [local hour]", False, 0.0, 24.0),
        Column(
            "charge_deadline_hour",
            pa.float32(),
            "must be ready by then [local hour]; NaN: at departure",
            False,
            0.0,
            24.0,
            may_be_nan=True,
        ),
        Column("trip_kwh", pa.float64(), "mean battery energy of a day's driving [kWh]", False, 0.0),
        Column("plug_in_share", pa.float64(), "of its returns, after which it is plugged in anyway", False, **_SHARE),
    ),
)

APPLIANCE = Contract(
    "appliances",
    "An appliance of a home that may be moved, such as a water heater; nested in `prosumer_fleet`.",
    (
        Column(
            "capacity_kwh", pa.float64(), "energy between the least and the most the household bears [kWh]", False, 0.0
        ),
        Column("max_power_kw", pa.float64(), "its power [kW]", False, 0.0),
        Column("loss_kw", pa.float64(), "standing loss [kW]", False, 0.0),
        Column("draw_kwh", pa.float64(), "mean energy drawn a day [kWh]", False, 0.0),
    ),
)

PROSUMER_FLEET = Contract(
    "prosumer_fleet",
    "The homes: devices, preferences and cars. Schema metadata `seed` is the seed that draws the cars' days.",
    (
        Column("home_id", pa.int64(), "household", False, 0.0),
        Column("category", pa.string(), "attitude of the household", one_of=CATEGORIES),
        Column("aggregation_id", pa.int32(), "the aggregation it belongs to; one lies within one sub-LAP", False, 0.0),
        Column("load_profile_id", pa.int32(), "its row of load_profiles", False, 0.0),
        Column("bess_capacity_kwh", pa.float64(), "home battery [kWh]; 0 without one", False, 0.0),
        Column("bess_max_power_kw", pa.float64(), "its AC power, both ways [kW]", False, 0.0),
        Column("bess_charge_efficiency", pa.float64(), "AC to battery", False, 0.0, 1.0),
        Column("bess_discharge_efficiency", pa.float64(), "battery to AC", False, 0.0, 1.0),
        Column("bess_min_soc", pa.float64(), "never below, share of capacity", False, **_SHARE),
        Column("bess_max_soc", pa.float64(), "never above, share of capacity", False, **_SHARE),
        Column("bess_initial_soc", pa.float64(), "at the start of a month, share of capacity", False, **_SHARE),
        Column("bess_degradation_usd_per_kwh", pa.float64(), "wear per kWh discharged, AC [$/kWh]", False, 0.0),
        Column("pv_capacity_kw", pa.float64(), "rooftop solar [kW DC]; 0 without", False, 0.0),
        Column("pv_orientation", pa.string(), "its orientation_id in solar_generation"),
        Column("pv_system_efficiency", pa.float64(), "own losses relative to the profile", False, 0.0, 1.1),
        Column("participation_willingness", pa.float64(), "share of device power offered", False, **_SHARE),
        Column("min_compensation_usd_per_kwh", pa.float64(), "least pay per kWh discharged [$/kWh]", False, 0.0),
        Column("opening_ask_usd_per_kwh", pa.float64(), "what it asks for first [$/kWh]", False, 0.0),
        Column(
            "moving_ask_usd_per_kwh",
            pa.float64(),
            "least pay for moving a car's charging, per kWh moved [$/kWh]",
            False,
            0.0,
        ),
        Column("backup_power_hours", pa.float64(), "hours of mean load kept for an outage [h]", False, 0.0),
        Column("max_discharge_share", pa.float64(), "of capacity, what the VPP may take per day", False, **_SHARE),
        Column("ev_priority", pa.string(), "how much the car matters", one_of=EV_PRIORITIES),
        Column("cars", pa.list_(CARS.struct), "its cars", rows=CARS),
        *(
            Column(
                f"{device.source}s",
                pa.list_(APPLIANCE.struct),
                f"its {device.words}, if it may be moved",
                rows=APPLIANCE,
            )
            for device in APPLIANCES
        ),
        Column("words", pa.string(), "how it describes itself; kept only where a model speaks for homes", True),
    ),
    key=("home_id",),
)
