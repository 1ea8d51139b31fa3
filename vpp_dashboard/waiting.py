"""A job on a page: how far it is, a way to cancel it, and why it failed."""

from __future__ import annotations

import time

import streamlit as st

from vpp_dashboard import jobs, look

EVERY_SECONDS = 1.0


def follow(job: jobs.Job) -> bool:
    """Draw a job until it is over, and the page anew then. Whether it is done."""
    if job.state == "running":
        _running(job.key)
        return False
    if job.state == "failed":
        st.error(look.prose(job.reason))
    if job.state == "cancelled":
        look.soft("Cancelled.")
    return job.state == "done"


@st.fragment(run_every=EVERY_SECONDS)
def _running(key: str) -> None:
    job = jobs.find(key)
    if job is None or job.state != "running":
        st.rerun()
        return
    share, what = job.progress()
    st.progress(share, look.prose(f"{job.title}: {what}, {time.time() - job.began:.0f} s"))
    if st.button("Cancel", key=f"cancel {key}"):
        job.cancel()
