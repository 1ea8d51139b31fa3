"""Plots of studies that vary one thing: surplus and satisfaction by value, or one against the other."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vpp_core.results.figures.base import Figure, colour, values
from vpp_core.results.study import moved, value_names
from vpp_core.scenario.variation import SWEPT

_MIN_SPREAD = 0.0005
"""Satisfactions closer than this read the same."""
_PANELS = (("surplus_usd", "surplus [$]", (0.44, 1.0)), ("satisfaction_mean", "satisfaction, 0–1", (0.0, 0.34)))


def sweep_figure(members: pd.DataFrame) -> Figure:
    """The plot of a study's rows of one varied thing: a frontier where it trades satisfaction for surplus."""
    part = SWEPT.get(str(members["varied"].iloc[0]))
    spread = _means(members).groupby("strategy")["satisfaction_mean"].agg(np.ptp).max()
    trades = part is not None and part.trades_satisfaction and spread > _MIN_SPREAD
    return frontier_figure(members) if trades else value_figure(members)


def value_figure(members: pd.DataFrame) -> Figure:
    """Surplus, and below it satisfaction, by value: the mean over fleet seeds of each strategy that it moves.

    A line joins the values where something lies between them; kinds stand apart.
    """
    means, part = _means(members), SWEPT.get(str(members["varied"].iloc[0]))
    ordered = part is None or part.ordered
    data = []
    layout: Figure = {"height": 460, "xaxis": {"title": {"text": part.axis if part else "value"}, "anchor": "y2"}}
    if not ordered:
        layout["xaxis"] |= {"type": "category", "range": [-0.5, means["value"].nunique() - 0.5]}
    for panel, (column, title, domain) in enumerate(_PANELS, start=1):
        axis = "" if panel == 1 else str(panel)
        layout[f"yaxis{axis}"] = {"title": {"text": title}, "domain": list(domain)}
        for i, (key, rows) in enumerate(means.groupby("strategy", sort=False)):
            data.append(
                {
                    "type": "scatter",
                    "mode": "lines+markers" if ordered else "markers",
                    "name": str(key),
                    "legendgroup": str(key),
                    "showlegend": panel == 1,
                    "yaxis": f"y{axis}",
                    "x": values(rows["value"]) if ordered else _names(rows, members),
                    "y": values(rows[column]),
                    "marker": {"size": 8, "color": colour(str(key), i)},
                    "line": {"color": colour(str(key), i), "width": 1.5},
                    "hovertemplate": f"{key} at %{{x}}: %{{y:,.3f}}<extra></extra>",
                }
            )
    return {"data": data, "layout": layout}


def frontier_figure(members: pd.DataFrame) -> Figure:
    """Surplus against satisfaction of a study that varies one thing: a line per strategy, a point per value."""
    means = _means(members)
    alone = len(set(means["strategy"])) == 1
    return {
        "data": [
            _frontier_line(str(key), i, rows, _names(rows, members), alone=alone)
            for i, (key, rows) in enumerate(means.groupby("strategy", sort=False))
        ],
        "layout": {
            "height": 400,
            "xaxis": {"title": {"text": "mean satisfaction, 0–1"}},
            "yaxis": {"title": {"text": "surplus [$]"}},
        },
    }


def _names(rows: pd.DataFrame, members: pd.DataFrame) -> list[str]:
    """The values of rows of means, for people."""
    names = value_names(members)
    return [names[value] for value in rows["value"]]


def _frontier_line(key: str, position: int, rows: pd.DataFrame, named: list[str], alone: bool) -> Figure:
    """A strategy's points; where they lie apart with the first and the last value beside them, alone with all."""
    apart = len(rows[["satisfaction_mean", "surplus_usd"]].round(3).drop_duplicates()) > 1
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


def _means(members: pd.DataFrame) -> pd.DataFrame:
    """Means over fleet seeds by strategy and rising value, of all strategies that can be operated.

    Those that the value does not move are left out where another is moved: their distance would hide its line.
    """
    own = members[~members["is_bound"]]
    own = own[own["strategy"].isin(moved(own) or own["strategy"])]
    means = own.groupby(["strategy", "value"], sort=False)[["satisfaction_mean", "surplus_usd"]].mean().reset_index()
    return means.sort_values("value", kind="stable")
