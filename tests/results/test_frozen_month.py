"""A tiny month with every number stated: a change of the model is seen here first.

Where a change is meant, freeze the numbers anew with `python tests/results/test_frozen_month.py` and let the commit
say why they moved.
"""

import json
from pathlib import Path

import pandas as pd
import pytest

from vpp_core.calendar import Month
from vpp_core.fleet.population import generate_fleet
from vpp_core.market.forecast import price_forecast
from vpp_core.market.inputs import Inputs
from vpp_core.results.kpis import kpi_monthly
from vpp_core.scenario import KNOWN_SCENARIOS, MarketRules, Scenario
from vpp_core.simulation import outcomes_to_arrow, simulate
from vpp_core.sources.load import load_profiles
from vpp_core.sources.prices import market_prices
from vpp_core.sources.solar import solar_generation
from vpp_core.strategies.registry import STRATEGIES

FROZEN = Path(__file__).with_name("frozen_month.json")
KEYS = tuple(STRATEGIES)


def tiny_month() -> pd.DataFrame:
    """KPIs of 10 homes over two days of August 2023, synthetic prices, without a minimum bid."""
    scenario = Scenario(
        name="frozen",
        homes=10,
        first_days=2,
        source="synthetic",
        market=MarketRules(minimum_bid_mw=0.0),
        tariffs=KNOWN_SCENARIOS["flat_tariff"].tariffs,
    )
    month, raw = Month.parse("2023-08"), Path("no-such-lake") / "raw"
    prices = market_prices(scenario, month, raw)
    forecast = price_forecast(prices, scenario.period(month), scenario.market)
    fleet = generate_fleet(scenario.homes, scenario.seed)
    solar, load = solar_generation(scenario, month, raw), load_profiles(scenario, month, raw)
    inputs = Inputs.build(scenario, month, prices, forecast, solar, load, fleet)
    outcomes = outcomes_to_arrow(simulate(inputs, KEYS))
    return kpi_monthly(outcomes, scenario, month, fleet)


def frozen_form(kpis: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    numbers = kpis.set_index("strategy").select_dtypes(["number", "bool"])
    return {
        str(key): {name: None if pd.isna(value) else round(float(value), 6) for name, value in row.items()}
        for key, row in numbers.astype(float).to_dict("index").items()
    }


def same(stated: float | None, measured: float | None) -> bool:
    if stated is None or measured is None:
        return stated is measured
    return measured == pytest.approx(stated, rel=1e-4, abs=1e-3)


@pytest.fixture(scope="module")
def kpis() -> pd.DataFrame:
    return tiny_month()


@pytest.mark.parametrize("strategy", KEYS)
def test_every_number_of_the_tiny_month_is_what_it_was(kpis, strategy):
    stated = json.loads(FROZEN.read_text())[strategy]
    measured = frozen_form(kpis)[strategy]
    assert measured.keys() == stated.keys()
    moved = {name: (stated[name], measured[name]) for name in stated if not same(stated[name], measured[name])}
    assert not moved, f"stated and measured differ: {moved}"


def test_the_tiny_month_keeps_the_ladder_s_order_and_its_books(kpis):
    surplus = kpis.set_index("strategy")["surplus_usd"]
    assert surplus["perfect_foresight"] >= surplus.max() - 1e-6
    assert surplus["perfect_foresight_aware"] >= surplus[["negotiated", "centralized_aware"]].max() - 1e-6
    assert kpis["books_residual_usd"].abs().max() < 0.01


if __name__ == "__main__":
    FROZEN.write_text(json.dumps(frozen_form(tiny_month()), indent=1) + "\n")
