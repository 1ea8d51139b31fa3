"""Key figures: recomputed by hand-written SQL from the raw results, and true to their contracts."""

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from vpp_core.results.kpis import kpi_daily, kpi_monthly
from vpp_core.tables import KPI_DAILY, KPI_MONTHLY

LOSES = {"no_vpp": 0.0, "negotiated": 20.0, "centralized": 45.0, "perfect_foresight": 100.0}


@pytest.fixture(scope="module")
def run(invent):
    return invent(LOSES, days=4, homes=6, gains={"centralized": 0.05}, violations={"centralized": 3})


@pytest.fixture(scope="module")
def kpis(run):
    return kpi_monthly(run.outcomes, run.scenario, run.month, run.fleet).set_index("strategy")


def by_sql(run, query: str) -> pd.Series:
    """The two columns of a query on the nested outcomes as a series by strategy."""
    with duckdb.connect() as connection:
        connection.register("outcomes", run.outcomes)
        return connection.execute(query).df().set_index("strategy").iloc[:, 0]


def test_surplus_profit_and_worse_off_households_equal_sql_on_the_raw_results(run, kpis):
    surplus = by_sql(
        run,
        """SELECT strategy, sum(w.wholesale_usd + w.reserve_usd + w.call_usd + w.programme_usd
                               - w.bill_change_usd - w.wear_change_usd - w.penalty_usd + w.end_energy_usd)
           FROM (SELECT strategy, unnest(windows) AS w FROM outcomes) GROUP BY strategy""",
    )
    assert kpis["surplus_usd"].to_dict() == pytest.approx(surplus.to_dict())
    profit = by_sql(
        run,
        """SELECT strategy, sum(h.wholesale_usd + h.reserve_usd + h.call_usd + h.programme_usd
                               - h.penalty_usd - h.payment_usd)
           FROM (SELECT strategy, unnest(households) AS h FROM outcomes)
           WHERE strategy <> 'perfect_foresight' GROUP BY strategy""",
    )
    assert kpis["vpp_profit_usd"].dropna().to_dict() == pytest.approx(profit.to_dict())
    worse = by_sql(
        run,
        """WITH months AS (
               SELECT strategy, h.home_id AS home,
                      sum(h.payment_usd - h.bill_change_usd - h.wear_change_usd + h.end_energy_usd) AS gain
               FROM (SELECT strategy, unnest(households) AS h FROM outcomes) GROUP BY strategy, home)
           SELECT strategy, count(*) FILTER (gain <= -0.01) FROM months
           WHERE strategy = 'centralized' GROUP BY strategy""",
    )
    assert kpis.loc["centralized", "households_worse_off"] == worse["centralized"] == 5


def test_energy_and_bids_equal_sql_on_the_raw_results(run, kpis):
    offered = by_sql(
        run,
        """SELECT strategy, sum(w.bid_sell_kw) / 1000 FROM (SELECT strategy, unnest(windows) AS w FROM outcomes)
           GROUP BY strategy""",
    )
    assert kpis["offered_sell_mwh"].to_dict() == pytest.approx(offered.to_dict())
    assert kpis.loc["negotiated", "bids_cleared"] == 4 * 6
    assert kpis.loc["negotiated", "bids_cleared_percent"] == pytest.approx(50.0)
    # 57 of 63 kWh that cleared: 60 were given to stores, 3 to none
    assert kpis.loc["negotiated", "delivered_percent"] == pytest.approx(100 * 57 / 63)
    assert kpis.loc["negotiated", "unplaced_mwh"] == pytest.approx(4 * 6 * 3 / 1000)
    # of 61 kWh that stores were asked for 60 came
    assert kpis.loc["negotiated", "answered_percent"] == pytest.approx(100 * 60 / 61)


def test_what_moved_is_told_apart_from_what_cleared_and_a_bound_moves_too(kpis):
    assert kpis.loc["negotiated", "moved_out_mwh"] == pytest.approx(4 * 9 / 1000)
    assert kpis.loc["negotiated", "moved_in_mwh"] == pytest.approx(4 * 10 / 1000)
    assert kpis.loc["negotiated", "cleared_sell_mwh"] == pytest.approx(4 * 6 * 60 / 1000)
    assert kpis.loc["perfect_foresight", "moved_out_mwh"] > 0 == kpis.loc["perfect_foresight", "cleared_sell_mwh"]


def test_surplus_is_told_a_home_and_over_homes_that_manage_themselves(invent, kpis):
    assert kpis["surplus_over_smart_home_usd"].isna().all(), "smart_home was not run"
    run = invent(LOSES | {"smart_home": 8.0}, days=4, homes=6)
    beside = kpi_monthly(run.outcomes, run.scenario, run.month, run.fleet).set_index("strategy")
    own, alone = (beside.loc[key, "surplus_usd"] for key in ("negotiated", "smart_home"))
    assert beside.loc["negotiated", "surplus_over_smart_home_usd"] == pytest.approx(own - alone)
    assert beside.loc["no_vpp", "surplus_over_smart_home_usd"] == pytest.approx(-alone)
    assert beside.loc["negotiated", "surplus_per_home_usd"] == pytest.approx(own / 6)


def test_energy_bids_are_held_to_what_energy_brought_and_not_to_reserves(run, kpis):
    outcomes = run.outcomes.to_pylist()
    for row in outcomes:
        for window in row["windows"]:
            window["surplus_reserves_usd"] = 0.5
    changed = kpi_monthly(
        type(run.outcomes).from_pylist(outcomes, schema=run.outcomes.schema),
        run.scenario, run.month, run.fleet,
    ).set_index("strategy")  # fmt: skip
    apart = changed["expected_minus_realised_usd"] - kpis["expected_minus_realised_usd"]
    assert apart["negotiated"] == pytest.approx(0.5 * 24 * 4)


def test_the_books_close_and_a_bound_has_none(kpis):
    assert kpis["books_residual_usd"].dropna().abs().max() < 1e-6
    for figure in ("payment_usd", "vpp_profit_usd", "household_gain_usd", "satisfaction_mean", "violations", "gini"):
        assert pd.isna(kpis.loc["perfect_foresight", figure])
        assert not pd.isna(kpis.loc["centralized", figure])
    assert kpis.loc["perfect_foresight", "bound_gap_usd"] == 0.25


def test_percent_of_perfect_is_the_share_of_the_proven_bound_and_carries_an_interval(kpis):
    share = kpis.loc["negotiated"]
    bound = kpis.loc["perfect_foresight"]
    proven = bound["surplus_usd"] + bound["bound_gap_usd"]
    expected = 100 * share["surplus_usd"] / proven
    assert share["percent_of_perfect"] == pytest.approx(expected)
    assert share["percent_of_perfect_low"] < expected < share["percent_of_perfect_high"]
    assert bound["percent_of_perfect"] == pytest.approx(100 * bound["surplus_usd"] / proven) and proven > 100


def test_without_the_bound_nothing_is_a_share_of_it(invent):
    run = invent({"no_vpp": 0.0, "negotiated": 20.0}, days=2)
    kpis = kpi_monthly(run.outcomes, run.scenario, run.month, run.fleet)
    assert kpis["percent_of_perfect"].isna().all()


def test_violations_are_counted_by_kind_and_cycles_per_battery(kpis):
    assert kpis.loc["centralized", "violations_backup"] == kpis.loc["centralized", "violations"] == 3 * 4
    assert kpis.loc["negotiated", "violations"] == 0
    assert kpis.loc["negotiated", "cycles_per_battery"] == pytest.approx(4 * 6.0 / 10.0)


def test_where_nobody_had_an_offer_nothing_was_negotiated(invent):
    run = invent({"no_vpp": 0.0, "negotiated": 0.0}, days=1)
    rows = run.outcomes.to_pylist()
    for window in (window for row in rows for window in row["windows"]):
        window.update(rounds=min(window["rounds"], 1), invited=0, households=0)
    bare = pa.Table.from_pylist(rows, schema=run.outcomes.schema)
    found = kpi_monthly(bare, run.scenario, run.month, run.fleet).set_index("strategy")
    assert found.loc["negotiated", "negotiations"] == found.loc["negotiated", "coalitions"] == 0


def test_negotiation_figures_belong_to_the_strategy_that_negotiates(kpis):
    assert kpis.loc["negotiated", "negotiations"] == kpis.loc["negotiated", "coalitions"] == 4 * 12
    assert kpis.loc["negotiated", "agreement_percent"] == pytest.approx(75.0)
    assert kpis.loc["negotiated", "concession_mean"] == pytest.approx(0.2)
    assert kpis.loc["centralized", "negotiations"] == 0


def test_days_add_up_to_the_month(run, kpis):
    daily = kpi_daily(run.outcomes, run.scenario, run.month, run.prices)
    assert len(daily) == 4 * len(LOSES)
    for figure in ("surplus_usd", "wholesale_usd", "household_gain_usd", "offered_sell_mwh", "bids_submitted"):
        summed = daily.groupby("strategy")[figure].sum()
        for strategy in ("negotiated", "centralized"):
            assert summed[strategy] == pytest.approx(kpis.loc[strategy, figure])


def test_the_day_has_the_market_s_own_prices(run):
    daily = kpi_daily(run.outcomes, run.scenario, run.month, run.prices).set_index(["strategy", "local_day"])
    first = run.prices["lmp_usd_per_mwh"].iloc[:96]
    assert daily.loc[("negotiated", "2023-08-01"), "lmp_max_usd_per_mwh"] == pytest.approx(first.max())


def test_both_tables_keep_their_contracts(run, kpis):
    KPI_MONTHLY.pandera.validate(kpis.reset_index())
    KPI_DAILY.pandera.validate(kpi_daily(run.outcomes, run.scenario, run.month, run.prices))


def test_a_month_of_one_day_has_figures_and_no_interval(invent):
    run = invent(LOSES, days=1)
    kpis = kpi_monthly(run.outcomes, run.scenario, run.month, run.fleet).set_index("strategy")
    assert kpis.loc["negotiated", "percent_of_perfect"] == pytest.approx(20.0, rel=0.5)
    assert pd.isna(kpis.loc["negotiated", "percent_of_perfect_low"])
