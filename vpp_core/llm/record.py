"""Every answer of a model, kept by what was asked: the same run again needs neither key nor network.

The same question may be asked twice in a run and be answered differently; so an answer is found by the hash of its
request and by how often that request had been made before. Silence is kept too: a question that timed out falls back
to rules again when it is replayed. A record touches no file: its owner loads its text and saves it, when told.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from vpp_core.errors import InputError
from vpp_core.llm.answer import Reply

HASH_DIGITS = 32


@dataclass(frozen=True)
class Entry:
    """What came of one request: a reply, or why there was none."""

    request: str
    """hash of the model's name and all that was sent"""
    occurrence: int
    """how often the same request had been made before in the run"""
    calls: int
    """requests it took, repeated ones included"""
    reply: Reply | None
    failure: str | None = None
    """one of `usage.FALLBACKS`; null with a reply"""


class Record:
    """Entries by request and occurrence, in the order in which they came."""

    def __init__(self, entries: Iterable[Entry] = (), on_add: Callable[[Record], None] | None = None) -> None:
        self._entries = {(entry.request, entry.occurrence): entry for entry in entries}
        self._on_add = on_add

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def holds_an_answer(self) -> bool:
        """Whether anything was ever heard, useful or not."""
        return any(entry.reply is not None for entry in self._entries.values())

    def find(self, request: str, occurrence: int) -> Entry | None:
        return self._entries.get((request, occurrence))

    def add(self, entry: Entry) -> None:
        """Keep a new entry, and tell the owner."""
        self._entries[entry.request, entry.occurrence] = entry
        if self._on_add is not None:
            self._on_add(self)

    def to_text(self) -> str:
        """A line of JSON per entry."""
        return "".join(json.dumps(asdict(entry), sort_keys=True) + "\n" for entry in self._entries.values())

    @classmethod
    def from_text(cls, text: str, where: str, on_add: Callable[[Record], None] | None = None) -> Record:
        """Read `to_text` back; a damaged line is an `InputError` that names `where` and the line."""
        entries = []
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                entries.append(_entry(json.loads(line)))
            except (ValueError, TypeError, KeyError):
                raise InputError(
                    f"{where}, line {number}, is not an answer as it was recorded; restore the file, or remove it and "
                    "ask the model again"
                ) from None
        return cls(entries, on_add)


def _entry(data: dict[str, Any]) -> Entry:
    reply = None if data["reply"] is None else Reply(**data["reply"])
    entry = Entry(**{**data, "reply": reply})
    if (reply is None) == (entry.failure is None) or not isinstance(entry.request, str):
        raise ValueError
    return entry


def request_hash(model: str, instructions: str, question: str, form: dict[str, Any]) -> str:
    """Hash of a request: the same model asked the same with the same schema."""
    content = json.dumps([model, instructions, question, form], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:HASH_DIGITS]
