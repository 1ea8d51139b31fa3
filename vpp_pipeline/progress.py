"""How far a stage is, told to whoever listens in this process: the command line's bar, or nobody.

And how a command tells it to the process that started it, which asks for that by the variable VPP_PROGRESS.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Listener = Callable[[str, str, float], None]

_listeners: list[Listener] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call `listener(stage, label, share)` while the block runs."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def report(stage: str, label: str, share: float) -> None:
    """Tell the listeners that `stage` has done `share` (0 … 1) of what `label` names."""
    for listener in _listeners:
        listener(stage, label, share)


ASKED_FOR = "VPP_PROGRESS"
_LINE = re.compile(r"progress (\d\.\d+) (.+)")


def line(share: float, label: str) -> str:
    """What a command prints of how far it is: `progress 0.3400 negotiated`."""
    return f"progress {share:.4f} {label}"


def read(text: str) -> tuple[float, str] | None:
    """Share and label of such a line; None of any other."""
    found = _LINE.fullmatch(text.strip())
    return (min(float(found[1]), 1.0), found[2]) if found else None


def lines_wanted() -> bool:
    """Whether such lines are to be printed where a bar cannot be shown."""
    return bool(os.environ.get(ASKED_FOR))
