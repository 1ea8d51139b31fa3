"""Homes whose stores share a meter, keep a daily limit or hold reserve, as a staged program for interior points."""

from __future__ import annotations

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.bound.homes import Home, Schedule
from vpp_core.dispatch.bound.interior import dual_usd, solve_staged
from vpp_core.dispatch.bound.staged import Staged
from vpp_core.dispatch.bound.within import Stocks, Within, schedule_of

METER_FLOWS = 2
"""Import and export come first; each store's flows follow: charge, and the parts of its discharge."""

NOTHING_KWH = 1e-9
"""Interior points never quite touch 0; less than this is nothing."""


def solve_together(home: Home) -> tuple[list[Schedule], float]:
    """The best schedule of each of a home's stores, and an upper bound of the home's earnings [$].

    The schedules are as good as the method's last step; whether they balance is for the caller to see.
    """
    limits = [Within.of(store) for store in home.stores]
    stocks = Stocks.of(home, limits)
    values, prices, _ = solve_staged(program := staged(home, limits, stocks))
    values[values < NOTHING_KWH] = 0.0
    schedules, flow = [], METER_FLOWS
    for store, within in zip(home.stores, limits, strict=True):
        after = flow + 1 + len(within.discharge)
        charge, discharge = within.min_charge + values[flow], values[flow + 1 : after].sum(axis=0)
        schedules.append(schedule_of(store, within, charge, discharge, rounds=program.headroom >= 0))
        flow = after
    return schedules, stocks.constant_usd(home, limits) - dual_usd(program, prices)


def staged(home: Home, limits: list[Within], stocks: Stocks) -> Staged:
    """The home's program with import, export, charge and discharge as its flows."""
    zero = np.zeros(len(home.net_generation_kw))
    meter = INTERVAL_HOURS * home.net_generation_kw
    most = np.abs(meter) + sum(within.max_charge + sum(within.discharge) for within in limits)
    cost = [home.import_usd_per_kwh, -home.export_usd_per_kwh]
    room = [most, most]
    sign, effect = [-1.0, 1.0], [0 * stocks.unit[0], 0 * stocks.unit[0]]
    for s, (store, within) in enumerate(zip(home.stores, limits, strict=True)):
        cost.append(zero)
        room.append(np.maximum(within.max_charge - within.min_charge, 0.0))
        sign.append(1.0)
        effect.append(stocks.of_charge(home, s))
        for part, limit in enumerate(within.discharge):
            cost.append(np.full(len(zero), store.wear_usd_per_kwh))
            room.append(limit)
            sign.append(-1.0)
            effect.append(stocks.of_discharge(home, s, beyond=part > 0))
        meter = meter - within.min_charge
    effects = np.repeat(np.array(effect)[..., None], len(zero), axis=2)
    return stocks.staged(np.array(cost), np.array(room), np.array(sign), effects, meter)
