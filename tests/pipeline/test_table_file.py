"""A table file knows whether it is whole."""

from __future__ import annotations

import io

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vpp_core.errors import InputError
from vpp_core.tables import Column, Contract
from vpp_pipeline.lake.remembered import Remembered
from vpp_pipeline.lake.table_file import TableFile, data_digest, decode, encode, is_sealed

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
    assert encode(back.table, CONTRACT, "recipe") == back


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


def test_any_flipped_bit_is_refused_also_in_what_says_how_the_data_is_read() -> None:
    file = stored()
    whole = file.content
    for place in range(len(whole)):
        content = bytearray(whole)
        content[place] ^= 1 << place % 8
        assert not is_sealed(bytes(content)), f"byte {place}"
        assert data_digest(bytes(content)) != file.digest
    with pytest.raises(InputError, match=r"prices\.parquet was damaged, edited or .*; rebuild it with `vpp run`"):
        read(bytes(content[:-20]) + bytes([content[-20] ^ 4]) + whole[-19:])


def test_what_stands_beside_the_rows_is_part_of_the_digest() -> None:
    table = CONTRACT.arrow(frame())
    seeds = [table.replace_schema_metadata({**(table.schema.metadata or {}), b"seed": seed}) for seed in (b"7", b"8")]
    one, other = (encode(table, CONTRACT, "r") for table in seeds)
    assert one.digest != other.digest
    assert data_digest(one.content) == one.digest == read(one.content).digest


def test_a_file_of_an_earlier_version_says_so() -> None:
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, CONTRACT.schema) as writer:
        writer.write_table(CONTRACT.arrow(frame()))
        writer.add_key_value_metadata({"vpp.pages": "0" * 16, "vpp.rows": "24", "vpp.recipe": "r"})
    with pytest.raises(InputError, match=r"written by an earlier version of this pipeline.*rebuild it with `vpp run`"):
        read(sink.getvalue())


INNER = Contract("inner", "nested", (Column("kw", pa.float64(), "power [kW]", False, 0.0, 9.0), *CONTRACT.columns[:2]))
OUTER = Contract(
    "outer",
    "with a table in it",
    (Column("day", pa.int64(), "day"), Column("rows", pa.list_(INNER.struct), "", rows=INNER)),
)
ROW = {"kw": 1.0, "hour": 1, "usd": None}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{**ROW, "kw": None}], "rows.kw has 1 empty values"),
        ([ROW, None], "rows has 1 empty rows"),
        (None, "rows has 1 empty values"),
        ([{**ROW, "kw": 10.0}], "rows.kw holds 10, above 9"),
        ([{**ROW, "kw": float("nan")}], "rows.kw has 1 values that are not numbers"),
        ([{**ROW, "usd": float("inf")}], "rows.usd has 1 values that are not numbers"),
    ],
)
def test_what_is_nested_keeps_its_contract_too(rows: list[dict[str, float | None]] | None, said: str) -> None:
    schema = OUTER.schema  # which says that nothing is missing, as a file's own would
    good = pa.Table.from_pylist([{"day": 1, "rows": [ROW, ROW]}, {"day": 2, "rows": []}], schema=schema)
    assert encode(good, OUTER, "r").table.num_rows == 2
    with pytest.raises(InputError, match=said):
        encode(pa.Table.from_pylist([{"day": 1, "rows": [ROW]}, {"day": 2, "rows": rows}], schema=schema), OUTER, "r")


def test_a_number_that_may_be_nan_is_told_from_a_missing_one() -> None:
    hours = pa.field("hours", pa.float64(), nullable=False)
    contract = Contract("h", "", (Column("hours", pa.float64(), "", False, 0.0, 24.0, may_be_nan=True),))
    assert encode(pa.table({"hours": [1.0, float("nan")]}), contract, "r").table.num_rows == 2
    for wrong in (None, float("inf"), 25.0):
        with pytest.raises(InputError, match="hours"):
            encode(pa.Table.from_arrays([pa.array([1.0, wrong])], schema=pa.schema([hours])), contract, "r")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (frame().assign(hour=[*range(23), 24]), "hour holds 24, above 23"),
        (frame().assign(hour=[*range(23), 22]), "two rows have the same hour"),
        (frame().assign(source=["file"] * 23 + ["rumour"]), "'rumour'"),
        (frame().assign(source=["file"] * 23 + [None]), "source"),
        (frame().assign(usd=[1.5] * 23 + [float("inf")]), "usd has 1 values that are not numbers"),
    ],
)
def test_a_table_that_breaks_its_contract_is_never_written(wrong: pd.DataFrame, said: str) -> None:
    with pytest.raises(InputError, match=said):
        encode(pa.Table.from_pandas(wrong, preserve_index=False), CONTRACT, "r")


def test_a_file_from_before_a_column_was_added_says_which_is_missing() -> None:
    wider = Contract("prices", "with one more", (*CONTRACT.columns, Column("mw", pa.float64(), "power [MW]", True)))
    with pytest.raises(InputError, match=r"lacks the column\(s\) mw; rebuild"):
        decode(stored().content, wider, "lake/prices.parquet", "rebuild it with `vpp run`")


def test_the_tables_used_last_are_remembered_up_to_so_many_bytes_and_one_put_twice_counts_once() -> None:
    kept = Remembered(limit_bytes=4_000)
    table = pa.table({"number": pa.array(range(125), pa.int64())})
    assert table.nbytes == 1_000
    keys = [(bytes([number]), CONTRACT) for number in range(5)]
    for key in (*keys[:4], keys[0], keys[0]):
        kept.put(key, table)
    assert all(kept.get(key) is table for key in keys[:4])
    kept.get(keys[0])
    kept.put(keys[4], table)
    assert [kept.get(key) is table for key in keys] == [True, False, True, True, True]
    kept.put(keys[1], pa.concat_tables([table, table]))
    assert kept.get(keys[1]) is None
