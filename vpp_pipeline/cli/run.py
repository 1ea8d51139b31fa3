"""`vpp run`: the benchmark of a month."""

from __future__ import annotations

import typer

from vpp_pipeline.cli import options as o
from vpp_pipeline.cli.choice import ScenarioOptions, choosing


def register(app: typer.Typer) -> None:
    app.command()(run)


@choosing
def run(
    *,
    month: o.MonthOption,
    choice: ScenarioOptions,
    report: o.ReportOption = True,
    fresh: o.FreshOption = False,
    refetch: o.RefetchOption = False,
    on: o.OnOption = None,
) -> None:
    """Run the benchmark of a month: data, homes, every strategy, key figures, report.

    What is in the lake already and made from the same inputs by the same code is reused; --fresh computes it anew.
    What it found is said at the end. Options that differ from the scenario make a scenario of its own name, such as
    reference-50h-s7, so that no result overwrites another.
    """
    month = o.finished_month(month)
    from vpp_pipeline.cli.execution import KEY_FIGURES, execute_month, open_lake
    from vpp_pipeline.cli.ladder import IN_BRIEF, show_answer, show_ladder, show_places

    lake = open_lake()
    chosen = choice.in_lake(lake)
    assets = None if report else KEY_FIGURES
    result = execute_month(lake, month, chosen, assets=assets, fresh=fresh, refetch=refetch, on=on)
    show_ladder(lake, month, chosen, IN_BRIEF if report else None)
    if report:
        show_places(lake, month, chosen, result)
        show_answer(lake, month, chosen)
