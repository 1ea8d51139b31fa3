"""The load table: a person's own profiles where there are any, the model for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from vpp_core.calendar import Month, Period
from vpp_core.errors import InputError
from vpp_core.scenario import MAX_LOAD_PROFILES, Scenario
from vpp_core.sources.folders import OWN_PROFILES
from vpp_core.sources.load_model import BLOCK, modelled_load, usual_load
from vpp_core.sources.own_profiles import OwnProfile, read_own_profiles
from vpp_core.sources.unread import Unread
from vpp_core.tables import LOAD_PROFILES

Floats = npt.NDArray[np.float64]
CHUNK = 4 * BLOCK
"""Homes per chunk: 40 MB as a table of a month."""


def load_kw(scenario: Scenario, month: Month, raw: Path, profiles: npt.ArrayLike | None = None) -> Floats:
    """Load over the scenario's period, and days that it looks ahead into (`Scenario.known_period`).

    Profile i is the same whatever else is asked for.

    Parameters
    ----------
    scenario : Scenario
        Homes, seed of the data, and its transform.
    month : Month
        Which month.
    raw : pathlib.Path
        The lake's raw folder.
    profiles : array of int, optional
        Which profiles; by default all there are, in order.

    Returns
    -------
    array of float
        Load [kW], shape (T, profiles).
    """
    wanted = np.arange(profile_count(scenario)) if profiles is None else np.asarray(profiles, dtype=np.intp)
    month = scenario.month(month)
    return _load(scenario, month, *_own(scenario, month, raw), wanted)


def profile_count(scenario: Scenario) -> int:
    """Count the different loads that the scenario's homes have.

    Parameters
    ----------
    scenario : Scenario
        Whose homes.

    Returns
    -------
    int
        At most `MAX_LOAD_PROFILES`.
    """
    return min(scenario.homes, MAX_LOAD_PROFILES)


def load_profiles(scenario: Scenario, month: Month, raw: Path, unread: list[Unread] | None = None) -> pd.DataFrame:
    """Make the table `load_profiles`.

    Parameters
    ----------
    scenario : Scenario
        Homes, seed of the data, and its transform.
    month : Month
        Which month.
    raw : pathlib.Path
        The lake's raw folder.
    unread : list of Unread, optional
        Files that were not read are added to it.

    Returns
    -------
    pandas.DataFrame
        All profiles, ordered by profile, then time.
    """
    return pd.concat(load_chunks(scenario, month, raw, CHUNK, unread), ignore_index=True)


def load_table(scenario: Scenario, month: Month, raw: Path, unread: list[Unread] | None = None) -> pa.Table:
    """Make the table `load_profiles` in Arrow's form, by parts so that it is in memory once.

    Parameters
    ----------
    scenario : Scenario
        Homes, seed of the data, and its transform.
    month : Month
        Which month.
    raw : pathlib.Path
        The lake's raw folder.
    unread : list of Unread, optional
        Files that were not read are added to it.

    Returns
    -------
    pyarrow.Table
        Under the contract `LOAD_PROFILES`.
    """
    return pa.concat_tables(LOAD_PROFILES.arrow(chunk) for chunk in load_chunks(scenario, month, raw, CHUNK, unread))


def load_chunks(
    scenario: Scenario, month: Month, raw: Path, homes_per_chunk: int = CHUNK, unread: list[Unread] | None = None
) -> Iterator[pd.DataFrame]:
    """Make the table `load_profiles` in pieces.

    Parameters
    ----------
    scenario : Scenario
        Homes, seed of the data, and its transform.
    month : Month
        Which month.
    raw : pathlib.Path
        The lake's raw folder.
    homes_per_chunk : int, optional
        Profiles in a piece.
    unread : list of Unread, optional
        Files that were not read are added to it.

    Yields
    ------
    pandas.DataFrame
        Some profiles, ordered by profile, then time.
    """
    month = scenario.month(month)
    period, own = _own(scenario, month, raw, unread)
    count = profile_count(scenario)
    for first in range(0, count, homes_per_chunk):
        wanted = np.arange(first, min(first + homes_per_chunk, count))
        yield _frame(scenario, month, period, own, wanted)


def _own(
    scenario: Scenario, month: Month, raw: Path, unread: list[Unread] | None = None
) -> tuple[Period, list[OwnProfile]]:
    """The profiles that are brought, and their period: the days that are simulated alone where one ends with these."""
    period, known = scenario.period(month), scenario.known_period(month)
    if scenario.source == "synthetic":
        return known, []
    folder, most = raw / OWN_PROFILES, profile_count(scenario)
    own = read_own_profiles(folder, period, unread, most=most)
    if not own or len(known) == len(period):
        return known, own
    with suppress(InputError):
        longer = read_own_profiles(folder, known, most=most)
        if len(longer) == len(own):
            return known, longer
    return period, own


def _load(
    scenario: Scenario, month: Month, period: Period, own: list[OwnProfile], wanted: npt.NDArray[np.intp]
) -> Floats:
    count = len(period)
    drawn = wanted >= len(own)
    load = np.empty((count, len(wanted)))
    load[:, drawn] = modelled_load(month, scenario.data_seed, wanted[drawn])[:count]
    for column in np.flatnonzero(~drawn):
        load[:, column] = own[wanted[column]].load_kw
    return load * scenario.transform.load_factor


def _usual(scenario: Scenario, month: Month, own: list[OwnProfile], wanted: npt.NDArray[np.intp]) -> Floats:
    """Mean load of homes as they know it before the month, (wanted,) [kW]."""
    drawn = wanted >= len(own)
    usual = np.empty(len(wanted))
    usual[drawn] = usual_load(month, scenario.data_seed, wanted[drawn])
    usual[~drawn] = [own[position].usual_kw for position in wanted[~drawn]]
    return np.round(usual * scenario.transform.load_factor, 4)


def _frame(
    scenario: Scenario, month: Month, period: Period, own: list[OwnProfile], wanted: npt.NDArray[np.intp]
) -> pd.DataFrame:
    load = _load(scenario, month, period, own, wanted)
    rows = load.size
    brought = np.repeat(wanted < len(own), len(period))
    as_measured = brought if scenario.transform.load_factor == 1 else np.zeros_like(brought)
    changed = np.full(len(wanted), np.datetime64("NaT"), dtype="M8[us]")
    for position in np.flatnonzero(wanted < len(own)):
        changed[position] = own[wanted[position]].changed.tz_localize(None).to_numpy()
    stamps = np.tile(period.timestamps.tz_localize(None).to_numpy(), len(wanted))
    seed = np.full(rows, scenario.data_seed, dtype=np.int64)
    return pd.DataFrame(
        {
            "timestamp": pd.DatetimeIndex(stamps).tz_localize("UTC"),
            "profile_id": np.repeat(wanted.astype(np.int64), len(period)),
            "load_kw": load.T.ravel(),
            "usual_load_kw": np.repeat(_usual(scenario, month, own, wanted), len(period)),
            "source": pd.Categorical.from_codes(as_measured.astype(np.int8), pd.Index(["synthetic", "file"])),
            "retrieved_at": pd.DatetimeIndex(np.repeat(changed, len(period))).tz_localize("UTC"),
            "seed": pd.arrays.IntegerArray(seed, brought),
        }
    )
