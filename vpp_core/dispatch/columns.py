"""Stores, coming stages and the homes' order as named arrays: the input of this folder's compiled loops."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import numpy as np

from vpp_core.fleet.fleet import Bools, Floats, Ints
from vpp_core.fleet.permission import Permission
from vpp_core.fleet.stores import Stores

AnyArray = TypeVar("AnyArray", bound=np.ndarray[Any, Any])


class StoreColumns(NamedTuple):
    """Stores as a strategy may use them; S columns, power in kW at the terminals, energy in kWh stored."""

    follows: Bools
    """follows the home's meter on its own (a battery); else it charges up to its ceiling while it is plugged in"""
    floor: Floats
    """what the VPP leaves in it"""
    ceiling: Floats
    charge: Floats
    """most power that it takes"""
    give: Floats
    """most power that it gives; 0 where it never does"""
    into: Floats
    """charge efficiency"""
    out_of: Floats
    """discharge efficiency"""
    wear: Floats
    """$ per kWh given"""
    deviation: Floats
    """most deviation from its default, either direction"""
    backup: Floats
    movable: Bools
    trip: Floats
    """usual energy of a trip"""
    usual_need: Floats
    """what is usually to be in it at a departure"""
    early: Ints
    """stages before its usual departure from which it must be ready"""


class Homes(NamedTuple):
    """Stores by home: those of home h are `order[first[h]:first[h + 1]]`, those that follow the meter last."""

    first: Ints
    order: Ints


class Stages(NamedTuple):
    """K coming quarter hours: price scenarios and tariff [$/kWh], and what is expected of homes and stores."""

    weight: Floats
    """of each price scenario, summing to 1"""
    price: Floats
    """shape (K, scenarios)"""
    reserve: Floats
    """what a kW that could be held as reserve for the stage is expected to earn per hour, shape (K,)"""
    tariff: Ints
    """each home's tariff, shape (N,)"""
    imported: Floats
    """price of importing under each tariff, shape (tariffs, K)"""
    exported: Floats
    net_generation: Floats
    """sun minus load without stores [kW], rows that `net_row` points to, shape (rows, N)"""
    net_row: Ints
    available: Bools
    """whether a store is plugged in, shape (rows, S), likewise"""
    available_row: Ints
    draw: Floats
    """leaves a store at a stage's start [kWh], shape (rows, S), likewise"""
    draw_row: Ints
    need: Floats
    """what is to be in a store at its next departure, shape (S,)"""
    paid: Floats
    """what programmes are known to pay beside the price for a kWh more [$], shape (2, K): of a store that does not
    follow the meter, of one that does"""


class Quarter(NamedTuple):
    """A quarter hour in which stores are asked what they would do: N homes, S stores, prices in $/kWh, power in kW."""

    slopes: Floats
    """V's slopes after it, shape (S, CELLS)"""
    energy: Floats
    markup: Floats
    """above own cost, of selling, giving and buying, shape (3, S)"""
    imported: Floats
    """each home's price of importing, shape (N,)"""
    exported: Floats
    net_generation: Floats
    """of homes without stores, shape (N,)"""
    default: Floats
    low: Floats
    high: Floats


class Grouped(NamedTuple):
    """Which aggregation each home (N,) and each store (S,) belongs to."""

    home: Ints
    store: Ints


class Members(NamedTuple):
    """A fleet's stores, the homes that they are in, and the aggregations of both."""

    stores: StoreColumns
    homes: Homes
    grouped: Grouped


class Met(NamedTuple):
    """Stores at the start of a quarter hour, and homes in it."""

    energy: Floats
    available: Bools
    net_generation: Floats


class Bounds(NamedTuple):
    """Limits of stores beside their own, (S,) where not said otherwise."""

    daily: Floats
    """kWh that may be taken a day"""
    taken: Floats
    """of these today"""
    need: Floats
    """kWh that are to be there in `ready_in` intervals"""
    ready_in: Ints
    asked: Floats
    """kW at most of selling, giving and buying, shape (3, S)"""
    reserved: Floats
    """kW held as reserve"""
    reserve_hours: float


class Priced(NamedTuple):
    """Deviations over a window that are to be priced."""

    home: Ints
    """of each store (S,)"""
    energy: Floats
    """in the stores at its start"""
    slopes: Floats
    """V's after it, shape (S, CELLS)"""
    first: int
    """its first stage"""
    length: int
    """its stages"""
    quantity: Floats
    """kW held off or given, given by V2G, bought, shape (3, S)"""


class Costs(NamedTuple):
    """$/kWh moved, each (3, S) as `Priced.quantity`: the household's own, the total, the market's later part."""

    own: Floats
    total: Floats
    market: Floats


class Desk(NamedTuple):
    """Room to work in for a plan of one store over K stages."""

    slope: Floats
    """(CELLS,)"""
    backs: Floats
    """(CELLS,)"""
    layers: Floats
    """(3, 3 · CELLS + 1), zero outside the middle"""
    after: Floats
    """slopes after each stage, (K, CELLS)"""
    meter: Floats
    """what the home's meter is expected to show, (K,)"""


def columns_of(stores: Stores, permission: Permission, plans_departures: bool = True) -> StoreColumns:
    """The stores as a permission lets a strategy use them.

    `plans_departures`: whether departures are planned by the usual times, and so have to be met some time before.
    """
    movable = permission.movable
    usual = np.minimum(np.maximum(stores.floor_kwh + stores.usual_trip_kwh, stores.usual_need_kwh), stores.ceiling_kwh)
    columns = StoreColumns(
        follows=stores.follows_meter,
        floor=permission.floor_kwh,
        ceiling=stores.ceiling_kwh,
        charge=stores.max_charge_kw,
        give=np.where(stores.follows_meter, stores.max_discharge_kw, permission.give_kw),
        into=stores.charge_efficiency,
        out_of=stores.discharge_efficiency,
        wear=stores.wear_usd_per_kwh,
        deviation=permission.deviation_kw,
        backup=stores.backup_kwh,
        movable=movable,
        trip=stores.usual_trip_kwh if plans_departures else np.zeros(len(stores)),
        usual_need=usual if permission.obeys else np.minimum(stores.floor_kwh + stores.usual_trip_kwh, usual),
        early=stores.early_slots.astype(np.int64) if plans_departures else np.zeros(len(stores), dtype=np.int64),
    )
    return StoreColumns._make(own(column) for column in columns)


def own(array: AnyArray) -> AnyArray:
    """The array, or where it cannot be written to (inputs cannot) a copy: a loop is compiled once for each kind."""
    return array if array.flags.writeable and array.flags.c_contiguous else array.copy()


def shown(columns: StoreColumns) -> StoreColumns:
    """The same columns, for strategies, which cannot write to them."""
    views = [column.view() for column in columns]
    for view in views:
        view.flags.writeable = False
    return StoreColumns._make(views)


def homes_of(stores: Stores, homes: int) -> Homes:
    """Where each home's stores stand."""
    order = np.lexsort((stores.follows_meter, stores.home)).astype(np.int64)
    return Homes(np.searchsorted(stores.home[order], np.arange(homes + 1)).astype(np.int64), order)
