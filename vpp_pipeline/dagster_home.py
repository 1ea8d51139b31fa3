"""Dagster's own databases on the disk: what it means when one of them refuses, in a sentence with the remedy.

They hold the history of runs and nothing else: results are in the lake. So a damaged one may be moved away.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from vpp_core.errors import InputError

DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
_KINDS = {
    "full": ("database or disk is full", "disk I/O error", "No space left on device", "Disk quota exceeded"),
    "locked": ("is locked",),
    "damaged": ("malformed", "file is not a database"),
    "unwritable": ("readonly database", "unable to open database file"),
}
"""What a refusal is about, by the words of SQLite and of the system: Dagster hands on some as text alone."""


@contextmanager
def explained_store(home: Path) -> Iterator[None]:
    """Turn the refusal of a database or of the disk under Dagster's home into an `InputError`."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        sentence = refusal(home, error)
        if sentence is None:
            raise
        raise InputError(sentence) from error


def refusal(home: Path, error: BaseException) -> str | None:
    """What to do about it; None where no database or disk is at fault."""
    cause = _innermost(error)
    return refusal_of(home, str(cause)) if isinstance(cause, sqlite3.Error | OSError) else None


def refusal_of(home: Path, said: str) -> str | None:
    """The same of an error's text."""
    kind = next((kind for kind, words in _KINDS.items() if any(word in said for word in words)), None)
    if kind == "full":
        return (
            f"the disk is full, or fails: Dagster's home {home} could not be written, and the lake is whole; "
            "free space (`vpp prune` shows what old runs take), run again"
        )
    if kind == "locked":
        return (
            f"Dagster's databases in {home} are locked by another process; end what holds them (a hanging `vpp` or "
            "`dagster`, or a program that has one of them open), then run again"
        )
    if kind == "damaged":
        return (
            f"{_damaged(home)} is damaged, which holds the history of runs and no results; move {home / 'history'} "
            "away (or remove it) and run again: the history starts anew, the lake is unchanged"
        )
    if kind == "unwritable":
        return f"Dagster's databases in {home} cannot be written; set DAGSTER_HOME to a folder that can"
    return None


def _damaged(home: Path) -> str:
    """The database that is damaged, or else all of them."""
    for name in DATABASES:
        try:
            with closing(sqlite3.connect(f"file:{home / name}?mode=ro", uri=True)) as connection:
                if connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",):
                    continue
        except sqlite3.DatabaseError:
            pass
        if (home / name).exists():
            return str(home / name)
    return f"a database below {home / 'history'}"


def _innermost(error: BaseException) -> BaseException:
    """What an error was raised from, down to the database driver's or the system's own."""
    seen = set()
    while id(error) not in seen:
        seen.add(id(error))
        below = getattr(error, "orig", None) or error.__cause__ or error.__context__
        if not isinstance(below, BaseException):
            break
        error = below
    return error
