"""`vpp run`: the benchmark of a month."""

from __future__ import annotations

import typer

from vpp_pipeline.cli import options as o


def register(app: typer.Typer) -> None:
    app.command()(run)


def run(
    month: o.MonthOption,
    homes: o.HomesOption = None,
    seed: o.SeedOption = None,
    scenario: o.ScenarioOption = "reference",
    first_days: o.FirstDaysOption = None,
    data_seed: o.DataSeedOption = None,
    source: o.SourceOption = None,
    node: o.NodeOption = None,
    minimum_bid_mw: o.MinimumBidOption = None,
    decider: o.DeciderOption = None,
    depth: o.DepthOption = None,
    model: o.ModelOption = None,
    strategies: o.StrategiesOption = None,
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
    chosen = o.chosen_scenario(
        lake,
        scenario,
        homes=homes,
        seed=seed,
        data_seed=data_seed,
        first_days=first_days,
        source=source,
        node=node,
        minimum_bid_mw=minimum_bid_mw,
        decider=decider,
        depth=depth,
        model=model,
        strategies=strategies,
    )
    assets = None if report else KEY_FIGURES
    result = execute_month(lake, month, chosen, assets=assets, fresh=fresh, refetch=refetch, on=on)
    show_ladder(lake, month, chosen, IN_BRIEF if report else None)
    if report:
        show_places(lake, month, chosen, result)
        show_answer(lake, month, chosen)
