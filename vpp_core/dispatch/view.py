"""What a strategy sees at a gate closure, and nothing more: the seam between the simulation and a strategy.

All arrays are read-only. Power is in kW, giving or exporting positive; energy in kWh stored; money per kWh in `stages`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from vpp_core.dispatch.offers import Offers
from vpp_core.fleet.fleet import Fleet, Floats
from vpp_core.market.decision import Decision
from vpp_core.market.segments import ENERGY, NONSPIN, SPIN, Layout, Segments
from vpp_core.scenario import Scenario

if TYPE_CHECKING:
    from vpp_core.dispatch.columns import Homes, Stages, StoreColumns


@dataclass(frozen=True)
class GateView:
    """All that a strategy may know at a gate closure."""

    gate: Literal["real_time", "day_ahead"]
    """real time: energy of one window; day ahead: reserves of one local day"""
    window: int
    """the window, or the first one of the day"""
    start: pd.Timestamp
    hours: float
    """length of the window, or of the day"""
    forecast: Floats
    """p10, p50, p90 of the price by product, shape (3, 3): energy in $/MWh, spin and non-spin in $/MW-h (NaN where none
    can be sold); of the window, or on average over the day"""
    offers: Offers
    """what stores can be asked for, at own cost, within what this strategy is permitted"""
    layout: Layout
    fleet: Fleet
    scenario: Scenario
    devices: tuple[str, ...]
    """what each store is (`fleet.kinds`), shape (S,)"""
    stores: StoreColumns
    """limits of its own stores, as far as it may use them"""
    homes: Homes
    reliability: Floats
    """what each home is expected to keep of its promises, by those it kept so far, 0 to 1, shape (N,)"""
    energy_kwh: Floats
    """expected in each store at the window's start, shape (S,)"""
    stages: Stages
    """prices, tariff, load and sun, and what stores are plugged in, by quarter hour over the horizon"""
    first_stage: int
    """the window's first stage"""
    stage_count: int
    """quarter hours of the window"""

    def __repr__(self) -> str:
        what = "energy of a window" if self.gate == "real_time" else "reserves of a day"
        return (
            f"<GateView {self.gate}: {what} from {self.local_start:%Y-%m-%d %H:%M}, {self.hours:g} h, "
            f"p50 {self.forecast[ENERGY, 1]:,.2f} $/MWh, {len(self.fleet):,} homes, {len(self.devices):,} stores>"
        )

    @property
    def timezone(self) -> str:
        """The time zone of the market's days."""
        return self.scenario.operator.timezone

    @property
    def local_start(self) -> pd.Timestamp:
        """The start as the market's clock shows it."""
        return self.start.tz_convert(self.timezone)

    @property
    def products(self) -> tuple[int, ...]:
        """What is bid for at this gate: energy, or the reserves that have a price."""
        if self.gate == "real_time":
            return (ENERGY,)
        return tuple(product for product in (SPIN, NONSPIN) if np.isfinite(self.forecast[product]).all())

    @property
    def minimum_bid_kw(self) -> float:
        """The fleet's part of the aggregation's smallest bid."""
        return self.scenario.market.minimum_bid_mw * 1000 * self.scenario.market.fleet_share

    def asked(self, quantity_kw: Floats, agreed_usd_per_mwh: Floats) -> Segments:
        """Segments within the offers, at prices agreed.

        Parameters
        ----------
        quantity_kw : array of float
            Power asked for of each column of `layout` [kW], shape (K,); what is beyond the offer is cut.
        agreed_usd_per_mwh : array of float
            What homes are paid for it, signed [$/MWh], shape (K,); below a home's own cost its own cost holds.

        Returns
        -------
        Segments
            Shape (K,).
        """
        quantity = np.clip(quantity_kw, 0.0, self.offers.quantity_kw)
        agreed = np.maximum(agreed_usd_per_mwh, self.offers.own_usd_per_mwh)
        unsigned = self.layout.direction * agreed
        return Segments(quantity, unsigned, unsigned, self.offers.call_usd_per_mwh)

    def everything(self) -> Segments:
        """All that is offered, at the households' reservation prices.

        Returns
        -------
        Segments
            Shape (K,).
        """
        return self.asked(self.offers.quantity_kw, self.offers.reservation_usd_per_mwh)

    def nothing(self) -> Decision:
        """Decide for no bid.

        Returns
        -------
        Decision
            Without a segment.
        """
        return Decision(Segments.none(self.layout))

    def schedule(self, power_kw: Floats) -> Decision:
        """Decide for a power of each store in each quarter hour of the window, whatever the price.

        The fleet sells and buys the difference to their defaults as a price taker; homes are paid their reservation
        prices. Limits and preferences hold all the same.

        Parameters
        ----------
        power_kw : array of float
            Power of each store [kW], giving positive, shape (L, S); NaN leaves a store alone.

        Returns
        -------
        Decision
            A schedule.
        """
        return Decision(self.everything(), schedule_kw=power_kw)

    def sell(self, store_kw: Floats, agreed_usd_per_mwh: float | None = None) -> Decision:
        """Decide that stores may be asked to give, or to hold off charging.

        Parameters
        ----------
        store_kw : array of float
            At most so much of each store [kW], shape (S,).
        agreed_usd_per_mwh : float, optional
            What homes are paid [$/MWh], where it is more than their reservation price; by default that.

        Returns
        -------
        Decision
            Sales, nothing else.
        """
        return self._decide(self.layout.sell, store_kw, agreed_usd_per_mwh)

    def buy(self, store_kw: Floats, agreed_usd_per_mwh: float | None = None) -> Decision:
        """Decide that stores may be asked to charge more.

        Parameters
        ----------
        store_kw : array of float
            At most so much more of each store [kW], shape (S,).
        agreed_usd_per_mwh : float, optional
            What homes are paid [$/MWh], signed, where it is more than their reservation price; by default that.

        Returns
        -------
        Decision
            Purchases, nothing else.
        """
        return self._decide(self.layout.buy, store_kw, agreed_usd_per_mwh)

    def _decide(self, row: slice, store_kw: Floats, agreed_usd_per_mwh: float | None) -> Decision:
        quantity = np.zeros(len(self.layout))
        quantity[row] = store_kw
        agreed = self.offers.reservation_usd_per_mwh
        if agreed_usd_per_mwh is not None:
            agreed = np.maximum(agreed, agreed_usd_per_mwh)
        return Decision(self.asked(quantity, agreed))
