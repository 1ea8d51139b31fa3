"""What homes expect of their load and sun beyond what they know: their average day so far."""

from __future__ import annotations

import numpy as np

from vpp_core.fleet.fleet import Floats, Ints
from vpp_core.market.inputs import SLOTS


class AverageDay:
    """Each home's PV minus load [kW] by window of the day, on average over the days so far.

    A time of day that was not seen yet counts as the average of those that were. Only what has changed since it was
    last asked for is computed.
    """

    def __init__(self, homes: int, window_length: int) -> None:
        self._length = window_length
        self._sum = np.zeros((SLOTS, homes))
        self._days = np.zeros(SLOTS)
        self._of_seen = np.zeros(homes)
        """sum over times of day of their averages"""
        self._by_window = np.zeros((SLOTS // window_length, homes))
        self._changed: set[int] = set()

    def add(self, slot: int, surplus_kw: Floats) -> None:
        """An interval at this time of day, (N,)."""
        before = self._average(slot)
        self._sum[slot] += surplus_kw
        self._days[slot] += 1
        self._of_seen += self._average(slot) - before
        self._changed.add(slot // self._length)

    def expected_kw(self, slots: Ints) -> Floats:
        """Of the windows that begin at these times of day, (len(slots), N)."""
        days = self._days.reshape(-1, self._length)
        otherwise = self._of_seen / max(int(np.count_nonzero(days)), 1)
        unseen = (days == 0).all(axis=1)
        self._by_window[unseen] = otherwise
        for window in self._changed | set(np.flatnonzero((days == 0).any(axis=1) & ~unseen).tolist()):
            slots_of = range(window * self._length, (window + 1) * self._length)
            of_slot = [self._average(slot) if self._days[slot] else otherwise for slot in slots_of]
            self._by_window[window] = np.mean(of_slot, axis=0)
        self._changed.clear()
        expected: Floats = self._by_window[slots // self._length]
        return expected

    def _average(self, slot: int) -> Floats:
        average: Floats = self._sum[slot] / max(self._days[slot], 1)
        return average
