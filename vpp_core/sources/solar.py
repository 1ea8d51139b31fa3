"""The solar table: typical-year weather from PVWatts where it was fetched or a key allows it, else the model."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from vpp_core.calendar import Month
from vpp_core.errors import UnavailableError
from vpp_core.scenario import Scenario
from vpp_core.sources import pvwatts
from vpp_core.sources.network import Services, UnreachableError
from vpp_core.sources.orientations import ORIENTATIONS
from vpp_core.sources.solar_model import modelled_solar

log = logging.getLogger(__name__)


def solar_generation(
    scenario: Scenario, month: Month, raw: Path, *, refresh: bool = False, services: Services | None = None
) -> pd.DataFrame:
    """Make the table `solar_generation`: what a kW of panels gives at each orientation.

    `scenario.source` synthetic uses the model. Otherwise PVWatts' kept years are used; with auto or live the service is
    asked where a key is set, and live fails where it then gives nothing. What `solar_factor` changed is synthetic.

    Parameters
    ----------
    scenario : Scenario
        Where data come from, their seed, and the transform.
    month : Month
        Which month.
    raw : pathlib.Path
        The lake's raw folder.
    refresh : bool, default False
        Whether the service is asked again instead of taking what was fetched before.
    services : Services, optional
        Addresses and keys; by default the environment's.

    Returns
    -------
    pandas.DataFrame
        Generation per kW DC [kW/kW], ordered by orientation, then time.
    """
    month = scenario.month(month)
    period, factor = scenario.known_period(month), scenario.transform.solar_factor
    found = _typical(scenario, month, raw, refresh, services or Services.from_environment())
    values, when = found if found else (modelled_solar(month, scenario.data_seed), pd.NaT)
    modelled = found is None
    count, rows = len(ORIENTATIONS), len(ORIENTATIONS) * len(period)
    return pd.DataFrame(
        {
            "timestamp": period.timestamps[np.tile(np.arange(len(period)), count)],
            "orientation_id": np.repeat([o.id for o in ORIENTATIONS], len(period)),
            "generation_kw_per_kw_installed": (values[: len(period)] * factor).T.ravel(),
            "source": "synthetic" if modelled or factor != 1 else "tmy",
            "retrieved_at": pd.Series(when, index=range(rows), dtype="datetime64[us, UTC]"),
            "seed": pd.Series(scenario.data_seed if modelled else None, index=range(rows), dtype="Int64"),
        }
    )


def _typical(
    scenario: Scenario, month: Month, raw: Path, refresh: bool, services: Services
) -> tuple[np.ndarray, pd.Timestamp] | None:
    source = scenario.source
    if source == "synthetic":
        return None
    try:
        return pvwatts.typical_month(raw, month, services, ask=source in ("auto", "live"), refresh=refresh)
    except UnavailableError as error:
        if source == "live":
            raise
        if not isinstance(error, UnreachableError):
            log.warning("%s", error)
        return None
