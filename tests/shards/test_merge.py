"""A fleet's outcomes from those of its aggregations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.invented import invented_inputs
from vpp_core.fleet.population import generate_fleet
from vpp_core.settlement.outcome import outcome_tables
from vpp_core.shards.merge import ALIKE, ENDING, MEANS, SPECIAL, merge_windows, merged
from vpp_core.shards.split import aggregations, shard_of
from vpp_core.simulation import outcomes_to_arrow, simulate
from vpp_core.tables import WINDOW_RESULTS

KEYS = ("no_vpp", "negotiated", "perfect_foresight_aware")
FLEET = generate_fleet(12, 3, homes_per_aggregation=4)


@pytest.fixture(scope="module")
def parts() -> list[pa.Table]:
    """OUTCOMES of three aggregations of four homes over a day."""
    tables = []
    for number in aggregations(FLEET):
        fleet, kept = shard_of(FLEET, int(number))
        inputs = invented_inputs(fleet=fleet, days=1, lmp=np.linspace(-20, 200, 96))
        tables.append(outcomes_to_arrow(simulate(inputs, KEYS, kept=kept)))
    return tables


def test_homes_of_a_drawn_fleet_fill_aggregations_in_order() -> None:
    assert FLEET.aggregation_id.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    fleet, _ = shard_of(FLEET, 1)
    assert fleet.home_id.tolist() == [4, 5, 6, 7]


def test_money_and_energy_of_a_fleet_are_the_sums_of_its_aggregations(parts: list[pa.Table]) -> None:
    whole = outcome_tables(merged(parts))
    flat = [outcome_tables(part) for part in parts]
    for name in ("surplus_usd", "payment_usd", "bid_sell_kw", "awarded_sell_kwh", "offers", "violations_backup"):
        expected = sum(part.windows[name].fillna(0).to_numpy(dtype=float) for part in flat)
        assert whole.windows[name].fillna(0).to_numpy(dtype=float) == pytest.approx(expected, abs=1e-9), name
    assert whole.days["bound_gap_usd"].sum() == pytest.approx(sum(part.days["bound_gap_usd"].sum() for part in flat))
    months = whole.months.groupby("strategy")
    assert (months.size() == len(FLEET)).all(), "each home's month is kept"
    assert months["surplus_usd"].sum().to_dict() == pytest.approx(
        whole.days.groupby("strategy")["surplus_usd"].sum().to_dict()
    )
    bound = whole.windows[whole.windows["strategy"] == "perfect_foresight_aware"]
    assert bound["payment_usd"].isna().all(), "a bound pays nobody, so what is not known is not summed to 0"


def test_a_merged_mean_is_weighted_and_an_ending_is_told_once() -> None:
    one = pd.DataFrame({column.name: [0] for column in WINDOW_RESULTS.columns})
    a = one.assign(bid_sell_usd_per_mwh=10.0, bid_sell_kw=30.0, negotiation_outcome="agreed", below_minimum=False)
    b = one.assign(bid_sell_usd_per_mwh=50.0, bid_sell_kw=10.0, negotiation_outcome="deadlock", below_minimum=True)
    both = merge_windows([a, b]).iloc[0]
    assert both["bid_sell_usd_per_mwh"] == 20.0
    assert both["negotiation_outcome"] == "partly_agreed"
    assert both["below_minimum"]
    none = merge_windows([a.assign(bid_sell_kw=0.0), b.assign(bid_sell_kw=0.0)]).iloc[0]
    assert pd.isna(none["bid_sell_usd_per_mwh"]), "nothing bid has no price"


def test_what_is_summed_is_an_amount_or_a_count() -> None:
    """A new column of another nature has to be given its rule."""
    summed = [column for column in WINDOW_RESULTS.columns if column.name not in SPECIAL]
    amounts = ("_kw", "_kwh", "_kw_h", "_usd")
    assert not [column.name for column in summed if not (column.name.endswith(amounts) or column.type == pa.int64())]
    assert {*ALIKE, *MEANS, ENDING} <= {column.name for column in WINDOW_RESULTS.columns}


def test_reduced_households_of_parts_are_those_of_the_fleet(parts: list[pa.Table]) -> None:
    whole = outcome_tables(merged(parts))
    totals = whole.totals.groupby("strategy")
    assert (totals["homes"].sum() == len(FLEET)).all()
    of_months = whole.months.groupby("strategy")["household_gain_usd"].sum(min_count=1).dropna()
    assert totals["household_gain_usd"].sum(min_count=1).dropna().to_dict() == pytest.approx(of_months.to_dict())
    assert of_months["negotiated"] != 0
    gains = whole.months.set_index("strategy").loc["negotiated"]
    assert [sum(days) for days in gains["gain_by_day_usd"]] == pytest.approx(list(gains["household_gain_usd"]))
    assert whole.households["home_id"].nunique() < len(FLEET), "of days those of a few homes"


def test_homes_whose_intervals_are_kept_are_chosen_from_the_whole_fleet(parts: list[pa.Table]) -> None:
    whole = outcome_tables(merged(parts))
    kept = whole.intervals["home_id"].nunique()
    assert 0 < kept <= 12
    assert set(whole.home_windows["home_id"]) <= set(whole.intervals["home_id"])
