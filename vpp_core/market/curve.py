"""The bid of an aggregation for one window: a price–quantity curve per direction, which clears interval by interval.

A sale clears up to the last segment whose price is not above the realised price, a purchase up to the last whose price
is not below it. Prices are levels of the forecast, ten of them as CAISO and ERCOT allow ten segments.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vpp_core.fleet.fleet import Floats
from vpp_core.iso import DEFAULT, Iso
from vpp_core.market.distribution import quantile
from vpp_core.scenario import MarketRules

_PROBABILITIES = (0.1, 0.5, 0.95)
_SHARES = (0.05, 0.25, 0.45, 0.65, 0.85, 0.97)


@dataclass(frozen=True)
class Curve:
    """Cumulative quantities [kW] by price level [$/MWh] for A aggregations; prices ascending."""

    sell_usd_per_mwh: Floats
    """shape (P,)"""
    sell_kw: Floats
    """for sale at that price or above, shape (A, P), not falling"""
    buy_usd_per_mwh: Floats
    buy_kw: Floats
    """bid for at that price or below, shape (A, P), not rising"""

    def __repr__(self) -> str:
        sides = (
            ("sell", self.sell_total_kw, self.mean_sell_usd_per_mwh),
            ("buy", self.buy_total_kw, self.mean_buy_usd_per_mwh),
        )
        told = ", ".join(f"{side} {kw.sum():,.1f} kW at {usd:,.2f} $/MWh" for side, kw, usd in sides if kw.sum() > 0)
        many = f" by {len(self.sell_kw)} aggregations" if len(self.sell_kw) > 1 else ""
        return f"<Curve {told or 'of no bid'}{many}>"

    @classmethod
    def none(cls, aggregations: int) -> Curve:
        """Make the curve of no bid.

        Parameters
        ----------
        aggregations : int
            A, how many aggregations bid nothing.

        Returns
        -------
        Curve
            Without a price level.
        """
        nothing = np.zeros((aggregations, 0))
        return cls(np.zeros(0), nothing, np.zeros(0), nothing)

    def cleared(self, price_usd_per_mwh: float) -> tuple[Floats, Floats]:
        """Find what clears at a realised price.

        Parameters
        ----------
        price_usd_per_mwh : float
            The price of an interval [$/MWh].

        Returns
        -------
        sold_kw, bought_kw : array of float
            Power of each aggregation [kW], shape (A,).
        """
        none = np.zeros(len(self.sell_kw))
        sold = int(np.searchsorted(self.sell_usd_per_mwh, price_usd_per_mwh, side="right")) - 1
        bought = int(np.searchsorted(self.buy_usd_per_mwh, price_usd_per_mwh, side="left"))
        return (
            self.sell_kw[:, sold] if sold >= 0 else none,
            self.buy_kw[:, bought] if bought < len(self.buy_usd_per_mwh) else none,
        )

    @property
    def sell_total_kw(self) -> Floats:
        """Offered at the highest price, shape (A,)."""
        return self.sell_kw[:, -1] if self.sell_kw.shape[1] else np.zeros(len(self.sell_kw))

    @property
    def buy_total_kw(self) -> Floats:
        """Bid for at the lowest price, shape (A,)."""
        return self.buy_kw[:, 0] if self.buy_kw.shape[1] else np.zeros(len(self.buy_kw))

    @property
    def mean_sell_usd_per_mwh(self) -> float:
        """Mean price of what is offered, weighted by quantity; NaN where nothing is."""
        return _mean_price(self.sell_usd_per_mwh, np.diff(self.sell_kw.sum(axis=0), prepend=0.0))

    @property
    def mean_buy_usd_per_mwh(self) -> float:
        """Mean price of what is bid for."""
        return _mean_price(self.buy_usd_per_mwh, -np.diff(self.buy_kw.sum(axis=0), append=0.0))


def _mean_price(price: Floats, quantity_kw: Floats) -> float:
    total = float(quantity_kw.sum())
    return float(price @ quantity_kw) / total if total > 0 else float("nan")


def levels(
    quantiles: Floats, thresholds_usd_per_mwh: Floats, weight: Floats, iso: Iso = DEFAULT
) -> tuple[Floats, Floats]:
    """Price levels of sale and purchase, each ascending.

    They lie where prices are expected (p10, p50, p90), and where the fleet's stores begin to move: quantiles of the
    prices at which they would, weighted by power. The ends are the market's lowest and highest bid: sold and bought
    whatever the price.

    Parameters
    ----------
    quantiles : array of float
        p10, p50 and p90 of the price [$/MWh], shape (3,).
    thresholds_usd_per_mwh : array of float
        Prices at which stores begin to move [$/MWh], shape (n,).
    weight : array of float
        Power that moves at each [kW], shape (n,).
    iso : Iso, optional
        The market; by default the default market.

    Returns
    -------
    sell_usd_per_mwh, buy_usd_per_mwh : array of float
        Levels [$/MWh], shape (P,).
    """
    p10, p50, p90 = quantiles
    expected = quantile(p10, p50, p90, np.array(_PROBABILITIES))
    order = np.argsort(thresholds_usd_per_mwh, kind="stable")
    reach = np.cumsum(weight[order])
    own = np.zeros(0)
    if len(reach) and reach[-1] > 0:
        at = np.searchsorted(reach, np.array(_SHARES) * reach[-1])
        own = thresholds_usd_per_mwh[order][np.minimum(at, len(order) - 1)]
    lowest, highest = iso.lowest_bid_usd_per_mwh, iso.highest_bid_usd_per_mwh
    between = np.round(np.clip(np.concatenate([expected, own]), lowest, highest), 2)
    between = np.unique(between)
    return np.concatenate([[lowest], between]), np.concatenate([between, [highest]])


def held_to_size(curve: Curve, rules: MarketRules) -> tuple[Curve, bool]:
    """Hold a curve to the market's sizes of bids.

    The fleet is `rules.fleet_share` of each aggregation, whose rest behaves alike: minimum and maximum are the
    aggregation's, so its share of them holds here.

    Parameters
    ----------
    curve : Curve
        What the fleet would bid.
    rules : MarketRules
        Smallest and largest bid [MW], and the fleet's share.

    Returns
    -------
    curve : Curve
        What may be bid.
    below_minimum : bool
        Whether something was offered, but too little for a bid.
    """
    least = rules.minimum_bid_mw * 1000 * rules.fleet_share * (1 - 1e-9)
    most = rules.maximum_bid_mw * 1000 * rules.fleet_share
    sell, sell_below = _sized(curve.sell_kw, curve.sell_total_kw, least, most)
    buy, buy_below = _sized(curve.buy_kw, curve.buy_total_kw, least, most)
    return Curve(curve.sell_usd_per_mwh, sell, curve.buy_usd_per_mwh, buy), sell_below or buy_below


def _sized(quantity_kw: Floats, total_kw: Floats, min_kw: float, max_kw: float) -> tuple[Floats, bool]:
    below = (total_kw > 0) & (total_kw < min_kw)
    return np.where(below[:, None], 0.0, np.minimum(quantity_kw, max_kw)), bool(below.any())
