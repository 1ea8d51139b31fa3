"""`vpp study`: the same months over fleet seeds, or over one thing that is varied."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from vpp_pipeline.cli import options as o
from vpp_pipeline.cli.console import print_rows, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from vpp_pipeline.lake import Lake
    from vpp_pipeline.study import Study


def register(app: typer.Typer) -> None:
    app.command()(study)


def study(
    months: Annotated[str, typer.Option(help="Months, such as 2020-07,2023-08.")],
    seeds: Annotated[
        int | None, typer.Option(min=1, max=1000, help="Fleets drawn, from the scenario's seed upwards [10; sweep: 1].")
    ] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            help="Vary lambda, concession, tactic, mechanism, terms, strictness, minimum, data or tariff instead; may "
            "be repeated."
        ),
    ] = None,
    scenario: Annotated[list[str] | None, typer.Option("--scenario", "-s", help="Scenario; may be repeated.")] = None,
    homes: o.HomesOption = None,
    seed: o.SeedOption = None,
    first_days: o.FirstDaysOption = None,
    data_seed: o.DataSeedOption = None,
    source: o.SourceOption = None,
    minimum_bid_mw: o.MinimumBidOption = None,
    decider: Annotated[
        list[str] | None,
        typer.Option(
            "--decider",
            help="Who decides for the aggregator: rules, llm (the scenario's language model), or provider:model. "
            "Repeated: all are compared with the first, on the same windows.",
        ),
    ] = None,
    depth: o.DepthOption = None,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Runs at the same time.")] = 1,
    fresh: o.FreshOption = False,
) -> int:
    """Repeat months over fleet seeds, over a parameter, or with several deciders, and say what stays the same.

    Prints each difference between strategies with its mean, its 95 % interval over seeds and how many seeds agree on
    its sign; for a sweep, each strategy's surplus and satisfaction by value; for deciders, a leaderboard and what each
    earns more than the first. All of it goes into reports.duckdb and
    into the report of the scenario that the study starts from. An interrupted study continues where it was.
    """
    from vpp_core.errors import InputError
    from vpp_core.scenario.variation import SWEEPS
    from vpp_pipeline.batch import run_tasks
    from vpp_pipeline.cli.execution import months_bar, open_lake, report_failures, tell_of_runs, tell_size
    from vpp_pipeline.study import decider_study, gather, study_of

    for name in sweep or ():
        if name not in SWEEPS:
            raise InputError(f"sweep {name!r} is unknown; known are {', '.join(SWEEPS)}")
    deciders = list(dict.fromkeys(decider or ()))
    if sweep and len(deciders) > 1:
        raise InputError("a study varies one thing; give --sweep or several --decider")
    several = len(deciders) > 1
    asked = list(dict.fromkeys(o.finished_month(month.strip()) for month in months.split(",")))
    lake = open_lake()
    parts: list[str | None] = [*dict.fromkeys(sweep)] if sweep else [None]
    studies = []
    for name in dict.fromkeys(scenario or ["reference"]):
        base = o.chosen_scenario(
            lake,
            name,
            homes=homes,
            seed=seed,
            first_days=first_days,
            data_seed=data_seed,
            source=source,
            minimum_bid_mw=minimum_bid_mw,
            decider=deciders[0] if deciders and not several else None,
            depth=None if several else depth,
        )
        tell_size(base, asked[0], jobs)
        if several:
            studies.append(decider_study(base, asked, seeds or 1, deciders, depth))
        else:
            studies += [study_of(base, asked, seeds or (1 if part else 10), part) for part in parts]
    for one in dict.fromkeys(scenario for study in studies for scenario in study.scenarios()):
        lake.freeze(one)
    _tell_what_is_asked(lake, studies)
    tasks = list(dict.fromkeys(task for study in studies for task in study.tasks()))
    reports = list(dict.fromkeys(task for study in studies for task in study.reports()))
    with months_bar(len(tasks) + len(reports), "study") as on_done:
        outcomes = run_tasks(tasks, jobs=jobs, fresh=fresh, on_done=on_done)
        done = {outcome.task for outcome in outcomes if outcome.succeeded}
        gathered = [gather(lake, study, done) for study in studies]
        reports = [task for task in reports if replace(task, report=False) in done]
        outcomes += run_tasks(reports, jobs=jobs, on_done=on_done)
    for rows in gathered:
        show_study(rows)
    say(f"database   {lake.database} (table study)")
    for task in reports:
        say(f"report     {lake.report_folder(task.month, task.scenario)}")
    tell_of_runs(lake, tasks)
    return report_failures(outcomes)


def _tell_what_is_asked(lake: Lake, studies: Sequence[Study]) -> None:
    """Before the first run: what each language model will be asked; an `InputError` where one cannot be made."""
    from vpp_pipeline.cli.execution import tell_what_is_asked
    from vpp_pipeline.lake.answers import refuse_without_model

    told = set()
    for study in studies:
        for scenario in (member.scenario for member in study.members):
            for month in study.months:
                refuse_without_model(lake, month, scenario)
            if scenario.negotiation.llm not in told:
                told.add(scenario.negotiation.llm)
                period = scenario.period(study.months[0])
                windows = len(period.windows(scenario.market.window_minutes))
                tell_what_is_asked(scenario, windows, len(period.days))


def show_study(rows: pd.DataFrame) -> None:
    """Print a study: differences over seeds where seeds vary, else strategies by value."""
    from vpp_core.results.deciders import decider_sentence, decider_table, of_deciders
    from vpp_core.results.study import seed_studies, sweep_table, sweeps
    from vpp_pipeline.cli.console import records

    for title, table in seed_studies(rows):
        print_rows(f"{title}: mean (95 % interval), seeds with its sign", records(table))
    for month in rows["month"].unique():
        for name, members in of_deciders(rows, month):
            print_rows(f"{month}, {name}", records(decider_table(members)))
            say(decider_sentence(members))
        for title, members in sweeps(rows, month):
            print_rows(f"{month}, {title}", records(sweep_table(members)))
