"""What a strategy's run did, interval by interval: the only thing that settlement and satisfaction are fed with."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import numpy as np

from vpp_core.fleet.fleet import Floats


@dataclass(frozen=True)
class Trajectory:
    """Columns over intervals and stores, shape (T, S), or aggregations, shape (T, A); power at the terminals, giving
    positive.

    A default is what the store would have done on its own from the same energy; an award is the deviation from it that
    the aggregator gave the store, export positive, so that charging held off counts as export; `agreed_*` is the price
    at which the household is paid for it.
    """

    floor_kwh: Floats
    """stored energy that the strategy leaves alone, and reserve is not delivered from, shape (S,)"""
    start_kwh: Floats
    """stored energy before the first interval, shape (S,)"""
    charge_kw: Floats
    discharge_kw: Floats
    energy_kwh: Floats
    """at the end of each interval"""
    default_kw: Floats
    award_kw: Floats
    give_award_kw: Floats
    """of the award, what is giving by a store that does not follow the meter (V2G)"""
    agreed_usd_per_kwh: Floats
    """of the award without what V2G gives"""
    give_agreed_usd_per_kwh: Floats
    """of what V2G gives"""
    spin_kw: Floats
    """held as spinning reserve"""
    nonspin_kw: Floats
    called_kw: Floats
    """of what is held, what is called"""
    spin_agreed_usd_per_kw_h: Floats
    nonspin_agreed_usd_per_kw_h: Floats
    call_agreed_usd_per_kwh: Floats
    """what the household is paid for energy delivered on a call"""
    missed_kw: Floats
    """deviation that a store was asked for, export positive, and that did not come: it was out of reach, or its
    household had opted out or left"""
    short_energy_kw: Floats
    """cleared energy of either direction that no store was given or that did not come, shape (T, A)"""
    short_spin_kw: Floats
    """committed reserve that no store held, shape (T, A)"""
    short_nonspin_kw: Floats
    first: int = field(default=0, kw_only=True)
    """which interval of the period the first row is, where it is a part of one"""

    @classmethod
    def empty(
        cls, intervals: int, stores: int, aggregations: int, floor_kwh: Floats, start_kwh: Floats, first: int = 0
    ) -> Trajectory:
        """All zeros, to be filled."""
        of_store = [np.zeros((intervals, stores)) for _ in range(15)]
        of_aggregation = [np.zeros((intervals, aggregations)) for _ in range(3)]
        return cls(floor_kwh, start_kwh, *of_store, *of_aggregation, first=first)

    def during(self, intervals: slice) -> Trajectory:
        """The same over some of the period's intervals alone."""
        rows = slice(intervals.start - self.first, intervals.stop - self.first)
        part = {name: getattr(self, name)[rows] for name in BY_INTERVAL}
        start = self.start_kwh if rows.start == 0 else self.energy_kwh[rows.start - 1]
        return replace(self, start_kwh=start, first=intervals.start, **part)

    @property
    def net_kw(self) -> Floats:
        """What a store gives less what it takes."""
        return self.discharge_kw - self.charge_kw

    @property
    def reserve_kw(self) -> Floats:
        """Held as reserve of either kind."""
        return self.spin_kw + self.nonspin_kw

    def before_kwh(self) -> Floats:
        """Energy at the start of each interval, before anything is drawn."""
        return np.vstack([self.start_kwh, self.energy_kwh[:-1]])


BY_INTERVAL = tuple(f.name for f in fields(Trajectory) if f.name not in ("floor_kwh", "start_kwh", "first"))
"""Columns with a row per interval."""
