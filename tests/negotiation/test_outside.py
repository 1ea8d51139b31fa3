"""Negotiators from outside: they speak in messages, gain what they bargain for, and break no limit."""

from __future__ import annotations

import math
import random
import runpy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.invented import invented_inputs
from tests.negotiation.heard import Day, day_of
from vpp_core.errors import InputError
from vpp_core.negotiation.mechanisms import MECHANISMS, register
from vpp_core.negotiation.outside import Talk, outside
from vpp_core.negotiation.story import story
from vpp_core.negotiation.verifier import negotiator_scores, offers_judged
from vpp_core.scenario import NegotiationRules


@pytest.fixture(autouse=True)
def registry_as_it_was() -> Iterator[None]:
    before = dict(MECHANISMS)
    yield
    MECHANISMS.clear()
    MECHANISMS.update(before)


def negotiated(**sides: Any) -> Day:
    """A day of twelve homes bargained by these negotiators; the coalition weighs profit alone."""
    register(outside("own", **sides))
    inputs = invented_inputs(seed=7, homes=12, days=1, minimum_bid_mw=0.0)
    rules = NegotiationRules(mechanism="own", satisfaction_weight_usd=0.0)
    scenario = inputs.scenario.model_copy(update={"negotiation": rules})
    return day_of(replace(inputs, scenario=scenario))


def score(heard: Day):
    scores = negotiator_scores(offers_judged(heard.rows), "own", "2023-08", "tiny")
    return scores.set_index(["side", "product"]).sort_index()


class Fixed:
    """Names one price made from the talk, and takes what is no worse."""

    def __init__(self, price: float, sign: int) -> None:
        self.price, self.sign = price, sign

    def respond(self, talk: Talk) -> bool:
        said = talk.counter_offer.price_usd_per_mwh if self.sign > 0 and talk.counter_offer else None
        return said is not None and said >= self.price

    def propose(self, talk: Talk) -> float:
        return self.price


def test_the_oracles_play_gains_the_aggregator_all_that_could_be_gained_and_a_random_one_clearly_less() -> None:
    """The oracle waits for homes that ask their own private price, and takes it."""

    def home(talk: Talk) -> Fixed:
        return Fixed(talk.limit_usd_per_mwh, 1)

    class Oracle:
        def respond(self, talk: Talk) -> bool:
            return talk.round > 1  # by then homes ask their own price

        def propose(self, talk: Talk) -> float:
            return 0.0

    best = score(negotiated(aggregator=lambda talk: Oracle(), home=home)).loc["aggregator", "energy"]
    assert best["joint_percent"].item() == pytest.approx(100, abs=0.1)
    assert best["score_percent"].item() == pytest.approx(100, abs=0.1)
    dice = random.Random(7)

    class Dice:
        def respond(self, talk: Talk) -> bool:
            return dice.random() < 0.2

        def propose(self, talk: Talk) -> float:
            return dice.uniform(0, 200)

    MECHANISMS.pop("own")
    worst = score(negotiated(aggregator=lambda talk: Dice())).loc["aggregator", "energy"]
    assert worst["score_percent"].item() < 80 and worst["irrational_offers"].item() > 0


def test_no_home_agrees_below_its_price_whatever_its_negotiator_says() -> None:
    class Careless:
        def respond(self, talk: Talk) -> bool:
            return True

        def propose(self, talk: Talk) -> float:
            return -1000.0

    heard = negotiated(home=lambda talk: Careless())
    rows = heard.rows.to_pandas()
    agreed = rows[rows["agreed"]]
    assert len(agreed) and (agreed["response_usd_per_mwh"] >= agreed["private_reservation_usd_per_mwh"] - 1e-3).all()
    assert sum(bid.decision.usage.corrections for bid in heard.bids) > 0


def test_a_negmas_negotiator_bargains_as_the_aggregator_within_its_limit() -> None:
    pytest.importorskip("negmas")
    runpy.run_path(str(Path(__file__).parents[2] / "examples" / "outside_negotiator.py"), run_name="example")
    inputs = invented_inputs(seed=7, homes=12, days=1, minimum_bid_mw=0.0)
    rules = NegotiationRules(mechanism="negmas", rounds=10)
    heard = day_of(replace(inputs, scenario=inputs.scenario.model_copy(update={"negotiation": rules})))
    rows = heard.rows.to_pandas()
    conceded = rows.groupby(["window_start", "home_id", "kind", "device_number"])["counter_usd_per_mwh"]
    assert (conceded.max() > conceded.min()).any(), "it concedes from round to round"
    assert rows["agreed"].any() and (rows["counter_usd_per_mwh"] <= rows["ask_usd_per_mwh"] + 1e-3).all()
    assert score(heard)["irrational_offers"].sum() == 0


def test_what_it_says_is_told_and_a_price_that_is_none_is_refused() -> None:
    heard = negotiated(aggregator=lambda talk: Fixed(talk.limit_usd_per_mwh, -1))
    told = list(story(heard.reserves, heard.inputs.scenario))
    assert "  Each counter-offer is that of a negotiator from outside." in told
    assert set(heard.rows["terms_reason"].to_pylist()) == {"as its negotiator from outside says"}
    MECHANISMS.pop("own")
    with pytest.raises(InputError, match="mechanism 'own' proposed nan"):
        negotiated(aggregator=lambda talk: Fixed(math.nan, -1))
