"""Plots over hours and days: the month as a heat map, one day, an evening’s event."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from vpp_core.calendar import local_days
from vpp_core.results.fidelity import REAL_EVENT_KW_PER_HOME, EventDelivery
from vpp_core.results.figures.base import (
    BATTERY,
    FORECAST,
    GAINED,
    LOST,
    MOVED_IN,
    MOVED_OUT,
    NEUTRAL,
    PRICE,
    Figure,
    values,
)
from vpp_core.results.run import Run

_DAY_MS = 86_400_000
_DIVERGING = [[0.0, LOST], [0.5, "#9aa0a8"], [1.0, GAINED]]
"""Losses to gains; not red to green, which one man in twelve cannot tell apart."""


def heat_figure(run: Run, strategy: str) -> Figure:
    """Surplus of a strategy by local hour and day."""
    windows = run.flat.windows[run.flat.windows["strategy"] == strategy]
    hour = windows["window_start"].dt.tz_convert(run.timezone).dt.hour
    city = run.scenario.operator.city
    return _heat(city, windows["surplus_usd"], windows["local_day"], hour, "sum", "$ an hour", diverging=True)


def price_heat_figure(run: Run) -> Figure:
    """Real-time price by local hour and day."""
    local = run.market_prices["timestamp"].dt.tz_convert(run.timezone)
    price, day = run.market_prices["lmp_usd_per_mwh"], local_days(run.market_prices["timestamp"], run.timezone)
    return _heat(run.scenario.operator.city, price, day, local.dt.hour, "mean", "$/MWh", False)


def _heat(
    city: str, values: pd.Series, day: pd.Series, hour: pd.Series, how: str, unit: str, diverging: bool
) -> Figure:
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
            "height": 140 + 13 * len(table),  # with its headings a month fits a printed page
            "xaxis": {"title": {"text": f"hour of the day, {city}"}, "dtick": 3, "showgrid": False},
            "yaxis": {
                "autorange": "reversed",
                "automargin": True,
                "type": "category",
                "showgrid": False,
                "tickfont": {"size": 10},
            },
        },
    }


def day_figure(run: Run, strategy: str, day: str) -> Figure:
    """A day: realised and forecast price, and the energy that stores moved by window."""
    windows = run.flat.windows
    windows = windows[(windows["strategy"] == strategy) & (windows["local_day"] == day)]
    hours = windows["window_start"].dt.tz_convert(run.timezone).dt.strftime("%Y-%m-%dT%H:%M")
    prices = run.market_prices[local_days(run.market_prices["timestamp"], run.timezone) == day]
    forecast = values(windows["forecast_p50_usd_per_mwh"])
    realised = values(prices["lmp_usd_per_mwh"])
    moved, priced = _zero_aligned(
        [*windows["moved_out_kwh"], *(-windows["moved_in_kwh"])],
        [p for p in (*forecast, *realised) if p is not None],
    )
    bars = (("moved_out_kwh", "moved out", 1, MOVED_OUT), ("moved_in_kwh", "moved in", -1, MOVED_IN))
    return {
        "data": [
            *(
                {
                    "type": "bar",
                    "name": f"{words} [kWh]",
                    "x": list(hours),
                    "y": values(sign * windows[name]),
                    "marker": {"color": tint},
                }
                for name, words, sign, tint in bars
            ),
            {
                "type": "scatter",
                "mode": "lines",
                "name": "price [$/MWh]",
                "x": list(prices["timestamp"].dt.tz_convert(run.timezone).dt.strftime("%Y-%m-%dT%H:%M")),
                "y": realised,
                "yaxis": "y2",
                "line": {"color": PRICE, "shape": "hv", "width": 1.5},
            },
            {
                "type": "scatter",
                "mode": "lines",
                "name": "median forecast [$/MWh]",
                "x": list(hours),
                "y": forecast,
                "yaxis": "y2",
                "line": {"color": FORECAST, "shape": "hv", "dash": "dot", "width": 1.5},
            },
        ],
        "layout": {
            "height": 330,
            "barmode": "relative",
            "xaxis": {"tickformat": "%H:%M"},
            "yaxis": {"title": {"text": "moved [kWh]"}, "range": moved},
            "yaxis2": {
                "title": {"text": "$/MWh"},
                "overlaying": "y",
                "side": "right",
                "showgrid": False,
                "range": priced,
            },
        },
    }


def _zero_aligned(*series: Sequence[float]) -> list[list[float]]:
    """A range for each series such that 0 lies at the same height in all of them, with a little room around."""
    ends = [(min([0.0, *given]), max([0.0, *given])) for given in series]
    below = min(max(-low / (high - low) if high > low else 0.0 for low, high in ends), 0.9)
    spans = [1.08 * max(-low / below if below > 0 else 0.0, high / (1 - below), 1e-3) for low, high in ends]
    return [[round(-below * span, 3), round((1 - below) * span, 3)] for span in spans]


def event_figure(event: EventDelivery) -> Figure:
    """What a battery home would deliver on each day of the period, beside what one did in the real event."""
    lines = (
        ("down to the minimum", event.to_minimum_kw, BATTERY, "solid"),
        ("down to the backup reserve", event.to_backup_kw, BATTERY, "dot"),
        ("kept full for it", np.full(len(event.days), event.when_full_kw), BATTERY, "dash"),
        ("29 July 2025", np.full(len(event.days), REAL_EVENT_KW_PER_HOME), NEUTRAL, "dash"),
    )
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines" if len(event.days) > 1 else "markers",
                "name": name,
                "x": event.days,
                "y": [round(float(value), 3) for value in values],
                "line": {"color": tint, "width": 2, "dash": dash},
                "hovertemplate": f"%{{x}}: %{{y:.2f}} kW {name}<extra></extra>",
            }
            for name, values, tint, dash in lines
        ],
        "layout": {
            "height": 320,
            "xaxis": {"type": "date", "tickformat": "%-d %b", "dtick": _DAY_MS * (1 + len(event.days) // 8)},
            "yaxis": {"title": {"text": "kW a battery home, 19–21 h"}, "rangemode": "tozero"},
        },
    }
