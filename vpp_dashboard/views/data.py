"""The fleet and the data: devices, preferences, prices, sun, load, and forecasts against what came."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from vpp_core.fleet.fleet import CATEGORIES
from vpp_core.results.figures.base import BLUE, FORECAST, GREEN, ORANGE, PRICE, Figure, see_through, values
from vpp_core.results.rungs import NEGOTIATED
from vpp_core.results.text import number, percent
from vpp_core.tables import PROSUMER_FLEET
from vpp_dashboard import address, look, queries
from vpp_dashboard.pictures import picture
from vpp_dashboard.store import current_lake

_TINTS = {"conservative": ORANGE, "moderate": BLUE, "aggressive": GREEN}
_MAPS = {
    "devices": ("bess_capacity_kwh", "pv_capacity_kw", "battery [kWh]", "solar [kW DC]"),
    "willingness and price": (
        "participation_willingness", "min_compensation_usd_per_kwh", "share of device power offered",
        "least pay [$ a kWh discharged]",
    ),
    "caution": (
        "backup_power_hours", "max_discharge_percent", "kept for an outage [h]", "most of the battery a day [%]",
    ),
}  # fmt: skip


def show() -> None:
    """The page."""
    st.title(f"Fleet and data, {st.session_state['month']}")
    parts: dict[str, Callable[[], None]] = {
        "homes": _homes,
        "prices": lambda: _picture("prices"),
        "sun": lambda: _picture("sun"),
        "load": lambda: _picture("load"),
        "forecast against outcome": _forecast,
    }
    parts[address.choose("Show", "show", list(parts))]()
    _sources()


def _homes() -> None:
    lake, month, scenario = current_lake(), st.session_state["month"], st.session_state["scenario"]
    fleet = queries.homes(lake, month, scenario)
    for column, (title, (x, y, x_words, y_words)) in zip(st.columns(len(_MAPS)), _MAPS.items(), strict=True):
        with column:
            st.markdown(f"**{title}**")
            look.plot(_map(fleet, x, y, x_words, y_words), f"map {title}")
    devices = queries.devices_of(fleet)
    counts = pd.crosstab(devices, fleet["category"]).rename_axis("devices").rename_axis(None, axis=1)
    counts = counts[[name for name in CATEGORIES if name in counts]]
    st.markdown("**How many homes have what**")
    look.table(counts.assign(all=counts.sum(axis=1)).sort_values("all", ascending=False).reset_index())
    st.markdown("**Every home**")
    look.table(fleet, look.columns_of(PROSUMER_FLEET), height=300)


def _map(fleet: pd.DataFrame, x: str, y: str, x_words: str, y_words: str) -> Figure:
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "name": category,
                "x": values(rows[x]),
                "y": values(rows[y]),
                "text": [f"home {home}" for home in rows["home_id"]],
                "marker": {"color": tint, "size": 7, "opacity": 0.75},
                "hovertemplate": "%{text}: %{x:.3g}, %{y:.3g}<extra></extra>",
            }
            for category, tint in _TINTS.items()
            if len(rows := fleet[fleet["category"] == category])
        ],
        "layout": {"height": 340, "xaxis": {"title": {"text": x_words}}, "yaxis": {"title": {"text": y_words}}},
    }


def _picture(what: str) -> None:
    made = picture(current_lake(), st.session_state["month"], st.session_state["scenario"], what)
    st.subheader(made.title)
    look.soft(made.subtitle)
    st.plotly_chart(made.figure, key=what, config=look.PLOT_CONFIG)


def _forecast() -> None:
    """The forecast at each gate closure and the price that came."""
    lake, month, scenario = current_lake(), st.session_state["month"], st.session_state["scenario"]
    every = queries.windows(lake, month, scenario, NEGOTIATED)
    if every.empty:
        look.say("No strategy that forecasts was run.")
        return
    low, middle, high, came = (
        every[name]
        for name in (
            "forecast_p10_usd_per_mwh", "forecast_p50_usd_per_mwh", "forecast_p90_usd_per_mwh", "lmp_mean_usd_per_mwh",
        )
    )  # fmt: skip
    within = 100 * float(((came >= low) & (came <= high)).mean())
    above = 100 * float((came > middle).mean())
    look.say(
        f"Of {len(every)} windows {percent(within, 0)} came to lie between the forecast's 10 and 90 % quantiles, where "
        f"80 % belong, and {percent(above, 0)} above its median; the median missed the price by "
        f"{number((came - middle).abs().mean(), 1)} $/MWh on average."
    )
    days = sorted(every["local_day"].unique())
    day = address.choose("Day", "day", ["all days", *days])
    shown = every if day == "all days" else every[every["local_day"] == day]
    look.plot(_band(shown), "forecast")


def _band(rows: pd.DataFrame) -> Figure:
    x = list(rows["local"].dt.strftime("%Y-%m-%dT%H:%M"))
    line = {"type": "scatter", "mode": "lines", "x": x}
    return {
        "data": [
            {**line, "y": values(rows["forecast_p10_usd_per_mwh"]), "line": {"width": 0}, "showlegend": False},
            {**line, "y": values(rows["forecast_p90_usd_per_mwh"]), "line": {"width": 0}, "fill": "tonexty",
             "fillcolor": see_through(FORECAST, 0.5), "name": "forecast, 10 to 90 %"},
            {**line, "y": values(rows["forecast_p50_usd_per_mwh"]), "name": "forecast, median",
             "line": {"color": FORECAST, "dash": "dot", "shape": "hv", "width": 2}},
            {**line, "y": values(rows["lmp_mean_usd_per_mwh"]), "name": "price",
             "line": {"color": PRICE, "shape": "hv", "width": 1.5}},
        ],
        "layout": {"height": 380, "yaxis": {"title": {"text": "$/MWh"}}},
    }  # fmt: skip


def _sources() -> None:
    lake, month, scenario = current_lake(), st.session_state["month"], st.session_state["scenario"]
    st.subheader("Where the data came from")
    shares = queries.sources(lake, month, scenario)
    wide = shares.pivot_table(index="series", columns="source", values="percent", fill_value=0.0, sort=False)
    look.table(wide.reset_index(), formats={str(name): "%.0f %%" for name in wide.columns})


show()
