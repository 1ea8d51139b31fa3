"""Studies: surplus against satisfaction over what was varied, differences over seeds; and how deciders did."""

from __future__ import annotations

import streamlit as st

from vpp_core.results.database import DATABASE_TABLES
from vpp_core.results.deciders import HOW_COMPARED, decider_sentence, decider_table, of_deciders
from vpp_core.results.figures import frontier_figure, sweep_figure
from vpp_core.results.model_share import members_sentence
from vpp_core.results.study import (
    DRAWN,
    seeds_sentence,
    study_summary,
    study_table,
    sweep_sentence,
    sweep_table,
    sweeps,
)
from vpp_dashboard import address, look, queries
from vpp_dashboard.store import current_lake


def show() -> None:
    """The page."""
    lake = current_lake()
    st.title("Studies and deciders")
    every = queries.study(lake)
    if every.empty:
        look.say("There is no study in this lake; `vpp study`, or the page Run something, makes one.")
    else:
        _study()
    st.subheader("How deciders did")
    look.say(
        "Judged by a verifier that knows both sides, over all months and scenarios: what the aggregator's negotiator "
        "got of what both sides could have gained together."
    )
    board = queries.leaderboard(lake)
    if board.empty:
        look.say("No negotiation was judged yet.")
        return
    formats = {str(name): "%.1f %%" for name in board if str(name).endswith("percent")}
    look.table(board, look.columns_of(DATABASE_TABLES["negotiator_scores"]), formats)


def _study() -> None:
    rows = queries.study(current_lake())
    left, right = st.columns(2)
    with left:
        name = address.choose("Study", "study", sorted(rows["study"].unique()))
    rows = rows[rows["study"] == name]
    with right:
        month = address.choose("Month", "of", sorted(rows["month"].unique()))
    of_month = rows[rows["month"] == month]
    for title, members in sweeps(rows, month):
        st.subheader(title)
        look.say(sweep_sentence(members))
        look.plot(sweep_figure(members), f"sweep {title}")
        if members["satisfaction_mean"].notna().any():
            st.markdown("**Surplus against satisfaction**")
            look.plot(frontier_figure(members), f"frontier {title}")
        look.table(sweep_table(members))
    for _, members in of_deciders(rows, month):
        st.subheader("Deciders compared")
        look.say(decider_sentence(members))
        look.table(decider_table(members))
        look.say(HOW_COMPARED)
    whose = members_sentence(of_month)
    if whose:
        look.say(whose)
    for drawn in DRAWN:
        if (of_month["varied"] == drawn).any():
            sentence = seeds_sentence(rows, month, drawn)
            if sentence:
                look.say(sentence)
            look.table(study_table(study_summary(of_month[of_month["varied"] == drawn])))


show()
