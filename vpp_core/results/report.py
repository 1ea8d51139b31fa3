"""The files for people, as bytes: CSV, JSON, Markdown, HTML. Who writes them where is the pipeline's business."""

from __future__ import annotations

from vpp_core.results.render import markdown, page
from vpp_core.results.run import Run
from vpp_core.results.sections import sections
from vpp_core.results.summary import results_csv, summary_json


def report_files(run: Run, library: str | None = None) -> dict[str, bytes]:
    """File name → content. Same run, same bytes: no clock, no random ids.

    `library`: where plotly's script lies, as seen from the page; without, inside.
    """
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
