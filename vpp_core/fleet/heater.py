"""An electric water heater: a tank that must not run cold."""

from __future__ import annotations

from pydantic import Field

from vpp_core.fleet.strict import Strict


class WaterHeater(Strict):
    """A tank with an electric element. What it stores is counted from the bottom of the household's comfort band."""

    capacity_kwh: float = Field(3.3, ge=0.2, le=50, description="heat between bottom and top of the comfort band [kWh]")
    max_power_kw: float = Field(4.5, ge=0.3, le=20, description="its element [kW]")
    loss_kw: float = Field(0.07, ge=0, le=1, description="standing loss [kW]")
    draw_kwh: float = Field(7.0, ge=0, le=60, description="mean heat of a day's hot water [kWh]")
