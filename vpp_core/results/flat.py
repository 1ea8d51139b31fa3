"""The flat forms of the nested outcomes table, in the ladder's order."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Flat:
    """`windows`: rows of WINDOW_RESULTS; `households`: rows of HOUSEHOLD_DAYS; `days`: the outer rows."""

    windows: pd.DataFrame
    households: pd.DataFrame
    days: pd.DataFrame


def flatten(outcomes: pa.Table) -> Flat:
    """The two nested tables of OUTCOMES and its outer columns as frames, rows in the order stored."""
    return Flat(
        _rows(outcomes, "windows"),
        _rows(outcomes, "households"),
        outcomes.drop_columns(["windows", "households"]).to_pandas(),
    )


def _rows(outcomes: pa.Table, column: str) -> pd.DataFrame:
    structs = pc.list_flatten(outcomes.column(column).combine_chunks())
    return pa.Table.from_struct_array(structs).to_pandas()
