"""Small tables that were verified a moment ago: a run reads each of its own up to ten times."""

from __future__ import annotations

import threading
from collections import OrderedDict

import pyarrow as pa

from vpp_core.tables import Contract

Key = tuple[bytes, Contract]
"""The seal of a file, which is a digest of all its bytes, and the contract that its rows were found to keep."""


class Remembered:
    """The tables used last, up to so many bytes; a table that takes more than a quarter of it is not kept."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._tables: OrderedDict[Key, pa.Table] = OrderedDict()
        self._sizes_bytes: dict[Key, int] = {}
        self._lock = threading.Lock()

    def get(self, key: Key) -> pa.Table | None:
        """The table of this seal and contract, if it is still known."""
        with self._lock:
            if key in self._tables:
                self._tables.move_to_end(key)
            return self._tables.get(key)

    def put(self, key: Key, table: pa.Table) -> None:
        """Keep a verified table, and forget what was not used for longest."""
        size_bytes = table.nbytes  # goes through all columns, nested ones too: asked once
        if size_bytes > self._limit_bytes // 4:
            return
        with self._lock:
            self._tables[key] = table
            self._sizes_bytes[key] = size_bytes
            while sum(self._sizes_bytes.values()) > self._limit_bytes:
                oldest, _ = self._tables.popitem(last=False)
                del self._sizes_bytes[oldest]
