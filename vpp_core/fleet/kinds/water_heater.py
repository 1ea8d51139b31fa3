"""An electric water heater: a store that never leaves and never gives, and from which hot water is drawn.

Its energy is counted from the bottom of the comfort band, so its floor is 0: a tank at 0 is as cold as the household
bears. Hot water comes in the morning and in the evening, more on some days and in some quarter hours than in others,
within bounds; a standing loss comes on top. What it uses comes on top of the home's load profile, which is taken as one
without it. Draws are cut to what a tank left alone has, so that one left alone never runs cold; charging is held off
only as far as the largest draws to come could still be met (`need_kwh`), so that none does on the VPP's account.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from vpp_core.calendar import INTERVAL_HOURS, Period
from vpp_core.fleet.draws import normal, uniform
from vpp_core.fleet.fleet import Fleet, Floats
from vpp_core.fleet.kinds.kind import Kind
from vpp_core.fleet.stores import SLOTS, Stores, staying
from vpp_core.physics.storage import charge_on_arrival_kw, step_energy_kwh

PEAKS = ((7.25, 1.2, 0.40), (19.5, 1.8, 0.40))
"""Hour, spread [h] and share of the day's hot water that comes around it; the rest comes evenly from 6 to 23 h.
Assumption, after the double peak of measured use."""
DAY_SPREAD = 0.15
"""Of a day's hot water around its mean; at most `MOST_OF_A_DAY` away."""
MOST_OF_A_DAY = 0.40
MOST_OF_A_SLOT = 2.0
"""A quarter hour's draw is uniform between nothing and so many times its mean."""


def water_heaters(fleet: Fleet, period: Period, mean_load_kw: Floats) -> Stores:
    """One column per water heater."""
    tanks = fleet.heaters
    home, capacity, power = tanks.home, tanks.capacity_kwh, tanks.max_power_kw
    hot_water = _share_by_slot()[:, None] * tanks.draw_kwh
    loss = tanks.loss_kw * INTERVAL_HOURS
    wanted = hot_water[period.slot_of_interval] * _noise(fleet, period, home) + loss
    most = hot_water * (1 + MOST_OF_A_DAY) * MOST_OF_A_SLOT + loss
    draw, energy, charge = _left_alone(wanted, capacity, power)
    need = np.broadcast_to(np.minimum(_reserve_kwh(most, power), capacity), draw.shape)
    return staying(
        len(period),
        home,
        np.zeros(len(home)),
        capacity_kwh=capacity,
        ceiling_kwh=capacity,
        initial_kwh=capacity,
        max_charge_kw=power,
        charge_efficiency=np.ones(len(home)),
        draw_kwh=draw,
        need_kwh=need,
        trip_need_kwh=need,
        usual_need_kwh=need[0],
        counterfactual_kwh=energy,
        counterfactual_kw=charge,
        usual_draw_kwh=hot_water + loss,
    )


def _share_by_slot() -> Floats:
    """Share of a day's hot water in each quarter hour, (96,)."""
    hour = (np.arange(SLOTS) + 0.5) / 4
    even = ((hour >= 6) & (hour < 23)).astype(np.float64)
    share = (1 - sum(part for *_, part in PEAKS)) * even / even.sum()
    for at, spread, part in PEAKS:
        bell = np.exp(-(((hour - at) / spread) ** 2) / 2)
        share += part * bell / bell.sum()
    return share


def _noise(fleet: Fleet, period: Period, home: Any) -> Floats:
    """Each interval's hot water over its mean, (T, H): the day's share times the quarter hour's, addressed by home."""
    ids = fleet.home_id[home].astype(np.int64)
    date = pd.to_datetime(period.days).to_julian_date().to_numpy().astype(np.int64)
    of_day = normal(fleet.seed, "hot water day", ids[None, :] * 2**22 + date[:, None])
    day = 1 + np.clip(DAY_SPREAD * of_day, -MOST_OF_A_DAY, MOST_OF_A_DAY)
    moment = date[period.day_of_interval] * SLOTS + period.slot_of_interval
    slot = MOST_OF_A_SLOT * uniform(fleet.seed, "hot water slot", ids[None, :] * 2**28 + moment[:, None])
    return np.asarray(day[period.day_of_interval] * slot)


def _left_alone(wanted_kwh: Floats, capacity: Floats, power: Floats) -> tuple[Floats, Floats, Floats]:
    """What is drawn (T, H), energy (T + 1, H) and charging (T, H) of tanks that heat whenever they are not full."""
    intervals, count = wanted_kwh.shape
    draw, charge, energy = np.empty_like(wanted_kwh), np.empty_like(wanted_kwh), np.empty((intervals + 1, count))
    energy[0] = capacity
    for t in range(intervals):
        draw[t] = np.minimum(wanted_kwh[t], energy[t])
        left = energy[t] - draw[t]
        charge[t] = charge_on_arrival_kw(left, 1.0, capacity, power, 1.0, INTERVAL_HOURS)
        energy[t + 1] = step_energy_kwh(left, charge[t], 0.0, 1.0, 1.0, INTERVAL_HOURS)
    return draw, energy, charge


def _reserve_kwh(most_kwh: Floats, power: Floats) -> Floats:
    """Energy from which the largest draws that may come can be met at any time of the day, (H,).

    It is what a quarter hour may draw and what the ones after it may draw beyond what is heated meanwhile, backwards
    through two days, since the night ends it.
    """
    needed, most = np.zeros(most_kwh.shape[1]), np.zeros(most_kwh.shape[1])
    for slot in [*range(SLOTS - 1, -1, -1)] * 2:
        needed = most_kwh[slot] + np.maximum(needed - power * INTERVAL_HOURS, 0.0)
        most = np.maximum(most, needed)
    return most


WATER_HEATER = Kind("water_heater", "heater", water_heaters)
