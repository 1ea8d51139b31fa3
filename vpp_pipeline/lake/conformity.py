"""Whether a table keeps its contract, tables nested in it included: types, missing values, bounds, keys."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from vpp_core.errors import InputError
from vpp_core.tables import Column, Contract

LONGEST_REASON = 200


def conform(table: pa.Table, contract: Contract, where: str) -> pa.Table:
    """The table with the contract's schema, or an `InputError` that names the first column that breaks it."""
    missing = [column.name for column in contract.columns if column.name not in table.column_names]
    if missing:
        raise InputError(f"{where} lacks the column(s) {', '.join(missing)}")
    try:
        metadata = table.schema.metadata or {}
        kept = {key: value for key, value in metadata.items() if key != b"pandas" and not key.startswith(b"vpp.")}
        schema = contract.schema.with_metadata({**kept, **(contract.schema.metadata or {})})
        table = table.select(schema.names)
        alike = table.schema.equals(schema)  # a cast would name what is missing in thousands of letters
        table = pa.Table.from_arrays(table.columns, schema=schema) if alike else table.cast(schema)
        table.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, ValueError) as error:
        said = textwrap.shorten(str(error), LONGEST_REASON)
        raise InputError(f"{where} does not fit the contract of {contract.name}: {said}") from error
    for fault in _faults(table, contract, ""):
        raise InputError(f"{where}: {fault}")
    return table


def _faults(table: pa.Table, contract: Contract, within: str) -> Iterator[str]:
    """A sentence for everything that breaks the contract; `within` names the column that the table is nested in."""
    for column in contract.columns:
        values = table.column(column.name)
        name = f"{within}{column.name}"
        yield from _column_faults(values, column, name)
        if column.rows is not None:
            rows = pc.list_flatten(values)
            if rows.null_count:
                yield f"{name} has {rows.null_count} empty rows and may have none"
            else:
                batches = [pa.RecordBatch.from_struct_array(chunk) for chunk in rows.chunks]
                yield from _faults(pa.Table.from_batches(batches, pa.schema(list(rows.type))), column.rows, f"{name}.")
    if contract.key and table.group_by(list(contract.key)).aggregate([]).num_rows != table.num_rows:
        yield f"two rows have the same {', '.join(within + name for name in contract.key)}"


def _column_faults(values: pa.ChunkedArray, column: Column, name: str) -> Iterator[str]:
    if values.null_count and not column.nullable:
        yield f"{name} has {values.null_count} empty values and may have none"
    numbers = pc.list_flatten(values) if pa.types.is_list(values.type) and column.rows is None else values
    if pa.types.is_floating(numbers.type):
        odd = pc.is_inf(numbers) if column.may_be_nan else pc.invert(pc.is_finite(numbers))
        count = pc.sum(odd).as_py() or 0
        if count:  # no bound holds it back: NaN passes every comparison
            yield f"{name} has {count} values that are not numbers (NaN or infinity)"
    for bound, low in ((column.at_least, True), (column.at_most, False)):
        if bound is None:
            continue
        extreme = (pc.min if low else pc.max)(values).as_py()
        if extreme is not None and (extreme < bound if low else extreme > bound):
            yield f"{name} holds {extreme:g}, {'below' if low else 'above'} {bound:g}"
    if column.one_of is not None:
        strange = set(pc.unique(values).to_pylist()) - {*column.one_of, None}
        if strange:
            yield f"{name} holds {sorted(strange)[0]!r}, not one of {column.one_of}"
