"""Who gains and who loses: a dot per home, by attitude and devices; the losers with their cause."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from vpp_core.fleet.fleet import CATEGORIES
from vpp_core.results.figures.base import (
    BLUE,
    GREEN,
    GREY,
    LILAC,
    MAROON,
    NIGHT,
    ORANGE,
    PURPLE,
    YELLOW,
    Figure,
    values,
)
from vpp_core.results.figures.homes import GAIN_PARTS, cause_of_loss
from vpp_core.results.rungs import NEGOTIATED, changes_nothing
from vpp_core.results.text import count, percent, usd
from vpp_core.tables.outcome import A_CENT
from vpp_dashboard import address, look, queries
from vpp_dashboard.store import current_lake

BY = {"category": "attitude", "devices": "devices"}
_TINTS = (GREEN, BLUE, ORANGE, PURPLE, GREY, MAROON, YELLOW, LILAC, NIGHT)
_SYMBOLS = {"conservative": "square", "moderate": "circle", "aggressive": "diamond"}


def show() -> None:
    """The page."""
    lake, month, scenario = current_lake(), st.session_state["month"], st.session_state["scenario"]
    st.title("Who gains and who loses")
    every = queries.household_months(lake, month, scenario)
    operable = every.loc[every["household_gain_usd"].notna(), "strategy"].unique()
    acting = [str(key) for key in operable if not changes_nothing(key)]
    left, right = st.columns(2)
    with left:
        strategy = address.choose("Strategy", "strategy", acting, NEGOTIATED)
    with right:
        by = address.choose("By", "by", list(BY), format_func=BY.__getitem__)
    own = every[every["strategy"] == strategy].reset_index(drop=True)
    own = own.assign(cause=cause_of_loss(own))
    losers = own[own["household_gain_usd"] <= -A_CENT].sort_values("household_gain_usd")
    gain = own["household_gain_usd"]
    look.say(
        f"Under {strategy} {count(int((gain >= A_CENT).sum()), 'household')} of {len(own)} gain a cent or more and "
        f"{len(losers)} lose one; the median gains {usd(gain.median())}."
    )
    look.plot(_dots(own, by), "dots", on_select=_ignored)
    point = look.clicked("dots")
    if point and point.get("customdata") is not None:
        data = point["customdata"]
        address.go("home", month=month, scenario=scenario, home=int(data[0] if isinstance(data, list) else data))
    look.soft("A click on a dot opens that home.")
    _groups(own, by)
    _losers(losers, f"losers-{scenario}-{month}-{strategy}.csv")


def _ignored() -> None:
    """The click is looked at when the page is drawn."""


def _dots(own: pd.DataFrame, by: str) -> Figure:
    """Homes in columns by what they are asked to be told apart by, spread sideways so that all are seen."""
    groups = _in_order(own, by)
    other = "devices" if by == "category" else "category"
    place = {name: position for position, name in enumerate(groups)}
    sideways = 0.7 * (np.modf(own["home_id"].to_numpy() * 0.6180339887)[0] - 0.5)
    own = own.assign(x=own[by].map(place) + sideways)
    traces = []
    for position, (name, rows) in enumerate(own.groupby(other, sort=True)):
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": values(rows["x"]),
                "y": values(rows["household_gain_usd"]),
                "customdata": [[int(home)] for home in rows["home_id"]],
                "text": [
                    f"home {row['home_id']}: {usd(row['household_gain_usd'])}<br>{row['category']}, {row['devices']}"
                    + (f"<br>{row['cause']}" if row["cause"] else "")
                    for row in rows.to_dict("records")
                ],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {
                    "size": 9,
                    "color": _TINTS[position % len(_TINTS)],
                    "symbol": _SYMBOLS.get(str(name), "circle"),
                    "line": {"width": 0.5, "color": "#ffffff"},
                },
            }
        )
    return {
        "data": traces,
        "layout": {
            "height": 460,
            "xaxis": {"tickvals": list(range(len(groups))), "ticktext": groups, "zeroline": False},
            "yaxis": {"title": {"text": "gain of the period [$]"}, "zeroline": True},
        },
    }


def _in_order(own: pd.DataFrame, by: str) -> list[str]:
    """The groups: attitudes from cautious to bold, devices by name."""
    return [name for name in CATEGORIES if name in set(own[by])] if by == "category" else sorted(own[by].unique())


def _groups(own: pd.DataFrame, by: str) -> None:
    rows = [
        {
            BY[by]: name,
            "homes": len(group),
            "median gain": usd(group["household_gain_usd"].median()),
            "smallest": usd(group["household_gain_usd"].min()),
            "largest": usd(group["household_gain_usd"].max()),
            "lose a cent or more": percent(100 * (group["household_gain_usd"] <= -A_CENT).mean(), 0),
            "satisfaction": round(float(group["satisfaction"].mean()), 3),
        }
        for name in _in_order(own, by)
        if len(group := own[own[by] == name])
    ]
    look.table(pd.DataFrame(rows))


def _losers(losers: pd.DataFrame, file: str) -> None:
    st.subheader("Who loses, and why")
    if losers.empty:
        look.say("Nobody loses a cent.")
        return
    columns = ["home_id", "household_gain_usd", "cause", "category", "devices", *[name for name, *_ in GAIN_PARTS]]
    look.table(losers[columns])
    st.download_button("Download as CSV", losers[columns].to_csv(index=False), file, "text/csv")


show()
