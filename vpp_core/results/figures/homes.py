"""Plots of households: satisfaction, gains, and what studies vary."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vpp_core.results.figures.base import Figure, colour, values
from vpp_core.results.households import household_months, operable
from vpp_core.results.run import Run
from vpp_core.results.study import moved
from vpp_core.tables.outcome import SATISFACTION_COMPONENTS


def satisfaction_figure(run: Run) -> Figure:
    """Mean of each satisfaction component per operable strategy."""
    names = [name for name in SATISFACTION_COMPONENTS if run.kpis[f"satisfaction_{name}"].notna().any()]
    return {
        "data": [
            {
                "type": "bar",
                "name": key,
                "x": [name.replace("_", " ") for name in names],
                "y": [run.figure(key, f"satisfaction_{name}") for name in names],
                "marker": {"color": colour(key, i)},
                "hovertemplate": f"{key}, %{{x}}: %{{y:.3f}}<extra></extra>",
            }
            for i, key in enumerate(operable(run))
        ],
        "layout": {"height": 360, "barmode": "group", "yaxis": {"range": [0, 1.02], "title": {"text": "0–1"}}},
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
            if key != "no_vpp"
        ],
        "layout": {
            "height": 360,
            "xaxis": {"title": {"text": "households, from the smallest gain to the largest [%]"}},
            "yaxis": {"title": {"text": "gain of the period [$]"}, "zeroline": True},
        },
    }


def frontier_figure(members: pd.DataFrame) -> Figure:
    """Surplus against satisfaction of a study that varies one thing: a line per strategy, a point per value.

    Strategies that it does not move are left out where another is moved: their distance would hide its line.
    """
    own = members[~members["is_bound"]]
    own = own[own["strategy"].isin(moved(own) or own["strategy"])]
    means = own.groupby(["strategy", "value"], sort=False)[["satisfaction_mean", "surplus_usd"]].mean().reset_index()
    alone = len(set(means["strategy"])) == 1
    return {
        "data": [
            _frontier_line(str(key), i, rows.sort_values("value"), alone=alone)
            for i, (key, rows) in enumerate(means.groupby("strategy", sort=False))
        ],
        "layout": {
            "height": 400,
            "xaxis": {"title": {"text": "mean satisfaction, 0–1"}},
            "yaxis": {"title": {"text": "surplus [$]"}},
        },
    }


def _frontier_line(key: str, position: int, rows: pd.DataFrame, alone: bool) -> Figure:
    """A strategy's points; where they lie apart with the first and the last value beside them, alone with all."""
    apart = len(rows[["satisfaction_mean", "surplus_usd"]].round(3).drop_duplicates()) > 1
    named = [f"{value:g}" for value in rows["value"]]
    return {
        "type": "scatter",
        "mode": "lines+markers+text" if apart else "markers",
        "name": key,
        "x": values(rows["satisfaction_mean"]),
        "y": values(rows["surplus_usd"]),
        "text": [name if alone or i in (0, len(named) - 1) else "" for i, name in enumerate(named)],
        "customdata": named,
        "textposition": "top center" if position % 2 else "bottom center",
        "textfont": {"size": 10, "color": colour(key, position)},
        "marker": {"size": 8, "color": colour(key, position)},
        "line": {"color": colour(key, position), "width": 1.5},
        "hovertemplate": f"{key} at %{{customdata}}: satisfaction %{{x:.3f}}, surplus %{{y:$,.2f}}<extra></extra>",
    }
