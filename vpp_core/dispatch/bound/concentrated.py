"""Homes that gain by concentrating: their export earns more than their import costs in some intervals.

A meter nets within an interval, so nothing circles through it; but its money is then not concave, and what is optimal
is no linear program. It is bounded by relaxations, and what the home can earn is found in two steps:

1. a store alone is solved as a chain of concave envelopes, any other home by the hull of its corners; either's
   certificate holds for every schedule;
2. each such interval is given the side, import or export, on which the relaxed schedule stands. With the sides fixed
   the money is concave, and the home is solved once more.

The gap is the relaxation's bound less what the better of the two schedules earns: small, since all but a few intervals
of a best schedule stand at an end of what is possible.
"""

from __future__ import annotations

import numpy as np

from vpp_core.dispatch.bound.chain import solve_alone
from vpp_core.dispatch.bound.corners import EITHER, EXPORT, IMPORT, solve_corners
from vpp_core.dispatch.bound.homes import Home, Schedule, broken_kwh, earned_usd
from vpp_core.dispatch.bound.program import solve_split
from vpp_core.fleet.fleet import Bools, Floats, Ints

SMALLEST_SHARE = 1e-6
CLOSED_USD = 1e-7
KEPT_KWH = 1e-7
"""As in `month_bound`: a gap that counts as closed, and by how much a schedule may miss a limit."""
REACHED_USD = 1e-4
"""A hull's bound that its shares miss by more was not solved to the end; the linear program then is."""


def solve_concentrated(home: Home) -> tuple[list[Schedule], float]:
    """The best schedules found of each of a home's stores, and the certified gap [$]."""
    found, bound = [], np.inf
    if home.separates and len(home.stores) == 1:
        schedules, bound = solve_alone(home)
        if bound - earned_usd(home, schedules) <= CLOSED_USD and broken_kwh(home, schedules) <= KEPT_KWH:
            return schedules, max(bound - earned_usd(home, schedules), 0.0)
        found.append(schedules)
    relaxed, linear_bound, exporting = _relaxed(home)
    found.append(relaxed)
    meter_kw = home.net_generation_kw + sum(s.discharge_kw - s.charge_kw for s in relaxed)
    sides = [_sides(home, meter_kw > 0), _sides(home, _in_turn(exporting * _above(home)))]
    for n, side in enumerate(sides):
        hull = None if n and np.array_equal(side, sides[0]) else solve_corners(home, side)
        if hull:  # none where whole intervals ask for more than the stores can move
            found.append(hull.schedules)
    kept = [s for s in found if broken_kwh(home, s) <= KEPT_KWH]
    if not kept:
        kept = [solve_split(home)[0]]
    best = max(kept, key=lambda s: earned_usd(home, s))
    return best, max(min(bound, linear_bound) - earned_usd(home, best), 0.0)


def _relaxed(home: Home) -> tuple[list[Schedule], float, Floats]:
    """The relaxation's schedules, its bound [$], and the share of each interval that exports, (T,)."""
    hull = solve_corners(home)
    if hull and hull.bound_usd - hull.reached_usd <= REACHED_USD:
        return hull.schedules, hull.bound_usd, hull.exporting
    return solve_split(home)


def _above(home: Home) -> Bools:
    return np.asarray(home.export_usd_per_kwh > home.import_usd_per_kwh)


def _sides(home: Home, exports: Bools) -> Ints:
    """The side of each interval: either, where exporting does not earn more than importing costs."""
    return np.where(_above(home), np.where(exports, EXPORT, IMPORT), EITHER)


def _in_turn(share: Floats) -> Bools:
    """Whole intervals that export, as many as the shares add up to: of two that would do so by half, the second."""
    exports, owed = np.zeros(len(share), dtype=bool), 0.0
    for t, part in enumerate(share):
        owed = owed + part if part > 0 else 0.0
        if owed >= 1 - SMALLEST_SHARE:
            exports[t], owed = True, owed - 1.0
    return exports
