"""An aggregation's window program in CVXPY, compiled once and re-solved by HiGHS.

Gains, quantities and shares are parameters, so that the program is compiled once (DPP). Shares rather than kW keep the
limits constant bounds of the variables: some 20 times faster at 5,000 segments than a row for each limit.
"""

from __future__ import annotations

import numpy as np

from vpp_core.dispatch.aggregation import Aggregation, Answer, Window
from vpp_core.fleet.fleet import Bools, Floats
from vpp_core.market.segments import BOOKS

_SELL, _BUY, _SPIN, _NONSPIN = range(len(BOOKS))


class LinearProgram:
    """The compiled program of one aggregation."""

    def __init__(self, aggregation: Aggregation) -> None:
        import cvxpy as cp
        from scipy.sparse import csr_array

        self._cp = cp
        count, books = len(aggregation.segments), len(BOOKS)
        membership = csr_array((np.ones(count), (aggregation.book, np.arange(count))), shape=(books, count))
        self._share = cp.Variable(count, bounds=[0, 1])
        self._gain = cp.Parameter(count)
        self._quantity = cp.Parameter(count, nonneg=True)
        self._least, self._most = cp.Parameter(books, nonneg=True), cp.Parameter(books, nonneg=True)
        held = membership @ cp.multiply(self._quantity, self._share)
        self._sums = [held <= self._most, held >= self._least]
        limits = list(self._sums)
        self._shared: dict[str, cp.Parameter] = {}
        if aggregation.batteries:
            names = ("sale_power", "reserve_power", "sale_energy", "reserve_energy")
            self._shared = {name: cp.Parameter(aggregation.batteries, nonneg=True) for name in names}
            sale = self._share[aggregation.row(_SELL)]
            reserve = self._share[aggregation.row(_SPIN)] + self._share[aggregation.row(_NONSPIN)]
            for what in ("power", "energy"):
                of_sale, of_reserve = self._shared[f"sale_{what}"], self._shared[f"reserve_{what}"]
                limits.append(cp.multiply(of_sale, sale) + cp.multiply(of_reserve, reserve) <= 1)
        self._problem = cp.Problem(cp.Maximize(self._gain @ self._share), limits)

    def put(self, window: Window) -> None:
        """A window's parameters."""
        self._gain.value, self._quantity.value = window.gain_usd, window.quantity_kw
        for name, parameter in self._shared.items():
            parameter.value = getattr(window.shared, name)

    def solve(self, shut: Bools, held: Bools, least_kw: float | Floats, most_kw: float) -> tuple[Answer, Floats]:
        """The best shares, some sums shut, some held to a minimum, and the price of each sum [$/kW]; no bound yet."""
        self._most.value = np.where(shut, 0.0, most_kw)
        self._least.value = np.where(held, least_kw, 0.0)
        try:
            self._problem.solve(solver=self._cp.HIGHS)
            status = str(self._problem.status)
        except self._cp.error.SolverError as error:
            status = f"failed: {error}"
        if status != "optimal":
            return Answer(None, -np.inf, -np.inf if status == "infeasible" else np.inf, status), np.zeros(len(BOOKS))
        share = np.clip(np.asarray(self._share.value), 0.0, 1.0)
        charge, reward = (np.asarray(limit.dual_value) for limit in self._sums)
        return Answer(share, float(np.asarray(self._gain.value) @ share), np.inf, status), charge - reward
