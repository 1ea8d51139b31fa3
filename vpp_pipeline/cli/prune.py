"""`vpp prune`: what grows and is no longer needed."""

from __future__ import annotations

from typing import Annotated

import typer

from vpp_pipeline.cli.console import print_rows, say


def register(app: typer.Typer) -> None:
    app.command()(prune)


def prune(
    older_than: Annotated[int, typer.Option("--older-than", min=0, help="Days of age from which runs go.")] = 90,
    latest: Annotated[
        bool, typer.Option("--latest", help="Also the newest run of each month: the UI then shows it as never run.")
    ] = False,
    removed_scenarios: Annotated[
        bool,
        typer.Option("--removed-scenarios", help="Also tables, reports and pictures whose scenario has no file."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it. Without, nothing is removed, only shown.")] = False,
) -> None:
    """Show what old runs take in Dagster's home, and remove it with --yes.

    Results, raw files and answers of language models are kept. Of every month and scenario the newest run is kept, by
    which the UI knows that its tables are there.
    """
    from datetime import UTC, datetime, timedelta

    from vpp_pipeline import project
    from vpp_pipeline.cli.execution import lake_to_read, open_lake
    from vpp_pipeline.dagster_home import explained_store
    from vpp_pipeline.prune import carry_out, plan
    from vpp_pipeline.runner import shared_instance

    lake = open_lake() if yes else lake_to_read()
    before = datetime.now(UTC) - timedelta(days=older_than)
    home = project.prepare_dagster_home()
    with explained_store(home), shared_instance() as instance:
        decided = plan(instance, home, lake, before, latest=latest, removed=removed_scenarios)
        say(f"Dagster's home {home}, lake {lake.root}")
        print_rows(f"Older than {older_than} days", decided.rows())
        for name in decided.removed:
            say(f"removed scenario {name}: all of its results")
        if not decided:
            say("nothing to remove")
        elif not yes:
            say("nothing was removed; with --yes it is")
        else:
            carry_out(decided, instance, home, lake)
            say("removed")
