"""Months as partitions, and the schedule's ticks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import schedule_execution_time_iterator

from vpp_core.calendar import Period
from vpp_core.iso import CAISO
from vpp_pipeline.definitions import build_defs
from vpp_pipeline.partitions import SCENARIO, month_and_scenario, months, partition_key
from vpp_pipeline.schedules import SCHEDULED, finished_month, monthly_benchmark

LOCAL = ZoneInfo(CAISO.timezone)


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    """One on the disk, as a tick asks for, in which a scenario was registered that nobody declared."""
    with dg.instance_for_test() as made:
        made.add_dynamic_partitions(SCENARIO, ["reference-50h-s7"])
        yield made


def tick(moment: datetime, instance: dg.DagsterInstance) -> list[dg.RunRequest]:
    context = dg.build_schedule_context(
        instance=instance, scheduled_execution_time=moment, repository_def=build_defs().get_repository_def()
    )
    return list(monthly_benchmark.evaluate_tick(context).run_requests or [])


def test_partition_keys_start_with_the_nodal_market_and_hold_no_comma() -> None:
    keys = months.get_partition_keys(datetime(2026, 11, 21, tzinfo=LOCAL))
    assert keys[0] == "2009-04"
    assert keys[-1] == "2026-10"
    assert not [key for key in keys if "," in key]


def test_a_key_is_read_back() -> None:
    month, scenario = month_and_scenario(partition_key("2023-08", "reference-50h-s7"))
    assert (str(month), scenario) == ("2023-08", "reference-50h-s7")


@pytest.mark.parametrize(
    ("month", "hours"), [("2023-03", 743), ("2023-11", 721), ("2024-02", 696), ("2023-12", 744), ("2024-01", 744)]
)
def test_a_month_has_the_hours_of_its_trade_days(month: str, hours: int) -> None:
    assert len(Period.of(month)) == 4 * hours


@pytest.mark.parametrize("day", [1, 2, 3])
def test_a_tick_on_the_first_days_picks_the_finished_month_once_per_scenario(
    day: int, instance: dg.DagsterInstance
) -> None:
    requests = tick(datetime(2023, 9, day, 6, tzinfo=LOCAL), instance)
    assert [request.partition_key for request in requests] == [partition_key("2023-08", name) for name in SCHEDULED]
    assert len({request.run_key for request in requests}) == len(SCHEDULED)


def test_three_ticks_of_one_month_have_the_same_run_keys_so_that_each_runs_once(instance: dg.DagsterInstance) -> None:
    keys = [{r.run_key for r in tick(datetime(2023, 9, day, 6, tzinfo=LOCAL), instance)} for day in (1, 2, 3)]
    assert keys[0] == keys[1] == keys[2]


def test_the_schedule_runs_declared_scenarios_only_though_others_are_registered(instance: dg.DagsterInstance) -> None:
    assert "reference-50h-s7" in instance.get_dynamic_partitions(SCENARIO)
    requests = tick(datetime(2023, 9, 2, 6, tzinfo=LOCAL), instance)
    assert not [request for request in requests if "50h" in str(request.partition_key)]


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (datetime(2024, 1, 2, 6, tzinfo=LOCAL), "2023-12"),
        (datetime(2023, 4, 2, 6, tzinfo=LOCAL), "2023-03"),
        (datetime(2023, 12, 2, 6, tzinfo=LOCAL), "2023-11"),
        (datetime(2023, 9, 1, 5, tzinfo=ZoneInfo("UTC")), "2023-07"),
    ],
)
def test_the_finished_month_is_that_of_los_angeles(moment: datetime, month: str) -> None:
    assert str(finished_month(moment)) == month


def test_the_schedule_is_off_until_someone_switches_it_on() -> None:
    assert monthly_benchmark.default_status == dg.DefaultScheduleStatus.STOPPED
    assert monthly_benchmark.cron_schedule == "0 6 2 * *"


def test_a_year_of_ticks_is_six_in_the_morning_local_time_and_each_month_once() -> None:
    ticks = schedule_execution_time_iterator(
        datetime(2024, 1, 1, tzinfo=LOCAL).timestamp(), monthly_benchmark.cron_schedule, CAISO.timezone, True
    )
    moments = [moment.astimezone(LOCAL) for moment in itertools.islice(ticks, 12)]
    assert [(moment.month, moment.day, moment.hour) for moment in moments] == [(m, 2, 6) for m in range(1, 13)]
    assert {moment.utcoffset() for moment in moments} == {timedelta(hours=-8), timedelta(hours=-7)}
    assert [str(finished_month(moment)) for moment in moments] == [
        "2023-12",
        *(f"2024-{month:02d}" for month in range(1, 12)),
    ]
