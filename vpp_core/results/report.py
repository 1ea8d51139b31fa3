"""The files for people, as bytes: CSV, JSON, Markdown, HTML. Who writes them where is the pipeline's business."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from vpp_core.calendar import Month
from vpp_core.fleet.fleet import Fleet
from vpp_core.results.fidelity import EventDelivery
from vpp_core.results.render import markdown, page
from vpp_core.results.run import Run
from vpp_core.results.sections import sections
from vpp_core.results.summary import results_csv, summary_json
from vpp_core.scenario import Scenario


def report_files(
    kpis: pd.DataFrame,
    daily: pd.DataFrame,
    split: pd.DataFrame,
    claims: pd.DataFrame,
    outcomes: pa.Table,
    scenario: Scenario,
    month: Month,
    market_prices: pd.DataFrame,
    solar: pd.DataFrame,
    load: pd.DataFrame,
    forecast: pd.DataFrame,
    fleet: Fleet,
    provenance: Mapping[str, Any],
    study: pd.DataFrame | None = None,
    event: EventDelivery | None = None,
    scores: pd.DataFrame | None = None,
    library: str | None = None,
) -> dict[str, bytes]:
    """File name → content. Same arguments, same bytes: no clock, no random ids.

    `provenance`: what reproduces the run (command, seeds, versions, hashes), plain values, nested at most once,
    without times. `study`: rows of `STUDY` where there are any; the page then shows the frontier. `event`: the check
    against a real event (`fidelity`). `library`: where plotly's script lies, as seen from the page; without, inside.
    `scores`: rows of `NEGOTIATOR_SCORES`, where anything was negotiated.
    """
    run = Run(
        kpis,
        daily,
        split,
        claims,
        outcomes,
        scenario,
        month,
        market_prices,
        solar,
        load,
        forecast,
        fleet,
        provenance,
        study,
        event,
        scores,
    )
    made = sections(run)
    return {
        "simulation_results.csv": results_csv(run),
        "simulation_summary.json": summary_json(run),
        "simulation_report.md": markdown(title(run), run, made),
        "simulation_report.html": page(title(run), run, made, library),
    }


def title(run: Run) -> str:
    """Of the page and the Markdown."""
    return f"Virtual power plant benchmark: {run.month}, scenario {run.scenario.name}"


def report_markdown(run: Run) -> bytes:
    """The report as text."""
    return markdown(title(run), run, sections(run))


def report_html(run: Run, library: str | None = None) -> bytes:
    """The report's page; `library` as in `render.page`."""
    return page(title(run), run, sections(run), library)
