"""One home through the month: what it gained and why, what it said, and its devices' day under every strategy."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from vpp_core.negotiation.words import words_of
from vpp_core.results.figures.homes import home_gain_figure
from vpp_core.results.figures.one_day import home_day_figures, home_legend
from vpp_core.results.one_day import OneDay, home_table
from vpp_core.results.rungs import NEGOTIATED, changes_nothing
from vpp_core.results.text import count, number, usd
from vpp_dashboard import address, history, jobs, look, queries, spoken
from vpp_dashboard.store import current_lake, timezone_of
from vpp_dashboard.waiting import follow

_SUMS = ["household_gain_usd", "payment_usd", "bill_change_usd", "wear_change_usd", "end_energy_usd"]
_SHOWN = ["household_gain_usd", "satisfaction", "breaches", "bill_usd", *_SUMS[1:]]


def show() -> None:
    """The page."""
    lake, month, scenario = current_lake(), st.session_state["month"], st.session_state["scenario"]
    fleet = queries.homes(lake, month, scenario)
    words = dict(zip(fleet["home_id"], queries.devices_of(fleet) + ", " + fleet["category"], strict=True))
    kept = queries.kept_homes(lake, month, scenario)
    left, right = st.columns(2)
    with left:
        home = address.choose(
            "Home", "home", [int(own) for own in fleet["home_id"]], kept[0] if kept else None,
            format_func=lambda own: f"home {own}: {words[own]}",
        )  # fmt: skip
    parts = {"its month": _month, "its answers in negotiations": _said, "a day of its devices": _day}
    with right:
        part = address.choose("Show", "show", list(parts))
    st.title(f"Home {home}, {month}")
    _has(fleet[fleet["home_id"] == home].iloc[0].to_dict())
    parts[part](home)


def _has(home: dict[Any, Any]) -> None:
    battery = f"{number(home['bess_capacity_kwh'], 1)} kWh, {number(home['bess_max_power_kw'], 1)} kW"
    solar = f"{number(home['pv_capacity_kw'], 1)} kW" if home["pv_capacity_kw"] else "none"
    cars = f"{count(home['cars'], 'car')}, {home['v2g_cars']} with V2G" if home["cars"] else "no car"
    look.soft(
        f"Battery {battery if home['bess_capacity_kwh'] else 'none'}; solar "
        f"{solar}; {cars}; offers "
        f"{number(100 * home['participation_willingness'], 0)} % of its power, at most "
        f"{number(home['max_discharge_percent'], 0)} % of its battery a day, keeps "
        f"{number(home['backup_power_hours'], 1)} h for an outage, asks at least "
        f"{usd(home['min_compensation_usd_per_kwh'])} a kWh discharged, {usd(home['opening_ask_usd_per_kwh'])} first."
    )


def _month(home: int) -> None:
    """What the period brought it under each strategy, and day by day under one."""
    days = queries.household_days(current_lake(), st.session_state["month"], st.session_state["scenario"], home)
    breaches = [str(name) for name in days if str(name).startswith("violations_")]
    sums = days.groupby("strategy", sort=False)[[*_SUMS, "bill_counterfactual_usd", *breaches]].sum(min_count=1)
    satisfied = days.groupby("strategy", sort=False)["satisfaction"].mean()
    shown = sums[_SUMS].assign(
        bill_usd=sums["bill_counterfactual_usd"] + sums["bill_change_usd"],
        satisfaction=satisfied.round(3),
        breaches=sums[breaches].sum(axis=1, min_count=1),
    )
    look.table(shown[_SHOWN].reset_index(), look.columns_of(queries.HOUSEHOLDS))
    operable = [key for key in days["strategy"].unique() if not changes_nothing(key)]
    operable = [key for key in operable if days.loc[days["strategy"] == key, "household_gain_usd"].notna().any()]
    strategy = address.choose("Day by day under", "strategy", operable, NEGOTIATED)
    look.plot(home_gain_figure(days[days["strategy"] == strategy]), "gains")


def _said(home: int) -> None:
    """How it answered in negotiations, and why."""
    lake, month, scenario = current_lake(), st.session_state["month"], st.session_state["scenario"]
    answers = spoken.answers_of_home(lake, month, scenario, home)
    if answers is None:
        look.say("What was said in this month's negotiations was not kept.")
        return
    if answers.empty:
        look.say("It had nothing to offer.")
        return
    words = words_of(lake.scenario(scenario).operator)
    look.table(answers.assign(kind=answers["kind"].map(words)), spoken.MEANINGS)
    address.link("negotiations", "Its negotiations, one by one", month=month, scenario=scenario, home=home)


def _day(home: int) -> None:
    """Its devices' day under every strategy; of a home that was not kept after the month is run once more."""
    lake, month, scenario = current_lake(), st.session_state["month"], st.session_state["scenario"]
    days = queries.household_days(lake, month, scenario, home)
    local = sorted(days["local_day"].unique())
    gains = days[days["strategy"] == NEGOTIATED].set_index("local_day")["household_gain_usd"].dropna().abs()
    day = address.choose("Day", "day", local, gains.idxmax() if len(gains) else None)
    intervals = queries.intervals_of_home(lake, month, scenario, home)
    if intervals.empty:
        again = _again(home)
        if again is None:
            return
        intervals = again
    prices = queries.prices(lake, month, scenario)
    of_day = prices["timestamp"].dt.tz_convert(timezone_of(lake, scenario)).dt.strftime("%Y-%m-%d") == day
    fleet = queries.homes(lake, month, scenario).set_index("home_id")
    one = OneDay(
        day,
        home,
        tuple(key for key in queries.kpis_of(lake, month, scenario)["strategy"] if key in set(intervals["strategy"])),
        intervals[intervals["local_day"] == day],
        days[days["local_day"] == day],
        pd.DataFrame(),
        prices[of_day].reset_index(drop=True),
        float(fleet.loc[home, "bess_capacity_kwh"]),  # type: ignore[arg-type]
        lake.scenario(scenario).operator,
    )
    look.table(home_table(one))
    look.legend(home_legend(one))
    figures = list(home_day_figures(one).items())
    for pair in [figures[at : at + 2] for at in range(0, len(figures), 2)]:
        for column, (key, figure) in zip(st.columns(2), pair, strict=False):
            with column:
                st.markdown(f"**{key}**")
                look.plot(figure, f"day {key}")


def _again(home: int) -> pd.DataFrame | None:
    """The home's intervals from a run that a person asks for."""
    lake, month, scenario = current_lake(), st.session_state["month"], st.session_state["scenario"]
    key = f"home {month} {scenario} {home} {queries.kpis_digest(lake, month, scenario)}"
    job = jobs.find(key)
    if job is None or job.state in ("failed", "cancelled"):
        if job is not None:
            follow(job)
        seconds = history.seconds_of_strategies(lake, month, scenario)
        about = f"took {seconds:.0f} s" if seconds else "takes a while"
        look.say(f"Intervals of this home are not kept; for them the month's strategies are run again, which {about}.")
        if st.button("Run them again"):
            arguments = ["home", month, scenario, str(home), "{folder}/intervals.parquet"]
            jobs.start(key, f"home {home}", "vpp_dashboard.compute", arguments)
            st.rerun()
        return None
    if not follow(job):
        return None
    return pd.read_parquet(job.folder / "intervals.parquet")


show()
