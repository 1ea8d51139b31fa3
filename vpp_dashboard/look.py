"""How things look: text, numbers, tables and plots, with the colours, names and units of the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, Literal

import pandas as pd
import streamlit as st

from vpp_core.results.figures.base import Figure
from vpp_core.results.statistics import Interval
from vpp_core.results.text import NONE, as_words, form_of, interval, usd
from vpp_core.tables import Contract

PLOT_CONFIG = {"displaylogo": False, "displayModeBar": False}


def prose(text: str) -> str:
    """Plain text for Streamlit's Markdown, in which a dollar sign would begin a formula; back quotes stay."""
    return as_words(text).replace(r"\`", "`").replace("$", r"\$").replace(":", r"\:").replace(" %", "\u00a0%")


def say(text: str) -> None:
    """A paragraph."""
    st.markdown(prose(text))


def soft(text: str) -> None:
    """A remark."""
    st.caption(prose(text))


def signed(measured: Interval) -> tuple[str, str]:
    """A difference of money and its interval, with as many digits as that carries."""
    form = form_of(measured)
    shown = form(measured.estimate)
    return (shown if shown.startswith("−") else f"+{shown}"), interval(measured, form)


def metric(column: Any, label: str, value: str, below: str = "", help: str | None = None) -> None:
    """A figure, and below it what it is and what must be known of it: so that figures side by side stand in line."""
    column.metric(label, value, label_visibility="collapsed")
    column.markdown(f"**{prose(label)}**", help=prose(help) if help else None)
    if below:
        column.caption(prose(below))


def plot(figure: Figure, key: str, on_select: Callable[[], None] | None = None) -> Any:
    """A plot of the report. With `on_select` a click on a point is told to it; the points are in the state of `key`."""
    layout = {
        "margin": {"l": 60, "r": 24, "t": 30, "b": 48},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        **figure["layout"],
    }
    chosen = {"on_select": on_select, "selection_mode": "points"} if on_select else {}
    return st.plotly_chart({"data": figure["data"], "layout": layout}, key=key, config=PLOT_CONFIG, **chosen)  # type: ignore[call-overload]


def clicked(key: str) -> dict[str, Any] | None:
    """The point of a plot that was clicked last."""
    state = st.session_state.get(key)
    points = state["selection"]["points"] if state else []
    return dict(points[0]) if points else None


def columns_of(contract: Contract) -> dict[str, str]:
    """Column → meaning with unit."""
    return {column.name: column.description for column in contract.columns}


def table(
    frame: pd.DataFrame,
    meanings: Mapping[str, str] | None = None,
    formats: Mapping[str, str] | None = None,
    height: int | Literal["auto"] = "auto",
    units: Mapping[str, str] | None = None,
    **more: Any,
) -> Any:
    """A table that sorts and scrolls; columns by their words and unit, their meaning when pointing at these.

    `units` are put in place of those that the columns' names say.
    """
    meanings, formats, units = meanings or {}, formats or {}, units or {}
    config: dict[str, Any] = {}
    for name in map(str, frame.columns):
        about: dict[str, Any] = {"label": _in_units(words_of(name), units), "help": meanings.get(name)}
        if pd.api.types.is_datetime64_any_dtype(frame[name]):
            config[name] = st.column_config.DatetimeColumn(format="MMM D, HH:mm", **about)
        elif name in formats or _form_of(frame, name):
            config[name] = st.column_config.NumberColumn(format=formats.get(name) or _form_of(frame, name), **about)
        else:
            config[name] = st.column_config.Column(**about)
    money = [name for name in frame.columns if str(name).endswith("_usd") and pd.api.types.is_float_dtype(frame[name])]
    cents = frame.assign(**{name: frame[name].round(2) + 0.0 for name in money})  # a rounded −0 becomes 0
    return st.dataframe(cents, column_config=config, hide_index=True, height=height, placeholder=NONE, **more)


_UNITS = {
    "_usd_per_mwh": "$/MWh",
    "_usd_per_kwh": "$/kWh",
    "_usd": "$",
    "_kwh": "kWh",
    "_kw": "kW",
    "_percent": "%",
    "_hours": "h",
}
OF_RESERVE = {"$/MWh": "$/MW-h", "kWh": "kW-h"}
"""Units of energy → of reserve: its prices are per power and hour held, its quantity is power held times hours."""


_FORMS = {"$": "dollar", "$/MWh": "%.2f", "$/kWh": "%.3f", "kWh": "%.2f", "kW": "%.2f", "%": "%.0f", "h": "%.1f"}
_SCORES = ("satisfaction", "satisfaction_mean")


_NAMES = {
    "home_id": "home",
    "bess_capacity_kwh": "battery_kwh",
    "bess_max_power_kw": "battery_power_kw",
    "pv_capacity_kw": "solar_kw",
    "participation_willingness": "share of its power offered",
    "backup_power_hours": "kept_for_an_outage_hours",
    "max_discharge_percent": "most_of_the_battery_a_day_percent",
    "min_compensation_usd_per_kwh": "asks_at_least_usd_per_kwh",
    "opening_ask_usd_per_kwh": "asks_first_usd_per_kwh",
    "v2g_cars": "cars with V2G",
    "ev_priority": "priority of the car",
    "load_profile_id": "load curve",
    "pv_orientation": "solar faces",
    "local": "start, local time",
    "gate": "what",
    "kind": "asked for",
    "device_number": "its number",
    "response_usd_per_mwh": "answer_usd_per_mwh",
    "market_usd_per_mwh": "market_paid_usd_per_mwh",
    "forecast_p50_usd_per_mwh": "median_forecast_usd_per_mwh",
    "counter_usd_per_mwh": "counter_offer_usd_per_mwh",
    "end_energy_usd": "energy_left_over_usd",
}
"""Columns whose names in the tables say too little beside others."""


def words_of(name: str) -> str:
    """A column's name in words, its unit in brackets: `household gain [$]`."""
    name = _NAMES.get(name, name)
    for ending, unit in _UNITS.items():
        if name.endswith(ending):
            return f"{name.removesuffix(ending).replace('_', ' ')} [{unit}]"
    return name.replace("_", " ")


def _in_units(label: str, units: Mapping[str, str]) -> str:
    words, bracket, unit = label.rstrip("]").rpartition(" [")
    return f"{words} [{units.get(unit, unit)}]" if bracket else label


def _form_of(frame: pd.DataFrame, name: str) -> str | None:
    """How a column's numbers are written, by the unit in its name."""
    if not pd.api.types.is_float_dtype(frame[name]):
        return None
    unit = words_of(name).rpartition("[")[2].rstrip("]")
    return "%.3f" if name in _SCORES else _FORMS.get(unit)


def bars(shares: Sequence[tuple[str, float]]) -> None:
    """Shares [%] as bars."""
    st.dataframe(
        pd.DataFrame(shares, columns=["series", "real [%]"]),
        column_config={"real [%]": st.column_config.ProgressColumn(min_value=0, max_value=100, format="%.0f %%")},
        hide_index=True,
    )


def money(value: float | None) -> str:
    """Dollars, as in the report."""
    return usd(value)


def legend(entries: Sequence[tuple[str, str]]) -> None:
    """What the colours of several plots mean."""
    marks = "  ".join(
        f'<span style="white-space:nowrap"><span style="color:{tint}">■</span> {escape(words)}</span>'
        for tint, words in entries
    )
    st.html(f'<div style="font-size:0.85rem">{marks}</div>')


def plain_code(text: str) -> str:
    """Text that stands between back quotes."""
    return text.replace("`", "'")
