"""The split of the gap: what it must add up to, and what it must not pretend."""

import pandas as pd
import pytest

from vpp_core.results.gap import gap_split, step_interval
from vpp_core.results.kpis import kpi_daily
from vpp_core.tables import GAP_SPLIT

LOSES = {
    "no_vpp": 0.0,
    "negotiated": 20.0,
    "centralized_aware": 30.0,
    "centralized": 45.0,
    "perfect_foresight_aware": 60.0,
    "perfect_foresight": 100.0,
}


def split_of(invent, surplus=LOSES, **options):
    run = invent(surplus, **options)
    return gap_split(kpi_daily(run.outcomes, run.scenario, run.month, run.prices))


def test_the_steps_of_each_path_add_up_to_its_total(invent):
    split = split_of(invent, days=7)
    for path in ("preferences_first", "information_first"):
        steps = split[split["path"] == path].set_index("step")
        assert steps.drop("total")["difference"].sum() == pytest.approx(steps.loc["total", "difference"])
        assert steps.drop("total")["share_of_total_percent"].sum() == pytest.approx(100.0)


def test_each_step_is_the_difference_of_its_two_strategies(invent):
    run = invent(LOSES, days=7)
    daily = kpi_daily(run.outcomes, run.scenario, run.month, run.prices)
    total = daily.groupby("strategy")["surplus_usd"].sum()
    for row in gap_split(daily).query("measure == 'surplus_usd'").itertuples():
        assert row.difference == pytest.approx(total[row.upper_strategy] - total[row.lower_strategy])
        assert row.low <= row.difference <= row.high


def test_a_negotiation_that_wins_has_a_negative_price(invent):
    split = split_of(invent, LOSES | {"negotiated": 50.0}, days=20)
    price = step_interval(split, "price_of_negotiating", path="preferences_first")
    assert price is not None and price.sign == -1


def test_satisfaction_is_compared_as_a_mean_and_money_as_a_sum(invent):
    split = split_of(invent, days=3)
    liked = step_interval(split, "negotiated_over_centralized", "satisfaction_mean")
    assert liked is not None and liked.estimate == pytest.approx(0.3)


def test_one_day_has_differences_without_an_interval(invent):
    split = split_of(invent, days=1)
    assert split["low"].isna().all() and split["high"].isna().all()
    assert (split["days"] == 1).all()
    alone = step_interval(split, "total", path="preferences_first")
    assert alone is not None and alone.low is None


def test_a_step_whose_strategy_was_not_run_is_left_out(invent):
    split = split_of(invent, {key: value for key, value in LOSES.items() if key != "centralized"})
    assert set(split["path"]) == {"preferences_first", "information_first", "comparison"}
    assert "centralized" not in set(split["upper_strategy"]) | set(split["lower_strategy"])
    assert step_interval(split, "negotiated_over_centralized") is None


def test_no_known_strategy_gives_an_empty_split_of_the_same_columns(invent):
    split = split_of(invent, {"somebody_elses": 3.0})
    assert split.empty and list(split.columns) == [column.name for column in GAP_SPLIT.columns]


def test_the_table_keeps_its_contract(invent):
    GAP_SPLIT.pandera.validate(split_of(invent))
    assert isinstance(split_of(invent), pd.DataFrame)
