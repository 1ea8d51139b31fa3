"""A run of a month's first days is that of the month: the same bids, and the same of every store, to the bit."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from tests.properties.test_no_leak import CURVE, DISPATCH, GATE_CLOSURE, SEGMENTS, run_until
from vpp_core.calendar import Month
from vpp_core.fleet.population import generate_fleet
from vpp_core.market.forecast import price_forecast
from vpp_core.market.inputs import Inputs
from vpp_core.scenario import Reliability, Scenario
from vpp_core.simulation import outcome_tables, outcomes_to_arrow, simulate
from vpp_core.sources.load import load_chunks
from vpp_core.sources.prices import market_prices
from vpp_core.sources.solar import solar_generation

MONTH = Month.parse("2023-08")
FAILING = Reliability(device_out_share_per_day=0.2, opt_out_share_per_window=0.1, leaver_share=0.3)
DAYS = 2


def inputs_of(days: int, raw: Path) -> Inputs:
    scenario = Scenario(homes=8, first_days=days, source="synthetic", reliability=FAILING).in_month(MONTH)
    prices = market_prices(scenario, MONTH, raw)
    forecast = price_forecast(prices, scenario.known_period(MONTH, len(prices)), scenario.market)
    (load,) = load_chunks(scenario, MONTH, raw)
    fleet = generate_fleet(8, 42, appliance_shares={"water_heater": 0.5})
    return Inputs.build(scenario, MONTH, prices, forecast, solar_generation(scenario, MONTH, raw), load, fleet)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Inputs, Inputs]:
    """Two days, and five."""
    raw = tmp_path_factory.mktemp("raw")
    return inputs_of(DAYS, raw), inputs_of(DAYS + 3, raw)


@pytest.mark.parametrize("key", GATE_CLOSURE)
def test_the_first_days_of_a_strategy_are_those_of_more_days(key: str, both: tuple[Inputs, Inputs]) -> None:
    count = len(both[0].period)
    short, long = (run_until(count, inputs, key) for inputs in both)
    for name in DISPATCH:
        mine, theirs = getattr(short.trajectory, name), getattr(long.trajectory, name)[:count]
        assert np.array_equal(mine, theirs), name
    assert len(short.bids) == len(both[0].windows) < len(long.bids)
    for bid, other in zip(short.bids, long.bids, strict=False):
        for name in CURVE:
            assert np.array_equal(getattr(bid.curve, name), getattr(other.curve, name)), name
        for name in SEGMENTS:
            segments, others = bid.decision.segments, other.decision.segments
            assert np.array_equal(getattr(segments, name), getattr(others, name)), name


def test_the_books_and_the_bound_of_first_days_hold_these_days_alone(both: tuple[Inputs, Inputs]) -> None:
    short = both[0]
    assert short.longer is not None
    assert (len(short.period.days), len(short.longer.period.days)) == (DAYS, DAYS + 2)
    for field in fields(Inputs):
        value = getattr(short, field.name)
        if isinstance(value, np.ndarray) and value.shape[-1:] == (len(short.longer.period),):
            raise AssertionError(f"{field.name} goes beyond the period")
    made = outcome_tables(outcomes_to_arrow(simulate(short, ["no_vpp", "negotiated", "perfect_foresight_aware"])))
    assert made.days.groupby("strategy")["local_day"].nunique().tolist() == [DAYS] * 3
    assert made.windows.groupby("strategy")["window_start"].nunique().tolist() == [len(short.windows)] * 3


def test_a_table_that_ends_with_the_simulated_days_is_as_good_as_it_was(tmp_path: Path) -> None:
    longer = inputs_of(DAYS, tmp_path)
    scenario, period = longer.scenario, longer.period
    prices = period.rows_of(market_prices(scenario, MONTH, tmp_path))
    (load,) = load_chunks(scenario, MONTH, tmp_path)
    alone = Inputs.build(
        scenario, MONTH, prices, price_forecast(prices, period, scenario.market),
        solar_generation(scenario, MONTH, tmp_path), load, longer.fleet,
    )  # fmt: skip
    assert alone.longer is None
    assert np.array_equal(alone.load_kw, longer.load_kw) and np.array_equal(alone.price, longer.price)
