"""Programmes in the books: what is measured of which homes, and what is paid for it.

The truth is what homes do without a VPP, which only a simulation knows. A home takes part with its battery where that
is measured, else with any device that the VPP may move. One out of reach, or called upon as reserve, is measured as it
runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vpp_core.calendar import Period
from vpp_core.fleet.draws import uniform
from vpp_core.fleet.fleet import Bools, Floats, Ints
from vpp_core.market.inputs import Inputs
from vpp_core.physics.meter import net_injection_kw
from vpp_core.programmes.baselines import control_baseline_kw, own_baseline_kw
from vpp_core.programmes.events import Events
from vpp_core.programmes.pay import paid_for_being_there_usd, paid_usd
from vpp_core.settlement.grouping import mean_by_home, sum_by_home
from vpp_core.settlement.trajectory import Trajectory

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
        baseline = None if method == NOTHING else self.baseline_kw(method)
        return paid_usd(self.events, self.kw, baseline, self.enrolled, day)

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
    """What all pay, and the households' part of it [$], each (T, N), in the intervals that `inputs` are of."""
    nothing, now = np.zeros((len(inputs.period), len(inputs.fleet))), inputs.intervals
    paid = sum((one.usd[now] for one in programmes), nothing)
    return paid, sum((one.household_usd[now] for one in programmes), nothing)
