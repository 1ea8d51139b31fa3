"""Plots of households: satisfaction and gains."""

from __future__ import annotations

import numpy as np

from vpp_core.results.figures.base import Figure, colour
from vpp_core.results.households import household_months, operable
from vpp_core.results.run import Run
from vpp_core.results.rungs import changes_nothing
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
            if not changes_nothing(key)
        ],
        "layout": {
            "height": 360,
            "xaxis": {"title": {"text": "households, from the smallest gain to the largest [%]"}},
            "yaxis": {"title": {"text": "gain of the period [$]"}, "zeroline": True},
        },
    }
