"""A large table written part by part while it is computed, and put in its place whole.

Each part is a row group, held to the contract when it comes; so memory holds one part, and a reader of some of the rows
need not decode the others. What is written meanwhile is a temporary file without a name: a kill leaves nothing behind,
and what was in the table's place stays there until `finish`.
"""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from vpp_core.tables import Contract
from vpp_pipeline.lake.conformity import conform
from vpp_pipeline.lake.files import explained, write_whole
from vpp_pipeline.lake.table_file import blank_notes, sealed

if TYPE_CHECKING:
    from pathlib import Path

    from upath import UPath


class StreamedTable:
    """Writes a table of this contract to `path`; used in a `with`, it goes without a trace unless finished."""

    def __init__(self, path: UPath | Path, contract: Contract) -> None:
        self._path, self._contract = path, contract
        self._open = ExitStack()
        self.rows = 0

    def __enter__(self) -> StreamedTable:
        with explained(self._path):
            self._file = self._open.enter_context(tempfile.TemporaryFile())
        numbers = [field.name for field in self._contract.schema if field.type == pa.float32()]
        others = [name for name in self._contract.schema.names if name not in numbers]
        self._writer = self._open.enter_context(
            pq.ParquetWriter(
                self._file,
                self._contract.schema,
                compression="zstd",
                use_dictionary=others,
                use_byte_stream_split=numbers,  # bytes of like weight side by side: a quarter smaller
            )
        )
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def write(self, part: pa.Table) -> None:
        """Add rows, as a row group of their own."""
        with explained(self._path):
            self._writer.write_table(conform(part, self._contract, f"table {self._contract.name}"))
        self.rows += part.num_rows

    def finish(self, recipe: str) -> int:
        """Seal the file and put it in its place; its size in bytes."""
        with explained(self._path):
            self._file.flush()
            self._file.seek(0)
            data = hashlib.file_digest(self._file, "sha256")
            data.update(self._contract.schema.serialize())
            self._file.seek(0, 2)
            self._writer.add_key_value_metadata(blank_notes(recipe, data.hexdigest()[:16]))
            self._writer.close()
            self._file.flush()
            self._file.seek(0)
            content = sealed(self._file.read())
        write_whole(self._path, content)
        return len(content)
