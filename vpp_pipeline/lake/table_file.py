"""One table as one Parquet file that knows whether it is whole.

The footer carries a SHA-256 of everything before it (the pages with the data), the number of rows, and the recipe: a
digest of all that the table was made from. Truncation, an edit, or a rewrite by another program is found on reading.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vpp_core.errors import InputError
from vpp_core.tables import Contract

_PAGES = "vpp.pages"
_ROWS = "vpp.rows"
_RECIPE = "vpp.recipe"
_TAIL = 8
"""footer length (4 bytes) and magic (4 bytes) at the end of every Parquet file"""


@dataclass(frozen=True)
class TableFile:
    """A table with the bytes of its file."""

    table: pa.Table
    content: bytes
    recipe: str

    @property
    def digest(self) -> str:
        """16 hexadecimal digits (SHA-256) of the data pages: the same data, the same digits."""
        return pages_digest(self.content)


def encode(table: pa.Table, contract: Contract, recipe: str) -> TableFile:
    """The file of a table that keeps its contract; one that does not is an `InputError`. Same input, same bytes."""
    table = _conform(table, contract, f"table {contract.name}")
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, table.schema, compression="zstd") as writer:
        writer.write_table(table)
        pages = sink.getvalue()
        writer.add_key_value_metadata({_PAGES: _digest(pages), _ROWS: str(table.num_rows), _RECIPE: recipe})
    return TableFile(table, sink.getvalue(), recipe)


def decode(content: bytes, contract: Contract, where: str, rebuild: str) -> TableFile:
    """Read a file back; whatever is wrong with it becomes a sentence that names it and says how to rebuild it."""
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        notes = {
            key.decode(): value.decode() for key, value in (file.metadata.metadata or {}).items() if key[:4] == b"vpp."
        }
        table = file.read()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{where} is truncated or not Parquet; {rebuild}") from error
    if notes.get(_PAGES) != pages_digest(content) or notes.get(_ROWS) != str(table.num_rows):
        raise InputError(f"{where} was edited or written by something else than this pipeline; {rebuild}")
    try:
        table = _conform(table, contract, where)
    except InputError as error:
        raise InputError(f"{error}; {rebuild}") from error
    return TableFile(table, content, notes.get(_RECIPE, ""))


def stored_recipe(file: BinaryIO) -> str:
    """The recipe in a file's footer; empty where it is no Parquet file of this pipeline."""
    try:
        notes = pq.read_metadata(file).metadata or {}
    except (pa.ArrowException, OSError, ValueError):
        return ""
    return notes.get(_RECIPE.encode(), b"").decode(errors="replace")


def pages_digest(content: bytes) -> str:
    """Digest of a Parquet file's data pages; of something else, of a part of it, which then equals no stored digest."""
    footer = int.from_bytes(content[-_TAIL:-4], "little")
    return _digest(memoryview(content)[: max(len(content) - _TAIL - footer, 0)])


def _digest(content: bytes | memoryview) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _conform(table: pa.Table, contract: Contract, where: str) -> pa.Table:
    """The table with the contract's schema, or an `InputError` that names the first column that breaks it."""
    missing = [column.name for column in contract.columns if column.name not in table.column_names]
    if missing:
        raise InputError(f"{where} lacks the column(s) {', '.join(missing)}")
    try:
        kept = {key: value for key, value in (table.schema.metadata or {}).items() if key != b"pandas"}
        schema = contract.schema.with_metadata({**kept, **(contract.schema.metadata or {})})
        table = table.select(schema.names).cast(schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, ValueError) as error:
        raise InputError(f"{where} does not fit the contract of {contract.name}: {error}") from error
    for column in contract.columns:
        values = table.column(column.name)
        if values.null_count and not column.nullable:
            raise InputError(f"{where}: {column.name} has {values.null_count} empty values and may have none")
        for bound, low in ((column.at_least, True), (column.at_most, False)):
            if bound is None:
                continue
            extreme = (pc.min if low else pc.max)(values).as_py()
            if extreme is not None and (extreme < bound if low else extreme > bound):
                raise InputError(f"{where}: {column.name} holds {extreme:g}, {'below' if low else 'above'} {bound:g}")
        if column.one_of is not None:
            strange = set(pc.unique(values).to_pylist()) - {*column.one_of, None}
            if strange:
                raise InputError(f"{where}: {column.name} holds {sorted(strange)[0]!r}, not one of {column.one_of}")
    if contract.key and table.group_by(list(contract.key)).aggregate([]).num_rows != table.num_rows:
        raise InputError(f"{where}: two rows have the same {', '.join(contract.key)}")
    return table
