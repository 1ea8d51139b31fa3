"""What the daemon watches."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from collections.abc import Sequence

import dagster as dg
import pytest

from tests.pipeline.tiny import in_memory
from vpp_core.scenario import Scenario
from vpp_core.scenario.known import KNOWN_SCENARIOS
from vpp_pipeline import sensors
from vpp_pipeline.io import LakePlace
from vpp_pipeline.lake import Lake
from vpp_pipeline.partitions import SCENARIO, month_by_scenario, partition_key


def test_scenarios_of_the_lake_are_registered_once(lake: Lake) -> None:
    lake.freeze(Scenario(name="mine", homes=50))
    resource = LakePlace(url=str(lake.root))
    with in_memory() as instance:
        first = sensors.scenarios_from_lake(dg.build_sensor_context(instance=instance), lake=resource)
        assert isinstance(first, dg.SensorResult)
        assert set(first.dynamic_partitions_requests[0].partition_keys) == {"mine", *KNOWN_SCENARIOS}
        instance.add_dynamic_partitions(SCENARIO, ["mine", *KNOWN_SCENARIOS])
        again = sensors.scenarios_from_lake(dg.build_sensor_context(instance=instance), lake=resource)
        assert isinstance(again, dg.SkipReason)


@dg.asset(partitions_def=month_by_scenario)
def failing() -> None:
    raise dg.Failure("the disk is full", allow_retries=False)


def failed_run_context(instance: dg.DagsterInstance) -> dg.RunFailureSensorContext:
    instance.add_dynamic_partitions(SCENARIO, ["mine"])
    result = dg.materialize(
        [failing], instance=instance, partition_key=partition_key("2023-08", "mine"), raise_on_error=False
    )
    return dg.build_run_status_sensor_context(
        sensor_name="failed_runs",
        dagster_event=result.get_run_failure_event(),
        dagster_instance=instance,
        dagster_run=result.dagster_run,
    ).for_run_failure()


def test_a_failed_run_is_told_with_the_reason_and_the_command_that_retries_it() -> None:
    with in_memory() as instance:
        message = sensors.failure_message(failed_run_context(instance))
    assert message == sensors_say("the disk is full")


def test_a_killed_run_is_told_in_words_that_say_so() -> None:
    with in_memory() as instance:
        instance.add_dynamic_partitions(SCENARIO, ["mine"])
        tags = {f"{sensors.PARTITION_TAG}/month": "2023-08", f"{sensors.PARTITION_TAG}/scenario": "mine"}
        run = dg.DagsterRun(job_name="benchmark", status=dg.DagsterRunStatus.STARTED, tags=tags)
        instance.add_run(run)
        event = instance.report_run_failed(run)
        context = dg.build_run_status_sensor_context(
            sensor_name="failed_runs", dagster_event=event, dagster_instance=instance, dagster_run=run
        ).for_run_failure()
        message = sensors.failure_message(context)
    assert message.startswith("2023-08 of scenario mine failed: its process ended without a word (killed,")
    assert message.endswith("Retry: vpp run --month 2023-08 --scenario mine")


def test_a_webhook_hears_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[dict[str, str]] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    monkeypatch.setenv(sensors.WEBHOOK_VARIABLE, f"http://127.0.0.1:{server.server_port}/")
    with in_memory() as instance:
        sensors.failed_runs(failed_run_context(instance))
    thread.join()
    server.server_close()
    assert heard[0]["text"] == sensors_say("the disk is full")
    assert set(heard[0]) == {"text", "run_id"}


def sensors_say(reason: str) -> str:
    return f"2023-08 of scenario mine failed: {reason}. Retry: vpp run --month 2023-08 --scenario mine"


def test_a_webhook_that_cannot_be_reached_keeps_its_secret_and_the_failure_is_still_logged(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv(sensors.WEBHOOK_VARIABLE, f"http://127.0.0.1:{port}/services/s3cr3t")
    with in_memory() as instance:
        sensors.failed_runs(failed_run_context(instance))
    said = capfd.readouterr().err
    assert "the disk is full" in said
    assert "could not be told" in said
    assert "s3cr3t" not in said


def told_of(assets: Sequence[dg.AssetsDefinition]) -> tuple[dg.ExecuteInProcessResult, str]:
    """A run of these assets, which fails, and what the sensor says of it."""
    with in_memory() as instance:
        result = dg.materialize(assets, instance=instance, raise_on_error=False)
        context = dg.build_run_status_sensor_context(
            sensor_name="failed_runs",
            dagster_event=result.get_run_failure_event(),
            dagster_instance=instance,
            dagster_run=result.dagster_run,
        ).for_run_failure()
        message = sensors.failure_message(context)
    return result, message


@dg.asset_check(asset="refused", blocking=True)
def plausible() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, description="3 of 96 intervals missing")


@dg.asset
def refused() -> None:
    """What a blocking check finds fault with."""


def test_a_run_that_a_check_stopped_is_told_with_what_the_check_found() -> None:
    result, message = told_of([refused, plausible])
    assert message.startswith(f"run {result.run_id[:8]} failed: refused plausible: 3 of 96 intervals missing. ")


@dg.asset
def failing_alone() -> None:
    raise dg.Failure("nothing to look at.", allow_retries=False)


def test_a_failed_run_of_no_month_is_told_by_its_number() -> None:
    result, message = told_of([failing_alone])
    assert message.startswith(f"run {result.run_id[:8]} failed: nothing to look at. ")
