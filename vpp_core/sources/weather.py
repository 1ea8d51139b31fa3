"""One seeded weather for a month of the inland Los Angeles basin, shared by solar, load and synthetic prices.

A hot day is then hot in every table: air conditioners run, evenings are scarce, and the sky is more often clear.
Monthly means and day-to-day spread are round figures of what is usual for Riverside and Ontario: assumptions, not a
station's record.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vpp_core.calendar import Month, Period
from vpp_core.sources.draws import autoregressive, generator

Floats = npt.NDArray[np.float64]

LATITUDE, LONGITUDE, ALTITUDE_M = 34.05, -118.24, 90.0

_HIGH_C = (20.0, 20.5, 22.0, 24.0, 26.0, 29.5, 33.5, 34.5, 32.5, 27.5, 23.0, 19.5)
_LOW_C = (7.0, 7.5, 9.0, 10.5, 13.5, 16.0, 18.5, 18.5, 17.5, 14.0, 9.5, 6.5)
_SPREAD_C = (3.6, 3.6, 3.8, 4.2, 3.8, 3.4, 3.0, 3.0, 3.8, 4.0, 3.8, 3.6)

SKIES = ("clear", "marine", "broken", "overcast")
"""Day types: marine is a morning layer that burns off; broken has fast ramps; overcast stays."""
_SKY_SHARE = (
    (0.50, 0.10, 0.24, 0.16),
    (0.48, 0.10, 0.25, 0.17),
    (0.46, 0.17, 0.23, 0.14),
    (0.48, 0.24, 0.19, 0.09),
    (0.40, 0.40, 0.14, 0.06),
    (0.42, 0.44, 0.11, 0.03),
    (0.64, 0.24, 0.11, 0.01),
    (0.70, 0.18, 0.11, 0.01),
    (0.64, 0.21, 0.13, 0.02),
    (0.58, 0.20, 0.16, 0.06),
    (0.57, 0.12, 0.20, 0.11),
    (0.52, 0.10, 0.23, 0.15),
)
_SKY_PERSISTENCE = 0.45
_MONTH_SHRINKAGE = 0.4
"""Whole months differ less than day-to-day persistence alone would make them: by about 0.8 °C, not 1.3 °C."""
_WARMEST_HOUR, _COOLEST_HOUR = 15.0, 6.0


@dataclass(frozen=True)
class Weather:
    """A whole month of weather: T intervals, D local days."""

    temperature_c: Floats
    """mean outdoor temperature of the interval [°C], (T,)"""
    heat: Floats
    """the day's warmth relative to the month's normal, in standard deviations, (D,)"""
    sky: npt.NDArray[np.intp]
    """the day's type, a position in `SKIES`, (D,)"""


def month_weather(month: Month, seed: int) -> Weather:
    """Draw a month. The same (month, seed) gives the same weather to every caller."""
    period = Period(month)
    days, m = len(period.days), month.month - 1
    rng = generator(seed, "weather", month.year, month.month)
    heat = autoregressive(rng, (days,), 0.72)
    heat -= _MONTH_SHRINKAGE * heat.mean()
    high = _HIGH_C[m] + _SPREAD_C[m] * heat
    low = _LOW_C[m] + 0.45 * _SPREAD_C[m] * heat + 0.9 * rng.standard_normal(days)
    return Weather(_diurnal(period, low, np.maximum(high, low + 2)), heat, _skies(rng, m, heat))


def _diurnal(period: Period, low: Floats, high: Floats) -> Floats:
    """A curve through each day's low at 6 h and high at 15 h, cosine between (local time)."""
    hour = np.asarray(period.local.hour + period.local.minute / 60 + 1 / 8, dtype=float)
    day = period.day_of_interval
    tomorrow, yesterday = np.minimum(day + 1, len(low) - 1), np.maximum(day - 1, 0)
    rising = (1 - np.cos(np.pi * (hour - _COOLEST_HOUR) / (_WARMEST_HOUR - _COOLEST_HOUR))) / 2
    night = 24 - _WARMEST_HOUR + _COOLEST_HOUR
    evening = (1 + np.cos(np.pi * (hour - _WARMEST_HOUR) / night)) / 2
    small_hours = (1 + np.cos(np.pi * (hour + 24 - _WARMEST_HOUR) / night)) / 2
    by_day = low[day] + (high - low)[day] * rising
    by_evening = low[tomorrow] + (high[day] - low[tomorrow]) * evening
    before_dawn = low[day] + (high[yesterday] - low[day]) * small_hours
    return np.where(hour < _COOLEST_HOUR, before_dawn, np.where(hour < _WARMEST_HOUR, by_day, by_evening))


def _skies(rng: np.random.Generator, month_index: int, heat: Floats) -> npt.NDArray[np.intp]:
    """A Markov chain over day types: yesterday's type tends to stay, and heat clears the sky."""
    share = np.array(_SKY_SHARE[month_index])
    tilt = np.array([0.35, 0.0, -0.25, -0.6])
    sky = np.empty(len(heat), dtype=np.intp)
    for day, warmth in enumerate(heat):
        chance = share * np.exp(tilt * warmth)
        chance /= chance.sum()
        if day:
            chance = (1 - _SKY_PERSISTENCE) * chance
            chance[sky[day - 1]] += _SKY_PERSISTENCE
        sky[day] = min(int(np.searchsorted(np.cumsum(chance), rng.random())), len(SKIES) - 1)
    return sky
