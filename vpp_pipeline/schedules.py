"""The monthly run: on the 2nd, the month that ended, every declared scenario once.

The stock schedule of a partitioned job would launch every registered scenario, ad-hoc names included; this one runs
those that ship with the program and need no files. Off until switched on (UI, Automation).
"""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg

from vpp_core.calendar import Month
from vpp_core.iso import DEFAULT
from vpp_core.scenario.known import KNOWN_SCENARIOS
from vpp_pipeline.jobs import benchmark
from vpp_pipeline.partitions import SCENARIO, partition_key

SCHEDULED = tuple(name for name, scenario in KNOWN_SCENARIOS.items() if scenario.operator.draws_prices)
"""Those that need no files: a month of another market has none unless somebody puts them there."""


@dg.schedule(
    job=benchmark,
    name="monthly_benchmark",
    cron_schedule="0 6 2 * *",
    execution_timezone=DEFAULT.timezone,
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="On the 2nd of each month at 06:00 local time: the month that ended, every declared scenario.",
)
def monthly_benchmark(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    month = finished_month(context.scheduled_execution_time)
    context.instance.add_dynamic_partitions(SCENARIO, list(KNOWN_SCENARIOS))
    for name in SCHEDULED:
        yield dg.RunRequest(run_key=f"{month} {name}", partition_key=partition_key(month, name))


def finished_month(moment: datetime) -> Month:
    """The last calendar month of trade days that is over at `moment`."""
    local = moment.astimezone(ZoneInfo(DEFAULT.timezone))
    year, month = divmod(local.year * 12 + local.month - 2, 12)
    return Month(year, month + 1)
