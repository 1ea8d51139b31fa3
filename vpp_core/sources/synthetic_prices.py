"""Seeded prices that look like California's in the year they are of: no claim about any one day of it.

The day-ahead price of an hour is what gas costs on that day, with a morning shoulder, cooling in the afternoon and an
evening peak, of which the surplus of sun takes its share away: `(1 − s) · gas · shape − s · floor`. The surplus s moves
with sky, weekend and wind; so midday is negative where it is large and gas is cheap. Some evenings are expected to be
scarce. The level of gas is what makes the month's mean the one that was published (`price_regimes`).

The real-time price is that expectation, less a premium, with noise of several lengths, with scarcity that comes as
expected, smaller or not at all, and with spikes that cluster on hot evenings. A draw is also one of the year and of the
month (`Own`): how many spikes, how much surplus, how dear scarcity. Reserve prices follow the day-ahead price
(`synthetic_reserves`).

`price_record` holds all this against published figures. What does not match: congestion, losses and outages that last
for days are not modelled apart, and the four load points are one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vpp_core.calendar import Month, Period
from vpp_core.sources.draws import autoregressive, generator
from vpp_core.sources.price_regimes import Regime, Season, regime_of
from vpp_core.sources.synthetic_reserves import reserve_prices
from vpp_core.sources.weather import Weather, month_weather

Floats = npt.NDArray[np.float64]

SPIKE_USD_PER_MWH = 250.0
"""From here on CAISO's reports count a spike."""
_SPIKE_LEAST, _SPIKE_TAIL, _SPIKE_STAYS, _SPIKE_FADES = 70.0, 0.65, 0.65, 0.25
"""A spike's least size [$/MWh], its Pareto index, the chance of another interval, and how fast it fades: rounded from
the spikes of July and October 2020."""
_SPIKE_CAP, _REACHES_CAP = 1000.0, 0.6
"""The bid cap [$/MWh], and the share of months in which spikes reach it; else they end with the dearest plant, anywhere
above 300. Twice the cap counts where costs were verified, since March 2021. The shares are assumptions."""
_SCARCE_LEAST, _SCARCE_TAIL, _SCARCE_CAP = 70.0, (1.3, 0.03, 0.8), 1400.0
"""What a scarce evening adds at its peak [$/MWh], Pareto. Where there are more than `_FEW_SCARCE` in a month each is
dearer by the root of how many more, and its index falls with their number: July to October 2020."""
_FEW_SCARCE = 4
_QUANTILES = np.array([-1.6449, -1.0364, -0.6745, -0.3853, -0.1257, 0.1257, 0.3853, 0.6745, 1.0364, 1.6449])
"""Of a normal variable at 5, 15, …, 95 %."""
_STEEPNESS = 0.6
"""Prices fall by less than they rise on equal surprises, since offers are steeper above: low percentiles of 2020."""
_EVENING_RISK = 0.25
"""By how much real-time stays below day-ahead at a summer evening's peak where nothing happens, beside the premium: the
medians of both in July, September and October 2020."""
_SURPLUS_VARIES = 0.8
"""Standard deviation of the surplus between a month's days, on the scale of log odds: assumption."""


@dataclass(frozen=True)
class Own:
    """What a draw makes of a year and a month, beside what the table says of them: no month is its season's mean.

    Each is a factor with the median 1, but `surplus`, which is added to log odds. Their spreads are assumptions, of the
    size by which months of one season differ in the record.
    """

    level: float
    surplus: float
    evening: float
    spikes: float
    severity: float
    offers: float
    margin: float

    @classmethod
    def drawn(cls, month: Month, seed: int) -> Own:
        """What is the year's is the same in all its months."""
        of_year = generator(seed, "the year's prices", month.year).standard_normal(7)
        of_month = generator(seed, "the month's prices", month.year, month.month).standard_normal(7)
        level, surplus, *others = _YEAR_VARIES * of_year + _MONTH_VARIES * of_month
        evening, spikes, severity, offers, margin = np.exp(others)
        return cls(
            float(np.exp(level)), float(surplus), *(float(x) for x in (evening, spikes, severity, offers, margin))
        )


#                         level surplus evening spikes severity offers margin
_YEAR_VARIES = np.array([0.02, 0.25, 0.06, 0.3, 0.3, 0.12, 0.05])
_MONTH_VARIES = np.array([0.04, 0.40, 0.08, 0.6, 0.7, 0.15, 0.10])


@dataclass(frozen=True)
class SyntheticPrices:
    """A whole month of prices, (T,) each."""

    real_time: Floats
    day_ahead: Floats
    spin: Floats
    nonspin: Floats


def synthetic_prices(month: Month, seed: int) -> SyntheticPrices:
    """Prices of a month [$/MWh; reserves $/MW per h]; day-ahead and reserves are constant within each hour."""
    period, weather, regime = Period(month), month_weather(month, seed), regime_of(month)
    own = Own.drawn(month, seed)
    rng = generator(seed, "synthetic prices", month.year, month.month)
    usual, scarcity, gas = _expectation(period, weather, regime, own, rng)
    day_ahead = _day_ahead(usual + scarcity, rng)
    real_time = _real_time(period, weather, regime, own, usual, scarcity, gas, rng)
    margin = own.margin * gas
    spin, nonspin = reserve_prices(period, day_ahead[::4], margin, regime, own.offers, rng)
    return SyntheticPrices(np.round(real_time, 5), day_ahead, spin, nonspin)


def _expectation(
    period: Period, weather: Weather, regime: Regime, own: Own, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """What a day before is expected without scarcity, what scarcity adds, (T,) each, and the price of gas, (D,)."""
    season, year = regime.season, regime.year
    day, days = period.day_of_interval, len(period.days)
    hour, weekend = _hour(period), _weekend(period)
    sun, evening = _sun(hour, season), _evening(hour, season)

    scarcity, expected_scarcity = _scarcity(weather, regime, own, rng)

    bright = (np.array([0.5, 0.1, -0.2, -0.9])[weather.sky] + 0.5 * weekend - 0.35) / 0.5
    wind, flow = autoregressive(rng, (days,), 0.5), autoregressive(rng, (days,), 0.93)
    odds = np.log(season.surplus / (1 - season.surplus)) + season.growth * year.surplus + own.surplus
    surplus = _logistic(odds + _SURPLUS_VARIES * (0.5 * wind + 0.5 * bright + 0.7 * flow))
    usual_surplus = _logistic(odds + _SURPLUS_VARIES * _QUANTILES).mean()

    height = season.evening * year.evening * own.evening
    peak = height * np.exp(0.2 * rng.standard_normal(days) + 0.35 * season.heat * weather.heat)
    shape = 1 + season.morning * np.where(weekend, 0.6, 1.0)[day] * _bell(hour, 6.9, 1.1)
    shape = shape - 0.07 * _bell(hour, 2.5, 2.2) + season.afternoon * _bell(hour, 15.5, 2.2)
    usual_shape = shape + height * evening
    shape = shape + (peak * np.where(weekend, 0.9, 1.0))[day] * evening

    scarce_mean = expected_scarcity * float(evening.mean())
    gas = own.level * _gas_level(regime, usual_shape, usual_surplus * sun, scarce_mean)
    varies = regime.gas_varies
    fuel = np.exp(varies * autoregressive(rng, (days,), 0.93) - varies**2 / 2)
    gas_of_day = gas * fuel * np.where(weekend, 0.96, 1.0)
    taken = surplus[day] * sun
    floor = year.floor_usd_per_mwh * np.exp(0.5 * autoregressive(rng, (days,), 0.5))
    usual = (1 - taken) * gas_of_day[day] * shape - taken * floor[day]
    return usual, scarcity[day] * evening, gas_of_day


def _scarcity(weather: Weather, regime: Regime, own: Own, rng: np.random.Generator) -> tuple[Floats, float]:
    """What scarcity adds at each evening's peak, (D,), and what it is expected to [$/MWh]."""
    days, heat = len(weather.heat), regime.season.heat
    each_day = regime.scarce_evenings / days
    first, slope, lowest = _SCARCE_TAIL
    tail = max(first - slope * regime.scarce_evenings, lowest)
    least = _SCARCE_LEAST * float(np.sqrt(max(regime.scarce_evenings / _FEW_SCARCE, 1.0)))
    size = np.minimum(least * own.severity * (1 + rng.pareto(tail, days)), _SCARCE_CAP)
    comes = rng.random(days) < each_day * np.exp(heat * weather.heat - heat**2 / 2)
    return np.where(comes, size, 0.0), each_day * _mean_capped(least, tail, _SCARCE_CAP)


def _gas_level(regime: Regime, shape: Floats, taken: Floats, scarcity: float) -> float:
    """The night's price by which the usual day has the month's published mean [$/MWh]."""
    floor = float((taken * regime.year.floor_usd_per_mwh).mean())
    return max((regime.day_ahead_usd_per_mwh - scarcity + floor) / float(((1 - taken) * shape).mean()), 8.0)


def _mean_capped(least: float, tail: float, cap: float) -> float:
    """The mean of a Pareto variable that is cut at `cap`."""
    return least * ((cap / least) ** (1 - tail) - tail) / (1 - tail)


def _day_ahead(expected: Floats, rng: np.random.Generator) -> Floats:
    """The expectation in hours, with what bids of a single hour add."""
    hourly = expected.reshape(-1, 4).mean(axis=1)
    noise = autoregressive(rng, hourly.shape, 0.7)
    return np.round(hourly + 0.075 * np.maximum(np.abs(hourly), 20.0) * noise, 5).repeat(4)


def _real_time(
    period: Period,
    weather: Weather,
    regime: Regime,
    own: Own,
    usual: Floats,
    scarcity: Floats,
    gas: Floats,
    rng: np.random.Generator,
) -> Floats:
    """The price as it came, (T,)."""
    season, year, day, count = regime.season, regime.year, period.day_of_interval, len(period)
    hour = _hour(period)
    came = rng.choice([0.0, 0.4, 1.2], size=len(gas), p=[0.45, 0.3, 0.25])
    evening, sun = _evening(hour, season), _sun(hour, season)
    swing = np.maximum(gas[day] / 30, 0.35) * (1 + 1.0 * evening)
    errors = 1 + (0.4 + year.surplus) * sun
    slow = autoregressive(rng, (count,), 0.99)
    fast = autoregressive(rng, (count,), 0.55) * np.sqrt(rng.chisquare(3, count) / 3) ** -1
    noise = swing * (2.0 * errors * slow + 2.8 * fast)
    noise = np.where((noise < 0) & (usual > 0), _STEEPNESS * noise, noise)
    dips = np.where(rng.random(count) < 0.006, -rng.exponential(15.0, count), 0.0)
    spikes, expected_spikes = _spikes(period, weather, regime, own, evening, sun, rng)
    below = 1 - (1 - year.premium) * (1 - _EVENING_RISK * season.heat * evening)
    base = usual - below * np.maximum(usual, 0.0) - 0.3 * expected_spikes
    return base + noise + dips + came[day] * scarcity + spikes


def _spikes(
    period: Period,
    weather: Weather,
    regime: Regime,
    own: Own,
    evening: Floats,
    sun: Floats,
    rng: np.random.Generator,
) -> tuple[Floats, float]:
    """What spikes add, (T,), and what they are expected to add in an average interval [$/MWh]."""
    count, heat, length = len(period), regime.season.heat, np.arange(16)
    stays = _SPIKE_STAYS**length
    above = np.minimum((SPIKE_USD_PER_MWH / _SPIKE_LEAST * np.exp(_SPIKE_FADES * length)) ** -_SPIKE_TAIL, 1.0)
    starts_each = regime.spike_share / float((stays * above).sum())
    scarce = np.exp(2.0 * evening - 1.2 * sun + (0.8 * heat * weather.heat)[period.day_of_interval])
    starts = rng.random(count) < np.minimum(own.spikes * starts_each * scarce / scarce.mean(), 0.25)
    size = _SPIKE_LEAST * (1 + rng.pareto(_SPIKE_TAIL, count))
    hard = (rng.random(count) < 0.08) & (period.month.year > 2020)
    cap = _SPIKE_CAP if rng.random() < _REACHES_CAP else rng.uniform(0.3, 1.0) * _SPIKE_CAP
    size = np.minimum(size, np.where(hard, 2 * cap, cap * np.exp(0.12 * rng.standard_normal(count))))
    lasts = rng.geometric(1 - _SPIKE_STAYS, count)
    spikes = np.zeros(count)
    for start in np.flatnonzero(starts):
        stop = min(start + lasts[start], count)
        fade = np.exp(-_SPIKE_FADES * np.arange(stop - start))
        spikes[start:stop] = np.maximum(spikes[start:stop], size[start] * fade)
    mean_size = _mean_capped(_SPIKE_LEAST, _SPIKE_TAIL, _SPIKE_CAP)
    return spikes, starts_each * mean_size * float((stays * np.exp(-_SPIKE_FADES * length)).sum())


def _weekend(period: Period) -> npt.NDArray[np.bool_]:
    first = period.month.start.tz_convert(period.local.tz).weekday()
    return np.asarray((first + np.arange(len(period.days))) % 7 >= 5)


def _hour(period: Period) -> Floats:
    return np.asarray(period.local.hour + period.local.minute / 60 + 1 / 8, dtype=float)


def _bell(hour: Floats, centre: float, width: float) -> Floats:
    return np.exp(-(((hour - centre) / width) ** 2) / 2)


def _logistic(odds: Floats) -> Floats:
    return 1 / (1 + np.exp(-odds))


def _sun(hour: Floats, season: Season) -> Floats:
    """The midday valley: flat-bottomed, 0 at night, 1 at its middle."""
    return np.exp(-(np.abs((hour - season.surplus_hour) / season.surplus_width_hours) ** 3.2))


def _evening(hour: Floats, season: Season) -> Floats:
    """Net-load peak: a steep rise as the sun goes, a slower fall."""
    centre = season.evening_hour
    return np.where(hour < centre, _bell(hour, centre, season.rise_hours), _bell(hour, centre, 2.1))
