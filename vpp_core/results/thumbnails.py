"""Small pictures of tables, under 20 kB each: what an asset's page shows before anything is opened."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vpp_core.calendar import local_index
from vpp_core.results.figures.base import BLUE, GREEN, GREY, colour
from vpp_core.results.plots_data import fewer_colours
from vpp_core.results.text import count

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def forecast_thumbnail(forecast: pd.DataFrame) -> bytes:
    """The real-time forecast by local hour of what is forecast: the middle of p50 and of the band from p10 to p90."""
    hour = local_index(forecast["timestamp"]).hour
    own = forecast["product"] == "energy"
    by_hour = forecast.loc[own, ["p10", "p50", "p90"]].groupby(np.asarray(hour)[own.to_numpy()]).median()

    def draw(axes: Axes) -> None:
        axes.fill_between(by_hour.index, by_hour["p10"], by_hour["p90"], color=BLUE, alpha=0.2, label="p10–p90")
        axes.plot(by_hour.index, by_hour["p50"], color=BLUE, label="p50")
        axes.set_xlabel("local hour", fontsize=7)

    return _picture(draw, "forecast of the real-time price, usual day [$/MWh]")


def fleet_thumbnail(fleet: pd.DataFrame) -> bytes:
    """Homes by what they have."""
    owns = {
        "battery": fleet["bess_capacity_kwh"] > 0,
        "solar": fleet["pv_capacity_kw"] > 0,
        "electric car": fleet["cars"].map(len) > 0,
    }
    has = {name: int(which.sum()) for name, which in owns.items()}
    has["none of them"] = int((~np.logical_or.reduce(list(owns.values()))).sum())

    def draw(axes: Axes) -> None:
        bars = axes.barh(list(has), list(has.values()), color=[GREEN, BLUE, BLUE, GREY])
        axes.bar_label(bars, fontsize=7, padding=2)
        axes.invert_yaxis()
        axes.margins(x=0.12)

    return _picture(draw, f"of {count(len(fleet), 'home')}")


def outcomes_thumbnail(days: pd.DataFrame) -> bytes:
    """Surplus by day of each strategy; columns strategy, local_day, surplus_usd."""
    by_day = days.pivot_table(index="local_day", columns="strategy", values="surplus_usd", sort=False)

    def draw(axes: Axes) -> None:
        dates = [int(str(day)[-2:]) for day in by_day.index]
        for position, key in enumerate(by_day):
            tint = colour(str(key), position)
            axes.plot(dates, by_day[key], label=key, color=tint, linewidth=1, marker=".", markersize=3)
        axes.axhline(0, color="black", linewidth=0.6)
        axes.set_xlabel("day of the month", fontsize=7)

    return _picture(draw, "surplus over no VPP by day [$]")


def _picture(draw: Callable[[Axes], None], title: str) -> bytes:
    """One panel on fixed metadata, so that the same data give the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 2.1), dpi=80, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    draw(axes)
    axes.set_title(title, fontsize=8, loc="left")
    axes.tick_params(labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=6, frameon=False, ncols=2)
    png = io.BytesIO()
    canvas.print_png(png, metadata={"Software": None})
    return fewer_colours(png.getvalue())
