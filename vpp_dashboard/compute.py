"""What a page wants computed, as a process: `python -m vpp_dashboard.compute home …`, or `trial …`.

It calls the core, prints `progress 0.34 negotiated` as it goes, and leaves a Parquet file.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vpp_core.calendar import Month
from vpp_core.errors import InputError
from vpp_dashboard.store import current_lake
from vpp_pipeline import progress

if TYPE_CHECKING:
    import pandas as pd

    from vpp_core.scenario import Scenario
    from vpp_pipeline.lake import Lake


def home(month: str, scenario: str, home_id: int, out: Path) -> None:
    """The intervals of a home under every strategy, by running the month's strategies once more."""
    from vpp_core.results.one_day import position_of
    from vpp_core.tables import HOME_INTERVALS
    from vpp_pipeline.finished import finished_run, intervals_of

    lake = current_lake()
    run = finished_run(lake, month, lake.scenario(scenario))
    rows = intervals_of(lake, run, position_of(run.fleet, home_id), _progress(list(run.kpis["strategy"])))
    HOME_INTERVALS.arrow(rows).to_pandas().to_parquet(out)


def trial(month: str, scenario: str, household: Path, days: int, homes: int, out: Path) -> None:
    """A described household among the first homes of a fleet over a month's first days, under every strategy.

    Its rows of `HOUSEHOLD_DAYS`. It is given the load curve of the fleet's first home.
    """
    from vpp_core.fleet.convert import join
    from vpp_core.fleet.prosumer import prosumer_from_dict
    from vpp_core.simulation import simulate
    from vpp_core.strategies.registry import STRATEGIES

    lake = current_lake()
    mine = prosumer_from_dict(json.loads(household.read_text()))
    inputs = trial_inputs(lake, month, lake.scenario(scenario), days, homes, lambda fleet: join(fleet, [mine]))
    keys = [key for key in STRATEGIES if not STRATEGIES[key].negotiates or _by_rules(inputs.scenario)]
    outcomes = simulate(inputs, keys, _progress(keys))
    import pandas as pd

    own = int(inputs.fleet.home_id[-1])
    rows = pd.concat([outcome.households for outcome in outcomes])
    rows.assign(mine=rows["home_id"] == own).to_parquet(out)


def _by_rules(scenario: Scenario) -> bool:
    return scenario.negotiation.decider == "rules"


def trial_inputs(lake: Lake, month: str, scenario: Scenario, days: int, homes: int, with_mine: Callable):  # type: ignore[no-untyped-def]
    """Inputs of the first days and homes of a run."""
    from vpp_core.fleet.fleet import Fleet
    from vpp_core.market.forecast import price_forecast
    from vpp_core.market.inputs import Inputs

    shorter = scenario.model_copy(update={"first_days": days, "homes": homes})
    parsed = Month.parse(month)
    period = shorter.in_month(parsed).known_period(parsed)

    def frame(table: str) -> pd.DataFrame:
        rows = lake.read(table, month, scenario.name).table.to_pandas()
        return rows[rows["timestamp"].isin(period.timestamps)]

    from vpp_pipeline.finished import finished_fleet

    fleet: Fleet = finished_fleet(lake, month, scenario)
    fleet = with_mine(fleet.take(np.arange(min(homes, len(fleet)))))
    load = frame("load_profiles")
    load = load[load["profile_id"].isin(fleet.load_profile_id)]
    prices = frame("market_prices")
    period = shorter.in_month(parsed).known_period(parsed, len(prices))
    forecast = price_forecast(prices, period, shorter.in_month(parsed).market)
    return Inputs.build(shorter, parsed, prices, forecast, frame("solar_generation"), load, fleet)


def _progress(keys: list[str]) -> Callable[[str, float], None]:
    at = {key: position for position, key in enumerate(keys)}

    def tell(key: str, share: float) -> None:
        print(progress.line((at[key] + share) / len(keys), key), flush=True)  # noqa: T201

    return tell


def main(arguments: list[str]) -> int:
    """Run what was asked; an error of use is one sentence on stderr and exit code 2."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if arguments[0] == "home":
            home(arguments[1], arguments[2], int(arguments[3]), Path(arguments[4]))
        else:
            month, scenario, household, days, homes, out = arguments[1:]
            trial(month, scenario, Path(household), int(days), int(homes), Path(out))
    except InputError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
