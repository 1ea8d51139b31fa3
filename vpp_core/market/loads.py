"""Load profiles as arrays: a row each, so that a home's load is its profile's row.

The long table of a large fleet, 2,048 profiles over a month, is six times as large as its numbers; who runs one
aggregation after another keeps these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from vpp_core.calendar import Month
from vpp_core.errors import InputError
from vpp_core.fleet.fleet import Fleet, Floats, Ints
from vpp_core.scenario import Scenario


@dataclass(frozen=True)
class Loads:
    """P profiles over T intervals."""

    profile_id: Ints
    """ascending, shape (P,)"""
    load_kw: Floats
    """shape (P, T)"""
    usual_load_kw: Floats
    """mean load as known before the month, shape (P,)"""

    @classmethod
    def of(cls, load_profiles: pd.DataFrame, scenario: Scenario, month: Month) -> Loads:
        """The profiles of a table of the lake, with the days that the scenario looks ahead into where it has them; one
        that does not cover what is simulated is an `InputError`.
        """
        position, ids = pd.factorize(load_profiles["profile_id"], sort=True)
        period = scenario.known_period(month, len(load_profiles) // max(len(ids), 1))
        interval = period.timestamps.get_indexer(pd.DatetimeIndex(load_profiles["timestamp"]))
        load_kw = np.full((len(ids), len(period)), np.nan)
        load_kw[position, interval] = load_profiles["load_kw"].to_numpy(dtype=np.float64)
        if (interval < 0).any() or len(interval) != load_kw.size or np.isnan(load_kw).any():
            raise InputError(
                f"load_profiles does not cover {period.month} interval by interval; materialize load_profiles again"
            )
        usual = np.empty(len(ids))
        usual[position] = load_profiles["usual_load_kw"].to_numpy(dtype=np.float64)
        return cls(np.asarray(ids, dtype=np.int64), load_kw, usual)

    def of_homes(self, fleet: Fleet, intervals: int) -> tuple[Floats, Floats]:
        """Each home's load over the first intervals (T, N), and its usual load (N,) [kW]."""
        missing = np.setdiff1d(fleet.load_profile_id, self.profile_id)
        if len(missing):
            raise InputError(
                f"load_profiles has no profile {missing[0]} that the fleet uses; materialize load_profiles again"
            )
        row = np.searchsorted(self.profile_id, fleet.load_profile_id)
        return np.ascontiguousarray(self.load_kw[row, :intervals].T), self.usual_load_kw[row]
