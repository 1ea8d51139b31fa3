"""How things look: text, numbers, tables and plots, with the colours, names and units of the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import pandas as pd
import streamlit as st

from vpp_core.results.figures.base import Figure
from vpp_core.results.statistics import Interval
from vpp_core.results.text import as_words, form_of, interval, usd
from vpp_core.tables import Contract

PLOT_CONFIG = {"displaylogo": False, "displayModeBar": False}


def prose(text: str) -> str:
    """Plain text for Streamlit's Markdown, in which a dollar sign would begin a formula."""
    return as_words(text).replace("$", r"\$").replace(":", r"\:").replace(" %", "\u00a0%")


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
    """A figure with what it is above, and what must be known of it below."""
    column.markdown(f"**{prose(label)}**", help=prose(help) if help else None)
    column.metric(label, value, label_visibility="collapsed")
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
    **more: Any,
) -> Any:
    """A table that sorts and scrolls; a column's meaning is shown when pointing at its name."""
    meanings, formats = meanings or {}, formats or {}
    config: dict[str, Any] = {}
    for name in frame.columns:
        help = meanings.get(name)
        if name in formats or _is_money(frame, name):
            config[name] = st.column_config.NumberColumn(help=help, format=formats.get(name, "dollar"))
        elif help:
            config[name] = st.column_config.Column(help=help)
    return st.dataframe(frame, column_config=config, hide_index=True, height=height, **more)


def _is_money(frame: pd.DataFrame, name: str) -> bool:
    return name.endswith("_usd") and pd.api.types.is_numeric_dtype(frame[name])


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
