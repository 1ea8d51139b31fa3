"""One table as one Parquet file that knows whether it is whole.

The footer carries three notes: a SHA-256 of the whole file (*seal*), a digest of the table that is in it, and the
recipe: a digest of all that the table was made from. The seal is looked at before anything is decoded, since Parquet's
footer says how pages are read (types, lengths, where a value is missing) and one bit of it changed would read as other
data. So truncation, an edit, a rewrite by another program and a single flipped bit are found on reading.
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vpp_core.errors import InputError
from vpp_core.tables import Contract
from vpp_pipeline.lake.conformity import conform
from vpp_pipeline.lake.remembered import Remembered

_SEAL = "vpp.seal"
_DATA = "vpp.data"
_RECIPE = "vpp.recipe"
_OLD_SEAL = b"vpp.pages"
"""What earlier versions kept: a digest of the pages alone."""
_BLANK = "sha256:" + 64 * "0"
"""Holds the seal's place in the footer; what is sealed is the file with this in it."""
_SEALED = re.compile(rb"sha256:[0-9a-f]{64}")
_TAIL = 8
"""footer length (4 bytes) and magic (4 bytes) at the end of every Parquet file"""
_VERIFIED = Remembered(limit_bytes=32_000_000)
_NOTES: dict[bytes, dict[bytes, bytes]] = {}
"""Seal → notes of files that were read a moment ago: a run asks for those of each of its tables some ten times."""
_MOST_NOTES = 4096


@dataclass(frozen=True)
class TableFile:
    """A table with the bytes of its file."""

    table: pa.Table
    content: bytes
    recipe: str
    digest: str
    """16 hexadecimal digits (SHA-256) of the data: the same table, the same digits, whatever it was made from"""


def encode(table: pa.Table, contract: Contract, recipe: str) -> TableFile:
    """The file of a table that keeps its contract; one that does not is an `InputError`. Same input, same bytes."""
    table = conform(table, contract, f"table {contract.name}")
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, table.schema, compression="zstd") as writer:
        writer.write_table(table)
        # The pages hold all values, the schema says what they are; its metadata is data too (a fleet's seed).
        data = hashlib.sha256(sink.getbuffer())
        data.update(table.schema.serialize())
        digest = data.hexdigest()[:16]
        writer.add_key_value_metadata(blank_notes(recipe, digest))
    return TableFile(table, sealed(sink.getvalue()), recipe, digest)


def blank_notes(recipe: str, digest: str) -> dict[str, str]:
    """The footer's notes, with room for the seal."""
    return {_DATA: digest, _RECIPE: recipe, _SEAL: _BLANK}


def sealed(content: bytes) -> bytes:
    """A finished file that has `blank_notes`, with its seal."""
    sealed_content = bytearray(content)
    place = _seal_place(sealed_content)
    assert place is not None, "a table's metadata holds what looks like a seal"
    sealed_content[place] = _seal(sealed_content, place)
    return bytes(sealed_content)


def decode(
    content: bytes, contract: Contract, where: str, rebuild: str, rows: pc.Expression | None = None
) -> TableFile:
    """Read a file back; whatever is wrong with it becomes a sentence that names it and says how to rebuild it.

    `rows`: which rows to read, all by default; row groups without any are not decoded.
    """
    if not is_sealed(content):
        raise InputError(f"{where} {_fault(content)}; {rebuild}")
    key = (content[_seal_place(content) or slice(0)], contract)
    try:
        notes = _notes(content)
        table = _VERIFIED.get(key) if rows is None else None
        if table is None:
            file = io.BytesIO(content)
            found = pq.ParquetFile(file).read() if rows is None else pq.read_table(file, filters=rows)
            table = conform(found, contract, where)
            if rows is None:
                _VERIFIED.put(key, table)
    except InputError as error:
        raise InputError(f"{error}; {rebuild}") from error
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{where} cannot be read by this version of pyarrow; {rebuild}") from error
    return TableFile(table, content, _note(notes, _RECIPE), _note(notes, _DATA))


def is_sealed(content: bytes) -> bool:
    """Whether the bytes are, to the last one, those that `encode` made."""
    place = _seal_place(content)
    return place is not None and content[place] == _seal(content, place)


def data_digest(content: bytes) -> str:
    """The `digest` of a file's table, without reading the table; of a damaged one, one that no table has."""
    if not is_sealed(content):
        return f"damaged {hashlib.sha256(content).hexdigest()[:16]}"
    return _note(_notes(content), _DATA)


def _notes(content: bytes) -> dict[bytes, bytes]:
    """The notes of a file whose seal is true: what has the same seal has the same bytes."""
    seal = content[_seal_place(content) or slice(0)]
    notes = _NOTES.get(seal)
    if notes is None:
        footer = pq.read_metadata(io.BytesIO(content)).metadata or {}
        notes = {name.encode(): footer[name.encode()] for name in (_DATA, _RECIPE) if name.encode() in footer}
        if len(_NOTES) >= _MOST_NOTES:
            _NOTES.clear()
        _NOTES[seal] = notes
    return notes


def stored_recipe(file: BinaryIO) -> str:
    """The recipe in a file's footer, not verified; empty where it is no Parquet file of this pipeline."""
    try:
        notes = pq.read_metadata(file).metadata or {}
    except (pa.ArrowException, OSError, ValueError):
        return ""
    return _note(notes, _RECIPE)


def _note(notes: dict[bytes, bytes], name: str) -> str:
    return notes.get(name.encode(), b"").decode(errors="replace")


def _footer_start(content: bytes | bytearray) -> int:
    """Where a Parquet file's footer begins; for something else, any place in it."""
    return max(len(content) - _TAIL - int.from_bytes(content[-_TAIL:-4], "little"), 0)


def _seal_place(content: bytes | bytearray) -> slice | None:
    """Where in the file its seal stands; None where there is none, or more than one."""
    found = list(_SEALED.finditer(content, _footer_start(content)))
    return slice(*found[0].span()) if len(found) == 1 else None


def _seal(content: bytes | bytearray, place: slice) -> bytes:
    """The seal of a file that has one in this place."""
    digest = hashlib.sha256(memoryview(content)[: place.start])
    digest.update(_BLANK.encode())
    digest.update(memoryview(content)[place.stop :])
    return b"sha256:" + digest.hexdigest().encode()


def _fault(content: bytes) -> str:
    """What a file without a true seal is, in a few words."""
    if content[:4] != b"PAR1" or content[-4:] != b"PAR1":
        return "is truncated or not Parquet"
    if _seal_place(content) is None and _OLD_SEAL in content[_footer_start(content) :]:
        return "was written by an earlier version of this pipeline, which could not tell whether it is whole"
    return "was damaged, edited or written by something else than this pipeline"
