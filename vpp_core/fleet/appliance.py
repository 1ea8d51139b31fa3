"""One household's appliance: it takes power now for later, and gives none back."""

from __future__ import annotations

from pydantic import Field

from vpp_core.fleet.strict import Strict


class Appliance(Strict):
    """An appliance of any kind; a kind's own model, in its file in `kinds/`, has its defaults and bounds."""

    capacity_kwh: float = Field(ge=0, description="energy between the least and the most the household bears [kWh]")
    max_power_kw: float = Field(ge=0, description="its power [kW]")
    loss_kw: float = Field(ge=0, description="standing loss [kW]")
    draw_kwh: float = Field(ge=0, description="mean energy drawn a day [kWh]")
