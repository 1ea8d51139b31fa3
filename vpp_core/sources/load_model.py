"""Electric load of Californian homes at 15 minutes: who is home, what they switch on, and how hot it is.

A home is a draw of occupants, daily rhythm, appliances and air conditioning. Its load is a base, a refrigerator, what
people use while awake and at home, appliance events (cooking, dishes, laundry, water heating, a pool pump), and an air
conditioner that follows the lagged outdoor temperature and cycles. Homes are drawn in blocks of `BLOCK`, each block
from its own stream, so that home i is the same whatever the number of homes or chunks.

Targets, measured: 571 kWh a month on average in California (2019), and shape statistics of 17 homes in Fontana, CA
(peak hour 17, load factor 0.16, coincidence 0.77/0.60/0.52/0.46 for 2/5/10/20 homes, lag-1 about 0.7). Assumed: air
conditioning in 70 % of homes, electric water heating in 12 %, electric space heating in 15 %, a pool pump in 12 %.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from vpp_core.calendar import INTERVAL_HOURS, Month, Period
from vpp_core.decay import decaying_sum
from vpp_core.sources.draws import autoregressive, generator
from vpp_core.sources.weather import month_weather

Floats = npt.NDArray[np.floating]
"""Single precision inside a block, for speed; four decimals of a kW survive."""
Ints = npt.NDArray[np.intp]

BLOCK = 64
"""Homes drawn together: large enough for whole-array arithmetic, small enough to draw one home cheaply."""
SLOTS = 96
USUAL_DAYS = 7
"""Days by which a home's usual load is told, a quarter of a month's work."""
_LAG_HOURS = 2.0
"""How far a building's indoor gain trails the air outside."""


@dataclass(frozen=True)
class _Appliance:
    """Share of homes that own it, occasions a day and the chance that one is taken, power [kW], length, and when."""

    owned: float
    occasions: int
    chance: float
    power_kw: float
    slots: int
    when: str


_APPLIANCES = (
    _Appliance(1.00, 1, 0.55, 0.9, 1, "wake"),
    _Appliance(0.45, 2, 0.85, 1.6, 4, "dinner"),
    _Appliance(1.00, 2, 0.90, 1.0, 1, "dinner"),
    _Appliance(0.70, 1, 0.45, 1.0, 4, "after dinner"),
    _Appliance(0.85, 1, 0.40, 0.4, 3, "awake"),
    _Appliance(0.40, 1, 0.38, 3.0, 4, "awake"),
    _Appliance(1.00, 2, 0.50, 1.0, 1, "awake"),
    _Appliance(0.12, 2, 0.50, 3.0, 3, "wake"),
    _Appliance(0.12, 2, 0.50, 3.0, 3, "after dinner"),
)
"""Breakfast, electric range, microwave, dishwasher, washer, electric dryer, small things, water heating twice."""


@dataclass(frozen=True)
class _Climate:
    """What all homes of a month share."""

    slot: Ints
    day: Ints
    weekend: npt.NDArray[np.bool_]
    felt_c: Floats
    daylight: Floats
    days: int

    @classmethod
    def of(cls, month: Month, seed: int, first_days: int | None = None) -> _Climate:
        period = Period(month, first_days)
        outside = month_weather(month, seed).temperature_c[: len(period)]
        keep = np.exp(-INTERVAL_HOURS / _LAG_HOURS)
        felt = decaying_sum((1 - keep) * outside, keep, before=outside[0])
        hour = period.slot_of_interval / 4
        half_day = 6 + 1.2 * np.cos(2 * np.pi * (month.month - 6.7) / 12)
        daylight = 1 / (1 + np.exp((np.abs(hour - 12.9) - half_day) / 0.4))
        weekend = np.asarray(period.local.dayofweek >= 5)
        felt, daylight = felt.astype(np.float32), daylight.astype(np.float32)
        return cls(period.slot_of_interval, period.day_of_interval, weekend, felt, daylight, len(period.days))


def usual_load(month: Month, seed: int, homes: npt.ArrayLike) -> Floats:
    """Mean load of the named homes as they know it before the month, (homes,) [kW].

    It is that of the same month a year before, of whose first `USUAL_DAYS` days that much is drawn.
    """
    before = replace(month, year=month.year - 1)
    usual: Floats = _load(_Climate.of(before, seed, USUAL_DAYS), before, seed, homes).mean(axis=0)
    return usual


def modelled_load(month: Month, seed: int, homes: npt.ArrayLike) -> Floats:
    """Load of the named homes (positions ≥ 0, any order) over a whole month, (T, homes) [kW]."""
    return _load(_Climate.of(month, seed), month, seed, homes)


def _load(climate: _Climate, month: Month, seed: int, homes: npt.ArrayLike) -> Floats:
    factor = month.iso.place.load_factor
    wanted = np.asarray(homes, dtype=np.intp)
    result = np.empty((len(wanted), len(climate.slot)))
    for block in np.unique(wanted // BLOCK):
        here = np.flatnonzero(wanted // BLOCK == block)
        result[here] = _block(climate, month, seed, int(block))[wanted[here] % BLOCK]
    np.multiply(result, 1e4 * factor, out=result)
    np.rint(result, out=result)
    np.divide(result, 1e4, out=result)
    return result.T


def _block(climate: _Climate, month: Month, seed: int, block: int) -> Floats:
    """Load of one block of homes, (BLOCK, T) [kW]. Who lives there is drawn apart from what they do in a month."""
    traits = _Traits.draw(generator(seed, "homes", block))
    rng = generator(seed, "load", month.year, month.month, block)
    awake, home = _presence(climate, traits, rng)
    use = traits.plug_kw[:, None] * awake * (0.30 + 0.70 * home) * _liveliness(rng, awake.shape)
    light = traits.light_kw[:, None] * awake * home * (1 - climate.daylight)
    load = traits.base_kw[:, None] + _refrigerator(traits, rng, awake.shape) + use + light
    load += _events(climate, traits, rng)
    load += _air_conditioning(climate, traits, home, rng)
    return load


@dataclass(frozen=True)
class _Traits:
    """Columns of a block of homes, (BLOCK,) each; hours are local clock hours."""

    size: Floats
    base_kw: Floats
    plug_kw: Floats
    light_kw: Floats
    wake: Floats
    sleep: Floats
    leave: Floats
    back: Floats
    stays: npt.NDArray[np.bool_]
    owns: npt.NDArray[np.bool_]
    cooler_kw: Floats
    set_point_c: Floats
    gain_kw_per_c: Floats
    heats: npt.NDArray[np.bool_]
    pool_start: Floats
    fridge_kw: Floats

    @classmethod
    def draw(cls, rng: np.random.Generator) -> _Traits:
        size = np.exp(0.38 * rng.standard_normal(BLOCK))
        cooled = rng.random(BLOCK) < 0.70
        cooler = np.clip(2.9 * size**0.5 * np.exp(0.22 * rng.standard_normal(BLOCK)), 1.2, 6.0)
        back = np.where(rng.random(BLOCK) < 0.25, rng.uniform(14.5, 16.5, BLOCK), rng.normal(17.2, 0.8, BLOCK))
        columns: dict[str, Any] = dict(
            size=size,
            base_kw=0.13 * size * np.exp(0.35 * rng.standard_normal(BLOCK)),
            plug_kw=0.30 * size * np.exp(0.25 * rng.standard_normal(BLOCK)),
            light_kw=0.22 * size,
            wake=rng.normal(6.6, 0.9, BLOCK),
            sleep=np.clip(rng.normal(22.8, 0.8, BLOCK), 20.5, 23.9),
            leave=rng.normal(8.2, 0.7, BLOCK),
            back=back,
            stays=rng.random(BLOCK) < 0.38,
            owns=rng.random((len(_APPLIANCES), BLOCK)) < np.array([a.owned for a in _APPLIANCES])[:, None],
            cooler_kw=np.where(cooled, cooler, 0.0),
            set_point_c=rng.normal(26.5, 1.4, BLOCK),
            gain_kw_per_c=cooler * rng.uniform(0.025, 0.053, BLOCK),
            heats=rng.random(BLOCK) < 0.15,
            pool_start=np.where(rng.random(BLOCK) < 0.12, rng.uniform(7, 14, BLOCK), np.nan),
            fridge_kw=rng.uniform(0.09, 0.19, BLOCK),
        )
        single = {name: v.astype(np.float32) if v.dtype == np.float64 else v for name, v in columns.items()}
        return cls(**single)


def _presence(climate: _Climate, traits: _Traits, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Awake and at home, 0–1, (BLOCK, T). Each day shifts by its own small delay."""
    hour = (climate.slot / 4 + 1 / 8).astype(np.float32)
    day, weekend = climate.day, climate.weekend
    shape = (BLOCK, climate.days)

    def moment(usual: Floats, spread: float) -> Floats:
        return (usual[:, None] + spread * rng.standard_normal(shape, dtype=np.float32))[:, day]

    wake = moment(traits.wake, 0.4) + 1.0 * weekend
    sleep = moment(traits.sleep, 0.5)
    leave, back = moment(traits.leave, 0.4), moment(traits.back, 0.6)
    outing = (rng.random(shape, dtype=np.float32) < 0.55)[:, day]
    out_from, out_for = (
        moment(np.full(BLOCK, 13.0, np.float32), 2.2),
        2.0 + moment(np.full(BLOCK, 0.8, np.float32), 0.5),
    )
    awake = np.where((hour >= wake) & (hour < sleep), np.float32(1.0), np.float32(0.12))
    at_work = (hour >= leave) & (hour < back) & ~weekend & ~traits.stays[:, None]
    out = outing & (hour >= out_from) & (hour < out_from + out_for) & (weekend | traits.stays[:, None])
    return awake, (~(at_work | out)).astype(np.float32)


def _liveliness(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """Log-normal unrest of what people use, mean 1."""
    noise = autoregressive(rng, shape, 0.75, np.float32)
    return np.exp(0.45 * noise - 0.45**2 / 2)


def _refrigerator(traits: _Traits, rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """A compressor with a period of about an hour, averaged over the interval."""
    start, period = rng.random(BLOCK, dtype=np.float32), rng.uniform(3.2, 5.6, BLOCK).astype(np.float32)
    phase = start[:, None] + np.arange(shape[1], dtype=np.float32) / period[:, None]
    return traits.fridge_kw[:, None] * ((phase - np.floor(phase)) < 0.45)


def _events(climate: _Climate, traits: _Traits, rng: np.random.Generator) -> Floats:
    """Appliances as rectangles, each occasion around its hour; larger homes take more of them."""
    count, days = len(climate.slot), climate.days
    first_of_day = np.searchsorted(climate.day, np.arange(days))
    weekend = climate.weekend[first_of_day]
    row = np.arange(BLOCK)[:, None] * (count + 1)
    shape = (BLOCK, days)
    edges, jumps = [], []
    for appliance, owns in zip(_APPLIANCES, traits.owns, strict=True):
        chance = np.minimum(appliance.chance * traits.size**0.4, 0.97)[:, None] * owns[:, None]
        centre, spread = _when(appliance.when, traits)
        for _ in range(appliance.occasions):
            happens = rng.random(shape, dtype=np.float32) < chance
            hour = centre[:, None] + spread * rng.standard_normal(shape, dtype=np.float32) + 0.8 * weekend
            start = first_of_day + np.clip((hour * 4).astype(np.intp), 0, SLOTS - 9)
            power = appliance.power_kw * rng.uniform(0.7, 1.25, shape) * happens
            edges += [row + np.minimum(start, count), row + np.minimum(start + appliance.slots, count)]
            jumps += [power, -power]
    jump = np.bincount(
        np.concatenate(edges, axis=None), np.concatenate(jumps, axis=None), minlength=BLOCK * (count + 1)
    )
    running = np.cumsum(jump.reshape(BLOCK, count + 1)[:, :count], axis=1).astype(np.float32)
    hour = climate.slot / 4
    pool = (hour >= traits.pool_start[:, None]) & (hour < traits.pool_start[:, None] + 6)
    return np.maximum(running, 0.0) + np.float32(1.1) * pool


def _when(when: str, traits: _Traits) -> tuple[Floats, float]:
    """Usual hour and its spread from day to day."""
    dinner = np.clip(np.where(traits.stays, 17.6, traits.back + 0.7), 16.8, 20.0)
    return {
        "wake": (traits.wake + 0.5, 0.5),
        "dinner": (dinner, 0.7),
        "after dinner": (dinner + 1.6, 0.9),
        "awake": (np.where(traits.stays, 14.0, 17.8), 3.2),
    }[when]


def _air_conditioning(climate: _Climate, traits: _Traits, home: Floats, rng: np.random.Generator) -> Floats:
    """Cooling (and electric heating in a few homes): a duty that follows the felt temperature, run in whole cycles."""
    preferred = traits.set_point_c[:, None] + 2.2 * (1 - home)
    need = traits.gain_kw_per_c[:, None] * np.maximum(climate.felt_c + 1.5 - preferred, 0.0)
    rated = np.maximum(traits.cooler_kw, 0.1)[:, None]
    duty = np.clip(need / rated, 0.0, 1.0)
    running = np.floor(2 * duty + rng.random(duty.shape, dtype=np.float32)) / 2
    cooling = traits.cooler_kw[:, None] * running
    cold = np.clip((17.0 - climate.felt_c - 1.5) * 0.05, 0.0, 0.9)
    heating = np.where(
        traits.heats[:, None], 2.2 * np.floor(2 * cold + rng.random(home.shape, dtype=np.float32)) / 2, 0.0
    )
    return cooling + heating * (0.4 + 0.6 * home)
