"""`vpp backfill`: many months and scenarios, resumable, without the UI."""

from __future__ import annotations

from typing import Annotated

import typer

from vpp_pipeline.cli import options as o
from vpp_pipeline.cli.console import say


def register(app: typer.Typer) -> None:
    app.command()(backfill)


def backfill(
    first: Annotated[str, typer.Option("--from", help="First month, such as 2023-01.")],
    last: Annotated[str, typer.Option("--to", help="Last month, such as 2023-12.")],
    scenario: Annotated[list[str] | None, typer.Option("--scenario", "-s", help="Scenario; may be repeated.")] = None,
    homes: o.HomesOption = None,
    seed: o.SeedOption = None,
    first_days: o.FirstDaysOption = None,
    data_seed: o.DataSeedOption = None,
    source: o.SourceOption = None,
    minimum_bid_mw: o.MinimumBidOption = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Months at the same time.")] = 1,
    fresh: o.FreshOption = False,
) -> int:
    """Run every month from one to another, for one or several scenarios.

    What is done already is reused, so an interrupted backfill continues where it was. Ends with exit code 1 if a month
    failed, and says which, why, and how to run just those again.
    """
    from vpp_pipeline.batch import Task, run_tasks
    from vpp_pipeline.cli.execution import months_bar, open_lake, report_failures, tell_of_runs, tell_size
    from vpp_pipeline.lake.database import said_of_database

    months = o.months_between(o.finished_month(first), o.finished_month(last))
    lake = open_lake()
    names = []
    for name in dict.fromkeys(scenario or ["reference"]):
        chosen = o.chosen_scenario(
            lake,
            name,
            homes=homes,
            seed=seed,
            first_days=first_days,
            data_seed=data_seed,
            source=source,
            minimum_bid_mw=minimum_bid_mw,
        )
        tell_size(chosen, months[0], min(jobs, len(months)))
        names.append(lake.freeze(chosen).name)
    tasks = [Task(month, name) for name in names for month in months]
    with months_bar(len(tasks)) as on_done:
        outcomes = run_tasks(tasks, jobs=jobs, fresh=fresh, on_done=on_done)
    done = sum(outcome.succeeded for outcome in outcomes)
    say(f"{done} of {len(outcomes)} months are in {lake.database}")
    for sentence in said_of_database(lake):
        say(sentence, err=True)
    tell_of_runs(lake, tasks)
    return report_failures(outcomes)
