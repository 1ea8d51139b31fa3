"""Measures of a forecast: mean absolute error, pinball loss and coverage, beside yesterday's price as a yardstick."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import INTERVAL, INTERVAL_MINUTES
from vpp_core.market.experience import QUANTILES
from vpp_core.market.gates import SLOTS

Floats = npt.NDArray[np.float64]


def forecast_error(forecast: pd.DataFrame, market_prices: pd.DataFrame) -> dict[str, float]:
    """How good the energy forecast was, over all targets inside the period and all their 15-minute prices.

    Keys: `mae_usd_per_mwh` of the median, `pinball_usd_per_mwh` (mean over the three quantiles), `coverage_p10_p90`
    (0.8 is right), the errors of taking the latest known price of the same time of day (`yesterday_…`) and the
    forecast's own on the same intervals (`comparable_…`), and `targets`, the number of prices compared.
    """
    energy = forecast[forecast["product"] == "energy"]
    price = market_prices.set_index("timestamp")["lmp_usd_per_mwh"]
    starts = pd.DatetimeIndex(energy["timestamp"])
    gaps = np.diff(np.unique(starts.asi8))
    length = int(gaps.min() // 60_000_000) // INTERVAL_MINUTES if len(gaps) else 4
    errors = _Errors()
    issued = pd.DatetimeIndex(energy["issued_at"])
    first = price.index[0]
    values = price.to_numpy(dtype=float)
    position = ((starts - first) // INTERVAL).to_numpy()
    gate = ((issued - first) // INTERVAL).to_numpy()
    quantiles = energy[["p10", "p50", "p90"]].to_numpy(dtype=float)
    for step in range(length):
        at = position + step
        inside = at < len(values)
        past = at - SLOTS * np.maximum(1, np.ceil((at + 1 - gate) / SLOTS).astype(np.intp))
        comparable = inside & (past >= 0)
        errors.add(
            values[at[inside]],
            quantiles[inside],
            values[at[comparable]],
            values[past[comparable]],
            quantiles[comparable],
        )
    return errors.summary()


class _Errors:
    """Sums of errors over intervals."""

    def __init__(self) -> None:
        self._sums = np.zeros(7)
        self._counts = np.zeros(2)

    def add(
        self, price: Floats, quantiles: Floats, comparable: Floats, yesterday: Floats, quantiles_comparable: Floats
    ) -> None:
        known = np.isfinite(price)
        price, quantiles = price[known], quantiles[known]
        both = np.isfinite(comparable) & np.isfinite(yesterday)
        comparable, yesterday, ours = comparable[both], yesterday[both], quantiles_comparable[both]
        self._sums += (
            np.abs(price - quantiles[:, 1]).sum(),
            _pinball(price, quantiles).sum(),
            ((price >= quantiles[:, 0]) & (price <= quantiles[:, 2])).sum(),
            np.abs(comparable - yesterday).sum(),
            _pinball(comparable, np.repeat(yesterday[:, None], 3, axis=1)).sum(),
            np.abs(comparable - ours[:, 1]).sum(),
            _pinball(comparable, ours).sum(),
        )
        self._counts += len(price), len(comparable)

    def summary(self) -> dict[str, float]:
        count, comparable = np.maximum(self._counts, 1)
        mae, pinball, covered, mae_then, pinball_then, mae_there, pinball_there = self._sums
        figures = {
            "mae_usd_per_mwh": mae / count,
            "pinball_usd_per_mwh": pinball / count,
            "coverage_p10_p90": covered / count,
            "yesterday_mae_usd_per_mwh": mae_then / comparable,
            "yesterday_pinball_usd_per_mwh": pinball_then / comparable,
            "comparable_mae_usd_per_mwh": mae_there / comparable,
            "comparable_pinball_usd_per_mwh": pinball_there / comparable,
            "targets": self._counts[0],
        }
        return {name: float(figure) for name, figure in figures.items()}


def _pinball(price: Floats, quantiles: Floats) -> Floats:
    """Mean over the quantiles of the pinball loss, per price."""
    distance = price[:, None] - quantiles
    levels = np.array(QUANTILES)
    return np.maximum(levels * distance, (levels - 1) * distance).mean(axis=1)
