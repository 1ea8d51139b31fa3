"""My household: read from words, each field editable, saved to the lake, and put into the fleet."""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from vpp_core.errors import InputError
from vpp_core.fleet.field_words import field_words
from vpp_core.fleet.prosumer import Prosumer
from vpp_core.fleet.text import ParsedHousehold, parse_household
from vpp_core.results.rungs import changes_nothing
from vpp_core.results.text import count, usd
from vpp_dashboard import address, described, history, jobs, look, queries
from vpp_dashboard.store import current_lake
from vpp_dashboard.waiting import follow

NEW = "a new one"
EXAMPLE = "Powerwall, 6 kW solar, a Nissan Leaf that leaves at 7:30; keep 6 hours for outages"
DAYS, HOMES = (1, 3, 7, 14), (10, 20, 40)
_SUMS = ["bill_counterfactual_usd", "bill_change_usd", "household_gain_usd", "payment_usd", "wear_change_usd"]
_ORIGINS = {"said": "understood", "inferred": "inferred", "default": "assumed"}


def show() -> None:
    """The page."""
    lake = current_lake()
    st.title("My household")
    name = address.choose("Saved households", "household", [NEW, *described.saved(lake)])
    if name == NEW:
        household = _from_words()
    else:
        words, household = described.load(lake, name)
        look.say(f"“{words}”")
        look.table(pd.DataFrame(household.status() | {"bess": None, "evs": None, "pv": None}, index=[0]))
    if household is not None:
        _in_the_fleet(household, name)


def _from_words() -> Prosumer | None:
    """The household that words describe, with what was understood, assumed and not understood, edited as wanted."""
    words = st.text_area("In your own words", key="words", placeholder=EXAMPLE)
    if not words.strip():
        look.soft(f"For example: {EXAMPLE}")
        return None
    try:
        parsed = parse_household(words)
    except InputError as error:
        st.error(look.prose(str(error)))
        return None
    _remarks(parsed)
    fields = described.fields_of(parsed)
    frame = pd.DataFrame(fields).assign(
        field=[field_words(one.field) for one in fields], origin=[_ORIGINS[one.origin] for one in fields]
    )
    changed = st.data_editor(
        frame, key=f"fields {words}", hide_index=True, disabled=["field", "origin", "why"], height=420
    )
    changes = {
        one.field: str(row["value"])
        for row, one in zip(changed.to_dict("records"), fields, strict=True)
        if str(row["value"]) != one.value
    }
    try:
        household = described.edited(parsed.prosumer, changes)
    except InputError as error:
        st.error(look.prose(str(error)))
        return None
    look.soft(
        f"{len(changes)} changed here: {', '.join(map(field_words, changes))}"
        if changes
        else "Change a value to correct it."
    )
    _save(words, household)
    return household


def _remarks(parsed: ParsedHousehold) -> None:
    if parsed.not_understood:
        st.warning(look.prose("Not understood: " + ", ".join(f"“{part}”" for part in parsed.not_understood)))
    for line in (*(f"contradiction, {one}" for one in parsed.contradictions), *parsed.notes):
        look.soft(line)


def _save(words: str, household: Prosumer) -> None:
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    name = left.text_input("Save it as", key="name", placeholder="my-home")
    if right.button("Save", disabled=not name):
        try:
            path = described.save(current_lake(), name, words, household)
        except InputError as error:
            st.error(look.prose(str(error)))
            return
        st.success(look.prose(f"Kept in {path}"))


def _in_the_fleet(household: Prosumer, name: str) -> None:
    """What the household would have had among some of the homes of this run, under every strategy."""
    lake, month, scenario = current_lake(), st.session_state["month"], st.session_state["scenario"]
    st.subheader("Put it into the fleet")
    run = queries.kpis_of(lake, month, scenario).iloc[0]
    left, right = st.columns(2)
    with left:
        homes = int(address.choose("Among homes", "homes", [str(n) for n in HOMES if n <= run["homes"]] or ["1"]))
    with right:
        days = int(address.choose("First days", "days", [str(n) for n in DAYS if n <= run["days"]] or ["1"]))
    took = history.seconds_of_strategies(lake, month, scenario)
    about = 12 + took * days / float(run["days"]) * (homes + 1) / float(run["homes"])
    look.soft(
        f"Every strategy over {count(days, 'day')} of {month} with {homes} homes of {scenario} and this one, "
        f"some {about:.0f} s. "
        "It is given the load curve of the first of these homes, since nobody describes one."
    )
    text = json.dumps(household.model_dump(mode="json"), sort_keys=True)
    key = f"trial {month} {scenario} {homes} {days} {hash(text)}"
    job = jobs.find(key)
    if job is None or job.state in ("failed", "cancelled"):
        if job is not None:
            follow(job)
        if st.button("Run it"):
            jobs.start(
                key,
                "my household" if name == NEW else name,
                "vpp_dashboard.compute",
                ["trial", month, scenario, "{folder}/household.json", str(days), str(homes), "{folder}/days.parquet"],
                {"household.json": text},
            )
            st.rerun()
        return
    if follow(job):
        _outcome(pd.read_parquet(job.folder / "days.parquet"), homes)


def _outcome(days: pd.DataFrame, homes: int) -> None:
    own, others = days[days["mine"]], days[~days["mine"]]
    sums = own.groupby("strategy", sort=False)[_SUMS].sum(min_count=1)
    satisfied = own.groupby("strategy", sort=False)["satisfaction"].mean()
    beside = others.groupby(["strategy", "home_id"], sort=False)["household_gain_usd"].sum(min_count=1)
    shown = pd.DataFrame(
        {
            "strategy": sums.index,
            "bill": [usd(v) for v in sums["bill_counterfactual_usd"] + sums["bill_change_usd"]],
            "gain": [usd(v) for v in sums["household_gain_usd"]],
            "paid by the VPP": [usd(v) for v in sums["payment_usd"]],
            "rise of wear": [usd(v) for v in sums["wear_change_usd"]],
            "satisfaction": [round(float(v), 3) if pd.notna(v) else None for v in satisfied],
            "median gain of the others": [usd(v) for v in beside.groupby("strategy", sort=False).median()],
        }
    )
    look.table(shown[[not changes_nothing(key) or key == "no_vpp" for key in shown["strategy"]]])
    look.soft("A bound has no payments, so no gain and no satisfaction.")


show()
