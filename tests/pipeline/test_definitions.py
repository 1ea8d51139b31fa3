"""The code location: what is in it, that it loads quickly, and that its names and schemas stay what they are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.freshness import CronFreshnessPolicy

from vpp_pipeline.definitions import build_defs
from vpp_pipeline.io import LakePlace

GRAPH = {
    "market_prices": set(),
    "solar_generation": set(),
    "load_profiles": set(),
    "price_forecast": {"market_prices"},
    "prosumer_fleet": set(),
    "negotiation_results": {
        "market_prices",
        "price_forecast",
        "solar_generation",
        "load_profiles",
        "prosumer_fleet",
    },
    "centralized_dispatch": {
        "market_prices",
        "price_forecast",
        "solar_generation",
        "load_profiles",
        "prosumer_fleet",
    },
    "perfect_foresight_bound": {
        "market_prices",
        "price_forecast",
        "solar_generation",
        "load_profiles",
        "prosumer_fleet",
    },
    "window_results": {
        "market_prices",
        "price_forecast",
        "solar_generation",
        "load_profiles",
        "prosumer_fleet",
        "negotiation_results",
        "centralized_dispatch",
        "perfect_foresight_bound",
    },
    "kpi_monthly": {"window_results", "market_prices", "prosumer_fleet"},
    "benchmark_report": {
        "kpi_monthly",
        "window_results",
        "market_prices",
        "solar_generation",
        "load_profiles",
        "price_forecast",
        "prosumer_fleet",
    },
}
HEAVY = [
    "cvxpy",
    "gridstatus",
    "langchain_core",
    "langgraph",
    "matplotlib",
    "numba",
    "pandera",
    "plotly",
    "pvlib",
    "scipy",
    "duckdb",
]


@pytest.fixture(scope="module")
def specs() -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in build_defs().resolve_all_asset_specs()}


def test_the_graph_is_the_sentence_of_the_house(specs: dict[str, dg.AssetSpec]) -> None:
    graph = {name: {dep.asset_key.to_user_string() for dep in spec.deps} for name, spec in specs.items()}
    assert graph == GRAPH


def test_every_asset_is_described_owned_grouped_and_versioned(specs: dict[str, dg.AssetSpec]) -> None:
    for name, spec in specs.items():
        assert spec.description and len(spec.description) > 40, name
        assert spec.owners and spec.kinds and spec.code_version, name
        assert spec.group_name in ("sources", "homes", "strategies", "results"), name


def test_every_asset_links_to_the_lines_it_is_written_in(specs: dict[str, dg.AssetSpec]) -> None:
    for name, spec in specs.items():
        (link,) = spec.metadata["dagster/code_references"].code_references
        lines = Path(link.file_path).read_text().splitlines()
        assert f"def {name}(" in "\n".join(lines[link.line_number - 1 :][:12]), name


def test_every_description_of_a_table_names_its_units(specs: dict[str, dg.AssetSpec]) -> None:
    for name in set(GRAPH) - {"benchmark_report", "window_results"}:
        assert re.search(r"\$|kWh|kW|0–1", specs[name].description or ""), name


def test_every_table_shows_its_columns_with_their_meaning(specs: dict[str, dg.AssetSpec]) -> None:
    for name in set(GRAPH) - {"benchmark_report"}:
        columns = specs[name].metadata["dagster/column_schema"].columns
        assert columns and all(column.description for column in columns), name


def test_a_table_within_a_table_shows_its_columns_too(specs: dict[str, dg.AssetSpec]) -> None:
    shown = {column.name: column for column in specs["negotiation_results"].metadata["dagster/column_schema"].columns}
    assert "[kW]" in (shown["windows.bid_sell_kw"].description or "")
    assert {"households.household_gain_usd", "home_windows.home_id", "intervals.battery_kw"} <= set(shown)


def test_every_asset_is_overdue_a_day_after_the_monthly_run(specs: dict[str, dg.AssetSpec]) -> None:
    for name, spec in specs.items():
        policy = spec.freshness_policy
        assert isinstance(policy, CronFreshnessPolicy), name
        assert policy.deadline_cron == "0 6 3 * *" and policy.timezone == "America/Los_Angeles"


def test_months_begin_where_the_environment_says_and_an_earlier_one_is_refused_in_a_sentence() -> None:
    program = (
        "from vpp_pipeline.partitions import months, partition_key\n"
        "print(months.get_first_partition_key())\n"
        "try:\n    partition_key('2019-12', 'reference')\n"
        "except Exception as error:\n    print(error)\n"
    )
    places = os.environ | {"VPP_FIRST_MONTH": "2020-01"}
    done = subprocess.run([sys.executable, "-c", program], env=places, capture_output=True, text=True, check=True)
    first, refused = done.stdout.splitlines()
    assert first == "2020-01"
    assert refused.startswith("month 2019-12 is before 2020-01") and "VPP_FIRST_MONTH" in refused


def test_every_table_has_a_blocking_check(specs: dict[str, dg.AssetSpec]) -> None:
    checks = {spec.asset_key.to_user_string() for spec in _check_specs() if spec.blocking and spec.name == "whole"}
    assert checks == set(GRAPH) - {"benchmark_report"}


def test_the_definitions_can_be_loaded_with_a_lake_elsewhere() -> None:
    dg.Definitions.validate_loadable(build_defs(lake=LakePlace(url="s3://bucket/lake")))


def test_loading_imports_nothing_heavy_and_takes_no_more_than_three_seconds() -> None:
    program = (
        "import sys, time\n"
        "import dagster\n"
        "began = time.process_time()\n"
        "import vpp_pipeline.definitions\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], time.process_time() - began)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    culprits, seconds = done.stdout.strip().rsplit(" ", 1)
    assert culprits == "[]"
    assert float(seconds) < 3


def _check_specs() -> list[dg.AssetCheckSpec]:
    return [spec for check in build_defs().asset_checks or [] for spec in check.check_specs]  # type: ignore[union-attr]
