"""What programmes paid by day, and how far each baseline misses what would truly have been."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.fleet import Floats
from vpp_core.market.inputs import Inputs
from vpp_core.programmes.baselines import METHODS
from vpp_core.settlement.programmes import NOTHING, TRUTH, Measured
from vpp_core.tables.outcome import PROGRAMME_DAYS


def programme_days(inputs: Inputs, strategy: str, programmes: Sequence[Measured]) -> pd.DataFrame:
    """Rows of `PROGRAMME_DAYS`: by day with money or an event, programme and method, the programme's own first."""
    made = [_rows(one, method) for one in programmes for method in _methods(one)]
    if not made:
        return PROGRAMME_DAYS.schema.empty_table().to_pandas()
    rows = pd.concat(made, ignore_index=True)
    rows["local_day"] = np.asarray(inputs.period.days)[rows["day"]]
    return rows.assign(strategy=strategy).sort_values("day", kind="stable", ignore_index=True).drop(columns="day")


def _methods(one: Measured) -> tuple[str, ...]:
    """The programme's own, and those it is compared with; being there is measured by nothing."""
    own = one.events.programme.baseline
    if one.events.programme.usd_per_home_month:
        return (own,)
    others = (NOTHING, *METHODS) if one.events.programme.measured == "battery" else METHODS
    return tuple(dict.fromkeys((own, *others)))


def _rows(one: Measured, method: str) -> pd.DataFrame:
    """One programme by one method, a row a day; `day` is its position."""
    programme, called = one.events.programme, np.flatnonzero(one.events.called)
    day, at = one.period.day_of_interval, np.ix_(called, np.flatnonzero(one.enrolled))
    days = len(one.period.days)

    def by_home(values: Floats) -> Floats:
        """(events' intervals, homes) → (D, homes)."""
        total = np.zeros((days, values.shape[1]))
        np.add.at(total, day[called], values)
        return total

    beyond_truth = (one.alone_kw[at] - one.baseline_kw(method)[at]) * INTERVAL_HOURS
    missing = np.isnan(beyond_truth)
    miss = by_home(np.where(missing, 0.0, beyond_truth))
    paid, true = (np.bincount(day, one.paid_by(by).sum(axis=1)) for by in (method, TRUTH))
    rows = pd.DataFrame(
        {
            "day": np.arange(days),
            "programme": programme.name,
            "baseline": method,
            "is_paid_by": method == programme.baseline,
            "event_hours": np.bincount(day[called], minlength=days) * INTERVAL_HOURS,
            "homes": int(one.enrolled.sum()),
            "homes_without_baseline": (by_home(missing.astype(np.float64)) > 0).sum(axis=1),
            "shown_kwh": by_home((one.kw - one.alone_kw)[at] * INTERVAL_HOURS).sum(axis=1),
            "bias_kwh": miss.sum(axis=1),
            "error_kwh": np.abs(miss).sum(axis=1),
            "paid_usd": paid,
            "true_usd": true,
            "household_usd": paid * programme.household_share,
        }
    )
    return rows[(rows["event_hours"] > 0) | (rows["paid_usd"] != 0)]
