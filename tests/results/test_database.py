"""The database: an analyst finds tables, comments and views that work, also when nothing has been run yet."""

import duckdb
import pytest

from vpp_core.results.database import DATABASE_TABLES, build_database, result_tables
from vpp_core.results.kpis import kpi_daily, kpi_monthly

SURPLUS = {"no_vpp": 0.0, "negotiated": 20.0, "perfect_foresight": 50.0}


@pytest.fixture(scope="module")
def database(invent, tmp_path_factory):
    run = invent(SURPLUS, days=2, homes=6, gains={"negotiated": 0.05})
    path = tmp_path_factory.mktemp("database") / "reports.duckdb.tmp"
    tables = {
        "kpi_monthly": kpi_monthly(run.outcomes, run.scenario, run.month, run.fleet),
        "kpi_daily": kpi_daily(run.outcomes, run.scenario, run.month, run.prices),
        **result_tables(run.outcomes, run.month, run.scenario.name, run.fleet),
    }
    build_database(path, tables)
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


def test_every_table_column_and_view_carries_a_comment(database):
    tables = database.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall()
    assert {name for name, _ in tables} == set(DATABASE_TABLES)
    columns = database.execute(
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal"
    ).fetchall()
    views = database.execute("SELECT view_name, comment FROM duckdb_views() WHERE NOT internal").fetchall()
    assert {name for name, *_ in columns} == {name for name, _ in [*tables, *views]}
    assert not [row for row in [*tables, *columns, *views] if not row[-1]]
    assert {"ladder", "leaderboard", "category_months", "hours_of_day", "frontier"} == {name for name, _ in views}


def test_views_answer_and_agree_with_the_tables(database):
    ladder = database.execute("SELECT strategy, surplus_usd FROM ladder").df().set_index("strategy")["surplus_usd"]
    hours = database.execute("SELECT strategy, sum(surplus_usd) AS s FROM hours_of_day GROUP BY 1").df()
    assert hours.set_index("strategy")["s"].to_dict() == pytest.approx(ladder.to_dict(), abs=0.01)
    worse = database.execute(
        "SELECT sum(households_worse_off) FROM category_months WHERE strategy = 'negotiated'"
    ).fetchall()[0][0]
    assert worse == 5


def test_a_bound_has_no_losers_rather_than_none_of_them(database):
    query = "SELECT DISTINCT households_worse_off FROM category_months WHERE strategy = 'perfect_foresight'"
    assert database.execute(query).fetchall() == [(None,)]


def test_a_lake_without_results_still_has_all_tables(tmp_path):
    path = tmp_path / "reports.duckdb.tmp"
    build_database(path, {})
    with duckdb.connect(str(path)) as connection:
        for name in DATABASE_TABLES:
            assert connection.execute(f"SELECT count(*) FROM {name}").fetchall() == [(0,)]
        assert connection.execute("SELECT * FROM ladder").fetchall() == []
