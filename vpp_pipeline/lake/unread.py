"""Which files of the raw folder a month's inputs were not read from: kept in the tables, told to people."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from vpp_core.calendar import Month
from vpp_core.sources.unread import Unread, unread_of
from vpp_pipeline.lake.lake import Lake

TABLES = ("market_prices", "load_profiles")
"""Tables that people's files go into."""


def unread_files(lake: Lake, month: Month | str, scenario: str) -> list[Unread]:
    """What the stored inputs say they passed over; a table that is absent or damaged says nothing."""
    found: list[Unread] = []
    for table in TABLES:
        try:
            with lake.table_path(table, month, scenario).open("rb") as file:
                found += unread_of(pq.read_schema(file))
        except (OSError, pa.ArrowException):
            continue
    return found
