"""Spin and non-spin as the day-ahead market makes them: offers while there is plenty, energy's rent when there is not.

Energy and reserve are cleared together. A plant that holds spin could have sold energy, so in scarce hours spin is the
day-ahead LMP less what energy costs at the margin, and that cost hardly moves within an evening: on 30 July 2020 the
LMP less spin was 40–58 $/MWh while the LMP went from 58 to 243, on 17 August 97–106 under LMPs of 793–1,073. Otherwise
spin is what somebody asks for it: more in the morning and the evening, little at midday, less every year as batteries
came. Non-spin is a dime (`_NONSPIN_LEAST`) but where spin is scarce; since 2024 it mostly clears at spin's offer.

Modelled after the hours of July 2020 (all four regions of Los Angeles) and the yearly means of 2023 and 2025; held
against other figures in `price_record`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vpp_core.calendar import Month, Period
from vpp_core.sources.draws import autoregressive, generator
from vpp_core.sources.price_regimes import Regime, regime_of

Floats = npt.NDArray[np.float64]

_MARGIN, _MARGIN_OF_HEAT = 1.5, 0.15
"""Marginal cost of energy on an evening over the night's price, in winter, and what summer's heat adds: July 2020."""
_MARGIN_VARIES = 0.12
_NONSPIN_LEAST = 0.1
_SCARCE_AT, _SCARCE_WITHIN = 40.0, 12.0
"""Where spin's rent [$/MW per h] is this high, non-spin earns half of it: July 2020."""
_NEVER_ABOVE_LMP_FROM = 20.0
"""Where the LMP is above this [$/MWh], spin was never above it: all hours of July 2020, scarce ones of 2020, 2022."""
_EVENING_RISK = 0.5
"""Day-ahead over real-time at the evening's peak, as a share: medians of September and October 2020."""
_AFTER_PEAK = 0.4
"""Reserves peak later than the steepest rise of prices, by this much [h]: July 2020."""


def reserve_prices(
    period: Period, day_ahead_hourly: Floats, night: Floats, regime: Regime, offers: float, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Spin and non-spin, (T,) each [$/MW per h], constant within each clock hour.

    `day_ahead_hourly` is the day-ahead LMP, (T/4,), NaN where unknown; `night` each day's price by night, (D,);
    `offers` what spin's offers are relative to what they usually are.
    """
    day, hour = period.day_of_interval[::4], np.asarray(period.local.hour[::4], dtype=float) + 0.5
    hours, days = len(day_ahead_hourly), len(night)
    year, season = regime.year, regime.season
    evening = _bell(hour, season.evening_hour + _AFTER_PEAK, 1.7)
    profile = 1 + 1.8 * _bell(hour, 6.7, 0.9) - 0.65 * _bell(hour, 10.0, 2.2) + 1.5 * evening
    level = year.spin_offer_usd_per_mw_h * season.offers * offers
    offer = level * profile * np.exp(0.55 * autoregressive(rng, (hours,), 0.7))
    marginal = (_MARGIN + _MARGIN_OF_HEAT * season.heat) * night * np.exp(_MARGIN_VARIES * rng.standard_normal(days))
    rent = np.maximum(day_ahead_hourly - marginal[day], 0.0)
    spin = np.maximum(offer + rent, _NONSPIN_LEAST)
    in_cents: Floats = np.floor(day_ahead_hourly * 100) / 100
    highest = np.where(day_ahead_hourly > _NEVER_ABOVE_LMP_FROM, in_cents, np.inf)
    spin = np.minimum(spin, highest)
    scarce = 1 / (1 + np.exp(-(rent - _SCARCE_AT - 8.0 * rng.standard_normal(days)[day]) / _SCARCE_WITHIN))
    shared = np.where(rng.random(hours) < year.together, offer, _NONSPIN_LEAST)
    nonspin = np.where(rent > 0, np.maximum(shared, spin * scarce), shared)
    nonspin = np.minimum(np.maximum(nonspin, _NONSPIN_LEAST), spin)
    spin, nonspin = np.round(spin, 2), np.round(nonspin, 2)
    return np.asarray(spin.repeat(4), dtype=float), np.asarray(nonspin.repeat(4), dtype=float)


def modelled_reserves(month: Month, real_time: Floats, day_ahead: Floats, seed: int) -> tuple[Floats, Floats]:
    """Spin and non-spin for a month whose energy prices are real, (T,) each [$/MW per h].

    An hour is modelled on its day-ahead LMP where that is known, else on its real-time one, whose spikes nobody foresaw
    and which lacks what the day before was afraid of: spikes count less the higher they are, evenings more. It depends
    on prices of that hour and on the month's median by night alone; where both are missing, so is the reserve price.
    """
    period, regime = Period(month), regime_of(month)
    rng = generator(seed, "modelled reserves", month.year, month.month)
    hour = np.asarray(period.local.hour[::4])
    came, expected = real_time.reshape(-1, 4).mean(axis=1), day_ahead[::4]
    night = _night(np.where(np.isfinite(expected), expected, came), hour)
    peak = regime.season.evening_hour + _AFTER_PEAK
    afraid = np.exp(0.5 * rng.standard_normal(len(period.days)) - 0.125)[period.day_of_interval[::4]]
    instead = _as_expected(came, night, _EVENING_RISK * afraid * _bell(hour + 0.5, peak, 1.2))
    hourly = np.where(np.isfinite(expected), expected, instead)
    return reserve_prices(period, hourly, np.full(len(period.days), night), regime, 1.0, rng)


def _night(hourly: Floats, hour: npt.NDArray[np.intp]) -> float:
    """The month's median price by night [$/MWh]: what energy costs where neither sun nor evening makes it."""
    known = hourly[((hour < 5) | (hour >= 22)) & np.isfinite(hourly)]
    return max(float(np.median(known)), 8.0) if len(known) else 30.0


def _as_expected(hourly: Floats, night: float, risk: Floats) -> Floats:
    """What the day before made of hours of which only the real-time price is known, (T/4,) [$/MWh].

    Above three times the night's price another tripling adds less than twice the night's: mean day-ahead price by
    real-time price, September and October 2020. `risk` is the share that is feared beside.
    """
    high = 3 * night
    damped = np.where(hourly > high, high + 1.6 * night * np.log(np.maximum(hourly, high) / high), hourly)
    return damped + risk * np.maximum(damped, 0.0)


def _bell(hour: Floats, centre: float, width: float) -> Floats:
    return np.exp(-(((hour - centre) / width) ** 2) / 2)
