"""Two strategies compared from the report database: key figures per month, and the paired difference over days.

    python examples/compare_strategies.py centralized_aware negotiated [data_lake/reports.duckdb]

Read-only: a run that finishes meanwhile puts a new database in its place and disturbs nobody.
"""

from __future__ import annotations

import sys

import duckdb

from vpp_core.results.statistics import sum_interval

KPIS = """
    SELECT scenario, month, strategy, surplus_usd, percent_of_perfect, household_gain_usd, satisfaction_mean, violations
    FROM kpi_monthly WHERE strategy IN (?, ?) ORDER BY scenario, month, strategy
"""
DAYS = """
    SELECT one.scenario, one.local_day, one.surplus_usd - other.surplus_usd AS difference_usd
    FROM kpi_daily AS one JOIN kpi_daily AS other USING (scenario, month, local_day)
    WHERE one.strategy = ? AND other.strategy = ? ORDER BY one.scenario, one.local_day
"""


def main(one: str, other: str, database: str = "data_lake/reports.duckdb") -> None:
    """Print the figures of both strategies, and per scenario by how much `one` earned more."""
    with duckdb.connect(database, read_only=True) as connection:
        print(connection.execute(KPIS, [one, other]).df().to_string(index=False, float_format="%.3f"))  # noqa: T201
        days = connection.execute(DAYS, [one, other]).df()
    for scenario, rows in days.groupby("scenario"):
        measured = sum_interval(rows["difference_usd"].to_numpy())
        between = "" if measured.low is None else f", 95 % interval {measured.low:.2f} to {measured.high:.2f}"
        print(f"{scenario}, {len(rows)} days: {one} − {other} = {measured.estimate:.2f} ${between}")  # noqa: T201


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("name two strategies, such as centralized_aware negotiated, and a database if it lies elsewhere")
    main(*sys.argv[1:])
