"""One price series of a period with its provenance, and how several sources are laid over each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import INTERVAL_MINUTES, Period

Floats = npt.NDArray[np.float64]

COMPONENTS = {"MCE": "energy", "MCC": "congestion", "MCL": "loss", "MGHG": "ghg"}


@dataclass
class SourcedSeries:
    """Values (T,) with NaN where missing, and for each where it came from, when, and the seed of a drawn one."""

    value: Floats
    source: npt.NDArray[np.object_]
    retrieved_at: npt.NDArray[np.datetime64]
    seed: npt.NDArray[np.object_]

    @classmethod
    def empty(cls, count: int) -> SourcedSeries:
        return cls(
            np.full(count, np.nan),
            np.full(count, None, dtype=object),
            np.full(count, np.datetime64("NaT"), dtype="M8[us]"),
            np.full(count, None, dtype=object),
        )

    @classmethod
    def drawn(cls, value: Floats, seed: int) -> SourcedSeries:
        """A synthetic series; a missing value stays missing."""
        series = cls.empty(len(value))
        series.put(np.isfinite(value), value, "synthetic", seed=seed)
        return series

    def copy(self) -> SourcedSeries:
        """A series of its own."""
        return SourcedSeries(self.value.copy(), self.source.copy(), self.retrieved_at.copy(), self.seed.copy())

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        return np.isnan(self.value)

    def put(
        self,
        where: npt.NDArray[np.bool_],
        value: Floats,
        source: str,
        retrieved_at: npt.NDArray[np.datetime64] | None = None,
        seed: int | None = None,
    ) -> None:
        """Write `value[where]` with its provenance."""
        self.value[where] = value[where]
        self.source[where] = source
        self.retrieved_at[where] = np.datetime64("NaT") if retrieved_at is None else retrieved_at[where]
        self.seed[where] = seed

    def complete_from(self, other: SourcedSeries) -> None:
        """Take from `other` what is missing here."""
        take = self.missing & ~other.missing
        for name in ("value", "source", "retrieved_at", "seed"):
            getattr(self, name)[take] = getattr(other, name)[take]


def from_rows(rows: pd.DataFrame, name: str, item: str, period: Period, source: str, *, hourly: bool) -> SourcedSeries:
    """The series of one node (or region) and item out of a report's rows; hourly values are held for four intervals."""
    rows = rows[(rows["name"] == name) & (rows["item"] == item)]
    series = SourcedSeries.empty(len(period))
    index = period.timestamps.floor("h") if hourly else period.timestamps
    position = pd.DatetimeIndex(rows["timestamp"]).get_indexer(index)
    known = position >= 0
    if known.any():
        value = np.where(known, rows["price"].to_numpy(dtype=float)[position], np.nan)
        when = pd.DatetimeIndex(rows["retrieved_at"]).tz_convert("UTC").tz_localize(None).to_numpy(dtype="M8[us]")
        series.put(known, value, source, when[position])
    return series


def reserve_from_rows(rows: pd.DataFrame, zone: str, item: str, period: Period, source: str) -> SourcedSeries:
    """Reserve price of a zone: its regions summed, and missing in an hour in which any of them is."""
    regions = period.iso.reserve_zones[zone]
    parts = [from_rows(rows, region, item, period, source, hourly=True) for region in regions]
    total = np.sum([part.value for part in parts], axis=0)
    series = SourcedSeries.empty(len(period))
    series.put(np.isfinite(total), total, source, np.max([part.retrieved_at for part in parts], axis=0))
    return series


def fill_short_gaps(series: SourcedSeries, shape: Floats, longest_minutes: int) -> None:
    """Fill gaps of at most `longest_minutes` along `shape` (the day-ahead price) or, where that is unknown, a line.

    The distance from the shape is carried over linearly from the last known value to the next; at a period's edge it
    is held.
    """
    usable = np.where(np.isfinite(shape), shape, 0.0)
    missing = series.missing
    if not missing.any() or missing.all():
        return
    edge = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(np.int8)))
    at = np.arange(len(missing))
    for first, stop in edge.reshape(-1, 2):
        if (stop - first) * INTERVAL_MINUTES > longest_minutes:
            continue
        around = slice(max(first - 1, 0), min(stop + 1, len(missing)))
        base = usable if np.isfinite(shape[around]).all() else np.zeros_like(usable)
        known = np.flatnonzero(~missing[around]) + around.start
        distance = np.interp(at[first:stop], known, (series.value - base)[known])
        gap = np.zeros_like(missing)
        gap[first:stop] = True
        value = series.value.copy()
        value[first:stop] = base[first:stop] + distance
        series.put(gap, value, "filled")


def missing_stretches(missing: npt.NDArray[np.bool_], period: Period, most: int = 3) -> str:
    """Name what is missing: the count and the first stretches in local time."""
    edge = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(np.int8))).reshape(-1, 2)
    local = period.local
    named = [f"{local[a]:%Y-%m-%dT%H:%M} to {local[b - 1]:%Y-%m-%dT%H:%M}" for a, b in edge[:most]]
    more = f" and {len(edge) - most} more stretches" if len(edge) > most else ""
    return f"{int(missing.sum())} of {len(missing)} intervals missing ({', '.join(named)}{more})"
