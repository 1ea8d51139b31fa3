"""Tables of the lake with bits flipped, pieces cut out, doubled or blanked: refused, or read as what they were."""

from __future__ import annotations

import functools
import itertools
import random
import string
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from tests.fuzz.conftest import Fuzz
from tests.fuzz.harness import Trial
from vpp_core.tables import CONTRACTS, Column, Contract
from vpp_pipeline.lake.table_file import TableFile, data_digest, decode, encode


@functools.cache
def stored(name: str) -> TableFile:
    """A table with random rows, nested ones too, that keeps the contract of that name."""
    rng, contract = random.Random(name), CONTRACTS[name]
    numbers = itertools.count()
    table = pa.Table.from_pylist([row_of(contract, rng, numbers) for _ in range(20)], schema=contract.schema)
    return encode(table.replace_schema_metadata({**(table.schema.metadata or {}), b"seed": b"7"}), contract, "a recipe")


def row_of(contract: Contract, rng: random.Random, numbers: Iterator[int]) -> dict[str, Any]:
    """A row whose key has not been before."""
    return {c.name: value_of(c, rng, numbers, unique=c.name in contract.key) for c in contract.columns}


def value_of(column: Column, rng: random.Random, numbers: Iterator[int], unique: bool) -> Any:
    if column.rows is not None:
        return [row_of(column.rows, rng, numbers) for _ in range(rng.randint(0, 4))]
    if column.nullable and rng.random() < 0.2:
        return None
    number = next(numbers) if unique else rng.randint(0, 1000)
    if column.one_of is not None:
        return rng.choice(column.one_of)
    low, high = column.at_least or 0.0, 1000.0 if column.at_most is None else column.at_most
    if pa.types.is_list(column.type):
        return [rng.random() for _ in range(rng.randint(0, 4))]
    if pa.types.is_string(column.type):
        return f"{number}{''.join(rng.choices(string.ascii_lowercase, k=5))}"
    if pa.types.is_boolean(column.type):
        return rng.random() < 0.5
    if pa.types.is_timestamp(column.type):
        return datetime(2023, 8, 1, tzinfo=UTC) + timedelta(minutes=15 * number)
    if pa.types.is_integer(column.type):
        return number if unique else rng.randint(int(low), int(high))
    return rng.uniform(low, high)


def damaged(name: str, what: str, content: bytes) -> Trial:
    """Reading the damaged bytes; whatever is read must be what was stored."""
    whole = stored(name)

    def right(found: TableFile) -> str | None:
        same = found.table.equals(whole.table, check_metadata=True)
        if same and (found.recipe, found.digest) == (whole.recipe, whole.digest):
            return None
        return f"{name} was read as another table"

    def feed() -> TableFile:
        if content != whole.content:
            assert data_digest(content) != whole.digest, "a damaged file has the digest of a whole one"
        return decode(content, CONTRACTS[name], f"tables/{name}.parquet", "rebuild it with `vpp run`")

    return Trial(f"{name}: {what}", feed, right, must_read=content == whole.content)


def flipped_bits(rng: random.Random) -> Trial:
    """One bit, or a few; half of the time in the footer, which says how everything else is read."""
    name = rng.choice(sorted(CONTRACTS))
    content = bytearray(stored(name).content)
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    first = rng.choice((0, footer))
    bits = [(rng.randrange(first, len(content)), rng.randrange(8)) for _ in range(rng.choice((1, 1, 1, 2, 5)))]
    for place, bit in bits:
        content[place] ^= 1 << bit
    return damaged(name, f"bits {bits} of {len(content)} bytes flipped", bytes(content))


def torn_pieces(rng: random.Random) -> Trial:
    """What disks, copies and editors do: a piece is missing, blank, twice there, or of another table's file."""
    name, other = rng.choices(sorted(CONTRACTS), k=2)
    content, foreign = stored(name).content, stored(other).content
    start, stop = sorted(rng.randrange(len(content) + 1) for _ in range(2))
    piece = content[start:stop]
    how = rng.choice(("cut off", "left out", "blank", "twice", "foreign", "whole"))
    torn = {
        "cut off": content[:start],
        "left out": content[:start] + content[stop:],
        "blank": content[:start] + bytes(len(piece)) + content[stop:],
        "twice": content[:stop] + piece + content[stop:],
        "foreign": content[:start] + foreign[start:stop] + content[stop:],
        "whole": content,
    }[how]
    return damaged(name, f"bytes {start} to {stop} of {len(content)} {how}", torn)


def test_flipped_bits_are_never_read_as_other_data(fuzz: Fuzz) -> None:
    fuzz(flipped_bits, quick=300)


def test_torn_files_are_never_read_as_other_data(fuzz: Fuzz) -> None:
    fuzz(torn_pieces, quick=150)
