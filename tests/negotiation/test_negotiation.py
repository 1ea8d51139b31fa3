"""A negotiation, of a window's energy or a day's reserves: who agrees at what price, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.invented import invented_inputs
from tests.negotiation.heard import EVENING, MIDNIGHT, day
from vpp_core.errors import InputError
from vpp_core.market.distribution import expected_gain_above
from vpp_core.market.segments import ENERGY, NONSPIN, SPIN, Layout
from vpp_core.negotiation.bargain import Terms, aggregator_counter, meet, open_bargain
from vpp_core.negotiation.conversation import Conversation
from vpp_core.negotiation.homes import next_ask, own_tactic
from vpp_core.negotiation.story import story
from vpp_core.scenario import NegotiationRules, Tariff
from vpp_core.settlement.trajectory import Trajectory
from vpp_core.simulation import negotiate_reserves, negotiate_window, run
from vpp_core.strategies.negotiated import Negotiated

LAYOUT = Layout(
    home_of_store=np.array([0, 1, 2, 2]),
    follows_meter=np.array([True, True, True, False]),
    aggregation_of_home=np.zeros(3, dtype=np.int64),
)
"""Three homes with a battery, one of each category, the last with a car."""
CAR = 3
CATEGORY = np.array([0, 1, 2], dtype=np.int8)


FORECAST = np.array([[20.0, 40.0, 90.0], [2.0, 8.0, 30.0], [1.0, 4.0, 10.0]])
"""Energy, spin and non-spin."""


def bargain(reservation: float = 100.0, markup: float = 1.5):
    signed = np.where(LAYOUT.is_reserve, 0.0, reservation)
    return open_bargain(LAYOUT, np.ones(len(LAYOUT)), signed, np.full(3, markup), FORECAST)


def test_homes_first_ask_for_all_that_the_market_is_expected_to_pay_for_reserve() -> None:
    """The mean of the forecast, above its median where prices are skewed."""
    opening = bargain().opening_usd_per_mwh
    for row, product in ((LAYOUT.spin, SPIN), (LAYOUT.nonspin, NONSPIN)):
        assert opening[row] == pytest.approx(expected_gain_above(*FORECAST[product], 0.0))
        assert (opening[row] > FORECAST[product, 1]).all()
    counter = aggregator_counter(bargain(), FORECAST, Terms(0.1, 0.5, 0.0))
    assert counter[LAYOUT.spin] == pytest.approx(2.0)
    assert counter[LAYOUT.nonspin] == pytest.approx(1.0)


def test_homes_open_at_their_markup() -> None:
    """To be paid more, for charging as for giving, and for a charge held off."""
    opening = bargain().opening_usd_per_mwh
    assert opening[LAYOUT.sell] == pytest.approx(150.0)
    assert opening[LAYOUT.buy] == pytest.approx(150.0)
    assert opening[LAYOUT.give] == pytest.approx(150.0)


def test_each_category_concedes_by_its_persona() -> None:
    """Shares conceded after one round of (r/T)^(1/β): (1/4)², 1/3 and √(1/2)."""
    ask = next_ask(bargain().with_(round=1), CATEGORY, NegotiationRules())[LAYOUT.sell][:CAR]
    assert ask == pytest.approx([150 - 50 / 16, 150 - 50 / 3, 150 - 50 * np.sqrt(0.5)])


def test_the_aggregator_rises_from_its_opening_to_its_limit() -> None:
    offers = [aggregator_counter(bargain(), FORECAST, Terms(0.1, 0.5, share))[0] for share in (0.0, 0.5, 1.0)]
    assert offers == pytest.approx([20.0, 30.0, 40.0])


@pytest.mark.parametrize(("split", "price"), [(0.0, 15.0), (0.5, 27.5), (1.0, 40.0)])
def test_where_ask_and_counter_offer_cross_the_price_lies_between_them(split: float, price: float) -> None:
    cheap = bargain(reservation=10.0)
    offered = aggregator_counter(cheap, FORECAST, Terms(0.1, 0.5, 1.0))
    met = meet(cheap, offered, np.ones(len(LAYOUT)), split)
    assert met.agreed[0]
    assert met.ask_usd_per_mwh[0] == met.counter_usd_per_mwh[0] == pytest.approx(price)
    dear = meet(bargain(reservation=41.0), offered, np.ones(len(LAYOUT)), split)
    assert not dear.agreed[0] and dear.counter_usd_per_mwh[0] == pytest.approx(40.0)


def test_a_charge_that_only_stays_held_off_is_not_paid_again() -> None:
    """It is sold every hour and moved once; what the home asks for the hour it gets."""
    held = bargain(reservation=10.0)
    offered = aggregator_counter(held, FORECAST, Terms(0.1, 0.5, 1.0))
    moved = np.where(LAYOUT.is_held_off, 0.0, 1.0)
    met = meet(held, offered, moved, 1.0)
    assert met.agreed[CAR] and met.ask_usd_per_mwh[CAR] == pytest.approx(15.0)
    assert met.ask_usd_per_mwh[0] == pytest.approx(40.0)


def test_a_home_accepts_what_it_would_ask_next_and_nothing_less() -> None:
    """A moderate seller from 150 to a floor of 100 would ask 133.3 next."""
    rules = NegotiationRules()

    def accepts(offered: float, round_number: int = 1, **factors: float) -> bool:
        start = bargain().with_(counter_usd_per_mwh=np.full(len(LAYOUT), offered), round=round_number)
        return bool(own_tactic(start, CATEGORY, rules.model_copy(update=factors)).accepts[LAYOUT.sell][1])

    assert accepts(133.4) and not accepts(133.2)
    assert not accepts(149.9, round_number=3), "after the last round nothing is asked any more"
    assert accepts(121.2, home_concession_factor=2.0), "it concedes √(1/3) of the way"
    assert not accepts(121.0, home_concession_factor=2.0)
    assert accepts(100.1, home_patience_factor=1 / 3), "it concedes everything at once"


def test_a_purchase_is_offered_what_it_saves_later_less_its_price_from_the_dear_end_of_the_forecast_down() -> None:
    """Energy that saves 120 $/MWh later and costs 90 at worst, 40 in the middle: homes are paid 30 to 80 to take it."""
    later = np.where(LAYOUT.direction < 0, -120.0, 0.0)
    offers = [aggregator_counter(bargain(), FORECAST, Terms(0.1, 0.5, gone), later) for gone in (0, 0.5, 1)]
    assert [offer[LAYOUT.buy][0] for offer in offers] == pytest.approx([30.0, 55.0, 80.0])


def test_what_energy_costs_later_is_not_paid_to_the_home_as_well() -> None:
    counter = aggregator_counter(bargain(), FORECAST, Terms(0.1, 0.5, 1.0), 15.0)
    assert counter[LAYOUT.sell][0] == pytest.approx(40.0 - 15.0)


def test_no_home_is_offered_less_than_nothing() -> None:
    """Neither to give for a price below 0 nor to pay for what it stores: its own bill holds that already."""
    counter = aggregator_counter(bargain(), np.array([[-90.0, -40.0, 10.0]] * 3), Terms(0.1, 0.5, 1.0), 0.0)
    assert counter[LAYOUT.sell][0] == 0.0
    assert aggregator_counter(bargain(), FORECAST, Terms(0.1, 0.5, 1.0))[LAYOUT.buy][0] == 0.0


def test_who_scores_below_the_least_gets_no_counter_offer() -> None:
    scored = bargain().with_(score=np.where(LAYOUT.home == 0, 0.49, 0.5))
    counter = aggregator_counter(scored, FORECAST, Terms(0.1, 0.5, 1.0, minimum_score=0.5))
    assert np.array_equal(np.isfinite(counter), LAYOUT.home != 0)


@settings(max_examples=3)
@given(st.integers(0, 10_000))
def test_nobody_agrees_below_their_price_and_no_segment_earns_less_than_it_pays(seed: int) -> None:
    inputs = invented_inputs(seed=seed, homes=8, days=1, v2g=seed % 2 == 0)
    seen = []

    class Watched(Negotiated):
        def decide(self, view):
            decision = super().decide(view)
            seen.append((view, decision))
            return decision

    run(inputs, Watched(), None)
    assert {view.gate for view, _ in seen} == {"real_time", "day_ahead"}
    for view, decision in seen:
        held = decision.segments.quantity_kw > 0
        agreed = view.layout.direction * decision.segments.agreed_usd_per_mwh
        assert (agreed[held] >= view.offers.reservation_usd_per_mwh[held] - 1e-9).all()
        sells = held & (view.layout.direction > 0)
        price, paid = decision.segments.price_usd_per_mwh, decision.segments.agreed_usd_per_mwh
        assert (price[sells] >= paid[sells]).all()
        margin = view.layout.direction * price - agreed - view.offers.rebound_usd_per_mwh
        assert (margin[held] >= -1e-9).all(), "cleared at its own price, a segment would cost the aggregator money"
        reserve = view.layout.is_reserve
        assert not held[reserve if view.gate == "real_time" else ~reserve].any(), "each gate has its own products"
        assert (decision.segments.quantity_kw <= view.offers.quantity_kw + 1e-9).all()


def test_an_aggregator_for_its_own_profit_counts_the_market_s_prices_and_nobody_s_bill() -> None:
    """At a retail price of two dollars homes' bills would outweigh everything: they are not the aggregator's."""
    dear = Tariff(import_usd_per_kwh=(*(0.2,) * 16, *(2.0,) * 5, *(0.2,) * 3))
    inputs = invented_inputs(seed=3, homes=12, days=1, tariffs=(dear,))

    def rebounds(objective: str) -> tuple[list[float], Trajectory]:
        seen = []

        class Watched(Negotiated):
            def decide(self, view):
                if view.gate == "real_time":
                    later = view.stages.price[view.first_stage + view.stage_count :] @ view.stages.weight
                    seen.append((view.offers.rebound_usd_per_mwh, 1000 * np.abs(later).max(initial=0.0)))
                return super().decide(view)

        rules = inputs.scenario.negotiation.model_copy(update={"objective": objective})
        scenario = inputs.scenario.model_copy(update={"negotiation": rules})
        trajectory, _, _ = run(replace(inputs, scenario=scenario), Watched(), None)
        return [np.abs(rebound).max() / highest for rebound, highest in seen], trajectory

    of_profit, trajectory = rebounds("profit")
    assert max(of_profit) <= 1 + 1e-9
    assert max(rebounds("surplus")[0]) > 2, "what all have together counts bills too"
    price = inputs.lmp_usd_per_mwh[:, None] / 1000
    in_full = trajectory.short_energy_kw.sum(axis=1, keepdims=True) < 1e-6
    sold = (trajectory.award_kw - trajectory.give_award_kw > 1e-6) & in_full
    over = (price - trajectory.agreed_usd_per_kwh)[sold]
    assert (over >= 0).mean() > 0.95, "hardly ever is a home paid more than the market pays"
    assert over[over < 0].sum() > -0.01 * over.sum() and over.sum() > 0


def window_with_offers(homes: int = 40, minimum_bid_mw: float = 0.0, **market: Any):
    inputs = invented_inputs(seed=7, homes=homes, days=1, minimum_bid_mw=minimum_bid_mw, **market)
    return inputs, pd.Timestamp("2023-08-01T19:00", tz="America/Los_Angeles").tz_convert("UTC")


def test_the_reserves_of_a_day_are_negotiated_at_ten_the_day_before() -> None:
    inputs = invented_inputs(seed=7, homes=20, days=2)
    second = pd.Timestamp("2023-08-02T19:00", tz="America/Los_Angeles").tz_convert("UTC")
    talk = Conversation.of(negotiate_reserves(inputs, second))
    gate, start = (
        talk.said[name].iloc[0].tz_convert("America/Los_Angeles") for name in ("gate_closure", "window_start")
    )
    assert (str(gate), str(start)) == ("2023-08-01 10:00:00-07:00", "2023-08-02 00:00:00-07:00")
    assert {bid.product for bid in talk.bids()} <= {"spin", "nonspin"} and len(talk.coalition())
    assert talk.vpp_bid().total_capacity_mw == pytest.approx(talk.members["committed_kw"].sum() / 1000, rel=1e-5)


def test_where_no_reserve_is_sold_asking_for_its_negotiation_says_so() -> None:
    inputs, at = window_with_offers(homes=6, reserves=False)
    with pytest.raises(InputError, match="no reserves are negotiated for 2023-08-01"):
        negotiate_reserves(inputs, at)


@pytest.mark.parametrize("negotiate", [negotiate_window, negotiate_reserves])
def test_a_moment_outside_the_period_is_refused(negotiate: Any) -> None:
    inputs, at = window_with_offers(homes=3)
    with pytest.raises(InputError, match="2023-08-03 19:00 is outside the period, 2023-08-01 to 2023-08-01"):
        negotiate(inputs, at + pd.Timedelta(days=2))


def test_each_gate_is_seen_with_its_own_products_and_the_fleets_part_of_the_minimum() -> None:
    seen = day(6, 0.1, fleet_share=0.5).seen
    energy, reserves = seen["real_time", EVENING][0], seen["day_ahead", MIDNIGHT][0]
    assert (energy.products, reserves.products) == ((ENERGY,), (SPIN, NONSPIN))
    assert energy.minimum_bid_kw == reserves.minimum_bid_kw == pytest.approx(50.0)
    unpriced = replace(reserves, forecast=np.array([[1.0, 2.0, 3.0], [np.nan] * 3, [1.0, 2.0, 3.0]]))
    assert unpriced.products == (NONSPIN,)


def test_a_fleet_that_cannot_bid_is_told_how_to_study_it() -> None:
    inputs, at = window_with_offers(homes=6, minimum_bid_mw=0.5)
    told = "\n".join(story(negotiate_window(inputs, at), inputs.scenario))
    assert "less than the minimum bid of 0.5 MW, of which this fleet is to make 50 kW" in told
    assert "minimum_bid_mw" in told
