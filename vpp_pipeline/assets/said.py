"""What is stored beside a negotiated result, under its recipe: what was said, and how the verifier judges it.

A fleet of several aggregations is run in shards, whose messages are not kept: both tables are empty then.
"""

from __future__ import annotations

import io
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from vpp_core.errors import InputError
from vpp_core.tables import NEGOTIATION_MESSAGES, NEGOTIATOR_SCORES, Contract
from vpp_pipeline.lake.files import write_whole
from vpp_pipeline.lake.streamed import StreamedTable
from vpp_pipeline.lake.table_file import decode, encode, is_sealed, stored_recipe

if TYPE_CHECKING:
    from upath import UPath

    from vpp_pipeline.stage import Stage

NEGOTIATING = "negotiation_results"
"""The asset beside which it is stored."""


class Said:
    """Hears a month's negotiations day by day; used in a `with`, it leaves nothing behind unless it is finished."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._judged: list[pd.DataFrame] = []
        self._open = ExitStack()

    def __enter__(self) -> Said:
        path = _path(self._stage, self._stage.scenario.name, NEGOTIATION_MESSAGES)
        self._messages = self._open.enter_context(StreamedTable(path, NEGOTIATION_MESSAGES))
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def hear(self, rows: pa.Table) -> None:
        """A day's rows of `NEGOTIATION_MESSAGES`."""
        from vpp_core.negotiation.verifier import offers_judged

        self._messages.write(rows)
        self._judged.append(offers_judged(rows))

    def finish(self, recipe: str, outcomes: pa.Table) -> None:
        """Put messages and scores in their places."""
        stage = self._stage
        scores = encode(self._scores(outcomes), NEGOTIATOR_SCORES, recipe)
        size = self._messages.finish(recipe)
        stage.lake.write(NEGOTIATOR_SCORES.name, stage.month, stage.scenario.name, scores)
        stage.notes |= {"messages": self._messages.rows, "messages_bytes": size}

    def _scores(self, outcomes: pa.Table) -> pa.Table:
        from vpp_core.negotiation.verifier import negotiator_scores
        from vpp_core.results.model_share import negotiator_name
        from vpp_core.settlement.outcome import outcome_tables

        if not self._judged:
            return NEGOTIATOR_SCORES.schema.empty_table()
        stage = self._stage
        name = negotiator_name(outcome_tables(outcomes).windows, stage.scenario)
        judged = pd.concat(self._judged, ignore_index=True)
        return NEGOTIATOR_SCORES.arrow(negotiator_scores(judged, name, str(stage.month), stage.scenario.name))


def is_stored(stage: Stage, recipe: str) -> bool:
    """Whether messages and scores are there, whole, and made by this recipe."""
    return all(
        _stored(_path(stage, stage.scenario.name, table), recipe) for table in (NEGOTIATION_MESSAGES, NEGOTIATOR_SCORES)
    )


def take_from(stage: Stage, scenario: str, recipe: str) -> bool:
    """Put messages and scores of another scenario, made by the same recipe, in this one's places; whether they were
    there, whole. Scores bear the scenario's name, messages do not.
    """
    messages, scores = (
        _stored(_path(stage, scenario, table), recipe) for table in (NEGOTIATION_MESSAGES, NEGOTIATOR_SCORES)
    )
    if not messages or not scores:
        return False
    name = stage.scenario.name
    try:
        table = decode(scores, NEGOTIATOR_SCORES, NEGOTIATOR_SCORES.name, "negotiated again").table
    except InputError:
        return False
    column = table.schema.get_field_index("scenario")
    renamed = table.set_column(column, table.schema.field(column), pa.array([name] * table.num_rows, pa.string()))
    write_whole(_path(stage, name, NEGOTIATION_MESSAGES), messages)
    stage.lake.write(NEGOTIATOR_SCORES.name, stage.month, name, encode(renamed, NEGOTIATOR_SCORES, recipe))
    return True


def _stored(path: UPath, recipe: str) -> bytes:
    """The file there, if it is whole and made by this recipe; else nothing."""
    content = path.read_bytes() if path.exists() else b""
    return content if is_sealed(content) and stored_recipe(io.BytesIO(content)) == recipe else b""


def _path(stage: Stage, scenario: str, table: Contract) -> UPath:
    return stage.lake.table_path(table.name, stage.month, scenario)
