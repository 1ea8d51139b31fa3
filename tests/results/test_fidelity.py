"""The fidelity check on a fleet small enough to reckon by hand."""

from dataclasses import replace

import numpy as np
import pytest

from vpp_core.fleet.stores import staying
from vpp_core.results.fidelity import EventDelivery, _mean_kw, evening_event
from vpp_core.results.report import report_html, report_markdown
from vpp_core.results.summary import summary


def test_a_battery_gives_its_power_or_what_its_energy_sustains():
    batteries = staying(
        1, np.arange(2), np.ones(2), capacity_kwh=np.full(2, 20.0), ceiling_kwh=np.full(2, 20.0),
        initial_kwh=np.ones(2), max_charge_kw=np.array([5.0, 3.0]), max_discharge_kw=np.array([5.0, 3.0]),
        charge_efficiency=np.ones(2), discharge_efficiency=np.array([0.95, 0.9]),
    )  # fmt: skip
    stored = np.array(
        [[20.0, 4.0], [2.0, 1.0]]
    )  # first day: power binds, then energy; second day: energy, then nothing
    delivered = _mean_kw(batteries, stored, batteries.floor_kwh, 2.0)
    assert delivered == pytest.approx([(5.0 + 3.0 * 0.9 / 2) / 2, (1.0 * 0.95 / 2 + 0.0) / 2])


def test_the_sentence_sets_the_model_beside_the_real_event():
    told = EventDelivery(["2023-08-01"], np.array([4.0]), np.array([3.0]), 4.5, 12.0, 9.7).sentence
    assert "4.00 kW" in told and "3.00 kW" in told and "kept full for it, 4.50 kW" in told and "5.35 kW" in told
    assert "10.7 kWh in two hours: more than the 9.7 kWh" in told
    larger = EventDelivery(["2023-08-01"], np.array([4.0]), np.array([3.0]), 4.5, 20.0, 16.0).sentence
    assert "less than the 16.0 kWh" in larger


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
    assert (event.to_minimum_kw <= event.when_full_kw + 1e-9).all()
    assert event.capacity_kwh == pytest.approx(fleet.bess_capacity_kwh[fleet.has_battery].mean())
    assert event.usable_kwh == pytest.approx(0.85 * 0.95 * event.capacity_kwh)  # 10 to 95 %, 0.95 on the way out
    assert 0 < event.to_minimum_kw.mean() <= fleet.bess_max_power_kw[fleet.has_battery].mean()


def test_a_fleet_without_batteries_has_no_event():
    from tests.invented import invented_inputs
    from vpp_core.fleet.population import generate_fleet

    fleet = generate_fleet(200, 3)
    inputs = invented_inputs(fleet=fleet.take(np.flatnonzero(~fleet.has_battery)[:3]), days=1)
    assert evening_event(inputs) is None


def test_the_report_shows_the_event_on_the_page_in_the_text_and_in_the_summary(run_of):
    event = EventDelivery(["2023-08-01", "2023-08-02"], np.array([4.0, 3.8]), np.array([3.0, 2.9]), 4.5, 12.0, 9.7)
    run = replace(run_of(days=2), event=event)
    assert event.sentence in report_markdown(run).decode() and summary(run).event == event.sentence
    page = report_html(run).decode()
    assert 'id="plot-event"' in page and "kept full for it, 4.50 kW" in page
    assert 'id="event"' not in report_html(run_of(days=2)).decode()
