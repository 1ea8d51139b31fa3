"""What was said in a run, kept day by day: rows of `NEGOTIATION_MESSAGES` with what followed.

A day's rows are complete, and handed on, once its last interval is dispatched; no more than two days are held.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.dispatch.view import GateView
from vpp_core.fleet.fleet import Bools
from vpp_core.llm.usage import Usage
from vpp_core.market.decision import Bid
from vpp_core.market.inputs import Inputs
from vpp_core.negotiation.rows import Ended, Kept
from vpp_core.negotiation.workflow import NegotiationState
from vpp_core.settlement.promises import Promises, clears
from vpp_core.settlement.trajectory import Trajectory
from vpp_core.tables.messages import MAX_HOMES

Sink = Callable[[pa.Table], None]
"""Takes the rows of one local day."""


class Ledger:
    """Hears every negotiation of a run, and hands the rows of each day to `sink`."""

    def __init__(self, inputs: Inputs, strategy: str, sink: Sink) -> None:
        self._inputs, self._strategy, self._sink = inputs, strategy, sink
        self._heard: dict[int, dict[tuple[str, pd.Timestamp], Kept]] = {}
        self._homes = kept_homes(len(inputs.fleet))
        self.usage = Usage()
        """of all that was heard"""

    def hear(self, view: GateView, state: NegotiationState) -> None:
        """A negotiation has ended."""
        first = self._inputs.windows.first_interval(view.window)
        kept = Kept.of(Ended(view, state, self._gate_closure(view), self._strategy, self._homes), first)
        self._heard.setdefault(self._day(first), {})[view.gate, view.start] = kept
        self.usage = self.usage + state["decision"].usage

    def close(self, day: int, bids: Sequence[Bid], trajectory: Trajectory) -> None:
        """A local day is over: its intervals are dispatched."""
        heard = self._heard.pop(day, {})
        parts = [
            self._with_what_followed(_with_bid(gate, kept, bids), trajectory)
            for (gate, _), kept in heard.items()
            if len(kept.columns)
        ]
        if parts:
            self._sink(pa.concat_tables(parts).combine_chunks())

    def has_heard(self, gate: str, start: pd.Timestamp) -> bool:
        """Whether that negotiation has ended, and its day is not closed yet."""
        return any((gate, start) in of_day for of_day in self._heard.values())

    def without_what_followed(self, gate: str, start: pd.Timestamp, bids: Sequence[Bid]) -> pa.Table:
        """The rows of a negotiation that has ended."""
        kept = next(of_day[gate, start] for of_day in self._heard.values() if (gate, start) in of_day)
        return _with_bid(gate, kept, bids).rows

    def _day(self, interval: int) -> int:
        return int(self._inputs.period.day_of_interval[interval])

    def _gate_closure(self, view: GateView) -> pd.Timestamp:
        if view.gate == "day_ahead":
            midnight = view.start.tz_convert(self._inputs.period.timezone)
            hour, minute = divmod(self._inputs.period.iso.day_ahead_gate_minutes, 60)
            return (midnight - pd.DateOffset(days=1)).replace(hour=hour, minute=minute).tz_convert("UTC")
        return view.start - pd.Timedelta(minutes=self._inputs.scenario.market.gate_closure_minutes)

    def _with_what_followed(self, kept: Kept, trajectory: Trajectory) -> pa.Table:
        inputs, during = self._inputs, kept.intervals
        promised = Promises.of(inputs, trajectory, during)
        cleared = clears(inputs, kept.bid_price_usd_per_mwh, during).mean(axis=0)
        market = inputs.price[:, during].mean(axis=1)[inputs.layout.product]
        asked, delivered = (kw.sum(axis=0) * INTERVAL_HOURS for kw in (promised.asked_kw, promised.delivered_kw))
        return kept.followed_by((market, cleared, asked, delivered, promised.paid_usd.sum(axis=0)))


def _with_bid(gate: str, kept: Kept, bids: Sequence[Bid]) -> Kept:
    return kept.with_curve(bids[kept.window].curve) if gate == "real_time" else kept


def kept_homes(homes: int) -> Bools | None:
    """Of so many homes those whose messages are kept; None: all."""
    if homes <= MAX_HOMES:
        return None
    kept = np.zeros(homes, dtype=bool)
    kept[np.round(np.linspace(0, homes - 1, MAX_HOMES)).astype(np.intp)] = True
    return kept
