"""The window program: which segments to hold, as a linear program in CVXPY, made once and re-solved.

    maximise    Σ_k margin_k · x_k
    subject to  0 ≤ x_k ≤ quantity_k                     what each device can hold
                Σ_{k in book b} x_k ≤ maximum bid        per aggregation and direction

Margins and quantities are parameters, so that the program is compiled once (DPP).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np

from vpp_core.fleet.fleet import Floats
from vpp_core.market.segments import Layout

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Solution:
    """Quantities [kW], shape (K,), and whether the solver found them; on failure nothing is held."""

    quantity_kw: Floats
    status: str

    @property
    def failed(self) -> bool:
        return self.status != "optimal"


class WindowProgram:
    """One compiled program for all windows of a fleet."""

    def __init__(self, layout: Layout, maximum_bid_kw: float) -> None:
        import cvxpy as cp
        from scipy.sparse import csr_array

        self._cp = cp
        count = len(layout)
        membership = csr_array((np.ones(count), (layout.book, np.arange(count))), shape=(layout.books, count))
        self._x = cp.Variable(count, nonneg=True)
        self._margin = cp.Parameter(count)
        self._limit = cp.Parameter(count, nonneg=True)
        constraints = [self._x <= self._limit, membership @ self._x <= maximum_bid_kw]
        self._problem = cp.Problem(cp.Maximize(self._margin @ self._x), constraints)

    def solve(self, margin_usd_per_kw: Floats, quantity_kw: Floats) -> Solution:
        """The best quantities; a failed solve is logged and holds nothing."""
        self._margin.value = np.where(quantity_kw > 0, margin_usd_per_kw, 0.0)
        self._limit.value = quantity_kw
        try:
            self._problem.solve(solver=self._cp.HIGHS)
            status = str(self._problem.status)
        except self._cp.error.SolverError as error:
            status = f"failed: {error}"
        if status != "optimal":
            log.warning("window program ended %s: nothing is bid for this window", status)
            return Solution(np.zeros_like(quantity_kw), status)
        return Solution(np.clip(np.asarray(self._x.value), 0.0, quantity_kw), status)
