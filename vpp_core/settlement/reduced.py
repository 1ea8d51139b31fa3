"""What is kept of all households, however many: each one's period, and each day's households added up.

A row per household and day, `HOUSEHOLD_DAYS`, is kept of all homes of a fleet of one aggregation, of a larger one of a
few. Key figures and reports are made of the reduced tables alone, so they are made alike for both.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from vpp_core.tables.outcome import (
    A_CENT,
    HOUSEHOLD_MONTHS,
    HOUSEHOLD_TOTALS,
    SATISFACTION_COMPONENTS,
    VIOLATIONS,
)

_SCORES = [f"satisfaction_{name}" for name in SATISFACTION_COMPONENTS]
_VIOLATIONS = [f"violations_{kind}" for kind in VIOLATIONS]
_LABELS = np.array(
    [
        ",".join(name for place, name in enumerate(SATISFACTION_COMPONENTS) if number >> place & 1)
        for number in range(2 ** len(SATISFACTION_COMPONENTS))
    ],
    dtype=object,
)
"""Names of the components whose bits a number has."""
_ADDED_UP = [
    column.name
    for column in HOUSEHOLD_MONTHS.columns
    if column.name not in ("strategy", "home_id", "satisfaction", "gain_by_day_usd")
]
"""What of a household's days adds up."""


def household_months(days: pd.DataFrame) -> pd.DataFrame:
    """Rows of `HOUSEHOLD_MONTHS` from those of `HOUSEHOLD_DAYS`, in order of strategies and homes."""
    by_home = days.groupby(["strategy", "home_id"])
    months = by_home[_ADDED_UP].sum(min_count=1)
    months["satisfaction"] = by_home["satisfaction"].mean()
    gains = by_home["household_gain_usd"].agg(list)
    bound = months["household_gain_usd"].isna()
    months["gain_by_day_usd"] = [[] if none else own for none, own in zip(bound, gains, strict=True)]
    return months.reset_index()


def household_totals(days: pd.DataFrame) -> pd.DataFrame:
    """Rows of `HOUSEHOLD_TOTALS` from those of `HOUSEHOLD_DAYS`, in order of strategies and days."""
    applies = days[_SCORES].notna().to_numpy()
    gain = days["household_gain_usd"]
    rows = days[["strategy", "local_day", "payment_usd", "household_gain_usd", "satisfaction", *_SCORES, *_VIOLATIONS]]
    rows = rows.assign(
        components=_LABELS[applies @ (1 << np.arange(len(_SCORES)))],
        homes=1,
        worse_off=(gain <= -A_CENT).astype("Int64").mask(gain.isna()),
    )
    return added_up(rows)


def added_up(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `HOUSEHOLD_TOTALS` that have the same key as one; null where none has a value."""
    keys = list(HOUSEHOLD_TOTALS.key)
    return rows.groupby(keys, as_index=False).sum(min_count=1).sort_values(keys, ignore_index=True)
