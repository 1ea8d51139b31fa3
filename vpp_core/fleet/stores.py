"""Every device that holds energy, whatever it is: one column a store.

A battery, a car and a water heater differ in their numbers alone: what they hold, take and give, when they are
connected, what is drawn from them, and what they do when left alone. What a kind is made of is said in its own file
(`kinds`); nothing beyond knows kinds but by these columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vpp_core.fleet.fleet import Bools, Floats, Ints

if TYPE_CHECKING:
    from scipy.sparse import csc_array

SLOTS = 96
"""Quarter hours of a day."""
NEVER = SLOTS
"""Usual departure of what never leaves."""


@dataclass(frozen=True)
class Stores:
    """S stores over T intervals, ordered by kind, then home; energy in kWh stored, power in kW at the terminals."""

    kinds: tuple[str, ...]
    kind: Ints
    """position in `kinds`, shape (S,)"""
    home: Ints
    """position of its home in the fleet, shape (S,)"""
    capacity_kwh: Floats
    """shape (S,); shares that a household states are shares of this"""
    floor_kwh: Floats
    """it never holds less, shape (S,)"""
    ceiling_kwh: Floats
    """up to where it charges on its own, shape (S,)"""
    backup_kwh: Floats
    """what its own default never goes below and preferences protect, shape (S,); the floor where nothing is kept"""
    initial_kwh: Floats
    max_charge_kw: Floats
    max_discharge_kw: Floats
    """0: it never gives"""
    charge_efficiency: Floats
    discharge_efficiency: Floats
    wear_usd_per_kwh: Floats
    """per kWh discharged"""
    follows_meter: Bools
    """left alone it stores the home's surplus and covers its load; else it charges at full power up to its ceiling
    while available; shape (S,)"""
    moving_ask_usd_per_kwh: Floats
    """what its household asks for the trouble of moving its charging, per kWh moved, shape (S,); 0: nothing but
    readiness"""
    movable: Bools
    """whether its household lets it be moved at all, shape (S,)"""
    available: Bools
    """connected, shape (T, S)"""
    reachable: Bools
    """whether it does what the VPP asks, shape (T, S): it is in reach, and its household neither opted out nor left;
    else it runs by its default. Nobody knows before."""
    draw_kwh: Floats
    """leaves the store at the start of the interval: a trip, hot water; shape (T, S)"""
    need_kwh: Floats
    """what the household declares, when the store arrives, that must be in it at its next departure, shape (T, S); the
    floor where it never leaves. It tells nothing about when that will be; of one on the road the usual need."""
    trip_need_kwh: Floats
    """the same, for the trip alone, shape (T, S)"""
    asked_kwh: Floats
    """by what readiness is judged, shape (T, S): as asked for, or what charging on arrival would have given, whichever
    is less"""
    trip_asked_kwh: Floats
    """the same, for the trip alone, shape (T, S)"""
    departure: Ints
    """for each interval the next one in which it really leaves, shape (T, S); T where it does not leave any more. Only
    settlement and what knows everything may read it."""
    counterfactual_kwh: Floats
    """energy at the start of each interval when left alone, before anything is drawn, shape (T + 1, S); of stores that
    do not follow the meter, others have 0"""
    counterfactual_kw: Floats
    """charging when left alone, shape (T, S); likewise"""
    leave_slot: Ints
    """usual departure on a weekday and at the weekend, quarter hour of the local day, shape (2, S); `NEVER`: none"""
    return_slot: Ints
    """usual return, likewise; past 95 it is the next day's"""
    early_slots: Ints
    """by how many quarter hours at most it leaves before its usual time, shape (S,)"""
    usual_trip_kwh: Floats
    """shape (S,)"""
    usual_need_kwh: Floats
    """what its household usually asks to be in it at a departure, shape (S,); the floor where it never leaves"""
    usual_draw_kwh: Floats
    """usual draw by quarter hour of the day, other than trips, shape (96, S)"""
    infeasible_departures: int = 0
    """departures whose trip or wish charging at full power from arrival could not meet"""

    def __len__(self) -> int:
        return len(self.home)

    def __repr__(self) -> str:
        count = np.bincount(self.kind, minlength=len(self.kinds))
        told = ", ".join(f"{count:,} {name or 'of a kind'}" for name, count in zip(self.kinds, count, strict=True))
        return f"<Stores {told} over {len(self.available):,} intervals, {self.capacity_kwh.sum():,.0f} kWh>"

    def membership(self, kind: str | None, homes: int) -> csc_array:
        """Which stores each home has, as a matrix; made once, since a day's books multiply by it dozens of times.

        Parameters
        ----------
        kind : str or None
            Whose stores; none: all.
        homes : int
            Number of homes of the fleet.

        Returns
        -------
        csc_array
            1 where a home has a store, shape (homes, stores).
        """
        key = (kind, homes)
        if key not in self._memberships:
            from scipy.sparse import csc_array

            home = self.home if kind is None else self.home[self.of_kind(kind)]
            self._memberships[key] = csc_array((np.ones(len(home)), (home, np.arange(len(home)))), (homes, len(home)))
        return self._memberships[key]

    @cached_property
    def _memberships(self) -> dict[tuple[str | None, int], csc_array]:
        """Matrices of `membership` that were made already."""
        return {}

    def of_kind(self, name: str) -> slice:
        """Columns of a kind.

        Parameters
        ----------
        name : str
            One of `kinds`.

        Returns
        -------
        slice
            Positions of its stores, which stand side by side.
        """
        first, after = np.searchsorted(self.kind, [self.kinds.index(name), self.kinds.index(name) + 1])
        return slice(int(first), int(after))

    def during(self, intervals: slice) -> Stores:
        """The same over some of the intervals alone.

        Parameters
        ----------
        intervals : slice
            Positions of consecutive intervals, start and stop given.

        Returns
        -------
        Stores
            Views of the same arrays; `initial_kwh` is still what stores hold at the period's start.
        """
        energy = self.counterfactual_kwh[intervals.start : intervals.stop + 1]
        return replace(
            self, counterfactual_kwh=energy, **{name: getattr(self, name)[intervals] for name in _BY_INTERVAL}
        )

    def take(self, which: slice | npt.NDArray[np.intp]) -> Stores:
        """Take the stores at these positions, in their order.

        Parameters
        ----------
        which : slice or array of int
            Positions of stores.

        Returns
        -------
        Stores
            Their columns over the same intervals.
        """
        columns = {name: getattr(self, name)[..., which] for name in _COLUMNS}
        return Stores(kinds=self.kinds, infeasible_departures=self.infeasible_departures, **columns)


_COLUMNS = tuple(f.name for f in fields(Stores) if f.name not in ("kinds", "infeasible_departures"))
"""Arrays whose last axis is the stores'."""
_BY_INTERVAL = (
    "available",
    "reachable",
    "draw_kwh",
    "need_kwh",
    "trip_need_kwh",
    "asked_kwh",
    "trip_asked_kwh",
    "departure",
    "counterfactual_kw",
)
"""Of them those with a row per interval."""


def staying(intervals: int, home: Ints, floor_kwh: Floats, **columns: Any) -> Stores:
    """Stores of one kind that never leave, with nothing drawn from them.

    Parameters
    ----------
    intervals : int
        T, the intervals of the period.
    home : array of int
        Position of each store's home in the fleet, shape (S,).
    floor_kwh : array of float
        What each never holds less than [kWh], shape (S,).
    **columns : array
        The other columns of `Stores`, and what differs from one that stays.

    Returns
    -------
    Stores
        S stores of one kind that has no name yet; `together` gives it one.
    """
    count = len(home)
    floor = np.asarray(floor_kwh, dtype=np.float64)
    standing = np.broadcast_to(floor, (intervals, count))
    nothing = np.zeros((intervals, count))
    defaults = {
        "kind": np.zeros(count, dtype=np.intp),
        "home": home,
        "floor_kwh": floor,
        "backup_kwh": floor,
        "max_discharge_kw": np.zeros(count),
        "discharge_efficiency": np.ones(count),
        "wear_usd_per_kwh": np.zeros(count),
        "follows_meter": np.zeros(count, dtype=bool),
        "moving_ask_usd_per_kwh": np.zeros(count),
        "movable": np.ones(count, dtype=bool),
        "available": np.ones((intervals, count), dtype=bool),
        "reachable": np.ones((intervals, count), dtype=bool),
        "draw_kwh": nothing,
        "need_kwh": standing,
        "trip_need_kwh": standing,
        "asked_kwh": standing,
        "trip_asked_kwh": standing,
        "departure": np.full((intervals, count), intervals, dtype=np.int32),
        "counterfactual_kwh": np.zeros((intervals + 1, count)),
        "counterfactual_kw": nothing,
        "leave_slot": np.full((2, count), NEVER),
        "return_slot": np.full((2, count), NEVER),
        "early_slots": np.zeros(count, dtype=np.intp),
        "usual_trip_kwh": np.zeros(count),
        "usual_need_kwh": floor,
        "usual_draw_kwh": np.zeros((SLOTS, count)),
    }
    return Stores(kinds=("",), **(defaults | columns))


def together(parts: Mapping[str, Stores]) -> Stores:
    """Stores of one kind each as one.

    Parameters
    ----------
    parts : mapping of str to Stores
        By the name of the kind, over the same intervals.

    Returns
    -------
    Stores
        All of them, in the mapping's order.
    """
    kind = np.repeat(np.arange(len(parts)), [len(part) for part in parts.values()])
    columns = {
        name: np.concatenate([getattr(part, name) for part in parts.values()], axis=-1)
        for name in _COLUMNS
        if name != "kind"
    }
    infeasible = sum(part.infeasible_departures for part in parts.values())
    return Stores(kinds=tuple(parts), kind=kind, infeasible_departures=infeasible, **columns)
