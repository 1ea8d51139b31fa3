"""What a deviation costs a household, by hand: its bill and wear, now and when it is then left alone."""

from __future__ import annotations

import numpy as np
import pytest

from tests.dispatch.a_home import Array, stages, stores
from vpp_core.dispatch.columns import Costs, Priced, Stages, StoreColumns
from vpp_core.dispatch.cost import deviation_costs
from vpp_core.dispatch.value import CELLS

SELL, GIVE, BUY = range(3)


def costs(s: StoreColumns, coming: Stages, energy: float, quantity: tuple[float, float, float], worth: float = 0.0,
          length: int = 4) -> tuple[Array, Array]:  # fmt: skip
    """Own and total cost of selling, giving, buying [$/kWh]; V's slope is `worth` [$/kWh] everywhere."""
    return all_costs(s, coming, energy, quantity, worth, length)[:2]


def all_costs(s: StoreColumns, coming: Stages, energy: float, quantity: tuple[float, float, float], worth: float = 0.0,
              length: int = 4) -> tuple[Array, Array, Array]:  # fmt: skip
    """The same, and the market's later part of the total."""
    slopes = np.full((1, CELLS), worth * (s.ceiling[0] - s.floor[0]) / CELLS)
    own, total, market = np.zeros((3, 3, 1))
    asked = Priced(np.zeros(1, dtype=np.int64), np.array([energy]), slopes, 0, length, np.array(quantity)[:, None])
    deviation_costs(s, coming, asked, Costs(own, total, market))
    return own[:, 0], total[:, 0], market[:, 0]


def test_a_battery_that_sells_loses_what_it_would_have_covered_later() -> None:
    """Full beside no load in the window and 2 kW later: what it sells is missed at the import price."""
    s = stores(into=1.0, out_of=1.0, wear=0.03)
    net = np.array([0.0] * 4 + [-2.0] * 40)
    own, total = costs(s, stages(0.0, 44, net=net), 11.0, (2.0, 0.0, 0.0), worth=0.4)
    # 2 kWh are exported at 0.05 now, with 0.03 of wear; later 2 kWh less are given (0.03 less) and bought at 0.30.
    assert own[SELL] == pytest.approx(0.30 - 0.05, abs=1e-6)
    assert total[SELL] == pytest.approx(0.4 + 0.03 - 0.05, abs=1e-6), "V and wear, less the export credit"


def test_of_what_stays_at_the_end_a_kwh_counts_what_replacing_it_costs() -> None:
    """What was sold is missing at the end, at the cheapest tariff less the wear of giving it."""
    s = stores(into=1.0, out_of=0.9, wear=0.03)
    own, _ = costs(s, stages(0.0, 12), 11.0, (1.0, 0.0, 0.0))
    assert own[SELL] == pytest.approx((0.30 - 0.03) * 0.9 / 0.9 + 0.03 - 0.05, abs=1e-6)


def test_a_purchase_costs_its_bill_less_what_it_saves_later() -> None:
    """It takes 1 kWh at 0.30 and later covers a load with the 0.81 kWh that come out of it."""
    s = stores(into=0.9, out_of=0.9, wear=0.03)
    net = np.array([0.0] * 4 + [-4.0] * 40)
    own, _ = costs(s, stages(0.0, 44, net=net), 1.0, (0.0, 0.0, 1.0))
    assert own[BUY] == pytest.approx(0.30 - 0.81 * (0.30 - 0.03), abs=1e-6)


def test_a_charge_held_off_costs_nothing_at_one_tariff_and_the_sun_where_that_is_lost() -> None:
    s = stores(follows=False, give=0.0, wear=0.0, into=0.9, charge=2.0)
    own, _ = costs(s, stages(0.0, 40, net=-1.0), 1.0, (2.0, 0.0, 0.0))
    assert own[SELL] == pytest.approx(0.0, abs=1e-6)
    sun = np.array([3.0] * 4 + [-1.0] * 36)
    own, _ = costs(s, stages(0.0, 40, net=sun), 1.0, (2.0, 0.0, 0.0))
    assert own[SELL] == pytest.approx(0.30 - 0.05, abs=1e-6), "exported at 0.05 now, bought at 0.30 later"


def test_the_dearest_part_is_what_is_asked_for_all_of_it() -> None:
    """Beside 0.5 kW of load in the window the first part displaces a purchase, the rest is exported: it costs more."""
    s = stores(into=1.0, out_of=1.0, wear=0.0, backup=11.0, floor=1.0)
    own, _ = costs(s, stages(0.0, 4, net=-0.5), 11.0, (2.0, 0.0, 0.0))
    # Of 2 kW half a kilowatt saves 0.30, the rest brings 0.05; what is missing counts 0.30.
    assert own[SELL] == pytest.approx(0.30 - (0.25 * 0.30 + 0.75 * 0.05), abs=1e-6)


def test_giving_by_a_car_holds_its_charge_off_first() -> None:
    s = stores(follows=False, charge=2.0, give=3.0, into=1.0, out_of=1.0, wear=0.05)
    own, _ = costs(s, stages(0.0, 40, net=-10.0), 8.0, (2.0, 3.0, 0.0))
    # 5 kW for an hour, 3 of them given with wear; everything is recharged at the same 0.30.
    assert own[GIVE] == pytest.approx(3 * 0.05 / 5, abs=1e-6)


def test_of_what_moved_energy_is_worth_later_the_market_has_the_price_then_and_the_bill_the_rest() -> None:
    """An evening at 0.08 and 0.50, a night at 0.03 and 0.20: V says which of them a kWh is for."""
    price = np.array([0.06] * 4 + [0.08] * 12 + [0.03] * 24)
    imported = np.array([0.50] * 16 + [0.20] * 24)
    coming = stages(price, 40, net=-5.0, imported=imported)
    car = stores(follows=False, give=0.0, wear=0.0, into=1.0, charge=2.0)
    for worth, paid in ((0.08 + 0.50, 0.08), (0.03 + 0.20, 0.03)):
        _, total, market = all_costs(car, coming, 1.0, (2.0, 0.0, 0.0), worth)
        assert total[SELL] == pytest.approx(worth - 0.50), "charging later, less the import that is saved now"
        assert market[SELL] == pytest.approx(paid)
    battery = stores(into=0.9, out_of=0.9, wear=0.03, backup=11.0)
    worth = 0.9 * (0.08 + 0.50 - 0.03)
    _, _, market = all_costs(battery, coming, 1.0, (0.0, 0.0, 1.0), worth)
    assert market[BUY] == pytest.approx(-0.08 * 0.81), "of a kWh bought 0.81 are sold in the evening"
