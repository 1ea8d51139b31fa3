"""The waterfall from perfect foresight down to negotiation; a step taken apart by day, window and home."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from vpp_core.results.figures import waterfall_figure
from vpp_core.results.figures.base import GAINED, LOST, Figure
from vpp_core.results.gap import step_interval, step_row
from vpp_core.results.rungs import PREFERENCES_FIRST, PREFERENCES_LAST, SPLIT, WORDS, step_name
from vpp_core.results.text import usd
from vpp_dashboard import address, look, queries
from vpp_dashboard.store import current_lake

PATHS = {PREFERENCES_FIRST: "preferences given up first", PREFERENCES_LAST: "preferences given up last"}
ALL_DAYS = "all days"
SHOWN_WINDOWS = 60


def show() -> None:
    """The page."""
    lake, month, scenario = current_lake(), st.session_state["month"], st.session_state["scenario"]
    st.title("What lies between perfect foresight and negotiating")
    path = address.choose("Order of the steps", "path", list(PATHS), format_func=PATHS.__getitem__)
    run = queries.light_run(lake, month, scenario)
    figure = waterfall_figure(run, path)
    steps = [name for name, *_ in SPLIT[path]]
    if figure is None:
        look.say("Not every strategy was run, so the distance cannot be split.")
        return
    look.plot(figure, "waterfall", on_select=lambda: _choose_step(steps))
    look.soft("A click on a step takes it apart below.")
    step = address.choose("Step", "step", steps, steps[-1], format_func=_in_words)
    _step(path, step)


def _in_words(step: str) -> str:
    return f"{step_name(step)}: {WORDS[step]}"


def _choose_step(steps: list[str]) -> None:
    """The step whose bar was clicked; the first and the last bar are no steps."""
    point = look.clicked("waterfall")
    at = int(point["point_index"]) if point else 0
    if 1 <= at <= len(steps):
        st.session_state["step"] = steps[at - 1]


def _step(path: str, step: str) -> None:
    lake, month, scenario = current_lake(), st.session_state["month"], st.session_state["scenario"]
    found = queries.split(lake, month, scenario)
    row, whole = step_row(found, step, path=path), step_interval(found, step, path=path)
    assert row is not None and whole is not None
    upper, lower = row["upper_strategy"], row["lower_strategy"]
    value, where = look.signed(whole)
    st.subheader(f"{step_name(step)[0].upper()}{step_name(step)[1:]}")
    look.say(f"{upper} less {lower}: {value}, {where}.")
    if row["one_day_dominates"]:
        look.say(f"One day, {row['largest_day']}, makes more than half of it, so it says nothing of the others.")
    parts = queries.step_parts(lake, month, scenario, upper, lower)
    days = sorted(parts.days["local_day"])
    day = address.choose("Day", "day", [ALL_DAYS, *days], ALL_DAYS)
    if day != ALL_DAYS:
        parts = parts.of_day(day)
    look.plot(_bars(queries.step_parts(lake, month, scenario, upper, lower).days, day), "by-day", on_select=_choose_day)
    look.soft("Day by day; above 0 the step costs, below 0 it brings. A click on a day chooses it.")
    left, right = st.columns(2)
    with left:
        by_window = parts.windows.groupby("window")["difference_usd"].sum().reset_index()
        st.markdown(f"**{len(by_window)} market windows**, the largest first")
        look.table(_largest(by_window))
    with right:
        st.markdown(f"**{len(parts.homes):,} homes**, the largest first")
        look.table(_largest(parts.homes))
    sums = [usd(float(part["difference_usd"].sum())) for part in (parts.days, parts.windows, parts.homes)]
    fleet = len(queries.homes(lake, month, scenario))
    if len(parts.homes) < fleet:
        look.soft(f"Of {fleet:,} homes the days of {len(parts.homes):,} are kept: these alone are in the sums by home.")
    else:
        look.soft(f"They add up: {sums[0]} over days, {sums[1]} over windows, {sums[2]} over homes.")


def _choose_day() -> None:
    point = look.clicked("by-day")
    if point:
        st.session_state["day"] = str(point["x"])


def _largest(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that make most of a difference, either way."""
    order = rows["difference_usd"].abs().sort_values(ascending=False, kind="stable").index
    return rows.loc[order[:SHOWN_WINDOWS]]


def _bars(days: pd.DataFrame, chosen: str) -> Figure:
    strong = [chosen in (ALL_DAYS, day) for day in days["local_day"]]
    return {
        "data": [
            {
                "type": "bar",
                "x": list(days["local_day"]),
                "y": [round(float(value), 4) for value in days["difference_usd"]],
                "marker": {
                    "color": [LOST if value > 0 else GAINED for value in days["difference_usd"]],
                    "opacity": [1.0 if own else 0.35 for own in strong],
                },
                "hovertemplate": "%{x}: %{y:$,.2f}<extra></extra>",
            }
        ],
        "layout": {
            "height": 260,
            "xaxis": {
                "type": "category",
                "tickvals": list(days["local_day"]),
                "ticktext": [str(int(day[-2:])) for day in days["local_day"]],
                "title": {"text": "day of the month"},
            },
            "yaxis": {"title": {"text": "difference [$]"}},
        },
    }


show()
