"""A table file knows whether it is whole."""

from __future__ import annotations

import io

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vpp_core.errors import InputError
from vpp_core.tables import Column, Contract
from vpp_pipeline.lake.table_file import TableFile, decode, encode

CONTRACT = Contract(
    "prices",
    "a table for these tests",
    (
        Column("hour", pa.int64(), "hour", False, 0, 23),
        Column("usd", pa.float64(), "price [$]", True),
        Column("source", pa.string(), "where from", False, one_of=("file", "synthetic")),
    ),
    key=("hour",),
)


def frame(hours: int = 24) -> pd.DataFrame:
    return pd.DataFrame({"hour": range(hours), "usd": [1.5] * hours, "source": ["file"] * hours})


def stored() -> TableFile:
    return encode(CONTRACT.arrow(frame()), CONTRACT, "recipe")


def read(content: bytes) -> TableFile:
    return decode(content, CONTRACT, "lake/prices.parquet", "rebuild it with `vpp run`")


def test_a_table_comes_back_as_it_was_with_its_recipe() -> None:
    back = read(stored().content)
    assert back.table.equals(CONTRACT.arrow(frame()))
    assert back.recipe == "recipe"
    assert back.digest == stored().digest


def test_the_same_table_makes_the_same_bytes_and_another_recipe_the_same_digest() -> None:
    other = encode(CONTRACT.arrow(frame()), CONTRACT, "another")
    assert stored().content == stored().content
    assert other.content != stored().content
    assert other.digest == stored().digest


def test_metadata_of_the_schema_survives() -> None:
    table = CONTRACT.arrow(frame())
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), b"seed": b"7"})
    assert read(encode(table, CONTRACT, "r").content).table.schema.metadata[b"seed"] == b"7"


@pytest.mark.parametrize("kept", [0, 3, 200, -1, -9])
def test_a_truncated_file_is_named_with_the_way_to_rebuild_it(kept: int) -> None:
    with pytest.raises(InputError, match=r"lake/prices\.parquet .*rebuild it with `vpp run`"):
        read(stored().content[:kept])


def test_a_file_rewritten_by_another_program_is_refused() -> None:
    sink = io.BytesIO()
    pq.write_table(read(stored().content).table, sink)
    with pytest.raises(InputError, match="edited or written by something else"):
        read(sink.getvalue())


def test_an_edit_that_keeps_the_digest_line_is_refused() -> None:
    changed = frame().assign(usd=99.0)
    sink = io.BytesIO()
    notes = pq.ParquetFile(io.BytesIO(stored().content)).metadata.metadata
    with pq.ParquetWriter(sink, CONTRACT.schema) as writer:
        writer.write_table(CONTRACT.arrow(changed))
        writer.add_key_value_metadata({key: value for key, value in notes.items() if key.startswith(b"vpp.")})
    with pytest.raises(InputError, match="edited"):
        read(sink.getvalue())


def test_a_flipped_bit_in_the_data_is_refused() -> None:
    content = bytearray(stored().content)
    content[40] ^= 1
    with pytest.raises(InputError, match=r"prices\.parquet"):
        read(bytes(content))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (frame().assign(hour=[*range(23), 24]), "hour holds 24, above 23"),
        (frame().assign(hour=[*range(23), 22]), "two rows have the same hour"),
        (frame().assign(source=["file"] * 23 + ["rumour"]), "'rumour'"),
        (frame().assign(source=["file"] * 23 + [None]), "source"),
    ],
)
def test_a_table_that_breaks_its_contract_is_never_written(wrong: pd.DataFrame, said: str) -> None:
    with pytest.raises(InputError, match=said):
        encode(pa.Table.from_pandas(wrong, preserve_index=False), CONTRACT, "r")


def test_a_file_from_before_a_column_was_added_says_which_is_missing() -> None:
    wider = Contract("prices", "with one more", (*CONTRACT.columns, Column("mw", pa.float64(), "power [MW]", True)))
    with pytest.raises(InputError, match=r"lacks the column\(s\) mw; rebuild"):
        decode(stored().content, wider, "lake/prices.parquet", "rebuild it with `vpp run`")
