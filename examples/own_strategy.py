"""A strategy of one's own on the ladder: sells what homes offer in the evening, and nothing else.

python examples/own_strategy.py                                         the library, a tiny month
VPP_STRATEGIES=examples/own_strategy.py vpp run --month 2023-08         the benchmark, database and report
"""

from __future__ import annotations

from vpp_core.dispatch.view import GateView
from vpp_core.market.decision import Decision
from vpp_core.strategies.registry import register
from vpp_core.strategies.strategy import GateClosureStrategy

EVENING = range(16, 21)


@register
class EveningOnly(GateClosureStrategy):
    """From 16:00 to 21:00 every store may be asked to give, or to hold off charging, at its reservation price."""

    key, title = "evening_only", "Evening only"
    description = "Sales alone, from 16:00 to 21:00, at the household's reservation price; no reserves."
    obeys_preferences = True

    def decide(self, view: GateView) -> Decision:
        evening = view.local_start.hour in EVENING
        if view.gate == "day_ahead" or not evening:
            return view.nothing()
        return view.sell(view.offers.quantity_kw[view.layout.sell])


def main() -> None:
    """A tiny month through the library alone: sources, fleet, every strategy, the ladder."""
    from pathlib import Path

    from vpp_core.calendar import Month
    from vpp_core.fleet.population import generate_fleet
    from vpp_core.market.forecast import price_forecast
    from vpp_core.results.kpis import kpi_monthly
    from vpp_core.results.ladder import ladder_table
    from vpp_core.scenario import MarketRules, Scenario
    from vpp_core.simulation import Inputs, outcomes_to_arrow, simulate
    from vpp_core.sources import load, prices, solar
    from vpp_core.strategies.registry import STRATEGIES

    month, raw = Month.parse("2023-08"), Path("data_lake/raw")
    rules = MarketRules(minimum_bid_mw=0.0)  # ten homes are far below the market's 0.1 MW
    scenario = Scenario(name="tiny", homes=10, first_days=1, source="synthetic", market=rules)
    fleet = generate_fleet(scenario.homes, scenario.seed)
    lmp = prices.market_prices(scenario, month, raw)
    forecast = price_forecast(lmp, scenario.known_period(month), scenario.market)
    sun, use = solar.solar_generation(scenario, month, raw), load.load_profiles(scenario, month, raw)
    outcomes = simulate(Inputs.build(scenario, month, lmp, forecast, sun, use, fleet), STRATEGIES)
    kpis = kpi_monthly(outcomes_to_arrow(outcomes), scenario, month, fleet)
    print(ladder_table(kpis).to_string(index=False))  # noqa: T201


if __name__ == "__main__":
    main()
