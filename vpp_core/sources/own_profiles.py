"""A person's own meter data: one file per home in `raw/load`, CSV or Parquet, in the place of generated profiles.

Sorted by name, the k-th file is profile k. A file has a time column (timestamp, start, or Green Button's DATE and START
TIME) and one of load_kw (mean power) or usage_kwh / USAGE (energy of the interval), in steps of 15, 30 or 60 minutes.
Times without an offset are Los Angeles time. Only files that cover the whole period are used; one that covers a part
is an error, one of another time is left aside.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import LOCAL_TIMEZONE, Period
from vpp_core.errors import InputError
from vpp_core.sources.oasis_files import last_changed

log = logging.getLogger(__name__)
Floats = npt.NDArray[np.float64]

_HIGHEST_KW = 100.0
_STEPS = (15, 30, 60)
_HEADER_SEARCH = 30
"""Green Button files open with some lines about the customer."""


@dataclass(frozen=True)
class OwnProfile:
    """A home's load over a period, (T,) [kW], and when its file last changed."""

    load_kw: Floats
    changed: pd.Timestamp


def read_own_profiles(folder: Path, period: Period) -> list[OwnProfile]:
    """All profiles that cover the period, by file name. An unreadable file is an `InputError` that names it."""
    if not folder.exists():
        return []
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".csv", ".parquet"))
    found = []
    for path in files:
        series = _read(path)
        load = _over(series, period, path)
        if load is None:
            log.info("%s holds nothing of %s and is left aside", path, period.month)
            continue
        changed = last_changed(path)
        found.append(OwnProfile(load, changed))
    return found


def _read(path: Path) -> pd.Series:
    """Mean power by interval start, at the file's own step [kW]."""
    try:
        table = pd.read_parquet(io.BytesIO(path.read_bytes())) if path.suffix.lower() == ".parquet" else _read_csv(path)
    except Exception as error:  # every parser fails in ways of its own
        raise InputError(
            f"{path} is not a readable profile ({type(error).__name__}); see docs/data.md or remove it"
        ) from None
    if isinstance(table.index, pd.DatetimeIndex):
        table = table.reset_index(names="timestamp")
    table.columns = [str(c).strip().lower().replace(" ", "_") for c in table.columns]
    start = _start(table, path)
    energy = next((c for c in ("usage_kwh", "usage", "usage_(kwh)", "kwh") if c in table), None)
    if "load_kw" not in table and energy is None:
        raise InputError(f"{path} lacks a column load_kw or usage_kwh; see docs/data.md for the form")
    value = pd.to_numeric(table["load_kw"] if "load_kw" in table else table[energy], errors="coerce")
    series = pd.Series(value.to_numpy(dtype=float), index=start).sort_index()
    series = series[series.index.notna()]
    twice = series.index.duplicated(keep=False)
    if twice.any():
        raise InputError(f"{path} has two values at {series.index[twice][0]}; keep one (give offsets at clock changes)")
    step = _step(series.index, path)
    return series if "load_kw" in table else series * (60 / step)


def _read_csv(path: Path) -> pd.DataFrame:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    wanted = ("timestamp", "start", "date")
    header = next(
        i
        for i, line in enumerate(lines[:_HEADER_SEARCH])
        if any(w in line.lower().split(",") or f"{w} time" in line.lower() for w in wanted)
    )
    return pd.read_csv(io.StringIO("\n".join(lines[header:])))


def _start(table: pd.DataFrame, path: Path) -> pd.DatetimeIndex:
    """Interval starts in UTC. A local hour that happens twice is told apart by its order in the file."""
    try:
        if "date" in table and "start_time" in table:
            moment = pd.to_datetime(table["date"].astype(str) + " " + table["start_time"].astype(str), format="mixed")
        else:
            moment = pd.to_datetime(table["timestamp" if "timestamp" in table else "start"], format="mixed")
        index = pd.DatetimeIndex(moment)
        if index.tz is None:
            index = index.tz_localize(LOCAL_TIMEZONE, ambiguous="infer" if not index.is_unique else False)
        return index.tz_convert("UTC").as_unit("us")
    except Exception as error:
        raise InputError(f"{path} has no readable time column ({type(error).__name__}); see docs/data.md") from None


def _step(index: pd.Index, path: Path) -> int:
    """Minutes between rows."""
    gaps = np.diff(pd.DatetimeIndex(index).as_unit("us").asi8) // 60_000_000
    step = int(np.median(gaps)) if len(gaps) else 0
    if step not in _STEPS:
        raise InputError(f"{path} has rows {step} minutes apart; give steps of 15, 30 or 60 minutes")
    return step


def _over(series: pd.Series, period: Period, path: Path) -> Floats | None:
    """The period's 15-minute values, a longer step held; None where the file is of another time."""
    step = _step(series.index, path)
    index = period.timestamps.floor(f"{step}min")
    load = series.reindex(index).to_numpy(dtype=float)
    missing = ~np.isfinite(load)
    if missing.all():
        return None
    if missing.any():
        first = period.local[int(np.argmax(missing))]
        raise InputError(
            f"{path} lacks {int(missing.sum())} of {len(period)} intervals of {period.month}, the first at "
            f"{first:%Y-%m-%dT%H:%M}; complete it or remove it"
        )
    if load.min() < 0 or load.max() > _HIGHEST_KW:
        raise InputError(
            f"{path} has a load of {load.min() if load.min() < 0 else load.max():g} kW; a home's own load lies within "
            f"0 … {_HIGHEST_KW:g} kW, without solar and without the car"
        )
    return load
