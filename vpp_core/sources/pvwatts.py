"""PVWatts v8: hourly output of a typical year, one request per orientation, kept as it came.

Its year is made of months from different years, in local standard time without a clock change. August in Los Angeles
therefore runs from standard time July 31, 23:00; slicing it naively would put the peak an hour early.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import Month, Period
from vpp_core.errors import InputError, UnavailableError
from vpp_core.iso import DEFAULT, Iso, Place
from vpp_core.sources.fetched import Fetched, Shelf
from vpp_core.sources.folders import FETCHED_PVWATTS
from vpp_core.sources.network import Services, get, reachability
from vpp_core.sources.orientations import ORIENTATIONS, Orientation

Floats = npt.NDArray[np.float64]
log = logging.getLogger(__name__)

_HOURS_OF_YEAR = 8760
_SYSTEM_KW = 1.0
_PARAMETERS: dict[str, float | str] = {
    "system_capacity": _SYSTEM_KW,
    "module_type": 0,
    "losses": 14,
    "array_type": 1,
    "dc_ac_ratio": 1.15,
    "timeframe": "hourly",
}


def shelf(raw: Path, iso: Iso = DEFAULT) -> Shelf:
    """Where the typical years of a market's place are kept: those of the default one directly in the folder."""
    folder = raw / FETCHED_PVWATTS
    return Shelf(folder if iso is DEFAULT else folder / iso.key, ".json")


def typical_month(
    raw: Path, month: Month, services: Services, *, ask: bool = True, refresh: bool = False
) -> tuple[Floats, pd.Timestamp] | None:
    """AC power per kW DC of a month, (T, orientations) [kW/kW], and when it was fetched.

    Kept years are used first; without them, and without a key or with `ask=False`, None. `UnavailableError` where the
    service gives up, `InputError` where it refuses the key or the request.
    """
    iso = month.iso
    years, when = [], []
    for orientation in ORIENTATIONS:
        answer = None if refresh else shelf(raw, iso).read(orientation.id)
        if answer is None:
            if not ask or not services.pvwatts_key:
                return None
            answer = _fetch(orientation, iso.place, services)
            year = _year(answer, orientation.id)
            shelf(raw, iso).keep(
                orientation.id, answer, {"url": services.pvwatts_url, **_query(orientation, iso.place)}
            )
        else:
            year = _year(answer, str(shelf(raw, iso).folder / f"{orientation.id}.json"))
        years.append(year)
        when.append(answer.retrieved_at)
    return month_of_year(np.column_stack(years), month), max(when)


def month_of_year(year: Floats, month: Month) -> Floats:
    """Cut a month out of hourly means of a standard-time year, (8760, k) → (T, k), and refine them to 15 minutes."""
    start = month.start.tz_localize(None) + pd.Timedelta(hours=month.iso.place.standard_offset_hours)
    count = len(Period(month)) // 4
    stamps = pd.date_range(start, periods=count, freq="h")
    leap_day = (stamps.month == 2) & (stamps.day == 29)
    day = np.where(leap_day, 59, pd.DatetimeIndex(stamps).dayofyear.to_numpy())
    after_leap_day = stamps.is_leap_year & (stamps.month > 2)
    hours = (day - 1 - after_leap_day) * 24 + stamps.hour.to_numpy()
    return np.column_stack(
        [to_quarters(column[hours], column[hours - 1], column[(hours + 1) % len(column)]) for column in year.T]
    )


def to_quarters(hour: Floats, before: Floats, after: Floats) -> Floats:
    """Hourly means → 15-minute means with the same energy in every hour, never negative, (h,) → (4h,).

    Within the hour the power follows the slope between its neighbours, flattened where it would go below zero, and a
    dark hour stays dark.
    """
    slope = (after - before) / 8
    slope = np.sign(slope) * np.minimum(np.abs(slope), hour / 1.5)
    return np.asarray((hour[:, None] + slope[:, None] * np.array([-1.5, -0.5, 0.5, 1.5])).ravel())


def _query(orientation: Orientation, place: Place) -> dict[str, float | str]:
    where = {"lat": place.latitude, "lon": place.longitude}
    return {**_PARAMETERS, **where, "tilt": orientation.tilt_deg, "azimuth": orientation.azimuth_deg}


def _fetch(orientation: Orientation, place: Place, services: Services) -> Fetched:
    reachability.check(services.pvwatts_url)
    log.info("asking PVWatts for a typical year of %s", orientation.id)
    key = {"X-Api-Key": services.pvwatts_key or ""}
    answer = get(services.pvwatts_url, services, what="PVWatts", params=_query(orientation, place), headers=key)
    if answer.status_code in (401, 403):
        raise InputError(
            f"PVWatts refused the key in NREL_API_KEY or NLR_API_KEY ({_reason(answer.content)}); correct or unset it"
        )
    if answer.status_code != 200:
        raise UnavailableError(
            f"PVWatts answered HTTP {answer.status_code} ({_reason(answer.content)}); the model is used"
        )
    return Fetched(answer.content, services.now().floor("s"))


def _reason(content: bytes) -> str:
    """The service's own word for what is wrong, without echoing the request."""
    try:
        said = json.loads(content)
        if "error" in said:
            return str(said["error"].get("code", "no code"))
        return "; ".join(str(e) for e in said.get("errors", []))[:120] or "no reason given"
    except (ValueError, AttributeError):
        return "no reason given"


def _year(answer: Fetched, where: str) -> Floats:
    """Hourly AC power per kW DC, (8760,)."""
    try:
        said = json.loads(answer.content)
        if said.get("errors"):
            raise UnavailableError(f"PVWatts gave no year for {where} ({'; '.join(map(str, said['errors']))[:120]})")
        watts = np.asarray(said["outputs"]["ac"], dtype=float)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnavailableError(f"the PVWatts answer for {where} is not in the expected form; fetch it again") from None
    if watts.shape != (_HOURS_OF_YEAR,) or not np.isfinite(watts).all():
        raise UnavailableError(f"the PVWatts answer for {where} has {watts.size} hours instead of {_HOURS_OF_YEAR}")
    return np.maximum(watts, 0.0) / 1000 / _SYSTEM_KW
