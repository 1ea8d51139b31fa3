"""What lies on the table: no home's private price, and nothing from which one could be told."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace

import numpy as np

from tests.negotiation.test_negotiation import CATEGORY, FORECAST, LAYOUT, bargain
from vpp_core.negotiation.bargain import Bargain, Terms
from vpp_core.negotiation.public import FEWEST_ASKS_IN_A_MEAN, Table, kinds


def table_of(start: Bargain | None = None, round_number: int = 1) -> Table:
    """A table of the small bargain: three homes, one of each category, one car."""
    start = start or bargain()
    return Table(
        view_start="Wednesday 2023-08-16 19:00",
        hours=1.0,
        minimum_bid_mw=0.1,
        forecast=FORECAST,
        layout=LAYOUT,
        home_id=np.array([0, 1, 2])[LAYOUT.home],
        category=CATEGORY[LAYOUT.home],
        quantity_kw=start.quantity_kw,
        first_ask_usd_per_mwh=start.opening_usd_per_mwh,
        ask_usd_per_mwh=start.ask_usd_per_mwh,
        counter_usd_per_mwh=start.counter_usd_per_mwh,
        agreed=start.agreed,
        score=start.score,
        round=round_number,
        rounds=3,
        terms=(Terms(0.1, 0.5, 0.3),),
    )


def test_a_table_has_no_column_for_a_private_price() -> None:
    assert not [field.name for field in dataclasses.fields(Table) if "reserv" in field.name]


def test_facts_do_not_change_with_what_homes_keep_to_themselves() -> None:
    honest = bargain()
    other = replace(honest, reservation_usd_per_mwh=honest.reservation_usd_per_mwh - 77.7)
    assert table_of(honest).facts() == table_of(other).facts()


def test_a_mean_ask_is_told_of_three_battery_bids_or_more_and_never_of_cars() -> None:
    few = table_of().facts()["offers"]
    assert {group["kind"] for group in few} == {kind for kind, columns in kinds(LAYOUT) if columns.any()}
    assert not [group for group in few if "mean_ask" in group], "one bid per category: nothing is told"
    assert not [group for group in few if "mean_score" in group], "a score tells its ask to within a few dollars"
    alike = replace(table_of(), category=np.zeros(len(LAYOUT), dtype=int))
    told = {group["kind"]: group.get("mean_ask") for group in alike.facts()["offers"]}
    scored = {group["kind"] for group in alike.facts()["offers"] if "mean_score" in group}
    assert scored == set(told) - {"delayed car charging"}
    assert FEWEST_ASKS_IN_A_MEAN == 3
    assert told == {
        "battery sale": 150.0, "battery purchase": 50.0, "spinning reserve": 4.0, "non-spinning reserve": 2.0,
        "delayed car charging": None,
    }  # fmt: skip


def test_every_column_has_one_kind_and_facts_are_plain_data() -> None:
    with_v2g = replace(LAYOUT, discharging_car=np.array([0]))
    for layout in (LAYOUT, with_v2g):
        assert (np.sum([mask for _, mask in kinds(layout)], axis=0) == 1).all()
    assert dict(kinds(with_v2g))["car discharge"][with_v2g.car_discharge].all()
    json.dumps(table_of().facts(), allow_nan=False)
