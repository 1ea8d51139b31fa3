"""`vpp report`: a month's report as one file, to be sent to somebody."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vpp_pipeline.cli import options as o
from vpp_pipeline.cli.choice import ScenarioOptions, choosing
from vpp_pipeline.cli.console import say


def register(app: typer.Typer) -> None:
    app.command()(report)


@choosing
def report(
    *,
    month: o.MonthOption,
    out: Annotated[Path, typer.Option("--out", help="The .html file to write.")],
    choice: ScenarioOptions,
) -> None:
    """Write a month's report as one file that opens anywhere, without the lake and without a network.

    The page in the lake is small, since all of them share one script; this one has it inside (4.9 MB more).
    """
    from vpp_core.errors import InputError
    from vpp_pipeline.cli.execution import lake_to_read
    from vpp_pipeline.lake.files import write_whole
    from vpp_pipeline.lake.plot_library import alone

    if out.suffix != ".html":
        raise InputError(f"{out} must end in .html")
    month = o.finished_month(month)
    lake = lake_to_read()
    chosen = choice.in_lake(lake)
    page = lake.report_folder(month, chosen.name) / "simulation_report.html"
    if not page.exists():
        raise InputError(
            f"{page} is not there; make it with `vpp run --month {month} --scenario {chosen.name}`, or with "
            "the options that name that scenario"
        )
    write_whole(out.absolute(), alone(page.read_text(encoding="utf-8"), str(page)).encode())
    say(f"written to {out}")
