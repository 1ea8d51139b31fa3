"""A fleet as columns: one array per property, homes and cars side by side.

A home without a battery has `bess_capacity_kwh` 0, one without solar `pv_capacity_kw` 0. Cars and appliances are rows
of their own, since a home may have none or, of cars, two; `home` points back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from vpp_core.devices import APPLIANCES
from vpp_core.tables.fleet import CATEGORIES, EV_PRIORITIES

__all__ = ["CATEGORIES", "EV_PRIORITIES", "Appliances", "Bools", "Cars", "Fleet", "Floats", "Hours", "Ints"]

Floats = npt.NDArray[np.float64]
Hours = npt.NDArray[np.float32]
"""Quarter hours of a clock, exact in 32 bits."""
Ints = npt.NDArray[np.integer]
"""64 bits for a home's id, 32 for positions and classes."""
Bools = npt.NDArray[np.bool_]


RowsT = TypeVar("RowsT", "Cars", "Appliances")


@dataclass(frozen=True)
class Cars:
    """Columns of all cars, shape (M,)."""

    home: Ints
    """position of the car's home in the fleet"""
    capacity_kwh: Floats
    max_charge_kw: Floats
    charge_efficiency: Floats
    min_soc: Floats
    initial_soc: Floats
    target_soc: Floats
    """up to where it charges on its own"""
    min_departure_soc: Floats
    """what the household asks for at departure"""
    v2g: Bools
    max_discharge_kw: Floats
    """0 without V2G"""
    discharge_efficiency: Floats
    works_from_home: Bools
    weekday_arrival_hour: Hours
    """usual arrival, local hour; the departure hours likewise"""
    weekday_departure_hour: Hours
    weekend_arrival_hour: Hours
    weekend_departure_hour: Hours
    charge_deadline_hour: Hours
    """local hour by which it must be ready, where that is before departure; NaN: at departure"""
    trip_kwh: Floats
    """mean energy of a day's driving [kWh from the battery]"""
    plug_in_share: Floats
    """of its returns, those after which it is plugged in although it could do without"""

    def __len__(self) -> int:
        return len(self.home)


@dataclass(frozen=True)
class Appliances:
    """Columns of all appliances of one kind that may be moved, shape (H,), at most one a home.

    An appliance takes power now for later and gives none back: a tank of hot water, a pool whose pump may wait.
    """

    home: Ints
    """position of its home in the fleet"""
    capacity_kwh: Floats
    """what it holds between the least and the most that its household bears"""
    max_power_kw: Floats
    loss_kw: Floats
    """standing loss"""
    draw_kwh: Floats
    """mean energy drawn a day"""

    @classmethod
    def none(cls) -> Appliances:
        """Those of a fleet in which nobody has one.

        Returns
        -------
        Appliances
            No rows.
        """
        return cls(np.zeros(0, dtype=np.int32), *(np.zeros(0) for _ in fields(cls)[1:]))

    def __len__(self) -> int:
        return len(self.home)


@dataclass(frozen=True)
class Fleet:
    """Columns of all homes, shape (N,), their cars and appliances.

    Whatever enters an energy or money sum is float64; classes, ids and clock times are narrower, so that a million
    homes take less than 208 bytes each.
    """

    seed: int
    home_id: Ints
    category: npt.NDArray[np.int8]
    """position in `CATEGORIES`"""
    aggregation_id: Ints
    load_profile_id: Ints
    bess_capacity_kwh: Floats
    bess_max_power_kw: Floats
    bess_charge_efficiency: Floats
    bess_discharge_efficiency: Floats
    bess_min_soc: Floats
    bess_max_soc: Floats
    bess_initial_soc: Floats
    bess_degradation_usd_per_kwh: Floats
    """per kWh discharged (AC)"""
    pv_capacity_kw: Floats
    """kW DC"""
    pv_orientation: npt.NDArray[np.int8]
    """position in the orientation table of the solar source"""
    pv_system_efficiency: Floats
    """the home's own losses relative to the profile, about 1"""
    participation_willingness: Floats
    """share of device power offered"""
    min_compensation_usd_per_kwh: Floats
    opening_ask_usd_per_kwh: Floats
    """what it asks for first; at least the minimum"""
    moving_ask_usd_per_kwh: Floats
    """least pay for the trouble of moving a car's charging, per kWh moved"""
    backup_power_hours: Floats
    max_discharge_share: Floats
    """share of capacity that the VPP may take per local day (max_discharge_percent / 100)"""
    ev_priority: npt.NDArray[np.int8]
    """position in `EV_PRIORITIES`"""
    cars: Cars
    appliances: Mapping[str, Appliances]
    """by the name of their kind, every one of `APPLIANCES`"""
    words: Mapping[int, str] = field(default_factory=dict)
    """home_id → how the household describes itself: of those in words, where a language model speaks for homes"""

    def __len__(self) -> int:
        return len(self.home_id)

    def __repr__(self) -> str:
        v2g = f" ({self.cars.v2g.sum():,} V2G)" if self.cars.v2g.any() else ""
        appliances = "".join(f", {len(self.appliances[one.name]):,} {one.plural}" for one in APPLIANCES)
        return (
            f"<Fleet of {len(self):,} homes (seed {self.seed}): {self.has_battery.sum():,} batteries of "
            f"{self.bess_capacity_kwh.sum():,.0f} kWh, {self.has_pv.sum():,} with solar of "
            f"{self.pv_capacity_kw.sum():,.0f} kW, {len(self.cars):,} cars{v2g}{appliances}>"
        )

    @property
    def has_battery(self) -> Bools:
        """True for homes with a battery, shape (N,)."""
        return self.bess_capacity_kwh > 0

    @property
    def has_pv(self) -> Bools:
        """True for homes with solar panels, shape (N,)."""
        return self.pv_capacity_kw > 0

    def take(self, homes: npt.NDArray[np.intp]) -> Fleet:
        """Take the homes at these positions, in this order, with their cars and appliances.

        Parameters
        ----------
        homes : array of int
            Positions in the fleet, shape (n,). One may repeat: each copy is a home.

        Returns
        -------
        Fleet
            A fleet of n homes.
        """
        homes = np.asarray(homes, dtype=np.intp)
        columns = {name: getattr(self, name)[homes] for name in HOME_COLUMNS}
        there = set(columns["home_id"].tolist()) if self.words else set()
        words = {home: text for home, text in self.words.items() if home in there}
        return Fleet(
            seed=self.seed,
            words=words,
            cars=self._rows_of(homes, self.cars),
            appliances={name: self._rows_of(homes, rows) for name, rows in self.appliances.items()},
            **columns,
        )

    def _rows_of(self, homes: npt.NDArray[np.intp], rows: RowsT) -> RowsT:
        order = np.argsort(rows.home, kind="stable")
        first = np.searchsorted(rows.home[order], np.arange(len(self)))
        count = np.bincount(rows.home, minlength=len(self))[homes]
        new_home = np.repeat(np.arange(len(homes)), count)
        within = np.arange(len(new_home)) - np.repeat(np.cumsum(count) - count, count)
        row = order[first[homes[new_home]] + within]
        columns = {f.name: getattr(rows, f.name)[row] for f in fields(rows) if f.name != "home"}
        return replace(rows, home=new_home.astype(np.int32), **columns)


HOME_COLUMNS = tuple(own.name for own in fields(Fleet) if own.name not in ("seed", "words", "cars", "appliances"))
"""Columns of `Fleet` with a value per home."""
