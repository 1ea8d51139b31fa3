"""The period's optimum with everything known: home by home, each with a certificate.

The bounds waive the fleet-wide limits (minimum and maximum bid) and all payments, so the fleet separates by home
(`bound.homes` says what a home may do). A store alone behind its meter is solved exactly as a chain (`bound.chain`),
stores that share a meter, keep a daily limit or hold reserve by interior points (`bound.shared_meter`). An answer of
either is taken only where its schedules are feasible and proven best; else the linear program decides
(`bound.program`), to which both are held by tests.

All are relaxations: at negative prices they may charge and discharge at once. The value minus the counterfactual's is
the bound. Each way proves by weak duality what no schedule of the home can exceed; the gap is that minus what the
schedules earn.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.bound.homes import BoundHomes, Home, Schedule, broken_kwh, dearer_reserve, earned_usd
from vpp_core.dispatch.bound.program import solve_program
from vpp_core.market.inputs import Inputs
from vpp_core.market.segments import NONSPIN, SPIN
from vpp_core.physics.storage import self_consumption_kw
from vpp_core.settlement.grouping import aggregation_of_home
from vpp_core.settlement.trajectory import Trajectory

WORKERS = 2
"""Threads: HiGHS and the compiled chain both release the interpreter. Homes are independent, so the number changes
nothing but the time."""
CLOSED_USD = 1e-7
"""A home's gap above which a faster way's answer is not taken; $0.00001 over a fleet of 100 homes with devices."""
KEPT_KWH = 1e-7
"""Most by which a faster way's schedule may miss a limit: what the linear program's solver allows itself."""


Way = Callable[[Home], tuple[list[Schedule], float]]


def month_bound(inputs: Inputs, obeys: bool) -> tuple[Trajectory, float]:
    """The best trajectory of every home, and the sum of the homes' gaps [$]."""
    homes = BoundHomes.of(inputs, obeys)
    stores = inputs.stores
    anything = np.full(len(stores), -np.inf)
    _, aggregations = aggregation_of_home(inputs.fleet)
    trajectory = Trajectory.empty(len(inputs.period), len(stores), aggregations, anything, stores.initial_kwh)
    trajectory.energy_kwh[:] = stores.initial_kwh
    product = dearer_reserve(inputs)[1]
    still = np.flatnonzero(~homes.permission.movable)
    trajectory.charge_kw[:, still] = stores.counterfactual_kw[:, still]
    trajectory.energy_kwh[:, still] = stores.counterfactual_kwh[1:, still]

    def solve(home: int) -> float:
        problem = homes.home(home)
        schedules, gap = solve_home(problem)
        for store, schedule in zip(problem.stores, schedules, strict=True):
            column = store.column
            trajectory.charge_kw[:, column] = schedule.charge_kw
            trajectory.discharge_kw[:, column] = schedule.discharge_kw
            trajectory.energy_kwh[:, column] = schedule.energy_kwh
            trajectory.spin_kw[:, column] = np.where(product == SPIN, schedule.reserve_kw, 0.0)
            trajectory.nonspin_kw[:, column] = np.where(product == NONSPIN, schedule.reserve_kw, 0.0)
        return gap

    with ThreadPoolExecutor(WORKERS) as pool:
        gaps = list(pool.map(solve, range(len(inputs.fleet))))
    own = self_consumption_kw(
        trajectory.before_kwh(), inputs.net_generation_kw[:, stores.home], stores.backup_kwh, stores.ceiling_kwh,
        stores.max_discharge_kw, stores.charge_efficiency, stores.discharge_efficiency, INTERVAL_HOURS,
    )  # fmt: skip
    trajectory.default_kw[:] = np.where(stores.follows_meter, own, -trajectory.charge_kw)
    return trajectory, float(sum(gaps))


def solve_home(home: Home) -> tuple[list[Schedule], float]:
    """The best schedule of each of a home's stores, and the certified gap [$]; rounding below 0 counts as 0."""
    from vpp_core.dispatch.bound.concentrated import solve_concentrated  # numba compiles when these load

    if not home.stores:
        return [], 0.0
    if home.gains_by_concentrating:
        return solve_concentrated(home)
    return _solve_convex(home)


def _by_corners(home: Home) -> tuple[list[Schedule], float]:
    from vpp_core.dispatch.bound.corners import solve_corners

    hull = solve_corners(home)
    return (hull.schedules, hull.bound_usd) if hull else ([], np.inf)


def _solve_convex(home: Home) -> tuple[list[Schedule], float]:
    """The best schedules and the gap of a home whose export never earns more than import costs."""
    from vpp_core.dispatch.bound.chain import solve_alone
    from vpp_core.dispatch.bound.shared_meter import solve_together

    ways: tuple[Way, ...] = (solve_alone, solve_together) if home.separates else (solve_together,)
    if any(store.paid_usd_per_kwh is not None for store in home.stores):
        ways = (_by_corners,)  # the others know no price of one store's own
    for solve in ways:
        schedules, bound = solve(home)
        gap = bound - earned_usd(home, schedules)
        if gap <= CLOSED_USD and broken_kwh(home, schedules) <= KEPT_KWH:
            return schedules, max(gap, 0.0)
    schedules, bound = solve_program(home)
    return schedules, max(bound - earned_usd(home, schedules), 0.0)
