"""Small invented periods for tests of the model: any prices, random homes, everything else as in a real run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from vpp_core.calendar import Month
from vpp_core.fleet.fleet import Fleet
from vpp_core.fleet.population import generate_fleet
from vpp_core.market.forecast import price_forecast
from vpp_core.market.inputs import Inputs
from vpp_core.scenario import MarketRules, Programme, Reliability, Scenario, Tariff
from vpp_core.sources.orientations import ORIENTATIONS

Array = np.ndarray[Any, np.dtype[np.float64]]


def invented_inputs(
    *,
    homes: int = 5,
    days: int = 2,
    seed: int = 0,
    month: str = "2023-08",
    lmp: Array | float | None = None,
    reserve: Array | float | None = None,
    fleet: Fleet | None = None,
    v2g: bool = False,
    water_heaters: float = 0.0,
    load_kw: Array | None = None,
    usual_load_kw: Array | None = None,
    pv_per_kw: Array | None = None,
    minimum_bid_mw: float = 0.0,
    tariffs: tuple[Tariff, ...] = (Tariff(),),
    reliability: Reliability | None = None,
    programmes: tuple[Programme, ...] = (),
    day_ahead: Array | float = np.nan,
    **market: Any,
) -> Inputs:
    """Inputs of a short period. Prices are random, spiky and sometimes negative unless given, (T,) or one number.

    `v2g`: all cars can discharge, not only the few that are drawn so. `water_heaters`: share of homes with one.

    `usual_load_kw`, (N,), is known before the period; that of its first interval unless given.

    `reserve`: spin and non-spin prices (2, T) or one number; random unless given, NaN: none.
    """
    scenario = Scenario(
        name="invented",
        homes=homes if fleet is None else len(fleet),
        first_days=days,
        market=MarketRules(minimum_bid_mw=minimum_bid_mw, **market),
        tariffs=tariffs,
        reliability=reliability or Reliability(),
        programmes=programmes,
    )
    period = scenario.period(Month.parse(month))
    rng = np.random.default_rng(seed)
    steps = len(period)
    fleet = fleet or generate_fleet(homes, seed, appliance_shares={"water_heater": water_heaters})
    if v2g:
        cars = replace(fleet.cars, v2g=np.ones_like(fleet.cars.v2g), max_discharge_kw=fleet.cars.max_charge_kw)
        fleet = replace(fleet, cars=cars)
    prices = prices_frame(
        period.timestamps,
        random_prices(rng, steps) if lmp is None else np.broadcast_to(lmp, steps),
        random_reserve_prices(np.random.default_rng(seed + 1), steps)
        if reserve is None
        else np.broadcast_to(reserve, (2, steps)),
    ).assign(lmp_day_ahead_usd_per_mwh=day_ahead)
    hour = period.local.hour.to_numpy() + period.local.minute.to_numpy() / 60
    if load_kw is None:
        load_kw = rng.uniform(0.1, 1.5, (steps, len(fleet))) + np.exp(-(((hour - 18) / 3) ** 2))[:, None]
    if pv_per_kw is None:
        sun = np.maximum(np.cos((hour - 13) / 12 * np.pi), 0.0)[:, None]
        pv_per_kw = sun * rng.uniform(0.5, 0.9, (steps, len(ORIENTATIONS)))
    own = np.sort(np.unique(fleet.load_profile_id, return_index=True)[1])  # homes of a large fleet share profiles
    usual = load_kw[0] if usual_load_kw is None else usual_load_kw
    return Inputs.build(
        scenario,
        period.month,
        prices,
        price_forecast(prices, period, scenario.market),
        long_frame(period.timestamps, [o.id for o in ORIENTATIONS], pv_per_kw, "orientation_id", "solar"),
        long_frame(period.timestamps, list(fleet.load_profile_id[own]), load_kw[:, own], "profile_id", "load").assign(
            usual_load_kw=np.tile(usual[own], len(period))
        ),
        fleet,
    )


def random_prices(rng: np.random.Generator, steps: int) -> Array:
    """$/MWh with a daily shape, noise, some negative hours and a few spikes."""
    shape = 30 + 20 * np.sin(np.arange(steps) / 96 * 2 * np.pi + rng.uniform(0, 6))
    noise = rng.normal(0, 10, steps)
    spikes = np.where(rng.random(steps) < 0.04, rng.uniform(100, 1500, steps), 0.0)
    dips = np.where(rng.random(steps) < 0.04, -rng.uniform(50, 300, steps), 0.0)
    return shape + noise + spikes + dips


def random_reserve_prices(rng: np.random.Generator, steps: int) -> Array:
    """Spin and non-spin [$/MW-h], (2, T): hourly, mostly small, sometimes extreme, non-spin at most spin, some zero."""
    hours = steps // 4 + 1
    spin = np.where(rng.random(hours) < 0.1, rng.uniform(50, 500, hours), rng.exponential(8, hours))
    spin[rng.random(hours) < 0.1] = 0.0
    hourly = np.stack([spin, spin * rng.uniform(0, 1, hours)])
    return np.repeat(hourly, 4, axis=1)[:, :steps]


def prices_frame(timestamps: pd.DatetimeIndex, lmp: Array, reserve: Array) -> pd.DataFrame:
    """As much of market_prices as forecast and simulation read."""
    return pd.DataFrame(
        {
            "timestamp": timestamps,
            "lmp_usd_per_mwh": lmp,
            "lmp_day_ahead_usd_per_mwh": np.nan,
            "spin_usd_per_mw_h": reserve[0],
            "nonspin_usd_per_mw_h": reserve[1],
        }
    )


def long_frame(timestamps: pd.DatetimeIndex, ids: list[Any], values: Array, column: str, table: str) -> pd.DataFrame:
    """A (T, n) array as the long table that the pipeline stores."""
    value = {"solar": "generation_kw_per_kw_installed", "load": "load_kw"}[table]
    return pd.DataFrame(
        {"timestamp": np.repeat(timestamps, len(ids)), column: np.tile(ids, len(timestamps)), value: values.ravel()}
    )
