"""An electric car: its battery, its days, and what it does while plugged in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
from pydantic import Field, model_validator

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.errors import InputError
from vpp_core.fleet import assumptions as given
from vpp_core.fleet.bess import ROUNDING_KWH
from vpp_core.fleet.strict import Moved, Strict, requested
from vpp_core.iso import DEFAULT
from vpp_core.physics.storage import charge_limit_kw, discharge_limit_kw, step_energy_kwh

SATURDAY = 5


class ElectricVehicle(Strict):
    """A car and its charger. Immutable: a command returns the car after it.

    Unplugged it neither charges nor discharges, and without `v2g` it never discharges. Times are usual local hours
    (7.5 is 7:30), the days drawn around them are in `mobility`.
    """

    capacity_kwh: float = Field(75.0, ge=5, le=250, description="usable battery [kWh]")
    max_charge_kw: float = Field(7.2, ge=0.7, le=50, description="charger's AC power [kW]")
    charge_efficiency: float = Field(given.EV_EFFICIENCY, ge=0.5, le=1, description="AC to battery")
    min_soc: float = Field(given.EV_MIN_SOC, ge=0, le=1, description="never below, share of capacity")
    initial_soc: float = Field(0.6, ge=0, le=1, description="at the start, share of capacity")
    target_soc: float = Field(0.8, ge=0, le=1, description="up to where it charges on its own, share of capacity")
    min_departure_soc: float = Field(0.6, ge=0, le=1, description="asked for at departure, share of capacity")
    v2g: bool = Field(False, description="whether it may discharge at all")
    max_discharge_kw: float = Field(0.0, ge=0, le=50, description="AC power it can give [kW]; 0 without v2g")
    discharge_efficiency: float = Field(given.EV_EFFICIENCY, ge=0.5, le=1, description="battery to AC")
    works_from_home: bool = Field(False, description="leaves on fewer weekdays")
    weekday_arrival_hour: float = Field(17.75, ge=0, lt=24, description="usual arrival on a weekday [local hour]")
    weekday_departure_hour: float = Field(7.75, ge=0, lt=24, description="usual departure on a weekday [local hour]")
    weekend_arrival_hour: float = Field(16.5, ge=0, lt=24, description="usual arrival at the weekend [local hour]")
    weekend_departure_hour: float = Field(10.5, ge=0, lt=24, description="usual departure at the weekend [local hour]")
    charge_deadline_hour: float | None = Field(
        None, ge=0, lt=24, description="when it must be ready; none: at departure [local hour]"
    )
    trip_kwh: float = Field(10.0, ge=0, le=200, description="mean battery energy of a day's driving [kWh]")
    plug_in_share: float = Field(
        1.0, ge=0, le=1, description="of its returns, those after which it is plugged in although it could do without"
    )
    plugged_in: bool = Field(True, description="whether it is at its charger now")
    energy_kwh: float | None = Field(None, ge=0, description="stored now [kWh]; none: at initial_soc")

    @model_validator(mode="after")
    def _consistent(self) -> ElectricVehicle:
        if self.min_soc >= self.target_soc:
            raise ValueError(f"min_soc {self.min_soc:g} is not below target_soc {self.target_soc:g}")
        if not self.min_soc <= self.initial_soc:
            raise ValueError(f"initial_soc {self.initial_soc:g} is below min_soc {self.min_soc:g}")
        if self.min_departure_soc > self.target_soc:
            raise ValueError(
                f"min_departure_soc {self.min_departure_soc:g} is above target_soc {self.target_soc:g}, where charging "
                "stops: it would never be reached"
            )
        usable = (self.target_soc - self.min_soc) * self.capacity_kwh
        if self.trip_kwh > usable:
            raise ValueError(f"trip_kwh {self.trip_kwh:g} is above the {usable:g} kWh between min_soc and target_soc")
        if self.v2g != (self.max_discharge_kw > 0):
            raise ValueError(
                "max_discharge_kw is 0, but v2g needs a power"
                if self.v2g
                else f"max_discharge_kw {self.max_discharge_kw:g} needs v2g, which is off"
            )
        for day in ("weekday", "weekend"):
            if getattr(self, f"{day}_arrival_hour") == getattr(self, f"{day}_departure_hour"):
                raise ValueError(f"{day}_arrival_hour equals {day}_departure_hour: the car would never be home or away")
        if self.stored_kwh > self.capacity_kwh + ROUNDING_KWH:
            raise ValueError(f"energy_kwh {self.stored_kwh:g} is above capacity_kwh {self.capacity_kwh:g}")
        return self

    @property
    def stored_kwh(self) -> float:
        """Energy stored now [kWh]."""
        return self.initial_soc * self.capacity_kwh if self.energy_kwh is None else self.energy_kwh

    @property
    def soc(self) -> float:
        """State of charge now, share of capacity."""
        return self.stored_kwh / self.capacity_kwh

    def available_charge_kw(self, hours: float = INTERVAL_HOURS) -> float:
        """Most AC power it can take up to its target, held for so many hours [kW]; 0 while unplugged."""
        target = self.target_soc * self.capacity_kwh
        limit = charge_limit_kw(self.stored_kwh, target, self.max_charge_kw, self.charge_efficiency, hours)
        return float(self.plugged_in * limit)

    def available_discharge_kw(self, hours: float = INTERVAL_HOURS) -> float:
        """Most AC power it can give, held for so many hours [kW]; 0 while unplugged and without V2G.

        What the next departure asks for stays aboard.
        """
        keep = max(self.min_soc, self.min_departure_soc) * self.capacity_kwh
        power = self.max_discharge_kw * (self.plugged_in and self.v2g)
        return float(discharge_limit_kw(self.stored_kwh, keep, power, self.discharge_efficiency, hours))

    def charge(self, power_kw: float, hours: float = INTERVAL_HOURS) -> Moved[ElectricVehicle]:
        """Charge at this AC power, or at what it can take; the car after that and the power it took."""
        power = min(requested(power_kw, hours), self.available_charge_kw(hours))
        return Moved(self._after(power, 0.0, hours), power)

    def discharge(self, power_kw: float, hours: float = INTERVAL_HOURS) -> Moved[ElectricVehicle]:
        """Discharge at this AC power, or at what it can give; nothing without V2G."""
        power = min(requested(power_kw, hours), self.available_discharge_kw(hours))
        return Moved(self._after(0.0, power, hours), power)

    def _after(self, charge_kw: float, discharge_kw: float, hours: float) -> ElectricVehicle:
        energy = step_energy_kwh(
            self.stored_kwh, charge_kw, discharge_kw, self.charge_efficiency, self.discharge_efficiency, hours
        )
        return self.model_copy(update={"energy_kwh": float(energy)})

    def depart(self, trip_kwh: float) -> ElectricVehicle:
        """The car on the road, its trip's energy taken; a trip that its battery cannot carry is refused."""
        left = self.stored_kwh - trip_kwh
        if trip_kwh < 0 or left < self.min_soc * self.capacity_kwh - ROUNDING_KWH:
            raise InputError(
                f"a trip of {trip_kwh:g} kWh is not possible with {self.stored_kwh:.1f} kWh aboard, of which "
                f"{self.min_soc * self.capacity_kwh:.1f} kWh stay; charge first or shorten it"
            )
        return self.model_copy(update={"energy_kwh": left, "plugged_in": False})

    def arrive(self) -> ElectricVehicle:
        """The car back at its charger, with the energy it came home with."""
        return self.model_copy(update={"plugged_in": True})

    def next_departure(self, after: datetime, timezone: str = DEFAULT.timezone) -> pd.Timestamp:
        """The first usual departure (or earlier charge deadline) at or after this aware moment, in UTC; hours are of
        the time zone's clock.
        """
        if after.tzinfo is None:
            raise InputError(f"moment {after.isoformat()} has no time zone; give one, such as +00:00 for UTC")
        moment = pd.Timestamp(after).tz_convert(timezone)
        for day in range(3):
            date = moment.normalize().tz_localize(None) + pd.Timedelta(days=day)
            departure = (date + pd.Timedelta(hours=self._leaves_at(date))).tz_localize(
                timezone, ambiguous=True, nonexistent="shift_forward"
            )
            if departure >= moment:
                return departure.tz_convert("UTC")
        raise AssertionError("a car leaves every day")

    def _leaves_at(self, date: pd.Timestamp) -> float:
        usual = self.weekend_departure_hour if date.dayofweek >= SATURDAY else self.weekday_departure_hour
        return usual if self.charge_deadline_hour is None else min(usual, self.charge_deadline_hour)

    def charging_requirement_kwh(self, until: datetime) -> float:
        """Least AC energy to charge before `until` so that the next departure from then on can still be met [kWh].

        What full power between `until` and that departure supplies can wait; with `until` at the departure nothing can.
        Required at departure is the household's wish, and at least a usual trip above `min_soc`.
        """
        wish = self.min_departure_soc * self.capacity_kwh
        required = max(wish, self.trip_kwh + self.min_soc * self.capacity_kwh)
        missing = max(0.0, required - self.stored_kwh) / self.charge_efficiency
        left = (self.next_departure(until) - pd.Timestamp(until)).total_seconds() / 3600
        return max(0.0, missing - self.max_charge_kw * left)

    def status(self) -> dict[str, Any]:
        """What a display would show."""
        return {
            "soc": round(self.soc, 6),
            "stored_kwh": round(self.stored_kwh, 6),
            "plugged_in": self.plugged_in,
            "available_charge_kw": round(self.available_charge_kw(), 6),
            "available_discharge_kw": round(self.available_discharge_kw(), 6),
        }
