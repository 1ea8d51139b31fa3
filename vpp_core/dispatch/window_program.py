"""The window program: which segments of a fleet to take into its bids.

    maximise    Σ_k gain_k · x_k
    subject to  0 ≤ x_k ≤ 1                                        the share of each segment that is taken
                Σ_{k in book b} quantity_k · x_k = 0, or at least the minimum bid

per aggregation and book (sell, buy, spin, non-spin). The minimum is an aggregation's, of which the fleet is a share. It
is a choice, not a linear constraint: a book whose best sum lies below is solved once more, held to the minimum, and
closed if that gains nothing. Books share no segment, so each is weighed on its own. The maximum bid is no limit here:
stores take turns, so more of them than it would fill may be asked; it cuts the curve that is bid.

CVXPY solves it with HiGHS in fleets of up to `LARGE_FLEET_HOMES`; in larger ones segments are taken in order of their
gain per kW, which is exact for a sum with one limit (`by_merit`). Both ways are held together by a property test.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from vpp_core.fleet.fleet import Bools, Floats, Ints
from vpp_core.market.segments import Layout
from vpp_core.scenario import Scenario

log = logging.getLogger(__name__)

LARGE_FLEET_HOMES = 2000
"""Above this size segments are taken by merit, without CVXPY: in every aggregation of such a fleet, however small."""
MOST_KEPT = 16
"""Compiled programs that a thread keeps: a run has one of energy and one of reserves for each aggregation."""
MERIT_ORDER, HIGHS = "merit order", "HiGHS"
_ROUNDING = 1e-9
_SOLVERS_ROUNDING = 1e-7
_kept = threading.local()


@dataclass(frozen=True)
class Solution:
    """Quantities [kW], shape (K,), and how they were found; a failed solve takes nothing."""

    quantity_kw: Floats
    status: str = "optimal"
    solver: str | None = HIGHS
    """none where nothing is offered"""
    failures: int = 0
    gap_usd: float = 0.0
    """by how much more an optimum by merit gains at most"""
    below_minimum: bool = False
    """whether a book had offers and was closed for the minimum bid"""


class WindowProgram:
    """The programs of all windows of a fleet."""

    def __init__(self, layout: Layout, minimum_kw: float, large: bool = False) -> None:
        self._layout, self._minimum_kw, self._large = layout, minimum_kw, large
        self._compiled: _Compiled | None = None

    @classmethod
    def of(cls, layout: Layout, scenario: Scenario) -> WindowProgram:
        """The program of a fleet, or of an aggregation of the scenario's fleet, under the market's size rules."""
        rules = scenario.market
        large = max(layout.homes, scenario.homes) > LARGE_FLEET_HOMES
        return cls(layout, rules.minimum_bid_mw * 1000 * rules.fleet_share, large)

    def solve(self, surplus_usd_per_kw: Floats, quantity_kw: Floats) -> Solution:
        """The best quantities, shape (K,), for what a kW of each segment is expected to gain."""
        gain = np.where(quantity_kw > 0, surplus_usd_per_kw * quantity_kw, 0.0)
        book, books = self._layout.book, self._layout.books
        offered: Floats = np.bincount(book, quantity_kw, books).astype(np.float64)
        share, below = by_merit(gain, quantity_kw, book, books, self._minimum_kw)
        if not (offered > 0).any():
            return Solution(np.zeros_like(quantity_kw), solver=None)
        if self._large:
            return Solution(share * quantity_kw, solver=MERIT_ORDER, below_minimum=below)
        best_usd = float(gain @ share)
        found, status = self._by_program(gain, quantity_kw, offered)
        if found is None:
            log.warning("window program ended %s: nothing is bid for this window", status)
            return Solution(np.zeros_like(quantity_kw), status, failures=1)
        return Solution(found * quantity_kw, gap_usd=max(best_usd - float(gain @ found), 0.0), below_minimum=below)

    def _by_program(self, gain: Floats, quantity_kw: Floats, offered: Floats) -> tuple[Floats | None, str]:
        """The best shares by CVXPY, or why there are none."""
        if self._compiled is None:
            self._compiled = _compiled(self._layout.book)
        book, books = self._layout.book, self._layout.books
        most = np.where(offered < self._minimum_kw * (1 - _ROUNDING), 0.0, offered)
        least = np.zeros(books)
        share, status = self._compiled.solve(gain, quantity_kw, least, most)
        if share is None:
            return None, status
        sums = np.bincount(book, share * quantity_kw, books)
        between = (sums > _ROUNDING) & (sums < self._minimum_kw * (1 - _ROUNDING))
        # What gains nothing below the minimum gains less than nothing at it.
        if not between.any():
            return share, status
        least = np.where(between, np.minimum(self._minimum_kw, offered), 0.0)
        share, status = self._compiled.solve(gain, quantity_kw, least, most)
        if share is None:
            return None, status
        worth = np.bincount(book, share * gain, books)
        return np.where((between & (worth <= 0))[book], 0.0, share), status


class _Compiled:
    """The program in CVXPY, compiled once (DPP): gains, quantities and limits are parameters.

    To put them in takes CVXPY longer than HiGHS takes to solve. So once it has written what it gives to HiGHS, and that
    is the program as it stands above (two entries for each share, of its book's limits), later windows' numbers are put
    in there, and HiGHS is given the same to the bit.
    """

    def __init__(self, book: Ints) -> None:
        import cvxpy as cp

        self._cp = cp
        self._book, self._books = book, np.unique(book)
        self._members = [np.flatnonzero(book == b) for b in self._books]
        self._share = cp.Variable(len(book), bounds=[0, 1])
        self._gain = cp.Parameter(len(book))
        # Quantities book by book: one parameter times all shares would take memory by the square of their number.
        self._quantities = [cp.Parameter(len(members), nonneg=True) for members in self._members]
        count = len(self._books)
        self._least, self._most = cp.Parameter(count, nonneg=True), cp.Parameter(count, nonneg=True)
        held = cp.hstack([q @ self._share[members] for q, members in zip(self._quantities, self._members, strict=True)])
        self._problem = cp.Problem(cp.Maximize(self._gain @ self._share), [held <= self._most, held >= self._least])
        self._written: tuple[dict[str, Any], Any, Any] | None = None
        self._is_as_it_stands = False

    def solve(self, gain: Floats, quantity_kw: Floats, least: Floats, most: Floats) -> tuple[Floats | None, str]:
        """The best shares (K,), or the reason why there are none."""
        try:
            data, chain, inverse = self._given_to_highs(gain, quantity_kw, least[self._books], most[self._books])
            # From scratch: what was solved before must not decide between solutions that gain the same.
            found = chain.solve_via_data(self._problem, data, warm_start=False, verbose=False, solver_opts={})
            self._problem.unpack_results(found, chain, inverse)
            status = str(self._problem.status)
        except self._cp.error.SolverError as error:
            return None, f"failed: {error}"
        if status != "optimal":
            return None, status
        share = np.clip(np.asarray(self._share.value), 0.0, 1.0)
        share = np.where(share > 1.0 - _SOLVERS_ROUNDING, 1.0, np.where(share < _SOLVERS_ROUNDING, 0.0, share))
        return np.where(quantity_kw > 0, share, 0.0), status

    def _given_to_highs(
        self, gain: Floats, quantity_kw: Floats, least: Floats, most: Floats
    ) -> tuple[dict[str, Any], Any, Any]:
        """The program with these numbers, the chain that solves it, and what reads its solution."""
        limits = np.concatenate([most, 0.0 - least])
        if self._written is not None and self._is_as_it_stands:
            data, chain, inverse = self._written
            matrix = data["A"].copy()
            matrix.data = _entries(quantity_kw)
            return data | {"c": 0.0 - gain, "A": matrix, "b": limits}, chain, inverse
        self._gain.value = gain
        for parameter, members in zip(self._quantities, self._members, strict=True):
            parameter.value = quantity_kw[members]
        self._least.value, self._most.value = least, most
        self._written = self._problem.get_problem_data(self._cp.HIGHS)
        data, matrix = self._written[0], self._written[0]["A"]
        count = len(self._books)
        place = np.searchsorted(self._books, self._book)
        self._is_as_it_stands = (
            np.array_equal(data["c"], -gain)
            and np.array_equal(data["b"], limits)
            and np.array_equal(matrix.indptr, 2 * np.arange(len(gain) + 1))
            and np.array_equal(matrix.indices, np.stack([place, place + count], axis=1).ravel())
            and np.array_equal(matrix.data, _entries(quantity_kw))
        )
        return self._written


def _compiled(book: Ints) -> _Compiled:
    """The program of segments in these books, compiled once for all runs of a thread: that takes as long as ten solves.

    No run leaves anything in it that another could see.
    """
    by_books: dict[bytes, _Compiled] = vars(_kept).setdefault("by_books", {})
    key = book.tobytes()
    if key not in by_books:
        if len(by_books) == MOST_KEPT:
            del by_books[next(iter(by_books))]
        by_books[key] = _Compiled(book)
    return by_books[key]


def _entries(quantity_kw: Floats) -> Floats:
    """Of each share its column's two entries, (2 K,): what it adds to its book, at most and at least.

    Added and negated so that a zero has the sign that CVXPY gives it.
    """
    return -(0.0 + np.stack([-quantity_kw, quantity_kw], axis=1)).ravel()


def by_merit(gain_usd: Floats, quantity_kw: Floats, book: Ints, books: int, minimum_kw: float) -> tuple[Floats, bool]:
    """The best shares (K,) by order of gain per kW, and whether a book with offers was closed for the minimum."""
    share = np.zeros_like(gain_usd)
    held: Bools = quantity_kw > 0
    closed = False
    for b in range(books):
        here = np.flatnonzero(held & (book == b))
        if len(here) == 0:
            continue
        order = here[np.argsort(-gain_usd[here] / quantity_kw[here], kind="stable")]
        quantity, gain = quantity_kw[order], gain_usd[order]
        reach = np.cumsum(quantity)
        wanted = float(quantity[gain > 0].sum())
        if reach[-1] < minimum_kw * (1 - _ROUNDING):
            closed = True
            continue
        target = max(wanted, min(minimum_kw, float(reach[-1]))) if wanted > 0 else 0.0
        taken = np.clip((target - (reach - quantity)) / quantity, 0.0, 1.0)
        if wanted < target * (1 - _ROUNDING) and float(gain @ taken) <= 0:
            closed = True
            continue
        share[order] = taken
    return share, closed
