"""A retail tariff: what a home's meter is billed by."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field, field_validator

from vpp_core.calendar import utility_holidays
from vpp_core.scenario import forms
from vpp_core.scenario.price_table import Prices, Table, in_full
from vpp_core.scenario.rules import Rules

Direction = Literal["import", "export"]


class Tariff(Rules):
    """Prices of energy at the meter by month, day type and hour, and a fixed charge.

    A meter nets within an interval, so that a home imports or exports. An export credit above the import price, as net
    billing has in some evening hours, is allowed: nothing can circle through a meter.
    """

    name: str = Field("own", pattern=forms.OWN_NAME, description="lower-case name that bills are grouped by")
    share: float = Field(1.0, ge=0, le=1, description="share of the fleet's homes, drawn by its seed")
    import_usd_per_kwh: Prices = Field(
        (0.30,), description="price of imported energy: 1, 24 or 576 values, or rows of a tariff sheet [$/kWh]"
    )
    export_usd_per_kwh: Prices = Field((0.05,), description="credit for exported energy, in the same forms [$/kWh]")
    fixed_usd_per_day: float = Field(0.0, ge=0, le=10, description="charge of each day, whatever is used [$]")
    holidays_as_weekend: bool = Field(
        True, description="whether the utilities' eight holidays count as weekend; a Sunday's is kept on the Monday"
    )

    @field_validator("import_usd_per_kwh", "export_usd_per_kwh")
    @classmethod
    def _covers_all_hours_once(cls, prices: Prices) -> Prices:
        in_full(prices)
        return prices

    def table(self, direction: Direction) -> Table:
        """Prices by month, day type and hour.

        Parameters
        ----------
        direction : {'import', 'export'}
            Which way energy goes through the meter.

        Returns
        -------
        array of float
            Prices [$/kWh], of shape `price_table.SHAPE`.
        """
        return in_full(self.import_usd_per_kwh if direction == "import" else self.export_usd_per_kwh)

    def prices(self, direction: Direction, local: pd.DatetimeIndex) -> npt.NDArray[np.float64]:
        """Price of each interval.

        Parameters
        ----------
        direction : {'import', 'export'}
            Which way energy goes through the meter.
        local : pandas.DatetimeIndex
            Starts in local time, shape (T,).

        Returns
        -------
        array of float
            Prices [$/kWh], shape (T,).
        """
        weekend = np.asarray(local.dayofweek >= 5)
        if self.holidays_as_weekend:
            days = local.tz_localize(None).normalize()
            weekend = weekend | days.isin(utility_holidays(days.min().year, days.max().year))
        return self.table(direction)[local.month.to_numpy() - 1, weekend.astype(np.intp), local.hour.to_numpy()]
