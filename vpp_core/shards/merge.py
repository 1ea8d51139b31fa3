"""The outcomes of a fleet from those of its aggregations.

Windows and totals are added up, households' months and what is kept of homes are put side by side. Every column of the
window table has its rule here: what is alike in all aggregations, what is a mean, what is told of any, and all else is
a sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from vpp_core.settlement.outcome import Settled, outcome_tables, outcomes_to_arrow
from vpp_core.settlement.reduced import added_up
from vpp_core.tables import PROGRAMME_DAYS, WINDOW_RESULTS
from vpp_core.tables.negotiation import OUTCOMES as ENDINGS

ALIKE = (
    "strategy",
    "window_start",
    "local_day",
    "lmp_mean_usd_per_mwh",
    "forecast_p10_usd_per_mwh",
    "forecast_p50_usd_per_mwh",
    "forecast_p90_usd_per_mwh",
    "spin_usd_per_mw_h",
    "nonspin_usd_per_mw_h",
)
MEANS = {
    "bid_sell_usd_per_mwh": "bid_sell_kw",
    "bid_buy_usd_per_mwh": "bid_buy_kw",
    "mean_concession": "agreed",
    "plan_satisfaction": "households",
}
"""Column → what its values are weighted by."""
OF_ANY = ("below_minimum",)
MOST = ("rounds",)
FIRST_TOLD = ("solver",)
ENDING = "negotiation_outcome"
SPECIAL = (*ALIKE, *MEANS, *OF_ANY, *MOST, *FIRST_TOLD, ENDING)


def merged(tables: Sequence[pa.Table]) -> pa.Table:
    """OUTCOMES of a fleet from those of its aggregations, which are given in the fleet's order."""
    if len(tables) == 1:
        return tables[0]
    strategies = dict.fromkeys(tables[0]["strategy"].to_pylist())
    # One by one: frames of all strategies at once would be as large again as the result.
    return pa.concat_tables([outcomes_to_arrow([_merged(tables, strategy)]) for strategy in strategies])


def _merged(tables: Sequence[pa.Table], strategy: str) -> Settled:
    parts = [outcome_tables(table.filter(pc.field("strategy") == strategy)) for table in tables]

    def own(name: str) -> Iterator[pd.DataFrame]:
        for part in parts:
            frame: pd.DataFrame = getattr(part, name)
            yield frame

    gaps = [frame["bound_gap_usd"].dropna().sum() for frame in own("days") if frame["bound_gap_usd"].notna().any()]
    return Settled(
        strategy,
        surplus_usd=_sum([frame.set_index("local_day")["surplus_usd"] for frame in own("days")]),
        windows=merge_windows(list(own("windows"))),
        households=_side_by_side(own("households"), "local_day"),
        totals=added_up(pd.concat(list(own("totals")), ignore_index=True)),
        months=pd.concat(list(own("months")), ignore_index=True),
        home_windows=_side_by_side(own("home_windows"), "window_start"),
        intervals=_side_by_side(own("intervals"), "local_day"),
        programmes=_programmes(list(own("programmes"))),
        bound_gap_usd=float(np.sum(gaps)) if gaps else None,
    )


def _programmes(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Aggregations have the same events: what is told of a day adds up, but for its length."""
    rows = pd.concat(frames, ignore_index=True)
    rules = {column.name: "sum" for column in PROGRAMME_DAYS.columns if column.name not in PROGRAMME_DAYS.key}
    rules |= {"is_paid_by": "first", "event_hours": "first"}
    whole = rows.groupby(list(PROGRAMME_DAYS.key), sort=False, as_index=False).agg(rules)
    return whole.sort_values("local_day", kind="stable", ignore_index=True)


def _side_by_side(frames: Iterator[pd.DataFrame], by: str) -> pd.DataFrame:
    return pd.concat(list(frames), ignore_index=True).sort_values(by, kind="stable", ignore_index=True)


def merge_windows(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The windows of a fleet from those of its aggregations, one strategy's; rows of WINDOW_RESULTS."""
    first = frames[0]
    columns: dict[str, pd.Series] = {}
    for column in WINDOW_RESULTS.columns:
        name = column.name
        values = [frame[name] for frame in frames]
        if name in ALIKE:
            columns[name] = first[name]
        elif name in MEANS:
            columns[name] = _mean(values, [frame[MEANS[name]] for frame in frames])
        elif name in OF_ANY:
            columns[name] = pd.concat(values, axis=1).any(axis=1)
        elif name in MOST:
            columns[name] = pd.concat(values, axis=1).max(axis=1)
        elif name in FIRST_TOLD:
            columns[name] = pd.concat(values, axis=1).bfill(axis=1).iloc[:, 0]
        elif name == ENDING:
            columns[name] = _ending(values)
        else:
            columns[name] = _sum(values)
    return pd.DataFrame(columns)


def _sum(values: Sequence[pd.Series]) -> pd.Series:
    """Row by row in the order given; null where all are."""
    total = values[0]
    for more in values[1:]:
        total = total.add(more, fill_value=0)
    return total


def _mean(values: Sequence[pd.Series], weights: Sequence[pd.Series]) -> pd.Series:
    known = [(v.fillna(0.0) * w, w.where(v.notna(), 0)) for v, w in zip(values, weights, strict=True)]
    weight = _sum([w for _, w in known]).astype(float)
    return (_sum([v for v, _ in known]) / weight).where(weight > 0)


def _ending(values: Sequence[pd.Series]) -> pd.Series:
    """How all ended, where that is alike; else whether some agreed, or the first ending in the list's order."""
    table = pd.concat(values, axis=1)
    order = list(ENDINGS)

    def told(row: pd.Series) -> str | None:
        found = [ending for ending in order if (row == ending).any()]
        if len(found) > 1 and {"agreed", "partly_agreed"} & set(found):
            return "partly_agreed"
        return found[0] if found else None

    return table.apply(told, axis=1)
