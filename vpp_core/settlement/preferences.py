"""Whether preferences held: violations per household and window, and satisfaction per household and day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.devices import Permission
from vpp_core.fleet.fleet import EV_PRIORITIES, Bools, Floats
from vpp_core.market.inputs import Inputs
from vpp_core.physics.storage import taken_kwh
from vpp_core.settlement import satisfaction as score
from vpp_core.settlement.books import Books
from vpp_core.settlement.grouping import Groups, sum_by_home
from vpp_core.settlement.trajectory import Trajectory

TOLERANCE = 1e-6
"""kW, kWh and $/kWh below which a breach is rounding."""


@dataclass(frozen=True)
class Deviations:
    """What was moved away from the default, per interval: batteries and homes (T, N)."""

    permission: Permission
    """what preferences allow, whatever the strategy was permitted"""
    battery_kw: Floats
    taken_kwh: Floats
    taken_today_kwh: Floats
    car_kw: Floats
    """per car, (T, M)"""
    car_given_kw: Floats
    """what cars gave, (T, M)"""
    car_taken_kwh: Floats
    car_taken_today_kwh: Floats

    @classmethod
    def of(cls, inputs: Inputs, trajectory: Trajectory) -> Deviations:
        battery = trajectory.battery_kw
        taken = taken_kwh(battery, trajectory.default_kw, inputs.batteries.discharge_efficiency, INTERVAL_HOURS)
        given = trajectory.car_discharge_kw
        car_taken = taken_kwh(given, 0.0, inputs.cars.discharge_efficiency, INTERVAL_HOURS)
        return cls(
            permission=Permission.of(inputs.fleet, inputs.batteries, inputs.cars, obeys=True),
            battery_kw=battery - trajectory.default_kw,
            taken_kwh=taken,
            taken_today_kwh=_running_by_day(taken, inputs.period.day_of_interval),
            car_kw=trajectory.car_default_kw - trajectory.car_kw,
            car_given_kw=given,
            car_taken_kwh=car_taken,
            car_taken_today_kwh=_running_by_day(car_taken, inputs.period.day_of_interval),
        )


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
    a car that is not ready where charging on arrival would have had it ready.
    """
    batteries, fleet = inputs.batteries, inputs.fleet
    kept = np.minimum(batteries.backup_kwh, counterfactual.stored_kwh)
    owed = fleet.min_compensation_usd_per_kwh - TOLERANCE
    called = trajectory.called_kw > 0
    paid_short = (called & (trajectory.call_agreed_usd_per_kwh < owed)) | (
        (~called | (trajectory.award_kw > 0)) & (trajectory.agreed_usd_per_kwh < owed)
    )
    departs, on_board, asked = departures(inputs, trajectory)
    late = departs & (on_board < asked - TOLERANCE)
    touched = np.abs(moved.car_kw) > TOLERANCE
    urgent = fleet.ev_priority[inputs.cars.home] == EV_PRIORITIES.index("high")
    allowed = moved.permission
    gave = moved.car_taken_kwh > TOLERANCE
    beyond_power = moved.car_given_kw > allowed.car_discharge_kw + TOLERANCE
    beyond_day = gave & (moved.car_taken_today_kwh > allowed.car_daily_kwh + TOLERANCE)
    unpaid = gave & (trajectory.car_agreed_usd_per_kwh < owed[inputs.cars.home])
    return {
        "backup": trajectory.stored_kwh < kept - TOLERANCE,
        "power": (np.abs(moved.battery_kw) > allowed.battery_power_kw + TOLERANCE) | _by_home(inputs, beyond_power),
        "daily_energy": ((moved.taken_kwh > TOLERANCE) & (moved.taken_today_kwh > allowed.daily_kwh + TOLERANCE))
        | _by_home(inputs, beyond_day),
        "ev_ready": _by_home(inputs, late),
        "ev_priority": _by_home(inputs, touched & urgent),
        "compensation": ((moved.taken_kwh > TOLERANCE) & paid_short) | _by_home(inputs, unpaid),
    }


def departures(inputs: Inputs, trajectory: Trajectory) -> tuple[Bools, Floats, Floats]:
    """Which cars leave at the start of an interval, with what on board, and what was asked, each (T, M)."""
    plugged = inputs.cars.plugged
    departs = np.zeros_like(plugged)
    departs[1:] = plugged[:-1] & ~plugged[1:]
    asked = np.vstack([np.zeros((1, len(inputs.cars))), inputs.cars.asked_kwh[:-1]])
    return departs, trajectory.car_before_kwh(inputs.cars), asked


def _by_home(inputs: Inputs, of_car: Bools) -> Bools:
    """(T, M) → (T, N): any of the home's cars."""
    return sum_by_home(inputs, of_car.astype(np.float64)) > 0


def day_components(
    inputs: Inputs, trajectory: Trajectory, books: Books, moved: Deviations, gain_usd: Floats, groups: Groups
) -> tuple[dict[str, Floats], Floats]:
    """Satisfaction components per day and home (D, N), and the energy that preferences offered that day [kWh AC]."""
    batteries, fleet, allowed = inputs.batteries, inputs.fleet, moved.permission
    has_battery = batteries.max_power_kw > 0
    reserve = np.where(has_battery, batteries.backup_kwh, 0.0)
    backup = groups.day_mean(score.backup_score(trajectory.stored_kwh, reserve))
    limit = np.where(has_battery, allowed.daily_kwh, 0.0)
    taken = groups.day_sum(moved.taken_kwh)

    departs, on_board, asked = departures(inputs, trajectory)
    ready = np.where(departs, score.ev_ready_score(on_board, asked), np.nan)

    sold = np.where(moved.taken_kwh > TOLERANCE, np.maximum(moved.battery_kw, 0.0), 0.0)
    called = np.minimum(sold, books.delivered_call_kw)
    sold_day = groups.day_sum(sold + sum_by_home(inputs, moved.car_given_kw))
    earned = (
        (sold - called) * trajectory.agreed_usd_per_kwh
        + called * trajectory.call_agreed_usd_per_kwh
        + sum_by_home(inputs, moved.car_given_kw * trajectory.car_agreed_usd_per_kwh)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        paid = np.where(sold_day > 0, groups.day_sum(earned) / sold_day, np.nan)
    compensation = score.compensation_score(paid, fleet.min_compensation_usd_per_kwh, fleet.opening_ask_usd_per_kwh)

    movable = np.where(allowed.car_movable, trajectory.car_default_kw, 0.0)
    car_offered = groups.day_sum(sum_by_home(inputs, movable)) * INTERVAL_HOURS
    car_limit = np.where(inputs.cars.max_discharge_kw > 0, allowed.car_daily_kwh, 0.0)
    car_taken = groups.day_sum(moved.car_taken_kwh)
    out_of = inputs.cars.discharge_efficiency
    offered = (
        limit * batteries.discharge_efficiency
        + car_offered
        + sum_by_home(inputs, np.where(allowed.car_discharge_kw > 0, car_limit * out_of, 0.0))
    )
    over_power = np.maximum(np.abs(moved.battery_kw) - allowed.battery_power_kw, 0.0) * INTERVAL_HOURS
    over_energy = np.maximum(taken - limit, 0.0) * batteries.discharge_efficiency
    over_car = np.maximum(moved.car_given_kw - allowed.car_discharge_kw, 0.0) * INTERVAL_HOURS
    over_car_day = np.maximum(car_taken - car_limit, 0.0) * out_of
    unasked = sum_by_home(inputs, np.where(allowed.car_movable, 0.0, np.abs(moved.car_kw))) * INTERVAL_HOURS
    beyond = groups.day_sum(over_power + sum_by_home(inputs, over_car)) + over_energy + groups.day_sum(unasked)
    beyond += sum_by_home(inputs, over_car_day)
    equipped = has_battery | (np.bincount(inputs.cars.home, minlength=len(fleet)) > 0)

    usual_bill = np.abs(groups.day_sum(books.bill_counterfactual_usd)).mean(axis=0)
    components = {
        "backup": backup,
        "discharge": np.fmin(
            score.discharge_score(taken, limit), _least_by_home(inputs, score.discharge_score(car_taken, car_limit))
        ),
        "ev_ready": groups.day_mean(_mean_by_home(inputs, ready)),
        "compensation": compensation,
        "autonomy": np.where(equipped, score.autonomy_score(beyond, offered), np.nan),
        "bill": np.where(equipped, score.bill_score(gain_usd, usual_bill), np.nan),
    }
    return components, offered


def _least_by_home(inputs: Inputs, of_car: Floats) -> Floats:
    """(D, M) → (D, N): least of the home's values that are numbers; NaN where none is."""
    least = np.full((len(of_car), len(inputs.fleet)), np.nan)
    for car in np.flatnonzero(~np.isnan(of_car).all(axis=0)):
        home = inputs.cars.home[car]
        least[:, home] = np.fmin(least[:, home], of_car[:, car])
    return least


def _mean_by_home(inputs: Inputs, of_car: Floats) -> Floats:
    """(T, M) → (T, N): mean of the home's values that are numbers."""
    known = ~np.isnan(of_car)
    count = sum_by_home(inputs, known.astype(np.float64))
    total = sum_by_home(inputs, np.where(known, of_car, 0.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = np.where(count > 0, total / count, np.nan)
    return mean
