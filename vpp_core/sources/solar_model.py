"""Rooftop solar from clear sky, seeded clouds and the PVWatts chain, with pvlib.

Clear-sky irradiance (Ineichen & Perez 2002 with pvlib's Linke turbidity) times a clear-sky index per day type, split
into beam and diffuse (Erbs 1982), transposed (Hay & Davies 1980) onto each orientation, with the physical incidence
angle modifier, a roof-mounted cell's temperature (Faiman 2008), and PVWatts' DC and inverter models (Dobos 2014).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import INTERVAL, Month, Period
from vpp_core.sources.draws import autoregressive, generator
from vpp_core.sources.orientations import ORIENTATIONS
from vpp_core.sources.weather import SKIES, Weather, month_weather

Floats = npt.NDArray[np.float64]

DC_AC_RATIO = 1.15
SYSTEM_LOSSES = 0.14
"""Soiling, mismatch, wiring, availability: PVWatts' default."""
_POWER_PER_DEGREE = -0.0037
_NOMINAL_INVERTER_EFFICIENCY = 0.96
_WIND_M_S = 1.6
_FAIMAN_U0, _FAIMAN_U1 = 20.0, 5.5
"""A roof cools worse than an open rack (25.0, 6.84) [W/(m² K), W/(m² K)/(m/s)]."""


def modelled_solar(month: Month, seed: int) -> Floats:
    """AC power per kW DC of a whole month, (T, orientations) in the order of `ORIENTATIONS` [kW/kW]."""
    import pvlib

    period, weather = Period(month), month_weather(month, seed)
    middle = pd.DatetimeIndex(period.timestamps + INTERVAL / 2)
    here = month.iso.place
    place = pvlib.location.Location(here.latitude, here.longitude, "UTC", here.altitude_m)
    sun = place.get_solarposition(middle)
    zenith = sun["apparent_zenith"].to_numpy()
    clear = place.get_clearsky(middle, model="ineichen", solar_position=sun)
    ghi = clear["ghi"].to_numpy() * _clear_sky_index(period, weather, seed)
    split = pvlib.irradiance.erbs(ghi, sun["zenith"].to_numpy(), middle)
    beam = np.minimum(np.asarray(split["dni"]), clear["dni"].to_numpy() * 1.02)
    diffuse = np.maximum(ghi - beam * np.maximum(np.cos(np.radians(zenith)), 0), 0)
    extra = pvlib.irradiance.get_extra_radiation(middle).to_numpy()
    up = zenith < 90
    columns = []
    for panel in ORIENTATIONS:
        angle = pvlib.irradiance.aoi(panel.tilt_deg, panel.azimuth_deg, zenith, sun["azimuth"].to_numpy())
        sky = pvlib.irradiance.haydavies(
            panel.tilt_deg, panel.azimuth_deg, diffuse, beam, extra, zenith, sun["azimuth"].to_numpy()
        )
        ground = pvlib.irradiance.get_ground_diffuse(panel.tilt_deg, ghi)
        direct = beam * np.maximum(np.cos(np.radians(angle)), 0) * pvlib.iam.physical(angle)
        plane = np.nan_to_num(direct + sky + ground)
        cell = pvlib.temperature.faiman(plane, weather.temperature_c, _WIND_M_S, _FAIMAN_U0, _FAIMAN_U1)
        dc = pvlib.pvsystem.pvwatts_dc(plane, cell, 1.0, _POWER_PER_DEGREE) * (1 - SYSTEM_LOSSES)
        rated_dc = 1 / DC_AC_RATIO / _NOMINAL_INVERTER_EFFICIENCY
        ac = pvlib.inverter.pvwatts(dc, rated_dc, _NOMINAL_INVERTER_EFFICIENCY)
        columns.append(np.where(up, np.maximum(np.nan_to_num(ac), 0.0), 0.0))
    return np.round(np.column_stack(columns), 6)


def _clear_sky_index(period: Period, weather: Weather, seed: int) -> Floats:
    """Share of the clear sky's irradiance that comes through, (T,).

    Each day has a mean and a variability by its type; within the day the index ramps as an AR(1) process, a marine
    layer lifts along a logistic curve between 9 and 13 h, and the day's values never exceed 1.1 (cloud edges).

    A clear day's mean lies above 1 because pvlib's turbidity is the month's average, hazy days included.
    """
    rng = generator(seed, "clouds", period.month.year, period.month.month)
    days, day = len(period.days), period.day_of_interval
    hour = np.asarray(period.local.hour + period.local.minute / 60 + 1 / 8, dtype=float)
    mean = np.choose(weather.sky, [1.035, 1.03, 0.84, 0.38]) * np.exp(0.02 * rng.standard_normal(days))
    spread = np.choose(weather.sky, [0.01, 0.02, 0.22, 0.12])
    wave = 0.75 * autoregressive(rng, (len(period),), 0.8) + 0.66 * autoregressive(rng, (len(period),), 0.97)
    index = mean[day] + spread[day] * wave
    lift, depth = rng.uniform(9.5, 12.5, days), rng.uniform(0.3, 0.6, days)
    layer = depth[day] / (1 + np.exp((hour - lift[day]) / 0.45)) * (1 + 0.12 * wave)
    index = np.where((weather.sky == SKIES.index("marine"))[day], index - layer, index)
    return np.clip(index, 0.06, 1.1)
