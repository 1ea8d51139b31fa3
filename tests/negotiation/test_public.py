"""What lies on the table: no home's private price, and nothing from which one could be told."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace

import numpy as np

from tests.negotiation.heard import EVENING, MIDNIGHT, day
from tests.negotiation.test_negotiation import CAR, CATEGORY, FORECAST, LAYOUT, bargain
from vpp_core.market.distribution import expected_gain_above
from vpp_core.market.segments import ENERGY, NONSPIN, SPIN
from vpp_core.negotiation.bargain import Bargain, Terms
from vpp_core.negotiation.public import FEWEST_ASKS_IN_A_MEAN, NegotiationTable, kinds


def table_of(start: Bargain | None = None, round_number: int = 1) -> NegotiationTable:
    """A table of the small bargain: three homes, one of each category, one car."""
    start = start or bargain()
    return NegotiationTable(
        subject="energy of Wednesday 2023-08-16 19:00, 1 h, Los Angeles",
        products=(ENERGY, SPIN, NONSPIN),
        minimum_bid_kw=10.0,
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
    assert not [field.name for field in dataclasses.fields(NegotiationTable) if "reserv" in field.name]


def test_facts_do_not_change_with_what_homes_keep_to_themselves() -> None:
    honest = bargain()
    other = replace(honest, reservation_usd_per_mwh=honest.reservation_usd_per_mwh - 77.7)
    assert table_of(honest).facts() == table_of(other).facts()


def test_a_mean_ask_is_told_of_three_bids_or_more() -> None:
    few = table_of().facts()["offers"]
    assert {group["kind"] for group in few} == {kind for kind, columns in kinds(LAYOUT) if columns.any()}
    assert not [group for group in few if "mean_ask" in group], "one bid per category: nothing is told"
    assert not [group for group in few if "mean_score" in group], "a score tells its ask to within a few dollars"
    alike = replace(table_of(), category=np.zeros(len(LAYOUT), dtype=int))
    told = {group["kind"]: group.get("mean_ask") for group in alike.facts()["offers"]}
    scored = {group["kind"] for group in alike.facts()["offers"] if "mean_score" in group}
    assert scored == {"battery sale", "battery purchase", "car discharge", "spinning reserve", "non-spinning reserve"}
    assert FEWEST_ASKS_IN_A_MEAN == 3
    assert told == {
        "battery sale": 150.0, "battery purchase": 150.0, "delayed charging": None, "earlier charging": None,
        "car discharge": 150.0, "spinning reserve": round(expected_gain_above(*FORECAST[SPIN], 0.0), 1),
        "non-spinning reserve": round(expected_gain_above(*FORECAST[NONSPIN], 0.0), 1),
    }  # fmt: skip


def test_every_column_has_one_kind_and_facts_are_plain_data() -> None:
    named = dict(kinds(LAYOUT))
    assert (np.sum(list(named.values()), axis=0) == 1).all()
    assert named["delayed charging"].nonzero()[0].tolist() == [LAYOUT.sell.start + CAR]
    assert named["earlier charging"].nonzero()[0].tolist() == [LAYOUT.buy.start + CAR]
    assert named["car discharge"][LAYOUT.give].all()
    assert named["spinning reserve"][LAYOUT.spin].all(), "whatever store holds it"
    json.dumps(table_of().facts(), allow_nan=False)


def test_a_forecast_is_told_of_what_is_negotiated_and_of_nothing_else() -> None:
    energy = replace(table_of(), products=(ENERGY,))
    assert list(energy.forecasts()) == ["energy_usd_per_mwh"]
    assert list(replace(energy, products=(SPIN, NONSPIN)).forecasts()) == ["spin_usd_per_mw_h", "nonspin_usd_per_mw_h"]


def test_a_table_says_what_is_negotiated_when_and_what_the_least_bid_of_the_fleet_is() -> None:
    seen, told = day(6, 0.1, fleet_share=0.1).seen, {}
    for gate in (("real_time", EVENING), ("day_ahead", MIDNIGHT)):
        view, state = seen[gate]
        facts = NegotiationTable.of(state["bargain"], view, view.forecast, 3, ()).facts()
        told[facts["negotiated"]] = facts["minimum_bid_kw"]
    assert told == {
        "energy of Tuesday 2023-08-01 19:00, 1 h, Los Angeles": 10.0,
        "reserves of Tuesday 2023-08-01, every hour of the day, Los Angeles": 10.0,
    }
