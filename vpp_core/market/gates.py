"""Gate closures and the windows each looks at: which price is published when, as whole arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import INTERVAL, INTERVAL_MINUTES, Period

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

HORIZON_HOURS = 38
"""From a window on: at least 36 h, and at 10:00 as far as the end of the next day, for which reserves are bid."""
SLOTS = 24 * 60 // INTERVAL_MINUTES
"""Intervals of a day without clock change."""


@dataclass(frozen=True)
class Gates:
    """Gate closures and the windows each looks at: W gates, K windows ahead, H windows of a local day."""

    period: Period
    window_minutes: int
    gate_closure_minutes: int
    priced_minutes: int = INTERVAL_MINUTES
    """how long a price holds: it counts as published when that time has ended"""
    day_ahead: bool = False
    """whether the price is settled day ahead: that of local day D + 1 is published on D, when the market does so"""

    @property
    def length(self) -> int:
        return self.window_minutes // INTERVAL_MINUTES

    @property
    def ahead(self) -> int:
        return HORIZON_HOURS * 60 // self.window_minutes

    @property
    def days(self) -> int:
        """Local days of the period."""
        return int(self.period.day_of_interval[-1]) + 1

    def sampled(self, neighbours: int) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Slots (day · 96 + slot of day) that speak for each day and window of the day, and which of them exist.

        Shapes (D, H, window length + 2 · neighbours).
        """
        first = np.arange(self.days)[:, None] * SLOTS + np.arange(SLOTS // self.length)[None, :] * self.length
        position = first[:, :, None] + np.arange(-neighbours, self.length + neighbours)
        inside = (position >= 0) & (position < self.days * SLOTS)
        return np.clip(position, 0, self.days * SLOTS - 1), inside

    @cached_property
    def first(self) -> Ints:
        """Position of each window's first interval, (W,)."""
        return np.arange(len(self.period.windows(self.window_minutes)), dtype=np.intp) * self.length

    @cached_property
    def gate(self) -> Ints:
        """Of how many intervals the price is published by each gate closure, (W,); negative before the period."""
        if not self.day_ahead:
            held = self.priced_minutes // INTERVAL_MINUTES
            return (self.first - self.gate_closure_minutes // INTERVAL_MINUTES) // held * held
        local = self.issued_at.tz_convert(self.period.timezone)
        published = local.normalize() + pd.to_timedelta(
            np.where(local.hour * 60 + local.minute >= self.period.iso.day_ahead_published_minutes, 2, 1), unit="D"
        )
        days = pd.DatetimeIndex([pd.Timestamp(day) for day in self.period.days])
        known = np.searchsorted(days, published.tz_localize(None))
        ends = np.append(np.searchsorted(self.period.day_of_interval, np.arange(len(days))), len(self.period))
        # The first day's prices are known from its start.
        return np.asarray(ends[np.maximum(known, 1)], dtype=np.intp)

    @cached_property
    def starts(self) -> pd.DatetimeIndex:
        """Starts of the period's windows and of those up to 36 h past its end [UTC]."""
        count = len(self.first) + self.ahead
        return pd.date_range(self.period.timestamps[0], periods=count, freq=INTERVAL * self.length, unit="us")

    @cached_property
    def target(self) -> Ints:
        """Position in `starts` of each target, (W, K)."""
        return np.arange(len(self.first))[:, None] + np.arange(self.ahead)[None, :]

    @cached_property
    def window_of_day(self) -> Ints:
        """For each of `starts`, its window of the local day."""
        local = self.starts.tz_convert(self.period.timezone)
        return np.asarray((local.hour * 60 + local.minute) // self.window_minutes, dtype=np.intp)

    @cached_property
    def weekend(self) -> Ints:
        """For each of `starts`, 1 on a weekend."""
        return np.asarray(self.starts.tz_convert(self.period.timezone).dayofweek >= 5, dtype=np.intp)

    @cached_property
    def lead_hours(self) -> Floats:
        """From gate closure to the middle of each target, (K,) [h]."""
        return (self.gate_closure_minutes + (np.arange(self.ahead) + 0.5) * self.window_minutes) / 60

    def published_day_ahead(self, day_ahead: Floats) -> Floats:
        """Mean day-ahead price of each target where it is published at the gate closure, else NaN, (W, K)."""
        count = len(self.first)
        mean = np.full(len(self.starts), np.nan)
        mean[:count] = day_ahead[: count * self.length].reshape(count, self.length).mean(axis=1)
        local = self.starts.tz_convert(self.period.timezone)
        midnight = local.normalize()
        hour, minute = divmod(self.period.iso.day_ahead_published_minutes, 60)
        known_from = (midnight - pd.DateOffset(days=1)) + pd.DateOffset(hours=hour, minutes=minute)
        issued = self.issued_at
        known = known_from.tz_convert("UTC").as_unit("us").asi8[self.target] <= issued.as_unit("us").asi8[:, None]
        first_day = midnight == midnight[0]
        known |= first_day[self.target]
        return np.where(known, mean[self.target], np.nan)

    @cached_property
    def issued_at(self) -> pd.DatetimeIndex:
        """Gate closures [UTC], (W,)."""
        return self.starts[: len(self.first)] - pd.Timedelta(minutes=self.gate_closure_minutes)

    def rows(self, product: str, values: Floats) -> pd.DataFrame:
        """The table's rows of one product from quantiles (W, K, 3)."""
        flat = values.reshape(-1, 3)
        return pd.DataFrame(
            {
                "issued_at": self.issued_at[np.repeat(np.arange(len(self.first)), self.ahead)],
                "timestamp": self.starts[self.target.ravel()],
                "product": product,
                "p10": flat[:, 0],
                "p50": flat[:, 1],
                "p90": flat[:, 2],
            }
        )
