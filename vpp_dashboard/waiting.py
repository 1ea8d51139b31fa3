"""A job on a page: how far it is, a way to cancel it, and why it failed."""

from __future__ import annotations

import streamlit as st

from vpp_dashboard import jobs, look

EVERY_SECONDS = 1.0


def how_long(job: jobs.Job) -> str:
    """How long a job has taken, and is expected to take where that is known: `12 s so far, some 70 s in all`."""
    if job.state != "running":
        return f"{'took' if job.state == 'done' else 'after'} {duration(job.seconds)}"
    about = f", some {duration(job.expected_seconds)} in all" if job.expected_seconds else ""
    return f"{duration(job.seconds)} so far{about}"


def duration(seconds: float) -> str:
    """In seconds, minutes or hours: `40 s`, `12 min`, `3.5 h`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


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
    st.progress(share, look.prose(f"{job.title}: {what}, {how_long(job)}"))
    if st.button("Cancel", key=f"cancel {key}"):
        job.cancel()
