"""What a contract is, and the forms made from it: a pyarrow schema, a pandera schema, an empty or ordered frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from vpp_core.errors import InputError

if TYPE_CHECKING:
    import pandera.pandas as pandera

TIMESTAMP = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Column:
    """One column: its Arrow type, what it means (unit included), and the bounds a value must keep."""

    name: str
    type: pa.DataType
    description: str
    nullable: bool = False
    at_least: float | None = None
    at_most: float | None = None
    one_of: tuple[str, ...] | None = None
    rows: Contract | None = None
    """of a list column: the table nested in it"""
    may_be_nan: bool = False
    """of numbers: whether NaN means something; null and NaN are told apart in a stored table"""


@dataclass(frozen=True)
class Contract:
    """A table: its name, meaning, columns, and the key that makes a row unique."""

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = field(default=())

    def __hash__(self) -> int:
        """The hash of the name; to hash all columns takes longer than the look-ups that need it."""
        return hash(self.name)

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema, with the descriptions as field metadata."""
        return pa.schema(
            [
                pa.field(c.name, c.type, nullable=c.nullable, metadata={"description": c.description})
                for c in self.columns
            ],
            metadata={"table": self.name, "description": self.description},
        )

    @property
    def struct(self) -> pa.StructType:
        """The row type, for tables nested in another."""
        return pa.struct([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])

    def arrow(self, frame: pd.DataFrame) -> pa.Table:
        """Put a frame into exactly this schema.

        Parameters
        ----------
        frame : pandas.DataFrame
            With all columns of the contract; others are left out.

        Returns
        -------
        pyarrow.Table
            In the contract's order.

        Raises
        ------
        InputError
            Where a column is missing, of another type, or has empty values that it may not have.
        """
        missing = [c.name for c in self.columns if c.name not in frame]
        if missing:
            raise InputError(f"table {self.name} lacks the column(s) {', '.join(missing)}")
        # Column by column: `Table.from_pandas` also describes the frame's own types, which takes longer than the rest.
        columns = [self._column(frame[field.name], field) for field in self.schema]
        return pa.Table.from_arrays(columns, schema=self.schema)

    def _column(self, values: pd.Series, field: pa.Field) -> pa.Array:
        try:
            column = pa.array(values, type=field.type, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise InputError(f"table {self.name} does not fit its contract: {field.name}: {error}") from error
        if column.null_count and not field.nullable:
            raise InputError(f"table {self.name}: {field.name} has {column.null_count} empty values and may have none")
        return column

    @cached_property
    def pandera(self) -> pandera.DataFrameSchema:
        """The pandera schema of this contract (pandera is imported here: it takes a second)."""
        import pandera.pandas as pandera

        return pandera.DataFrameSchema(
            {c.name: pandera.Column(nullable=c.nullable, checks=list(_checks(pandera, c))) for c in self.columns},
            unique=list(self.key) or None,
            name=self.name,
            description=self.description,
        )


def _checks(pandera: Any, column: Column) -> Any:
    if column.at_least is not None:
        yield pandera.Check.ge(column.at_least)
    if column.at_most is not None:
        yield pandera.Check.le(column.at_most)
    if column.one_of is not None:
        yield pandera.Check.isin(column.one_of)
