"""Settlement day by day: the books of a local day are made once it is over, and what its stores did is needed no more.

What takes all days is made at the end: a household's usual bill, and with it how content it is with its own. Days are
settled in this way however a trajectory comes, whole or a day at a time, so both give the same to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import INTERVAL_HOURS
from vpp_core.fleet.fleet import Floats, Ints
from vpp_core.market.decision import Bid
from vpp_core.market.inputs import Inputs
from vpp_core.settlement.books import Books, make_books
from vpp_core.settlement.grouping import Groups, sum_by_home
from vpp_core.settlement.home_intervals import home_intervals, kept_homes
from vpp_core.settlement.home_windows import home_windows
from vpp_core.settlement.outcome import Outcome, Settled
from vpp_core.settlement.preferences import Deviations, bill_component, day_components, violations
from vpp_core.settlement.programme_days import programme_days
from vpp_core.settlement.programmes import Measured, measured
from vpp_core.settlement.reduced import household_months, household_totals
from vpp_core.settlement.satisfaction import satisfaction
from vpp_core.settlement.trajectory import Trajectory
from vpp_core.settlement.window_rows import window_columns
from vpp_core.tables.outcome import SATISFACTION_COMPONENTS, VIOLATIONS

Columns = dict[str, npt.NDArray[Any]]


class Settlement:
    """One strategy's results, made of its local days in order."""

    def __init__(
        self,
        inputs: Inputs,
        strategy: str,
        operable: bool,
        kept: Ints | None = None,
        programmes: Sequence[Measured] = (),
    ) -> None:
        """`operable`: whether it bids and pays, as a bound does not. `kept`: see `settle`. `programmes`: what those
        measured, of the whole period, that it takes part in.
        """
        self._inputs, self._strategy, self._operable = inputs, strategy, operable
        self._kept, self._programmes = kept, programmes
        self._looked_at = kept_homes(inputs.fleet) if kept is None else kept
        self._windows: list[Columns] = []
        self._households: list[Columns] = []
        self._paid: list[pd.DataFrame] = []
        self._intervals: list[pd.DataFrame] = []

    def add(self, trajectory: Trajectory, counterfactual: Trajectory, bids: Sequence[Bid]) -> None:
        """Make the books of the next day, from what was done and bid on it; a bound has no bids."""
        inputs = self._inputs.one_day(len(self._windows))
        groups = Groups(inputs)
        books = make_books(inputs, trajectory, counterfactual, self._programmes)
        moved = Deviations.of(inputs, trajectory)
        breaches = violations(inputs, trajectory, counterfactual, moved)
        breached = {kind: groups.window_any(breaches[kind]) for kind in VIOLATIONS}
        money = books.money
        if not self._operable:
            money = {**money, "payment_usd": np.full_like(books.injection_kw, np.nan)}
        self._windows.append(
            window_columns(inputs, trajectory, counterfactual, books, money, bids, groups)
            | {f"violations_{kind}": by_home.sum(axis=1) for kind, by_home in breached.items()}
        )
        self._households.append(
            _household_columns(inputs, trajectory, books, money, moved, groups)
            | {
                f"violations_{kind}": groups.window_days_sum(by_home.astype(np.int64))
                for kind, by_home in breached.items()
            }
        )
        self._intervals.append(home_intervals(inputs, self._strategy, trajectory, self._looked_at))
        paid = home_windows(inputs, self._strategy, trajectory, books, money["payment_usd"], groups, self._kept)
        self._paid.append(paid)

    def finish(self, bound_gap_usd: float | None = None) -> Settled:
        """The results of all days."""
        strategy = self._strategy
        groups = Groups(self._inputs)
        windows = pd.DataFrame(
            {
                "strategy": strategy,
                "window_start": self._inputs.windows.starts,
                "local_day": np.asarray(self._inputs.period.days)[groups.day_of_window],
                **_joined(self._windows),
            }
        )
        homes = self._counted(self._household_rows())
        of_few = homes if self._kept is None else homes[homes["home_id"].isin(self._inputs.fleet.home_id[self._kept])]
        return Settled(
            strategy,
            surplus_usd=homes.groupby("local_day", sort=False)["surplus_usd"].sum(),
            windows=self._counted(windows),
            households=of_few.reset_index(drop=True),
            totals=household_totals(homes),
            months=household_months(homes),
            home_windows=pd.concat(self._paid, ignore_index=True),
            intervals=pd.concat(self._intervals, ignore_index=True),
            programmes=programme_days(self._inputs, strategy, self._programmes),
            bound_gap_usd=bound_gap_usd,
        )

    def _household_rows(self) -> pd.DataFrame:
        """A row per day and household, in order of the days."""
        inputs = self._inputs
        columns = _joined(self._households)
        bill = bill_component(inputs, np.nan_to_num(columns["household_gain_usd"]), columns["bill_counterfactual_usd"])
        columns["satisfaction_bill"] = bill
        scores = {name: columns[f"satisfaction_{name}"] for name in SATISFACTION_COMPONENTS}
        if not self._operable:
            scores = dict.fromkeys(scores, np.full_like(bill, np.nan))
            columns |= {f"satisfaction_{name}": values for name, values in scores.items()}
        columns["satisfaction"] = satisfaction(scores)
        days = inputs.period.days
        return pd.DataFrame(
            {
                "strategy": self._strategy,
                "local_day": np.repeat(np.asarray(days), len(inputs.fleet)),
                "home_id": np.tile(inputs.fleet.home_id.astype(np.int64), len(days)),
                **{name: values.ravel() for name, values in columns.items()},
            }
        )

    def _counted(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with its counts of violations as such; a bound has none."""
        for kind in VIOLATIONS:
            counts = pd.Series(frame[f"violations_{kind}"], dtype="Int64")
            frame[f"violations_{kind}"] = counts if self._operable else counts.mask(counts.notna())
        return frame


def settle(
    inputs: Inputs,
    strategy: str,
    trajectory: Trajectory,
    counterfactual: Trajectory,
    bids: Sequence[Bid],
    bound_gap_usd: float | None = None,
    kept: Ints | None = None,
    enrolled: bool = True,
) -> Outcome:
    """Make the books of a trajectory.

    Parameters
    ----------
    inputs : Inputs
        The period: T intervals, W windows, N homes, S stores.
    strategy : str
        Key of the strategy, which rows carry.
    trajectory : Trajectory
        What its stores did.
    counterfactual : Trajectory
        What they would have done without a VPP.
    bids : sequence of Bid
        One per window; a bound has none, and pays nothing.
    bound_gap_usd : float, optional
        Of a bound, by how much its value may fall short of the best [$].
    kept : array of int, optional
        Positions of the homes whose days, windows and intervals are kept, where these homes are a part of a fleet.
    enrolled : bool, default True
        Whether it takes part in the scenario's programmes, as homes without a VPP do not.

    Returns
    -------
    Outcome
        Rows per window, per household and day, per interval of a few homes, and the trajectory.
    """
    programmes = measured(inputs, trajectory, counterfactual) if enrolled else []
    settlement = Settlement(inputs, strategy, bool(bids), kept, programmes)
    for day in range(len(inputs.period.days)):
        now = inputs.period.intervals_of(day)
        settlement.add(trajectory.during(now), counterfactual.during(now), bids[windows_of(inputs, now)])
    return Outcome(**vars(settlement.finish(bound_gap_usd)), trajectory=trajectory)


def windows_of(inputs: Inputs, intervals: slice) -> slice:
    """Positions of the market windows of some intervals, which are whole windows."""
    length = inputs.windows.length
    return slice(intervals.start // length, intervals.stop // length)


def _joined(days: Sequence[Columns]) -> Columns:
    """The columns of all days, below one another."""
    return {name: np.concatenate([day[name] for day in days]) for name in days[0]}


def _household_columns(
    inputs: Inputs, trajectory: Trajectory, books: Books, money: dict[str, Floats], moved: Deviations, groups: Groups
) -> Columns:
    """Columns of `HOUSEHOLD_DAYS` by day and home, (D, N), but for what takes all days."""
    operable = not np.isnan(money["payment_usd"]).any()
    day = {name: groups.day_sum(values) for name, values in money.items()}
    components, offered = day_components(inputs, trajectory, books, moved, groups)
    given = sum_by_home(inputs, moved.taken_kwh * inputs.stores.discharge_efficiency)
    deviation = sum_by_home(inputs, np.abs(moved.kw))
    discharged = sum_by_home(inputs, trajectory.discharge_kw, "battery")
    gain = day["payment_usd"] - day["bill_change_usd"] - day["wear_change_usd"] + day["end_energy_usd"]
    return {
        **day,
        "household_gain_usd": gain,
        "agreed_payment_usd": groups.day_sum(books.agreed_payment_usd) if operable else np.full_like(gain, np.nan),
        "discharged_for_vpp_kwh": groups.day_sum(given),
        "deviation_kwh": groups.day_sum(deviation) * INTERVAL_HOURS,
        "offered_kwh": offered,
        "battery_discharge_kwh": groups.day_sum(discharged) * INTERVAL_HOURS,
        "bill_counterfactual_usd": groups.day_sum(books.bill_counterfactual_usd),
        **{f"satisfaction_{name}": values for name, values in components.items()},
    }
