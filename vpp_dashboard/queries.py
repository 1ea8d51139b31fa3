"""Every question that a page asks of the lake, as plain functions from the lake to frames. Knows no Streamlit."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from vpp_core.calendar import Month
from vpp_core.devices import APPLIANCES
from vpp_core.errors import InputError
from vpp_core.fleet.arrow import fleet_from_arrow
from vpp_core.results.database import DATABASE_TABLES
from vpp_core.results.gap import step_interval, step_row
from vpp_core.results.run import Run
from vpp_core.results.rungs import NEGOTIATED, over
from vpp_core.results.shares import REAL
from vpp_core.results.statistics import Interval
from vpp_core.strategies.registry import STRATEGIES
from vpp_core.tables import OUTCOMES
from vpp_dashboard.store import parquet, remembered, rows, timezone_of
from vpp_pipeline.lake import Lake

_APPLIANCES = "".join(f"len({device.source}s) AS {device.name}s, " for device in APPLIANCES)
OF_RUN = "WHERE month = ? AND scenario = ?"


@remembered
def kpis(lake: Lake) -> pd.DataFrame:
    """Rows of `KPI_MONTHLY` of every month, scenario and strategy, in the ladder's order."""
    return _ladder_order(rows(lake, "SELECT * FROM kpi_monthly"), "month", "scenario")


def _ladder_order(found: pd.DataFrame, *before: str) -> pd.DataFrame:
    """Rows by some columns, then in the ladder's order; strategies that are not loaded here behind the others."""
    place = {key: position for position, key in enumerate(STRATEGIES)}
    rung = found["strategy"].map(place).fillna(len(place))
    return found.assign(rung=rung).sort_values([*before, "rung"], ignore_index=True).drop(columns="rung")


def kpis_of(lake: Lake, month: str, scenario: str) -> pd.DataFrame:
    """Rows of `KPI_MONTHLY` of one run, in the ladder's order."""
    every = kpis(lake)
    return every[(every["month"] == month) & (every["scenario"] == scenario)].reset_index(drop=True)


@remembered
def shares(lake: Lake) -> pd.DataFrame:
    """Real share of each series [%] by month and scenario: month, scenario, series, real_percent."""
    every = rows(lake, "SELECT * FROM data_shares")
    real = every.assign(real_percent=every["percent"].where(every["source"].isin(REAL), 0.0))
    return real.groupby(["month", "scenario", "series"], sort=False)["real_percent"].sum().reset_index()


@remembered
def sources(lake: Lake, month: str, scenario: str) -> pd.DataFrame:
    """Rows of `DATA_SHARES` of one run."""
    return rows(lake, f"SELECT series, source, percent FROM data_shares {OF_RUN}", (month, scenario))


@remembered
def split(lake: Lake, month: str, scenario: str) -> pd.DataFrame:
    """Rows of `GAP_SPLIT` of one run."""
    return rows(lake, f"SELECT * FROM gap_split {OF_RUN}", (month, scenario))


@remembered
def daily(lake: Lake, month: str, scenario: str) -> pd.DataFrame:
    """Rows of `KPI_DAILY` of one run."""
    return rows(lake, f"SELECT * FROM kpi_daily {OF_RUN}", (month, scenario))


@remembered
def windows(lake: Lake, month: str, scenario: str, strategy: str) -> pd.DataFrame:
    """Rows of `window_results` of one run and strategy, with the start in local time as `local`."""
    found = rows(
        lake,
        f"SELECT * FROM window_results {OF_RUN} AND strategy = ? ORDER BY window_start",
        (month, scenario, strategy),
    )
    return found.assign(
        local=pd.to_datetime(found["window_start"], utc=True).dt.tz_convert(timezone_of(lake, scenario))
    )


@remembered
def scenario_parameters(lake: Lake) -> pd.DataFrame:
    """Rows of `SCENARIOS`."""
    return rows(lake, "SELECT * FROM scenarios")


@remembered
def prices(lake: Lake, month: str, scenario: str) -> pd.DataFrame:
    """Rows of `MARKET_PRICES` of one run."""
    found = rows(lake, f"SELECT * FROM market_prices {OF_RUN} ORDER BY timestamp", (month, scenario))
    return found.assign(timestamp=pd.to_datetime(found["timestamp"], utc=True))


@remembered
def homes(lake: Lake, month: str, scenario: str) -> pd.DataFrame:
    """A row per home: category, devices and preferences."""
    return rows(
        lake,
        f"""SELECT home_id, category, bess_capacity_kwh, bess_max_power_kw, pv_capacity_kw, len(cars) AS cars,
                   len(list_filter(cars, lambda car: car.v2g)) AS v2g_cars, {_APPLIANCES}
                   participation_willingness, min_compensation_usd_per_kwh, opening_ask_usd_per_kwh,
                   backup_power_hours, 100 * max_discharge_share AS max_discharge_percent, ev_priority,
                   load_profile_id, pv_orientation
            FROM prosumer_fleet {OF_RUN} ORDER BY home_id""",
        (month, scenario),
    )


@remembered
def household_days(lake: Lake, month: str, scenario: str, home_id: int) -> pd.DataFrame:
    """Rows of `household_results` of one home, of every strategy and day."""
    found = rows(lake, f"SELECT * FROM household_results {OF_RUN} AND home_id = ?", (month, scenario, home_id))
    return _ladder_order(found, "local_day")


_BOOKS = (
    "household_gain_usd", "payment_usd", "bill_change_usd", "wear_change_usd", "end_energy_usd", "surplus_usd",
    "offered_kwh", "deviation_kwh", "discharged_for_vpp_kwh", "bill_counterfactual_usd",
)  # fmt: skip


@remembered
def household_months(lake: Lake, month: str, scenario: str) -> pd.DataFrame:
    """A row per strategy and home: the period's books, mean satisfaction, category and devices."""
    query = f"SELECT strategy, home_id, {', '.join(_BOOKS)}, satisfaction FROM household_months {OF_RUN}"
    found = rows(lake, f"{query} ORDER BY home_id", (month, scenario))
    months = _ladder_order(found, "home_id")
    return months.merge(homes(lake, month, scenario).assign(devices=devices_of), on="home_id")


def devices_of(fleet: pd.DataFrame) -> pd.Series:
    """What each home has, in words."""
    words = {
        "battery": fleet["bess_capacity_kwh"] > 0,
        "solar": fleet["pv_capacity_kw"] > 0,
        "car": fleet["cars"] > 0,
        **{device.words: fleet[f"{device.name}s"] > 0 for device in APPLIANCES},
    }
    has = pd.DataFrame(words).to_numpy()
    names = np.array(list(words))
    return pd.Series([" + ".join(names[own]) or "no device" for own in has], index=fleet.index)


@remembered
def study(lake: Lake) -> pd.DataFrame:
    """Rows of `STUDY`."""
    return rows(lake, "SELECT * FROM study")


class Headline(NamedTuple):
    """Negotiated less a commanded rung, a home, over the period [$]; and that rung's own surplus a home [$]."""

    rung: str
    apart: Interval
    made_usd: float
    one_day: str | None
    """the day that alone makes more than half of it"""


def headline(lake: Lake, month: str, scenario: str, rung: str) -> Headline | None:
    """Negotiated against a rung, per home; None where one of them was not run."""
    own = kpis_of(lake, month, scenario).set_index("strategy")
    found = split(lake, month, scenario)
    row = step_row(found, over(NEGOTIATED, rung))
    whole = step_interval(found, over(NEGOTIATED, rung))
    if row is None or whole is None or rung not in own.index:
        return None
    of_rung: dict[Any, Any] = own.loc[rung].to_dict()
    low, high = (None if end is None else end / of_rung["homes"] for end in (whole.low, whole.high))
    apart = Interval(whole.estimate / of_rung["homes"], low, high)
    day = str(row["largest_day"]) if row["one_day_dominates"] else None
    return Headline(rung, apart, float(of_rung["surplus_per_home_usd"]), day)


def gainers_percent(lake: Lake, month: str, scenario: str, strategy: str = NEGOTIATED) -> float | None:
    """Share of households that gain a cent or more [%]."""
    months = household_months(lake, month, scenario)
    gains = months.loc[months["strategy"] == strategy, "household_gain_usd"].dropna()
    return 100 * float((gains >= 0.01).mean()) if len(gains) else None


@remembered
def told(lake: Lake, month: str, scenario: str) -> list[str]:
    """The answer in the report's own sentences; none where the report is not there."""
    try:
        summary = json.loads((lake.report_folder(month, scenario) / "simulation_summary.json").read_text())
        return [str(sentence) for sentence in summary["answer"]]
    except (OSError, ValueError, KeyError):
        return []


class StepParts(NamedTuple):
    """A difference between two strategies [$], taken apart in three ways that each add up to it."""

    days: pd.DataFrame
    """local_day, difference_usd"""
    windows: pd.DataFrame
    """local_day, window (its local start), difference_usd"""
    homes: pd.DataFrame
    """home_id, category, devices, difference_usd: every home over the period"""
    homes_by_day: pd.DataFrame
    """local_day beside these: of a large fleet only the homes whose days are kept"""

    def of_day(self, day: str) -> StepParts:
        days, windows, homes = (part[part["local_day"] == day] for part in (self.days, self.windows, self.homes_by_day))
        return StepParts(days, windows, homes.drop(columns="local_day"), homes)


@remembered
def step_parts(lake: Lake, month: str, scenario: str, upper: str, lower: str) -> StepParts:
    """The surplus of one strategy less that of another, by day, market window and home."""
    signed = "sum(CASE WHEN strategy = ? THEN surplus_usd ELSE -surplus_usd END) AS difference_usd"
    given = (upper, month, scenario, upper, lower)
    days, by_window, by_home, by_home_and_day = (
        rows(
            lake,
            f"SELECT {keys}, {signed} FROM {name} {OF_RUN} AND strategy IN (?, ?) GROUP BY ALL ORDER BY ALL",
            given,
        )
        for name, keys in (
            ("kpi_daily", "local_day"),
            ("window_results", "local_day, window_start"),
            ("household_months", "home_id"),
            ("household_results", "local_day, home_id"),
        )
    )
    start = pd.to_datetime(by_window.pop("window_start"), utc=True).dt.tz_convert(timezone_of(lake, scenario))
    fleet = homes(lake, month, scenario)
    known = fleet.assign(devices=devices_of)[["home_id", "category", "devices"]]
    return StepParts(
        days,
        by_window.assign(window=start.dt.strftime("%Y-%m-%d %H:%M")),
        by_home.merge(known, on="home_id"),
        by_home_and_day.merge(known, on="home_id"),
    )


@remembered
def light_run(lake: Lake, month: str, scenario: str) -> Run:
    """A report's record for figures that need only key figures, differences and prices: its outcomes are empty."""
    fleet = fleet_from_arrow(lake.read("prosumer_fleet", month, scenario).table)
    empty = pd.DataFrame()
    return Run(
        kpis_of(lake, month, scenario),
        daily(lake, month, scenario),
        split(lake, month, scenario),
        empty,
        OUTCOMES.schema.empty_table(),
        lake.scenario(scenario).in_month(Month.parse(month)),
        Month.parse(month),
        prices(lake, month, scenario),
        empty,
        empty,
        empty,
        fleet,
        {},
    )


def require_run(lake: Lake, month: str, scenario: str) -> None:
    """An `InputError` where there is no such run."""
    if kpis_of(lake, month, scenario).empty:
        raise InputError(f"there are no results of {month}, scenario {scenario}; make them with `vpp run`")


HOUSEHOLDS = DATABASE_TABLES["household_results"]


_INTERVALS = "(SELECT unnest(intervals, max_depth := 2) FROM stored)"
"""Rows of `HOME_INTERVALS`, which are nested in a run's `window_results`."""


@remembered
def kept_homes(lake: Lake, month: str, scenario: str) -> list[int]:
    """Homes whose intervals are kept."""
    query = "SELECT DISTINCT unnest(list_distinct([row.home_id FOR row IN intervals])) AS home_id FROM stored"
    return sorted(map(int, parquet(lake, query, "window_results", month, scenario)["home_id"]))


@remembered
def intervals_of_home(lake: Lake, month: str, scenario: str, home: int) -> pd.DataFrame:
    """Rows of `HOME_INTERVALS` of one home; none where they are not kept."""
    found: pd.DataFrame = parquet(
        lake, f"SELECT * FROM {_INTERVALS} WHERE home_id = ?", "window_results", month, scenario, (home,)
    )
    return found


def kpis_digest(lake: Lake, month: str, scenario: str) -> str:
    """What changes when a month is made anew."""
    return lake.digest("kpi_monthly", month, scenario)


@remembered
def table(lake: Lake, name: str, month: str, scenario: str) -> pd.DataFrame:
    """A table of the lake that is whole."""
    found: pd.DataFrame = parquet(lake, "SELECT * FROM stored", name, month, scenario)
    stamps = {column: pd.to_datetime(found[column], utc=True) for column in ("timestamp",) if column in found}
    return found.assign(**stamps)


@remembered
def leaderboard(lake: Lake) -> pd.DataFrame:
    """How the aggregator's negotiators did, over all months and scenarios."""
    return rows(lake, "SELECT * FROM leaderboard")
