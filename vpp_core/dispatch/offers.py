"""What each store can be asked for in a window and what that costs: one pricing for every gate-closure strategy.

An offer is a column: the most that a store may be asked for in any interval of the window, on its expected path, and
what a kWh of it costs. The household's own cost is the rise of its bill, now and later, and wear; its reservation price
is that, where preferences are obeyed at least the compensation owed for what a battery or a car gives and what is asked
for moving a car's charging, and never below zero: where it expects its bill to fall, it keeps that. The rebound is what
the moved energy costs or brings at wholesale later on, which is the VPP's. Costs and prices of purchases carry a minus
sign here ("signed"), so that more is dearer for the VPP in both directions.

Who maximises what all have together counts as rebound what the plan's values add to the household's own cost, bills
included. An aggregator that maximises its own profit has nothing of a bill: its rebound is what the market pays or
takes later.

Who commands counts a bill's fall too: a segment's price is marginal cost, bill change included, and what is owed above
it. Who negotiates asks of the market what was agreed, and no bill's fall makes up for it.

What a store gives at a price within its offer follows from the plan, interval by interval (`response`): the column's
price is its average, for whoever weighs whole columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.dispatch.knowledge import USD_PER_KWH
from vpp_core.fleet.fleet import Floats
from vpp_core.market.distribution import expected_gain_above, expected_gain_below, probability_above
from vpp_core.market.segments import Layout, later_usd_per_mwh

SMALLEST_KW = 1e-3
SMALLEST_GAIN_USD_PER_KW = 1e-5


@dataclass(frozen=True)
class Offers:
    """Largest segment of each column of the layout, and what it costs, shape (K,). Prices are signed.

    Per MWh of energy, per MW-h of reserve held. Spin and non-spin are offers of the same power.
    """

    quantity_kw: Floats
    own_usd_per_mwh: Floats
    """the household's own cost"""
    reservation_usd_per_mwh: Floats
    """own cost, or what is owed where that is more"""
    rebound_usd_per_mwh: Floats
    """what the moved energy costs later on: the VPP and its homes together, or the VPP alone where it maximises its own
    profit"""
    plan_rebound_usd_per_mwh: Floats
    """what the plan's values add to the own cost, homes' bills included"""
    moved_share: Floats
    """of what is sold of a store, what is moved by it: 1 but for charging that had been held off before"""
    call_usd_per_mwh: Floats
    """what a home is paid for a MWh that a call delivers, shape (S,)"""
    counts_bills: bool = True
    """true: where a home's bill falls by being asked, that counts against what it is paid"""
    not_kept_usd_per_mwh: Floats | float = -np.inf
    """of what the forecast counts for programmes, what the VPP does not have: the households' share, and all of it for
    a store that is not measured; −∞ where that is no matter"""

    def later_usd_per_mwh(self, layout: Layout) -> Floats:
        """What a segment's price adds to what is agreed (signed); at least what of its worth the VPP does not have."""
        later = later_usd_per_mwh(layout.direction, self.rebound_usd_per_mwh)
        if self.counts_bills:
            later = later + np.minimum(self.own_usd_per_mwh, 0.0)
        return np.maximum(later, self.not_kept_usd_per_mwh)

    @classmethod
    def of_energy(
        cls,
        layout: Layout,
        quantity_kw: Floats,
        own: Floats,
        total: Floats,
        compensation_usd_per_kwh: Floats,
        moving_usd_per_kwh: Floats,
        moved_share: Floats,
        counts_bills: bool = True,
        rebound: Floats | None = None,
    ) -> Offers:
        """Offers of energy from quantities and costs [$/kWh] of selling, giving and buying, each (3, S).

        `rebound` (3, S): what an aggregator for its own profit counts [$/kWh]; none: what the plan's values add.

        Owed at least, (S,): `compensation_usd_per_kwh` for what is given, `moving_usd_per_kwh` for charging that is
        moved, which is `moved_share` of what is held off.
        """
        nothing = np.zeros(layout.stores)
        owed = np.zeros(len(layout))
        owed[layout.sell] = np.where(layout.follows_meter, compensation_usd_per_kwh, moving_usd_per_kwh * moved_share)
        owed[layout.give] = compensation_usd_per_kwh
        moved = np.ones(len(layout))
        moved[layout.sell] = np.where(layout.follows_meter, 1.0, moved_share)

        def columns(values: Floats) -> Floats:
            return np.concatenate([values[0], values[2], nothing, nothing, values[1]])

        own_usd = columns(own) / USD_PER_KWH
        by_plan = columns(total) / USD_PER_KWH - own_usd
        quantity = columns(quantity_kw)
        return cls(
            quantity_kw=np.where(quantity >= SMALLEST_KW, quantity, 0.0),
            own_usd_per_mwh=own_usd,
            reservation_usd_per_mwh=np.maximum(own_usd, owed / USD_PER_KWH),
            rebound_usd_per_mwh=by_plan if rebound is None else columns(rebound) / USD_PER_KWH,
            plan_rebound_usd_per_mwh=by_plan,
            moved_share=moved,
            call_usd_per_mwh=nothing,
            counts_bills=counts_bills,
        )

    @classmethod
    def of_reserve(
        cls,
        layout: Layout,
        quantity_kw: Floats,
        sold: tuple[bool, bool],
        call_usd_per_mwh: Floats,
        called_share: float,
        energy_usd_per_mwh: float,
    ) -> Offers:
        """Offers of reserve from the power that each store is expected to be able to hold (S,).

        Holding it costs a home nothing; what a call delivers is paid apart. `sold`: whether spin, non-spin have a
        price; `called_share` of the time reserves are called.
        """
        quantity, rebound = np.zeros(len(layout)), np.zeros(len(layout))
        quantity_kw = np.where(quantity_kw >= SMALLEST_KW, quantity_kw, 0.0)
        cost = called_share * np.maximum(call_usd_per_mwh - energy_usd_per_mwh, 0.0)
        for has_price, row in zip(sold, (layout.spin, layout.nonspin), strict=True):
            quantity[row] = quantity_kw if has_price else 0.0
            rebound[row] = cost
        nothing = np.zeros(len(layout))
        return cls(quantity, nothing, nothing, rebound, rebound, np.ones(len(layout)), call_usd_per_mwh)


@dataclass(frozen=True)
class Prospects:
    """What segments at given prices are expected to bring, shape (K,)."""

    price_usd_per_mwh: Floats
    """as submitted, unsigned"""
    surplus_usd_per_kw: Floats
    """expected surplus of a kW over the window: over true cost, not over what is paid"""
    profit_usd_per_kw: Floats
    """the VPP's part of it: over what is paid and costs later"""
    clearing_probability: Floats


def prospects(layout: Layout, offers: Offers, agreed_usd_per_mwh: Floats, forecast: Floats, hours: float) -> Prospects:
    """Segment prices that never lose on what was agreed (signed), and what they bring at the forecast (3, 3)."""
    p10, p50, p90 = np.nan_to_num(forecast)[layout.product].T
    sells = layout.direction > 0
    price = layout.direction * (agreed_usd_per_mwh + offers.later_usd_per_mwh(layout))
    gain = np.where(sells, expected_gain_above(p10, p50, p90, price), expected_gain_below(p10, p50, p90, price))
    above = probability_above(p10, p50, p90, price)
    clears = np.where(sells, above, 1 - above)
    over_cost = layout.direction * price - offers.own_usd_per_mwh - offers.plan_rebound_usd_per_mwh
    # A store is asked only at prices at which it gains, so that its whole offer never costs anything.
    surplus = np.maximum((gain + clears * over_cost) * USD_PER_KWH * hours, SMALLEST_GAIN_USD_PER_KW)
    return Prospects(price, surplus, gain * USD_PER_KWH * hours, clears)


def markups_usd_per_kwh(layout: Layout, offers: Offers, agreed_usd_per_mwh: Floats) -> Floats:
    """What agreed prices (signed) are above own cost, of selling, giving and buying, shape (3, S) [$/kWh].

    Where a home's bill falls by being asked, it keeps that. Who counts bills has it all the same. For who does not,
    what is agreed has to be paid by the market, but for what the home would have had later by the plan: an hour of high
    export credits is no reason to sell in its first quarter rather than in its last. Dispatch goes by the plan's
    values: what the strategy's rebound differs from theirs comes on top.
    """
    own, by_plan = offers.own_usd_per_mwh, offers.plan_rebound_usd_per_mwh
    kept = np.zeros_like(own) if offers.counts_bills else np.minimum(np.maximum(own, own + by_plan), 0.0)
    above = np.maximum(agreed_usd_per_mwh - np.where(own < 0, kept, own), 0.0)
    above = np.maximum(above + (offers.rebound_usd_per_mwh - by_plan), 0.0) * USD_PER_KWH
    return np.stack([above[layout.sell], np.maximum(above[layout.give], above[layout.sell]), above[layout.buy]])
