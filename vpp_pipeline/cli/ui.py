"""`vpp ui`: Dagster's web pages over the same lake and the same home."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from vpp_core.errors import InputError
from vpp_pipeline import project


def register(app: typer.Typer) -> None:
    app.command()(ui)


def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine.")] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
) -> None:
    """Open Dagster's UI: lineage, runs, backfills, checks, the monthly schedule."""
    from pathlib import Path

    from vpp_core.scenario.known import KNOWN_SCENARIOS
    from vpp_pipeline.cli.execution import open_lake
    from vpp_pipeline.partitions import SCENARIO
    from vpp_pipeline.runner import shared_instance

    workspace = project.project_root() / "workspace.yaml"
    if not workspace.exists():
        raise InputError(f"{workspace} is missing; run `vpp ui` from a checkout of the project")
    lake = open_lake()
    with shared_instance() as instance:
        instance.add_dynamic_partitions(SCENARIO, sorted({*KNOWN_SCENARIOS, *lake.scenario_names()}))
    os.environ.setdefault("PYTHONWARNINGS", "ignore:Function `dev_command`")
    dagster = Path(sys.executable).with_name("dagster")
    typer.echo(f"lake {lake.root}; http://{host}:{port} in a few seconds, Ctrl-C ends it")
    os.chdir(os.environ["DAGSTER_HOME"])
    os.execv(dagster, [str(dagster), "dev", "-w", str(workspace), "-p", str(port), "-h", host])
