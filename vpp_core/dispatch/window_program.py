"""The window program: which segments to hold, as a linear program in CVXPY, made once and re-solved.

    maximise    Σ_k gain_k · x_k
    subject to  0 ≤ x_k ≤ 1                                      the share of each segment that is held
                sale_power · x + reserve_power · (y + z) ≤ 1     per battery, x of the sale, y of spin, z of non-spin
                sale_energy · x + reserve_energy · (y + z) ≤ 1
                Σ_{k in book b} quantity_k · x_k ≤ maximum bid   per aggregation and book: sell, buy, spin, non-spin
                and each such sum is 0 or at least the minimum bid

Gains, quantities and shares are parameters, so that the program is compiled once (DPP). Shares rather than kW keep the
limits constant bounds of the variables: some 20 times faster at 5,000 segments than a row for each limit. The minimum
is a choice, not a linear constraint: books that cannot reach it are closed beforehand, and where the optimum leaves a
book between 0 and the minimum, both ways are tried (closed, or held to the minimum), the more promising first: a small
tree.

A large fleet is solved by merit order where that is exact (`merit_order`), else by this program.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from vpp_core.dispatch.merit_order import merit_order
from vpp_core.dispatch.offers import SharedLimits
from vpp_core.fleet.fleet import Bools, Floats
from vpp_core.market.segments import Layout
from vpp_core.scenario import MarketRules

log = logging.getLogger(__name__)

LARGE_FLEET_HOMES = 2000
"""From this size on, merit order is tried before CVXPY."""
MOST_PROGRAMS = 100
"""Most programs solved for one window: some six are usual, and a tree that is larger counts as a failed solve."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Solution:
    """Quantities [kW], shape (K,), and whether the solver found them; on failure nothing is held."""

    quantity_kw: Floats
    status: str
    solver: str = "HiGHS"
    below_minimum: bool = False
    """whether a book had offers and was closed for the minimum bid"""

    @property
    def failed(self) -> bool:
        return self.status != "optimal"


class WindowProgram:
    """One compiled program for all windows of a fleet."""

    def __init__(self, layout: Layout, minimum_bid_kw: float, maximum_bid_kw: float) -> None:
        self._layout = layout
        self._minimum_kw, self._maximum_kw = minimum_bid_kw, maximum_bid_kw
        self._large = layout.homes >= LARGE_FLEET_HOMES
        self._program: _Program | None = None

    @classmethod
    def of(cls, layout: Layout, rules: MarketRules) -> WindowProgram:
        """The program under the market's size rules."""
        return cls(layout, rules.minimum_bid_mw * 1000, rules.maximum_bid_mw * 1000)

    def solve(self, surplus_usd_per_kw: Floats, quantity_kw: Floats, shared: SharedLimits) -> Solution:
        """The best quantities; a failed solve is logged and holds nothing."""
        gain = np.where(quantity_kw > 0, surplus_usd_per_kw * quantity_kw, 0.0)
        layout = self._layout
        most = np.bincount(layout.book, weights=quantity_kw, minlength=layout.books)
        closed = most < self._minimum_kw * (1 - _ROUNDING)
        below = bool((closed & (most > 0)).any())
        if self._large:
            share = merit_order(layout, gain, np.where(closed[layout.book], 0.0, quantity_kw), shared, self._maximum_kw)
            if share is not None and not self._between(share, quantity_kw).any():
                return Solution(share * quantity_kw, "optimal", "merit order", below)
        if self._program is None:
            self._program = _Program(layout, self._maximum_kw)
        self._program.put(gain, quantity_kw, shared)
        share, shut, status = self._search(quantity_kw, closed)
        if share is None:
            log.warning("window program ended %s: nothing is bid for this window", status)
            return Solution(np.zeros_like(quantity_kw), status)
        share = self._prefer_spin(share, gain, quantity_kw)
        return Solution(share * quantity_kw, "optimal", below_minimum=bool((shut & (most > 0)).any()))

    def _search(self, quantity_kw: Floats, closed: Bools) -> tuple[Floats | None, Bools, str]:
        """The best shares among the ways to close a book or hold it to the minimum, and which books are shut for it.

        None where no program was solved, with the reason.
        """
        assert self._program is not None
        best, best_shut, best_value, status = None, closed, -np.inf, ""
        ways: list[tuple[float, int, Bools, Bools]] = [(-np.inf, 0, closed, np.zeros(len(closed), dtype=bool))]
        for count in range(MOST_PROGRAMS):
            if not ways or -ways[0][0] <= best_value:
                break
            _, _, shut, held = heappop(ways)
            share, value, outcome = self._program.solve(shut, held, self._minimum_kw)
            if share is None:
                status = status if outcome == "infeasible" else outcome
                continue
            between = np.flatnonzero(self._between(share, quantity_kw))
            if len(between) == 0:
                if value > best_value:
                    best, best_shut, best_value = share, shut, value
                continue
            branch = np.zeros(len(closed), dtype=bool)
            branch[between[0]] = True
            heappush(ways, (-value, 2 * count + 1, shut, held | branch))
            heappush(ways, (-value, 2 * count + 2, shut | branch, held))
        return best, best_shut, status or "without an answer in time"

    def _prefer_spin(self, share: Floats, gain_usd: Floats, quantity_kw: Floats) -> Floats:
        """The same shares with non-spin as spin where that gains no less: of tied optima always the same one."""
        spin, nonspin = self._layout.battery_spin, self._layout.battery_nonspin
        moved = np.where((gain_usd[spin] >= gain_usd[nonspin]) & (quantity_kw[spin] > 0), share[nonspin], 0.0)
        preferred = share.copy()
        preferred[spin] = np.minimum(share[spin] + moved, 1.0)
        preferred[nonspin] -= moved
        total = np.bincount(self._layout.book, weights=preferred * quantity_kw, minlength=self._layout.books)
        fits = not self._between(preferred, quantity_kw).any() and total.max(initial=0.0) <= self._maximum_kw
        return preferred if fits else share

    def _between(self, share: Floats, quantity_kw: Floats) -> Bools:
        """Which books hold something, but less than the minimum bid."""
        layout = self._layout
        total = np.bincount(layout.book, weights=share * quantity_kw, minlength=layout.books)
        between: Bools = (total > _ROUNDING) & (total < self._minimum_kw * (1 - _ROUNDING))
        return between


class _Program:
    """The compiled program, and HiGHS."""

    def __init__(self, layout: Layout, maximum_kw: float) -> None:
        import cvxpy as cp
        from scipy.sparse import csr_array

        self._cp, self._maximum_kw = cp, maximum_kw
        count = len(layout)
        membership = csr_array((np.ones(count), (layout.book, np.arange(count))), shape=(layout.books, count))
        self._share = cp.Variable(count, bounds=[0, 1])
        self._gain = cp.Parameter(count)
        self._quantity = cp.Parameter(count, nonneg=True)
        self._least, self._most = cp.Parameter(layout.books, nonneg=True), cp.Parameter(layout.books, nonneg=True)
        self._shared = {
            name: cp.Parameter(layout.homes, nonneg=True)
            for name in ("sale_power", "reserve_power", "sale_energy", "reserve_energy")
        }
        sale = self._share[layout.battery_sell]
        reserve = self._share[layout.battery_spin] + self._share[layout.battery_nonspin]
        held = membership @ cp.multiply(self._quantity, self._share)
        limits = [held <= self._most, held >= self._least]
        for what in ("power", "energy"):
            of_sale, of_reserve = self._shared[f"sale_{what}"], self._shared[f"reserve_{what}"]
            limits.append(cp.multiply(of_sale, sale) + cp.multiply(of_reserve, reserve) <= 1)
        self._problem = cp.Problem(cp.Maximize(self._gain @ self._share), limits)

    def put(self, gain_usd: Floats, quantity_kw: Floats, shared: SharedLimits) -> None:
        """A window's parameters."""
        self._gain.value, self._quantity.value = gain_usd, quantity_kw
        for name, parameter in self._shared.items():
            parameter.value = getattr(shared, name)

    def solve(self, shut: Bools, held: Bools, minimum_kw: float) -> tuple[Floats | None, float, str]:
        """Shares and their gain [$], some books shut and some held to the minimum; none where there is no optimum."""
        self._most.value = np.where(shut, 0.0, self._maximum_kw)
        self._least.value = np.where(held, minimum_kw, 0.0)
        try:
            self._problem.solve(solver=self._cp.HIGHS)
            status = str(self._problem.status)
        except self._cp.error.SolverError as error:
            status = f"failed: {error}"
        if status != "optimal":
            return None, -np.inf, status
        share = np.clip(np.asarray(self._share.value), 0.0, 1.0)
        return share, float(np.asarray(self._gain.value) @ share), status
