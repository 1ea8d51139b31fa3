"""A water heater is a store like any other, with values worked out by hand."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from tests.invented import invented_inputs
from vpp_core.calendar import Period
from vpp_core.dispatch.month_bound import month_bound
from vpp_core.errors import InputError
from vpp_core.fleet.arrow import same_fleet
from vpp_core.fleet.convert import fleet_of
from vpp_core.fleet.fleet import Appliances, Fleet
from vpp_core.fleet.kinds import stores_of
from vpp_core.fleet.kinds.water_heater import MOST_OF_A_DAY, MOST_OF_A_SLOT, WaterHeater, _reserve_kwh, _share_by_slot
from vpp_core.fleet.permission import Permission
from vpp_core.fleet.population import generate_fleet
from vpp_core.fleet.prosumer import Prosumer, prosumer_from_dict
from vpp_core.fleet.stores import NEVER, Stores
from vpp_core.market.inputs import Inputs
from vpp_core.scenario import Scenario
from vpp_core.settlement.books import make_books
from vpp_core.settlement.preferences import Deviations, violations
from vpp_core.settlement.trajectory import Trajectory

MONTH = Period.of("2023-08")


def heaters(fleet: Fleet, period: Period = MONTH) -> Stores:
    own = stores_of(fleet, period, np.ones(len(fleet)))
    return own.take(own.of_kind("water_heater"))


def one_home(**heater: float) -> Fleet:
    return fleet_of([Prosumer(appliances={"water_heater": WaterHeater(**heater)})], seed=3)


def test_a_tank_left_alone_is_kept_full_and_uses_what_is_drawn_and_lost() -> None:
    """4 kWh of hot water a day and 0.1 kW of loss: 6.4 kWh a day; a day's hot water spreads by 15 %."""
    own = heaters(one_home(capacity_kwh=4.0, max_power_kw=4.5, loss_kw=0.1, draw_kwh=4.0))
    used = own.counterfactual_kw.sum() * 0.25 / 31
    assert used == pytest.approx(6.4, abs=4.0 * 4 * 0.15 / np.sqrt(31))
    assert used == pytest.approx(own.draw_kwh.sum() / 31, abs=0.1), "what goes in comes out"
    assert own.counterfactual_kwh.min() >= 4.0 - own.draw_kwh.max() and own.counterfactual_kwh[-1, 0] > 3.0
    assert own.draw_kwh.min() >= 0.1 * 0.25
    assert own.usual_draw_kwh.sum() == pytest.approx(6.4)
    assert (own.leave_slot == NEVER).all() and own.available.all() and not own.max_discharge_kw.any()


def test_hot_water_comes_in_the_morning_and_in_the_evening() -> None:
    share = _share_by_slot()
    assert share.sum() == pytest.approx(1.0)
    morning, noon, evening, night = (share[slice(4 * a, 4 * b)].sum() for a, b in ((6, 9), (12, 15), (18, 21), (0, 5)))
    assert min(morning, evening) > 3 * noon and night < 0.02


def test_every_draw_lies_within_what_the_margin_reckons_with_and_its_mean_is_the_usual_one() -> None:
    fleet = generate_fleet(400, 5, appliance_shares={"water_heater": 1.0})
    own = heaters(fleet)
    loss = fleet.appliances["water_heater"].loss_kw * 0.25
    hot_water, usual = own.draw_kwh - loss, own.usual_draw_kwh[MONTH.slot_of_interval] - loss
    assert (hot_water <= usual * (1 + MOST_OF_A_DAY) * MOST_OF_A_SLOT + 1e-9).all()
    assert hot_water.sum() == pytest.approx(usual.sum(), rel=0.01)


def test_the_margin_is_the_largest_draw_and_what_the_next_draw_beyond_the_element() -> None:
    """1 kW heats 0.25 kWh a quarter hour; three quarter hours may draw 0.4 each: 0.4 + 0.15 + 0.15."""
    most = np.zeros((96, 1))
    most[30:33] = 0.4
    assert _reserve_kwh(most, np.array([1.0])) == pytest.approx(0.7)
    assert _reserve_kwh(most, np.array([4.0])) == pytest.approx(0.4)


def test_no_tank_that_keeps_its_margin_runs_cold_whatever_is_drawn() -> None:
    """Held off wherever that leaves the margin, at any time of any day."""
    own = heaters(generate_fleet(300, 9, appliance_shares={"water_heater": 1.0}))
    energy = own.initial_kwh.copy()
    least = np.inf
    for t in range(len(own.draw_kwh)):
        energy = energy - own.draw_kwh[t]
        least = min(least, energy.min())
        missing = np.clip(own.need_kwh[t] - energy, 0.0, own.max_charge_kw * 0.25)
        energy = energy + missing
    assert least >= -1e-9
    assert (own.need_kwh[0] < own.ceiling_kwh).mean() > 0.9, "most have something to give"
    assert energy.mean() < 0.6 * own.ceiling_kwh.mean(), "and it was given"


def test_who_has_a_water_heater_changes_nothing_else_about_a_home() -> None:
    without, some, all_of_them = (
        generate_fleet(200, 42, appliance_shares={"water_heater": share}) for share in (0.0, 0.3, 1.0)
    )
    assert len(without.appliances["water_heater"]) == 0 and len(all_of_them.appliances["water_heater"]) == 200
    assert 40 < len(some.appliances["water_heater"]) < 80
    for other in (some, all_of_them):
        assert same_fleet(replace(other, appliances=without.appliances), without)
    own = some.appliances["water_heater"].home
    for field in fields(Appliances):
        assert np.array_equal(
            getattr(some.appliances["water_heater"], field.name),
            getattr(all_of_them.appliances["water_heater"], field.name)[own],
        )


def test_a_home_s_hot_water_is_the_same_in_any_fleet_and_any_period() -> None:
    fleet = generate_fleet(50, 4, appliance_shares={"water_heater": 1.0})
    whole, alone = heaters(fleet), heaters(fleet.take(np.array([17])), Period.of("2023-08", 3))
    assert np.array_equal(alone.draw_kwh[:, 0], whole.draw_kwh[: 3 * 96, 17])


def test_an_impossible_water_heater_is_refused_by_its_field() -> None:
    with pytest.raises(InputError, match=r"appliances\.water_heater\.max_power_kw 0 is below 0\.3"):
        prosumer_from_dict({"heater": {"max_power_kw": 0.0}})
    with pytest.raises(InputError, match=r"appliances\.'sauna' is no appliance; known are water_heater"):
        prosumer_from_dict({"appliances": {"sauna": {}}})


def test_a_scenario_names_the_share_of_each_appliance_and_an_older_one_is_read_as_it_was_meant() -> None:
    assert Scenario(water_heater_share=0.3) == Scenario(appliance_shares={"water_heater": 0.3})
    assert Scenario(water_heater_share=0.0).to_json() == Scenario().to_json()
    with pytest.raises(ValueError, match="'sauna' is no appliance; known are water_heater"):
        Scenario(appliance_shares={"sauna": 0.1})
    with pytest.raises(ValueError, match="less than or equal to 1"):
        Scenario(appliance_shares={"water_heater": 1.1})


def test_preferences_leave_it_to_be_held_off_and_nothing_is_owed_but_warm_water() -> None:
    fleet = one_home()
    own = stores_of(fleet, MONTH, np.ones(1))
    for obeys in (True, False):
        allowed = Permission.of(fleet, own, obeys)
        assert (allowed.deviation_kw == np.inf).all() and allowed.movable.all() and not allowed.give_kw.any()
        assert (allowed.need_kwh == own.need_kwh).all() and not allowed.compensation_usd_per_kwh.any()


def held_off() -> tuple[Inputs, Trajectory, Trajectory, float]:
    """A tank whose heating of one quarter hour is moved to the next, cheaper one: inputs, that, left alone, and kWh."""
    fleet = one_home(capacity_kwh=3.0, loss_kw=0.0, draw_kwh=6.0)
    lmp = np.full(96, 100.0)
    lmp[31] = 40.0
    inputs = invented_inputs(fleet=fleet, days=1, lmp=lmp, reserve=np.nan, load_kw=np.ones((96, 1)))
    own = inputs.stores
    alone, path = (Trajectory.empty(96, 1, 1, own.floor_kwh, own.initial_kwh) for _ in range(2))
    for either in (alone, path):
        either.charge_kw[:], either.energy_kwh[:] = own.counterfactual_kw, own.counterfactual_kwh[1:]
        either.default_kw[:] = -own.counterfactual_kw
    moved = own.counterfactual_kw[30, 0]
    assert moved > 0.1
    path.charge_kw[30, 0], path.award_kw[30, 0], path.agreed_usd_per_kwh[30, 0] = 0.0, moved, 0.02
    path.charge_kw[31, 0] += moved
    path.default_kw[31, 0] -= moved
    path.energy_kwh[30, 0] -= moved * 0.25
    return inputs, path, alone, moved * 0.25


def test_heating_moved_to_a_cheaper_quarter_hour_earns_the_difference_of_prices() -> None:
    inputs, path, alone, kwh = held_off()
    money = {name: float(values.sum()) for name, values in make_books(inputs, path, alone).money.items()}
    assert money["wholesale_heater_usd"] == pytest.approx(kwh * (0.100 - 0.040))
    assert money["surplus_heater_usd"] == pytest.approx(kwh * 0.06)
    assert money["surplus_usd"] == pytest.approx(kwh * 0.06)
    assert money["payment_usd"] == pytest.approx(kwh * 0.02)
    assert money["surplus_battery_usd"] == money["surplus_ev_usd"] == money["penalty_usd"] == 0.0


def test_water_that_is_cold_and_would_not_have_been_is_a_violation_of_comfort_and_of_nothing_else() -> None:
    inputs, path, alone, _ = held_off()

    def breaches(energy_kwh: float, left_alone_kwh: float) -> dict[str, int]:
        path.energy_kwh[40, 0], alone.energy_kwh[40, 0] = energy_kwh, left_alone_kwh
        found = violations(inputs, path, alone, Deviations.of(inputs, path))
        return {kind: int(where.sum()) for kind, where in found.items() if where.any()}

    assert breaches(-0.1, 1.0) == {"comfort": 1}
    assert breaches(-0.1, -0.2) == {}
    assert breaches(0.0, 3.0) == {}


def test_the_bound_heats_when_it_is_cheap_and_never_lets_a_tank_run_cold() -> None:
    """A dear evening hour: all that is drawn in it is heated before or after, as far as the band goes."""
    fleet = one_home(capacity_kwh=5.0, loss_kw=0.05, draw_kwh=8.0)
    lmp = np.full(96, 30.0)
    lmp[76:80] = 1000.0
    inputs = invented_inputs(fleet=fleet, days=1, lmp=lmp, reserve=np.nan, load_kw=np.ones((96, 1)))
    own = inputs.stores
    for obeys in (True, False):
        best, gap = month_bound(inputs, obeys)
        assert gap < 1e-6
        assert own.counterfactual_kw[76:80].sum() > 1.0 and best.charge_kw[76:80].sum() == pytest.approx(0.0, abs=1e-6)
        assert best.energy_kwh.min() >= -1e-9 and best.energy_kwh.max() <= 5.0 + 1e-9
