"""Quantiles of a series at each coming window, learned from its own published past.

Three parts: a base by time of day (weighted quantiles over past days), a shift by the latest surprises, and a width by
lead time. Everything is a whole-array computation over gates (W), windows ahead (K), local days (D) and windows of a
day (H).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vpp_core.calendar import INTERVAL_MINUTES
from vpp_core.decay import decaying_sum
from vpp_core.market.gates import SLOTS, Gates

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]

QUANTILES = (0.1, 0.5, 0.9)
_AT_ONCE = 50_000
"""Weights of so many values are handled at once: few calls for a few days, and of a month what a cache holds."""


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


@dataclass(frozen=True)
class Prior:
    """Quantiles before any experience, by local hour: p10, p50 and p90, (24, 3)."""

    quantiles: Floats


def quantiles_from_experience(grid: Gates, price: Floats, prior: Prior, memory: Memory) -> Floats:
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
    keep = np.exp(-INTERVAL_MINUTES / 60 / hours)
    total = decaying_sum(surprise, keep)
    weight = (1 - keep ** np.arange(1, len(surprise) + 1)) / (1 - keep)
    mean = np.concatenate([[0.0], total / weight])
    return np.asarray(mean[np.clip(gate, 0, len(surprise))])


def _days_known(grid: Gates, memory: Memory) -> Ints:
    """How many days' samples of each window of the day are published at each gate closure, (W, H)."""
    day, slot = grid.period.day_of_interval, grid.period.slot_of_interval
    published = np.zeros(grid.days * SLOTS, dtype=np.intp)
    np.maximum.at(published, day * SLOTS + slot, np.arange(len(day)) + 1)
    position, inside = grid.sampled(memory.neighbours)
    # What lies past the period's end is not published in it, as it would not be in a longer one.
    past_end = ~inside & (position == grid.days * SLOTS - 1)
    complete = np.where(past_end, len(day) + 1, np.where(inside, published[position], 0)).max(axis=2)
    complete = np.maximum.accumulate(complete, axis=0)
    return (complete[None, :, :] <= grid.gate[:, None, None]).sum(axis=1)


def _climate(grid: Gates, price: Floats, prior: Prior, memory: Memory) -> Floats:
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
    sample = np.concatenate([sample, pseudo], axis=1)
    at_once = max(_AT_ONCE // weight.size, 1)
    parts = [_weighted_quantiles(sample[h : h + at_once], weight) for h in range(0, per_day, at_once)]
    return np.concatenate(parts, axis=2).swapaxes(1, 2)


def _tails(levels: Floats, quantiles: Floats) -> Floats:
    """Beyond p10 and p90 the prior goes on: below in proportion, above with a fat tail."""
    beyond = np.maximum(levels - 0.9, 0) / (1 - levels) * 1.2
    below = np.maximum(0.1 - levels, 0) / levels * 0.4
    p10, p50, p90 = quantiles.T
    return np.asarray(beyond * (p90 - p50)[:, None] - below * (p50 - p10)[:, None])


def _weighted_quantiles(sample: Floats, weight: Floats) -> Floats:
    """Quantiles of each sample (H, n) under many weightings (…, n), interpolated between midpoints, (…, H, 3).

    A value of weight 0 leaves no trace, not even as a point to interpolate to: it may be from the future.
    """
    known = np.isfinite(sample)
    order = np.argsort(np.where(known, sample, np.inf), axis=-1, kind="stable")
    value = np.take_along_axis(sample, order, -1)
    weight = np.where(np.take_along_axis(known, order, -1), weight[..., order], 0.0)
    counts = weight > 0
    reach = np.cumsum(weight, axis=-1)
    middle = (reach - weight / 2) / reach[..., -1:]
    last_counting = np.maximum.accumulate(np.where(counts, np.arange(sample.shape[-1]), -1), axis=-1)
    own = np.arange(len(sample))
    result = np.empty((*weight.shape[:-1], len(QUANTILES)))
    for index, level in enumerate(QUANTILES):
        beyond = counts & (middle >= level)
        right = np.where(beyond.any(axis=-1), beyond.argmax(axis=-1), last_counting[..., -1])
        before = np.take_along_axis(last_counting, np.maximum(right - 1, 0)[..., None], -1)[..., 0]
        left = np.where((right > 0) & (before >= 0), before, right)
        low = np.take_along_axis(middle, left[..., None], -1)[..., 0]
        high = np.take_along_axis(middle, right[..., None], -1)[..., 0]
        share = np.clip((level - low) / np.maximum(high - low, 1e-12), 0.0, 1.0)
        result[..., index] = value[own, left] + share * (value[own, right] - value[own, left])
    return result
