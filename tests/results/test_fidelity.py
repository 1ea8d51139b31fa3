"""The fidelity check on a fleet small enough to reckon by hand."""

import numpy as np
import pytest

from vpp_core.results.fidelity import EventDelivery, _mean_kw, evening_event


class _Batteries:
    max_power_kw = np.array([5.0, 3.0, 0.0])
    discharge_efficiency = np.array([0.95, 0.9, 1.0])


class _Inputs:
    batteries = _Batteries()


def test_a_battery_gives_its_power_or_what_its_energy_sustains():
    own = np.array([True, True, False])
    stored = np.array(
        [[20.0, 4.0], [2.0, 1.0]]
    )  # first day: power binds, then energy; second day: energy, then nothing
    floor = np.array([1.0, 1.0, 0.0])
    delivered = _mean_kw(_Inputs(), stored, floor, own, 2.0)
    assert delivered == pytest.approx([(5.0 + 3.0 * 0.9 / 2) / 2, (1.0 * 0.95 / 2 + 0.0) / 2])


def test_the_sentence_sets_the_model_beside_the_real_event():
    told = EventDelivery(["2023-08-01"], np.array([4.0]), np.array([3.0])).sentence
    assert "4.00 kW" in told and "3.00 kW" in told and "5.35 kW" in told


def test_the_event_is_computed_from_a_period_s_inputs():
    from vpp_core.calendar import Month
    from vpp_core.fleet.population import generate_fleet
    from vpp_core.market.forecast import price_forecast
    from vpp_core.market.inputs import Inputs
    from vpp_core.scenario import Scenario
    from vpp_core.sources.load import load_profiles
    from vpp_core.sources.prices import market_prices
    from vpp_core.sources.solar import solar_generation

    scenario, month = Scenario(homes=30, first_days=2, source="synthetic"), Month.parse("2023-08")
    from pathlib import Path

    raw = Path("no-such-lake") / "raw"
    prices = market_prices(scenario, month, raw)
    fleet = generate_fleet(scenario.homes, scenario.seed)
    inputs = Inputs.build(
        scenario,
        month,
        prices,
        price_forecast(prices, scenario.period(month), scenario.market),
        solar_generation(scenario, month, raw),
        load_profiles(scenario, month, raw),
        fleet,
    )
    event = evening_event(inputs)
    assert event.days == ["2023-08-01", "2023-08-02"] and event.to_minimum_kw.shape == (2,)
    assert (event.to_backup_kw <= event.to_minimum_kw + 1e-9).all()
    assert 0 < event.to_minimum_kw.mean() <= fleet.bess_max_power_kw[fleet.has_battery].mean()
