"""The chance that a store which is overdue at gate closure is there in the window, learned from those so far.

Plans go by usual times, but a car does not come home, or is not plugged in, every day. One that is due counts in a bid
as if it came: what falls short costs a tenth of the price, while a car whose charging nobody may hold off is lost for
the night. One that should have been back before the gate counts by the chance that such stores have had so far.
"""

from __future__ import annotations

import numpy as np

from vpp_core.fleet.fleet import Bools, Floats

PRIOR_TRIALS = 10.0
PRIOR_CHANCE = 0.2
"""Before anything was seen, worth `PRIOR_TRIALS` stores. Assumption."""


class Arrivals:
    """Stores that were overdue at a gate up to now, and how many of them came."""

    def __init__(self) -> None:
        self._trials, self._came = PRIOR_TRIALS, PRIOR_TRIALS * PRIOR_CHANCE
        self._awaited: dict[int, Bools] = {}

    @property
    def chance(self) -> float:
        """Of a store that is overdue, to be there in the window."""
        return self._came / self._trials

    def surely(self, interval: int, connected: Bools, expected: Bools, usually_connected: Bools) -> Floats:
        """Each store's chance to be there in an interval, shape (S,), as seen at a gate before it.

        `connected` at the gate; `expected` in the interval and `usually_connected` at the gate by usual times.
        """
        overdue = expected & ~connected & usually_connected
        self._awaited[interval] = overdue
        return np.where(overdue, self.chance, 1.0)

    def see(self, interval: int, connected: Bools) -> None:
        """Learn who came of those that were awaited in this interval."""
        overdue = self._awaited.pop(interval, None)
        if overdue is not None:
            self._trials += float(overdue.sum())
            self._came += float((overdue & connected).sum())
