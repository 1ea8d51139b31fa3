"""The page's plots as plain Plotly records (data and layout), so that drawing them needs no import and no browser here.

Colours are set for both a light and a dark page; fonts, grids and backgrounds follow the page's theme (`page`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from vpp_core.calendar import LOCAL_TIMEZONE
from vpp_core.results.households import household_months, operable
from vpp_core.results.run import Run
from vpp_core.results.text import usd
from vpp_core.tables.outcome import SATISFACTION_COMPONENTS

Figure = dict[str, Any]

_COLOURS = {
    "no_vpp": "#8b929c",
    "negotiated": "#12a37c",
    "centralized_aware": "#3f8fd2",
    "centralized": "#e08a2e",
    "perfect_foresight_aware": "#b795e0",
    "perfect_foresight": "#8661c9",
}
_MORE_COLOURS = ("#d4587a", "#a8a832", "#5bb8c4")
_PARTS = (
    ("wholesale_battery_usd", "batteries, wholesale", 1, "#12a37c"),
    ("wholesale_ev_usd", "EV charging, wholesale", 1, "#3f8fd2"),
    ("reserves_usd", "reserves", 1, "#b795e0"),
    ("end_energy_usd", "energy left at the end", 1, "#a8a832"),
    ("bill_change_usd", "retail bills", -1, "#e08a2e"),
    ("wear_change_usd", "battery wear", -1, "#8b929c"),
    ("penalty_usd", "penalties", -1, "#d4587a"),
)
_DIVERGING = [[0.0, "#c2553a"], [0.5, "#9aa0a8"], [1.0, "#12a37c"]]


def colour(strategy: str, position: int = 0) -> str:
    """A strategy's colour, the same in every plot."""
    return _COLOURS.get(strategy, _MORE_COLOURS[position % len(_MORE_COLOURS)])


def ladder_figure(run: Run) -> Figure:
    """Surplus per strategy, bounds hatched."""
    kpis = run.kpis
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "y": list(kpis["strategy"]),
                "x": _values(kpis["surplus_usd"]),
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
            "xaxis": {"title": {"text": "surplus over no VPP [$]"}, "zeroline": True},
            "yaxis": {"autorange": "reversed", "automargin": True},
        },
    }


def waterfall_figure(run: Run, path: str) -> Figure | None:
    """From perfect foresight down to the negotiated result, a bar per step; None where a rung is missing."""
    steps = run.split[(run.split["path"] == path) & (run.split["measure"] == "surplus_usd")]
    steps = steps[steps["step"] != "total"]
    if len(steps) != 3:
        return None
    top, bottom = steps["upper_strategy"].iloc[0], steps["lower_strategy"].iloc[-1]
    ends = [float(run.by_strategy.loc[key, "surplus_usd"]) for key in (top, bottom)]
    changes = [-float(value) for value in steps["difference"]]
    labels = [top, *[step.replace("_", " ") for step in steps["step"]], bottom]
    return {
        "data": [
            {
                "type": "waterfall",
                "x": [label.replace("_", " ").replace(" ", "<br>") for label in labels],
                "y": [ends[0], *changes, 0],
                "measure": ["absolute", "relative", "relative", "relative", "total"],
                "text": [usd(ends[0]), *[usd(value) for value in changes], usd(ends[1])],
                "textposition": "outside",
                "cliponaxis": False,
                "increasing": {"marker": {"color": "#12a37c"}},
                "decreasing": {"marker": {"color": "#c2553a"}},
                "totals": {"marker": {"color": "#8661c9"}},
                "connector": {"line": {"color": "#8b929c", "width": 1}},
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


def parts_figure(run: Run) -> Figure:
    """Where each strategy's surplus comes from: gains to the right, costs to the left."""
    kpis = run.kpis[run.kpis["strategy"] != "no_vpp"]
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": words,
            "y": list(kpis["strategy"]),
            "x": _values(sign * kpis[name]),
            "marker": {"color": tint},
            "hovertemplate": f"%{{y}}, {words}: %{{x:$,.2f}}<extra></extra>",
        }
        for name, words, sign, tint in _PARTS
        if kpis[name].abs().max() > 0.005
    ]
    surplus = {
        "type": "scatter",
        "mode": "markers",
        "name": "surplus",
        "y": list(kpis["strategy"]),
        "x": _values(kpis["surplus_usd"]),
        "marker": {"symbol": "diamond", "size": 10, "color": "#ffffff", "line": {"color": "#222222", "width": 1.5}},
        "hovertemplate": "%{y}, surplus: %{x:$,.2f}<extra></extra>",
    }
    return {
        "data": [*traces, surplus],
        "layout": {
            "height": 150 + 44 * len(kpis),
            "barmode": "relative",
            "xaxis": {"title": {"text": "part of the surplus [$]; costs to the left"}, "zeroline": True},
            "yaxis": {"autorange": "reversed", "automargin": True},
        },
    }


def heat_figure(run: Run, strategy: str) -> Figure:
    """Surplus of a strategy by local hour and day."""
    windows = run.flat.windows[run.flat.windows["strategy"] == strategy]
    hour = windows["window_start"].dt.tz_convert(LOCAL_TIMEZONE).dt.hour
    return _heat(windows["surplus_usd"], windows["local_day"], hour, "sum", "$ an hour", diverging=True)


def price_heat_figure(run: Run) -> Figure:
    """Real-time price by local hour and day."""
    local = run.market_prices["timestamp"].dt.tz_convert(LOCAL_TIMEZONE)
    return _heat(
        run.market_prices["lmp_usd_per_mwh"], local.dt.strftime("%Y-%m-%d"), local.dt.hour, "mean", "$/MWh", False
    )


def _heat(values: pd.Series, day: pd.Series, hour: pd.Series, how: str, unit: str, diverging: bool) -> Figure:
    """A month as days × hours. Colours end at the 2 % and 98 % quantiles, or one spike would wash out the rest."""
    grid = pd.DataFrame({"day": day, "hour": hour, "value": values}).groupby(["day", "hour"])["value"].agg(how)
    table = grid.unstack()  # noqa: PD010
    known = table.to_numpy(dtype=float)
    low, high = (float(value) for value in np.nanquantile(known, [0.02, 0.98]))
    if diverging:
        high = max(abs(low), abs(high), 0.01)
        low = -high
    return {
        "data": [
            {
                "type": "heatmap",
                "x": [int(h) for h in table.columns],
                "y": list(table.index),
                "z": [[None if np.isnan(value) else round(float(value), 3) for value in row] for row in known],
                "zmin": round(low, 3),
                "zmax": round(high, 3),
                "colorscale": _DIVERGING if diverging else "Cividis",
                "colorbar": {"title": {"text": unit}, "thickness": 12},
                "hovertemplate": f"%{{y}} %{{x}}:00 – %{{z:.2f}} {unit}<extra></extra>",
                "xgap": 1,
                "ygap": 1,
            }
        ],
        "layout": {
            "height": 140 + 15 * len(table),
            "xaxis": {"title": {"text": "hour of the day, Los Angeles"}, "dtick": 3, "showgrid": False},
            "yaxis": {"autorange": "reversed", "automargin": True, "type": "category", "showgrid": False},
        },
    }


def day_figure(run: Run, strategy: str, day: str) -> Figure:
    """A day: realised and forecast price, and the energy that cleared by window."""
    windows = run.flat.windows.query("strategy == @strategy and local_day == @day")
    hours = windows["window_start"].dt.tz_convert(LOCAL_TIMEZONE).dt.strftime("%Y-%m-%dT%H:%M")
    local = run.market_prices["timestamp"].dt.tz_convert(LOCAL_TIMEZONE)
    prices = run.market_prices[local.dt.strftime("%Y-%m-%d") == day]
    bars = (("awarded_sell_kwh", "sold", 1, "#12a37c"), ("awarded_buy_kwh", "bought", -1, "#3f8fd2"))
    return {
        "data": [
            *(
                {
                    "type": "bar",
                    "name": f"{words} [kWh]",
                    "x": list(hours),
                    "y": _values(sign * windows[name]),
                    "marker": {"color": tint},
                }
                for name, words, sign, tint in bars
            ),
            {
                "type": "scatter",
                "mode": "lines",
                "name": "price [$/MWh]",
                "x": list(local[prices.index].dt.strftime("%Y-%m-%dT%H:%M")),
                "y": _values(prices["lmp_usd_per_mwh"]),
                "yaxis": "y2",
                "line": {"color": "#c2553a", "shape": "hv", "width": 1.5},
            },
            {
                "type": "scatter",
                "mode": "lines",
                "name": "median forecast [$/MWh]",
                "x": list(hours),
                "y": _values(windows["forecast_p50_usd_per_mwh"]),
                "yaxis": "y2",
                "line": {"color": "#8b929c", "shape": "hv", "dash": "dot", "width": 1.5},
            },
        ],
        "layout": {
            "height": 330,
            "barmode": "relative",
            "xaxis": {"tickformat": "%H:%M"},
            "yaxis": {"title": {"text": "cleared [kWh]"}},
            "yaxis2": {"title": {"text": "$/MWh"}, "overlaying": "y", "side": "right", "showgrid": False},
        },
    }


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
    """Surplus against satisfaction of a study that varies one thing: a line per strategy, a point per value."""
    own = members[~members["is_bound"]]
    means = own.groupby(["strategy", "value"], sort=False)[["satisfaction_mean", "surplus_usd"]].mean().reset_index()
    return {
        "data": [
            _frontier_line(str(key), i, rows.sort_values("value"))
            for i, (key, rows) in enumerate(means.groupby("strategy", sort=False))
        ],
        "layout": {
            "height": 400,
            "xaxis": {"title": {"text": "mean satisfaction, 0–1"}},
            "yaxis": {"title": {"text": "surplus [$]"}},
        },
    }


def _frontier_line(key: str, position: int, rows: pd.DataFrame) -> Figure:
    """A strategy's points; values are written beside them where they lie apart."""
    apart = len(rows[["satisfaction_mean", "surplus_usd"]].round(3).drop_duplicates()) > 1
    return {
        "type": "scatter",
        "mode": "lines+markers+text" if apart else "markers",
        "name": key,
        "x": _values(rows["satisfaction_mean"]),
        "y": _values(rows["surplus_usd"]),
        "text": [f"{value:g}" for value in rows["value"]],
        "textposition": "top center",
        "textfont": {"size": 10},
        "marker": {"size": 8, "color": colour(key, position)},
        "line": {"color": colour(key, position), "width": 1.5},
        "hovertemplate": f"{key} at %{{text}}: satisfaction %{{x:.3f}}, surplus %{{y:$,.2f}}<extra></extra>",
    }


def _values(series: pd.Series) -> list[float | None]:
    return [None if pd.isna(value) else round(float(value), 4) for value in series]
