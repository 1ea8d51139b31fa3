"""Plots of households: satisfaction and gains."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vpp_core.results.figures.base import AWARD, BILL, KEPT, WEAR, Figure, colour, values
from vpp_core.results.households import component_name, household_months, operable
from vpp_core.results.run import Run
from vpp_core.results.rungs import changes_nothing
from vpp_core.tables.outcome import A_CENT, SATISFACTION_COMPONENTS


def satisfaction_figure(run: Run) -> Figure:
    """Mean of each satisfaction component per operable strategy."""
    names = [name for name in SATISFACTION_COMPONENTS if run.kpis[f"satisfaction_{name}"].notna().any()]
    return {
        "data": [
            {
                "type": "bar",
                "name": key,
                "x": [component_name(name) for name in names],
                "y": [run.figure(key, f"satisfaction_{name}") for name in names],
                "marker": {"color": colour(key, i)},
                "hovertemplate": f"{key}, %{{x}}: %{{y:.3f}}<extra></extra>",
            }
            for i, key in enumerate(operable(run))
        ],
        "layout": {
            "height": 360,
            "barmode": "group",
            "yaxis": {"range": [0, 1.02], "title": {"text": "mean satisfaction, 0–1"}},
        },
    }


def gain_figure(run: Run) -> Figure:
    """Household gains from the smallest to the largest, a line per strategy (101 quantiles, so any fleet fits)."""
    months = household_months(run)
    shares = np.linspace(0, 1, 101)
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "name": key,
                "x": [round(100 * share) for share in shares],
                "y": [round(float(v), 4) for v in months.loc[months["strategy"] == key, "gain_usd"].quantile(shares)],
                "line": {"color": colour(key, i), "width": 2},
                "hovertemplate": f"{key}: %{{x}} % of households gain less than %{{y:$.2f}}<extra></extra>",
            }
            for i, key in enumerate(operable(run))
            if not changes_nothing(key)
        ],
        "layout": {
            "height": 360,
            "xaxis": {"title": {"text": "households, smallest gain first [%]"}},
            "yaxis": {"title": {"text": "gain of the period [$]"}, "zeroline": True},
        },
    }


GAIN_PARTS = (
    ("payment_usd", "paid by the VPP", 1, AWARD),
    ("end_energy_usd", "stored more", 1, KEPT),
    ("bill_change_usd", "rise of its bill", -1, BILL),
    ("wear_change_usd", "rise of wear", -1, WEAR),
)
"""What adds up to a household's gain: column, words, sign, colour."""


def home_gain_figure(days: pd.DataFrame) -> Figure:
    """A home's gain by day under one strategy, and what it is made of. `days`: its rows of `HOUSEHOLD_DAYS`."""
    bars = [
        {
            "type": "bar",
            "name": words,
            "x": list(days["local_day"]),
            "y": values(sign * days[name]),
            "marker": {"color": tint},
            "hovertemplate": f"%{{x}}, {words}: %{{y:$,.2f}}<extra></extra>",
        }
        for name, words, sign, tint in GAIN_PARTS
    ]
    gain = {
        "type": "scatter",
        "mode": "markers",
        "name": "gain",
        "x": list(days["local_day"]),
        "y": values(days["household_gain_usd"]),
        "marker": {"symbol": "diamond", "size": 9, "color": "#ffffff", "line": {"color": "#222222", "width": 1.5}},
        "hovertemplate": "%{x}, gain: %{y:$,.2f}<extra></extra>",
    }
    return {
        "data": [*bars, gain],
        "layout": {
            "height": 320,
            "barmode": "relative",
            "xaxis": {
                "type": "category",
                "tickvals": list(days["local_day"]),
                "ticktext": [str(int(day[-2:])) for day in days["local_day"]],
                "title": {"text": "day of the month"},
            },
            "yaxis": {"title": {"text": "gain [$]; costs below 0"}, "zeroline": True},
        },
    }


def cause_of_loss(books: pd.DataFrame) -> pd.Series:
    """What cost each household most, in words; empty where it did not lose a cent. `books`: rows with `GAIN_PARTS`."""
    words = {
        "payment_usd": "it pays the VPP",
        "end_energy_usd": "it ends with less stored",
        "bill_change_usd": "its bill rises",
        "wear_change_usd": "its battery wears",
    }
    costs = pd.DataFrame({words[name]: -sign * books[name] for name, _, sign, _ in GAIN_PARTS})
    return costs.idxmax(axis=1).where(books["household_gain_usd"] <= -A_CENT, "")
