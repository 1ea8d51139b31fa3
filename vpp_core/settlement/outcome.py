"""A strategy's result as tables: a row per market window, a row per household and day, and both nested in one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from vpp_core.settlement.trajectory import Trajectory
from vpp_core.tables import (
    HOME_INTERVALS,
    HOME_WINDOWS,
    HOUSEHOLD_DAYS,
    HOUSEHOLD_MONTHS,
    HOUSEHOLD_TOTALS,
    OUTCOMES,
    PROGRAMME_DAYS,
    WINDOW_RESULTS,
)


@dataclass(frozen=True, repr=False)
class Settled:
    """The flat tables of one strategy's period, and the bound's gap where it is one."""

    strategy: str
    surplus_usd: pd.Series
    """of each local day"""
    windows: pd.DataFrame
    households: pd.DataFrame
    """days of households (`HOUSEHOLD_DAYS`), of a part of a fleet those of a few homes"""
    totals: pd.DataFrame
    months: pd.DataFrame
    """all households, reduced (`reduced`)"""
    home_windows: pd.DataFrame
    """windows in which a home was awarded or paid something (`home_windows`)"""
    intervals: pd.DataFrame
    """of a few homes (`home_intervals`)"""
    programmes: pd.DataFrame
    """what events showed and programmes paid (`programme_days`)"""
    bound_gap_usd: float | None
    timings: dict[str, float] = field(default_factory=dict, kw_only=True)
    """seconds by part, for a run log"""

    def __repr__(self) -> str:
        gap = "" if self.bound_gap_usd is None else f", at most {self.bound_gap_usd:,.2f} $ below the best"
        return (
            f"<{type(self).__name__} of {self.strategy}: {len(self.surplus_usd)} days, {len(self.windows):,} windows, "
            f"{len(self.months):,} homes, surplus over no VPP {self.surplus_usd.sum():,.2f} ${gap}>"
        )


@dataclass(frozen=True, repr=False)
class Outcome(Settled):
    """The same, with what stores did in every interval."""

    trajectory: Trajectory


@dataclass(frozen=True)
class OutcomeTables:
    """The flat forms of an outcomes table."""

    windows: pd.DataFrame
    households: pd.DataFrame
    totals: pd.DataFrame
    months: pd.DataFrame
    home_windows: pd.DataFrame
    intervals: pd.DataFrame
    programmes: pd.DataFrame
    days: pd.DataFrame


def outcomes_to_arrow(outcomes: Sequence[Settled]) -> pa.Table:
    """Put outcomes into one table: a row per strategy and local day, with the day's rows of the flat tables.

    Parameters
    ----------
    outcomes : sequence of Settled
        Of the strategies, in ladder order.

    Returns
    -------
    pyarrow.Table
        Rows of `OUTCOMES`.
    """
    parts = []
    for outcome in outcomes:
        days = list(outcome.surplus_usd.index)
        first_day = pd.Series(days[0], index=outcome.months.index)
        gap = [outcome.bound_gap_usd if position == 0 else None for position in range(len(days))]
        columns = [
            pa.array([outcome.strategy] * len(days)),
            pa.array(days),
            pa.array(outcome.surplus_usd.to_numpy()),
            pa.array(gap, type=pa.float64()),
            _nest(WINDOW_RESULTS.arrow(outcome.windows), outcome.windows["local_day"], days),
            _nest(HOUSEHOLD_DAYS.arrow(outcome.households), outcome.households["local_day"], days),
            _nest(HOUSEHOLD_TOTALS.arrow(outcome.totals), outcome.totals["local_day"], days),
            _nest(HOUSEHOLD_MONTHS.arrow(outcome.months), first_day, days),
            _nest(HOME_WINDOWS.arrow(outcome.home_windows), outcome.home_windows["local_day"], days),
            _nest(HOME_INTERVALS.arrow(outcome.intervals), outcome.intervals["local_day"], days),
            _nest(PROGRAMME_DAYS.arrow(outcome.programmes), outcome.programmes["local_day"], days),
        ]
        parts.append(pa.Table.from_arrays(columns, schema=OUTCOMES.schema))
    return pa.concat_tables(parts) if parts else OUTCOMES.schema.empty_table()


def _nest(table: pa.Table, day: pd.Series, days: list[str]) -> pa.Array:
    """Rows grouped by day as lists of structs; the rows are in the order of the days, of which some may have none."""
    counts = day.value_counts(sort=False).reindex(days, fill_value=0).to_numpy()
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), table.to_struct_array().combine_chunks())


def outcome_tables(table: pa.Table) -> OutcomeTables:
    """Take an outcomes table apart into its flat forms.

    Parameters
    ----------
    table : pyarrow.Table
        Rows of `OUTCOMES`.

    Returns
    -------
    OutcomeTables
        Frames of all strategies, in the table's order.
    """
    table = table.combine_chunks()

    def flat(column: str) -> pd.DataFrame:
        chunks = [chunk.flatten() for chunk in table[column].chunks]
        return pa.Table.from_batches([pa.RecordBatch.from_struct_array(chunk) for chunk in chunks]).to_pandas()

    days = table.select(["strategy", "local_day", "surplus_usd", "bound_gap_usd"]).to_pandas()
    return OutcomeTables(
        windows=flat("windows"),
        households=flat("households"),
        totals=flat("household_totals"),
        months=flat("household_months"),
        home_windows=flat("home_windows"),
        intervals=flat("intervals"),
        programmes=flat("programmes"),
        days=days,
    )
