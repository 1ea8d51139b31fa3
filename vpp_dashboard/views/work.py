"""Start a run, a backfill or a study by form, follow it, cancel it."""

from __future__ import annotations

import streamlit as st

from vpp_core.scenario.known import KNOWN_SCENARIOS
from vpp_core.scenario.variation import SWEEPS
from vpp_dashboard import address, dagster_pages, jobs, look
from vpp_dashboard.store import current_lake
from vpp_dashboard.waiting import EVERY_SECONDS
from vpp_pipeline.cli.options import last_finished_month

KINDS = {"run": "one month", "backfill": "several months", "study": "a study"}


def show() -> None:
    """The page."""
    st.title("Run something")
    kind = address.choose("What", "kind", list(KINDS), format_func=KINDS.__getitem__)
    with st.form("command"):
        arguments = _form(kind)
        started = st.form_submit_button("Start")
    look.soft(
        "It runs as `vpp` does, into this lake, and goes on while you look elsewhere; it ends with the dashboard."
    )
    if started:
        name = "vpp " + " ".join(arguments)
        jobs.start(name, name, "vpp_pipeline.cli", arguments)
    _jobs()


def _form(kind: str) -> list[str]:
    """What is asked of `vpp`, as on the command line; its own checks say what is wrong."""
    scenarios = sorted({*KNOWN_SCENARIOS, *current_lake().scenario_names()})
    last = last_finished_month()
    first, second, third = st.columns(3)
    scenario = first.selectbox("Scenario", scenarios, index=scenarios.index("reference"))
    arguments = [kind]
    if kind == "run":
        arguments += ["--month", second.text_input("Month", last)]
    elif kind == "backfill":
        arguments += ["--from", second.text_input("From", last), "--to", third.text_input("To", last)]
    else:
        arguments += ["--months", second.text_input("Months", last, help="such as 2020-07,2023-08")]
        vary = third.selectbox("Vary", ["the fleet's seed", *SWEEPS])
        arguments += ["--sweep", vary] if vary in SWEEPS else []
    arguments += ["--scenario", str(scenario)]
    one, two, three, four = st.columns(4)
    homes = one.number_input("Homes", min_value=1, value=None, help="the scenario's own where left empty")
    days = two.number_input("First days", min_value=1, max_value=31, value=None)
    seed = three.number_input("Seed", min_value=0, value=None)
    source = four.selectbox("Prices", ["auto", "live", "file", "synthetic"])
    for option, value in (("--homes", homes), ("--first-days", days), ("--seed", seed)):
        arguments += [option, str(int(value))] if value is not None else []
    arguments += ["--source", source] if source != "auto" else []
    if kind == "study":
        seeds = st.number_input("Seeds", min_value=1, max_value=1000, value=3)
        arguments += ["--seeds", str(int(seeds))]
    return arguments


@st.fragment(run_every=EVERY_SECONDS)
def _jobs() -> None:
    """What was started here, the latest first."""
    for job in jobs.every():
        with st.container(border=True):
            left, right = st.columns([5, 1])
            left.markdown(f"`{look.plain_code(job.title)}` **{job.state}**")
            if job.state == "running" and right.button("Cancel", key=f"cancel {job.key}"):
                job.cancel()
            if job.state == "failed":
                st.error(look.prose(job.reason))
            for run in dagster_pages.runs_in(job.said()):
                address_of_run = dagster_pages.page_of(run)
                if address_of_run:
                    st.markdown(f"[run {run} in Dagster's pages]({address_of_run}), where `vpp ui` is open")
            with st.expander("What it says", expanded=job.state in ("running", "failed")):
                st.code(job.said() or "nothing yet", language=None)


show()
