"""The load table: a person's own profiles where there are any, the model for the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import Month
from vpp_core.scenario import Scenario
from vpp_core.sources.load_model import modelled_load


def load_kw(
    scenario: Scenario, month: Month, raw: Path, profiles: npt.ArrayLike | None = None
) -> npt.NDArray[np.float64]:
    """Load over the scenario's period, (T, profiles) [kW]; `profiles` defaults to one per home, in order."""
    wanted = np.arange(scenario.homes) if profiles is None else np.asarray(profiles, dtype=np.intp)
    period = scenario.period(month)
    return modelled_load(month, scenario.data_seed, wanted)[: len(period)] * scenario.transform.load_factor


def load_profiles(scenario: Scenario, month: Month, raw: Path) -> pd.DataFrame:
    """The table of all homes, ordered by profile, then time."""
    values = load_kw(scenario, month, raw)
    period = scenario.period(month)
    count = values.shape[1]
    rows = count * len(period)
    return pd.DataFrame(
        {
            "timestamp": pd.DatetimeIndex(np.tile(period.timestamps.asi8, count).view("M8[us]")).tz_localize("UTC"),
            "profile_id": np.repeat(np.arange(count, dtype=np.int64), len(period)),
            "load_kw": values.T.ravel(),
            "source": pd.Categorical.from_codes(np.zeros(rows, dtype=np.int8), pd.Index(["synthetic"])),
            "retrieved_at": pd.Series(pd.NaT, index=range(rows), dtype="datetime64[us, UTC]"),
            "seed": np.full(rows, scenario.data_seed, dtype=np.int64),
        }
    )
