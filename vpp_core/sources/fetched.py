"""What the live services gave, kept as it came under `raw/fetched` with its request, and read again from there.

Layout: `raw/fetched/<service>/<month>/<what>.zip|json` beside `<what>.request.json` (address, parameters, time). An
answer is kept only when it parses and covers the whole month; it is never fetched again unless asked.
"""

from __future__ import annotations

import json
import logging
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from vpp_core.errors import InputError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fetched:
    """A service's answer as it came, and when."""

    content: bytes
    retrieved_at: pd.Timestamp


@dataclass(frozen=True)
class Shelf:
    """The place of one service's answers about one subject, such as `raw/fetched/oasis/2023-08`."""

    folder: Path
    suffix: str

    def read(self, what: str) -> Fetched | None:
        """The kept answer, or None. A damaged one is an `InputError` that says which file to remove."""
        path, note = self._paths(what)
        if not path.exists() or not note.exists():
            return None
        try:
            when = pd.Timestamp(json.loads(note.read_text())["retrieved_at"])
            return Fetched(path.read_bytes(), when)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{note} or the answer beside it is damaged ({error}); remove both to fetch again"
            ) from None

    def keep(self, what: str, answer: Fetched, request: dict[str, Any]) -> None:
        """Write the answer, then its note: without the note it does not count. A full disk costs only the copy."""
        path, note = self._paths(what)
        record = {"request": request, "retrieved_at": answer.retrieved_at.isoformat()}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(path, answer.content)
            _write(note, (json.dumps(record, indent=2, sort_keys=True) + "\n").encode())
        except OSError as error:
            log.warning("%s could not be kept (%s); it will be fetched again", path, error.strerror)

    def _paths(self, what: str) -> tuple[Path, Path]:
        name = re.sub(r"[^A-Za-z0-9_.-]", "_", what)
        return self.folder / f"{name}{self.suffix}", self.folder / f"{name}.request.json"


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all: by a rename on a disk, by one PUT in an object store (a `UPath` that is no `Path`)."""
    if not isinstance(path, Path):
        path.write_bytes(content)
        return
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)
