"""`vpp ladder`: the strategies of a month side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from vpp_core.calendar import Month
from vpp_core.scenario import Scenario
from vpp_pipeline.cli import options as o
from vpp_pipeline.cli.choice import ScenarioOptions, choosing
from vpp_pipeline.cli.console import print_rows, records, say, say_folded
from vpp_pipeline.lake import Lake

if TYPE_CHECKING:
    from vpp_pipeline.runner import MonthRun


def register(app: typer.Typer) -> None:
    app.command()(ladder)


@choosing
def ladder(*, month: o.MonthOption, choice: ScenarioOptions) -> None:
    """Show the ladder of a month: every strategy on the same books, and what lies between them.

    A view of `vpp run`: what is missing is computed first.
    """
    month = o.finished_month(month)
    from vpp_pipeline.cli.execution import have_month, lake_to_read

    lake = lake_to_read()
    chosen = choice.in_lake(lake)
    have_month(lake, month, chosen)
    show_ladder(lake, month, chosen)
    show_gap(lake, month, chosen)


IN_BRIEF = ("strategy", "surplus", "a home", "worse off", "satisfaction")
"""Columns that fit beside each other; `vpp ladder` shows all."""


def show_ladder(lake: Lake, month: str, scenario: Scenario, columns: Sequence[str] | None = None) -> None:
    """Print the key figures of every strategy, or some columns of them."""
    from vpp_core.results.ladder import ladder_table
    from vpp_core.results.text import count
    from vpp_pipeline.cli.notes import notes_on

    kpis = lake.read("kpi_monthly", month, scenario.name).table.to_pandas()
    whole = scenario.in_month(Month.parse(month))
    days = f", {whole.days_in_words}" if whole.days_in_words else ""
    shown = ladder_table(kpis)[list(columns)] if columns else ladder_table(kpis)
    print_rows(f"{month}{days}, {count(scenario.homes, 'home')}, scenario {scenario.name}", records(shown))
    for note in notes_on(kpis, whole):
        say_folded(note)


def show_gap(lake: Lake, month: str, scenario: Scenario) -> None:
    """Print the split of the distance from perfect foresight to negotiation, with intervals: a table per path."""
    from vpp_core.results.rungs import COMPARISON

    split = lake.read("gap_split", month, scenario.name).table.to_pandas()
    surplus = split[split["measure"] == "surplus_usd"]
    for path, rows in surplus.groupby("path", sort=False):
        title = "Strategies side by side" if path == COMPARISON else f"What lies between them, {_words(str(path))}"
        print_rows(
            f"{title}: surplus [$], 95 % interval over days",
            [
                {
                    "difference": f"{row['upper_strategy']} − {row['lower_strategy']}"
                    if path == COMPARISON
                    else _words(row["step"]),
                    **_measured(row),
                }
                for row in rows.to_dict("records")
            ],
        )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _measured(row: dict[Any, Any]) -> dict[str, str]:
    from vpp_core.results.text import number

    alone = f"{row['largest_day']} alone makes {row['largest_day_percent']:.0f} %" if row["one_day_dominates"] else ""
    return {"$": number(row["difference"]), "from": number(row["low"]), "to": number(row["high"]), "note": alone}


def show_answer(lake: Lake, month: str, scenario: Scenario) -> None:
    """Print what the report answers, paragraph by paragraph."""
    import json

    summary = lake.report_folder(month, scenario.name) / "simulation_summary.json"
    say()
    for paragraph in json.loads(summary.read_text(encoding="utf-8"))["answer"]:
        say_folded(paragraph)
        say()


def show_places(lake: Lake, month: str, scenario: Scenario, result: MonthRun) -> None:
    """Say where the results lie, how long it took, and which checks did not pass."""
    from vpp_pipeline.lake.database import said_of_database

    folder = lake.report_folder(month, scenario.name)
    reports = sorted(path for path in folder.iterdir() if path.suffix in (".md", ".html", ".csv", ".json"))
    say(f"report     {folder}")
    for path in reports:
        if path.name != "manifest.json":
            say(f"           {path.name}")
    say(f"tables     {lake.root / 'tables'}")
    say(f"database   {lake.database}")
    for sentence in said_of_database(lake):
        say(f"           {sentence}")
    for fault in filter(None, (of_this_run(fault, month, scenario.name) for fault in result.failed_checks)):
        say(f"check      {fault}")
    say(f"took {result.seconds:.1f} s; `vpp ui` shows the run {result.run_id[:8]}")


_NEXT_MONTH = re.compile(r"; (?=\d{4}-\d{2} [a-z][a-z0-9_-]*: )")
"""Between what a check says of one month and scenario, and of the next."""


def of_this_run(fault: str, month: str, scenario: str) -> str:
    """What a check says of a run, without what it still says of other months and scenarios; nothing if that is all."""
    check, _, said = fault.partition(": ")
    parts = _NEXT_MONTH.split(said)
    if not re.match(r"\d{4}-\d{2} [a-z][a-z0-9_-]*: ", said):
        return fault
    own = [part for part in parts if part.startswith(f"{month} {scenario}: ")]
    return f"{check}: {'; '.join(own)}" if own else ""
