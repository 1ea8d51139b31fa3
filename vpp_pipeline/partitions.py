"""What a run is of: a month of trade days, and a scenario.

Months are those CAISO's nodal market has had and that are over; the names are plain `2023-08`, since a comma or a
time zone's `start − end` in a key would mislead whoever computes with it. Scenarios are dynamic: a name from the
command line or the lake is registered before it runs. Only declared ones run by schedule (`schedules`).
"""

from __future__ import annotations

import dagster as dg

from vpp_core.calendar import FIRST_MONTH, LOCAL_TIMEZONE, Month

MONTH = "month"
SCENARIO = "scenario"

months = dg.MonthlyPartitionsDefinition(start_date=FIRST_MONTH, fmt="%Y-%m", timezone=LOCAL_TIMEZONE)
scenarios = dg.DynamicPartitionsDefinition(name=SCENARIO)
month_by_scenario = dg.MultiPartitionsDefinition({MONTH: months, SCENARIO: scenarios})


def partition_key(month: Month | str, scenario: str) -> dg.MultiPartitionKey:
    """The key of a run."""
    return dg.MultiPartitionKey({MONTH: str(month), SCENARIO: scenario})


def month_and_scenario(key: str) -> tuple[Month, str]:
    """The month and the scenario's name of a key such as `2023-08|reference`."""
    parts = month_by_scenario.get_partition_key_from_str(key).keys_by_dimension
    return Month.parse(parts[MONTH]), parts[SCENARIO]
