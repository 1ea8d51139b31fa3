"""Start a run, a backfill or a study by form, follow it, cancel it."""

from __future__ import annotations

import streamlit as st

from vpp_core.scenario.known import KNOWN_SCENARIOS
from vpp_core.scenario.variation import SWEEPS
from vpp_dashboard import address, dagster_pages, jobs, look
from vpp_dashboard.request import Request, reports_in
from vpp_dashboard.store import current_lake
from vpp_dashboard.waiting import EVERY_SECONDS, how_long
from vpp_pipeline.cli.options import last_finished_month

KINDS = {"run": "one month", "backfill": "several months", "study": "a study"}


def show() -> None:
    """The page."""
    st.title("Run something")
    kind = address.choose("What", "kind", list(KINDS), format_func=KINDS.__getitem__)
    with st.form("command"):
        asked = _form(kind)
        started = st.form_submit_button("Start")
    look.soft(
        "It runs as `vpp` does, into this lake, and goes on while you look elsewhere; it ends with the dashboard. How "
        "long it takes is told very roughly, by homes and days; what the lake has already takes no time."
    )
    if started:
        name = "vpp " + " ".join(asked.arguments())
        expected = asked.expected_seconds(current_lake())
        jobs.start(name, name, "vpp_pipeline.cli", asked.arguments(), expected_seconds=expected)
    _jobs()


def _form(kind: str) -> Request:
    """What is asked of `vpp`, as on the command line; its own checks say what is wrong."""
    scenarios = sorted({*KNOWN_SCENARIOS, *current_lake().scenario_names()})
    last = last_finished_month()
    first, second, third = st.columns(3)
    scenario = first.selectbox("Scenario", scenarios, index=scenarios.index("reference"))
    sweep, seeds = None, 1
    if kind == "run":
        months = [second.text_input("Month", last)]
    elif kind == "backfill":
        months = [second.text_input("From", last), third.text_input("To", last)]
    else:
        months = second.text_input("Months", last, help="such as 2020-07,2023-08").split(",")
        vary = third.selectbox("Vary", ["the fleet's seed", *SWEEPS])
        sweep = str(vary) if vary in SWEEPS else None
    one, two, three, four = st.columns(4)
    homes = one.number_input("Homes", min_value=1, value=None, help="the scenario's own where left empty")
    days = two.number_input(
        "First days", min_value=1, max_value=31, value=None, help="the whole month where left empty"
    )
    seed = three.number_input("Seed", min_value=0, value=None, help="draws the fleet")
    source = four.selectbox("Prices", ["auto", "live", "file", "synthetic"])
    if kind == "study":
        seeds = int(st.number_input("Fleets for each value", min_value=1, max_value=1000, value=3))
    return Request(
        kind,
        str(scenario),
        tuple(month.strip() for month in months),
        homes,
        days,
        seed,
        None if source == "auto" else source,
        seeds,
        sweep,
    )


@st.fragment(run_every=EVERY_SECONDS)
def _jobs() -> None:
    """What was started here, the latest first."""
    for job in jobs.every():
        with st.container(border=True):
            left, right = st.columns([5, 1])
            left.markdown(f"`{look.plain_code(job.title)}` **{job.state}**, {look.prose(how_long(job))}")
            if job.state == "running":
                share, what = job.progress()
                st.progress(share, look.prose(what))
                if right.button("Cancel", key=f"cancel {job.key}"):
                    job.cancel()
            if job.state == "failed":
                st.error(look.prose(job.reason))
            said = job.said()
            for month, scenario in reports_in(said):
                address.link("answer", f"{month}, {scenario}: the answer", month=month, scenario=scenario)
                address.report_link(current_lake(), month, scenario)
            if job.state == "done" and job.title.startswith(("vpp backfill", "vpp study")):
                backfill = job.title.startswith("vpp backfill")
                address.link(*(("runs", "Months and scenarios") if backfill else ("study", "Studies and deciders")))
            for run in dagster_pages.runs_in(said):
                address_of_run = dagster_pages.page_of(run)
                if address_of_run:
                    st.markdown(f"[run {run} in Dagster's pages]({address_of_run}), where `vpp ui` is open")
            with st.expander("What it says", expanded=job.state in ("running", "failed")):
                st.code(said or "nothing yet", language=None)


show()
