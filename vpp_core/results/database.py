"""`reports.duckdb`: the tables of all results, with comments that let an analyst find their way in the duckdb shell."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpp_core.calendar import Month
from vpp_core.fleet.fleet import CATEGORIES, Fleet
from vpp_core.iso import DEFAULT, ISOS
from vpp_core.scenario import Scenario
from vpp_core.settlement.outcome import outcome_tables
from vpp_core.tables import (
    CLAIMS,
    DATA_SHARES,
    GAP_SPLIT,
    HOUSEHOLD_DAYS,
    HOUSEHOLD_MONTHS,
    KPI_DAILY,
    KPI_MONTHLY,
    MARKET_PRICES,
    NEGOTIATOR_SCORES,
    PROSUMER_FLEET,
    SCENARIOS,
    STUDY,
    WINDOW_RESULTS,
    Column,
    Contract,
)

if TYPE_CHECKING:
    import duckdb

_RUN = KPI_MONTHLY.columns[:2]
_CATEGORY = Column("category", pa.string(), "preference category of the household")

DATABASE_TABLES: dict[str, Contract] = {
    contract.name: contract
    for contract in (
        KPI_MONTHLY,
        KPI_DAILY,
        Contract("window_results", WINDOW_RESULTS.description, _RUN + WINDOW_RESULTS.columns),
        Contract(
            "household_results",
            HOUSEHOLD_DAYS.description,
            (*_RUN, *HOUSEHOLD_DAYS.columns, _CATEGORY),
        ),
        Contract("household_months", HOUSEHOLD_MONTHS.description, (*_RUN, *HOUSEHOLD_MONTHS.columns, _CATEGORY)),
        GAP_SPLIT,
        CLAIMS,
        NEGOTIATOR_SCORES,
        STUDY,
        SCENARIOS,
        Contract("prosumer_fleet", "The homes of each month and scenario.", _RUN + PROSUMER_FLEET.columns),
        Contract("market_prices", MARKET_PRICES.description, _RUN + MARKET_PRICES.columns),
        DATA_SHARES,
    )
}
"""The tables of the database by name, in the order in which they are built."""

_TIMEZONE = " ".join(
    [
        "CASE",
        *(
            f"""WHEN scenario IN (SELECT s.scenario FROM scenarios s WHERE s.parameter = 'iso' AND s.value = '"{key}"')
            THEN '{iso.timezone}'"""
            for key, iso in ISOS.items()
            if iso is not DEFAULT
        ),
        f"ELSE '{DEFAULT.timezone}' END",
    ]
)
"""Of a row's scenario: a scenario of the default market does not name it."""

_VIEWS = {
    "ladder": (
        "The month in a few columns: one row per month, scenario and strategy.",
        """SELECT month, scenario, strategy, round(surplus_usd, 2) AS surplus_usd,
                  round(surplus_over_smart_home_usd, 2) AS surplus_over_smart_home_usd,
                  round(percent_of_perfect, 1) AS percent_of_perfect, round(vpp_profit_usd, 2) AS vpp_profit_usd,
                  round(household_gain_usd, 2) AS household_gain_usd, households_worse_off,
                  round(satisfaction_mean, 3) AS satisfaction_mean, violations
           FROM kpi_monthly ORDER BY month, scenario, percent_of_perfect""",
    ),
    "leaderboard": (
        "Who decided for the aggregator, over all months and scenarios: what it got of what could be gained.",
        """SELECT strategy, negotiator, count(DISTINCT (month, scenario)) AS runs,
                  CAST(sum(negotiations) AS BIGINT) AS negotiations, CAST(sum(offers) AS BIGINT) AS offers,
                  100 * sum(aggregator_usd) / nullif(sum(achievable_usd), 0) AS score_percent,
                  100 * sum(joint_usd) / nullif(sum(achievable_usd), 0) AS joint_percent,
                  100 * sum(household_usd) / nullif(sum(achievable_usd), 0) AS household_percent,
                  CAST(sum(missed) AS BIGINT) AS missed, CAST(sum(irrational_offers) AS BIGINT) AS irrational_offers,
                  CAST(sum(promises_broken) AS BIGINT) AS promises_broken
           FROM negotiator_scores WHERE side = 'aggregator' GROUP BY strategy, negotiator
           ORDER BY score_percent DESC""",
    ),
    "category_months": (
        "Households by preference category: gains, losers and satisfaction per strategy.",
        """SELECT month, scenario, strategy, category, count(*) AS homes,
                  avg(household_gain_usd) AS gain_per_household_usd, min(household_gain_usd) AS gain_worst_usd,
                  CASE WHEN count(household_gain_usd) > 0
                       THEN count(*) FILTER (household_gain_usd <= -0.01) END AS households_worse_off,
                  avg(satisfaction) AS satisfaction
           FROM household_months GROUP BY month, scenario, strategy, category""",
    ),
    "hours_of_day": (
        "What each strategy earned and moved by local hour of day.",
        f"""SELECT month, scenario, strategy,
                  CAST(extract(hour FROM window_start AT TIME ZONE {_TIMEZONE}) AS INTEGER) AS local_hour,
                  avg(lmp_mean_usd_per_mwh) AS lmp_mean_usd_per_mwh, sum(surplus_usd) AS surplus_usd,
                  sum(moved_out_kwh) AS moved_out_kwh, sum(moved_in_kwh) AS moved_in_kwh,
                  sum(awarded_sell_kwh) AS awarded_sell_kwh, sum(awarded_buy_kwh) AS awarded_buy_kwh
           FROM window_results GROUP BY month, scenario, strategy, local_hour""",
    ),
    "frontier": (
        "Surplus against satisfaction over what a study varied, the mean over its fleet seeds.",
        """SELECT study, varied, value, month, strategy, count(*) AS members, avg(surplus_usd) AS surplus_usd,
                  avg(percent_of_perfect) AS percent_of_perfect, avg(satisfaction_mean) AS satisfaction_mean
           FROM study WHERE varied NOT IN ('seed', 'data_seed') GROUP BY study, varied, value, month, strategy""",
    ),
}

_VIEW_COLUMNS = {
    "leaderboard": {
        "runs": "months of scenarios that it decided",
        "household_percent": "what households are expected to gain, of the achievable joint gain [%]",
    },
    "category_months": {
        "homes": "households of the category",
        "gain_per_household_usd": "mean household gain of the category [$]; null for a bound",
        "gain_worst_usd": "smallest household gain of the category [$]; null for a bound",
        "households_worse_off": "households of the category a cent or more worse off; null for a bound",
        "satisfaction": "mean over the category's households, 0–1",
    },
    "hours_of_day": {
        "local_hour": "local hour of the day, 0–23",
        "lmp_mean_usd_per_mwh": "mean realised price of that hour over the period [$/MWh]",
        "surplus_usd": "surplus booked in that hour over the period [$]",
        "moved_out_kwh": "what stores gave more, or took less, than without a VPP in that hour over the period [kWh]",
        "moved_in_kwh": "what stores took more, or gave less, than without a VPP in that hour over the period [kWh]",
        "awarded_sell_kwh": "deviation for sale that cleared in that hour over the period [kWh]",
        "awarded_buy_kwh": "deviation to buy that cleared in that hour over the period [kWh]",
    },
    "frontier": {
        "members": "members of the study with this value: one per fleet seed",
        "surplus_usd": "mean surplus over the members [$]",
        "percent_of_perfect": "mean over the members of surplus over the proven bound of perfect_foresight [%]",
        "satisfaction_mean": "mean satisfaction over the members, 0–1; null for a bound",
    },
}
"""Columns of views that say something else than the table's column of that name; the others keep its meaning."""


def result_tables(outcomes: pa.Table, month: Month, scenario: str, fleet: Fleet) -> dict[str, pa.Table]:
    """Windows, households' days and their months of one month and scenario, as the database holds them."""
    flat = outcome_tables(outcomes)
    category = pd.Series([CATEGORIES[position] for position in fleet.category], index=fleet.home_id)
    run = {"month": str(month), "scenario": scenario}
    households = {"household_results": flat.households, "household_months": flat.months}
    return {
        "window_results": DATABASE_TABLES["window_results"].arrow(flat.windows.assign(**run)),
        **{
            name: DATABASE_TABLES[name].arrow(rows.assign(**run, category=rows["home_id"].map(category)))
            for name, rows in households.items()
        },
    }


def input_tables(
    fleet: pa.Table, market_prices: pa.Table, results: Mapping[str, pa.Table], month: Month, scenario: str
) -> dict[str, pa.Table]:
    """`prosumer_fleet` and `market_prices` of one month and scenario, as the database holds them: prices of the days
    of which there are results.
    """
    *_, before_last, last = sorted(results["window_results"]["window_start"].unique().to_pylist())
    end = pa.scalar(last + (last - before_last), market_prices["timestamp"].type)
    market_prices = market_prices.filter(pc.less(market_prices["timestamp"], end))
    return {
        name: _labelled(table, DATABASE_TABLES[name], str(month), scenario)
        for name, table in (("prosumer_fleet", fleet), ("market_prices", market_prices))
    }


def _labelled(table: pa.Table, contract: Contract, month: str, scenario: str) -> pa.Table:
    """The table with the month and the scenario before its own columns."""
    run = [pa.array([label] * len(table), pa.string()) for label in (month, scenario)]
    own = [table[column.name] for column in contract.columns[len(run) :]]
    return pa.Table.from_arrays([*run, *own], schema=contract.schema)


def scenario_rows(scenario: Scenario) -> pa.Table:
    """Rows of `SCENARIOS`."""
    parameters = dict(parameters_of(scenario))
    return SCENARIOS.arrow(
        pd.DataFrame(
            {"scenario": scenario.name, "parameter": list(parameters), "value": list(parameters.values())}, dtype=str
        )
    )


def parameters_of(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Dotted name and value, as JSON, of everything in a scenario but its name."""

    def walk(part: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
        for name, value in part.items():
            if isinstance(value, dict) and value:
                yield from walk(value, f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}", json.dumps(value, ensure_ascii=False)

    return walk(scenario.model_dump(mode="json", exclude={"name"}), "")


def build_database(path: Path, tables: Mapping[str, pd.DataFrame | pa.Table], listing: str = "") -> None:
    """Write a new DuckDB file at `path` (a temporary name: locking and replacing are the caller's).

    `tables` by the names of `DATABASE_TABLES`, all months and scenarios together; one that is absent is made empty, so
    that queries and views always work. Every table, column and view carries a comment. `listing`: digest of the files
    that the tables were read from, kept as a table of its own.
    """
    import duckdb

    path.write_bytes(_without_rows())
    with duckdb.connect(str(path)) as connection:
        connection.begin()
        for name, contract in DATABASE_TABLES.items():
            rows = tables.get(name)
            if rows is None:
                continue
            arrow = contract.arrow(rows) if isinstance(rows, pd.DataFrame) else rows.select(contract.schema.names)
            connection.register("incoming", arrow)
            connection.execute(f'INSERT INTO "{name}" SELECT * FROM incoming')
            connection.unregister("incoming")
        if listing:
            connection.execute("CREATE TABLE lake_listing AS SELECT ? AS listing", [listing])
            connection.execute(
                "COMMENT ON TABLE lake_listing IS 'digest of the Parquet tables this database was built from'"
            )
        connection.commit()


@cache
def _without_rows() -> bytes:
    """The file of a database with all tables, views and comments, and no rows.

    Made once in a process: its hundreds of comments take longer than the rows of a month.
    """
    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.begin()  # as one: each comment would wait for the disk
            for name, contract in DATABASE_TABLES.items():
                connection.register("incoming", contract.schema.empty_table())
                connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM incoming')
                connection.unregister("incoming")
                _comment(
                    connection, "TABLE", name, contract.description, {c.name: c.description for c in contract.columns}
                )
            for name, (description, query) in _VIEWS.items():
                connection.execute(f'CREATE VIEW "{name}" AS {query}')
                shown = connection.table(name).columns
                _comment(connection, "VIEW", name, description, {column: _meaning(name, column) for column in shown})
            connection.commit()
        return path.read_bytes()


def _comment(
    connection: duckdb.DuckDBPyConnection, kind: str, name: str, description: str, columns: Mapping[str, str]
) -> None:
    """Write what a table or a view holds, and what each of its columns does."""
    connection.execute(f'COMMENT ON {kind} "{name}" IS {_quoted(description)}')
    for column, meaning in columns.items():
        connection.execute(f'COMMENT ON COLUMN "{name}"."{column}" IS {_quoted(meaning)}')


def _meaning(view: str, column: str) -> str:
    """What a view's column holds: said beside the views, or the meaning of the table's column of that name."""
    own = _VIEW_COLUMNS.get(view, {}).get(column)
    if own:
        return own
    contracts = DATABASE_TABLES.values()
    return next(known.description for contract in contracts for known in contract.columns if known.name == column)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
