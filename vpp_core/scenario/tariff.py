"""The retail tariff a home's meter is billed on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from vpp_core.scenario.rules import Rules

HOURS_OF_DAY = 24


class Tariff(Rules):
    """Import and export price of energy at the meter, by local hour of day. One number means flat."""

    import_usd_per_kwh: tuple[float, ...] = Field(
        (0.30,), description="price of imported energy, 1 or 24 values [$/kWh]"
    )
    export_usd_per_kwh: tuple[float, ...] = Field(
        (0.05,), description="credit for exported energy, 1 or 24 values [$/kWh]"
    )

    @model_validator(mode="after")
    def _shape(self) -> Tariff:
        for name in ("import_usd_per_kwh", "export_usd_per_kwh"):
            values = getattr(self, name)
            if len(values) not in (1, HOURS_OF_DAY):
                raise ValueError(f"{name} has {len(values)} values; give 1 (flat) or 24 (by local hour)")
            if min(values) < 0 or max(values) > 10:
                raise ValueError(f"{name} must lie within 0 … 10 $/kWh")
        worst = min(i - e for i, e in zip(self.by_hour("import"), self.by_hour("export"), strict=True))
        if worst < 0:
            raise ValueError(
                "export_usd_per_kwh is above import_usd_per_kwh in some hour: a home would earn by circling energy"
            )
        return self

    def by_hour(self, direction: str) -> tuple[float, ...]:
        """24 prices [$/kWh], `direction` being import or export."""
        values: tuple[float, ...] = getattr(self, f"{direction}_usd_per_kwh")
        return values if len(values) == HOURS_OF_DAY else values * HOURS_OF_DAY

    def prices(self, direction: str, local_hour: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """Price of each interval [$/kWh] given its local hour."""
        return np.asarray(self.by_hour(direction))[local_hour]

    @property
    def cheapest_import_usd_per_kwh(self) -> float:
        """Import price in the cheapest hour: what replacing energy costs at least [$/kWh]."""
        return min(self.import_usd_per_kwh)
