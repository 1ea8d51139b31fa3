"""Months × scenarios: what was found, on what data, and what failed or is missing. A click opens a month."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from vpp_core.results.figures.base import GREY, RED, Figure
from vpp_core.results.rungs import NEGOTIATED
from vpp_core.results.text import percent, usd
from vpp_dashboard import address, history, look, queries
from vpp_dashboard.store import current_lake

MEASURES = {
    "surplus_per_home_usd": "surplus a home [$]",
    "gain_median_usd": "median household's gain [$]",
    "vpp_profit_usd": "the VPP's profit [$]",
    "percent_of_perfect": "of perfect foresight [%]",
    "households_worse_off_percent": "households worse off [%]",
    "satisfaction_mean": "satisfaction, 0–1",
}
_SYMBOLS = {
    "real prices": "square",
    "part real": "diamond",
    "synthetic prices": "circle",
    "failed": "x",
    "unfinished": "hourglass",
    "missing": "line-ew-open",
}
_SIZE = 34


def show() -> None:
    """The page."""
    lake = current_lake()
    st.title("Months and scenarios")
    every = history.runs(lake)
    if every.empty:
        look.say(f"There is nothing in {lake.root} yet; make something on the page Run something.")
        return
    kpis = queries.kpis(lake)
    left, right = st.columns(2)
    with left:
        measure = address.choose("Figure", "figure", list(MEASURES), format_func=MEASURES.__getitem__)
    with right:
        strategy = address.choose("Strategy", "strategy", list(dict.fromkeys(kpis["strategy"])), NEGOTIATED)
    own = kpis.loc[kpis["strategy"] == strategy, ["month", "scenario", measure]]
    shown = every.merge(own, how="left")
    look.plot(_heat(shown, measure), "cells", on_select=_ignored)
    point = look.clicked("cells")
    if point and point.get("customdata") and point["customdata"][2]:
        address.go("answer", month=point["customdata"][0], scenario=point["customdata"][1])
    counts = shown["state"].value_counts()
    look.soft(" · ".join(f"{counts[state]} {state}" for state in history.STATES if state in counts))
    for row in shown[shown["state"] == "failed"].to_dict("records"):
        st.warning(look.prose(f"{row['month']} {row['scenario']} failed. {row['reason']}"))
    _table(shown, measure)


def _ignored() -> None:
    """The click is looked at when the page is drawn."""


def _heat(shown: pd.DataFrame, measure: str) -> Figure:
    """A mark per month and scenario: its colour says how much, its shape on what data."""
    known = shown[measure].dropna()
    form = usd if measure.endswith("_usd") else percent if "percent" in measure else "{:.3f}".format
    traces = []
    for state in history.STATES:
        rows = shown[shown["state"] == state]
        if rows.empty:
            continue
        has = state in history.STATES[:3]
        marker: dict[str, object] = {"symbol": _SYMBOLS[state], "size": _SIZE if has else 14}
        if has:
            marker |= {"color": [None if pd.isna(v) else round(float(v), 4) for v in rows[measure]]}
            marker |= {"coloraxis": "coloraxis", "line": {"width": 1, "color": GREY}}
        else:
            marker |= {"color": RED if state == "failed" else GREY, "line": {"width": 2, "color": GREY}}
        told = [_told(row, form) for row in rows.to_dict("records")]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": state,
                "x": list(rows["month"]),
                "y": list(rows["scenario"]),
                "marker": marker,
                "customdata": [[m, s, has] for m, s in zip(rows["month"], rows["scenario"], strict=True)],
                "text": told,
                "hovertemplate": "%{y}, %{x}<br>%{text}<extra></extra>",
            }
        )
    bounds = {"cmin": round(float(known.min()), 4), "cmax": round(float(known.max()), 4)} if len(known) else {}
    return {
        "data": traces,
        "layout": {
            "height": 170 + 46 * shown["scenario"].nunique(),
            "coloraxis": {
                "colorscale": "Cividis",
                "colorbar": {"title": {"text": MEASURES[measure]}, "thickness": 12},
                **bounds,
            },
            "legend": {"orientation": "h", "y": 1.05, "yanchor": "bottom", "x": 0, "itemsizing": "constant"},
            "xaxis": {"type": "category", "categoryarray": sorted(set(shown["month"])), "categoryorder": "array"},
            "yaxis": {"type": "category", "automargin": True, "autorange": "reversed"},
        },
    }


def _told(row: dict[Any, Any], form: Callable[[Any], str]) -> str:
    """What a mark says when it is pointed at."""
    if row["state"] in history.STATES[3:]:
        return f"{row['state']} {row.get('reason') or ''}".strip()
    measure = next(name for name in MEASURES if name in row)
    real = "; ".join(f"{name} {percent(row[name], 0)} real" for name in row if "price" in name)
    return f"{MEASURES[measure]}: {form(row[measure])}<br>{real}"


def _table(shown: pd.DataFrame, measure: str) -> None:
    """The same as a table, a row of which opens a month too."""
    done = shown[shown["state"].isin(history.STATES[:3])].reset_index(drop=True)
    prices = [str(name) for name in done if "price" in str(name)]
    columns = ["scenario", "month", measure, "state", *prices]
    chosen = look.table(
        done[columns].rename(columns={measure: MEASURES[measure]}),
        formats=dict.fromkeys(prices, "%.0f %%"),
        key="rows",
        on_select="rerun",
        selection_mode="single-row",
    )
    look.soft("Columns of prices: the share that is real. Choose a row to open that month.")
    if chosen["selection"]["rows"]:
        row = done.iloc[chosen["selection"]["rows"][0]]
        address.go("answer", month=row["month"], scenario=row["scenario"])


show()
