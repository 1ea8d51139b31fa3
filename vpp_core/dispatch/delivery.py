"""A record of what was asked of homes and what they delivered, and the share that may be expected from it."""

from __future__ import annotations

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.fleet import Bools, Floats, Ints

PRIOR_KWH = 10.0
"""Energy delivered as asked that every home with a store is credited with before it is asked for any: about two hours
of a battery. Assumption."""


class Delivery:
    """Energy that each home was asked for up to now, and what came of it, shape (N,)."""

    def __init__(self, home_of_store: Ints, aggregation_of_home: Ints) -> None:
        self._home, self._aggregation = home_of_store, aggregation_of_home
        homes = len(aggregation_of_home)
        self._asked_kwh = np.where(np.bincount(home_of_store, minlength=homes) > 0, PRIOR_KWH, 0.0)
        self._came_kwh = self._asked_kwh.copy()
        self.expected_share = np.ones(int(aggregation_of_home.max(initial=-1)) + 1)
        """of what is asked of an aggregation, what may be expected to come, shape (A,)"""

    def note(self, asked_kw: Floats, reachable: Bools) -> None:
        """Add an interval: what stores were asked for, of either direction, and whether it came; (S,)."""
        homes, came_kw = len(self._asked_kwh), np.where(reachable, asked_kw, 0.0)
        self._asked_kwh = self._asked_kwh + INTERVAL_HOURS * np.bincount(self._home, asked_kw, homes)
        self._came_kwh = self._came_kwh + INTERVAL_HOURS * np.bincount(self._home, came_kw, homes)
        count = len(self.expected_share)
        came, asked = (np.bincount(self._aggregation, of, count) for of in (self._came_kwh, self._asked_kwh))
        self.expected_share = np.divide(came, asked, out=np.ones(count), where=asked > 0)

    @property
    def reliability(self) -> Floats:
        """Share of what it is asked for that a home is expected to deliver, 0 to 1, shape (N,)."""
        return np.divide(self._came_kwh, self._asked_kwh, out=np.ones_like(self._came_kwh), where=self._asked_kwh > 0)
