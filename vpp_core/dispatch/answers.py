"""What stores did of what they were asked, so far: from that an aggregator learns what it may expect."""

from __future__ import annotations

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.fleet import Bools, Floats, Ints

PRIOR_HOURS = 1.0
"""Before anything was asked every store counts as having followed for so long at full power. Assumption."""


class Answers:
    """Running sums of what was asked of each store [kWh], and of what came."""

    def __init__(self, most_kw: Floats, aggregation: Ints, aggregations: int) -> None:
        self._aggregation, self._aggregations = aggregation, aggregations
        self._asked = PRIOR_HOURS * most_kw
        self._came = self._asked.copy()
        self.share = np.ones(aggregations)
        """of what is asked of an aggregation, what may be expected to come, shape (A,)"""

    def add(self, asked_kw: Floats, reachable: Bools) -> None:
        """Add an interval: power that stores were asked for, of either direction, and whether it came; (S,)."""
        self._asked = self._asked + INTERVAL_HOURS * asked_kw
        self._came = self._came + INTERVAL_HOURS * np.where(reachable, asked_kw, 0.0)
        came, asked = (np.bincount(self._aggregation, of, self._aggregations) for of in (self._came, self._asked))
        self.share = np.divide(came, asked, out=np.ones(self._aggregations), where=asked > 0)

    @property
    def share_of_store(self) -> Floats:
        """Of what was asked of each store so far, what came, shape (S,)."""
        return np.divide(self._came, self._asked, out=np.ones_like(self._came), where=self._asked > 0)
