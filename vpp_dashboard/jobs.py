"""Commands that take a while: each a process of its own, whose words are kept in a file, and which can be cancelled.

They end with the dashboard. Knows no Streamlit.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vpp_pipeline import progress, project

_LAST_BYTES = 20_000
"""of a log that are shown"""


@dataclass
class Job:
    """A command under way or over."""

    key: str
    """what it was started for; the same key twice is one job"""
    title: str
    command: tuple[str, ...]
    folder: Path
    """its log and whatever it makes"""
    process: subprocess.Popen[bytes]
    expected_seconds: float | None = None
    """how long it takes in all, very roughly; None where nobody can say"""
    began: float = field(default_factory=time.time)
    cancelled: bool = False

    @property
    def state(self) -> str:
        """running, done, cancelled or failed."""
        code = self.process.poll()
        if code is None:
            return "running"
        return "cancelled" if self.cancelled else "done" if code == 0 else "failed"

    @property
    def seconds(self) -> float:
        """How long it has taken so far, or took until its last word."""
        now = time.time() if self.process.poll() is None else (self.folder / "log").stat().st_mtime
        return max(now - self.began, 0.0)

    def said(self) -> str:
        """The end of what it printed, without what tells how far it is."""
        return "\n".join(line for line in self._lines() if progress.read(line) is None)

    def progress(self) -> tuple[float, str]:
        """The share that is done, and of what, by its last line that tells; 0 before the first."""
        told = (progress.read(line) for line in reversed(self._lines()))
        return next((found for found in told if found), (0.0, "starting"))

    def _lines(self) -> list[str]:
        text = (self.folder / "log").read_bytes()[-_LAST_BYTES:].decode(errors="replace")
        return [line.rsplit("\r", 1)[-1] for line in text.splitlines()]

    def cancel(self) -> None:
        """Interrupt it, as Ctrl-C would: what is finished is kept."""
        if self.state == "running":
            self.cancelled = True
            self.process.send_signal(signal.SIGTERM)

    @property
    def reason(self) -> str:
        """The last line it printed: on the command line, why it failed."""
        lines = [line for line in self.said().splitlines() if line.strip()]
        return lines[-1].removeprefix("vpp: ") if lines else f"ended with exit code {self.process.returncode}"


_jobs: dict[str, Job] = {}
_lock = threading.Lock()


def start(
    key: str,
    title: str,
    module: str,
    arguments: list[str],
    files: Mapping[str, str] | None = None,
    expected_seconds: float | None = None,
) -> Job:
    """Run `python -m module arguments`; where that key is running already, that job.

    `{folder}` in an argument is the job's own folder, in which `files` (name → text) are put before.
    """
    with _lock:
        known = _jobs.get(key)
        if known is not None and known.state == "running":
            return known
        folder = Path(tempfile.mkdtemp(prefix="vpp-dashboard-"))
        for name, text in (files or {}).items():
            (folder / name).write_text(text, encoding="utf-8")
        command = (sys.executable, "-m", module, *[part.replace("{folder}", str(folder)) for part in arguments])
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=project.project_root(),
                env={**os.environ, "PYTHONUNBUFFERED": "1", progress.ASKED_FOR: "1"},
            )
        _jobs[key] = Job(key, title, command, folder, process, expected_seconds)
        return _jobs[key]


def find(key: str) -> Job | None:
    """The job of that key, running or over."""
    return _jobs.get(key)


def every() -> list[Job]:
    """All jobs of this dashboard, the latest first."""
    return sorted(_jobs.values(), key=lambda job: -job.began)


def end_all() -> None:
    """Interrupt whatever is running."""
    for job in every():
        job.cancel()


atexit.register(end_all)
