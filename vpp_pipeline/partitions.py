"""What a run is of: a month of trade days, and a scenario.

Months are those that are over, from `VPP_FIRST_MONTH` on (default: the first of the default market); the
names are plain `2023-08`, since a comma or a time zone's `start − end` in a key would mislead whoever computes with it.
Scenarios are dynamic: a name from the command line or the lake is registered before it runs. Only declared ones run by
schedule (`schedules`).
"""

from __future__ import annotations

import os

import dagster as dg

from vpp_core.calendar import Month
from vpp_core.errors import InputError
from vpp_core.iso import DEFAULT

MONTH = "month"
SCENARIO = "scenario"

FIRST_MONTH_VARIABLE = "VPP_FIRST_MONTH"


def first_month() -> str:
    """The month with which months begin: pages list none before it, and none is run."""
    return str(Month.parse(os.environ.get(FIRST_MONTH_VARIABLE, "").strip() or DEFAULT.first_month))


months = dg.MonthlyPartitionsDefinition(start_date=first_month(), fmt="%Y-%m", timezone=DEFAULT.timezone)
scenarios = dg.DynamicPartitionsDefinition(name=SCENARIO)
month_by_scenario = dg.MultiPartitionsDefinition({MONTH: months, SCENARIO: scenarios})


def partition_key(month: Month | str, scenario: str) -> dg.MultiPartitionKey:
    """The key of a run; a month before the first is an `InputError`."""
    if str(month) < months.start.strftime("%Y-%m"):
        raise InputError(
            f"month {month} is before {months.start:%Y-%m}, the first that {FIRST_MONTH_VARIABLE} lets be run; set "
            "that to an earlier one, in the environment or in .env"
        )
    return dg.MultiPartitionKey({MONTH: str(month), SCENARIO: scenario})


def month_and_scenario(key: str) -> tuple[Month, str]:
    """The month and the scenario's name of a key such as `2023-08|reference`."""
    parts = month_by_scenario.get_partition_key_from_str(key).keys_by_dimension
    return Month.parse(parts[MONTH]), parts[SCENARIO]
