"""One seeded weather for a month of a market's place (`Iso.place`), shared by solar, load and synthetic prices.

A hot day is then hot in every table: air conditioners run, evenings are scarce, and the sky is more often clear.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vpp_core.calendar import Month, Period
from vpp_core.sources.draws import autoregressive, generator

Floats = npt.NDArray[np.float64]

SKIES = ("clear", "marine", "broken", "overcast")
"""Day types: marine is a morning layer that burns off; broken has fast ramps; overcast stays."""
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
    period, place = Period(month), month.iso.place
    days, m = len(period.days), month.month - 1
    rng = generator(seed, "weather", month.year, month.month)
    heat = autoregressive(rng, (days,), 0.72)
    heat -= _MONTH_SHRINKAGE * heat.mean()
    high = place.high_c[m] + place.spread_c[m] * heat
    low = place.low_c[m] + 0.45 * place.spread_c[m] * heat + 0.9 * rng.standard_normal(days)
    return Weather(_diurnal(period, low, np.maximum(high, low + 2)), heat, _skies(rng, place.sky_share[m], heat))


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


def _skies(rng: np.random.Generator, shares: tuple[float, ...], heat: Floats) -> npt.NDArray[np.intp]:
    """A Markov chain over day types: yesterday's type tends to stay, and heat clears the sky."""
    share = np.array(shares)
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
