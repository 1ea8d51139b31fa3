"""Posted price and auction beside bargaining: who is paid what, and that terms and mechanisms matter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.invented import invented_inputs
from tests.negotiation.advised import with_rules
from tests.negotiation.test_outcomes import offering, view  # noqa: F401
from vpp_core.calendar import Month
from vpp_core.dispatch.view import GateView
from vpp_core.dispatch.window_program import WindowProgram
from vpp_core.errors import InputError
from vpp_core.fleet.population import generate_fleet
from vpp_core.market.forecast import price_forecast
from vpp_core.market.inputs import Inputs
from vpp_core.negotiation.deciders import RuleDecider
from vpp_core.negotiation.mechanisms import MECHANISMS, mechanism_of
from vpp_core.negotiation.workflow import Context, NegotiationState
from vpp_core.scenario import NegotiationRules, Scenario
from vpp_core.scenario.variation import SWEEPS
from vpp_core.simulation import simulate
from vpp_core.sources.load import load_profiles
from vpp_core.sources.prices import market_prices
from vpp_core.sources.solar import solar_generation


def by(key: str, given: GateView) -> NegotiationState:
    rules = NegotiationRules(mechanism=key)
    given = replace(given, scenario=given.scenario.model_copy(update={"negotiation": rules}))
    program = WindowProgram(given.layout, 0.0)
    return mechanism_of(key).negotiate(Context(given, RuleDecider(rules), program, rules))


def prices(given: GateView, *of_home: float) -> GateView:
    """Battery sales whose homes need these prices in turn."""
    price = np.array(of_home)[given.layout.home % len(of_home)]
    return offering(given, own_usd_per_mwh=price, reservation_usd_per_mwh=price)


def test_a_posted_price_is_half_of_what_it_is_worth_and_taken_by_whom_it_suits(view: GateView) -> None:  # noqa: F811
    """The forecast's p70 is 65; a cent of it is the market's step."""
    state = by("posted_price", prices(view, 10.0, 32.0, 33.0))
    sold = state["bargain"].agreed
    assert state["bargain"].ask_usd_per_mwh[sold] == pytest.approx((65.0 - 0.01) / 2)
    offered = state["bargain"].offering
    assert np.array_equal(sold, offered & (state["bargain"].reservation_usd_per_mwh < 32.5))
    assert len(state["history"]) == 1 and state["decision"].rounds == 1


def test_an_auction_pays_all_that_it_takes_the_dearest_bid_of_them(view: GateView) -> None:  # noqa: F811
    """Stopping at 10 and paying everybody 10 beats paying 49 to all: the aggregator is a monopsonist."""
    state = by("auction", prices(view, 5.0, 10.0, 49.0))
    bargain = state["bargain"]
    assert set(bargain.ask_usd_per_mwh[bargain.agreed].round(6)) == {10.0}
    assert np.array_equal(bargain.agreed, bargain.offering & (bargain.reservation_usd_per_mwh <= 10.0))


@pytest.mark.parametrize("key", list(MECHANISMS))
def test_under_every_mechanism_nobody_gets_less_than_it_needs_and_the_books_are_the_same(key: str) -> None:
    inputs = with_rules(invented_inputs(seed=3, homes=12, days=1, v2g=True), NegotiationRules(mechanism=key))
    outcome = simulate(inputs, ["negotiated"])[0]
    assert outcome.windows["segments"].sum() > 0
    assert not outcome.windows.filter(like="violations_").to_numpy().any()
    books = outcome.households[["surplus_usd", "household_gain_usd"]].sum()
    assert np.isfinite(books).all()


def test_a_mechanism_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="'lottery' is not known; known are bilateral, posted_price, auction"):
        mechanism_of("lottery")


def modelled_inputs() -> Inputs:
    """Four days of August 2023 with modelled prices, weather and load."""
    scenario, month = Scenario(name="terms", homes=60, first_days=4, source="synthetic"), Month.parse("2023-08")
    raw = Path("no-such-lake") / "raw"
    prices = market_prices(scenario, month, raw)
    forecast = price_forecast(prices, scenario.period(month), scenario.market)
    solar, load = solar_generation(scenario, month, raw), load_profiles(scenario, month, raw)
    return Inputs.build(scenario, month, prices, forecast, solar, load, generate_fleet(60, scenario.seed))


@pytest.mark.slow
def test_terms_matter_for_the_surplus_and_more_for_who_gets_it() -> None:
    """A stingy aggregator loses trades, a generous one its margin: at least 3 % of the surplus and 20 points."""
    inputs = modelled_inputs()
    told = {}
    for choice in SWEEPS["terms"][0].choices:
        changes = {path.removeprefix("negotiation."): value for path, (_, value) in choice.changes.items()}
        rules = NegotiationRules.model_validate(changes)
        if choice.name in ("stingiest", "usual", "most generous"):
            homes = simulate(with_rules(inputs, rules), ["negotiated"])[0].households
            told[choice.name] = homes["surplus_usd"].sum(), homes["household_gain_usd"].sum()
    surplus = {name: total for name, (total, _) in told.items()}
    share = {name: 100 * gain / total for name, (total, gain) in told.items()}
    assert max(surplus.values()) > 1.03 * min(surplus.values())
    assert share["most generous"] > share["stingiest"] + 20, share
