"""One negotiation played back round by round: asks, counter-offers, answers and why, and what followed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from vpp_core.calendar import parse_local_time
from vpp_core.negotiation.words import words_of
from vpp_core.results.figures.base import BLUE, GREEN, GREY, PURPLE, Figure, see_through, values
from vpp_core.results.text import count, number, usd
from vpp_core.tables.negotiation import OUTCOMES
from vpp_dashboard import address, look, spoken
from vpp_dashboard.store import current_lake

ALL = "all homes"
GATES = {"real_time": "a window's energy", "day_ahead": "a day's reserves"}
TOLD = 6
"""homes told one by one in a round, the largest offers first"""


def show() -> None:
    """The page."""
    lake, month, scenario = current_lake(), st.session_state["month"], st.session_state["scenario"]
    st.title("One negotiation")
    if not spoken.kept(lake, month, scenario):
        look.say("What was said in this month's negotiations was not kept; `vpp run` makes it.")
        return
    chosen = _which()
    rows = spoken.said(lake, month, scenario, chosen["strategy"], chosen["gate"], chosen["window_start"])
    first = rows.iloc[0]
    hours = f"{chosen['local']:%H:%M}, {first['hours']:g} h" if chosen["gate"] == "real_time" else "all hours"
    what = "Energy" if chosen["gate"] == "real_time" else "Reserves"
    look.say(f"{what} of {chosen['local']:%Y-%m-%d}, {hours}. {OUTCOMES[first['outcome']].capitalize()}.")
    paid = rows.groupby("kind")["paid_usd"].sum().sort_values(ascending=False, kind="stable")
    kinds = [str(name) for name in paid.index]
    left, middle, right = st.columns(3)
    words = words_of(lake.scenario(scenario).operator)
    with left:
        kind = address.choose("Asked for", "kind", kinds, format_func=words.__getitem__)
    of_kind = rows[rows["kind"] == kind]
    with middle:
        homes = [ALL, *(str(home) for home in sorted(of_kind["home_id"].unique()))]
        home = address.choose("Home", "home", homes)
    if home != ALL:
        of_kind = of_kind[of_kind["home_id"] == int(home)]
    rounds = int(first["rounds"])
    with right:
        upto = int(address.choose("Up to round", "round", [str(k) for k in range(1, rounds + 1)], str(rounds)))
    reveal = st.toggle("Reveal what is private to the homes", key="reveal")
    look.plot(_gap(of_kind[of_kind["round"] <= upto], reveal), "gap")
    _conversation(of_kind, upto, reveal)
    if upto == rounds:
        _followed(of_kind)


def _which() -> dict[Any, Any]:
    """The negotiation: from the address, else the one that paid most."""
    lake, month, scenario = current_lake(), st.session_state["month"], st.session_state["scenario"]
    every = spoken.negotiations(lake, month, scenario)
    names = {f"{row['local']:%Y-%m-%dT%H:%M} {row['gate']} {row['strategy']}": row for row in every.to_dict("records")}
    asked = [st.query_params.get(name) for name in ("at", "gate", "strategy")]
    if asked[0]:
        at = parse_local_time(str(asked[0]), lake.scenario(scenario).operator).tz_convert(every["local"].dt.tz)
        wanted = f"{at:%Y-%m-%dT%H:%M} {asked[1] or 'real_time'} {asked[2] or every['strategy'].iloc[0]}"
        for name in ("at", "gate", "strategy"):
            st.query_params.pop(name, None)
        st.query_params["of"] = wanted
    most = list(names)[int(every["paid_usd"].fillna(0.0).to_numpy().argmax())]
    return names[address.choose("Window", "of", list(names), most, format_func=_in_words)]


def _in_words(name: str) -> str:
    """`2023-08-16 19:00, a window's energy`."""
    at, gate, *_ = name.split(" ")
    return f"{at.replace('T', ' ')}, {GATES[gate]}"


def _gap(rows: pd.DataFrame, reveal: bool) -> Figure:
    """Asks and counter-offers by round: the median of the offers still open, and the band that half of them lie in."""
    lines = [("ask_usd_per_mwh", "asks", BLUE), ("counter_usd_per_mwh", "counter-offers", GREEN)]
    if reveal:
        lines.append(("private_reservation_usd_per_mwh", "reservation prices (private)", PURPLE))
    traces: list[dict[str, Any]] = []
    for name, words, tint in lines:
        spread = rows.groupby("round")[name].quantile(np.array([0.25, 0.5, 0.75])).unstack()  # noqa: PD010
        x = [int(k) for k in spread.index]
        band = {"type": "scatter", "mode": "lines", "x": x, "line": {"width": 0}, "legendgroup": words}
        traces += [
            {**band, "y": values(spread[0.25]), "showlegend": False, "hoverinfo": "skip"},
            {**band, "y": values(spread[0.75]), "fill": "tonexty", "fillcolor": see_through(tint, 0.2),
             "showlegend": False, "hoverinfo": "skip"},
            {"type": "scatter", "mode": "lines+markers", "name": f"{words}, median", "x": x, "y": values(spread[0.5]),
             "line": {"color": tint, "width": 2}, "legendgroup": words,
             "hovertemplate": f"round %{{x}}: {words} %{{y:.1f}}<extra></extra>"},
        ]  # fmt: skip
    p50 = float(rows["forecast_p50_usd_per_mwh"].iloc[0])
    level = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": p50, "y1": p50}
    note = {"xref": "paper", "x": 1, "y": p50, "text": "median forecast", "showarrow": False, "yanchor": "bottom"}
    return {
        "data": traces,
        "layout": {
            "height": 320,
            "shapes": [level | {"line": {"color": GREY, "width": 1, "dash": "dot"}}],
            "annotations": [note | {"xanchor": "right", "font": {"size": 11}}],
            "xaxis": {"title": {"text": "round"}, "dtick": 1},
            "yaxis": {"title": {"text": f"paid to the home [{_units(rows['gate'].iloc[0])[0]}]"}},
        },
    }


def _units(gate: str) -> tuple[str, str]:
    """In what a negotiation's prices and quantities are."""
    return ("$/MWh", "kWh") if gate == "real_time" else ("$/MW-h", "kW-h")


def _conversation(rows: pd.DataFrame, upto: int, reveal: bool) -> None:
    largest = rows.drop_duplicates(spoken.OFFER).sort_values("capacity_kw", ascending=False)[spoken.OFFER].head(TOLD)
    for number_of_round in range(1, upto + 1):
        said = rows[rows["round"] == number_of_round]
        if said.empty:
            look.soft(f"Round {number_of_round}: all of these were agreed before.")
            continue
        st.markdown(f"**Round {number_of_round}**: {int(said['agreed'].sum())} of {len(said)} agree")
        with st.chat_message("assistant", avatar=":material/apartment:"):
            look.say(_terms(said.iloc[0], number_of_round))
        shown = said.merge(largest, on=spoken.OFFER)
        for row in shown.to_dict("records"):
            with st.chat_message("user", avatar=":material/home:"):
                look.say(_answer(row, number_of_round, reveal))
        if len(said) > len(shown):
            look.soft(f"and {len(said) - len(shown)} more")


def _terms(row: pd.Series, round_number: int) -> str:
    """What the aggregator says of a round."""
    if round_number == 1:
        low, middle, high = (number(row[f"forecast_{name}_usd_per_mwh"], 1) for name in ("p10", "p50", "p90"))
        told = f"Forecast {middle} {_units(row['gate'])[0]} ({low} to {high})."
    else:
        told = f"Going {number(100 * row['terms_conceded'], 0)} % of the way to my limit."
    reason = f" {row['terms_reason']}" if row["terms_by_model"] and isinstance(row["terms_reason"], str) else ""
    return told + reason


def _answer(row: dict[Any, Any], round_number: int, reveal: bool) -> str:
    """What a home says in a round, and what it is answered."""
    device = f"{row['device'].replace('_', ' ')} {row['device_number']}"
    who = f"Home {row['home_id']} ({row['category']}), {device}, {number(row['capacity_kw'], 1)} kW: "
    offer = "gets no counter-offer"
    if not pd.isna(row["counter_usd_per_mwh"]):
        offer = f"is offered {number(row['counter_usd_per_mwh'], 1)}"
    verb = {"accept": "accepts", "counter": "keeps asking", "withdraw": "withdraws"}[row["response"]]
    private = f" Privately it would take {number(row['private_reservation_usd_per_mwh'], 1)}." if reveal else ""
    said = str(row["constraints"])
    limits = f" {said[0].upper()}{said[1:]}." if round_number == 1 and said else ""
    return (
        f"{who}asks {number(row['ask_usd_per_mwh'], 1)}, {offer}; {verb} "
        f"{number(row['response_usd_per_mwh'], 1)} {_units(row['gate'])[0]}: {row['reason']}.{limits}{private}"
    )


def _followed(rows: pd.DataFrame) -> None:
    """What cleared, was delivered and paid."""
    st.subheader("What followed")
    ended = rows[rows["committed_kw"].notna()]
    bid = ended[ended["committed_kw"] > 0]
    market = ended["market_usd_per_mwh"].dropna()
    price_unit, unit = _units(ended["gate"].iloc[0])
    price = f"the market paid {number(market.mean(), 1)} {price_unit}; " if len(market) else ""
    asked = "were held" if unit == "kW-h" else "were asked for"
    look.say(
        f"{count(len(bid), 'offer')} of {len(ended)} went into the bid; {price}"
        f"{number(bid['asked_kwh'].sum(), 1)} {unit} {asked}, {number(bid['delivered_kwh'].sum(), 1)} delivered, "
        f"{usd(bid['paid_usd'].sum())} paid."
    )
    columns = [
        *spoken.OFFER, "capacity_kw", "agreed", "response_usd_per_mwh", "committed_kw", "bid_price_usd_per_mwh",
        "cleared_share", "asked_kwh", "delivered_kwh", "paid_usd", "left_out",
    ]  # fmt: skip
    lake, scenario = current_lake(), st.session_state["scenario"]
    shown = ended[columns].assign(kind=ended["kind"].map(words_of(lake.scenario(scenario).operator)))
    units = look.OF_RESERVE if unit == "kW-h" else None
    look.table(shown.sort_values("paid_usd", ascending=False), spoken.MEANINGS, units=units)


show()
