"""The split of the gap: what it must add up to, and what it must not pretend."""

import pandas as pd
import pytest

from tests.results.ladders import LOSES
from vpp_core.results.gap import gap_split, step_interval
from vpp_core.results.kpis import kpi_daily
from vpp_core.tables import GAP_SPLIT


def split_of(invent, surplus=LOSES, **options):
    run = invent(surplus, **options)
    return gap_split(kpi_daily(run.outcomes, run.scenario, run.month, run.prices))


def test_the_steps_of_each_path_add_up_to_its_total(invent):
    split = split_of(invent, days=7)
    for path in ("preferences_first", "preferences_last"):
        steps = split[split["path"] == path].set_index("step")
        assert steps.drop("total")["difference"].sum() == pytest.approx(steps.loc["total", "difference"])
        assert steps.drop("total")["share_of_total_percent"].sum() == pytest.approx(100.0)


def test_the_way_from_the_bound_to_negotiation_has_four_steps_and_each_starts_where_the_last_one_ends(invent):
    rows = split_of(invent, days=7).query("path == 'preferences_first' and step != 'total'")
    assert list(rows["step"]) == [
        "price_of_preferences", "market_rules_and_planning", "value_of_information", "price_of_negotiating",
    ]  # fmt: skip
    assert list(rows["upper_strategy"])[1:] == list(rows["lower_strategy"])[:-1]
    assert rows["difference"].tolist() == pytest.approx([280, 140, 70, 70], rel=0.5)
    other = split_of(invent, days=7).query("path == 'preferences_last' and step != 'total'")
    assert list(other["upper_strategy"]) == ["perfect_foresight", "centralized", "centralized_aware"]


def daily_of(surplus):
    """Rows of daily figures from {strategy: [a value a day]}."""
    rows = [
        {
            "month": "2023-08",
            "scenario": "s",
            "strategy": key,
            "local_day": f"2023-08-{day + 1:02}",
            "surplus_usd": value,
        }
        for key, values in surplus.items()
        for day, value in enumerate(values)
    ]
    return pd.DataFrame(rows).assign(vpp_profit_usd=1.0, household_gain_usd=1.0, satisfaction_mean=0.5)


@pytest.mark.parametrize(
    ("apart", "dominates", "day"),
    [
        ([1, 151, 3, 4, 5, 6], True, "2023-08-02"),
        ([-1, -151, -3, -4, -5, -6], True, "2023-08-02"),
        ([10, 30, -20, 25, 9, 9], False, "2023-08-02"),  # 30 of 63
        ([20, 40, -20, 15, 0, 0], True, "2023-08-02"),  # 40 of 55: the others take some back
        ([10, 90], False, "2023-08-02"),  # of two days one always makes half
    ],
)
def test_a_step_that_one_day_makes_is_marked_with_that_day(apart, dominates, day):
    low = [100.0] * len(apart)
    high = [one + more for one, more in zip(low, apart, strict=True)]
    split = gap_split(daily_of({"negotiated": low, "centralized_aware": high}))
    row = split.query("path == 'preferences_first' and step == 'price_of_negotiating'").iloc[0]
    assert bool(row["one_day_dominates"]) == dominates and row["largest_day"] == day
    assert row["largest_day_percent"] == pytest.approx(100 * max(apart, key=lambda v: v * sum(apart)) / sum(apart))


def test_a_difference_of_nothing_has_no_largest_day():
    split = gap_split(daily_of({"negotiated": [1.0] * 4, "centralized_aware": [1.0] * 4}))
    row = split.query("step == 'price_of_negotiating'").iloc[0]
    assert row["largest_day"] is None and not row["one_day_dominates"]


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
    assert set(split["path"]) == {"preferences_first", "preferences_last", "comparison"}
    assert "centralized" not in set(split["upper_strategy"]) | set(split["lower_strategy"])
    assert step_interval(split, "negotiated_over_centralized") is None


def test_no_known_strategy_gives_an_empty_split_of_the_same_columns(invent):
    split = split_of(invent, {"somebody_elses": 3.0})
    assert split.empty and list(split.columns) == [column.name for column in GAP_SPLIT.columns]


def test_the_table_keeps_its_contract(invent):
    GAP_SPLIT.pandera.validate(split_of(invent))
    assert isinstance(split_of(invent), pd.DataFrame)
