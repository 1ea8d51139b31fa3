"""Running a month for a command: the lake checked first, a progress bar while it runs, one sentence if it fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from vpp_core.calendar import Month
from vpp_core.errors import InputError
from vpp_core.scenario import Scenario
from vpp_pipeline import progress, project
from vpp_pipeline.cli.console import bar, console, say, visible
from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.files import explained
from vpp_pipeline.shards.pools import checked_place

if TYPE_CHECKING:
    from vpp_pipeline.batch import Task, TaskOutcome
    from vpp_pipeline.runner import MonthRun, StepListener

STAGES = {
    "market_prices": ("market prices", 1),
    "solar_generation": ("solar generation", 1),
    "load_profiles": ("household load", 2),
    "price_forecast": ("price forecast", 2),
    "prosumer_fleet": ("the homes", 1),
    "negotiation_results": ("negotiation", 30),
    "centralized_dispatch": ("centralized dispatch", 30),
    "perfect_foresight_bound": ("perfect foresight", 20),
    "window_results": ("all strategies on one book", 4),
    "kpi_monthly": ("key figures", 3),
    "benchmark_report": ("report", 6),
}
"""Stage → its name for people, and its share of the bar: about how long it takes."""
KEY_FIGURES = tuple(stage for stage in STAGES if stage != "benchmark_report")
"""All that the key figures need."""


def open_lake() -> Lake:
    """The lake, made if absent and checked to be writable."""
    lake = Lake.at(project.lake_url(), project.raw_folder())
    lake.check_writable()
    return lake


def lake_to_read() -> Lake:
    """The lake for a command that shows what is there: one that cannot be written is only looked at."""
    lake = Lake.at(project.lake_url(), project.raw_folder())
    try:
        lake.check_writable()
    except InputError:
        with explained(lake.root):
            there = lake.root.is_dir()
        if not there:
            raise
        say(f"{lake.root} can only be read: shown as stored, whether it is current is not looked at", err=True)
        return replace(lake, writable=False)
    return lake


def have_month(lake: Lake, month: str, scenario: Scenario, *, assets: Sequence[str] | None = None) -> None:
    """Make sure that a view has its tables: made where they are not current; of a lake that can only be read, there."""
    if lake.writable:
        execute_month(lake, month, scenario, assets=assets)
        return
    lake.freeze(scenario)  # refuses other content under its name
    for table in assets or (*KEY_FIGURES, "gap_split"):
        if not lake.table_path(table, month, scenario.name).exists():
            raise InputError(
                f"{table} of {month}, scenario {scenario.name}, is not in {lake.root}, which can only be read; make it "
                "where the lake can be written, or set VPP_LAKE to a folder that can"
            )


def execute_month(
    lake: Lake,
    month: str,
    scenario: Scenario,
    *,
    assets: Sequence[str] | None = None,
    fresh: bool = False,
    refetch: bool = False,
    on: str | None = None,
) -> MonthRun:
    """Freeze the scenario, run the month with a progress bar on stderr; a failed stage is an `InputError`."""
    checked_place(on or os.environ.get("VPP_ON") or "processes")
    simulates = not assets or "negotiation_results" in assets
    if simulates and (fresh or refetch or not lake.table_path("kpi_monthly", month, scenario.name).exists()):
        tell_size(scenario, month, place=on)
    lake.freeze(scenario)
    if simulates:
        from vpp_pipeline.lake.answers import refuse_without_model

        refuse_without_model(lake, month, scenario, anew=refetch)
        period = scenario.period(month)
        tell_what_is_asked(scenario, len(period.windows(scenario.market.window_minutes)), len(period.days))
    with _bar(f"{month} {scenario.name}", assets) as on_step:
        from vpp_pipeline.runner import run_month, shared_instance

        with shared_instance() as instance:
            result = run_month(
                instance, month, scenario.name, assets=assets, fresh=fresh, refetch=refetch, on=on, on_step=on_step
            )
    tell_unread(lake, month, scenario)
    if not result.succeeded:
        raise InputError(result.faults[0])
    return result


def tell_unread(lake: Lake, month: str, scenario: Scenario) -> None:
    """Name the files of the raw folder that the month's inputs do not rest on, and why."""
    from vpp_core.sources.unread import in_lines
    from vpp_pipeline.lake.unread import unread_files

    for line in in_lines(unread_files(lake, month, scenario.name)):
        say(f"not read: {line}", err=True)


def tell_size(scenario: Scenario, month: str, jobs: int = 1, place: str | None = None) -> None:
    """Before a large fleet is run: what it takes; an `InputError` where the machine cannot hold it."""
    from vpp_pipeline.cli.size import size_to_tell

    told = size_to_tell(scenario, month, jobs, place)
    if told:
        say(told, err=True)


def tell_what_is_asked(scenario: Scenario, windows: int, days: int) -> None:
    """Before a language model negotiates: how many calls and tokens that takes, and what they cost."""
    if scenario.negotiation.decider == "llm":
        from vpp_core.fleet.assumptions import ADOPTION_BESS, ADOPTION_EV
        from vpp_core.negotiation.expected import expectation

        asked = expectation(scenario, windows, days, round(min(ADOPTION_BESS + ADOPTION_EV, 1.0) * scenario.homes))
        say(f"asking {asked}; answers kept in the lake are not asked again", err=True)


@contextmanager
def _bar(title: str, assets: Sequence[str] | None) -> Iterator[StepListener]:
    """A bar that names the stage. Dagster captures a step's stderr, so the bar writes to a duplicate of it."""
    shown = {stage: part for stage, part in STAGES.items() if not assets or stage in assets}
    total = sum(weight for _, weight in shown.values())
    finished: set[str] = set()
    running: dict[str, float] = {}
    with _own_stderr() as stderr:
        out = console(file=stderr)
        with bar(out, transient=True) as shown_bar:
            task = shown_bar.add_task(f"{title}: starting", total=total)

            tell = _teller(stderr)

            def show(stage: str, label: str) -> None:
                done = sum(shown[name][1] for name in finished) + sum(
                    shown[name][1] * share for name, share in running.items() if name not in finished
                )
                shown_bar.update(task, completed=done, description=f"{title}: {label}")
                tell(done / total, label)

            def on_step(step: str, event: str) -> None:
                if step not in shown:
                    return
                if event == "success":
                    finished.add(step)
                if not out.is_terminal and event == "start":
                    print(f"{title}: {shown[step][0]}", file=stderr, flush=True)
                show(step, shown[step][0])

            def on_progress(stage: str, label: str, share: float) -> None:
                if stage in shown:
                    running[stage] = share
                    show(stage, f"{shown[stage][0]}, {label}")

            with progress.listening(on_progress):
                yield on_step


MIN_TOLD = 0.01
"""of the whole: how much further a run is when it tells so again"""


def _teller(stream: TextIO) -> Callable[[float, str], None]:
    """Prints how far a command is where whoever started it asked for that; otherwise does nothing."""
    told = [-1.0]

    def tell(share: float, label: str) -> None:
        if progress.lines_wanted() and share - told[0] >= MIN_TOLD:
            told[0] = share
            print(progress.line(share, label), file=stream, flush=True)

    return tell


FAILED = 1
"""Exit code where a run failed, other than by bad input."""


@contextmanager
def _own_stderr() -> Iterator[TextIO]:
    """A duplicate of stderr that nobody redirects; stderr itself where it is no file (in a notebook, in tests)."""
    try:
        duplicate = os.dup(sys.stderr.fileno())
    except (OSError, ValueError):
        yield sys.stderr
        return
    with os.fdopen(duplicate, "w") as stream:
        yield stream


@contextmanager
def months_bar(total: int, what: str = "months") -> Iterator[Callable[[TaskOutcome], None]]:
    """A bar over months on stderr; where that is no terminal, a line for each."""
    out = console(stderr=True)
    with bar(out) as months:
        task = months.add_task(what, total=total)
        tell, done = _teller(sys.stderr), 0
        tell(0.0, f"0 of {total} runs")

        def on_done(outcome: TaskOutcome) -> None:
            nonlocal done
            done += 1
            said = f"{outcome.task.month} {outcome.task.scenario}: {outcome.reason or 'done'}"
            months.advance(task)
            (months.console if out.is_terminal else out).print(visible(said), soft_wrap=True)
            tell(done / max(total, 1), f"{done} of {total} runs")

        yield on_done


def report_failures(outcomes: Sequence[TaskOutcome]) -> int:
    """Say which runs failed, why, and how to run just those again; the exit code: 1 if there are any."""
    failed = [outcome for outcome in outcomes if not outcome.succeeded]
    for outcome in failed:
        say(f"failed: {outcome.task.month} {outcome.task.scenario}: {outcome.reason}", err=True)
        say(f"  retry: vpp {' '.join(outcome.task.arguments())}", err=True)
    return FAILED if failed else 0


MAX_RUNS_NAMED = 3
"""where a sentence is true of some runs of a batch"""


def tell_of_runs(lake: Lake, tasks: Sequence[Task]) -> None:
    """What `vpp run` says at its end, for many: files not read, and what must be said beside key figures.

    A sentence once, with the runs that it is true of where these are not all.
    """
    from vpp_core.sources.unread import in_lines
    from vpp_pipeline.cli.notes import notes_on
    from vpp_pipeline.lake.unread import unread_files

    said: dict[str, list[str]] = {}
    for task in tasks:
        lines = [f"not read: {line}" for line in in_lines(unread_files(lake, task.month, task.scenario))]
        with suppress(InputError):  # a run that failed has no key figures, and its reason is told
            kpis = lake.read("kpi_monthly", task.month, task.scenario).table.to_pandas()
            lines += notes_on(kpis, lake.scenario(task.scenario).in_month(Month.parse(task.month)))
        for line in lines:
            said.setdefault(line, []).append(f"{task.month} {task.scenario}")
    for line, runs in said.items():
        further = len(runs) - MAX_RUNS_NAMED
        named = ", ".join(runs[:MAX_RUNS_NAMED]) + (f" and {further} more" if further > 0 else "")
        say(line if len(runs) == len(tasks) else f"{named}: {line}", err=True)
