"""Programmes in the books: who is paid what for which kilowatt-hours, and what baselines miss."""

from __future__ import annotations

import numpy as np
import pytest

from tests.invented import invented_inputs
from vpp_core.fleet.bess import BESS
from vpp_core.fleet.convert import fleet_of
from vpp_core.fleet.prosumer import Preferences, Prosumer
from vpp_core.market.inputs import Inputs
from vpp_core.scenario import PROGRAMMES, Programme
from vpp_core.settlement.books import make_books
from vpp_core.settlement.outcome import Outcome, outcome_tables, outcomes_to_arrow
from vpp_core.settlement.programme_days import programme_days
from vpp_core.settlement.programmes import measured
from vpp_core.settlement.trajectory import Trajectory
from vpp_core.shards.merge import merged
from vpp_core.simulation import simulate

DSGS = PROGRAMMES["dsgs_option_3"]
ENERGY = Programme(
    name="energy", months=8, usd_per_kwh=2.0, day_ahead_above_usd_per_mwh=200.0, measured="meter",
    baseline="10_in_10", household_share=0.25,
)  # fmt: skip
BEING_THERE = Programme(name="there", months=8, usd_per_home_month=31.0, test_event=True, household_share=1.0)
DEAR = np.where((np.arange(2 * 96) >= 96 + 72) & (np.arange(2 * 96) < 96 + 80), 300.0, 40.0)
"""Day-ahead prices of two days in August: an event from 18 to 20 h on the second."""


def two_homes(*programmes: Programme) -> Inputs:
    """One home with a battery, one with nothing, both drawing 1 kW."""
    with_battery = Prosumer(bess=BESS(capacity_kwh=20.0, max_power_kw=5.0), preferences=Preferences())
    bare = Prosumer(home_id=1, load_profile_id=1, preferences=Preferences())
    return invented_inputs(
        fleet=fleet_of([with_battery, bare], seed=0), days=2, lmp=50.0, reserve=np.nan, load_kw=np.ones((192, 2)),
        programmes=programmes, day_ahead=DEAR,
    )  # fmt: skip


def idle(inputs: Inputs) -> Trajectory:
    path = Trajectory.empty(
        len(inputs.period), len(inputs.stores), 1, inputs.stores.floor_kwh, inputs.stores.initial_kwh
    )
    path.energy_kwh[:] = inputs.stores.initial_kwh
    return path


def giving(inputs: Inputs, kw: float, *hours: int) -> Trajectory:
    """The battery gives so much in some hours of the second day."""
    path = idle(inputs)
    path.discharge_kw[(inputs.period.day_of_interval == 1) & np.isin(inputs.period.local.hour, hours)] = kw
    return path


def test_capacity_is_the_mean_over_the_event_and_shared_between_aggregator_and_household() -> None:
    """4 kW in one of two hours: 2 kW of a month of which two of 31 days were run."""
    inputs = two_homes(DSGS)
    path, alone = giving(inputs, 4.0, 18), idle(inputs)
    books = make_books(inputs, path, alone, measured(inputs, path, alone))
    paid = books.money["programme_usd"].sum(axis=0)
    assert paid == pytest.approx([14.04 * 2.0 * 2 / 31, 0.0])
    assert books.money["payment_usd"].sum() == pytest.approx(paid.sum() / 2), "the households' half"
    without = make_books(inputs, path, alone)
    more = books.money["surplus_usd"].sum() - without.money["surplus_usd"].sum()
    assert more == pytest.approx(paid.sum())
    assert not without.money["programme_usd"].any(), "who is not enrolled is not paid"


def test_charging_at_an_event_counts_against_what_others_show() -> None:
    inputs = two_homes(DSGS)
    path = giving(inputs, 4.0, 18)
    path.charge_kw[inputs.events[0].called & (inputs.period.local.hour == 19)] = 1.0
    books = make_books(inputs, path, idle(inputs), measured(inputs, path, idle(inputs)))
    assert books.money["programme_usd"].sum() == pytest.approx(14.04 * 1.5 * 2 / 31)


def test_energy_beyond_the_own_days_baseline_is_paid_and_the_truth_would_pay_otherwise() -> None:
    """The battery gives 3 kW in the event, and gave 1 kW in its hours the day before: credited are 2 kW."""
    inputs = two_homes(ENERGY)
    path = giving(inputs, 3.0, 18, 19)
    path.discharge_kw[(inputs.period.day_of_interval == 0) & np.isin(inputs.period.local.hour, [18, 19])] = 1.0
    rows = programme_days(inputs, "own", measured(inputs, path, idle(inputs))).set_index("baseline")
    own = rows.loc["10_in_10"]
    assert own["is_paid_by"] and own["homes"] == 1, "the bare home has nothing to show"
    assert own["paid_usd"] == pytest.approx(2.0 * 2 * 2)
    assert own["true_usd"] == pytest.approx(2.0 * 3 * 2)
    assert own["household_usd"] == pytest.approx(0.25 * own["paid_usd"])
    assert own["shown_kwh"] == pytest.approx(6.0)
    assert own["bias_kwh"] == pytest.approx(-2.0) and own["error_kwh"] == pytest.approx(2.0)
    assert set(rows.index) == {"10_in_10", "5_in_10", "5_in_10_adjusted", "10_in_10_adjusted", "control_group"}


def test_being_there_is_paid_whatever_is_done() -> None:
    inputs = two_homes(BEING_THERE)
    for path in (idle(inputs), giving(inputs, 5.0, 18)):
        books = make_books(inputs, path, idle(inputs), measured(inputs, path, idle(inputs)))
        assert books.money["programme_usd"].sum(axis=0) == pytest.approx([31.0 * 2 / 31, 0.0])


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    inputs = invented_inputs(seed=3, homes=6, days=2, programmes=(DSGS, ENERGY, BEING_THERE), day_ahead=DEAR)
    keys = ["no_vpp", "smart_home", "negotiated", "centralized_aware"]
    return {outcome.strategy: outcome for outcome in simulate(inputs, keys)}


def test_the_books_close_with_programmes_and_homes_without_a_vpp_are_in_none(outcomes: dict[str, Outcome]) -> None:
    from tests.properties.test_invariants import assert_books_close

    for key, outcome in outcomes.items():
        assert_books_close(outcome)
        paid = outcome.windows["programme_usd"].sum()
        rows = outcome.programmes
        if key in ("no_vpp", "smart_home"):
            assert rows.empty and not outcome.windows["programme_usd"].any()
            continue
        assert rows.loc[rows["is_paid_by"], "paid_usd"].sum() == pytest.approx(paid)
        assert set(rows["programme"]) == {"dsgs_option_3", "energy", "there"}
        money = outcome.households["payment_usd"].sum() - outcome.households["agreed_payment_usd"].sum()
        assert rows.loc[rows["is_paid_by"], "household_usd"].sum() == pytest.approx(money)


def test_rows_of_programmes_are_stored_and_added_up_over_aggregations(outcomes: dict[str, Outcome]) -> None:
    table = outcomes_to_arrow(list(outcomes.values()))
    one, two = outcome_tables(table).programmes, outcome_tables(merged([table, table])).programmes
    assert list(one["programme"]) == list(two["programme"])
    assert two["paid_usd"].to_numpy() == pytest.approx(2 * one["paid_usd"].to_numpy())
    assert (two["event_hours"] == one["event_hours"]).all() and (two["homes"] == 2 * one["homes"]).all()
