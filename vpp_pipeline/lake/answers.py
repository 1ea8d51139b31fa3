"""Where the answers of language models are kept: `raw/llm/<scenario>/<month>.jsonl`, a line per answer.

They belong to the raw files, since nobody can compute them again: a run that finds its answers here needs neither key
nor network. The file is written whole, every few answers and at the end, whatever ended the run.
Where a service never said anything, nothing is kept: after a wrong key the same run with the right one would be told
of the old silence, and never ask.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vpp_core.calendar import Month
from vpp_core.errors import InputError
from vpp_core.llm import chat_model
from vpp_core.llm.gateway import Gateway
from vpp_core.llm.record import Record
from vpp_core.scenario import Scenario
from vpp_pipeline.lake.files import write_whole
from vpp_pipeline.lake.lake import Lake

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

ANSWERS_PER_WRITE = 25


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


def _model(scenario: Scenario) -> BaseChatModel:
    llm = scenario.negotiation.llm
    return chat_model(llm.model, timeout_seconds=llm.timeout_seconds, max_output_tokens=llm.maximum_output_tokens)


@contextmanager
def gateway_of(lake: Lake, month: Month | str, scenario: Scenario, *, anew: bool = False) -> Iterator[Gateway | None]:
    """The way to the scenario's language model, reading and keeping answers; none where rules decide.

    `anew` asks everything again and replaces what was kept.
    """
    if scenario.negotiation.decider != "llm":
        yield None
        return
    path = answers_path(lake, month, scenario.name)
    unsaved = 0

    def save(record: Record) -> None:
        nonlocal unsaved
        if not record.holds_an_answer:
            return
        write_whole(path, record.to_text().encode())
        unsaved = 0

    def on_add(record: Record) -> None:
        nonlocal unsaved
        unsaved += 1
        if unsaved >= ANSWERS_PER_WRITE:
            save(record)

    record = Record(on_add=on_add) if anew else _kept(path, on_add)
    gateway = Gateway(scenario.negotiation.llm, record, lambda: _model(scenario))
    try:
        yield gateway
    finally:
        if unsaved:
            save(record)


def _kept(path: Path, on_add: Callable[[Record], None]) -> Record:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Record(on_add=on_add)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as text; restore it, or remove it and ask the model again") from error
    kept = Record.from_text(text, str(path), on_add)
    return kept if kept.holds_an_answer else Record(on_add=on_add)
