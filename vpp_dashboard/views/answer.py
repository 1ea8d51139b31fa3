"""The answer of a month: negotiated against commanded, what households got, and how much of the data is real."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from vpp_core.calendar import Month
from vpp_core.results.figures import ladder_figure, source_figure
from vpp_core.results.rungs import COMMANDED, NEGOTIATED, UNHEEDING
from vpp_core.results.text import count, form_of, percent
from vpp_dashboard import address, look, queries
from vpp_dashboard.store import current_lake

_RUNGS = {
    COMMANDED: "a home, against commanding it within its preferences",
    UNHEEDING: "a home, against commanding it whatever it prefers",
}


def show() -> None:
    """The page."""
    lake, month, scenario = current_lake(), st.session_state["month"], st.session_state["scenario"]
    own = queries.kpis_of(lake, month, scenario).set_index("strategy")
    st.title(f"What does negotiating give up? {month}")
    first = next(iter(own.to_dict("records")))
    of = lake.scenario(scenario).in_month(Month.parse(month))
    period = f"the first {count(first['days'], 'day')} of it" if of.first_days else f"all {first['days']} days"
    look.soft(f"{scenario}: {count(first['homes'], 'home')}, {period}. {of.description}")
    if NEGOTIATED not in own.index:
        look.say("Negotiation was not run, so this run cannot say what it earns.")
        return
    _figures(own.loc[NEGOTIATED].to_dict())
    sentences = queries.told(lake, month, scenario)
    for sentence in sentences:
        look.say(sentence)
    run = queries.light_run(lake, month, scenario)
    left, right = st.columns(2)
    with left:
        st.subheader("Surplus of every strategy")
        look.plot(ladder_figure(run), "ladder")
    with right:
        st.subheader("Where it comes from")
        by_source = source_figure(run)
        if by_source is not None:
            look.plot(by_source, "sources")
    address.link("gap", "What lies between the strategies", month=month, scenario=scenario)
    address.link("households", "Who gains and who loses", month=month, scenario=scenario)
    address.report_link(lake, month, scenario)


def _figures(negotiated: dict[Any, Any]) -> None:
    """The headline in figures: $ a home over the period, each with its interval."""
    lake, month, scenario = current_lake(), st.session_state["month"], st.session_state["scenario"]
    first, second, third, fourth = st.columns(4)
    for column, (rung, words) in zip((first, second), _RUNGS.items(), strict=True):
        found = queries.headline(lake, month, scenario, rung)
        if found is None:
            look.metric(column, words, "–", f"{rung} was not run")
            continue
        value, where = look.signed(found.apart)
        alone = f"; one day, {found.one_day}, makes more than half of it" if found.one_day else ""
        form = form_of(found.apart)
        made = f"{form(negotiated['surplus_per_home_usd'])} against {form(found.made_usd)}"
        look.metric(column, words, value, f"{where}{alone}. {made}")
    gain = queries.gainers_percent(lake, month, scenario)
    look.metric(
        third,
        "what a household gets, the median",
        look.money(negotiated["gain_median_usd"]),
        f"bill and wear included; {percent(gain, 0)} gain a cent or more, "
        f"{percent(negotiated['households_worse_off_percent'], 0)} lose one",
    )
    shares = queries.shares(lake)
    shares = shares[(shares["month"] == month) & (shares["scenario"] == scenario)]
    energy = shares.loc[shares["series"] == "real-time price", "real_percent"]
    look.metric(
        fourth,
        "of real-time prices are real",
        percent(energy.iloc[0], 0) if len(energy) else "–",
        _shares_in_words(shares),
    )


def _shares_in_words(shares: pd.DataFrame) -> str:
    rows = shares[shares["series"] != "real-time price"]
    return "; ".join(
        f"{series} {percent(real, 0)}" for series, real in zip(rows["series"], rows["real_percent"], strict=True)
    )


show()
