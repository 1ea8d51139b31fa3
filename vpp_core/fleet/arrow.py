"""A fleet as an Arrow table (one row per home, cars nested), and what people open: a CSV summary and JSON."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from vpp_core.devices import APPLIANCES
from vpp_core.errors import InputError
from vpp_core.fleet.fleet import CATEGORIES, EV_PRIORITIES, HOME_COLUMNS, Appliances, Cars, Fleet, RowsT
from vpp_core.sources.orientations import ORIENTATIONS
from vpp_core.tables.contract import Column, Contract
from vpp_core.tables.fleet import APPLIANCE, CARS, PROSUMER_FLEET

_NAMES = {
    "category": CATEGORIES,
    "ev_priority": EV_PRIORITIES,
    "pv_orientation": tuple(orientation.id for orientation in ORIENTATIONS),
}
"""Columns that are positions in memory and names in the table."""


def fleet_to_arrow(fleet: Fleet) -> pa.Table:
    """The `prosumer_fleet` table; the seed travels in the schema's metadata."""
    rows: dict[str, Cars | Appliances] = {"cars": fleet.cars}
    rows |= {f"{one.source}s": fleet.appliances[one.name] for one in APPLIANCES}
    arrays = [
        pa.array([fleet.words.get(home) for home in fleet.home_id.tolist()], type=column.type)
        if column.name == "words"
        else _nested(rows[column.name], column, len(fleet))
        if column.rows
        else pa.array(_named(column.name, getattr(fleet, column.name)), type=column.type)
        for column in PROSUMER_FLEET.columns
    ]
    schema = PROSUMER_FLEET.schema
    metadata = {**(schema.metadata or {}), b"seed": str(fleet.seed).encode()}
    return pa.Table.from_arrays(arrays, schema=schema.with_metadata(metadata))


def fleet_from_arrow(table: pa.Table) -> Fleet:
    """The fleet of a `prosumer_fleet` table, exactly as it was stored; anything else is an `InputError`."""
    metadata = table.schema.metadata or {}
    if b"seed" not in metadata:
        raise InputError("the fleet table carries no seed in its metadata; write it with fleet_to_arrow")
    _complete(table.column_names, PROSUMER_FLEET)
    return Fleet(
        seed=int(metadata[b"seed"]),
        cars=_rows(Cars, table, "cars", CARS),
        appliances={one.name: _rows(Appliances, table, f"{one.source}s", APPLIANCE) for one in APPLIANCES},
        words=_words(table),
        **{name: _positions(name, table[name]) for name in HOME_COLUMNS},
    )


def _words(table: pa.Table) -> dict[int, str]:
    """Homes that describe themselves, and how."""
    told = table.filter(pc.is_valid(table["words"]))
    return dict(zip(told["home_id"].to_pylist(), told["words"].to_pylist(), strict=True))


def _nested(rows: Cars | Appliances, column: Column, homes: int) -> pa.Array:
    """Rows of homes as a list per home."""
    assert column.rows is not None
    order = np.argsort(rows.home, kind="stable")
    offsets = np.searchsorted(rows.home[order], np.arange(homes + 1)).astype(np.int32)
    arrays = [pa.array(getattr(rows, own.name)[order], type=own.type) for own in column.rows.columns]
    flat = pa.StructArray.from_arrays(arrays, fields=list(column.rows.struct))
    return pa.ListArray.from_arrays(offsets, flat, type=column.type)


def _rows(kind: type[RowsT], table: pa.Table, name: str, contract: Contract) -> RowsT:
    """Lists per home as rows that point back."""
    nested = table[name].combine_chunks()
    if isinstance(nested, pa.ChunkedArray):
        nested = nested.chunk(0) if nested.num_chunks else pa.array([], type=nested.type)
    flat = nested.flatten()
    _complete([field.name for field in flat.type], contract)
    lengths = np.diff(nested.offsets.to_numpy())
    columns = {column.name: flat.field(column.name).to_numpy(zero_copy_only=False) for column in contract.columns}
    return kind(home=np.repeat(np.arange(len(table), dtype=np.int32), lengths), **columns)


def _named(name: str, values: npt.NDArray[Any]) -> npt.NDArray[Any] | pa.Array:
    if name not in _NAMES:
        return values
    return pa.DictionaryArray.from_arrays(pa.array(values), pa.array(_NAMES[name])).cast(pa.string())


def _positions(name: str, column: pa.ChunkedArray) -> npt.NDArray[Any]:
    if name not in _NAMES:
        return np.array(column.to_numpy())
    found = pc.index_in(column, value_set=pa.array(_NAMES[name]))
    if found.null_count:
        raise InputError(f"the fleet table has an unknown {name}; known are {', '.join(_NAMES[name])}")
    return found.to_numpy().astype(np.int8)


def _complete(present: list[str], contract: Contract) -> None:
    missing = [column.name for column in contract.columns if column.name not in present]
    if missing:
        raise InputError(f"table {contract.name} lacks the column(s) {', '.join(missing)}")


def same_fleet(one: Fleet, other: Fleet) -> bool:
    """Whether two fleets are identical, column by column."""
    pairs: list[tuple[Any, Any, tuple[str, ...]]] = [(one, other, HOME_COLUMNS)]
    pairs.append((one.cars, other.cars, _names(one.cars)))
    pairs += [(rows, other.appliances[name], _names(rows)) for name, rows in one.appliances.items()]
    return (
        one.seed == other.seed
        and dict(one.words) == dict(other.words)
        and all(
            np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True)
            for a, b, names in pairs
            for name in names
        )
    )


def _names(rows: Cars | Appliances) -> tuple[str, ...]:
    return tuple(field.name for field in fields(rows))
