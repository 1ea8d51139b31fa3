"""What is asked, what comes, and what is then expected."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.invented import invented_inputs
from vpp_core.dispatch.delivery import Delivery
from vpp_core.market.inputs import Inputs
from vpp_core.scenario import KNOWN_SCENARIOS, Reliability
from vpp_core.settlement.outcome import Outcome
from vpp_core.simulation import simulate

FAILING = Reliability(device_out_share_per_day=0.3, opt_out_share_per_window=0.2, leaver_share=0.3)
BIDDING = ["negotiated", "centralized_aware", "centralized"]


def simulated(inputs: Inputs, *keys: str) -> dict[str, Outcome]:
    return {outcome.strategy: outcome for outcome in simulate(inputs, keys)}


def test_what_may_be_expected_is_what_came_of_what_was_asked() -> None:
    """Homes start with 10 kWh each but for one without a store; then two of them are asked for 4 kW over two hours, of
    which all comes of the one and a quarter of the other.
    """
    delivery = Delivery(np.array([0, 1, 1, 3]), np.array([0, 0, 1, 1]))
    assert delivery.expected_share.tolist() == [1.0, 1.0] and delivery.reliability.tolist() == [1.0] * 4
    for _ in range(8):
        delivery.note(np.array([4.0, 1.0, 3.0, 0.0]), np.array([True, True, False, False]))
    assert delivery.reliability.tolist() == pytest.approx([1.0, (10 + 2) / (10 + 8), 1.0, 1.0])
    assert delivery.expected_share.tolist() == pytest.approx([(20 + 8 + 2) / (20 + 16), 1.0])


def test_nothing_comes_of_stores_that_never_follow_and_soon_nothing_is_bid() -> None:
    inputs = invented_inputs(seed=4, homes=12, days=2, reliability=FAILING)
    stores = replace(inputs.stores, reachable=np.zeros_like(inputs.stores.reachable))
    result = simulated(replace(inputs, stores=stores), "no_vpp", "smart_home", *BIDDING, "perfect_forecast")
    follow = simulated(replace(inputs, stores=replace(stores, reachable=np.ones_like(stores.reachable))), *BIDDING)
    alone = result["no_vpp"].trajectory
    for key in ("smart_home", *BIDDING, "perfect_forecast"):
        path, windows = result[key].trajectory, result[key].windows
        assert np.allclose(path.energy_kwh, alone.energy_kwh, atol=1e-9), key
        assert windows["surplus_usd"].sum() == pytest.approx(-windows["penalty_usd"].sum(), abs=1e-9), key
        assert not path.spin_kw.any() and not path.award_kw.any(), key
    for key in BIDDING:
        windows = result[key].windows
        assert windows["missed_kwh"].sum() > 0 and windows["penalty_usd"].sum() > 0, key
        here, there = (w["bid_sell_kw"] + w["bid_buy_kw"] for w in (windows, follow[key].windows))
        most = 0.5 if key == "centralized" else 0.9  # who asked for less has learned less
        assert here[-24:].sum() < most * there[-24:].sum(), f"{key}: bids fall with what came"
    exact = result["perfect_forecast"].windows
    assert not exact[["bid_sell_kw", "bid_buy_kw", "penalty_usd", "missed_kwh"]].to_numpy().any()


def test_of_what_is_asked_as_much_comes_as_is_reached_and_awards_stay_within_what_cleared() -> None:
    rules = KNOWN_SCENARIOS["unreliable"].reliability
    inputs = invented_inputs(seed=6, homes=60, days=2, reliability=rules)
    result = simulated(inputs, "centralized_aware", "perfect_forecast")
    asked, path = result["centralized_aware"].windows, result["centralized_aware"].trajectory
    came = asked["awarded_sell_kwh"].sum() + asked["awarded_buy_kwh"].sum()
    assert came / (came + asked["missed_kwh"].sum()) == pytest.approx(27 / 34, abs=0.08)
    assert (path.award_kw[~inputs.stores.reachable] == 0).all()
    assert (path.spin_kw[~inputs.stores.reachable] == 0).all()
    assert result["perfect_forecast"].windows["missed_kwh"].sum() == 0


def test_a_strategy_sees_what_came_of_each_home() -> None:
    from vpp_core.dispatch.run import PeriodRun
    from vpp_core.dispatch.view import GateView
    from vpp_core.market.decision import Decision
    from vpp_core.strategies.centralized import CentralizedAware

    seen: list[np.ndarray] = []

    class Watching(CentralizedAware):
        def decide(self, view: GateView) -> Decision:
            seen.append(view.reliability)
            return super().decide(view)

    inputs = invented_inputs(seed=4, homes=8, days=1, reliability=FAILING)
    run = PeriodRun(inputs, Watching())
    for t in range(len(inputs.period)):
        run.before(t)
        run.dispatch(t)
    assert (seen[0] == 1.0).all() and seen[-1].min() < 0.9
    sometimes_not = inputs.stores.home[~inputs.stores.reachable.all(axis=0)]
    assert (np.delete(seen[-1], sometimes_not) == 1.0).all()
