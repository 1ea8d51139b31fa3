"""What lies in the raw folder and was not read, and why: a record that travels with the table it might have fed.

Readers add to a list of them; the list goes into the metadata of the stored table, and from there to the command
line, the asset's page and the report.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

_KEY = b"not_read"
"""in a table's metadata; what begins with `vpp.` there is the file's, and does not come back with its table"""
_LONGEST = 200


@dataclass(frozen=True, order=True)
class Unread:
    """A file below the raw folder, or a part of one, that a result does not rest on, and the reason in a clause."""

    file: str
    why: str
    of_another_time: bool = field(default=False, compare=False)
    """whether that is all that keeps it from being read: worth a word only where the month lacks what it holds"""

    def __post_init__(self) -> None:
        """A name may hold anything, also what would move a terminal's cursor."""
        for name in ("file", "why"):
            text = "".join(letter if letter.isprintable() else "?" for letter in getattr(self, name))
            object.__setattr__(self, name, text if len(text) <= _LONGEST else text[: _LONGEST - 2] + " …")

    def __str__(self) -> str:
        return f"{self.file}: {self.why}"


def with_unread(table: pa.Table, unread: Iterable[Unread]) -> pa.Table:
    """The table with the list in its metadata; without anything unread the table as it is."""
    entries = sorted(set(unread))
    if not entries:
        return table
    text = json.dumps([[entry.file, entry.why] for entry in entries])
    return table.replace_schema_metadata({**(table.schema.metadata or {}), _KEY: text.encode()})


def unread_of(schema: pa.Schema) -> list[Unread]:
    """The list that a table's schema carries."""
    text = (schema.metadata or {}).get(_KEY)
    return [Unread(file, why) for file, why in json.loads(text)] if text else []


def in_lines(unread: Sequence[Unread], most: int = 8, names: int = 3) -> list[str]:
    """For people: a line per reason, each with its first files."""
    by_reason: dict[str, list[str]] = {}
    for entry in sorted(set(unread)):
        by_reason.setdefault(entry.why, []).append(entry.file)
    lines = []
    for why, files in by_reason.items():
        more = f" and {len(files) - names} more" if len(files) > names else ""
        lines.append(f"{', '.join(files[:names])}{more}: {why}")
    return lines if len(lines) <= most else [*lines[: most - 1], f"and for {len(lines) - most + 1} other reasons"]
