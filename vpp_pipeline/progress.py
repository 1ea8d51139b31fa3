"""How far a stage is, told to whoever listens in this process: the command line's bar, or nobody."""

from __future__ import annotations

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
