"""Drawing homes from the assumptions: home i of a seed is the same home in any fleet, chunk or process."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from vpp_core.errors import InputError
from vpp_core.fleet import assumptions as given
from vpp_core.fleet.draws import along, between, choose, normal, pick, uniform
from vpp_core.fleet.fleet import Cars, Fleet, Floats, Hours
from vpp_core.fleet.kinds import KINDS
from vpp_core.scenario import MAX_LOAD_PROFILES
from vpp_core.sources.orientations import ORIENTATIONS

CARS_PER_HOME = 2
"""At most. A car's draws sit at position `CARS_PER_HOME · home + car`."""


def generate_fleet(
    homes: int,
    seed: int,
    *,
    first: int = 0,
    appliance_shares: Mapping[str, float] | None = None,
    homes_per_aggregation: int = 2000,
) -> Fleet:
    """Draw homes `first` … `first + homes − 1` of the population of a seed.

    All else about a home is the same whatever the shares of appliances, and who has one at a share has one at any
    larger share.

    Parameters
    ----------
    homes : int
        How many homes, at least 1.
    seed : int
        Draws the population: home i of a seed is the same home in any fleet.
    first : int, default 0
        Id of the first home.
    appliance_shares : mapping of str to float, optional
        By kind, the share of homes with an appliance that can be moved, 0 to 1; of kinds not named, none.
    homes_per_aggregation : int, default 2000
        Homes that bid together, by their ids.

    Returns
    -------
    Fleet
        The homes with their devices and preferences.

    Raises
    ------
    InputError
        For less than one home or a negative start.
    """
    if homes < 1 or first < 0:
        raise InputError(f"a fleet of {homes} homes from home {first} cannot be drawn; ask for at least one home")
    shares = appliance_shares or {}
    home_id = np.arange(first, first + homes, dtype=np.int64)

    def u(purpose: str) -> Floats:
        return uniform(seed, purpose, home_id)

    has_bess = u("bess") < given.ADOPTION_BESS
    without_bess = (given.ADOPTION_PV - given.ADOPTION_BESS * given.PV_SHARE_OF_BATTERY_OWNERS) / (
        1 - given.ADOPTION_BESS
    )
    has_pv = u("pv") < np.where(has_bess, given.PV_SHARE_OF_BATTERY_OWNERS, without_bess)
    without_pv = (given.ADOPTION_EV - given.ADOPTION_PV * given.EV_SHARE_OF_PV_OWNERS) / (1 - given.ADOPTION_PV)
    has_ev = u("ev") < np.where(has_pv, given.EV_SHARE_OF_PV_OWNERS, without_pv)
    has_second = has_ev & (u("second ev") < given.SECOND_EV_SHARE)

    preferences = tuple(given.PREFERENCES.values())
    category = choose(u("category"), [p.share for p in preferences])
    size = choose(u("bess size"), [share for *_, share in given.BESS_SIZES])
    bess_kwh, bess_kw = (np.array([row[k] for row in given.BESS_SIZES])[size] for k in (0, 1))

    def preference(name: str, digits: int) -> Floats:
        low, high = np.array([getattr(p, name) for p in preferences])[category].T
        return np.round(low + (high - low) * u(name), digits)

    minimum = preference("min_compensation_usd_per_kwh", 4)
    priorities = np.cumsum([p.ev_priority for p in preferences], axis=1)[category]
    return Fleet(
        seed=seed,
        home_id=home_id,
        category=category,
        aggregation_id=(home_id // homes_per_aggregation).astype(np.int32),
        load_profile_id=(home_id % MAX_LOAD_PROFILES).astype(np.int32),
        bess_capacity_kwh=np.where(has_bess, bess_kwh, 0.0),
        bess_max_power_kw=np.where(has_bess, bess_kw, 0.0),
        bess_charge_efficiency=np.full(homes, given.BESS_EFFICIENCY),
        bess_discharge_efficiency=np.full(homes, given.BESS_EFFICIENCY),
        bess_min_soc=np.full(homes, given.BESS_MIN_SOC),
        bess_max_soc=np.full(homes, given.BESS_MAX_SOC),
        bess_initial_soc=np.full(homes, given.BESS_INITIAL_SOC),
        bess_degradation_usd_per_kwh=np.full(homes, given.BESS_DEGRADATION_USD_PER_KWH),
        pv_capacity_kw=np.where(has_pv, _pv_kw(normal(seed, "pv size", home_id)), 0.0),
        pv_orientation=np.where(has_pv, choose(u("orientation"), [o.share for o in ORIENTATIONS]), np.int8(0)),
        pv_system_efficiency=np.where(has_pv, between(u("pv efficiency"), given.PV_SYSTEM_EFFICIENCY, 3), 1.0),
        participation_willingness=preference("participation_willingness", 3),
        min_compensation_usd_per_kwh=minimum,
        opening_ask_usd_per_kwh=np.round(minimum * preference("opening_markup", 3), 4),
        moving_ask_usd_per_kwh=preference("moving_ask_usd_per_kwh", 4),
        backup_power_hours=preference("backup_power_hours", 2),
        max_discharge_share=preference("max_discharge_share", 3),
        ev_priority=(u("ev priority")[:, None] >= priorities[:, :-1]).sum(axis=1).astype(np.int8),
        cars=_cars(home_id, has_ev, has_second, seed),
        appliances={
            kind.name: kind.appliance.drawn(home_id, u(kind.appliance.purpose) < shares.get(kind.name, 0.0), seed)
            for kind in KINDS
            if kind.appliance
        },
    )


def _cars(
    home_id: npt.NDArray[np.int64], has_ev: npt.NDArray[np.bool_], has_second: npt.NDArray[np.bool_], seed: int
) -> Cars:
    slot = np.column_stack([has_ev, has_second]).ravel().nonzero()[0]
    home = (slot // CARS_PER_HOME).astype(np.int32)
    position = home_id[home] * CARS_PER_HOME + slot % CARS_PER_HOME

    def u(purpose: str) -> Floats:
        return uniform(seed, f"car {purpose}", position)

    def z(purpose: str) -> Floats:
        return normal(seed, f"car {purpose}", position)

    power = pick(u("power"), given.EV_POWERS)
    works_from_home = u("works from home") < given.WORKS_FROM_HOME_SHARE
    v2g = u("v2g") < given.V2G_SHARE
    weekday_departure = clock(
        z("weekday departure"), works_from_home, given.HOME_WORKER_DEPARTURE, given.COMMUTER_DEPARTURE
    )
    weekday_arrival = clock(z("weekday arrival"), works_from_home, given.HOME_WORKER_ARRIVAL, given.COMMUTER_ARRIVAL)
    everyone = np.ones_like(works_from_home)
    weekend_departure = clock(z("weekend departure"), everyone, given.WEEKEND_DEPARTURE, given.WEEKEND_DEPARTURE)
    weekend_arrival = clock(z("weekend arrival"), everyone, given.WEEKEND_ARRIVAL, given.WEEKEND_ARRIVAL)
    trip = given.TRIP_MEDIAN_KWH * np.exp(given.TRIP_SIGMA * z("trip"))
    capacity, target = pick(u("size"), given.EV_SIZES), pick(u("target soc"), given.EV_TARGET_SOC)
    least, most = given.TRIP_RANGE_KWH
    max_here = np.minimum(most, given.TRIP_SHARE_OF_USABLE * (target - given.EV_MIN_SOC) * capacity)
    cars = len(position)
    return Cars(
        home=home,
        capacity_kwh=capacity,
        max_charge_kw=power,
        charge_efficiency=np.full(cars, given.EV_EFFICIENCY),
        min_soc=np.full(cars, given.EV_MIN_SOC),
        initial_soc=between(u("initial soc"), given.EV_INITIAL_SOC, 3),
        target_soc=target,
        min_departure_soc=between(u("departure soc"), given.EV_MIN_DEPARTURE_SOC, 3),
        v2g=v2g,
        max_discharge_kw=np.where(v2g, power, 0.0),
        discharge_efficiency=np.full(cars, given.EV_EFFICIENCY),
        works_from_home=works_from_home,
        weekday_arrival_hour=np.maximum(weekday_arrival, weekday_departure + np.float32(1)),
        weekday_departure_hour=weekday_departure,
        weekend_arrival_hour=np.maximum(weekend_arrival, weekend_departure + np.float32(1)),
        weekend_departure_hour=weekend_departure,
        charge_deadline_hour=np.full(cars, np.nan, dtype=np.float32),
        trip_kwh=np.minimum(np.maximum(trip, least), max_here).round(2),
        plug_in_share=along(u("plug in"), given.PLUG_IN_SHARE_QUANTILES, 3),
    )


def clock(z: Floats, first_kind: npt.NDArray[np.bool_], first: given.ClockTime, second: given.ClockTime) -> Hours:
    """Usual times of two kinds of drivers, to the quarter hour.

    Parameters
    ----------
    z : array of float
        Standard normals, shape (n,).
    first_kind : array of bool
        Whether a driver is of the first kind, shape (n,).
    first, second : ClockTime
        Mean, spread and limits of each kind [local hour].

    Returns
    -------
    array of float
        Local hours, shape (n,), float32.
    """
    mean, spread, low, high = (
        np.where(first_kind, getattr(first, name), getattr(second, name)) for name in ("mean", "spread", "low", "high")
    )
    return (np.round(4 * np.clip(mean + spread * z, low, high)) / 4).astype(np.float32)


def _pv_kw(z: Floats) -> Floats:
    """System size [kW] of each standard normal: log size is piecewise linear in it through the quantiles."""
    from scipy.special import ndtri

    probabilities, sizes = zip(*given.PV_SIZE_QUANTILES_KW, strict=True)
    smallest, largest = given.PV_SIZE_RANGE_KW
    knots = np.array([-3.0, *ndtri(probabilities), 3.0])
    size: Floats = np.exp(np.interp(z, knots, np.log([smallest, *sizes, largest])))
    return np.round(size, 2)
