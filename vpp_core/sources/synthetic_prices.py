"""Seeded prices that look like California's: no claim about any one day, the right shape and tails in a month.

The expected price of an hour is a night level, plus a morning shoulder, minus a midday valley of solar, plus an evening
peak of net load, each by month of the year and shrunk at weekends; heat raises the evening, clouds fill the valley.
The day-ahead price is that expectation with a forecaster's errors and a premium; the real-time price is the expectation
with autocorrelated noise and a marked point process of spikes that cluster on scarce evenings. Reserve prices follow
scarcity, not the LMP: near nothing at midday, extreme on a scarce evening.

Levels are rounded from what DLAP_SCE and SP15 did in 2023–2024; percentiles, lag-1 correlation and the negative share
are held to published statistics of real nodes by a test. What does not match: congestion and losses are not modelled
apart, no unit outages last for days, real spikes are rarer and less evenly spread over months than these, and the
day-ahead and reserve prices of one hour are less closely tied than in CAISO's joint optimisation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vpp_core.calendar import Month, Period
from vpp_core.sources.draws import autoregressive, generator
from vpp_core.sources.weather import Weather, month_weather

Floats = npt.NDArray[np.float64]

_NIGHT = (43, 36, 30, 26, 24, 27, 35, 38, 37, 36, 39, 42)
_MORNING = (13, 13, 12, 10, 6, 3, 2, 3, 5, 9, 12, 13)
_VALLEY = (26, 32, 44, 48, 42, 30, 20, 17, 22, 27, 28, 26)
_EVENING = (21, 23, 26, 27, 27, 30, 42, 46, 41, 33, 26, 23)
_EVENING_HOUR = (17.9, 18.3, 19.3, 19.8, 20.0, 20.1, 20.0, 19.5, 18.9, 18.3, 17.5, 17.5)
_SUMMER = (0, 0, 0, 0, 0.1, 0.5, 0.9, 1.0, 1.0, 0.4, 0, 0)
"""By month, $/MWh: level at night, height of the morning shoulder, depth of the midday valley, height and local clock
hour of the evening peak; and how much of the evening depends on heat."""

_PREMIUM = 3.0
"""Day-ahead over expected real-time [$/MWh]."""
_SPIKE_CAP = 1000.0
"""The soft energy bid cap [$/MWh]; scarcity pricing stops there on most days."""


@dataclass(frozen=True)
class SyntheticPrices:
    """A whole month of prices, (T,) each."""

    real_time: Floats
    day_ahead: Floats
    spin: Floats
    nonspin: Floats


def synthetic_prices(month: Month, seed: int) -> SyntheticPrices:
    """Prices of a month [$/MWh; reserves $/MW per h]; day-ahead and reserves are constant within each hour."""
    period, weather = Period(month), month_weather(month, seed)
    rng = generator(seed, "synthetic prices", month.year, month.month)
    expected, scarcity = _expectation(period, weather, rng)
    real_time, spike_mean = _real_time(period, expected, scarcity, rng)
    day_ahead = _day_ahead(period, expected + spike_mean, rng)
    spin, nonspin = reserve_prices(period, scarcity, rng)
    return SyntheticPrices(np.round(real_time, 5), day_ahead, spin, nonspin)


def modelled_reserves(month: Month, real_time: Floats, seed: int) -> tuple[Floats, Floats]:
    """Spin and non-spin for a month of which only real-time prices are known, (T,) each [$/MW per h].

    Scarcity is read off how far each hour's LMP lies above the month's median, and off the hour's place in the evening
    ramp. Each hour depends on prices of that hour and on the month's median alone; a missing price gives a missing one.
    """
    period = Period(month)
    rng = generator(seed, "modelled reserves", month.year, month.month)
    hour_mean = real_time.reshape(-1, 4).mean(axis=1).repeat(4)
    typical = np.nanmedian(real_time) if np.isfinite(real_time).any() else 30.0
    above = np.log1p(np.maximum(hour_mean - typical, 0.0) / max(abs(typical), 10.0))
    below = np.minimum(hour_mean - typical, 0.0) / max(abs(typical), 10.0)
    scarcity = 0.55 * _evening_shape(period) + 1.1 * above + 0.8 * below - 0.35
    return reserve_prices(period, scarcity, rng)


def reserve_prices(period: Period, scarcity: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Spin and non-spin from scarcity, (T,) each [$/MW per h], constant within each clock hour.

    Log-linear in scarcity up to the penalty price of a reserve shortage; non-spin is a fraction of spin while there is
    plenty and the same price when there is not.
    """
    hourly = scarcity.reshape(-1, 4).mean(axis=1)
    noise = 0.55 * autoregressive(rng, hourly.shape, 0.7)
    spin = np.minimum(np.exp(1.1 + 2.1 * hourly + noise), _SPIKE_CAP * (1 + 0.02 * rng.standard_normal(hourly.shape)))
    tight = 1 / (1 + np.exp(-3.0 * (hourly - 1.5)))
    nonspin = spin * (tight + (1 - tight) * rng.uniform(0.1, 0.5, hourly.shape))
    return np.round(spin, 2).repeat(4), np.round(nonspin, 2).repeat(4)


def _expectation(period: Period, weather: Weather, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Expected price without spikes and scarcity, (T,) each."""
    m, day, days = period.month.month - 1, period.day_of_interval, len(period.days)
    weekend = _weekend(period)
    fuel = np.exp(0.10 * autoregressive(rng, (days,), 0.9))
    sun = np.array([1.0, 0.93, 0.8, 0.45])[weather.sky]
    wind = 0.5 * autoregressive(rng, (days,), 0.5)
    scarce_day = _SUMMER[m] * weather.heat + 0.35 * rng.standard_normal(days)
    evening = _EVENING[m] * np.exp(0.6 * scarce_day - 0.1) * np.where(weekend, 0.8, 1.0)
    valley = _VALLEY[m] * sun * np.exp(0.25 * wind) * np.where(weekend, 1.25, 1.0)
    morning = _MORNING[m] * np.where(weekend, 0.4, 1.0)
    level = _NIGHT[m] * fuel - np.where(weekend, 2.0, 0.0)

    hour = _hour(period)
    price = level[day] + morning[day] * _bell(hour, 7.3, 1.2) - valley[day] * _sun_shape(hour)
    price = price + evening[day] * _evening_shape(period)
    scarcity = (
        1.15 * _evening_shape(period)
        - 1.1 * _sun_shape(hour)
        + (0.75 * scarce_day - 0.12 * weekend)[day] * np.clip(_evening_shape(period) + 0.15, 0, 1)
    )
    return price, scarcity


def _real_time(period: Period, expected: Floats, scarcity: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Real-time price and the mean that its spikes add, (T,) each."""
    count = len(period)
    swing = 1.0 + 0.9 * _evening_shape(period) + 0.5 * _sun_shape(_hour(period))
    slow = autoregressive(rng, (count,), 0.985)
    fast = autoregressive(rng, (count,), 0.6) * np.sqrt(rng.chisquare(4, count) / 4) ** -1
    noise = swing * (4.5 * slow + 2.4 * fast)

    chance = 0.005 * np.exp(1.5 * scarcity)
    chance = np.minimum(chance, 0.25)
    mean_size = 60 + 45 * np.maximum(scarcity, 0) ** 2
    starts = rng.random(count) < chance
    size = np.minimum(mean_size * 0.75 * (1 + rng.pareto(2.0, count)), _SPIKE_CAP)
    length = rng.geometric(0.42, count)
    spikes = np.zeros(count)
    for start in np.flatnonzero(starts):
        stop = min(start + length[start], count)
        fade = np.exp(-0.35 * np.arange(stop - start))
        spikes[start:stop] = np.maximum(spikes[start:stop], size[start] * fade)
    dips = np.where(rng.random(count) < 0.012, -rng.exponential(28.0, count), 0.0)
    return _curtailment(expected + noise + dips) + spikes, chance * mean_size * 2.2


def _curtailment(price: Floats) -> Floats:
    """Below −15 $/MWh renewable plants bid themselves off: the price falls more slowly."""
    floor = -15.0
    return np.where(price < floor, floor + 0.55 * (price - floor), price)


def _day_ahead(period: Period, expected: Floats, rng: np.random.Generator) -> Floats:
    """The expectation as a forecaster sees it a day before: an error per day, one per hour, and a premium."""
    hourly = expected.reshape(-1, 4).mean(axis=1)
    day_error = 0.05 * rng.standard_normal(len(period.days))[period.day_of_interval[::4]]
    hour_error = 2.2 * autoregressive(rng, hourly.shape, 0.8)
    return np.round(_curtailment(hourly * (1 + day_error) + hour_error + _PREMIUM), 5).repeat(4)


def _weekend(period: Period) -> npt.NDArray[np.bool_]:
    first = period.month.start.tz_convert(period.local.tz).weekday()
    return np.asarray((first + np.arange(len(period.days))) % 7 >= 5)


def _hour(period: Period) -> Floats:
    return np.asarray(period.local.hour + period.local.minute / 60 + 1 / 8, dtype=float)


def _bell(hour: Floats, centre: float, width: float) -> Floats:
    return np.exp(-(((hour - centre) / width) ** 2) / 2)


def _sun_shape(hour: Floats) -> Floats:
    """Midday valley: flat-bottomed, 0 at night, 1 at noon."""
    return np.exp(-(np.abs((hour - 12.6) / 3.7) ** 3.2))


def _evening_shape(period: Period) -> Floats:
    """Net-load peak: a steep rise as the sun goes, a slower fall."""
    hour, centre = _hour(period), _EVENING_HOUR[period.month.month - 1]
    return np.where(hour < centre, _bell(hour, centre, 1.3), _bell(hour, centre, 1.9))
