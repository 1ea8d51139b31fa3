"""What a person sees of a table in the UI: a few rows, the share that is real, figures to judge it by."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from vpp_core.calendar import in_local_time
from vpp_core.iso import Iso

PREVIEW_ROWS = 5


@dataclass(frozen=True)
class Image:
    """Turns what draws a PNG into a picture, or takes the one that was drawn of the same before."""

    last: Mapping[str, Any]
    """what was shown of the same by the same code; empty: nothing was"""

    def __call__(self, draw: Callable[[], bytes]) -> dg.MetadataValue:
        return self.last["picture"] if "picture" in self.last else drawn(draw)


Describe = Callable[[pa.Table, Image], Mapping[str, Any]]
"""A table → what its asset's page shows of it."""


def price_metadata(table: pa.Table, image: Image) -> dict[str, Any]:
    """LMP's range and the share of each series that is not synthetic."""
    lmp = table.column("lmp_usd_per_mwh")
    return {
        "node": table.column("node")[0].as_py(),
        "lmp_mean_usd_per_mwh": round(pc.mean(lmp).as_py(), 2),
        "lmp_min_usd_per_mwh": pc.min(lmp).as_py(),
        "lmp_max_usd_per_mwh": pc.max(lmp).as_py(),
        "sources": markdown_counts(
            table, [f"{series}_source" for series in ("lmp", "lmp_day_ahead", "spin", "nonspin")]
        ),
        "preview": preview(table, ["timestamp", "lmp_usd_per_mwh", "lmp_day_ahead_usd_per_mwh", "lmp_source"]),
    }


def solar_metadata(table: pa.Table, image: Image) -> dict[str, Any]:
    """Energy per installed kW and the sources."""
    energy = pc.sum(table.column("generation_kw_per_kw_installed")).as_py() / 4
    orientations = pc.count_distinct(table.column("orientation_id")).as_py()
    return {
        "orientations": orientations,
        "kwh_per_kw_mean_of_orientations": round(energy / orientations, 2),
        "sources": markdown_counts(table, ["source"]),
        "preview": preview(table.filter(pc.field("generation_kw_per_kw_installed") > 0), table.column_names),
    }


def load_metadata(table: pa.Table, image: Image) -> dict[str, Any]:
    """Mean use of a home and the sources."""
    load = table.column("load_kw")
    return {
        "profiles": pc.count_distinct(table.column("profile_id")).as_py(),
        "kwh_per_home_and_day": round(24 * pc.mean(load).as_py(), 2),
        "sources": markdown_counts(table, ["source"]),
        "preview": preview(table, table.column_names),
    }


def forecast_metadata(table: pa.Table, image: Image, iso: Iso) -> dict[str, Any]:
    """How many gates, how far each looks, and the first rows."""
    from vpp_core.results.thumbnails import forecast_thumbnail

    gates = pc.count_distinct(table.column("issued_at")).as_py()
    return {
        "picture": image(lambda: forecast_thumbnail(in_local_time(table.to_pandas(), iso))),
        "gates": gates,
        "rows_per_gate": round(table.num_rows / gates, 1),
        "preview": preview(table, table.column_names),
    }


def fleet_metadata(table: pa.Table, image: Image) -> dict[str, Any]:
    """How many homes have what."""
    homes = table.num_rows
    batteries = pc.sum(pc.greater(table.column("bess_capacity_kwh"), 0)).as_py()
    solar = pc.sum(pc.greater(table.column("pv_capacity_kw"), 0)).as_py()
    from vpp_core.results.thumbnails import fleet_thumbnail

    cars = pc.list_value_length(table.column("cars"))
    shown = table.select(["bess_capacity_kwh", "pv_capacity_kw", "cars"]).to_pandas()
    return {
        "picture": image(lambda: fleet_thumbnail(shown)),
        "homes_with_battery_percent": round(100 * batteries / homes, 1),
        "homes_with_solar_percent": round(100 * solar / homes, 1),
        "homes_with_ev_percent": round(100 * pc.sum(pc.greater(cars, 0)).as_py() / homes, 1),
        "battery_mwh": round(pc.sum(table.column("bess_capacity_kwh")).as_py() / 1000, 3),
        "solar_mw": round(pc.sum(table.column("pv_capacity_kw")).as_py() / 1000, 3),
        "cars": pc.sum(cars).as_py(),
        "preview": preview(table, ["home_id", "category", "bess_capacity_kwh", "pv_capacity_kw", "ev_priority"]),
    }


def outcome_metadata(table: pa.Table, image: Image) -> dict[str, Any]:
    """The surplus of each strategy, by day as a picture and in all."""
    from vpp_core.results.thumbnails import outcomes_thumbnail

    days = table.select(["strategy", "local_day", "surplus_usd"]).to_pandas()
    sums = days.groupby("strategy", sort=False)["surplus_usd"].sum()
    rows = [[str(key), f"{value:,.2f}"] for key, value in sums.items()]
    return {
        **{f"surplus_{key}_usd": round(float(value), 2) for key, value in sums.items()},
        "picture": image(lambda: outcomes_thumbnail(days)),
        "surplus": dg.MetadataValue.md(_markdown([["strategy", "surplus [$]"], *rows])),
    }


LADDER_COLUMNS = ("strategy", "surplus", "of perfect", "VPP profit", "households", "worse off", "satisfaction")
"""Those of the ladder that fit beside each other on an asset's page; the report has all."""


def kpi_metadata(table: pa.Table, image: Image) -> dict[str, Any]:
    """The ladder as the command line prints it, and as a picture."""
    from vpp_core.results.ladder import ladder_table, ladder_thumbnail

    kpis = table.to_pandas()
    ladder = ladder_table(kpis)[list(LADDER_COLUMNS)]
    return {
        **{
            f"surplus_per_home_{row['strategy']}_usd": round(row["surplus_per_home_usd"], 2)
            for row in kpis.to_dict("records")
        },
        "picture": image(lambda: ladder_thumbnail(kpis)),
        "ladder": dg.MetadataValue.md(_markdown([list(ladder.columns), *ladder.to_numpy().tolist()])),
    }


def drawn(draw: Callable[[], bytes]) -> dg.MetadataValue:
    """A small picture, carried by the event itself."""
    png = draw()
    return dg.MetadataValue.md(f"![](data:image/png;base64,{base64.b64encode(png).decode()})")


def preview(table: pa.Table, columns: list[str]) -> dg.MetadataValue:
    """The first rows of some columns."""
    rows = table.select(columns).slice(0, PREVIEW_ROWS).to_pylist()
    return dg.MetadataValue.md(_markdown([columns, *([str(row[name]) for name in columns] for row in rows)]))


def markdown_counts(table: pa.Table, columns: list[str]) -> dg.MetadataValue:
    """Rows by source, per column."""
    rows = []
    for column in columns:
        counts = {
            str(pair["values"] or "missing"): pair["counts"]
            for pair in pc.value_counts(table.column(column)).to_pylist()
        }
        rows.append([column, ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))])
    return dg.MetadataValue.md(_markdown([["column", "rows by source"], *rows]))


def _markdown(rows: list[list[str]]) -> str:
    head, *body = rows
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *body]]
    return "\n".join(lines)
