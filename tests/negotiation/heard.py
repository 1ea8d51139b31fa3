"""A day negotiated, heard from inside and kept as rows, made once for all tests that look at it."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tests.invented import invented_inputs
from vpp_core.dispatch.view import GateView
from vpp_core.market.decision import Bid
from vpp_core.market.inputs import Inputs
from vpp_core.negotiation.workflow import NegotiationState
from vpp_core.settlement.trajectory import Trajectory
from vpp_core.simulation import run
from vpp_core.strategies.negotiated import Negotiated

EVENING = pd.Timestamp("2023-08-01T19:00", tz="America/Los_Angeles").tz_convert("UTC")
NIGHT = pd.Timestamp("2023-08-01T03:00", tz="America/Los_Angeles").tz_convert("UTC")
"""a window in which the fleet would sell as well as buy"""
MIDNIGHT = pd.Timestamp("2023-08-01", tz="America/Los_Angeles").tz_convert("UTC")


@dataclass(frozen=True)
class Day:
    """What was said, and what the strategy saw and decided at each gate."""

    inputs: Inputs
    rows: pa.Table
    seen: dict[tuple[str, pd.Timestamp], tuple[GateView, NegotiationState]]
    bids: list[Bid]
    trajectory: Trajectory

    def of(self, gate: str, start: pd.Timestamp) -> pa.Table:
        """The rows of one negotiation."""
        return self.rows.filter((pc.field("gate") == gate) & (pc.field("window_start") == start))

    @property
    def window(self) -> pa.Table:
        return self.of("real_time", EVENING)

    @property
    def reserves(self) -> pa.Table:
        return self.of("day_ahead", MIDNIGHT)


@functools.cache
def day(homes: int = 40, minimum_bid_mw: float = 0.0, **market: Any) -> Day:
    """A day with V2G cars and rooftop sun."""
    return day_of(invented_inputs(seed=7, homes=homes, days=1, minimum_bid_mw=minimum_bid_mw, v2g=True, **market))


def day_of(inputs: Inputs, strategy: Negotiated | None = None) -> Day:
    """What is said by a run."""
    seen: dict[tuple[str, pd.Timestamp], tuple[GateView, NegotiationState]] = {}

    class Watched(type(strategy or Negotiated())):  # type: ignore[misc]
        def negotiate(self, view: GateView) -> NegotiationState:
            state: NegotiationState = super().negotiate(view)
            seen[view.gate, view.start] = (view, state)
            return state

    parts: list[pa.Table] = []
    trajectory, bids, _ = run(inputs, Watched(), None, parts.append)
    return Day(inputs, pa.concat_tables(parts), seen, bids, trajectory)
