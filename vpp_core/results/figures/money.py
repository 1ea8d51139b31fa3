"""Plots of what strategies earned, what lies between them, and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vpp_core.devices import DEVICES
from vpp_core.results.concentration import best_first, window_surplus
from vpp_core.results.figures.base import (
    BILL,
    DEVICE_COLOUR,
    GAINED,
    KEPT,
    LOST,
    NEUTRAL,
    PENALTY,
    PROGRAMME,
    RESERVE,
    WEAR,
    Figure,
    colour,
    values,
)
from vpp_core.results.run import Run
from vpp_core.results.rungs import SPLIT, changes_nothing, has_no_market, step_name
from vpp_core.results.same_knowledge import SOURCES
from vpp_core.results.text import usd

_PARTS = (
    *((f"wholesale_{device.source}_usd", f"{device.plural}, wholesale", 1, device.colour) for device in DEVICES),
    ("reserves_usd", "reserves", 1, RESERVE),
    ("programme_usd", "programmes", 1, PROGRAMME),
    ("end_energy_usd", "energy left at the end", 1, KEPT),
    ("bill_change_usd", "retail bills", -1, BILL),
    ("wear_change_usd", "battery wear", -1, WEAR),
    ("penalty_usd", "penalties", -1, PENALTY),
)
_SOURCE_COLOURS = (*DEVICE_COLOUR.values(), RESERVE, PROGRAMME)


def ladder_figure(run: Run) -> Figure:
    """Surplus per strategy, bounds hatched."""
    kpis = run.kpis
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "y": list(kpis["strategy"]),
                "x": values(kpis["surplus_usd"]),
                "marker": {
                    "color": [colour(key, i) for i, key in enumerate(kpis["strategy"])],
                    "pattern": {"shape": ["/" if bound else "" for bound in kpis["is_bound"]]},
                },
                "text": [usd(value) for value in kpis["surplus_usd"]],
                "textposition": "outside",
                "cliponaxis": False,
                "hovertemplate": "%{y}: %{x:$,.2f}<extra></extra>",
            }
        ],
        "layout": {
            "height": 60 + 42 * len(kpis),
            "showlegend": False,
            "xaxis": {"title": {"text": "surplus over no VPP [$]"}, "zeroline": True, "range": _with_room(kpis)},
            "yaxis": {"autorange": "reversed", "automargin": True},
        },
    }


def _with_room(kpis: pd.DataFrame) -> list[float]:
    """A range that leaves room for the amounts written at the bars' ends, in a narrow window too."""
    low, high = min(0.0, kpis["surplus_usd"].min()), max(0.0, kpis["surplus_usd"].max())
    room = 0.18 * max(high - low, 1.0)
    return [round(low - room if low < 0 else 0.0, 2), round(high + room, 2)]


def waterfall_figure(run: Run, path: str) -> Figure | None:
    """From perfect foresight down to the negotiated result, a bar per step; None where a rung is missing."""
    steps = run.split[(run.split["path"] == path) & (run.split["measure"] == "surplus_usd")]
    steps = steps[steps["step"] != "total"]
    if len(steps) != len(SPLIT[path]):
        return None
    top, bottom = steps["upper_strategy"].iloc[0], steps["lower_strategy"].iloc[-1]
    ends = [float(run.by_strategy.loc[key, "surplus_usd"]) for key in (top, bottom)]
    changes = [-float(value) for value in steps["difference"]]
    labels = [top.replace("_", " "), *map(step_name, steps["step"]), bottom.replace("_", " ")]
    return {
        "data": [
            {
                "type": "waterfall",
                "x": [label.replace(" ", "<br>") for label in labels],
                "y": [ends[0], *changes, 0],
                "measure": ["absolute", *["relative"] * len(steps), "total"],
                "text": [usd(ends[0]), *[usd(value) for value in changes], usd(ends[1])],
                "textposition": "outside",
                "cliponaxis": False,
                "increasing": {"marker": {"color": GAINED}},
                "decreasing": {"marker": {"color": LOST}},
                "totals": {"marker": {"color": NEUTRAL}},
                "connector": {"line": {"color": NEUTRAL, "width": 1}},
                "hovertemplate": "%{x}: %{text}<extra></extra>",
            }
        ],
        "layout": {
            "height": 380,
            "showlegend": False,
            "xaxis": {"tickangle": 0},
            "yaxis": {"title": {"text": "surplus [$]"}},
        },
    }


def _acting(run: Run) -> pd.DataFrame:
    """The figures of every strategy under which something happens."""
    return run.kpis[[not changes_nothing(key) for key in run.kpis["strategy"]]]


def parts_figure(run: Run) -> Figure:
    """Where each strategy's surplus comes from: gains to the right, costs to the left."""
    kpis = _acting(run)
    return _stacked(run, [part for part in _PARTS if kpis[part[0]].abs().max() > 0.005])


def source_figure(run: Run) -> Figure | None:
    """Each strategy's surplus by source, which add up to it; None where the run does not tell them apart."""
    sources = [(name, words, tint) for (name, words), tint in zip(SOURCES.items(), _SOURCE_COLOURS, strict=True)]
    if not all(name in run.kpis for name in SOURCES):
        return None
    kpis = _acting(run)
    return _stacked(run, [(name, words, 1, tint) for name, words, tint in sources if kpis[name].abs().max() > 0.005])


def _stacked(run: Run, parts: Sequence[tuple[str, str, int, str]]) -> Figure:
    """Parts (column, words, sign, colour) stacked per strategy, and the surplus that they add up to."""
    kpis = _acting(run)
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": words,
            "y": list(kpis["strategy"]),
            "x": values(sign * kpis[name]),
            "marker": {"color": tint},
            "hovertemplate": f"%{{y}}, {words}: %{{x:$,.2f}}<extra></extra>",
        }
        for name, words, sign, tint in parts
    ]
    surplus = {
        "type": "scatter",
        "mode": "markers",
        "name": "surplus",
        "y": list(kpis["strategy"]),
        "x": values(kpis["surplus_usd"]),
        "marker": {"symbol": "diamond", "size": 10, "color": "#ffffff", "line": {"color": "#222222", "width": 1.5}},
        "hovertemplate": "%{y}, surplus: %{x:$,.2f}<extra></extra>",
    }
    return {
        "data": [*traces, surplus],
        "layout": {
            "height": 150 + 44 * len(kpis),
            "barmode": "relative",
            "xaxis": {"title": {"text": "parts [$]; costs to the left"}, "zeroline": True},
            "yaxis": {"autorange": "reversed", "automargin": True},
        },
    }


def concentration_figure(run: Run) -> Figure | None:
    """How the surplus of each strategy in the market builds up, best window first; None where none earned anything."""
    traces = []
    for i, key in enumerate(run.kpis["strategy"]):
        shares = best_first(window_surplus(run, key))
        if np.isnan(shares).all() or has_no_market(key):
            continue
        counted = _spread(len(shares))
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": key,
                "x": counted,
                "y": [round(100 * float(shares[count - 1]), 2) for count in counted],
                "line": {"color": colour(key, i), "width": 2},
                "hovertemplate": f"{key}: the best %{{x}} windows bring %{{y:.1f}} %<extra></extra>",
            }
        )
    if not traces:
        return None
    ends = [1, max(trace["x"][-1] for trace in traces)]
    level = {
        "type": "scatter",
        "mode": "lines",
        "name": "90 %",
        "x": ends,
        "y": [90, 90],
        "line": {"color": NEUTRAL, "width": 1, "dash": "dot"},
        "hoverinfo": "skip",
    }
    return {
        "data": [*traces, level],
        "layout": {
            "height": 360,
            "xaxis": {"type": "log", "dtick": 1, "title": {"text": "market windows, best first"}},
            "yaxis": {"title": {"text": "share of the period's surplus [%]"}, "rangemode": "tozero"},
        },
    }


def _spread(count: int) -> list[int]:
    """Some 80 whole numbers from 1 to `count`, evenly spread on a log scale."""
    return sorted({1, count, *(int(n) for n in np.unique(np.round(np.geomspace(1, count, 80))))})
