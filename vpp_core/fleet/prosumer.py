"""A household: devices, preferences, and what it would do on the market."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pydantic import Field, SerializeAsAny, ValidationError, field_validator, model_validator

from vpp_core.devices import APPLIANCES
from vpp_core.errors import InputError
from vpp_core.fleet.appliance import Appliance
from vpp_core.fleet.bess import BESS
from vpp_core.fleet.ev import ElectricVehicle
from vpp_core.fleet.kinds import KINDS
from vpp_core.fleet.pv import SolarPV
from vpp_core.fleet.strict import Strict, describe_fault

MEAN_LOAD_KW = 0.85
"""A Californian home's mean load (20.4 kWh a day), where its own is not known."""

_MODELS = {kind.name: kind.appliance.model for kind in KINDS if kind.appliance}


class Preferences(Strict):
    """What a household allows and asks for."""

    participation_willingness: float = Field(0.72, ge=0, le=1, description="share of device power offered")
    min_compensation_usd_per_kwh: float = Field(
        0.09, ge=0, le=2, description="least pay per kWh discharged for the VPP [$/kWh]"
    )
    opening_ask_usd_per_kwh: float = Field(0.123, ge=0, le=5, description="what it asks for first [$/kWh]")
    moving_ask_usd_per_kwh: float = Field(
        0.025, ge=0, le=2, description="least pay for moving a car's charging, per kWh moved [$/kWh]"
    )
    backup_power_hours: float = Field(4.5, ge=0, le=72, description="hours of mean load kept for an outage [h]")
    max_discharge_percent: float = Field(
        62.0, ge=0, le=100, description="of battery capacity, what the VPP may take per local day [%]"
    )
    ev_priority: Literal["low", "medium", "high"] = Field(
        "medium", description="how much the car matters; high: its charging is not moved"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Preferences:
        if self.opening_ask_usd_per_kwh < self.min_compensation_usd_per_kwh:
            raise ValueError(
                f"opening_ask_usd_per_kwh {self.opening_ask_usd_per_kwh:g} is below min_compensation_usd_per_kwh "
                f"{self.min_compensation_usd_per_kwh:g}"
            )
        return self


class Flexibility(NamedTuple):
    """Power that a household can add to or take from its net injection [kW]."""

    export_kw: float
    """from the battery and V2G"""
    absorb_kw: float
    """battery and car charging"""


class Appraisal(NamedTuple):
    """A household's first look at a price."""

    action: Literal["discharge", "charge", "nothing"]
    power_kw: float
    energy_kwh: float
    """at the meter"""
    revenue_usd: float
    cost_usd: float
    """wear and the compensation that is asked for, whichever is more"""
    reason: str


class Prosumer(Strict):
    """A home with any of battery, solar, appliances and up to two cars, and its preferences."""

    home_id: int = Field(0, ge=0, lt=2**40, description="household")
    category: Literal["conservative", "moderate", "aggressive"] = Field("moderate", description="attitude")
    aggregation_id: int = Field(0, ge=0, lt=2**31, description="aggregation; one lies within one sub-LAP")
    load_profile_id: int = Field(0, ge=0, lt=2**31, description="its row of load_profiles")
    bess: BESS | None = Field(None, description="home battery, if any")
    evs: tuple[ElectricVehicle, ...] = Field((), max_length=2, description="electric cars", strict=False)
    appliances: dict[str, SerializeAsAny[Appliance]] = Field(
        {}, description=f"what else may be moved, by kind: {', '.join(device.name for device in APPLIANCES)}"
    )
    pv: SolarPV | None = Field(None, description="rooftop solar, if any")
    preferences: Preferences = Preferences()

    @model_validator(mode="before")
    @classmethod
    def _in_short(cls, given: Any) -> Any:
        """`heater`, as columns are named, for a water heater."""
        if not isinstance(given, dict) or not isinstance(given.get("appliances", {}), dict):
            return given
        short = {device.source: device.name for device in APPLIANCES if given.get(device.source) is not None}
        rest = {name: value for name, value in given.items() if name not in {one.source for one in APPLIANCES}}
        own = {kind: given[source] for source, kind in short.items()}
        return rest | ({"appliances": own | given.get("appliances", {})} if own else {})

    @field_validator("appliances", mode="before")
    @classmethod
    def _each_of_its_kind(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        if unknown := set(given) - set(_MODELS):
            raise ValueError(f"{min(map(str, unknown))!r} is no appliance; known are {', '.join(_MODELS)}")
        return {kind: one if isinstance(one, Appliance) else _appliance(kind, one) for kind, one in given.items()}

    def backup_kwh(self, mean_load_kw: float = MEAN_LOAD_KW) -> float:
        """Stored energy that the household keeps for an outage [kWh]: hours × mean load, within what it can hold."""
        if self.bess is None:
            return 0.0
        wish = self.preferences.backup_power_hours * mean_load_kw
        return min(max(wish, self.bess.floor_kwh), self.bess.ceiling_kwh)

    def available_flexibility_kw(self, hours: float = 1.0, mean_load_kw: float = MEAN_LOAD_KW) -> Flexibility:
        """What preferences let the VPP move, held for so many hours [kW].

        Batteries and V2G offer `participation_willingness` of their power, above the backup reserve and within the
        day's cap; a car's charging is offered whole, unless `ev_priority` is high.
        """
        wish = self.preferences
        export = absorb = 0.0
        if self.bess is not None:
            offered = wish.participation_willingness * self.bess.max_power_kw
            cap = wish.max_discharge_percent / 100 * self.bess.capacity_kwh * self.bess.discharge_efficiency / hours
            give = self.bess.available_discharge_kw(hours, self.backup_kwh(mean_load_kw))
            export += min(offered, cap, give)
            absorb += min(offered, self.bess.available_charge_kw(hours))
        for ev in self.evs:
            export += min(wish.participation_willingness * ev.max_discharge_kw, ev.available_discharge_kw(hours))
            absorb += ev.available_charge_kw(hours) if wish.ev_priority != "high" else 0.0
        return Flexibility(export, absorb)

    @property
    def reservation_price_usd_per_mwh(self) -> float:
        """Below this it does not discharge [$/MWh]: minimum compensation or wear, whichever is more."""
        wear = self.bess.degradation_usd_per_kwh if self.bess else 0.0
        return 1000 * max(self.preferences.min_compensation_usd_per_kwh, wear)

    def evaluate_market_opportunity(self, price_usd_per_mwh: float, duration_hours: float) -> Appraisal:
        """What this price is worth to the household for so long: a first look, not a bid.

        It discharges where the price reaches its reservation price and charges where it is paid to take energy. The
        retail bill and the later value of stored energy are left to the strategies, which know the forecast.
        """
        if not (-1e5 < price_usd_per_mwh < 1e5 and 0 < duration_hours <= 24):
            raise InputError(
                f"an opportunity of {price_usd_per_mwh} $/MWh for {duration_hours} h is not one; give a price in $/MWh "
                "and a duration up to 24 h"
            )
        flexibility = self.available_flexibility_kw(duration_hours)
        floor = self.reservation_price_usd_per_mwh
        if price_usd_per_mwh >= floor and flexibility.export_kw > 0:
            energy = flexibility.export_kw * duration_hours
            return Appraisal(
                "discharge",
                flexibility.export_kw,
                energy,
                energy * price_usd_per_mwh / 1000,
                energy * floor / 1000,
                f"the price covers the {floor:g} $/MWh that the household asks for at least",
            )
        if price_usd_per_mwh < 0 and flexibility.absorb_kw > 0:
            energy = flexibility.absorb_kw * duration_hours
            return Appraisal(
                "charge",
                flexibility.absorb_kw,
                energy,
                -energy * price_usd_per_mwh / 1000,
                0.0,
                "the market pays for taking energy",
            )
        reason = (
            "nothing can be moved within the household's preferences"
            if price_usd_per_mwh < 0 or price_usd_per_mwh >= floor
            else f"the price is below the {floor:g} $/MWh that the household asks for at least"
        )
        return Appraisal("nothing", 0.0, 0.0, 0.0, 0.0, reason)

    def status(self) -> dict[str, Any]:
        """What a display would show: every device, and what could be moved for an hour."""
        flexibility = self.available_flexibility_kw()
        return {
            "home_id": self.home_id,
            "category": self.category,
            "bess": self.bess.status() if self.bess else None,
            "evs": [ev.status() for ev in self.evs],
            "pv": self.pv.status() if self.pv else None,
            "flexibility_export_kw": round(flexibility.export_kw, 6),
            "flexibility_absorb_kw": round(flexibility.absorb_kw, 6),
        }


def _appliance(kind: str, given: Any) -> Appliance:
    try:
        return _MODELS[kind].model_validate(given)
    except ValidationError as error:
        raise ValueError(f"{kind}.{describe_fault(error)}") from None


def prosumer_from_dict(data: Any, where: str = "the household") -> Prosumer:
    """A household from plain data; a fault is an `InputError` of one sentence that names `where` and every field."""
    try:
        return Prosumer.model_validate(data)
    except ValidationError as error:
        raise InputError(f"{where} is not valid: {describe_fault(error)}") from None
