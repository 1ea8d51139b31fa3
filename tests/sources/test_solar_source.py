"""Modelled solar: the yields, the noon and the nights of Los Angeles."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from vpp_core.calendar import Month, Period
from vpp_core.scenario import KNOWN_SCENARIOS, Scenario
from vpp_core.sources.orientations import ORIENTATIONS, nearest_orientation
from vpp_core.sources.solar import solar_generation
from vpp_core.sources.solar_model import modelled_solar
from vpp_core.sources.weather import SKIES, month_weather
from vpp_core.tables import SOLAR_GENERATION

AUGUST = Month.parse("2023-08")
NAMES = [o.id for o in ORIENTATIONS]


@cache
def august(seed: int = 1) -> np.ndarray:
    return modelled_solar(AUGUST, seed)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_august_in_los_angeles_yields_130_to_175_kwh_per_kw(seed: int) -> None:
    yields = dict(zip(NAMES, august(seed).sum(axis=0) / 4, strict=True))
    assert 130 <= yields["south_18"] <= 175
    assert yields["south_18"] > yields["west_18"] > yields["west_30"] and yields["south_18"] > yields["east_18"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_south_peaks_near_one_and_the_west_later_than_the_east(seed: int) -> None:
    slot = Period(AUGUST).slot_of_interval
    day = np.array([august(seed)[slot == s].mean(axis=0) for s in range(96)])
    smooth = pd.DataFrame(day, columns=NAMES).rolling(5, center=True).mean()
    peak = smooth.idxmax() / 4
    assert 12.75 <= peak["south_18"] <= 13.25
    assert peak["east_30"] < peak["east_18"] < peak["south_18"] < peak["west_18"] < peak["west_30"]


def test_a_year_yields_what_pvwatts_says_within_six_percent() -> None:
    year = sum(modelled_solar(Month(2023, m), 1)[:, 0].sum() / 4 for m in range(1, 13))
    assert year == pytest.approx(1580, rel=0.06)


@pytest.mark.parametrize("month", ["2023-06", "2023-12"])
def test_it_is_dark_at_night_and_never_above_the_inverter(month: str) -> None:
    power, hour = modelled_solar(Month.parse(month), 1), Period(Month.parse(month)).local.hour
    assert (power[(hour >= 21) | (hour < 4)] == 0).all()
    assert 0.5 < power.max() < 1 / 1.15


def test_clouds_come_in_days_with_ramps_and_not_as_white_noise() -> None:
    month = Month.parse("2023-02")
    power, weather, day = modelled_solar(month, 2)[:, 0], month_weather(month, 2), Period(month).day_of_interval
    daily = np.bincount(day, power) / 4
    clear = np.isin(weather.sky, [SKIES.index("clear")])
    assert daily[clear].mean() > 1.5 * daily[weather.sky == SKIES.index("overcast")].mean()
    ramp = pd.Series(np.abs(np.diff(power, prepend=0.0))).groupby(day).max()
    assert ramp[weather.sky == SKIES.index("broken")].mean() > 2 * ramp[clear].mean()


def test_weather_is_shared_seeded_and_different_every_seed() -> None:
    np.testing.assert_array_equal(august(1), modelled_solar(AUGUST, 1))
    assert not np.array_equal(august(1), august(2))
    temperature = month_weather(AUGUST, 1).temperature_c
    hour = Period(AUGUST).local.hour
    assert 28 < temperature.max() < 46 and 10 < temperature.min() < 22
    assert abs(int(np.argmax([temperature[hour == h].mean() for h in range(24)])) - 15) <= 1


def test_low_solar_takes_forty_percent_and_the_table_keeps_its_contract() -> None:
    plain = solar_generation(Scenario(source="synthetic"), AUGUST, Path())
    SOLAR_GENERATION.pandera.validate(plain)
    low = solar_generation(KNOWN_SCENARIOS["low_solar"].model_copy(update={"source": "synthetic"}), AUGUST, Path())
    column = "generation_kw_per_kw_installed"
    np.testing.assert_allclose(low[column], 0.6 * plain[column])
    assert len(plain) == 2976 * len(ORIENTATIONS) and list(plain["orientation_id"].unique()) == NAMES


def test_shares_of_roofs_add_up_and_any_roof_finds_its_nearest() -> None:
    assert sum(o.share for o in ORIENTATIONS) == pytest.approx(1.0)
    assert NAMES[nearest_orientation(20, 175)] == "south_18"
    assert NAMES[nearest_orientation(35, 275)] == "west_30"
    assert NAMES[nearest_orientation(15, 355)] == "north_18"
