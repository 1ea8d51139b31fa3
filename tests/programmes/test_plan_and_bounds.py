"""A plan keeps energy for an event that is announced, and both bounds stay above every strategy with programmes on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dispatch.a_home import one_home, stages, stores
from tests.invented import invented_inputs
from tests.properties.test_invariants import assert_invariants
from vpp_core.dispatch.bound.homes import BoundHomes
from vpp_core.dispatch.value import CELLS, plan_homes
from vpp_core.market.inputs import Inputs
from vpp_core.scenario import PROGRAMMES, Programme
from vpp_core.settlement.outcome import Outcome
from vpp_core.simulation import simulate

DSGS, ELRP = PROGRAMMES["dsgs_option_3"], PROGRAMMES["elrp_residential"]
DEAR = np.where((np.arange(2 * 96) >= 96 + 72) & (np.arange(2 * 96) < 96 + 80), 300.0, 40.0)
"""Day-ahead prices of two days in August: an event from 18 to 20 h on the second."""


def expected_energy(paid: float, follows: bool = True) -> np.ndarray:
    """Of one store over 8 quarter hours at 0.10 $/kWh, where the last four pay more."""
    s = stores(follows=follows, deviation=4.0)
    coming = stages(0.10, 8, imported=0.0, exported=0.0, paid=np.array([[0.0] * 8, [0.0] * 4 + [paid] * 4]))
    slopes, expected = np.zeros((8, 1, CELLS)), np.zeros((8, 1))
    plan_homes(s, one_home(s), coming, np.array([6.0]), np.array([0.0]), 1.0, 8, slopes, expected)
    return expected[:, 0]


def test_a_plan_keeps_its_energy_for_what_a_programme_pays_for_and_gives_it_then() -> None:
    plain, kept = expected_energy(0.0), expected_energy(2.0)
    assert plain[3] < 6.0 - 1.0, "without an event it gives at once"
    assert kept[3] >= 6.0, "with one it waits, or fills up"
    assert kept[7] < kept[3] - 3.0, "and gives then"


def test_what_is_paid_for_batteries_moves_no_car() -> None:
    assert expected_energy(2.0, follows=False) == pytest.approx(expected_energy(0.0, follows=False))


@pytest.fixture(scope="module")
def both() -> dict[bool, tuple[Inputs, dict[str, Outcome]]]:
    """Two days with an event on the second, with and without the programme."""
    made = {}
    for on in (False, True):
        inputs = invented_inputs(
            seed=3, homes=6, days=2, lmp=50.0, reserve=np.nan, programmes=(DSGS,) if on else (), day_ahead=DEAR
        )
        keys = ["negotiated", "centralized_aware"]
        made[on] = (inputs, {outcome.strategy: outcome for outcome in simulate(inputs, keys)})
    return made


@pytest.mark.parametrize("key", ["negotiated", pytest.param("centralized_aware", marks=pytest.mark.slow)])
def test_strategies_give_more_at_an_announced_event(key: str, both: dict[bool, tuple[Inputs, dict]]) -> None:
    inputs, with_event = both[True]
    called, batteries = inputs.events[0].called, inputs.stores.of_kind("battery")

    def kwh(outcome: Outcome, before: bool = False) -> float:
        known = int(inputs.events[0].known_from[called][0])
        part = slice(0, known) if before else called
        return float(outcome.trajectory.net_kw[part][:, batteries].sum()) / 4

    _, without = both[False]
    assert kwh(with_event[key]) > kwh(without[key]) + 1.0
    assert kwh(with_event[key], before=True) == kwh(without[key], before=True), "it is not known before"
    assert with_event[key].windows["programme_usd"].sum() > 1.0


def test_the_aggregator_pays_homes_at_an_event_no_more_than_it_has_of_it(both: dict[bool, tuple[Inputs, dict]]) -> None:
    """Half of what DSGS pays goes to homes whatever is agreed; of the rest they bargain for a part."""
    _inputs, strategies = both[True]
    windows = strategies["negotiated"].windows
    event = windows["programme_usd"] > 0
    money = windows[event].sum(numeric_only=True)
    profit = money["wholesale_usd"] + money["programme_usd"] - money["penalty_usd"] - money["payment_usd"]
    assert event.sum() == 2 and profit > 0.0
    assert money["payment_usd"] > 0.5 * money["programme_usd"]


def test_what_pays_for_a_battery_s_output_is_in_the_bound_to_a_cent(both: dict[bool, tuple[Inputs, dict]]) -> None:
    inputs, strategies = both[True]
    bounds = {outcome.strategy: outcome for outcome in simulate(inputs, ["perfect_foresight_aware"])}
    bound = bounds["perfect_foresight_aware"]
    assert bound.bound_gap_usd == pytest.approx(0.0, abs=0.01)
    assert bound.windows["programme_usd"].sum() > strategies["centralized_aware"].windows["programme_usd"].sum() - 1e-6


def test_a_battery_alone_has_the_pay_in_its_meter_s_prices_and_one_beside_a_car_as_its_own() -> None:
    inputs = invented_inputs(seed=3, homes=40, days=2, programmes=(DSGS,), day_ahead=DEAR)
    homes = BoundHomes.of(inputs, obeys=True)
    price = inputs.events[0].usd_per_kwh
    seen = set()
    for home in range(40):
        problem = homes.home(home)
        plain = inputs.lmp_usd_per_mwh / 1000 + inputs.import_usd_per_kwh[0, : len(price)]
        of_batteries = [inputs.stores.follows_meter[store.column] for store in problem.stores]
        if of_batteries == [True]:
            assert problem.import_usd_per_kwh == pytest.approx(plain + price)
            seen.add("alone")
        elif any(of_batteries):
            assert problem.import_usd_per_kwh == pytest.approx(plain)
            own = problem.stores[of_batteries.index(True)].paid_usd_per_kwh
            assert own is not None and own == pytest.approx(price)
            seen.add("beside")
    assert seen == {"alone", "beside"}


OWN = Programme(
    name="own", months=8, usd_per_kwh=3.0, day_ahead_above_usd_per_mwh=200.0, measured="meter", baseline="control_group"
)


@settings(max_examples=1)
@given(
    seed=st.integers(0, 10_000),
    programmes=st.sampled_from(
        [
            (DSGS, ELRP.model_copy(update={"day_ahead_above_usd_per_mwh": 200.0})),
            (OWN, OWN.model_copy(update={"name": "battery", "measured": "battery", "baseline": "5_in_10_adjusted"})),
            (OWN.model_copy(update={"usd_per_kwh": (), "usd_per_kw_month": (40.0,), "baseline": "10_in_10"}), DSGS),
        ]
    ),
)
def test_no_strategy_is_above_its_bound_and_books_close_with_any_programmes(seed: int, programmes: tuple) -> None:
    result = assert_invariants(
        invented_inputs(seed=seed, homes=3, days=2, programmes=programmes, day_ahead=DEAR, v2g=seed % 2 == 0)
    )
    assert result["centralized"].programmes["event_hours"].max() > 0
