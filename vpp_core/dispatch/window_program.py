"""The window program: which segments to hold.

    maximise    Σ_k gain_k · x_k
    subject to  0 ≤ x_k ≤ 1                                      the share of each segment that is held
                sale_power · x + reserve_power · (y + z) ≤ 1     per battery, x of the sale, y of spin, z of non-spin
                sale_energy · x + reserve_energy · (y + z) ≤ 1
                Σ_{k in book b} quantity_k · x_k ≤ maximum bid   per aggregation and book: sell, buy, spin, non-spin
                and each such sum is 0 or at least the minimum bid

Aggregations share nothing and are solved one by one. The minimum is a choice, not a linear constraint: books that
cannot reach it are closed beforehand, and where the optimum leaves a book between 0 and the minimum, both ways are
tried (closed, or held to the minimum), the more promising first: a small tree.

Each way is first solved by merit order (`merit_order`), which ends ways early that cannot win. In a small fleet CVXPY
(`linear_program`) then solves the way that won, and any way that merit order leaves open; a large fleet goes by merit
order, and asks CVXPY only for the latter. Whoever solved it, a solution's gap is its distance from the dual bound.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from heapq import heappop, heappush

import numpy as np

from vpp_core.dispatch.aggregation import Aggregation, Answer, Window, aggregations_of
from vpp_core.dispatch.linear_program import LinearProgram
from vpp_core.dispatch.merit_order import NOT_BETTER, MeritOrder
from vpp_core.dispatch.offers import SharedLimits
from vpp_core.fleet.fleet import Bools, Fleet, Floats
from vpp_core.market.segments import BOOKS, Layout
from vpp_core.scenario import MarketRules

log = logging.getLogger(__name__)

LARGE_FLEET_HOMES = 2000
"""From this size on, what merit order finds stands, without CVXPY."""
MOST_PROGRAMS = 100
"""Most programs solved for one window: a handful is usual, and a tree that is larger counts as a failed solve."""
MERIT_ORDER, HIGHS = "merit order", "HiGHS"
_ROUNDING = 1e-9
_HELD_ABOVE = 1e-8
"""By how much a sum that is held to the minimum bid is held above it: more than a solver may fall short of a limit."""
_SPIN, _NONSPIN = BOOKS.index("spin"), BOOKS.index("nonspin")


@dataclass(frozen=True)
class Solution:
    """Quantities [kW], shape (K,), and how they were found; an aggregation whose solve failed holds nothing."""

    quantity_kw: Floats
    status: str
    """optimal, or why the first that failed did"""
    solver: str | None = HIGHS
    """none where no home has anything that could be offered"""
    failures: int = 0
    """aggregations that failed"""
    gap_usd: float = 0.0
    """no way to hold segments gains more than this one by more than the gap, failed aggregations aside"""
    below_minimum: bool = False
    """whether a book had offers and was closed for the minimum bid"""

    @property
    def failed(self) -> bool:
        return self.failures > 0


class WindowProgram:
    """The programs of all windows of a fleet."""

    def __init__(
        self, layout: Layout, minimum_bid_kw: float, maximum_bid_kw: float, has_battery: Bools | None = None
    ) -> None:
        self._layout = layout
        with_battery = np.ones(layout.homes, dtype=bool) if has_battery is None else has_battery
        large = layout.homes >= LARGE_FLEET_HOMES
        self._parts = [
            _AggregationProgram(part, minimum_bid_kw, maximum_bid_kw, large)
            for part in aggregations_of(layout, with_battery)
        ]

    @classmethod
    def of(cls, layout: Layout, fleet: Fleet, rules: MarketRules) -> WindowProgram:
        """The program of a fleet under the market's size rules."""
        return cls(layout, rules.minimum_bid_mw * 1000, rules.maximum_bid_mw * 1000, fleet.has_battery)

    def solve(self, surplus_usd_per_kw: Floats, quantity_kw: Floats, shared: SharedLimits) -> Solution:
        """The best quantities, shape (K,); a failed solve is logged and holds nothing of its aggregation."""
        gain = np.where(quantity_kw > 0, surplus_usd_per_kw * quantity_kw, 0.0)
        held = np.zeros_like(quantity_kw)
        parts = []
        for part in self._parts:
            found = part.solve(Window.of(part.aggregation, gain, quantity_kw, shared))
            held[part.aggregation.segments] = found.quantity_kw
            parts.append(found)
        failed = [found.status for found in parts if found.failed]
        return Solution(
            held,
            failed[0] if failed else "optimal",
            " and ".join(sorted({str(found.solver) for found in parts})) or None,
            len(failed),
            sum(found.gap_usd for found in parts),
            any(found.below_minimum for found in parts),
        )


class _AggregationProgram:
    """The programs of one aggregation; CVXPY's is compiled when it is first asked."""

    def __init__(self, aggregation: Aggregation, minimum_kw: float, maximum_kw: float, large: bool) -> None:
        self.aggregation = aggregation
        self._minimum_kw, self._maximum_kw, self._large = minimum_kw, maximum_kw, large
        self._held_kw = minimum_kw * (1 + _HELD_ABOVE)
        self._program: LinearProgram | None = None

    def solve(self, window: Window) -> Solution:
        """The best quantities of the aggregation's segments."""
        most = window.sums_kw(np.ones_like(window.quantity_kw))
        closed = most < self._minimum_kw * (1 - _ROUNDING)
        # Offers that meet the minimum exactly cannot be held above it: a solver is given room, and they are held whole.
        least_kw = np.minimum(self._held_kw, most * (1 - _HELD_ABOVE))
        merit = MeritOrder(window)

        def by_merit(shut: Bools, held: Bools, enough_usd: float) -> Answer:
            return merit.solve(shut, held, least_kw, self._maximum_kw, enough_usd)

        best = self._search(window, by_merit, closed, np.zeros_like(closed))
        solver = MERIT_ORDER
        if best.unfinished or not self._large:
            best, solver = self._by_program(window, merit, best, closed, least_kw), HIGHS
        share = best.answer.share
        if share is None:
            status = best.unfinished or "infeasible"
            log.warning("window program ended %s: nothing is bid for this window", status)
            return Solution(np.zeros_like(window.quantity_kw), status, solver, failures=1)
        if solver == HIGHS:
            share = self._prefer_spin(window, share)
        whole = (best.held & (most <= self._held_kw * (1 + 2 * _HELD_ABOVE)))[window.aggregation.book] & (
            window.quantity_kw > 0
        )
        share = np.where(whole, 1.0, share)
        gap = max(best.bound_usd - float(window.gain_usd @ share), 0.0)
        below = bool((best.shut & (most > 0)).any())
        return Solution(share * window.quantity_kw, "optimal", solver, gap_usd=gap, below_minimum=below)

    def _by_program(self, window: Window, merit: MeritOrder, known: _Best, closed: Bools, least_kw: Floats) -> _Best:
        """By CVXPY: the way that merit order found to be best, or all ways where it did not finish."""
        program = self._compiled(window)

        def solve(shut: Bools, held: Bools, _: float) -> Answer:
            answer, price = program.solve(shut, held, least_kw, self._maximum_kw)
            if answer.share is None:
                return answer
            bound = merit.bound_usd(price, shut, held, least_kw, self._maximum_kw)
            return replace(answer, bound_usd=bound)

        if known.unfinished:
            return self._search(window, solve, closed, np.zeros_like(closed))
        found = self._search(window, solve, known.shut, known.held)
        return replace(found, bound_usd=known.bound_usd)

    def _compiled(self, window: Window) -> LinearProgram:
        if self._program is None:
            self._program = LinearProgram(self.aggregation)
        self._program.put(window)
        return self._program

    def _search(
        self, window: Window, solve: Callable[[Bools, Bools, float], Answer], closed: Bools, held: Bools
    ) -> _Best:
        """The best among the ways to close a book or hold it to the minimum, from a first one on."""
        best = _Best(Answer(None, -np.inf, -np.inf, ""), closed, held, -np.inf)
        bound, status = -np.inf, ""
        ways: list[tuple[float, int, Bools, Bools]] = [(-np.inf, 0, closed, held)]
        for count in range(MOST_PROGRAMS):
            if not ways or -ways[0][0] <= best.answer.value_usd:
                break
            at_most, _, shut, kept = heappop(ways)
            answer = solve(shut, kept, best.answer.value_usd)
            if answer.share is None:
                if answer.status not in ("infeasible", NOT_BETTER):
                    status = answer.status
                bound = max(bound, min(answer.bound_usd, -at_most))
                continue
            between = np.flatnonzero(self._between(window, answer.share) & ~kept)
            if len(between) == 0:
                bound = max(bound, answer.bound_usd)
                if answer.value_usd > best.answer.value_usd:
                    best = _Best(answer, shut, kept, bound)
                continue
            branch = np.zeros_like(closed)
            branch[between[0]] = True
            heappush(ways, (-answer.bound_usd, 2 * count + 1, shut | branch, kept))
            heappush(ways, (-answer.bound_usd, 2 * count + 2, shut, kept | branch))
        if ways and -ways[0][0] > best.answer.value_usd:
            status = f"without an answer after {MOST_PROGRAMS} programs"
        bound = max(bound, -ways[0][0]) if ways else bound
        return replace(best, bound_usd=bound, unfinished=status)

    def _prefer_spin(self, window: Window, share: Floats) -> Floats:
        """The same shares with non-spin as spin where that gains no less: of tied optima always the same one."""
        spin, nonspin = self.aggregation.row(_SPIN), self.aggregation.row(_NONSPIN)
        gain, quantity = window.gain_usd, window.quantity_kw
        moved = np.where((gain[spin] >= gain[nonspin]) & (quantity[spin] > 0), share[nonspin], 0.0)
        preferred = share.copy()
        preferred[spin] = np.minimum(share[spin] + moved, 1.0)
        preferred[nonspin] -= moved
        most_kw = window.sums_kw(preferred).max(initial=0.0)
        fits = not self._between(window, preferred).any() and most_kw <= self._maximum_kw
        return preferred if fits else share

    def _between(self, window: Window, share: Floats) -> Bools:
        """Which books hold something, but less than the minimum bid."""
        total = window.sums_kw(share)
        between: Bools = (total > _ROUNDING) & (total < self._minimum_kw * (1 - _ROUNDING))
        return between


@dataclass(frozen=True)
class _Best:
    """The best way found: its answer, which books it shuts and holds, and a bound over all ways."""

    answer: Answer
    shut: Bools
    held: Bools
    bound_usd: float
    unfinished: str = ""
    """why a way was left open that could be better; empty where none was"""
