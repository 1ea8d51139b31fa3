"""Every answer of a model, kept by what was asked: the same run again needs neither key nor network.

The same question may be asked twice in a run and be answered differently; so an answer is found by the hash of its
request and by how often that request had been made before. Silence is kept too, also of questions that were not put
because a cap was reached: without a key, a month is replayed as it was. With one, what was never answered is asked
again. A record touches no file: its `Keeper` does.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from typing import Annotated, Any, Literal, Protocol

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from vpp_core.errors import InputError
from vpp_core.llm.answer import LONGEST_ANSWER, MAX_TOKENS, Reply
from vpp_core.llm.limits import Spent

HASH_DIGITS = 32
Kind = Literal[
    "unreachable", "late", "throttled", "unfinished", "malformed", "out_of_bounds", "breaker_open", "over_budget"
]


@dataclass(frozen=True)
class Entry:
    """What came of one request: a reply, or why there was none."""

    request: str
    """hash of the model's name and all that was sent"""
    occurrence: int
    """how often the same request had been made before in the run"""
    calls: int
    """requests it took, repeated ones included; 0 where none was sent"""
    reply: Reply | None
    failure: str | None = None
    """one of `usage.FALLBACKS`; null with a reply"""


class Keeper(Protocol):
    """Where entries are kept, possibly by several runs at once."""

    def alone(self) -> AbstractContextManager[Sequence[Entry]]:
        """Nobody else asks or keeps meanwhile; what others have kept since the last look."""
        ...

    def keep(self, entry: Entry) -> None:
        """Keep one more."""
        ...


class Record:
    """Entries by request and occurrence, and what all of them cost, those that were replaced included."""

    def __init__(self, entries: Iterable[Entry] = (), keeper: Keeper | None = None) -> None:
        self._lines: list[Entry] = []
        self._entries: dict[tuple[str, int], Entry] = {}
        self._keeper = keeper
        self._lock = threading.Lock()
        self.spent = Spent()
        for entry in entries:
            self._take(entry)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, request: str, occurrence: int) -> Entry | None:
        return self._entries.get((request, occurrence))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Look up and ask while no other run does: what it was told counts here too, and nothing is paid twice."""
        if self._keeper is None:
            yield
            return
        with self._keeper.alone() as news:
            for entry in news:
                self._take(entry)
            yield

    def add(self, entry: Entry) -> None:
        """Keep a new entry. A repeated silence that cost no call is nothing new."""
        with self._lock:
            if not entry.calls and self._entries.get((entry.request, entry.occurrence)) == entry:
                return
            self._take(entry)
            if self._keeper is not None:
                self._keeper.keep(entry)

    def _take(self, entry: Entry) -> None:
        """The latest word on a request counts, but no silence replaces an answer; what was spent is spent."""
        self._lines.append(entry)
        reply = entry.reply
        self.spent.add(entry.calls, *((reply.input_tokens, reply.output_tokens) if reply is not None else (0, 0)))
        key = entry.request, entry.occurrence
        if reply is not None or key not in self._entries or self._entries[key].reply is None:
            self._entries[key] = entry

    def to_text(self) -> str:
        """A line of JSON per entry."""
        return "".join(map(line_of, self._lines))

    @classmethod
    def from_text(cls, text: str, where: str) -> Record:
        """Read `to_text` back; a damaged line is an `InputError` that names `where` and the line."""
        return cls(entries_of(text, where))


def line_of(entry: Entry) -> str:
    """An entry as a line of JSON."""
    return json.dumps(asdict(entry), sort_keys=True) + "\n"


def entries_of(text: str, where: str, first_line: int = 1) -> list[Entry]:
    """Entries of lines; one that is not as it was recorded is an `InputError` that names `where` and the line."""
    entries = []
    # Split at line feeds alone: an answer may hold other characters that `splitlines` takes for ends of lines.
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), start=first_line):
        try:
            entries.append(_form_of_a_line().validate_json(line).entry())
        except (ValidationError, ValueError):
            raise InputError(
                f"{where}, line {number}, is not an answer as it was recorded; restore the file, or remove the line "
                "and that question is asked again"
            ) from None
    return entries


Tokens = Annotated[int, Field(ge=0, le=MAX_TOKENS)]
_STRICT = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


@with_config(_STRICT)
@dataclass(frozen=True)
class _ReplyLine:
    """A recorded reply as it must look."""

    text: Annotated[str, Field(max_length=LONGEST_ANSWER)]
    finish: Annotated[str, Field(max_length=40)] | None
    input_tokens: Tokens
    output_tokens: Tokens


@with_config(_STRICT)
@dataclass(frozen=True)
class _EntryLine:
    """A line of a record as it must look."""

    request: Annotated[str, Field(pattern=rf"^[0-9a-f]{{{HASH_DIGITS}}}$")]
    occurrence: Annotated[int, Field(ge=0)]
    calls: Annotated[int, Field(ge=0, le=1000)]
    reply: _ReplyLine | None
    failure: Kind | None

    def entry(self) -> Entry:
        if (self.reply is None) == (self.failure is None) or (self.reply is not None and not self.calls):
            raise ValueError("either a reply that took a call, or a failure")
        reply = None if self.reply is None else Reply(**asdict(self.reply))
        return Entry(self.request, self.occurrence, self.calls, reply, self.failure)


@cache
def _form_of_a_line() -> TypeAdapter[_EntryLine]:
    return TypeAdapter(_EntryLine)


def request_hash(model: str, instructions: str, question: str, form: dict[str, Any]) -> str:
    """Hash of a request: the same model asked the same with the same schema."""
    content = json.dumps([model, instructions, question, form], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:HASH_DIGITS]
