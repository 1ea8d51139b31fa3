"""`vpp data`: what a month's inputs are, and how much of them is real."""

from __future__ import annotations

import typer

from vpp_pipeline.cli import options as o
from vpp_pipeline.cli.console import print_rows, say, say_folded


def register(app: typer.Typer) -> None:
    app.command()(data)


def data(
    month: o.MonthOption,
    homes: o.HomesOption = None,
    scenario: o.ScenarioOption = "reference",
    first_days: o.FirstDaysOption = None,
    data_seed: o.DataSeedOption = None,
    source: o.SourceOption = None,
    node: o.NodeOption = None,
    fresh: o.FreshOption = False,
    refetch: o.RefetchOption = False,
) -> None:
    """Gather a month's prices, solar and load, and say where each series came from.

    Downloads as a market's web page gives them go to its raw folder: CAISO's to raw/oasis, ERCOT's to raw/ercot.
    """
    month = o.finished_month(month)
    from vpp_pipeline.cli.execution import execute_month, have_month, lake_to_read, open_lake

    lake = open_lake() if fresh or refetch else lake_to_read()
    chosen = o.chosen_scenario(
        lake,
        scenario,
        homes=homes,
        first_days=first_days,
        data_seed=data_seed,
        source=source,
        node=node,
    )
    inputs = ("market_prices", "solar_generation", "load_profiles")
    if fresh or refetch:
        execute_month(lake, month, chosen, assets=inputs, fresh=fresh, refetch=refetch)
    else:
        have_month(lake, month, chosen, assets=inputs)
    period = chosen.period(month)
    tables = {name: period.rows_of(lake.read(name, month, chosen.name).table.to_pandas()) for name in SERIES_OF}
    rows = [
        _row(name, tables[name][value], tables[name][origin])
        for name, series in SERIES_OF.items()
        for value, origin in series
    ]
    iso = chosen.operator
    node_used = tables["market_prices"]["node"].iloc[0]
    print_rows(f"{month}, node {node_used}, scenario {chosen.name}", rows)
    say(f"tables in {lake.root / 'tables'}")
    say_folded(f"put files of {iso.name} into {lake.raw / iso.folder}: {iso.reports}")
    say(f"pictures in {lake.plots / chosen.name / str(month)}")


SERIES_OF = {
    "market_prices": [
        ("lmp_usd_per_mwh", "lmp_source"),
        ("lmp_day_ahead_usd_per_mwh", "lmp_day_ahead_source"),
        ("spin_usd_per_mw_h", "spin_source"),
        ("nonspin_usd_per_mw_h", "nonspin_source"),
    ],
    "solar_generation": [("generation_kw_per_kw_installed", "source")],
    "load_profiles": [("load_kw", "source")],
}
"""Table → pairs of value and source columns."""


def _row(table: str, values: object, sources: object) -> dict[str, str]:
    """One series in a line: rows, range, and rows by source."""
    import pandas as pd

    series, origin = pd.Series(values), pd.Series(sources).fillna("missing")
    counts = ", ".join(f"{name} {count:,}" for name, count in origin.value_counts().items())
    known = bool(series.notna().any())
    return {
        "series": f"{table}.{series.name}",
        "rows": f"{len(series):,}",
        "mean": f"{series.mean():,.2f}" if known else "–",
        "min": f"{series.min():,.2f}" if known else "–",
        "max": f"{series.max():,.2f}" if known else "–",
        "source": counts,
    }
