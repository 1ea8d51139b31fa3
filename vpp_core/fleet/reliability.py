"""Which stores follow what they are asked, and when: devices out of reach, homes that opt out or leave.

Every device and day, home and window, home and month has a draw of its own, so that a home fails at the same times in
any fleet, under any strategy, and in a period that is shorter. Devices differ: each one's own share of days out of
reach is uniform between nothing and twice the scenario's (assumption), so that who failed before is likelier to again.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import Period, Windows
from vpp_core.fleet.draws import uniform
from vpp_core.fleet.fleet import Bools, Fleet
from vpp_core.fleet.stores import SLOTS, Stores
from vpp_core.scenario.reliability import Reliability

_DAYS = 2**22
"""Room for every calendar day."""
_DEVICES = 2**8
"""Room for the devices of a home."""


def reached(fleet: Fleet, stores: Stores, period: Period, windows: Windows, rules: Reliability) -> Bools:
    """Whether each store follows in each interval, shape (T, S)."""
    if not rules.fails:
        return np.broadcast_to(np.True_, (len(period), len(stores)))
    follows = np.ones((len(period), len(stores)), dtype=bool)
    seed, home = fleet.seed, fleet.home_id[stores.home].astype(np.int64)
    device = home * _DEVICES + _place_in_home(stores)
    date = pd.to_datetime(period.days).to_julian_date().to_numpy().astype(np.int64)

    own_share = 2 * rules.device_out_share_per_day * uniform(seed, "device's share out of reach", device)
    out = uniform(seed, "device out of reach", device[None, :] * _DAYS + date[:, None]) < own_share
    follows &= ~out[period.day_of_interval]

    first = windows.length * np.arange(len(windows))
    moment = date[period.day_of_interval[first]] * SLOTS + period.slot_of_interval[first]
    opts_out = uniform(seed, "opts out", home[None, :] * (_DAYS * SLOTS) + moment[:, None])
    follows &= ~np.repeat(opts_out < rules.opt_out_share_per_window, windows.length, axis=0)

    leaving = _leaving_date(seed, home, period, rules.leaver_share)
    follows &= date[period.day_of_interval][:, None] < leaving
    return follows


def _leaving_date(seed: int, home: npt.NDArray[np.int64], period: Period, share: float) -> npt.NDArray[np.int64]:
    """From which date on each store's home has left the VPP; long after the month where it does not."""
    month = pd.Period(str(period.month), freq="M")
    first = int(month.start_time.to_julian_date())
    position = home * _DAYS + first
    day = np.floor(month.days_in_month * uniform(seed, "day of leaving", position)).astype(np.int64)
    return np.where(uniform(seed, "leaves", position) < share, first + day, _DAYS)


def _place_in_home(stores: Stores) -> npt.NDArray[np.int64]:
    """Each store's place among its home's: its kind and its rank among those, the same in any fleet."""
    group = stores.home.astype(np.int64) * len(stores.kinds) + stores.kind
    order = np.argsort(group, kind="stable")
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - np.searchsorted(group[order], group[order])
    return np.asarray(stores.kind.astype(np.int64) * 16 + rank)
