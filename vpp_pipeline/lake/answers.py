"""Where the answers of language models are kept: `raw/llm/<scenario>/<month>.jsonl`, a line per answer.

They belong to the raw files, since nobody can compute them again: a run that finds its answers here needs neither key
nor network. A line is appended as soon as it is heard, under a lock per month: a kill costs the answers under way, and
two runs at once take turns and pay once. In a bucket, where nothing can be appended or locked, the file is written
whole every few answers and at the end.
Where a service never said anything, nothing is kept: a month that was never answered is no record.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vpp_core.calendar import Month
from vpp_core.errors import InputError
from vpp_core.llm import chat_model
from vpp_core.llm.gateway import Gateway
from vpp_core.llm.record import Entry, Record, entries_of, line_of
from vpp_core.scenario import Scenario
from vpp_pipeline.lake.files import explained, is_local, write_whole
from vpp_pipeline.lake.lake import Lake

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from upath import UPath

ANSWERS_PER_WRITE = 25
"""In a bucket."""
log = logging.getLogger(__name__)


def answers_path(lake: Lake, month: Month | str, scenario: str) -> Path:
    """The file of a month of a scenario, there or not."""
    return lake.raw / "llm" / scenario / f"{month}.jsonl"


def answers_digest(lake: Lake, month: Month | str, scenario: Scenario) -> list[str]:
    """What a negotiated result was also made from: the digest of its answers, where the scenario asks for any."""
    if scenario.negotiation.decider != "llm":
        return []
    path = answers_path(lake, month, scenario.name)
    content = path.read_bytes() if path.exists() else b""
    return [f"answers={hashlib.sha256(content).hexdigest()[:16]}"]


def refuse_without_model(lake: Lake, month: Month | str, scenario: Scenario, *, anew: bool = False) -> None:
    """An `InputError` at once, instead of after minutes, where a model is to be asked that cannot be made.

    Where answers are kept nobody may have to be asked, and nothing is known before.
    """
    if scenario.negotiation.decider == "llm" and (anew or not answers_path(lake, month, scenario.name).exists()):
        _model(scenario)


def can_be_asked(scenario: Scenario) -> bool:
    """Whether the scenario's model can be made: its key is set and its package is there."""
    try:
        _model(scenario)
    except InputError:
        return False
    return True


def _model(scenario: Scenario) -> BaseChatModel:
    llm = scenario.negotiation.llm
    return chat_model(llm.model, timeout_seconds=llm.timeout_seconds, max_output_tokens=llm.maximum_output_tokens)


@contextmanager
def gateway_of(
    lake: Lake,
    month: Month | str,
    scenario: Scenario,
    *,
    anew: bool = False,
    on_wait: Callable[[float], None] | None = None,
) -> Iterator[Gateway | None]:
    """The way to the scenario's language model, reading and keeping answers; none where rules decide.

    `anew` asks everything again; the first new answer replaces what was kept. `on_wait` hears of pauses that the
    service asks for [s].
    """
    if scenario.negotiation.decider != "llm":
        yield None
        return
    path = answers_path(lake, month, scenario.name)
    keeper = Appended(path, anew=anew) if is_local(path) else WrittenWhole(path, anew=anew)
    record = Record(keeper.entries(), keeper)
    try:
        yield Gateway(scenario.negotiation.llm, record, lambda: _model(scenario), on_wait)
    finally:
        keeper.close()


def _complete_lines(path: Path | UPath, content: bytes, first_line: int) -> tuple[list[Entry], int]:
    """Entries of the complete lines, and how many bytes these take; a line cut off by a kill is not one."""
    whole = content[: content.rfind(b"\n") + 1]
    try:
        return entries_of(whole.decode("utf-8"), str(path), first_line), len(whole)
    except UnicodeDecodeError:
        raise InputError(f"{path} cannot be read as text; restore it, or remove it and ask the model again") from None


class Appended:
    """A file on a disk: appended to line by line, by one run at a time."""

    def __init__(self, path: Path, *, anew: bool = False) -> None:
        self._path = path
        self._anew = anew
        """nothing that is kept counts"""
        self._begun = False
        """an answer of this record is in the file; silences alone are no record"""
        self._inode = self._read_bytes = self._read_lines = 0
        self._waiting: list[Entry] = []
        """silences before the first answer"""

    def entries(self) -> list[Entry]:
        """What is kept; nothing where all is asked anew, or where nothing was ever heard."""
        news = self._news()
        return news if self._begun else []

    @contextmanager
    def alone(self) -> Iterator[Sequence[Entry]]:
        """Under the month's lock, with what other runs have appended; the rest of a line that a kill cut off goes."""
        from filelock import FileLock

        with explained(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._path.with_name(f".{self._path.name}.lock"))
            lock.acquire()
        try:
            news = self._news()
            if self._begun and self._path.stat().st_size > self._read_bytes:
                log.warning("%s ended within a line, which a killed run had begun; it is cut off", self._path)
                with explained(self._path):
                    os.truncate(self._path, self._read_bytes)
            yield news
        finally:
            lock.release()

    def keep(self, entry: Entry) -> None:
        """Append an entry; the first answer of a new record replaces an old file."""
        if not self._begun:
            self._waiting.append(entry)
            if entry.reply is not None:
                self._begin()
            return
        line = line_of(entry).encode()
        with explained(self._path), self._path.open("ab") as file:
            try:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                os.truncate(self._path, self._read_bytes)  # a full disk: no half line stays
                raise
        self._read_bytes += len(line)
        self._read_lines += 1

    def close(self) -> None:
        """Nothing is left to be written."""

    def _begin(self) -> None:
        content = "".join(map(line_of, self._waiting)).encode()
        write_whole(self._path, content)
        self._inode = self._path.stat().st_ino
        self._read_bytes, self._read_lines = len(content), len(self._waiting)
        self._begun, self._waiting = True, []

    def _news(self) -> list[Entry]:
        """Entries appended since the last look; all of them until there is an answer among them."""
        if self._anew and not self._begun:
            return []
        try:
            with self._path.open("rb") as file:
                inode = os.fstat(file.fileno()).st_ino
                if not self._begun or inode != self._inode:  # begun, or asked anew, by another run
                    self._inode, self._read_bytes, self._read_lines = inode, 0, 0
                file.seek(self._read_bytes)
                content = file.read()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(
                f"{self._path} cannot be read ({error.strerror}); restore it, or remove it and ask the model again"
            ) from error
        entries, used = _complete_lines(self._path, content, self._read_lines + 1)
        self._read_bytes += used
        self._read_lines += len(entries)
        self._begun = self._begun or any(entry.reply is not None for entry in entries)
        return entries


class WrittenWhole:
    """A file in a bucket: written whole every few answers and at the end, whatever ended the run."""

    def __init__(self, path: UPath | Path, *, anew: bool = False) -> None:
        self._path = path
        self._anew = anew
        self._lines: list[Entry] = []
        self._unwritten = 0

    def entries(self) -> list[Entry]:
        """What is kept; nothing where all is asked anew, or where nothing was ever heard."""
        try:
            content = b"" if self._anew else self._path.read_bytes()
        except FileNotFoundError:
            content = b""
        except OSError as error:
            raise InputError(
                f"{self._path} cannot be read; restore it, or remove it and ask the model again"
            ) from error
        entries, _ = _complete_lines(self._path, content, 1)
        self._lines = entries if any(entry.reply is not None for entry in entries) else []
        return list(self._lines)

    @contextmanager
    def alone(self) -> Iterator[Sequence[Entry]]:
        """A bucket has no lock."""
        yield ()

    def keep(self, entry: Entry) -> None:
        """Keep an entry until the next writing."""
        self._lines.append(entry)
        self._unwritten += 1
        if self._unwritten >= ANSWERS_PER_WRITE:
            self._write()

    def close(self) -> None:
        """Write what is not written yet."""
        if self._unwritten:
            self._write()

    def _write(self) -> None:
        if any(entry.reply is not None for entry in self._lines):
            write_whole(self._path, "".join(map(line_of, self._lines)).encode())
            self._unwritten = 0
