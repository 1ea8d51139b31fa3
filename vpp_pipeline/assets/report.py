"""Publishing a month: side tables, report files, manifest, database."""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd
import pyarrow as pa

from vpp_core.calendar import in_local_time
from vpp_core.errors import InputError
from vpp_core.iso import Iso
from vpp_core.tables import CLAIMS, DATA_SHARES, GAP_SPLIT, KPI_DAILY, NEGOTIATOR_SCORES
from vpp_pipeline.assets.pictures import LEVELS, write_page
from vpp_pipeline.assets.preview import Image
from vpp_pipeline.lake.database import MANIFEST, rebuild
from vpp_pipeline.lake.files import write_whole
from vpp_pipeline.lake.links import link_to
from vpp_pipeline.lake.plot_library import library_from, put_library
from vpp_pipeline.lake.table_file import TableFile, encode
from vpp_pipeline.lake.unread import unread_files
from vpp_pipeline.recipe import code_version
from vpp_pipeline.stage import Stage
from vpp_pipeline.study import studies_with

if TYPE_CHECKING:
    from vpp_core.results.fidelity import EventDelivery

REPORT, PAGE = "simulation_report.md", "simulation_report.html"
Studies = dict[str, list[TableFile]]
SIDE_TABLES = (KPI_DAILY, GAP_SPLIT, CLAIMS, DATA_SHARES)
"""Tables of results that only the report and the database use; kept beside the assets' own."""


@dataclass(frozen=True)
class ReportTables:
    """What a report is made from."""

    kpi_monthly: pd.DataFrame
    window_results: pa.Table
    market_prices: pd.DataFrame
    solar_generation: pd.DataFrame
    load_profiles: pd.DataFrame
    price_forecast: pd.DataFrame
    prosumer_fleet: pa.Table


def publish(stage: Stage, tables: ReportTables) -> dg.MaterializeResult:
    """Write what is not current, rebuild the database if it lacks anything, and say where it lies."""
    from vpp_core.results.ladder import ladder_thumbnail

    began = time.perf_counter()
    with stage.failures_told():
        studies = _studies(stage)
        unread = [str(entry) for entry in unread_files(stage.lake, stage.month, stage.scenario.name)]
        scores = stage.lake.digest(NEGOTIATOR_SCORES.name, stage.month, stage.scenario.name)
        recipe = stage.recipe(scores, *(f"{name}={digest}" for name, digest in _digests(studies).items()), *unread)
        manifest = None if stage.fresh else _current_manifest(stage, recipe)
        reused = manifest is not None
        if manifest is None:
            manifest = _write(stage, tables, studies, recipe)
        put_library(stage.lake)
        said = rebuild(stage.lake)
    for sentence in said:
        stage.log.warning(sentence)
    seconds = round(time.perf_counter() - began, 3)
    stage.lake.log(
        {
            "stage": stage.asset,
            "month": str(stage.month),
            "scenario": stage.scenario.name,
            "seconds": seconds,
            "reused": reused,
        }
    )
    folder = stage.lake.report_folder(stage.month, stage.scenario.name)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(f"{code_version(stage.asset)}.{_digest(json.dumps(manifest).encode())}"),
        metadata={
            "found": answer((folder / REPORT).read_text()).partition("\n\n")[0],
            "answer": dg.MetadataValue.md(answer((folder / REPORT).read_text())),
            "report": dg.MetadataValue.url(link_to(stage.lake, folder / PAGE)),
            "picture": Image(stage.shown_of(recipe=recipe))(lambda: ladder_thumbnail(tables.kpi_monthly)),
            "recipe": recipe,
            **{name: dg.MetadataValue.path(str(folder / name)) for name in manifest["files"]},
            "reports.duckdb": dg.MetadataValue.path(str(stage.lake.database)),
            "said_of_database": "\n".join(said) or "it holds every month and scenario of the lake",
            "reused": reused,
            "seconds": seconds,
            **stage.about(),
        },
    )


def _studies(stage: Stage) -> Studies:
    """Studies to show; where a table of one is damaged the report is made without any, and says so in the log."""
    try:
        return studies_with(stage.lake, str(stage.month), stage.scenario.name)
    except InputError as error:
        stage.log.warning(f"no study is shown: {error}")
        return {}


def _digests(studies: Studies) -> dict[str, str]:
    """Name → digests of its months' tables."""
    return {name: " ".join(file.digest for file in files) for name, files in studies.items()}


def answer(report: str) -> str:
    """The section of the Markdown report that says what was found."""
    _, _, below = report.partition("## Answer")
    return re.split(r"\n###? ", below)[0].strip()


def _write(stage: Stage, tables: ReportTables, studies: Studies, recipe: str) -> dict[str, Any]:
    """Side tables and files first, the manifest last: a report is current only once all of it is there."""
    from vpp_core.fleet.arrow import fleet_from_arrow
    from vpp_core.results.claims import claims
    from vpp_core.results.gap import gap_split
    from vpp_core.results.kpis import kpi_daily
    from vpp_core.results.report import report_files
    from vpp_core.results.run import Run
    from vpp_core.results.shares import shares_table

    scenario, month = stage.scenario, stage.month
    prices, solar, load = (
        stage.period.rows_of(table) for table in (tables.market_prices, tables.solar_generation, tables.load_profiles)
    )
    daily = kpi_daily(tables.window_results, scenario, month, prices)
    split = gap_split(daily)
    judged = claims(tables.kpi_monthly, daily)
    shares = shares_table(str(month), scenario, prices, solar, load)
    studied = [file.table.to_pandas() for files in studies.values() for file in files]
    run = Run(
        kpis=tables.kpi_monthly,
        daily=daily,
        split=split,
        claims=judged,
        outcomes=tables.window_results,
        scenario=scenario,
        month=month,
        market_prices=prices,
        solar=solar,
        load=load,
        forecast=stage.period.rows_of(tables.price_forecast, "issued_at"),
        fleet=fleet_from_arrow(tables.prosumer_fleet),
        provenance=provenance(stage) | ({"studies": _digests(studies)} if studies else {}),
        study=pd.concat(studied) if studies else None,
        event=_event(stage, tables),
        scores=stage.lake.read(NEGOTIATOR_SCORES.name, month, scenario.name).table.to_pandas(),
    )
    files = report_files(run, library_from(LEVELS))
    for contract, frame in zip(SIDE_TABLES, (daily, split, judged, shares), strict=True):
        stage.lake.write(contract.name, month, scenario.name, encode(contract.arrow(frame), contract, recipe))
    folder = stage.lake.report_folder(month, scenario.name)
    contents = {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
    for name, content in contents.items():
        write_whole(folder / name, content)
    write_page(stage, _overview(tables, stage.scenario.operator), "overview")
    manifest = {
        "recipe": recipe,
        "scenario": json.loads(stage.lake.scenario(scenario.name).to_json()),
        "files": {name: _digest(content) for name, content in sorted(contents.items())},
    }
    write_whole(folder / MANIFEST, (json.dumps(manifest, indent=2) + "\n").encode())
    return manifest


def _event(stage: Stage, tables: ReportTables) -> EventDelivery | None:
    """What the fleet of this run, of a large one its first aggregation, would have delivered in the real event."""
    from vpp_core.fleet.arrow import fleet_from_arrow
    from vpp_core.market.inputs import Inputs
    from vpp_core.results.fidelity import evening_event
    from vpp_core.shards.split import aggregations, shard_of

    fleet = fleet_from_arrow(tables.prosumer_fleet)
    of_first, _ = shard_of(fleet, int(aggregations(fleet)[0]))
    return evening_event(
        Inputs.build(
            stage.scenario,
            stage.month,
            tables.market_prices,
            tables.price_forecast,
            tables.solar_generation,
            tables.load_profiles,
            of_first,
        )
    )


def _overview(tables: ReportTables, iso: Iso) -> str:
    """Price against net load: the three input tables in one picture."""
    from vpp_core.results.plots_data import overview_page

    prices, solar, load = (
        in_local_time(table, iso) for table in (tables.market_prices, tables.solar_generation, tables.load_profiles)
    )
    return overview_page(prices, solar, load, plotly_js=library_from(LEVELS))


def provenance(stage: Stage) -> dict[str, Any]:
    """What reproduces the report: command, seeds, code, and the digest of every table it was made from."""
    from vpp_core.results.shares import NOT_READ

    scenario = stage.scenario
    unread = unread_files(stage.lake, stage.month, scenario.name)
    return {
        **({NOT_READ: {entry.file: entry.why for entry in unread}} if unread else {}),
        "command": f"vpp run --month {stage.month} --scenario {scenario.name}",
        "scenario": scenario.name,
        "scenario_fingerprint": scenario.fingerprint(),
        "seed": scenario.seed,
        "data_seed": scenario.data_seed,
        "code": code_version(stage.asset),
        "tables": {table: stage.lake.digest(table, stage.month, scenario.name) for table in stage.upstream},
    }


def _current_manifest(stage: Stage, recipe: str) -> dict[str, Any] | None:
    """The manifest of a report that is whole and made from the same recipe."""
    folder = stage.lake.report_folder(stage.month, stage.scenario.name)
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
        whole = all(_digest((folder / name).read_bytes()) == digest for name, digest in manifest["files"].items())
        for contract in SIDE_TABLES:
            whole &= stage.lake.read(contract.name, stage.month, stage.scenario.name).recipe == recipe
    except (OSError, ValueError, KeyError, InputError):
        return None
    return manifest if whole and manifest.get("recipe") == recipe else None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
