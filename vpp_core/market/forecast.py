"""What may be known of prices at each gate closure: quantiles of every window of the coming day and a half.

The forecast of a window is a base curve, corrected by what the latest published prices showed:

1. *Base.* What the price did at this time of day; where the target's day-ahead price is published, mixed with that
   price plus what real-time did relative to it at this time of day. Either way quantiles over the past days, with
   exponential forgetting, less weight for the other kind of day (weekday, weekend) and pseudo-observations of a
   climatological prior, which fade as days accumulate.
2. *Level.* Published prices of the last hours, relative to the base that was valid for them, shift the forecast: a
   fast part that dies out within hours and a slow part that carries on through the next day.
3. *Spread.* Quantiles keep the base's distance from its median, a little narrower at short lead times.

Used are real-time prices of intervals that ended by the gate closure, and day-ahead prices of local day D + 1, energy
and reserves alike, from the time on D at which the market publishes them (those of the first day from its start), and
nothing else. A reserve price that is published is its own forecast. One that is modelled on the real prices of its own
hour counts as published when that hour has ended, since it would give them away. A filled gap counts as not published.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import Period
from vpp_core.iso import PriceHabits
from vpp_core.market.experience import Memory, Prior, quantiles_from_experience
from vpp_core.market.forecast_error import forecast_error
from vpp_core.market.gates import HORIZON_HOURS, Gates
from vpp_core.scenario.market_rules import MarketRules

__all__ = ["HORIZON_HOURS", "PRODUCTS", "forecast_error", "price_forecast"]

Floats = npt.NDArray[np.float64]

DAY_AHEAD = "lmp_day_ahead_usd_per_mwh"
PRODUCTS = {"energy": "lmp_usd_per_mwh", "spin": "spin_usd_per_mw_h", "nonspin": "nonspin_usd_per_mw_h"}

PRICE_MEMORY = Memory()
SPREAD_MEMORY = Memory(forgetting=0.97, other_kind=0.6, neighbours=4, prior_days=1.5, slow_hours=3.0)
"""Of real-time relative to day-ahead: a steadier thing than the price."""
DAY_AHEAD_SHARE = 0.7
"""Weight of the day-ahead price's forecast against that of experience, where both exist: each errs in its own way."""


RESERVE_SHARES = (0.05, 0.3, 1.6)
"""10, 50 and 90 % quantile of a reserve price, as shares of what energy's median exceeds the price of no reserve by."""


class Priors(NamedTuple):
    """What a market's prices usually do (`Iso.habits`), as quantiles by local hour."""

    energy: Prior
    spread: Prior
    """real-time less day-ahead"""
    reserve: Prior
    """in log(1 + price)"""

    @classmethod
    def of(cls, habits: PriceHabits) -> Priors:
        """Make the quantiles that a forecast starts from.

        Parameters
        ----------
        habits : PriceHabits
            What the market's prices usually do.

        Returns
        -------
        Priors
            Quantiles by local hour, each of shape (24, 3).
        """
        median = np.array(habits.median_usd_per_mwh, dtype=float)
        around = np.array([-habits.below_usd_per_mwh, 0.0, habits.above_usd_per_mwh])
        worth = (median - habits.no_reserve_below_usd_per_mwh)[:, None] * np.array(RESERVE_SHARES)
        return cls(
            Prior(median[:, None] * [1, 1, 1] + around),
            Prior(np.tile(habits.spread_usd_per_mwh, (24, 1))),
            Prior(np.log1p(np.clip(worth, 0.05, None))),
        )


def price_forecast(market_prices: pd.DataFrame, period: Period, rules: MarketRules) -> pd.DataFrame:
    """Forecast the prices of each window of the next 36 h, at each gate closure and from published prices alone.

    Parameters
    ----------
    market_prices : pandas.DataFrame
        The period's rows of the table `market_prices`; what lies beyond is left out.
    period : Period
        T intervals. `Scenario.known_period` makes the forecasts of first days those of the month.
    rules : MarketRules
        Length of a window and of the time from gate closure to it [min].

    Returns
    -------
    pandas.DataFrame
        The table `price_forecast`: p10, p50 and p90 of energy [$/MWh] and of each reserve that has prices [$/MW-h].
        Rows are ordered by product, gate closure and window, so that a product's block reshapes to
        (windows, 36 h / window length). Windows may lie past the period's end.
    """
    market_prices = period.rows_of(market_prices)
    priors = Priors.of(period.iso.habits)
    grid = Gates(period, rules.window_minutes, rules.gate_closure_minutes)
    real_time, day_ahead = _published(market_prices, "lmp_usd_per_mwh"), _published(market_prices, DAY_AHEAD)
    settled = replace(grid, day_ahead=True)
    tables = {"energy": _energy(grid, priors, real_time, day_ahead)}
    for product in ("spin", "nonspin"):
        price = _published(market_prices, PRODUCTS[product])
        if np.isfinite(price).any():
            known = np.log1p(np.maximum(price, 0.0))
            if _modelled_on_real_time(market_prices, product):
                hourly = replace(grid, priced_minutes=60)
                expected = np.expm1(quantiles_from_experience(hourly, known, priors.reserve, PRICE_MEMORY))
                tables[product] = np.maximum(expected, 0.0)
                continue
            expected = np.expm1(quantiles_from_experience(settled, known, priors.reserve, PRICE_MEMORY))
            published = grid.published_day_ahead(price)[:, :, None]
            tables[product] = np.where(np.isfinite(published), published, np.maximum(expected, 0.0))
    return pd.concat([grid.rows(product, values) for product, values in tables.items()], ignore_index=True)


def _modelled_on_real_time(market_prices: pd.DataFrame, product: str) -> bool:
    """Whether a reserve price is modelled on real prices of its own hour, which it would give away a day ahead.

    Where the day-ahead price of an hour is known, it was modelled on that one, which is published no later.
    """
    columns = ("lmp_source", f"{product}_source")
    if not set(columns) <= set(market_prices):
        return False
    energy, reserve = (market_prices[column].astype(str) for column in columns)
    alone = market_prices[DAY_AHEAD].isna() if DAY_AHEAD in market_prices else True
    return bool(((reserve == "synthetic") & (energy != "synthetic") & alone).any())


def _published(market_prices: pd.DataFrame, column: str) -> Floats:
    """A price as it was published, NaN where it was not: a filled gap is drawn towards the price after it."""
    price: Floats = market_prices[column].to_numpy(dtype=float)
    source = f"{column.partition('_usd_per_')[0]}_source"
    return np.where(market_prices[source] == "filled", np.nan, price) if source in market_prices else price


def _energy(grid: Gates, priors: Priors, real_time: Floats, day_ahead: Floats) -> Floats:
    """Quantiles of the real-time price, (W, K, 3)."""
    plain = quantiles_from_experience(grid, real_time, priors.energy, PRICE_MEMORY)
    if not np.isfinite(day_ahead).any():
        return plain
    published = grid.published_day_ahead(day_ahead)[:, :, None]
    spread = quantiles_from_experience(grid, real_time - day_ahead, priors.spread, SPREAD_MEMORY)
    informed = DAY_AHEAD_SHARE * (published + spread) + (1 - DAY_AHEAD_SHARE) * plain
    return np.where(np.isfinite(published), informed, plain)
