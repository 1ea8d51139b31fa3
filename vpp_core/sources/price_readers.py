"""Which market's prices come from where: how its files are read, and the services that are asked for what they lack.

A market that is not named here is read as gridstatus saves it, whatever it is; so its record alone is enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from vpp_core.calendar import Month
from vpp_core.iso import CAISO, ERCOT, Iso
from vpp_core.sources import csv_text, ercot_files, gridstatus_files, hosted, oasis_files, oasis_live
from vpp_core.sources.dropped_files import PriceReader
from vpp_core.sources.price_rows import NotPricesError, PriceRows, inside, other_market
from vpp_core.sources.unread import Unread

SERVICES = (oasis_live, hosted)
"""CAISO's, asked in this order for what files lack. Add one: a module with `read_kept` and `fetch`, and its name here.
"""


@dataclass(frozen=True)
class PriceSource:
    """Where a market's prices come from."""

    reader: PriceReader
    services: tuple[Any, ...] = ()


def price_source(iso: Iso) -> PriceSource:
    """The sources of a market's prices."""
    if iso is CAISO:
        return PriceSource(oasis_files.READER, SERVICES)
    return PriceSource(ercot_files.READER if iso is ERCOT else _as_gridstatus_saves(iso))


def _as_gridstatus_saves(iso: Iso) -> PriceReader:
    def read(
        content: bytes, where: str, label: str, month: Month, retrieved_at: pd.Timestamp, unread: list[Unread]
    ) -> list[PriceRows]:
        lines = csv_text.rows(content, where)
        _, head = next(lines, (0, []))
        places = gridstatus_files.places_of(head, iso)
        if places is None:
            what = other_market(head, iso) or "holds no prices that are read here"
            raise NotPricesError(where, what, f"read is what gridstatus saves of {iso.name}: download that")
        tables = gridstatus_files.read_table(lines, places, iso, where)
        kept = [(report, inside(rows, month.start, month.end)) for report, rows in tables]
        if not any(len(rows) for _, rows in kept):
            some = any(len(rows) for _, rows in tables)
            unread.append(Unread(label, f"holds no price of {month}", of_another_time=some))
        return [PriceRows(report, rows.reset_index(drop=True), retrieved_at) for report, rows in kept if len(rows)]

    return PriceReader(endings=(".csv", ".zip", ".gz"), read=read)
