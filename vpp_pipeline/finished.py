"""A month that was run, read back from the lake: as its report was made from it, or run once more to look closer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vpp_core.calendar import Month
from vpp_core.scenario import Scenario
from vpp_pipeline.lake import Lake

if TYPE_CHECKING:
    import pandas as pd

    from vpp_core.fleet.fleet import Fleet
    from vpp_core.results.run import Run


def finished_fleet(lake: Lake, month: str, scenario: Scenario) -> Fleet:
    """The homes of a run."""
    from vpp_core.fleet.arrow import fleet_from_arrow

    return fleet_from_arrow(lake.read("prosumer_fleet", month, scenario.name).table)


def finished_run(lake: Lake, month: str, scenario: Scenario) -> Run:
    """The run as its report was made from it."""
    from vpp_core.results.run import Run
    from vpp_core.tables import OUTCOMES

    def frame(table: str) -> pd.DataFrame:
        return lake.read(table, month, scenario.name).table.to_pandas()

    parsed = Month.parse(month)
    period = scenario.period(parsed)
    return Run(
        kpis=frame("kpi_monthly"),
        daily=frame("kpi_daily"),
        split=frame("gap_split"),
        claims=frame("claims"),
        outcomes=lake.read("window_results", month, scenario.name, OUTCOMES).table,
        scenario=scenario.in_month(parsed),
        month=parsed,
        market_prices=period.rows_of(frame("market_prices")),
        solar=period.rows_of(frame("solar_generation")),
        load=period.rows_of(frame("load_profiles")),
        forecast=period.rows_of(frame("price_forecast"), "issued_at"),
        fleet=finished_fleet(lake, month, scenario),
        provenance={},
    )


def intervals_of(
    lake: Lake, run: Run, position: int, progress: Callable[[str, float], None] | None = None
) -> pd.DataFrame:
    """Intervals of the home at a position, of which none are kept: the same inputs give the same run, in which it is
    looked at this time. `progress` gets a strategy's key and its share.
    """
    import numpy as np
    import pandas as pd

    from vpp_core.simulation import Inputs, settled
    from vpp_pipeline.lake.answers import gateway_of

    # Homes couple only within their aggregation.
    together = np.flatnonzero(run.fleet.aggregation_id == run.fleet.aggregation_id[position])
    at, fleet = np.flatnonzero(together == position), run.fleet.take(together)
    names = ("market_prices", "price_forecast", "solar_generation", "load_profiles")
    prices, forecast, solar, load = (
        lake.read(name, str(run.month), run.scenario.name).table.to_pandas() for name in names
    )
    inputs = Inputs.build(run.scenario, run.month, prices, forecast, solar, load, fleet)
    with gateway_of(lake, run.month, run.scenario) as gateway:
        again = settled(inputs, list(run.kpis["strategy"]), progress, gateway, kept=at)
        return pd.concat([result.intervals for result in again])
