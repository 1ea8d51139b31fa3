"""What the VPP may do with each store: the households' preferences, or everything the hardware can do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.fleet.fleet import Bools, Fleet, Floats
from vpp_core.fleet.stores import Stores


@dataclass(frozen=True)
class Permission:
    """Columns over stores, shape (S,) unless said otherwise."""

    obeys: bool
    deviation_kw: Floats
    """most deviation from the default, either direction. Of a store that does not follow the meter it is charging that
    may be held off: all of it (infinite), or none where the household does not let it be moved"""
    give_kw: Floats
    """most power that it gives; of a store that does not follow the meter 0 without V2G"""
    floor_kwh: Floats
    """stored energy that the VPP leaves alone"""
    daily_kwh: Floats
    """stored energy that the VPP may take per local day"""
    movable: Bools
    """whether the VPP may touch it at all"""
    need_kwh: Floats
    """energy in it at the next departure, seen from each interval, shape (T, S)"""
    compensation_usd_per_kwh: Floats
    """least pay per kWh given; 0 where it never gives"""
    moving_ask_usd_per_kwh: Floats
    """least pay per kWh of charging that is moved; 0 where nothing but readiness is asked"""

    @classmethod
    def of(cls, fleet: Fleet, stores: Stores, obeys: bool) -> Permission:
        """Say what may be done with each store: preferences where they are obeyed, else what the hardware can do.

        Parameters
        ----------
        fleet : Fleet
            The homes and their preferences, N homes.
        stores : Stores
            Their stores, S columns.
        obeys : bool
            Whether preferences are obeyed.

        Returns
        -------
        Permission
            Limits of power, energy and pay for each store.
        """
        if not obeys:
            return cls(
                obeys=False,
                deviation_kw=np.where(stores.follows_meter, stores.max_discharge_kw, np.inf),
                give_kw=stores.max_discharge_kw,
                floor_kwh=stores.floor_kwh,
                daily_kwh=np.full(len(stores), np.inf),
                movable=np.ones(len(stores), dtype=bool),
                need_kwh=stores.trip_need_kwh,
                compensation_usd_per_kwh=np.zeros(len(stores)),
                moving_ask_usd_per_kwh=np.zeros(len(stores)),
            )
        willing_kw = stores.max_discharge_kw * fleet.participation_willingness[stores.home]
        held_off_kw = np.where(stores.movable, np.inf, 0.0)
        compensation = fleet.min_compensation_usd_per_kwh[stores.home].astype(np.float64)
        return cls(
            obeys=True,
            deviation_kw=np.where(stores.follows_meter, willing_kw, held_off_kw),
            give_kw=np.where(stores.follows_meter, stores.max_discharge_kw, np.where(stores.movable, willing_kw, 0.0)),
            floor_kwh=stores.backup_kwh,
            daily_kwh=stores.capacity_kwh * fleet.max_discharge_share[stores.home],
            movable=stores.movable,
            need_kwh=stores.need_kwh,
            compensation_usd_per_kwh=np.where(stores.max_discharge_kw > 0, compensation, 0.0),
            moving_ask_usd_per_kwh=stores.moving_ask_usd_per_kwh,
        )
