"""Centralized control: one optimiser holds every device, once within preferences and once without."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from vpp_core.dispatch.window_program import WindowProgram
from vpp_core.market.decision import Decision
from vpp_core.market.segments import Segments
from vpp_core.strategies.strategy import GateClosureStrategy

if TYPE_CHECKING:
    from vpp_core.dispatch.view import GateView


class _Centralized(GateClosureStrategy):
    """Solves one program per window; households are paid the marginal cost of what they deliver."""

    asset: ClassVar[str] = "centralized_dispatch"
    _program: WindowProgram | None = None

    def decide(self, view: GateView) -> Decision:
        if self._program is None:
            self._program = WindowProgram(view.layout, view.scenario.market.maximum_bid_mw * 1000)
        offers = view.offers
        began = time.perf_counter()
        solution = self._program.solve(offers.margin_usd_per_kw, offers.quantity_kw)
        seconds = time.perf_counter() - began
        cost = offers.cost_usd_per_mwh
        return Decision(
            segments=Segments(solution.quantity_kw, cost, cost),
            invited=len(np.unique(view.layout.home[offers.quantity_kw > 0])),
            solver_failed=solution.failed,
            expected_margin_usd=float(offers.margin_usd_per_kw @ solution.quantity_kw),
            timings={"solve": seconds},
        )


class CentralizedAware(_Centralized):
    """Central control as far as preferences allow: they bound quantities, and the compensation owed is in the price."""

    key: ClassVar[str] = "centralized_aware"
    title: ClassVar[str] = "Centralized, preferences kept"
    description: ClassVar[str] = "One program per window over all devices, with every preference a hard constraint."
    obeys_preferences: ClassVar[bool] = True


class Centralized(_Centralized):
    """Central control that ignores preferences: one owner of all devices and bills."""

    key: ClassVar[str] = "centralized"
    title: ClassVar[str] = "Centralized, preferences ignored"
    description: ClassVar[str] = "One program per window over all devices; only hardware and the next trip limit it."
    obeys_preferences: ClassVar[bool] = False
