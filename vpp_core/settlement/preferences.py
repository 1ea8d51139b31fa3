"""Whether preferences held: violations per household and window, and satisfaction per household and day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.fleet import Bools, Floats
from vpp_core.fleet.permission import Permission
from vpp_core.market.inputs import Inputs
from vpp_core.physics.storage import taken_kwh
from vpp_core.settlement import satisfaction as score
from vpp_core.settlement.books import Books
from vpp_core.settlement.grouping import Groups, any_by_home, mean_by_home, minimum_by_home, sum_by_home
from vpp_core.settlement.trajectory import Trajectory

TOLERANCE = 1e-6
"""kW, kWh and $/kWh below which a breach is rounding."""


@dataclass(frozen=True)
class Deviations:
    """What was moved away from the default, per interval and store, shape (T, S)."""

    permission: Permission
    """what preferences allow, whatever the strategy was permitted"""
    kw: Floats
    """export positive"""
    given_kw: Floats
    """by stores that do not follow the meter"""
    taken_kwh: Floats
    """stored energy taken by giving beyond the default"""
    taken_today_kwh: Floats

    @classmethod
    def of(cls, inputs: Inputs, trajectory: Trajectory) -> Deviations:
        stores = inputs.stores
        taken = taken_kwh(trajectory.net_kw, trajectory.default_kw, stores.discharge_efficiency, INTERVAL_HOURS)
        # A home that manages its stores itself gives by default.
        beyond = np.maximum(trajectory.discharge_kw - np.maximum(trajectory.default_kw, 0.0), 0.0)
        given = np.where(stores.follows_meter, 0.0, beyond)
        return cls(
            permission=Permission.of(inputs.fleet, stores, obeys=True),
            kw=trajectory.net_kw - trajectory.default_kw,
            given_kw=given,
            taken_kwh=taken,
            taken_today_kwh=_running_by_day(taken, inputs.period.day_of_interval),
        )

    def beyond_power_kw(self, follows_meter: Bools) -> Floats:
        """Power beyond what was offered: a deviation of a store that follows the meter, what any other gives."""
        allowed = self.permission
        beyond = np.where(follows_meter, np.abs(self.kw) - allowed.deviation_kw, self.given_kw - allowed.give_kw)
        return np.maximum(beyond, 0.0)


def _running_by_day(values: Floats, day: npt.NDArray[np.intp]) -> Floats:
    total = np.cumsum(values, axis=0)
    starts = np.searchsorted(day, day)
    before = np.where((starts > 0)[:, None], total[np.maximum(starts - 1, 0)], 0.0)
    running: Floats = total - before
    return running


def violations(
    inputs: Inputs, trajectory: Trajectory, counterfactual: Trajectory, moved: Deviations
) -> dict[str, Bools]:
    """Per kind, whether a household's preference was breached in an interval, shape (T, N).

    Only what the strategy caused counts: a battery below its reserve is a breach where the counterfactual holds more,
    a car that is not ready where charging on arrival would have had it ready, water that is cold where left alone it
    would be warm.
    """
    stores, allowed = inputs.stores, moved.permission
    kept = np.where(stores.follows_meter, np.minimum(stores.backup_kwh, counterfactual.energy_kwh), -np.inf)
    owed = allowed.compensation_usd_per_kwh - TOLERANCE
    called = trajectory.called_kw > 0
    paid_short = np.where(
        stores.follows_meter,
        (called & (trajectory.call_agreed_usd_per_kwh < owed))
        | ((~called | (trajectory.award_kw > 0)) & (trajectory.agreed_usd_per_kwh < owed)),
        trajectory.give_agreed_usd_per_kwh < owed,
    )
    cold = np.minimum(stores.floor_kwh, counterfactual.energy_kwh)
    departs, on_board, asked = departures(inputs, trajectory)
    took = moved.taken_kwh > TOLERANCE
    breaches = {
        "backup": trajectory.energy_kwh < kept - TOLERANCE,
        "power": moved.beyond_power_kw(stores.follows_meter) > TOLERANCE,
        "daily_energy": took & (moved.taken_today_kwh > allowed.daily_kwh + TOLERANCE),
        "ev_ready": departs & (on_board < asked - TOLERANCE),
        "ev_priority": ~stores.movable & (np.abs(moved.kw) > TOLERANCE),
        "compensation": took & paid_short,
        "comfort": ~stores.follows_meter & (trajectory.energy_kwh < cold - TOLERANCE),
    }
    return {kind: any_by_home(inputs, breach) for kind, breach in breaches.items()}


def departures(inputs: Inputs, trajectory: Trajectory) -> tuple[Bools, Floats, Floats]:
    """Which stores leave at the start of an interval, with what on board, and what was asked, each (T, S)."""
    there, asked = inputs.stores.available, inputs.stores.asked_kwh
    if inputs.first:
        all_stores, before = inputs.entire.stores, inputs.first - 1
        was_there, was_asked = all_stores.available[before], all_stores.asked_kwh[before]
    else:
        was_there, was_asked = np.zeros(len(inputs.stores), dtype=bool), np.zeros(len(inputs.stores))
    departs = np.vstack([was_there, there[:-1]]) & ~there
    return departs, trajectory.before_kwh(), np.vstack([was_asked, asked[:-1]])


def day_components(
    inputs: Inputs, trajectory: Trajectory, books: Books, moved: Deviations, groups: Groups
) -> tuple[dict[str, Floats], Floats]:
    """Satisfaction components per day and home (D, N) but for the bill's, which takes all days (`bill_component`), and
    the energy that preferences offered that day [kWh AC].
    """
    stores, fleet, allowed = inputs.stores, inputs.fleet, moved.permission
    keeps = np.where(stores.follows_meter, stores.backup_kwh, 0.0)
    kept = sum_by_home(inputs, np.where(stores.follows_meter, trajectory.energy_kwh, 0.0))
    backup = groups.day_mean(score.backup_score(kept, sum_by_home(inputs, keeps[None, :])))
    departs, on_board, asked = departures(inputs, trajectory)
    ready = np.where(departs, score.ev_ready_score(on_board, asked), np.nan)

    limit = np.where(stores.max_discharge_kw > 0, allowed.daily_kwh, 0.0)
    taken = groups.day_sum(moved.taken_kwh)
    beyond, offered = _autonomy_kwh(inputs, trajectory, moved, limit, groups)
    equipped = np.bincount(stores.home, minlength=len(fleet)) > 0
    components = {
        "backup": backup,
        "discharge": minimum_by_home(inputs, score.discharge_score(taken, limit)),
        "ev_ready": groups.day_mean(mean_by_home(inputs, ready)),
        "compensation": score.compensation_score(
            _paid_usd_per_kwh(inputs, trajectory, books, moved, groups),
            fleet.min_compensation_usd_per_kwh,
            fleet.opening_ask_usd_per_kwh,
        ),
        "autonomy": np.where(equipped, score.autonomy_score(beyond, offered), np.nan),
    }
    return components, offered


def bill_component(inputs: Inputs, gain_usd: Floats, bill_usd: Floats) -> Floats:
    """The bill's component per day and home (D, N), from households' gains and their bills without a VPP by day."""
    equipped = np.bincount(inputs.stores.home, minlength=len(inputs.fleet)) > 0
    usual_bill = np.abs(bill_usd).mean(axis=0)
    return np.where(equipped, score.bill_score(gain_usd, usual_bill), np.nan)


def _paid_usd_per_kwh(
    inputs: Inputs, trajectory: Trajectory, books: Books, moved: Deviations, groups: Groups
) -> Floats:
    """What was paid per kWh given for the VPP, per day and home (D, N); NaN where nothing was."""
    follows = inputs.stores.follows_meter
    beyond_default = np.where(moved.taken_kwh > TOLERANCE, np.maximum(moved.kw, 0.0), 0.0)
    sold = np.where(follows, beyond_default, moved.given_kw)
    called = np.minimum(sold, books.delivered_call_kw)
    price = np.where(follows, trajectory.agreed_usd_per_kwh, trajectory.give_agreed_usd_per_kwh)
    earned = (sold - called) * price + called * trajectory.call_agreed_usd_per_kwh
    sold_day = groups.day_sum(sum_by_home(inputs, sold))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(sold_day > 0, groups.day_sum(sum_by_home(inputs, earned)) / sold_day, np.nan)


def _autonomy_kwh(
    inputs: Inputs, trajectory: Trajectory, moved: Deviations, limit_kwh: Floats, groups: Groups
) -> tuple[Floats, Floats]:
    """Energy moved beyond what was offered, and what was offered, per day and home (D, N) [kWh AC].

    Offered is what may be given in a day, and the charging that may be moved.
    """
    stores, allowed, out_of = inputs.stores, moved.permission, inputs.stores.discharge_efficiency
    may_give = np.where(allowed.give_kw > 0, limit_kwh * out_of, 0.0)
    charging = np.where(allowed.movable & ~stores.follows_meter, -trajectory.default_kw, 0.0)
    offered = sum_by_home(inputs, may_give[None, :]) + groups.day_sum(sum_by_home(inputs, charging)) * INTERVAL_HOURS
    unasked = np.where(allowed.movable, 0.0, np.abs(moved.kw))
    power = (moved.beyond_power_kw(stores.follows_meter) + unasked) * INTERVAL_HOURS
    energy = np.maximum(groups.day_sum(moved.taken_kwh) - limit_kwh, 0.0) * out_of
    return groups.day_sum(sum_by_home(inputs, power)) + sum_by_home(inputs, energy), offered
