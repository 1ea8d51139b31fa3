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
    """Solves one program per window; households are paid their own cost, or the compensation owed where obeyed."""

    asset: ClassVar[str] = "centralized_dispatch"
    reads_negotiation: ClassVar[bool] = False
    _program: WindowProgram | None = None

    def decide(self, view: GateView) -> Decision:
        from vpp_core.dispatch.offers import prospects

        if self._program is None:
            self._program = WindowProgram.of(view.layout, view.scenario)
        offers = view.offers
        agreed = offers.reservation_usd_per_mwh
        expected = prospects(view.layout, offers, agreed, view.forecast, view.hours)
        began = time.perf_counter()
        solution = self._program.solve(expected.surplus_usd_per_kw, offers.quantity_kw)
        seconds = time.perf_counter() - began
        return Decision(
            segments=Segments(
                solution.quantity_kw,
                expected.price_usd_per_mwh,
                view.layout.direction * agreed,
                offers.call_usd_per_mwh,
            ),
            invited=len(np.unique(view.layout.home[offers.quantity_kw > 0])),
            offers=int((offers.quantity_kw > 0).sum()),
            solver=solution.solver,
            solver_failures=solution.failures,
            solver_gap_usd=solution.gap_usd,
            below_minimum=solution.below_minimum,
            expected_margin_usd=float(expected.surplus_usd_per_kw @ solution.quantity_kw),
            timings={"solve": seconds},
        )


class CentralizedAware(_Centralized):
    """Central control as far as preferences allow: they bound quantities, and the compensation owed is in the price."""

    key: ClassVar[str] = "centralized_aware"
    title: ClassVar[str] = "Centralized, preferences kept"
    description: ClassVar[str] = "One program per window over all devices, with every preference a hard constraint."
    obeys_preferences: ClassVar[bool] = True


class PerfectForecast(CentralizedAware):
    """The same plan, bids and rules, with forecasts that happen to be exact: what information is worth."""

    key: ClassVar[str] = "perfect_forecast"
    title: ClassVar[str] = "Centralized, exact forecasts"
    description: ClassVar[str] = (
        "As centralized with preferences kept, its forecasts of prices, load, sun and trips exact."
    )
    forecasts_are_exact: ClassVar[bool] = True


class Centralized(_Centralized):
    """Central control that ignores preferences: one owner of all devices and bills."""

    key: ClassVar[str] = "centralized"
    title: ClassVar[str] = "Centralized, preferences ignored"
    description: ClassVar[str] = "One program per window over all devices; only hardware and the next trip limit it."
    obeys_preferences: ClassVar[bool] = False
