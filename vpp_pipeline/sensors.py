"""What the daemon watches: scenarios that appear in the lake, and runs that fail."""

import json
import os
import urllib.request

import dagster as dg

from vpp_core.scenario.known import KNOWN_SCENARIOS
from vpp_pipeline.checks import refusals
from vpp_pipeline.io import LakeResource
from vpp_pipeline.partitions import MONTH, SCENARIO

PARTITION_TAG = "dagster/partition"
WEBHOOK_VARIABLE = "VPP_FAILURE_WEBHOOK"
_FROM_OUTSIDE = "marked as failed from outside the execution context"
_KILLED = "its process ended without a word (killed, out of memory, or its machine was lost)"
"""What run monitoring found, said for people."""


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Registers scenarios frozen in the lake (by `vpp`, or as a JSON file), so that the UI lists them.",
)
def scenarios_from_lake(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult | dg.SkipReason:
    known = set(context.instance.get_dynamic_partitions(SCENARIO))
    new = sorted({*KNOWN_SCENARIOS, *lake.open().scenario_names()} - known)
    if not new:
        return dg.SkipReason("every scenario of the lake is registered")
    return dg.SensorResult(dynamic_partitions_requests=[dg.AddDynamicPartitionsRequest(SCENARIO, new)])


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=f"Says which run failed, why, and how to run it again; also to a webhook if {WEBHOOK_VARIABLE} is set.",
)
def failed_runs(context: dg.RunFailureSensorContext) -> None:
    message = failure_message(context)
    context.log.error(message)
    url = os.environ.get(WEBHOOK_VARIABLE)
    if url:
        try:
            _post(url, {"text": message, "run_id": context.dagster_run.run_id})
        except (OSError, ValueError) as error:  # its address may be a secret: only the kind of error is said
            context.log.error(f"the webhook of {WEBHOOK_VARIABLE} could not be told: {type(error).__name__}")


def _post(url: str, body: dict[str, str]) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10):
        pass


def failure_message(context: dg.RunFailureSensorContext) -> str:
    """One sentence: which month and scenario, the reason, and the command that tries just that again."""
    tags = context.dagster_run.tags
    month, scenario = tags.get(f"{PARTITION_TAG}/{MONTH}"), tags.get(f"{PARTITION_TAG}/{SCENARIO}")
    refused = refusals(
        entry.get_dagster_event()
        for entry in context.instance.all_logs(context.dagster_run.run_id, dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    )
    reasons = [
        event.step_failure_data.user_failure_data.description
        if event.step_failure_data.user_failure_data
        else refused.get(event.step_key or "")
        for event in context.get_step_failure_events()
    ]
    reason = reasons[0] if reasons and reasons[0] else context.failure_event.message
    reason = _KILLED if _FROM_OUTSIDE in str(reason) else str(reason).rstrip(".")
    if month is None:
        return f"run {context.dagster_run.run_id[:8]} failed: {reason}. Its page in the UI says which check or step"
    return f"{month} of scenario {scenario} failed: {reason}. Retry: vpp run --month {month} --scenario {scenario}"
