"""Prices of energy by month, day type and hour: as one number, by hour, as rows of a tariff sheet, or in full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Discriminator, Field, Tag, model_validator

from vpp_core.scenario.rules import Rules

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAY_TYPES = ("weekday", "weekend")
HOURS_OF_DAY = 24
SHAPE = (len(MONTHS), len(DAY_TYPES), HOURS_OF_DAY)
"""Of a table in full: month, day type (weekday, weekend or holiday), local hour."""
IN_FULL = len(MONTHS) * len(DAY_TYPES) * HOURS_OF_DAY
HIGHEST_USD_PER_KWH = 10.0

Table = npt.NDArray[np.float64]


class Row(Rules):
    """One line of a tariff sheet: the hours it holds in, and its price."""

    months: tuple[int, ...] = Field(tuple(range(1, 13)), description="months it holds in, 1 to 12; all unless given")
    days: Literal["all", "weekday", "weekend"] = Field(
        "all", description="day type: weekend is Saturday, Sunday and holidays"
    )
    hours: tuple[int, int] = Field(
        (0, HOURS_OF_DAY),
        description="first local hour and the end, such as [16, 21]; [21, 8] runs overnight",
    )
    usd_per_kwh: float = Field(ge=0, le=HIGHEST_USD_PER_KWH, description="price [$/kWh]")

    @model_validator(mode="after")
    def _possible(self) -> Row:
        if not self.months or not all(1 <= month <= len(MONTHS) for month in self.months):
            raise ValueError("months are numbers from 1 to 12, at least one")
        begin, end = self.hours
        if not (0 <= begin < HOURS_OF_DAY and 0 <= end <= HOURS_OF_DAY and begin != end):
            raise ValueError(f"hours {begin} to {end} are none; give the first hour (0 … 23) and the end (0 … 24)")
        return self

    def holds(self) -> npt.NDArray[np.bool_]:
        """Say where the row gives the price.

        Returns
        -------
        array of bool
            Of shape `SHAPE`.
        """
        begin, end = self.hours
        hour = np.arange(HOURS_OF_DAY)
        hours = (begin <= hour) & (hour < end) if begin < end else (hour >= begin) | (hour < end)
        month = np.isin(np.arange(1, len(MONTHS) + 1), self.months)
        day = np.array([self.days in ("all", name) for name in DAY_TYPES])
        return month[:, None, None] & day[None, :, None] & hours


def _kind(given: Any) -> str:
    items = given if isinstance(given, list | tuple) else ()
    return "rows" if any(isinstance(item, dict | Row) for item in items) else "values"


Prices = Annotated[
    Annotated[tuple[float, ...], Tag("values")] | Annotated[tuple[Row, ...], Tag("rows")], Discriminator(_kind)
]
"""1 value (flat), 24 (by local hour), 576 (12 months × weekday, weekend × 24 hours), or rows."""


def in_full(prices: Sequence[float] | Sequence[Row]) -> Table:
    """Write prices of any form out as a table.

    Parameters
    ----------
    prices : sequence of float or Row
        1, 24 or 576 values [$/kWh], or rows of a tariff sheet.

    Returns
    -------
    array of float
        Prices [$/kWh], of shape `SHAPE`.

    Raises
    ------
    ValueError
        Where there is a gap, an overlap or a wrong count.
    """
    rows = [row for row in prices if isinstance(row, Row)]
    return _from_rows(rows) if rows else _from_values([float(value) for value in prices if not isinstance(value, Row)])


def _from_values(values: list[float]) -> Table:
    if len(values) not in (1, HOURS_OF_DAY, IN_FULL):
        raise ValueError(
            f"it has {len(values)} values; give 1 (flat), 24 (by local hour), 576 (12 months × weekday and weekend × "
            "24 hours) or rows with months, days, hours and usd_per_kwh"
        )
    if min(values) < 0 or max(values) > HIGHEST_USD_PER_KWH:
        raise ValueError(f"prices must lie within 0 … {HIGHEST_USD_PER_KWH:g} $/kWh")
    shape = SHAPE if len(values) == IN_FULL else (1, 1, len(values))
    return np.array(np.broadcast_to(np.array(values).reshape(shape), SHAPE))


def _from_rows(rows: list[Row]) -> Table:
    table, by = np.full(SHAPE, np.nan), np.zeros(SHAPE, dtype=np.int64)
    for number, row in enumerate(rows, start=1):
        here = row.holds()
        if (twice := here & (by > 0)).any():
            raise ValueError(
                f"rows {by[twice][0]} and {number} overlap {_where(twice)}; change the months, days or hours of one"
            )
        table[here], by[here] = row.usd_per_kwh, number
    if (gap := by == 0).any():
        raise ValueError(f"no row gives a price {_where(gap)}; add a row, or lengthen one")
    return table


def _where(cells: npt.NDArray[np.bool_]) -> str:
    """The first of some hours, and how many there are."""
    month, day, hour = np.argwhere(cells)[0]
    return f"in {MONTHS[month]} on a {DAY_TYPES[day]} at {hour} h ({cells.sum()} of {IN_FULL} hours)"
