"""Smart homes: each manages its stores for its own bill, without any market."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from vpp_core.fleet.permission import Permission
from vpp_core.strategies.strategy import GateClosureStrategy

if TYPE_CHECKING:
    from vpp_core.dispatch.view import GateView
    from vpp_core.market.decision import Decision
    from vpp_core.market.inputs import Inputs


class SmartHome(GateClosureStrategy):
    """Every home follows a rolling plan that minimises its bill and wear with what it knows itself."""

    key: ClassVar[str] = "smart_home"
    title: ClassVar[str] = "Smart homes"
    description: ClassVar[str] = "Each home runs its stores for its own bill, from its tariff, load, sun and habits."
    obeys_preferences: ClassVar[bool] = True
    bids: ClassVar[bool] = False
    manages_home: ClassVar[bool] = True

    def permission(self, inputs: Inputs) -> Permission:
        """Backup and readiness are kept; what is offered to a VPP is no limit to the home itself."""
        kept = Permission.of(inputs.fleet, inputs.stores, obeys=True)
        stores = inputs.stores
        return replace(
            kept,
            deviation_kw=np.where(stores.follows_meter, 2 * stores.max_discharge_kw, np.inf),
            give_kw=stores.max_discharge_kw,
            daily_kwh=np.full(len(stores), np.inf),
            movable=np.ones(len(stores), dtype=bool),
        )

    def decide(self, view: GateView) -> Decision:
        return view.nothing()
