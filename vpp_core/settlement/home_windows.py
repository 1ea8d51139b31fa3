"""What each home was awarded, delivered and was paid, market window by market window.

Only where there was something: an award, a payment or reserve held. Of fleets above `MAX_HOMES` the homes whose
intervals are kept (`home_intervals`); all of a million homes' windows would be some hundred times as large as the rest.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.fleet import Floats, Ints
from vpp_core.market.inputs import Inputs
from vpp_core.settlement.books import Books
from vpp_core.settlement.grouping import Groups, sum_by_home
from vpp_core.settlement.home_intervals import kept_homes
from vpp_core.settlement.trajectory import Trajectory
from vpp_core.tables import HOME_WINDOWS

MAX_HOMES = 2_000
_ENERGY_DIGITS, _MONEY_DIGITS = 4, 6
"""A tenth of a watt-hour, and of a thousandth of a cent."""


def home_windows(
    inputs: Inputs,
    strategy: str,
    trajectory: Trajectory,
    books: Books,
    payment_usd: Floats,
    groups: Groups,
    kept: Ints | None = None,
) -> pd.DataFrame:
    """Rows of `HOME_WINDOWS`, in the order of windows. `payment_usd`, (T, N), is NaN for a bound, which has no rows.

    `kept`: positions of the homes that have rows; otherwise all of a fleet that is not too large.
    """
    few = len(inputs.fleet) <= MAX_HOMES
    homes = kept if kept is not None else np.arange(len(inputs.fleet)) if few else kept_homes(inputs.fleet)
    award, delivered = trajectory.award_kw, books.delivered_kw

    def kwh(of_store: Floats) -> Floats:
        return groups.window_sum(sum_by_home(inputs, of_store)[:, homes]) * INTERVAL_HOURS

    columns = {
        "awarded_sell_kwh": kwh(np.maximum(award, 0.0)),
        "awarded_buy_kwh": kwh(np.maximum(-award, 0.0)),
        "delivered_sell_kwh": kwh(np.where(award > 0, delivered, 0.0)),
        "delivered_buy_kwh": kwh(np.where(award < 0, -delivered, 0.0)),
        "held_spin_kw_h": kwh(trajectory.spin_kw),
        "held_nonspin_kw_h": kwh(trajectory.nonspin_kw),
        "delivered_call_kwh": kwh(books.delivered_call_kw),
    }
    columns = {name: np.round(values, _ENERGY_DIGITS) + 0.0 for name, values in columns.items()}
    columns["payment_usd"] = np.round(groups.window_sum(payment_usd[:, homes]), _MONEY_DIGITS) + 0.0
    if np.isnan(payment_usd).any():
        return HOME_WINDOWS.schema.empty_table().to_pandas()
    window, home = np.nonzero(np.any([values != 0 for values in columns.values()], axis=0))
    return pd.DataFrame(
        {
            "strategy": strategy,
            "local_day": np.asarray(inputs.period.days)[groups.day_of_window[window]],
            "window_start": inputs.windows.starts[window],
            "home_id": inputs.fleet.home_id[homes][home].astype(np.int64),
            **{name: values[window, home].astype(np.float32) for name, values in columns.items()},
        }
    )
