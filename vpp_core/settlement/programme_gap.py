"""By how much the bounds may fall short of what programmes could pay at most.

A bound's optimum counts a kWh at an event at what a programme pays for it. For a battery without a baseline that is
all. Against a baseline of the home's own days, which a strategy could raise by charging on them, or with a floor at
nothing, pay is not linear: then it is at most the price times what the meter shows beyond the lowest baseline that any
doings could lead to. What that is above the pay of the bound's own path is the gap; it is wide where homes can charge
much at an event's hours.
"""

from __future__ import annotations

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.fleet import Bools, Floats, Ints
from vpp_core.market.inputs import Inputs
from vpp_core.programmes.baselines import MAX_ADJUSTED, days_looked_at, interval_of_slot, kind_of_day
from vpp_core.settlement.grouping import sum_by_home
from vpp_core.settlement.programmes import Measured
from vpp_core.settlement.trajectory import Trajectory


def programme_gap_usd(inputs: Inputs, trajectory: Trajectory, counterfactual: Trajectory) -> float:
    """What programmes could pay beyond what a bound's trajectory is paid, where its optimum did not count it [$]."""
    gap = 0.0
    for events in inputs.events:
        linear = events.programme.measured == "battery" and events.programme.baseline == "none" and not events.floored
        if linear or not events.called.any() or events.programme.usd_per_home_month:
            continue
        one = Measured.of(inputs, events, trajectory, counterfactual)
        most = 0.0
        for day in np.unique(inputs.period.day_of_interval[events.called]):
            now = np.flatnonzero(events.called & (inputs.period.day_of_interval == day))
            shown = one.kw[now].sum(axis=0) * INTERVAL_HOURS
            beyond = shown - lowest_baseline_kwh(inputs, one, int(day), now)
            most += float(events.usd_per_kwh[now[0]] * beyond[one.enrolled].sum())
        gap += most - float(one.usd.sum())
    return gap


def lowest_baseline_kwh(inputs: Inputs, one: Measured, day: int, now: Ints) -> Floats:
    """Less than this no baseline of an event can be, nor what is measured at it [kWh], shape (N,)."""
    method, period = one.events.programme.baseline, inputs.period
    on_the_day = lowest_kwh(inputs, one, now)
    if method == "none":
        return np.minimum(on_the_day, 0.0)
    if method == "control_group":
        expected = one.baseline_kw(method)[now].sum(axis=0) * INTERVAL_HOURS
        return np.fmin(expected, on_the_day)
    at, slots = interval_of_slot(period), period.slot_of_interval[now]
    left_out = np.bincount(period.day_of_interval, one.events.called, len(period.days)) > 0
    most = MAX_ADJUSTED.get(method, 0.0)
    lowest = on_the_day
    for other in days_looked_at(day, kind_of_day(period), left_out | (at[:, slots] < 0).any(axis=1)):
        then = lowest_kwh(inputs, one, at[other, slots])
        lowest = np.minimum(lowest, np.where(then < 0, then * (1 + most), then * (1 - most)))
    return lowest


def lowest_kwh(inputs: Inputs, one: Measured, during: Ints) -> Floats:
    """The least that can be measured in some intervals: every store charges all it can take [kWh], shape (N,)."""
    stores = inputs.stores
    there: Bools = stores.available[during]
    hours = there.sum(axis=0) * INTERVAL_HOURS
    given = hours * stores.max_discharge_kw  # what is given meanwhile can be taken again
    round_trip = stores.charge_efficiency * stores.discharge_efficiency
    room = stores.ceiling_kwh - np.minimum(stores.floor_kwh, 0.0) + stores.draw_kwh[during].sum(axis=0)
    taken = np.minimum(hours * stores.max_charge_kw, room / stores.charge_efficiency + given * (1 / round_trip - 1))
    on_battery = one.events.programme.measured == "battery"
    charged = sum_by_home(inputs, taken[None, :], "battery" if on_battery else None)[0]
    own = 0.0 if on_battery else inputs.net_generation_kw[during].sum(axis=0) * INTERVAL_HOURS
    lowest: Floats = own - charged
    return lowest
