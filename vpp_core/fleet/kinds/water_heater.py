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
from pydantic import Field

from vpp_core.calendar import INTERVAL_HOURS, Period
from vpp_core.fleet.appliance import Appliance
from vpp_core.fleet.draws import normal, pick, uniform
from vpp_core.fleet.fleet import Appliances, Bools, Fleet, Floats, Ints
from vpp_core.fleet.kinds.kind import Kind, Ownership, stores_of_appliances
from vpp_core.fleet.stores import SLOTS, Stores


class WaterHeater(Appliance):
    """A tank with an electric element. What it stores is counted from the bottom of the household's comfort band."""

    capacity_kwh: float = Field(3.3, ge=0.2, le=50, description="heat between bottom and top of the comfort band [kWh]")
    max_power_kw: float = Field(4.5, ge=0.3, le=20, description="its element [kW]")
    loss_kw: float = Field(0.07, ge=0, le=1, description="standing loss [kW]")
    draw_kwh: float = Field(7.0, ge=0, le=60, description="mean heat of a day's hot water [kWh]")


SIZES = ((3.3, 0.50), (4.3, 0.30), (5.3, 0.20))
"""Heat that a tank holds within the comfort band [kWh], share: 50, 65 and 80 gallons (189, 246, 303 l) over 15 K, from
45 to 60 degrees C behind a mixing valve. Shares and band are assumptions."""
POWER_KW = 4.5
"""The usual element, at 240 V."""
LOSS_KW_PER_KWH = 0.021
"""Standing loss over the heat held: 0.07 kW, some 1.7 kWh a day, of a 50-gallon tank. Assumption."""
DRAW_MEDIAN_KWH = 7.0
DRAW_SIGMA = 0.30
DRAW_RANGE_KWH = (4.0, 12.0)
"""Heat of a home's hot water on its mean day: some 45 gallons (170 l) warmed by 35 K. Assumption."""

PEAKS = ((7.25, 1.2, 0.40), (19.5, 1.8, 0.40))
"""Hour, spread [h] and share of the day's hot water that comes around it; the rest comes evenly from 6 to 23 h.
Assumption, after the double peak of measured use."""
DAY_SPREAD = 0.15
"""Of a day's hot water around its mean; at most `MOST_OF_A_DAY` away."""
MOST_OF_A_DAY = 0.40
MOST_OF_A_SLOT = 2.0
"""A quarter hour's draw is uniform between nothing and so many times its mean."""


def drawn(home_id: Ints, has: Bools, seed: int) -> Appliances:
    """Those of a population, from the ranges above."""
    home = has.nonzero()[0].astype(np.int32)
    capacity = pick(uniform(seed, "heater size", home_id[home]), SIZES)
    draw = DRAW_MEDIAN_KWH * np.exp(DRAW_SIGMA * normal(seed, "hot water", home_id[home]))
    return Appliances(
        home=home,
        capacity_kwh=capacity,
        max_power_kw=np.full(len(home), POWER_KW),
        loss_kw=np.round(LOSS_KW_PER_KWH * capacity, 4),
        draw_kwh=np.clip(draw, *DRAW_RANGE_KWH).round(2),
    )


def water_heaters(fleet: Fleet, period: Period, mean_load_kw: Floats) -> Stores:
    """One column per water heater."""
    tanks = fleet.appliances["water_heater"]
    home, capacity, power = tanks.home, tanks.capacity_kwh, tanks.max_power_kw
    hot_water = _share_by_slot()[:, None] * tanks.draw_kwh
    loss = tanks.loss_kw * INTERVAL_HOURS
    wanted = hot_water[period.slot_of_interval] * _noise(fleet, period, home) + loss
    most = hot_water * (1 + MOST_OF_A_DAY) * MOST_OF_A_SLOT + loss
    need = np.minimum(_reserve_kwh(most, power), capacity)
    return stores_of_appliances(period, tanks, wanted, need, hot_water + loss)


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


def _reserve_kwh(max_kwh: Floats, power: Floats) -> Floats:
    """Energy from which the largest draws that may come can be met at any time of the day, (H,).

    It is what a quarter hour may draw and what the ones after it may draw beyond what is heated meanwhile, backwards
    through two days, since the night ends it.
    """
    needed, most = np.zeros(max_kwh.shape[1]), np.zeros(max_kwh.shape[1])
    for slot in [*range(SLOTS - 1, -1, -1)] * 2:
        needed = max_kwh[slot] + np.maximum(needed - power * INTERVAL_HOURS, 0.0)
        most = np.maximum(most, needed)
    return most


WATER_HEATER = Kind("water_heater", water_heaters, Ownership(WaterHeater, "heater", drawn))
