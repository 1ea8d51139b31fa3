"""Find a negotiation: by how it ended, money, product, price spike, or home."""

from __future__ import annotations

import streamlit as st

from vpp_core.market.segments import PRODUCTS
from vpp_core.negotiation.words import words_of
from vpp_core.tables.negotiation import OUTCOMES
from vpp_dashboard import address, look, queries, spoken
from vpp_dashboard.store import current_lake

ANY = "any"
_ORDERS = {
    "time": ["window_start", "gate"],
    "paid to households": ["paid_usd"],
    "market price": ["market_usd_per_mwh"],
    "delivered": ["delivered_kwh"],
    "offers agreed on": ["agreed"],
    "rounds": ["rounds"],
}
"""What the list can be ordered by; but for time, the largest first."""
GATES = {"real_time": "a window's energy", "day_ahead": "a day's reserves"}
_SHOWN = [
    "local", "gate", "outcome", "paid_usd", "market_usd_per_mwh", "forecast_p50_usd_per_mwh", "agreed", "offers",
    "in_bid", "homes", "rounds", "asked_kwh", "delivered_kwh",
]  # fmt: skip


def show() -> None:
    """The page."""
    lake, month, scenario = current_lake(), st.session_state["month"], st.session_state["scenario"]
    st.title("Find a negotiation")
    if not spoken.kept(lake, month, scenario):
        look.say("What was said in this month's negotiations was not kept; `vpp run` makes it.")
        return
    every = spoken.negotiations(lake, month, scenario)
    wanted, order = _wanted(sorted(every["outcome"].unique()))
    found = spoken.search(lake, month, scenario, wanted)
    found = found.sort_values(_ORDERS[order], ascending=order == "time", kind="stable", ignore_index=True)
    look.say(f"{len(found)} of {len(every)} negotiations; choose one to read it.")
    chosen = look.table(
        found[_SHOWN].assign(gate=found["gate"].map(GATES), outcome=found["outcome"].str.replace("_", " ")),
        spoken.MEANINGS,
        {name: "%.1f" for name in _SHOWN if name.endswith(("_kwh", "_per_mwh"))},
        height=460,
        key="found",
        on_select="rerun",
        selection_mode="single-row",
    )
    look.soft("Of a day's reserves prices are in $/MW-h, and kWh are power held times hours (kW-h).")
    if wanted.outcome:
        look.soft(f"{wanted.outcome.replace('_', ' ')}: {OUTCOMES[wanted.outcome]}")
    if chosen["selection"]["rows"]:
        row = found.iloc[chosen["selection"]["rows"][0]]
        at = row["local"].strftime("%Y-%m-%dT%H:%M")
        address.go("negotiation", month=month, scenario=scenario, at=at, gate=row["gate"], strategy=row["strategy"])


def _wanted(outcomes: list[str]) -> tuple[spoken.Wanted, str]:
    """What to look for and by what to order it, from the address and from people."""
    lake, month, scenario = current_lake(), st.session_state["month"], st.session_state["scenario"]
    first, second, third = st.columns(3)
    with first:
        outcome = address.choose("How it ended", "outcome", [ANY, *outcomes], format_func=lambda o: o.replace("_", " "))
    with second:
        words = {ANY: ANY} | words_of(lake.scenario(scenario).operator)
        product = address.choose("Product", "product", [ANY, *PRODUCTS], format_func=words.__getitem__)
    with third:
        homes = [str(int(home)) for home in queries.homes(lake, month, scenario)["home_id"]]
        home = address.choose("Home", "home", [ANY, *homes])
    left, middle, right = st.columns(3)
    with left:
        paid = address.number("Paid to households, at least [$]", "paid")
    with middle:
        price = address.number("The market paid, at least [$/MWh]", "price")
    with right:
        order = address.choose("In the order of", "sort", list(_ORDERS))
    wanted = spoken.Wanted(
        None if outcome == ANY else outcome,
        None if product == ANY else product,
        None if home == ANY else int(home),
        paid,
        price,
    )
    return wanted, order


show()
