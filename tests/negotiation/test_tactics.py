"""Tactics on either side, alone, against each other and mixed in a fleet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.negotiation.test_negotiation import CATEGORY, LAYOUT, bargain
from tests.negotiation.test_outcomes import ends, offering, view  # noqa: F401
from vpp_core.dispatch.view import GateView
from vpp_core.errors import InputError
from vpp_core.fleet.fleet import CATEGORIES
from vpp_core.negotiation.deciders import RuleDecider
from vpp_core.negotiation.homes import next_ask, own_tactic, tactics_of_homes
from vpp_core.negotiation.tactics import PERSONAS, TACTICS, Standing, tactic_of
from vpp_core.scenario import NegotiationRules
from vpp_core.scenario.variation import SWEEPS

RULES = NegotiationRules()
SIDES = {"aggregator": [key for key, tactic in TACTICS.items() if not tactic.of_homes_only], "home": list(TACTICS)}


def columns(*values: float) -> tuple[np.ndarray, ...]:
    """Proposals of one negotiation."""
    return tuple(np.array([value]) for value in values)


def standing(gone: float, conceded: tuple[float, ...], other: tuple[float, ...], rounds: int = 5) -> Standing:
    return Standing(gone, rounds, columns(*conceded), columns(*other), np.array([40.0]))


@pytest.mark.parametrize(("key", "share"), [("boulware", 0.25), ("linear", 0.5), ("conceder", np.sqrt(0.5))])
def test_at_half_time_a_tactic_of_time_has_conceded_its_share(key: str, share: float) -> None:
    assert TACTICS[key].concede(standing(0.5, (0.0,), (0.0,))) == pytest.approx(share)
    assert TACTICS[key].concede(standing(1.0, (0.0,), (0.0,))) == pytest.approx(1.0)


def test_tit_for_tat_concedes_as_many_dollars_as_the_other_side_just_did() -> None:
    concede = TACTICS["tit_for_tat"].concede
    assert concede(standing(0, (), (90.0,))) == pytest.approx(0.0), "its first proposal is its first price"
    assert concede(standing(0, (0.0,), (90.0,))) == pytest.approx(0.25), "then it takes an even step"
    assert concede(standing(0, (0.0, 0.25), (90.0, 80.0))) == pytest.approx(0.25 + 10 / 40)
    assert concede(standing(0, (0.0, 0.25), (90.0, 90.0))) == pytest.approx(0.25), "nothing for nothing"
    assert concede(standing(0, (0.0, 0.25), (-np.inf, 90.0))) == pytest.approx(0.25), "a first offer is no concession"
    assert concede(standing(0, (0.0, 0.9), (90.0, 50.0))) == pytest.approx(1.0), "never beyond its limit"


def test_micro_concedes_only_where_the_other_side_has_proposed_as_many_prices() -> None:
    concede = TACTICS["micro"].concede
    assert concede(standing(0, (), (90.0,))) == pytest.approx(0.0)
    assert concede(standing(0, (0.0,), (90.0, 80.0))) == pytest.approx(0.25)
    assert concede(standing(0, (0.0, 0.25), (90.0, 80.0))) == pytest.approx(0.5), "as many is enough"
    assert concede(standing(0, (0.0, 0.25), (90.0, 90.0))) == pytest.approx(0.25), "a price repeated is none"
    assert concede(standing(0, (0.0,), (-np.inf,))) == pytest.approx(0.0), "it was offered nothing"


@given(st.sampled_from(SIDES["home"]), st.lists(st.floats(-50, 200), min_size=1, max_size=9))
def test_no_home_takes_a_concession_back_or_goes_below_its_price(key: str, counters: list[float]) -> None:
    """Whatever it is offered."""
    rules = NegotiationRules(rounds=10, home_tactics={key: 1.0})
    now, history = bargain(), []
    for number, offered in enumerate(counters, start=1):
        now = now.with_(counter_usd_per_mwh=np.full(len(LAYOUT), offered), round=number)
        asked = next_ask(now, CATEGORY, rules, history)
        assert (asked <= now.ask_usd_per_mwh + 1e-9).all()
        assert (asked >= now.reservation_usd_per_mwh - 1e-9).all()
        answer = own_tactic(now, CATEGORY, rules, history)
        assert (answer.accepts <= (offered >= asked)).all()
        history.append(_record(now))
        now = now.with_(ask_usd_per_mwh=asked)


def _record(now):
    from vpp_core.negotiation.rounds import RoundRecord

    return RoundRecord(
        now.ask_usd_per_mwh, now.counter_usd_per_mwh, now.agreed, np.zeros((3, len(now.layout))), now.score,
        None, "", False, now.agreed,
    )  # fmt: skip


@pytest.mark.parametrize("aggregator", SIDES["aggregator"])
@pytest.mark.parametrize("home", ["by_category", "tit_for_tat", "micro"])
def test_every_pair_reaches_an_agreement_where_there_is_room_and_pays_no_more_than_it_is_worth(
    view: GateView,  # noqa: F811
    aggregator: str,
    home: str,
) -> None:
    """The plant would pay 68, homes need 20 and first ask some 28."""
    rules = NegotiationRules(aggregator_tactic=aggregator, home_tactics={home: 1.0}, rounds=6)
    easy = offering(view, own_usd_per_mwh=20.0, reservation_usd_per_mwh=20.0)
    easy = replace(easy, scenario=easy.scenario.model_copy(update={"negotiation": rules}))
    state = ends(easy, rules, RuleDecider(rules))
    paid = state["bargain"].ask_usd_per_mwh[state["bargain"].agreed]
    assert len(paid) and ((paid >= 20.0 - 1e-9) & (paid <= 68.0)).all()


def test_a_mixed_fleet_has_each_tactic_in_its_share_and_a_home_keeps_its_own() -> None:
    from vpp_core.fleet.population import generate_fleet

    rules = NegotiationRules(home_tactics={"micro": 0.25, "boulware": 0.75})
    fleet = generate_fleet(4000, 5)
    which = tactics_of_homes(fleet, rules)
    assert which is not None
    assert (which == sorted(rules.home_tactics).index("micro")).mean() == pytest.approx(0.25, abs=0.02)
    some = np.arange(100, 200)
    assert np.array_equal(tactics_of_homes(fleet.take(some), rules), which[some])
    mixed = own_tactic(bargain().with_(round=1), CATEGORY, rules, which=np.array([0, 1, 0]))
    for place, key in enumerate(sorted(rules.home_tactics)):
        alone = own_tactic(bargain().with_(round=1), CATEGORY, NegotiationRules(home_tactics={key: 1.0}))
        mine = np.isin(LAYOUT.home, [0, 2] if place == 0 else [1])
        assert mixed.ask_usd_per_mwh[mine] == pytest.approx(alone.ask_usd_per_mwh[mine])


def test_a_tactic_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="'guess' is not known for the home; known are boulware, linear"):
        tactic_of("guess", "home")
    with pytest.raises(InputError, match="'by_category' is not known for the aggregator"):
        tactic_of("by_category", "aggregator")
    with pytest.raises(ValueError, match="together 1"):
        NegotiationRules(home_tactics={"micro": 0.5})


def test_every_tactic_and_mechanism_is_swept_and_every_category_has_a_persona() -> None:
    from vpp_core.negotiation.mechanisms import MECHANISMS

    pairs = {choice.name for choice in SWEEPS["tactic"][0].choices}
    assert pairs == {f"{a} – {h}".replace("_", " ") for a in SIDES["aggregator"] for h in SIDES["home"]}
    assert [c.name.replace(" ", "_") for c in SWEEPS["mechanism"][0].choices] == list(MECHANISMS)
    assert set(PERSONAS) == set(CATEGORIES)
