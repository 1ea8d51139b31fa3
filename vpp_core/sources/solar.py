"""The solar table: typical-year weather from PVWatts where a key allows it, else the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from vpp_core.calendar import Month
from vpp_core.scenario import Scenario
from vpp_core.sources.orientations import ORIENTATIONS
from vpp_core.sources.solar_model import modelled_solar


def solar_generation(scenario: Scenario, month: Month, raw: Path) -> pd.DataFrame:
    """Generation per kW DC of every orientation over the scenario's period, ordered by orientation, then time."""
    period = scenario.period(month)
    values = modelled_solar(month, scenario.data_seed)[: len(period)] * scenario.transform.solar_factor
    count = len(ORIENTATIONS)
    return pd.DataFrame(
        {
            "timestamp": np.tile(period.timestamps, count),
            "orientation_id": np.repeat([o.id for o in ORIENTATIONS], len(period)),
            "generation_kw_per_kw_installed": values.T.ravel(),
            "source": "synthetic",
            "retrieved_at": pd.Series(pd.NaT, index=range(count * len(period)), dtype="datetime64[us, UTC]"),
            "seed": pd.array([scenario.data_seed] * (count * len(period)), dtype="Int64"),
        }
    ).assign(timestamp=lambda t: pd.to_datetime(t["timestamp"], utc=True))
