"""The published record that synthetic prices are held against, and how they stand beside it.

`price_record.csv` has a row per published figure: what it is, over which days, its value, whether the model's figures
were chosen on it, and its source (letters as in `price_regimes`, and F: CAISO's own files of July, September and
October 2020 at a node of PG&E's area). A figure is met where it lies between the model's 5th and 95th percentile over
40 draws.

Traps of the record, not of the model: M pools four load points and takes its maxima over all four; its highest reserve
price is an average over regions, of whichever product was dearest; H is a hub average in real time of five minutes;
X is one of the four prices that add up at Los Angeles; F lies in the north. A fortnight of M begins on the day it is
named by: its excursions lie in the 14 days after it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp_core.calendar import Month, Period
from vpp_core.sources.synthetic_prices import SPIKE_USD_PER_MWH, SyntheticPrices, synthetic_prices

Floats = npt.NDArray[np.float64]

SEEDS = range(40)
BAND = (5.0, 95.0)
_SERIES = {"rt": "real_time", "da": "day_ahead", "spin": "spin", "nonspin": "nonspin", "reserve": "spin"}
_PERCENTILE = re.compile(r"p(\d+)$")


@dataclass(frozen=True)
class Published:
    """One published figure."""

    figure: str
    first_day: str
    last_day: str
    value: float
    chosen: bool
    """whether the model's own figures were chosen on it"""
    source: str

    @property
    def months(self) -> list[Month]:
        """The months its days lie in."""
        month, last = Month.parse(self.first_day[:7]), Month.parse(self.last_day[:7])
        found = [month]
        while found[-1] != last:
            found.append(found[-1].next())
        return found


@cache
def record() -> tuple[Published, ...]:
    """All published figures, in the order of the file."""
    text = (files("vpp_core.sources") / "price_record.csv").read_text()
    return tuple(
        Published(
            row["figure"], row["first_day"], row["last_day"], float(row["value"]), row["chosen"] == "yes", row["source"]
        )
        for row in csv.DictReader(io.StringIO(text))
    )


def beside_record(seeds: Iterable[int] = SEEDS, published: tuple[Published, ...] | None = None) -> pd.DataFrame:
    """The model beside the record: a row per published figure.

    Columns: figure, first_day, last_day, record, low, middle, high (5th, 50th and 95th percentile of the draws), met,
    chosen, source.
    """
    rows = record() if published is None else published
    drawn = np.array([_figures_of_draw(seed, rows) for seed in seeds])
    low, middle, high = np.percentile(drawn, [BAND[0], 50, BAND[1]], axis=0)
    value = np.array([row.value for row in rows])
    return pd.DataFrame(
        {
            "figure": [row.figure for row in rows],
            "first_day": [row.first_day for row in rows],
            "last_day": [row.last_day for row in rows],
            "record": value,
            "low": low,
            "middle": middle,
            "high": high,
            "met": (value >= np.round(low, 2)) & (value <= np.round(high, 2)),
            "chosen": [row.chosen for row in rows],
            "source": [row.source for row in rows],
        }
    )


def _figures_of_draw(seed: int, rows: tuple[Published, ...]) -> list[float]:
    """Every figure of the record in one draw of all the months that it needs."""
    months = {month for row in rows for month in row.months}
    drawn = {month: synthetic_prices(month, seed) for month in sorted(months, key=str)}
    return [_figure(row, drawn) for row in rows]


def _figure(row: Published, drawn: dict[Month, SyntheticPrices]) -> float:
    name, what = row.figure.split("_", 1)
    inside = {month: _within(month, row.first_day, row.last_day) for month in row.months}
    values = np.concatenate([getattr(drawn[month], _SERIES[name])[inside[month]] for month in row.months])
    hours = np.concatenate([_hours(month)[inside[month]] for month in row.months])
    if name != "rt" or what.startswith("hourly_"):
        values, hours = values.reshape(-1, 4).mean(axis=1), hours[::4]
    return figure_of(what.removeprefix("hourly_"), values, hours)


def figure_of(what: str, values: Floats, hours: npt.NDArray[np.intp]) -> float:
    """A figure of a price series by its name, such as `mean`, `p95`, `ramp_p99` or `above_250_percent`.

    `hours` are the local clock hours of `values`.
    """
    percentile = _PERCENTILE.search(what)
    if percentile:
        of = np.abs(np.diff(values)) if what.startswith("ramp_") else values
        return float(np.percentile(of, int(percentile[1])))
    return _FIGURES[what](values, hours)


def _explained_by_hour(values: Floats, hours: npt.NDArray[np.intp]) -> float:
    """How much of the variance of hourly means the hour of the day explains [%]."""
    each = 4 if (hours[0] == hours[1]) else 1
    hourly, clock = values.reshape(-1, each).mean(axis=1), hours[::each]
    usual = np.bincount(clock, hourly, minlength=24) / np.maximum(np.bincount(clock, minlength=24), 1)
    return float(100 * (1 - np.var(hourly - usual[clock]) / np.var(hourly)))


_FIGURES: dict[str, Callable[[Floats, npt.NDArray[np.intp]], float]] = {
    "mean": lambda values, hours: float(values.mean()),
    "max": lambda values, hours: float(values.max()),
    "negative_percent": lambda values, hours: float(100 * (values < 0).mean()),
    "negative_hours": lambda values, hours: float((values < 0).sum()),
    "above_250_percent": lambda values, hours: float(100 * (values > SPIKE_USD_PER_MWH).mean()),
    "memory": lambda values, hours: float(np.corrcoef(values[1:], values[:-1])[0, 1]),
    "hour_of_day_percent": _explained_by_hour,
}


@cache
def _within(month: Month, first_day: str, last_day: str) -> npt.NDArray[np.bool_]:
    """Which intervals of the month lie on these local days."""
    period = Period(month)
    days = np.array([first_day <= day <= last_day for day in period.days])
    return np.asarray(days[period.day_of_interval])


@cache
def _hours(month: Month) -> npt.NDArray[np.intp]:
    return np.asarray(Period(month).local.hour)
