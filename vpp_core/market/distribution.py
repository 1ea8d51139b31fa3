"""A price known by three quantiles: how likely a segment clears, and what it then earns.

Between p10, p50 and p90 the distribution function is linear; beyond them the tails are Pareto with index 2
(P(X > x) = 0.1 / (1 + (x − p90) / (p90 − p50))², and mirrored below), because real-time prices spike far above any
exponential tail. All functions take numbers or arrays, in one unit of price.
"""

from __future__ import annotations

from typing import Any

import numpy as np

SMALLEST_SPREAD = 0.5
"""Half-widths below this [$/MWh] are widened to it: no forecast is certain."""


def probability_above(p10: Any, p50: Any, p90: Any, price: Any) -> Any:
    """P(X ≥ price)."""
    high = np.maximum(p90 - p50, SMALLEST_SPREAD)
    low = np.maximum(p50 - p10, SMALLEST_SPREAD)
    over = np.maximum(price - (p50 + high), 0.0)
    under = np.maximum((p50 - low) - price, 0.0)
    upper = 0.4 * np.minimum(np.maximum(p50 + high - price, 0.0), high) / high
    lower = 0.4 * np.minimum(np.maximum(p50 - price, 0.0), low) / low
    return 0.1 / (1 + over / high) ** 2 + upper + lower + 0.1 * (1 - 1 / (1 + under / low) ** 2)


def expected_gain_above(p10: Any, p50: Any, p90: Any, price: Any) -> Any:
    """E[max(X − price, 0)]: what a unit offered for sale at `price` earns above it.

    The integral of `probability_above` from `price` upward, part by part.
    """
    high = np.maximum(p90 - p50, SMALLEST_SPREAD)
    low = np.maximum(p50 - p10, SMALLEST_SPREAD)
    over = np.maximum(price - (p50 + high), 0.0)
    under = np.maximum((p50 - low) - price, 0.0)
    upper_width = np.minimum(np.maximum(p50 + high - price, 0.0), high)
    lower_width = np.minimum(np.maximum(p50 - price, 0.0), low)
    tail = 0.1 * high / (1 + over / high)
    upper = upper_width * (0.1 + 0.2 * upper_width / high)
    lower = lower_width * (0.5 + 0.2 * lower_width / low)
    lowest = under - 0.1 * (low - low / (1 + under / low))
    return tail + upper + lower + lowest


def expected_gain_below(p10: Any, p50: Any, p90: Any, price: Any) -> Any:
    """E[max(price − X, 0)]: what a unit bid for at `price` saves below it."""
    return expected_gain_above(-p90, -p50, -p10, -price)


def quantile(p10: Any, p50: Any, p90: Any, probability: Any) -> Any:
    """The price that lies above a share `probability` of outcomes: the inverse of 1 − `probability_above`."""
    high = np.maximum(p90 - p50, SMALLEST_SPREAD)
    low = np.maximum(p50 - p10, SMALLEST_SPREAD)
    upper_tail = p50 + high + high * (np.sqrt(0.1 / np.maximum(1 - probability, 1e-12)) - 1)
    lower_tail = p50 - low - low * (np.sqrt(0.1 / np.maximum(probability, 1e-12)) - 1)
    middle = p50 + np.where(probability >= 0.5, high, low) * (probability - 0.5) / 0.4
    return np.where(probability > 0.9, upper_tail, np.where(probability < 0.1, lower_tail, middle))
