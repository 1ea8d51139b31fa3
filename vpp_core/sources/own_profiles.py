"""A person's own meter data: one file per home in `raw/load`, CSV or Parquet, in the place of generated profiles.

Sorted by path, the k-th home is profile k; what a file may look like, `meter_file` says. Only files that cover the
whole period are used; one that covers a part is an error, one of another time is left aside and told, as is every
file that is no meter's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import Period
from vpp_core.errors import InputError
from vpp_core.sources.meter_file import Meter, OtherCommodityError, read_meter, step_minutes
from vpp_core.sources.raw_files import documents, files_below, last_changed, named, not_read, read_file
from vpp_core.sources.unread import Unread

Floats = npt.NDArray[np.float64]

_ENDINGS = (".csv", ".parquet", ".zip", ".gz")
_HIGHEST_KW = 100.0
_MIN_BEFORE = pd.Timedelta(days=1)
"""Less than this before the month says nothing of a home's usual load."""
USUAL_KW = 0.78
"""Mean load of a home whose file holds nothing before the month: 571 kWh a month, California's mean of 2019."""


@dataclass(frozen=True)
class OwnProfile:
    """A home's load over a period, (T,) [kW], its mean load before that [kW], and when its file last changed."""

    load_kw: Floats
    usual_kw: float
    changed: pd.Timestamp


def read_own_profiles(
    folder: Path, period: Period, unread: list[Unread] | None = None, most: int | None = None
) -> list[OwnProfile]:
    """The profiles that cover the period, by path; at most so many. An unreadable file is an `InputError`.

    What is not read is added to `unread`.
    """
    told = [] if unread is None else unread
    found: list[OwnProfile] = []
    for path in files_below(folder):
        label = named(path, folder)
        if path.suffix.lower() not in _ENDINGS:
            told.append(Unread(label, _why(path)))
            continue
        for name, load, usual_kw in _of_file(path, label, period, told):
            if most is not None and len(found) == most:
                told.append(Unread(name, f"the scenario has loads of {most} homes, and as many files stand before it"))
            else:
                found.append(OwnProfile(load, usual_kw, last_changed(path)))
    return found


def _of_file(path: Path, label: str, period: Period, unread: list[Unread]) -> list[tuple[str, Floats, float]]:
    """The homes in one file, which is several only in an archive: name, load, and mean load before the period."""
    found: list[tuple[str, Floats, float]] = []
    refusal: OtherCommodityError | None = None
    for document in documents(read_file(path), str(path), _ENDINGS, label):
        if isinstance(document, Unread):
            unread.append(document)
            continue
        name = label + document.where.removeprefix(str(path))
        try:
            meter = read_meter(document.content, document.where, period.timezone)
        except OtherCommodityError as error:
            refusal = refusal or error
            unread.append(Unread(name, "a meter of gas or water"))
            continue
        unread += [Unread(name, note) for note in meter.notes]
        load = _over(meter, period, document.where)
        if load is None:
            unread.append(Unread(name, f"holds nothing of {period.month}, {_span(meter.value.index, period.timezone)}"))
        else:
            found.append((name, load, _before_kw(meter, period)))
    if refusal and not found:
        raise refusal
    return found


def _why(path: Path) -> str:
    return "Green Button XML; download the CSV" if path.suffix.lower() == ".xml" else not_read(path.name)


def _span(index: pd.Index, timezone: str) -> str:
    local = pd.DatetimeIndex(index).tz_convert(timezone)
    return f"only {local.min():%Y-%m-%d} to {local.max():%Y-%m-%d}" if len(local) else "no interval at all"


def _before_kw(meter: Meter, period: Period) -> float:
    """The home's mean load in the year before the period [kW], as far as its file tells."""
    start = period.timestamps[0]
    value = meter.value[(meter.value.index < start) & (meter.value.index >= start - pd.Timedelta(days=365))]
    minutes = np.diff(pd.DatetimeIndex(value.index).as_unit("us").asi8) / 60_000_000
    known = value.to_numpy(dtype=float)
    known = known[np.isfinite(known)]
    if not len(minutes) or len(known) * np.median(minutes) < _MIN_BEFORE / pd.Timedelta(minutes=1):
        return USUAL_KW
    mean = float(known.mean()) * (60 / float(np.median(minutes)) if meter.energy else 1.0)
    return min(max(mean, 0.0), _HIGHEST_KW)


def _over(meter: Meter, period: Period, where: str) -> Floats | None:
    """The period's 15-minute values [kW], a longer step held; None where the file is of another time."""
    day = pd.Timedelta(days=1)
    start, end = period.timestamps[0], period.timestamps[-1]
    value = meter.value
    near = value[(value.index >= start - day) & (value.index <= end + day)]
    if not len(near[(near.index >= start) & (near.index <= end)]):
        return None
    step = step_minutes(pd.DatetimeIndex(near.index), where)
    load = near.reindex(period.timestamps.floor(f"{step}min")).to_numpy(dtype=float)
    load = load * (60 / step if meter.energy else 1.0)
    missing = ~np.isfinite(load)
    if missing.any():
        first = period.local[int(np.argmax(missing))]
        raise InputError(
            f"{where} lacks {int(missing.sum())} of {len(period)} intervals of {period.month}, the first at "
            f"{first:%Y-%m-%dT%H:%M}; complete it or remove it"
        )
    if load.min() < 0:
        raise InputError(
            f"{where} has a load of {load.min():g} kW; that is a net meter's, and a home's own use is asked for, "
            "without solar and without the car"
        )
    if load.max() > _HIGHEST_KW:
        raise InputError(
            f"{where} has a load of {load.max():g} kW; a home's own lies within 0 … {_HIGHEST_KW:g} kW: check the unit"
        )
    return load
