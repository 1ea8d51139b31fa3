"""Made tables that keep their contracts, nested ones too."""

from __future__ import annotations

import functools
import itertools
import random
import string
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from vpp_core.tables import CONTRACTS, Column, Contract
from vpp_pipeline.lake.table_file import TableFile, encode


@functools.cache
def stored(name: str, rows: int = 20) -> TableFile:
    """A table of that name with random rows, and a fleet's seed in its metadata."""
    rng, contract = random.Random(name), CONTRACTS[name]
    numbers = itertools.count()
    table = pa.Table.from_pylist([row_of(contract, rng, numbers) for _ in range(rows)], schema=contract.schema)
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
        return [_element(column.type.value_type, rng) for _ in range(rng.randint(0, 4))]
    if pa.types.is_string(column.type):
        return f"{number}{''.join(rng.choices(string.ascii_lowercase, k=5))}"
    if pa.types.is_boolean(column.type):
        return rng.random() < 0.5
    if pa.types.is_timestamp(column.type):
        return datetime(2023, 8, 1, tzinfo=UTC) + timedelta(minutes=15 * number)
    if pa.types.is_integer(column.type):
        return number if unique else rng.randint(int(low), int(high))
    return rng.uniform(low, high)


def _element(kind: pa.DataType, rng: random.Random) -> Any:
    """One element of a list: a number, a text, or a record of them."""
    if pa.types.is_struct(kind):
        return {field.name: _element(field.type, rng) for field in kind}
    if pa.types.is_string(kind):
        return "".join(rng.choices(string.ascii_lowercase, k=5))
    return rng.randint(0, 1000) if pa.types.is_integer(kind) else rng.random()
