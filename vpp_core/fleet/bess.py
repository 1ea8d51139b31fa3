"""A home battery: its limits, its state, and what it does when told to."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet import assumptions as given
from vpp_core.fleet.strict import Moved, Strict, requested
from vpp_core.physics.storage import charge_limit_kw, discharge_limit_kw, step_energy_kwh

ROUNDING_KWH = 1e-9
"""Stored energy may sit this far outside its limits: what binary fractions leave of an exact stop."""


class BESS(Strict):
    """A battery energy storage system behind the meter. Immutable: a command returns the battery after it.

    Power is on the AC side [kW], energy is stored [kWh], a state of charge is a share of `capacity_kwh`. The physics is
    that of `vpp_core.physics.storage`, the same functions that move a whole fleet.
    """

    capacity_kwh: float = Field(13.5, ge=1, le=200, description="usable capacity [kWh]")
    max_power_kw: float = Field(7.0, ge=0.1, le=100, description="AC power, charging and discharging [kW]")
    charge_efficiency: float = Field(given.BESS_EFFICIENCY, ge=0.5, le=1, description="AC to battery")
    discharge_efficiency: float = Field(given.BESS_EFFICIENCY, ge=0.5, le=1, description="battery to AC")
    min_soc: float = Field(given.BESS_MIN_SOC, ge=0, le=1, description="never below, share of capacity")
    max_soc: float = Field(given.BESS_MAX_SOC, ge=0, le=1, description="never above, share of capacity")
    initial_soc: float = Field(given.BESS_INITIAL_SOC, ge=0, le=1, description="at the start, share of capacity")
    degradation_usd_per_kwh: float = Field(
        given.BESS_DEGRADATION_USD_PER_KWH, ge=0, le=1, description="wear per kWh discharged, AC [$/kWh]"
    )
    energy_kwh: float | None = Field(None, ge=0, description="stored now [kWh]; none: at initial_soc")

    @model_validator(mode="after")
    def _consistent(self) -> BESS:
        if self.min_soc >= self.max_soc:
            relation = "is above" if self.min_soc > self.max_soc else "equals"
            raise ValueError(f"min_soc {self.min_soc:g} {relation} max_soc {self.max_soc:g}")
        if not self.min_soc <= self.initial_soc <= self.max_soc:
            raise ValueError(
                f"initial_soc {self.initial_soc:g} is outside min_soc {self.min_soc:g} … max_soc {self.max_soc:g}"
            )
        if not self.floor_kwh - ROUNDING_KWH <= self.stored_kwh <= self.ceiling_kwh + ROUNDING_KWH:
            raise ValueError(
                f"energy_kwh {self.stored_kwh:g} is outside {self.floor_kwh:g} … {self.ceiling_kwh:g} kWh, "
                "which min_soc and max_soc allow"
            )
        return self

    @property
    def stored_kwh(self) -> float:
        """Energy stored now [kWh]."""
        return self.initial_soc * self.capacity_kwh if self.energy_kwh is None else self.energy_kwh

    @property
    def soc(self) -> float:
        """State of charge now, share of capacity."""
        return self.stored_kwh / self.capacity_kwh

    @property
    def floor_kwh(self) -> float:
        """Least energy it may hold [kWh]."""
        return self.min_soc * self.capacity_kwh

    @property
    def ceiling_kwh(self) -> float:
        """Most energy it may hold [kWh]."""
        return self.max_soc * self.capacity_kwh

    def available_charge_kw(self, hours: float = INTERVAL_HOURS) -> float:
        """Most AC power it can take, held for so many hours [kW]."""
        return float(
            charge_limit_kw(self.stored_kwh, self.ceiling_kwh, self.max_power_kw, self.charge_efficiency, hours)
        )

    def available_discharge_kw(self, hours: float = INTERVAL_HOURS, reserve_kwh: float = 0.0) -> float:
        """Most AC power it can give, held for so many hours, without touching `reserve_kwh` of stored energy [kW]."""
        floor = max(self.floor_kwh, min(reserve_kwh, self.ceiling_kwh))
        return float(discharge_limit_kw(self.stored_kwh, floor, self.max_power_kw, self.discharge_efficiency, hours))

    def charge(self, power_kw: float, hours: float = INTERVAL_HOURS) -> Moved[BESS]:
        """Charge at this AC power, or at what it can take; the battery after that and the power it took."""
        power = min(requested(power_kw, hours), self.available_charge_kw(hours))
        return Moved(self._after(power, 0.0, hours), power)

    def discharge(self, power_kw: float, hours: float = INTERVAL_HOURS, reserve_kwh: float = 0.0) -> Moved[BESS]:
        """Discharge at this AC power, or at what it can give above `reserve_kwh`."""
        power = min(requested(power_kw, hours), self.available_discharge_kw(hours, reserve_kwh))
        return Moved(self._after(0.0, power, hours), power)

    def _after(self, charge_kw: float, discharge_kw: float, hours: float) -> BESS:
        energy = step_energy_kwh(
            self.stored_kwh, charge_kw, discharge_kw, self.charge_efficiency, self.discharge_efficiency, hours
        )
        return self.model_copy(update={"energy_kwh": float(energy)})

    def status(self) -> dict[str, Any]:
        """What a display would show."""
        return {
            "soc": round(self.soc, 6),
            "stored_kwh": round(self.stored_kwh, 6),
            "available_charge_kw": round(self.available_charge_kw(), 6),
            "available_discharge_kw": round(self.available_discharge_kw(), 6),
        }
