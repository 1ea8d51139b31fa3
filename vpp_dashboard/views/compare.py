"""Two runs side by side: what differs in their results, with interval, and in what makes them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from vpp_core.calendar import Month
from vpp_core.results.compare import between, parameters_apart
from vpp_core.results.figures.base import Figure, colour
from vpp_core.results.model_share import share_sentence
from vpp_core.results.rungs import NEGOTIATED, changes_nothing
from vpp_core.results.text import number, usd
from vpp_dashboard import address, look, queries
from vpp_dashboard.store import current_lake

MEASURES = {
    "surplus_usd": "surplus",
    "vpp_profit_usd": "the VPP's profit",
    "household_gain_usd": "households' gain",
    "satisfaction_mean": "satisfaction, 0–1",
}
Chosen = tuple[str, str]  # month and scenario


def show() -> None:
    """The page."""
    lake = current_lake()
    st.title("Two runs side by side")
    kpis = queries.kpis(lake)
    known = sorted(set(zip(kpis["scenario"], kpis["month"], strict=True)))
    if not known:
        look.say("There are no results yet.")
        return
    names = [f"{scenario} {month}" for scenario, month in known]
    left, right = st.columns(2)
    with left:
        one = _split(address.choose("This run", "one", names, names[-1]))
    with right:
        like = [name for name in names if name.endswith(one[0]) and _split(name) != one]
        other = _split(address.choose("less that one", "other", names, like[0] if like else names[0]))
    if one == other:
        look.say("Both are the same run; choose another one.")
        return
    _differences(one, other)
    _parameters(one, other)


def _split(name: str) -> Chosen:
    scenario, _, month = name.rpartition(" ")
    return month, scenario


def _differences(one: Chosen, other: Chosen) -> None:
    lake = current_lake()
    measure = address.choose("Figure", "figure", list(MEASURES), format_func=MEASURES.__getitem__)
    first, second = queries.daily(lake, *one), queries.daily(lake, *other)
    kpis = {run: queries.kpis_of(lake, *run).set_index("strategy") for run in (one, other)}
    both = [key for key in kpis[one].index if key in kpis[other].index and not changes_nothing(key)]
    money = measure.endswith("_usd")
    rows = []
    for key in both:
        apart = between(first, second, key, measure)
        values = [kpis[run].loc[key, measure] for run in (one, other)]
        if any(pd.isna(value) for value in values):
            continue
        form = usd if money else lambda value: number(value, 3)
        difference, where = look.signed(apart.interval) if apart and money else ("", "")
        if apart and not money:
            difference, where = number(apart.interval.estimate, 3), look.interval(apart.interval, form)
        if apart is None:
            difference, where = form(values[0] - values[1]), "no day in common, so nothing pairs them"
        elif apart.one_day:
            where += f"; {apart.one_day} makes more than half"
        rows.append(
            {
                "strategy": key,
                "this": form(values[0]),
                "that": form(values[1]),
                "difference": difference,
                "how sure": where,
            }
        )
    st.subheader(f"{MEASURES[measure][0].upper()}{MEASURES[measure][1:]}, over the period")
    look.table(pd.DataFrame(rows))
    for words, run in (("This", one), ("That", other)):
        whose = share_sentence(queries.kpis_of(lake, *run), lake.scenario(run[1]))
        if whose:
            look.say(f"{words}: {whose}")
    for key in both:
        apart = between(first, second, key, measure)
        if key == NEGOTIATED and apart is not None:
            look.plot(_by_day(apart.days, key, MEASURES[measure]), "days")


def _by_day(days: pd.Series, strategy: str, words: str) -> Figure:
    return {
        "data": [
            {
                "type": "bar",
                "x": list(days.index),
                "y": [round(float(value), 4) for value in days],
                "marker": {"color": colour(strategy)},
                "hovertemplate": "%{x}: %{y:.2f}<extra></extra>",
            }
        ],
        "layout": {"height": 280, "yaxis": {"title": {"text": f"difference of {strategy}, {words}, by day"}}},
    }


def _parameters(one: Chosen, other: Chosen) -> None:
    lake = current_lake()
    st.subheader("What makes them differ")
    here, there = (lake.scenario(scenario).in_month(Month.parse(month)) for month, scenario in (one, other))
    apart = parameters_apart(here, there)
    if one[0] != other[0]:
        apart = [("month", one[0], other[0]), *apart]
    if not apart:
        look.say("No parameter: the runs differ in nothing that makes a result.")
        return
    look.table(pd.DataFrame(apart, columns=["parameter", "this", "that"]))


show()
