"""The ladder as people read it: a row per strategy, a few columns, every cell a text; and as a small picture."""

from __future__ import annotations

import io

import pandas as pd

from vpp_core.results.rungs import has_no_market
from vpp_core.results.text import NONE, number, percent, score, usd

SUPPLIERS = (
    "† smart_home has no VPP and no market. On the same books the energy that its homes shift counts at LMP, "
    "which is what their supplier saves by it, or what it costs the supplier; all else is the households'."
)
"""What the ladder's mark means."""


def ladder_table(kpis: pd.DataFrame) -> pd.DataFrame:
    """Show monthly figures as text, a dash where one does not apply.

    Columns: strategy, surplus (over no VPP), a home, over smart homes, of perfect, wholesale, reserves, bill change,
    wear, end energy, VPP profit, households, worse off, satisfaction, violations, bids cleared. Of homes without a VPP
    the supplier has what stands under VPP profit (`SUPPLIERS`).

    Parameters
    ----------
    kpis : pandas.DataFrame
        Rows of `KPI_MONTHLY` of one month.

    Returns
    -------
    pandas.DataFrame
        A row per strategy in the same order, all columns strings.
    """
    return pd.DataFrame([_row(row) for row in kpis.to_dict("records")], columns=list(_COLUMNS))


def ladder_thumbnail(kpis: pd.DataFrame) -> bytes:
    """Draw the surplus of every strategy [$], bounds hatched, in the report's colours.

    Parameters
    ----------
    kpis : pandas.DataFrame
        Rows of `KPI_MONTHLY` of one month.

    Returns
    -------
    bytes
        A PNG under 20 kB.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from vpp_core.results.figures import colour
    from vpp_core.results.plots_data import fewer_colours

    figure = Figure(figsize=(5.6, 0.5 + 0.25 * len(kpis)), dpi=80, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    bars = axes.barh(
        list(kpis["strategy"]),
        kpis["surplus_usd"],
        color=[colour(key, position) for position, key in enumerate(kpis["strategy"])],
        hatch=["//" if bound else "" for bound in kpis["is_bound"]],
    )
    axes.bar_label(bars, labels=[usd(value) for value in kpis["surplus_usd"]], fontsize=7, padding=2)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.axvline(0, color="black", linewidth=0.6)
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("surplus over no VPP [$]", fontsize=7)
    png = io.BytesIO()
    canvas.print_png(png, metadata={"Software": None})
    return fewer_colours(png.getvalue())


def _row(row: dict) -> dict[str, str]:
    return {title: form(row) for title, form in _COLUMNS.items()}


def _worse_off(row: dict) -> str:
    if pd.isna(row["households_worse_off"]):
        return NONE
    return f"{number(row['households_worse_off'], 0)} of {number(row['homes'], 0)}"


def _profit(row: dict) -> str:
    """Its supplier's where homes trade with nobody."""
    whose = " †" if has_no_market(row["strategy"]) and row["vpp_profit_usd"] else ""
    return usd(row["vpp_profit_usd"]) + whose


def _bids(row: dict) -> str:
    if row["is_bound"] or not row["bids_submitted"]:
        return NONE
    return percent(row["bids_cleared_percent"])


_COLUMNS = {
    "strategy": lambda row: row["strategy"] + (" (bound)" if row["is_bound"] else ""),
    "surplus": lambda row: usd(row["surplus_usd"]),
    "a home": lambda row: usd(row["surplus_per_home_usd"]),
    "over smart homes": lambda row: usd(row["surplus_over_smart_home_usd"]),
    "of perfect": lambda row: percent(row["percent_of_perfect"]),
    "wholesale": lambda row: usd(row["wholesale_usd"]),
    "reserves": lambda row: usd(row["reserves_usd"]),
    "bill change": lambda row: usd(row["bill_change_usd"]),
    "wear": lambda row: usd(row["wear_change_usd"]),
    "end energy": lambda row: usd(row["end_energy_usd"]),
    "VPP profit": _profit,
    "households": lambda row: usd(row["household_gain_usd"]),
    "worse off": _worse_off,
    "satisfaction": lambda row: score(row["satisfaction_mean"]),
    "violations": lambda row: number(row["violations"], 0),
    "bids cleared": _bids,
}

RESULT = (
    "strategy",
    "surplus",
    "a home",
    "over smart homes",
    "of perfect",
    "VPP profit",
    "households",
    "worse off",
    "satisfaction",
    "violations",
)
"""What a strategy made and for whom."""
MADE_OF = ("strategy", "wholesale", "reserves", "bill change", "wear", "end energy", "bids cleared")
"""What the surplus is made of."""
