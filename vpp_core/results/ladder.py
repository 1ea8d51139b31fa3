"""The ladder as people read it: a row per strategy, a few columns, every cell a text."""

from __future__ import annotations

import pandas as pd

from vpp_core.results.text import NONE, number, percent, score, usd


def ladder_table(kpis: pd.DataFrame) -> pd.DataFrame:
    """Display rows of `KPI_MONTHLY`, in its order: all columns are strings, a dash where a figure does not apply.

    Columns: strategy, surplus, of perfect, wholesale, reserves, bill change, wear, end energy, VPP profit,
    households, worse off, satisfaction, violations, bids cleared.
    """
    return pd.DataFrame([_row(row) for row in kpis.to_dict("records")], columns=list(_COLUMNS))


def _row(row: dict) -> dict[str, str]:
    return {title: form(row) for title, form in _COLUMNS.items()}


def _worse_off(row: dict) -> str:
    if pd.isna(row["households_worse_off"]):
        return NONE
    return f"{number(row['households_worse_off'], 0)} of {number(row['homes'], 0)}"


def _bids(row: dict) -> str:
    if row["is_bound"] or not row["bids_submitted"]:
        return NONE
    return percent(row["bids_cleared_percent"])


_COLUMNS = {
    "strategy": lambda row: row["strategy"] + (" (bound)" if row["is_bound"] else ""),
    "surplus": lambda row: usd(row["surplus_usd"]),
    "of perfect": lambda row: percent(row["percent_of_perfect"]),
    "wholesale": lambda row: usd(row["wholesale_usd"]),
    "reserves": lambda row: usd(row["reserves_usd"]),
    "bill change": lambda row: usd(row["bill_change_usd"]),
    "wear": lambda row: usd(row["wear_change_usd"]),
    "end energy": lambda row: usd(row["end_energy_usd"]),
    "VPP profit": lambda row: usd(row["vpp_profit_usd"]),
    "households": lambda row: usd(row["household_gain_usd"]),
    "worse off": _worse_off,
    "satisfaction": lambda row: score(row["satisfaction_mean"]),
    "violations": lambda row: number(row["violations"], 0),
    "bids cleared": _bids,
}
