"""What may be known of prices at each gate closure: quantiles of every window of the coming day and a half.

The forecast of a window is a base curve, corrected by what the latest published prices showed:

1. *Base.* What the price did at this time of day; where the target's day-ahead price is published, mixed with that
   price plus what real-time did relative to it at this time of day. Either way quantiles over the past days, with
   exponential forgetting, less weight for the other kind of day (weekday, weekend) and pseudo-observations of a
   climatological prior, which fade as days accumulate.
2. *Level.* Published prices of the last hours, relative to the base that was valid for them, shift the forecast: a
   fast part that dies out within hours and a slow part that carries on through the next day.
3. *Spread.* Quantiles keep their distance from the median, narrower at short lead times, wider after unrest.

Used are real-time and reserve prices of intervals that ended by the gate closure, and day-ahead prices of local day
D + 1 from 13:00 on D (those of the first day from its start), and nothing else. Day-ahead reserve prices are in fact
published with day-ahead energy; they are treated as if known only afterwards, because the ones that are modelled on
the real-time price would give it away.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import INTERVAL, INTERVAL_MINUTES, LOCAL_TIMEZONE, Period
from vpp_core.scenario.market_rules import MarketRules

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

HORIZON_HOURS = 36
DAY_AHEAD_PUBLISHED_HOUR = 13
QUANTILES = (0.1, 0.5, 0.9)
PRODUCTS = {"energy": "lmp_usd_per_mwh", "spin": "spin_usd_per_mw_h", "nonspin": "nonspin_usd_per_mw_h"}
SLOTS = 24 * 60 // INTERVAL_MINUTES


@dataclass(frozen=True)
class Memory:
    """How the past is weighed. Chosen on July 2020 and synthetic months; all are dimensionless unless noted."""

    forgetting: float = 0.92
    """weight of a day relative to the next one"""
    other_kind: float = 0.3
    """weight of a weekend day for a weekday, and the reverse"""
    neighbours: int = 2
    """intervals before and after a window that count as the same time of day"""
    neighbour_weight: float = 0.7
    prior_days: float = 0.5
    """days of data that the prior is worth"""
    fast_hours: float = 0.5
    """over how long the latest prices are averaged [h]"""
    fast_gain: float = 0.45
    fast_decay_hours: float = 3.0
    slow_hours: float = 6.0
    slow_gain: float = 0.5
    slow_decay_hours: float = 30.0
    young_gain: float = 0.2
    """slow gain on the first day, in addition, halving with every day of experience"""
    clip: float = 1.0
    """surprises count up to this many distances between p10 and p90"""
    short_lead_width: float = 0.85
    width_lead_hours: float = 4.0


PRICE_MEMORY = Memory()
SPREAD_MEMORY = Memory(forgetting=0.97, other_kind=0.6, neighbours=4, prior_days=1.5, slow_hours=3.0)
"""Of real-time relative to day-ahead: a steadier thing than the price."""
DAY_AHEAD_SHARE = 0.7
"""Weight of the day-ahead price's forecast against that of experience, where both exist: each errs in its own way."""


@dataclass(frozen=True)
class Prior:
    """Quantiles before any experience, by local hour: p10, p50 and p90, (24, 3)."""

    quantiles: Floats


_HOURLY_MEDIAN = np.array(
    [28, 26, 25, 25, 26, 29, 33, 33, 28, 23, 20, 18, 17, 17, 18, 20, 24, 30, 38, 44, 42, 37, 33, 30], dtype=float
)
ENERGY_PRIOR = Prior(_HOURLY_MEDIAN[:, None] * [1, 1, 1] + np.array([-14.0, 0.0, 22.0]))
"""Published percentiles of two Californian nodes, 2016–2021 (median 27–28, p5 0 and 11, p95 57 and 63 $/MWh), laid over
the usual shape of a day: a valley at midday, a peak at 19–20 h."""
SPREAD_PRIOR = Prior(np.tile([-15.0, -3.0, 12.0], (24, 1)))
"""Real-time minus day-ahead: mean −4.4, correlation 0.76 (DLAP_SCE 2024)."""
RESERVE_PRIOR = Prior(np.log1p(np.clip((_HOURLY_MEDIAN - 16.0)[:, None] * np.array([0.05, 0.3, 1.6]), 0.05, None)))
"""Near nothing at midday, tens of $/MW on evenings, in log(1 + price)."""


def price_forecast(market_prices: pd.DataFrame, period: Period, rules: MarketRules) -> pd.DataFrame:
    """The table `price_forecast`: for each gate closure, every window of the next 36 h and every product with prices.

    `market_prices` are the period's rows. Rows are ordered by product, gate closure and window, so that a product's
    block reshapes to (windows, 36 h / window length). Windows may lie past the period's end.
    """
    grid = _Grid(period, rules.window_minutes, rules.gate_closure_minutes)
    real_time = market_prices["lmp_usd_per_mwh"].to_numpy(dtype=float)
    day_ahead = market_prices["lmp_day_ahead_usd_per_mwh"].to_numpy(dtype=float)
    tables = {"energy": _energy(grid, real_time, day_ahead)}
    for product in ("spin", "nonspin"):
        price = market_prices[PRODUCTS[product]].to_numpy(dtype=float)
        if np.isfinite(price).any():
            known = np.log1p(np.maximum(price, 0.0))
            tables[product] = np.maximum(np.expm1(_from_experience(grid, known, RESERVE_PRIOR, PRICE_MEMORY)), 0.0)
    return pd.concat([grid.rows(product, values) for product, values in tables.items()], ignore_index=True)


def _energy(grid: _Grid, real_time: Floats, day_ahead: Floats) -> Floats:
    """Quantiles of the real-time price, (W, K, 3)."""
    plain = _from_experience(grid, real_time, ENERGY_PRIOR, PRICE_MEMORY)
    if not np.isfinite(day_ahead).any():
        return plain
    published = grid.published_day_ahead(day_ahead)[:, :, None]
    spread = _from_experience(grid, real_time - day_ahead, SPREAD_PRIOR, SPREAD_MEMORY)
    informed = DAY_AHEAD_SHARE * (published + spread) + (1 - DAY_AHEAD_SHARE) * plain
    return np.where(np.isfinite(published), informed, plain)


@dataclass(frozen=True)
class _Grid:
    """Gate closures and the windows each looks at: W gates, K windows ahead, H windows of a local day."""

    period: Period
    window_minutes: int
    gate_closure_minutes: int

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
        """How many intervals of the period have ended by each gate closure, (W,); negative before it starts."""
        return self.first - self.gate_closure_minutes // INTERVAL_MINUTES

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
        local = self.starts.tz_convert(LOCAL_TIMEZONE)
        return np.asarray((local.hour * 60 + local.minute) // self.window_minutes, dtype=np.intp)

    @cached_property
    def weekend(self) -> Ints:
        """For each of `starts`, 1 on a weekend."""
        return np.asarray(self.starts.tz_convert(LOCAL_TIMEZONE).dayofweek >= 5, dtype=np.intp)

    @cached_property
    def lead_hours(self) -> Floats:
        """From gate closure to the middle of each target, (K,) [h]."""
        return (self.gate_closure_minutes + (np.arange(self.ahead) + 0.5) * self.window_minutes) / 60

    def published_day_ahead(self, day_ahead: Floats) -> Floats:
        """Mean day-ahead price of each target where it is published at the gate closure, else NaN, (W, K)."""
        count = len(self.first)
        mean = np.full(len(self.starts), np.nan)
        mean[:count] = day_ahead[: count * self.length].reshape(count, self.length).mean(axis=1)
        local = self.starts.tz_convert(LOCAL_TIMEZONE)
        midnight = local.normalize()
        known_from = (midnight - pd.DateOffset(days=1)) + pd.DateOffset(hours=DAY_AHEAD_PUBLISHED_HOUR)
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


def _from_experience(grid: _Grid, price: Floats, prior: Prior, memory: Memory) -> Floats:
    """Quantiles from the series' own past, (W, K, 3)."""
    climate = _climate(grid, price, prior, memory)
    days_known = _days_known(grid, memory)
    window, weekend = grid.window_of_day, grid.weekend
    target_window = window[grid.target]
    base = climate[days_known[np.arange(len(grid.first))[:, None], target_window], target_window, weekend[grid.target]]

    day = grid.period.day_of_interval
    slot_window = grid.period.slot_of_interval // grid.length
    is_weekend = np.asarray(grid.period.local.dayofweek >= 5, dtype=np.intp)
    valid = climate[day, slot_window, is_weekend]
    limit = memory.clip * np.maximum(valid[:, 2] - valid[:, 0], 1e-9)
    surprise = np.clip(price - valid[:, 1], -limit, limit)
    surprise = np.where(np.isfinite(surprise), surprise, 0.0)
    fast = _recent_mean(surprise, grid.gate, memory.fast_hours)
    slow = _recent_mean(surprise, grid.gate, memory.slow_hours)

    lead = grid.lead_hours
    experience = np.maximum(grid.gate, 0) / SLOTS
    young = memory.young_gain * 0.5**experience
    slow_gain = (memory.slow_gain + young)[:, None] * np.exp(-lead / memory.slow_decay_hours)
    fast_gain = memory.fast_gain * np.exp(-lead / memory.fast_decay_hours)
    shift = slow_gain * slow[:, None] + fast_gain * (fast - slow)[:, None]
    width = 1 - (1 - memory.short_lead_width) * np.exp(-lead / memory.width_lead_hours)
    centre = base[:, :, 1] + shift
    low = centre - width * (base[:, :, 1] - base[:, :, 0])
    high = centre + width * (base[:, :, 2] - base[:, :, 1])
    return np.stack([low, centre, high], axis=2)


def _recent_mean(surprise: Floats, gate: Ints, hours: float) -> Floats:
    """Exponentially weighted mean of the surprises published by each gate closure, (W,); 0 before there is any."""
    from scipy.signal import lfilter

    keep = np.exp(-INTERVAL_MINUTES / 60 / hours)
    total = lfilter([1.0], [1.0, -keep], surprise)
    weight = (1 - keep ** np.arange(1, len(surprise) + 1)) / (1 - keep)
    mean = np.concatenate([[0.0], total / weight])
    return np.asarray(mean[np.clip(gate, 0, len(surprise))])


def _days_known(grid: _Grid, memory: Memory) -> Ints:
    """How many days' samples of each window of the day are published at each gate closure, (W, H)."""
    day, slot = grid.period.day_of_interval, grid.period.slot_of_interval
    published = np.zeros(grid.days * SLOTS, dtype=np.intp)
    np.maximum.at(published, day * SLOTS + slot, np.arange(len(day)) + 1)
    position, inside = grid.sampled(memory.neighbours)
    complete = np.where(inside, published[position], 0).max(axis=2)
    complete = np.maximum.accumulate(complete, axis=0)
    return (complete[None, :, :] <= grid.gate[:, None, None]).sum(axis=1)


def _climate(grid: _Grid, price: Floats, prior: Prior, memory: Memory) -> Floats:
    """Quantiles by days of experience, window of the day and kind of day, (D + 1, H, 2, 3)."""
    day, slot, length = grid.period.day_of_interval, grid.period.slot_of_interval, grid.length
    days, per_day = grid.days, SLOTS // length
    by_day = np.full(days * SLOTS, np.nan)
    by_day[day * SLOTS + slot] = price
    offsets = np.arange(-memory.neighbours, length + memory.neighbours)
    position, inside = grid.sampled(memory.neighbours)
    sample = np.where(inside, by_day[position], np.nan)
    sample = sample.transpose(1, 0, 2).reshape(per_day, -1)
    sample_day = np.repeat(np.arange(days), len(offsets))
    offset_weight = np.where((offsets >= 0) & (offsets < length), 1.0, memory.neighbour_weight)
    offset_weight = np.tile(offset_weight / offset_weight.sum(), days)

    levels = np.linspace(0.025, 0.975, 20)
    hour = (np.arange(per_day) * length) // (60 // INTERVAL_MINUTES)
    pseudo = np.array([np.interp(levels, QUANTILES, prior.quantiles[h]) for h in hour])
    pseudo += _tails(levels, prior.quantiles[hour])
    pseudo_weight = np.full(len(levels), memory.prior_days / len(levels))

    kind = np.zeros(days, dtype=np.intp)
    kind[day] = np.asarray(grid.period.local.dayofweek >= 5, dtype=np.intp)
    experience = np.arange(days + 1)
    age = experience[:, None] - 1 - sample_day[None, :]
    weight = np.where(age >= 0, memory.forgetting ** np.maximum(age, 0), 0.0) * offset_weight
    same = kind[sample_day][None, :] == np.arange(2)[:, None]
    weight = weight[:, None, :] * np.where(same, 1.0, memory.other_kind)[None, :, :]
    weight = np.concatenate([weight, np.broadcast_to(pseudo_weight, (*weight.shape[:2], len(levels)))], axis=2)
    return np.stack(
        [_weighted_quantiles(np.concatenate([sample[h], pseudo[h]]), weight) for h in range(per_day)], axis=1
    )


def _tails(levels: Floats, quantiles: Floats) -> Floats:
    """Beyond p10 and p90 the prior goes on: below in proportion, above with a fat tail."""
    beyond = np.maximum(levels - 0.9, 0) / (1 - levels) * 1.2
    below = np.maximum(0.1 - levels, 0) / levels * 0.4
    p10, p50, p90 = quantiles.T
    return np.asarray(beyond * (p90 - p50)[:, None] - below * (p50 - p10)[:, None])


def _weighted_quantiles(sample: Floats, weight: Floats) -> Floats:
    """Quantiles of one sample (n,) under many weightings (…, n), interpolated between midpoints, (…, 3).

    A value of weight 0 leaves no trace, not even as a point to interpolate to: it may be from the future.
    """
    known = np.isfinite(sample)
    order = np.argsort(sample[known], kind="stable")
    value = sample[known][order]
    weight = weight[..., known][..., order]
    counts = weight > 0
    reach = np.cumsum(weight, axis=-1)
    middle = (reach - weight / 2) / reach[..., -1:]
    last_counting = np.maximum.accumulate(np.where(counts, np.arange(len(value)), -1), axis=-1)
    result = np.empty((*weight.shape[:-1], len(QUANTILES)))
    for index, level in enumerate(QUANTILES):
        beyond = counts & (middle >= level)
        right = np.where(beyond.any(axis=-1), beyond.argmax(axis=-1), last_counting[..., -1])
        before = np.take_along_axis(last_counting, np.maximum(right - 1, 0)[..., None], -1)[..., 0]
        left = np.where((right > 0) & (before >= 0), before, right)
        low = np.take_along_axis(middle, left[..., None], -1)[..., 0]
        high = np.take_along_axis(middle, right[..., None], -1)[..., 0]
        share = np.clip((level - low) / np.maximum(high - low, 1e-12), 0.0, 1.0)
        result[..., index] = value[left] + share * (value[right] - value[left])
    return result


def forecast_error(forecast: pd.DataFrame, market_prices: pd.DataFrame) -> dict[str, float]:
    """How good the energy forecast was, over all targets inside the period and all their 15-minute prices.

    Keys: `mae_usd_per_mwh` of the median, `pinball_usd_per_mwh` (mean over the three quantiles), `coverage_p10_p90`
    (0.8 is right), the same two errors for the same interval of the day before (`yesterday_…`), and `targets`.
    """
    energy = forecast[forecast["product"] == "energy"]
    price = market_prices.set_index("timestamp")["lmp_usd_per_mwh"]
    starts = pd.DatetimeIndex(energy["timestamp"])
    gaps = np.diff(np.unique(starts.asi8))
    length = int(gaps.min() // 60_000_000) // INTERVAL_MINUTES if len(gaps) else 4
    errors = _Errors()
    issued = pd.DatetimeIndex(energy["issued_at"])
    first = price.index[0]
    values = price.to_numpy(dtype=float)
    position = ((starts - first) // INTERVAL).to_numpy()
    gate = ((issued - first) // INTERVAL).to_numpy()
    quantiles = energy[["p10", "p50", "p90"]].to_numpy(dtype=float)
    for step in range(length):
        at = position + step
        inside = at < len(values)
        past = at - SLOTS * np.maximum(1, np.ceil((at + 1 - gate) / SLOTS).astype(np.intp))
        comparable = inside & (past >= 0)
        errors.add(
            values[at[inside]],
            quantiles[inside],
            values[at[comparable]],
            values[past[comparable]],
            quantiles[comparable],
        )
    return errors.summary()


class _Errors:
    """Sums of errors over intervals."""

    def __init__(self) -> None:
        self._sums = np.zeros(7)
        self._counts = np.zeros(2)

    def add(
        self, price: Floats, quantiles: Floats, comparable: Floats, yesterday: Floats, quantiles_comparable: Floats
    ) -> None:
        known = np.isfinite(price)
        price, quantiles = price[known], quantiles[known]
        both = np.isfinite(comparable) & np.isfinite(yesterday)
        comparable, yesterday, ours = comparable[both], yesterday[both], quantiles_comparable[both]
        self._sums += (
            np.abs(price - quantiles[:, 1]).sum(),
            _pinball(price, quantiles).sum(),
            ((price >= quantiles[:, 0]) & (price <= quantiles[:, 2])).sum(),
            np.abs(comparable - yesterday).sum(),
            _pinball(comparable, np.repeat(yesterday[:, None], 3, axis=1)).sum(),
            np.abs(comparable - ours[:, 1]).sum(),
            _pinball(comparable, ours).sum(),
        )
        self._counts += len(price), len(comparable)

    def summary(self) -> dict[str, float]:
        count, comparable = np.maximum(self._counts, 1)
        mae, pinball, covered, mae_then, pinball_then, mae_there, pinball_there = self._sums
        return {
            "mae_usd_per_mwh": mae / count,
            "pinball_usd_per_mwh": pinball / count,
            "coverage_p10_p90": covered / count,
            "yesterday_mae_usd_per_mwh": mae_then / comparable,
            "yesterday_pinball_usd_per_mwh": pinball_then / comparable,
            "comparable_mae_usd_per_mwh": mae_there / comparable,
            "comparable_pinball_usd_per_mwh": pinball_there / comparable,
            "targets": float(self._counts[0]),
        }


def _pinball(price: Floats, quantiles: Floats) -> Floats:
    """Mean over the quantiles of the pinball loss, per price."""
    distance = price[:, None] - quantiles
    levels = np.array(QUANTILES)
    return np.maximum(levels * distance, (levels - 1) * distance).mean(axis=1)
