"""What stores were asked for after a negotiation, what they delivered of it, and what their homes were paid.

Columns of the layout, shape (K,), summed over intervals: energy in kWh, of reserve power held times hours. What was
asked and not delivered is a promise broken. All that a household is paid is paid for one of these columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.fleet import Bools, Floats
from vpp_core.market.inputs import Inputs
from vpp_core.settlement.books import Delivered, undeliverable_kw
from vpp_core.settlement.trajectory import Trajectory


@dataclass(frozen=True)
class Promises:
    """Interval by interval and column, shape (L, K); power in kW."""

    asked_kw: Floats
    delivered_kw: Floats
    paid_usd: Floats

    @classmethod
    def of(cls, inputs: Inputs, trajectory: Trajectory, during: slice) -> Promises:
        """Of some intervals that make whole windows."""
        part = trajectory.during(during)
        delivered = Delivered.of(part)
        held_off = part.award_kw - part.give_award_kw
        sells, buys, gives = held_off > 0, held_off < 0, part.give_award_kw > 0
        short = undeliverable_kw(inputs, part, during)
        with np.errstate(divide="ignore", invalid="ignore"):
            deliverable = np.where(part.reserve_kw > 0, 1 - short / part.reserve_kw, 0.0)
            is_spin = np.where(part.reserve_kw > 0, part.spin_kw / part.reserve_kw, 0.0)
        give_usd = part.give_agreed_usd_per_kwh * delivered.given_kw
        energy_usd = part.agreed_usd_per_kwh * delivered.held_kw
        call_usd = part.call_agreed_usd_per_kwh * delivered.call_kw
        spin_usd = deliverable * part.spin_agreed_usd_per_kw_h * part.spin_kw + is_spin * call_usd
        nonspin_usd = deliverable * part.nonspin_agreed_usd_per_kw_h * part.nonspin_kw + (1 - is_spin) * call_usd
        missed = part.missed_kw  # of V2G, too, told as charging held off: which of both was asked is not kept
        layout = inputs.layout
        asked, given, paid = (np.zeros((len(held_off), len(layout))) for _ in range(3))
        for columns, where, wanted, done, usd in (
            (layout.sell, sells | (missed > 0), held_off + missed, delivered.held_kw, energy_usd),
            (layout.buy, buys | (missed < 0), -held_off - missed, -delivered.held_kw, energy_usd),
            (layout.give, gives, part.give_award_kw, delivered.given_kw, give_usd),
            (layout.spin, part.spin_kw > 0, part.spin_kw, part.spin_kw * deliverable, spin_usd),
            (layout.nonspin, part.nonspin_kw > 0, part.nonspin_kw, part.nonspin_kw * deliverable, nonspin_usd),
        ):
            for target, values in ((asked, wanted), (given, done), (paid, usd * INTERVAL_HOURS)):
                target[:, columns] = np.where(where, values, 0.0)
        return cls(asked, given, paid)  # fmt: skip


def clears(inputs: Inputs, price_usd_per_mwh: Floats, intervals: slice) -> Bools:
    """Whether the realised price of each interval pays what each column is bid at (K,), shape (L, K)."""
    layout = inputs.layout
    realised = inputs.price[:, intervals][layout.product].T
    with np.errstate(invalid="ignore"):
        paid: Bools = layout.direction * realised >= layout.direction * price_usd_per_mwh
    return paid
