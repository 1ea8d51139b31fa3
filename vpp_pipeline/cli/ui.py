"""`vpp ui`: Dagster's web pages over the same lake and the same home."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from vpp_pipeline import project
from vpp_pipeline.cli.console import say


def register(app: typer.Typer) -> None:
    app.command()(ui)


def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine.")] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen on; another than 127.0.0.1 opens it to a network.")] = (
        "127.0.0.1"
    ),
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="Name by which browsers reach it through a proxy, such as vpp.example.org; may be repeated."),
    ] = None,
) -> None:
    """Open Dagster's UI: lineage, runs, backfills, checks, the monthly schedule.

    The address it prints has a secret path, kept in Dagster's home: whoever knows it can launch runs. Requests from
    other sites are refused. For a team, put a login before it (docs/team.md).
    """
    from vpp_core.scenario.known import KNOWN_SCENARIOS
    from vpp_pipeline.cli.execution import open_lake
    from vpp_pipeline.ui.guard import LOOPBACK
    from vpp_pipeline.ui.server import EVERYWHERE, listening_socket, names_of, secret_prefix, serve

    lake = open_lake()
    with listening_socket(host, port) as listener:
        home = project.prepare_dagster_home()
        prefix = secret_prefix(home)
        from vpp_pipeline.partitions import SCENARIO
        from vpp_pipeline.runner import shared_instance

        if host not in LOOPBACK:
            say(
                f"warning: {host} is reached from the network, without encryption or login; whoever learns the path "
                "can launch runs (docs/team.md: a login before it; or keep 127.0.0.1 and use an SSH tunnel)",
                err=True,
            )
        shown = "127.0.0.1" if host in EVERYWHERE else f"[{host}]" if ":" in host else host
        say(f"lake {lake.root}")
        say(f"open http://{shown}:{port}{prefix}/ (in some seconds; Ctrl-C ends it)")
        os.chdir(home)
        with shared_instance() as instance:
            instance.add_dynamic_partitions(SCENARIO, sorted({*KNOWN_SCENARIOS, *lake.scenario_names()}))
            try:
                serve(instance, listener, prefix, names_of(host, allow_host or []), lake)
            except KeyboardInterrupt:
                say("ended", err=True)
