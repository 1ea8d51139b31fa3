"""A frame put into a contract's schema: what does not fit is named, table and column."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from vpp_core.errors import InputError
from vpp_core.tables import Column, Contract

MADE = Contract(
    "made",
    "for these tests",
    (
        Column("at", pa.timestamp("us", tz="UTC"), "when"),
        Column("name", pa.string(), "who"),
        Column("count", pa.int64(), "how many", nullable=True),
    ),
)
FRAME = pd.DataFrame(
    {
        "more": [1, 2],
        "count": [3.0, None],
        "name": ["a", "b"],
        "at": pd.to_datetime(["2023-08-01", "2023-08-02"], utc=True),
    },
    index=[7, 9],
)


def test_columns_come_in_the_contracts_order_and_type_without_the_frames_index() -> None:
    table = MADE.arrow(FRAME)
    assert table.schema.equals(MADE.schema, check_metadata=True)
    assert table.drop_columns("at").to_pylist() == [{"name": "a", "count": 3}, {"name": "b", "count": None}]


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (FRAME.drop(columns=["at", "name"]), r"table made lacks the column\(s\) at, name"),
        (FRAME.assign(count=0.5), "table made does not fit its contract: count: "),
        (FRAME.assign(name=[1, "b"]), "table made does not fit its contract: name: "),
        (FRAME.assign(name=[None, "b"]), "table made: name has 1 empty values and may have none"),
    ],
)
def test_what_does_not_fit_is_one_sentence(frame: pd.DataFrame, says: str) -> None:
    with pytest.raises(InputError, match=says):
        MADE.arrow(frame)
