"""The value of stored energy on cases solved by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from vpp_core.dispatch.opportunity_cost import RESERVE_SHARE, Outlook, battery_own_value, battery_value, car_value
from vpp_core.dispatch.stored_value import LEVELS
from vpp_core.fleet.devices import Batteries, CarBatteries, Permission


def one_battery(power: float = 4.0, wear: float = 0.0, efficiency: float = 1.0, backup: float = 0.0) -> Batteries:
    one = np.ones(1)
    return Batteries(
        0.0 * one, 8.0 * one, backup * one, 4.0 * one, power * one, efficiency * one, efficiency * one, wear * one
    )


def permission(battery: Batteries, power: float, floor: float = 0.0) -> Permission:
    none = np.zeros(0)
    return Permission(
        True, np.array([power]), np.array([floor]), np.array([np.inf]), none.astype(bool), none, none, none, np.zeros(1)
    )


def outlook(
    prices: list[float],
    surplus: list[float],
    buy: float = 0.30,
    sell: float = 0.05,
    reserve: float = 0.0,
    reserve_hours: float = 1.0,
) -> Outlook:
    price = np.repeat(np.array(prices)[:, None], 3, axis=1)
    hours = len(prices)
    return Outlook(
        window_hours=1.0,
        price_usd_per_mwh=price,
        reserve_usd_per_mw_h=np.full_like(price, reserve),
        reserve_hours=reserve_hours,
        surplus_kw=np.array(surplus)[:, None],
        import_usd_per_kwh=np.full(hours, buy),
        export_usd_per_kwh=np.full(hours, sell),
    )


def slopes(value: np.ndarray, kwh: float = 8.0) -> np.ndarray:
    return np.diff(value[0]) / (kwh / (LEVELS - 1))


def test_energy_is_worth_the_dear_hour_as_far_as_power_reaches_and_replacement_beyond() -> None:
    """One hour at $1,000/MWh, then nothing but replacement at the mean price (550 + 300 $/MWh).

    The battery can export 4 kWh in the dear hour: those earn 1.00 + 0.05; the other 4 kWh are kept for 0.85.
    """
    battery = one_battery(power=4.0)
    value = battery_value(outlook([1000.0, 100.0], [0.0, 0.0]), battery, permission(battery, 4.0))
    slope = slopes(value)
    assert slope[:12] == pytest.approx(1.05)
    assert slope[12:] == pytest.approx(0.85, abs=1e-9)


def test_efficiency_and_wear_come_off_once() -> None:
    battery = one_battery(power=8.0, wear=0.03, efficiency=0.9)
    value = battery_value(outlook([1000.0], [0.0]), battery, permission(battery, 8.0))
    kept = (1.0 + 0.30 - 0.03) * 0.9
    sold = (1.0 + 0.05 - 0.03) * 0.9
    assert slopes(value) == pytest.approx(max(kept, sold))


def test_covering_the_homes_own_load_saves_the_retail_price_too() -> None:
    """A kW of own load for an hour at 100 $/MWh: 1 kWh of stored energy saves 0.10 + 0.30; the rest exports 0.15."""
    battery = one_battery(power=8.0)
    hours = outlook([100.0, -1000.0], [-1.0, 0.0], buy=0.30)
    value = battery_value(hours, battery, permission(battery, 8.0))
    slope = slopes(value)
    assert slope[0] == pytest.approx(0.40)
    assert slope[-1] == pytest.approx(0.15)


def test_solar_to_come_makes_stored_energy_cheap() -> None:
    """Enough sun to fill the battery for nothing but the export credit: a kWh held now saves 0.05 + LMP, no more."""
    battery = one_battery(power=8.0)
    value = battery_value(outlook([20.0, 20.0], [8.0, 0.0]), battery, permission(battery, 8.0))
    assert slopes(value) == pytest.approx(0.07)


def test_the_value_is_concave_and_grows_with_energy() -> None:
    rng = np.random.default_rng(0)
    battery = one_battery(power=3.0, wear=0.03, efficiency=0.95)
    price = np.sort(rng.uniform(0, 400, (24, 3)), axis=1)
    hours = replace(
        outlook([0.0] * 24, list(rng.normal(0, 2, 24))),
        price_usd_per_mwh=price,
        reserve_usd_per_mw_h=np.sort(rng.exponential(20, (24, 3)), axis=1),
    )
    slope = slopes(battery_value(hours, battery, permission(battery, 2.0)))
    assert (np.diff(slope) <= 1e-9).all()
    assert (slope > 0).all()


@pytest.mark.parametrize(("reserve_hours", "backed_kwh"), [(1.0, 4.0), (2.0, 8.0), (0.5, 2.0)])
def test_energy_that_can_back_reserve_is_worth_its_price_for_every_hour(
    reserve_hours: float, backed_kwh: float
) -> None:
    """Three hours at 60 $/MW-h, of which V counts on a share: 2 kW offered need 2 kW · duration / efficiency.

    At an efficiency of a half nobody charges for it.
    """
    battery = one_battery(power=8.0, efficiency=0.5)
    quiet = [0.0, 0.0, 0.0]
    worth = battery_value(
        outlook(quiet, quiet, reserve=60.0, reserve_hours=reserve_hours), battery, permission(battery, 2.0)
    )
    without = battery_value(outlook(quiet, quiet), battery, permission(battery, 2.0))
    steps = round(backed_kwh / 8.0 * (LEVELS - 1))
    gained = slopes(worth) - slopes(without)
    assert gained[:steps] == pytest.approx(3 * 0.06 * RESERVE_SHARE * 0.5 / reserve_hours)
    assert gained[steps:] == pytest.approx(0.0, abs=1e-9)


def test_the_households_own_part_is_what_its_bill_says_when_left_alone() -> None:
    """Two hours of 1 kW load: the first 2 kWh above the backup of 2 save 0.30 each, below it nothing is used.

    What is left keeps its value of 0.30 for later.
    """
    battery = one_battery(power=8.0, backup=2.0)
    value = battery_own_value(outlook([50.0, 50.0], [-1.0, -1.0]), battery, permission(battery, 8.0))
    levels = np.arange(LEVELS) * 8.0 / (LEVELS - 1)
    bill = 2 * 0.30 - np.clip(levels - 2.0, 0.0, 2.0) * 0.30
    left = levels - np.clip(levels - 2.0, 0.0, 2.0)
    assert value[0] == pytest.approx(left * 0.30 - bill)


def test_a_car_that_can_give_is_worth_what_its_last_dear_hour_brings() -> None:
    """A full car leaves after four hours, the last at 1 $/kWh: it gives 7 kWh then, which are regained elsewhere.

    An empty one has nothing to give: all that it can charge until then is short of its need.
    """
    one, hours = np.ones(1), 4
    price = np.full((hours, 3), 100.0)
    price[3] = 1000.0
    tariff = np.full(hours, 0.30), np.full(hours, 0.05)
    outlook = Outlook(1.0, price, np.zeros((hours, 3)), 1.0, np.zeros((hours, 1)), *tariff)

    def value_when_full(discharge_kw: float) -> float:
        nothing = [np.zeros((0, 1))] * 7
        cars = CarBatteries(
            np.zeros(1, dtype=int), 6.0 * one, 54.0 * one, 54.0 * one, 7.0 * one, 0.92 * one, discharge_kw * one,
            0.92 * one, 0.03 * one, *nothing,
        )  # fmt: skip
        total, own = car_value(outlook, cars, np.array([0]), 40.0 * one, np.array([4 * hours]), np.zeros((hours, 1)))
        assert own[0, -1] == pytest.approx(48.0 * 0.30 / 0.92), "left alone it does not give"
        return float(total[0, -1])

    sold = 7.0 * (1.0 + 0.05 - 0.03)
    regained = 7.0 / 0.92 / 0.92 * outlook.replacement_usd_per_kwh
    assert value_when_full(7.0) - value_when_full(0.0) == pytest.approx(sold - regained)
