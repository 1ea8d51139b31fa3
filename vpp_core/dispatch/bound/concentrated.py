"""Homes that gain by concentrating: their export earns more than their import costs in some intervals.

A meter nets within an interval, so nothing circles through it; but its money is then not concave, and what is optimal
is no linear program. It is bounded by relaxations, and what the home can earn is found in two steps:

1. a store alone is solved as a chain of concave envelopes, any other home by a linear program whose meter is split
   between both sides of an interval (`program`); either's certificate holds for every schedule;
2. each such interval is given the side, import or export, on which the relaxed schedule stands. With the sides fixed
   the money is concave, and the home is solved once more.

The gap is the relaxation's bound less what the better of the two schedules earns: small, since all but a few intervals
of a best schedule stand at an end of what is possible.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import numpy as np

from vpp_core.dispatch.bound.chain import solve_alone
from vpp_core.dispatch.bound.homes import Home, Schedule, broken_kwh, earned_usd
from vpp_core.dispatch.bound.program import solve_split
from vpp_core.fleet.fleet import Bools, Floats

Solved = tuple[list[Schedule], float]
SMALLEST_SHARE = 1e-6
CLOSED_USD = 1e-7
KEPT_KWH = 1e-7
"""As in `month_bound`: a gap that counts as closed, and by how much a schedule may miss a limit."""


def solve_concentrated(home: Home, solve_convex: Callable[[Home], Solved]) -> Solved:
    """The best schedules found of each of a home's stores, and the certified gap [$].

    `solve_convex` gives schedules and gap of a home whose export never earns more than import costs.
    """
    alone = home.separates and len(home.stores) == 1
    schedules, bound = solve_alone(home) if alone else ([], np.inf)
    if alone and bound - earned_usd(home, schedules) <= CLOSED_USD and broken_kwh(home, schedules) <= KEPT_KWH:
        return schedules, max(bound - earned_usd(home, schedules), 0.0)
    relaxed, linear_bound, share = solve_split(home)
    found = [schedules, relaxed] if alone else [relaxed]
    meters = [home.net_generation_kw + sum(s.discharge_kw - s.charge_kw for s in relaxed) > 0, _in_turn(share)]
    for exports in meters:
        with suppress(RuntimeError):  # whole intervals may ask for more than the stores hold
            found.append(solve_convex(with_sides(home, exports))[0])
    kept = [s for s in found if broken_kwh(home, s) <= KEPT_KWH] or [relaxed]
    best = max(kept, key=lambda s: earned_usd(home, s))
    return best, max(min(bound, linear_bound) - earned_usd(home, best), 0.0)


def _in_turn(share: Floats) -> Bools:
    """Whole intervals that export, as many as the shares add up to: of two that would do so by half, the second."""
    exports, owed = np.zeros(len(share), dtype=bool), 0.0
    for t, part in enumerate(share):
        owed = owed + part if part > 0 else 0.0
        if owed >= 1 - SMALLEST_SHARE:
            exports[t], owed = True, owed - 1.0
    return exports


def with_sides(home: Home, exports: Bools) -> Home:
    """The home held to one side of the meter in each interval in which export earns more than import costs."""
    above = home.export_usd_per_kwh > home.import_usd_per_kwh
    exports, imports = above & exports, above & ~exports
    return replace(
        home,
        import_usd_per_kwh=np.where(exports, home.export_usd_per_kwh, home.import_usd_per_kwh),
        export_usd_per_kwh=np.where(imports, home.import_usd_per_kwh, home.export_usd_per_kwh),
        most_import_kw=np.where(exports, 0.0, np.inf),
        most_export_kw=np.where(imports, 0.0, np.inf),
    )
