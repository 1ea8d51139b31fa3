"""Where a run stands in Dagster's pages, as `vpp ui` serves them. Reads its home, imports none of it."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

from vpp_pipeline import project

PORT = 3000
"""of `vpp ui`, unless told otherwise"""
_TOLD = re.compile(r"shows the run ([0-9a-f]{8})\b")


def runs_in(said: str) -> list[str]:
    """Runs that a command named in what it printed."""
    return list(dict.fromkeys(_TOLD.findall(said)))


def page_of(run: str) -> str | None:
    """The address of a run by the beginning of its id; None where the UI was never opened or knows no such run."""
    home = project.dagster_home()
    try:
        prefix = (home / "ui-path").read_text(encoding="ascii").strip()
        with closing(sqlite3.connect(f"file:{home / 'history' / 'runs.db'}?mode=ro", uri=True)) as history:
            found = history.execute("SELECT run_id FROM runs WHERE run_id LIKE ?", (f"{run}%",)).fetchone()
    except (OSError, sqlite3.Error):
        return None
    return f"http://127.0.0.1:{PORT}/{prefix}/runs/{found[0]}" if found else None
