"""What a strategy sees at a window's gate closure, and nothing more."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from vpp_core.dispatch.offers import Offers
from vpp_core.fleet.fleet import Fleet, Floats
from vpp_core.market.segments import Layout
from vpp_core.scenario import Scenario


@dataclass(frozen=True)
class GateView:
    """All that a strategy may know at a window's gate closure."""

    window: int
    start: pd.Timestamp
    hours: float
    forecast: Floats
    """p10, p50, p90 of the window's price by product, shape (3, 3): energy in $/MWh, spin and non-spin in $/MW-h (NaN
    where none can be sold)"""
    offers: Offers
    """what the homes can hold, at marginal cost, within what this strategy is permitted"""
    layout: Layout
    fleet: Fleet
    scenario: Scenario
