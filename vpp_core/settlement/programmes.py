"""Programmes in the books: what is measured of which homes, what is paid for it, and how far baselines miss the truth.

The truth is what homes do without a VPP, which only a simulation knows. A home takes part with its battery where that
is measured, else with anything that can be moved. What a programme pays on one that is not in reach, or is called upon
as reserve at the same time, is what it measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from vpp_core.calendar import INTERVAL_HOURS, Period
from vpp_core.fleet.draws import uniform
from vpp_core.fleet.fleet import Bools, Floats, Ints
from vpp_core.market.inputs import Inputs
from vpp_core.physics.meter import net_injection_kw
from vpp_core.programmes.baselines import METHODS, control_baseline_kw, own_baseline_kw
from vpp_core.programmes.events import Events
from vpp_core.programmes.pay import paid_for_being_there_usd, paid_usd
from vpp_core.settlement.grouping import mean_by_home, sum_by_home
from vpp_core.settlement.trajectory import Trajectory
from vpp_core.tables.outcome import PROGRAMME_DAYS

CONTROL_SHARE = 0.5
"""Of the homes, whose doings without a VPP stand for a control group; assumption."""
TRUTH, NOTHING = "truth", "none"


@dataclass(frozen=True)
class Measured:
    """What one programme measures of a strategy; arrays of shape (T, N)."""

    events: Events
    period: Period
    kw: Floats
    """injection of what is measured, export positive"""
    alone_kw: Floats
    """without a VPP"""
    enrolled: Bools
    """shape (N,)"""
    reached_share: Floats
    """which part of a home's devices can be reached"""
    alike: Ints
    """number of each home's kind, by its devices, shape (N,)"""
    in_control_group: Bools
    """shape (N,)"""

    @classmethod
    def of(cls, inputs: Inputs, events: Events, trajectory: Trajectory, counterfactual: Trajectory) -> Measured:
        fleet, stores = inputs.fleet, inputs.stores
        battery, solar = fleet.has_battery, fleet.pv_capacity_kw > 0
        car = np.isin(np.arange(len(fleet)), fleet.cars.home)
        on_battery = events.programme.measured == "battery"
        kind = "battery" if on_battery else None
        kw, alone = (sum_by_home(inputs, path.net_kw, kind) for path in (trajectory, counterfactual))
        if not on_battery:
            kw, alone = (net_injection_kw(inputs.pv_kw, inputs.load_kw, net) for net in (kw, alone))
        equipped = np.bincount(stores.home, minlength=len(fleet)) > 0
        return cls(
            events=events,
            period=inputs.period,
            kw=kw,
            alone_kw=alone,
            enrolled=battery if on_battery else equipped,
            reached_share=np.nan_to_num(mean_by_home(inputs, stores.reachable.astype(np.float64))),
            alike=battery + 2 * solar + 4 * car,
            in_control_group=uniform(fleet.seed, "control group", fleet.home_id) < CONTROL_SHARE,
        )

    def baseline_kw(self, method: str) -> Floats:
        """What a method expects, NaN where it cannot say."""
        if method == NOTHING:
            return np.zeros_like(self.kw)
        if method == TRUTH:
            return self.alone_kw
        if method == "control_group":
            return control_baseline_kw(self.alone_kw, self.alike, self.in_control_group)
        return own_baseline_kw(method, self.kw, self.events.called, self.period)

    def paid_by(self, method: str) -> Floats:
        """What is paid if the method is the baseline [$], (T, N)."""
        if self.events.programme.usd_per_home_month:
            return paid_for_being_there_usd(self.events, self.reached_share * self.enrolled)
        day = self.period.day_of_interval
        return paid_usd(self.events, self.kw, self.baseline_kw(method), self.enrolled, day)

    @cached_property
    def usd(self) -> Floats:
        """What is paid [$], (T, N)."""
        return self.paid_by(self.events.programme.baseline)

    @property
    def household_usd(self) -> Floats:
        """The households' part of it."""
        return self.events.programme.household_share * self.usd


def measured(inputs: Inputs, trajectory: Trajectory, counterfactual: Trajectory) -> list[Measured]:
    """By programme of the scenario."""
    return [Measured.of(inputs, events, trajectory, counterfactual) for events in inputs.events]


def total_usd(inputs: Inputs, programmes: Sequence[Measured]) -> tuple[Floats, Floats]:
    """What all pay, and the households' part of it [$], each (T, N)."""
    nothing = np.zeros((len(inputs.period), len(inputs.fleet)))
    return sum((one.usd for one in programmes), nothing), sum((one.household_usd for one in programmes), nothing)


def programme_days(inputs: Inputs, strategy: str, programmes: Sequence[Measured]) -> pd.DataFrame:
    """Rows of `PROGRAMME_DAYS`: by programme, day with money or an event, and method, the programme's own first."""
    columns: list[dict[str, object]] = []
    days, day = inputs.period.days, inputs.period.day_of_interval
    for one in programmes:
        own = one.events.programme.baseline
        is_judged = not one.events.programme.usd_per_home_month
        true_usd = _by_day(one.paid_by(TRUTH), day)
        others = (NOTHING, *METHODS) if one.events.programme.measured == "battery" else METHODS
        for method in dict.fromkeys((own, *others)) if is_judged else (own,):
            usd = _by_day(one.paid_by(method), day)
            called = np.flatnonzero(one.events.called)
            homes = np.flatnonzero(one.enrolled)
            at = np.ix_(called, homes)
            baseline = one.baseline_kw(method)[at]
            beyond_truth = (one.alone_kw[at] - baseline) * INTERVAL_HOURS
            missing = np.isnan(beyond_truth)
            miss = _by_home_and_day(np.where(missing, 0.0, beyond_truth), day[called], len(days))
            shown = _by_home_and_day((one.kw - one.alone_kw)[at] * INTERVAL_HOURS, day[called], len(days))
            hours = np.bincount(day[called], minlength=len(days)) * INTERVAL_HOURS
            without = _by_home_and_day(missing.astype(np.float64), day[called], len(days)) > 0
            for position in np.flatnonzero((hours > 0) | (usd != 0)):
                columns.append(
                    {
                        "strategy": strategy,
                        "local_day": days[position],
                        "programme": one.events.programme.name,
                        "baseline": method,
                        "is_paid_by": method == own,
                        "event_hours": hours[position],
                        "homes": len(homes),
                        "homes_without_baseline": int(without[position].sum()),
                        "shown_kwh": shown[position].sum(),
                        "bias_kwh": miss[position].sum(),
                        "error_kwh": np.abs(miss[position]).sum(),
                        "paid_usd": usd[position],
                        "true_usd": true_usd[position] if is_judged else usd[position],
                        "household_usd": usd[position] * one.events.programme.household_share,
                    }
                )
    if not columns:
        return PROGRAMME_DAYS.schema.empty_table().to_pandas()
    order = {name: position for position, name in enumerate(days)}
    return pd.DataFrame(columns).sort_values("local_day", key=lambda d: d.map(order), kind="stable", ignore_index=True)


def _by_day(usd: Floats, day: Ints) -> Floats:
    total: Floats = np.bincount(day, usd.sum(axis=1)).astype(np.float64)
    return total


def _by_home_and_day(values: Floats, day: Ints, days: int) -> Floats:
    total = np.zeros((days, values.shape[1]))
    np.add.at(total, day, values)
    return total
