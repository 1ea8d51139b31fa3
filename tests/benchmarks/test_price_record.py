"""Synthetic prices beside the published record, by forty draws: two minutes. `make record` writes the table of it."""

from __future__ import annotations

import pandas as pd
import pytest

from vpp_core.sources.price_record import beside_record


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return beside_record()


def test_nine_of_ten_published_figures_lie_within_the_draws_chosen_on_or_not(table: pd.DataFrame) -> None:
    assert table["met"].mean() >= 0.9
    assert table.loc[~table["chosen"], "met"].mean() >= 0.9


def test_the_record_lies_neither_above_nor_below_the_middle_of_the_draws_by_rule(table: pd.DataFrame) -> None:
    assert 0.3 <= (table["record"] > table["middle"]).mean() <= 0.7


def test_reserve_prices_of_los_angeles_are_met_within_30_percent_in_each_year(table: pd.DataFrame) -> None:
    yearly = table[table["figure"].isin(["spin_mean", "nonspin_mean"]) & table["last_day"].str.endswith("-12-31")]
    assert len(yearly) == 6
    assert ((yearly["middle"] / yearly["record"] - 1).abs() <= 0.3).all()
