"""A rooftop solar system: its size, its orientation, and what it makes of a profile."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import Field

from vpp_core.fleet.strict import Strict
from vpp_core.physics.storage import Numeric
from vpp_core.sources.orientations import ORIENTATIONS, nearest_orientation


class SolarPV(Strict):
    """Solar panels and their inverter."""

    capacity_kw: float = Field(5.8, ge=0.3, le=100, description="panels [kW DC]")
    tilt_deg: float = Field(18.0, ge=0, le=90, description="from horizontal [°]")
    azimuth_deg: float = Field(180.0, ge=0, lt=360, description="clockwise from north [°]; 180 is south")
    system_efficiency: float = Field(1.0, ge=0.3, le=1.1, description="own losses relative to the profile")

    @property
    def orientation_id(self) -> str:
        """The class of `solar_generation` whose panels face most like these."""
        return ORIENTATIONS[nearest_orientation(self.tilt_deg, self.azimuth_deg)].id

    def generation_kw(self, profile: Numeric) -> Numeric:
        """AC power [kW] for a profile's kW per kW installed, a number or an array; both are never negative."""
        return np.maximum(profile, 0.0) * (self.capacity_kw * self.system_efficiency)

    def status(self) -> dict[str, Any]:
        """What a display would show."""
        return {"capacity_kw": self.capacity_kw, "orientation_id": self.orientation_id}
