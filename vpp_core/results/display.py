"""Tables of the report as people read them, of what is stored otherwise: the split, the claims, the provenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from vpp_core.results.run import Run
from vpp_core.results.rungs import COMPARISON, step_name
from vpp_core.results.text import NONE, ONE_DAY, percent, plain, score, usd


def gap_table(split: pd.DataFrame) -> pd.DataFrame:
    """Display rows of the two paths in `GAP_SPLIT`: step, strategies, surplus, interval, share, days above 0."""
    rows = [
        {
            "path": row["path"].replace("_", " "),
            "step": step_name(row["step"]),
            "difference of": f"{row['upper_strategy']} − {row['lower_strategy']}",
            "surplus": usd(row["difference"]),
            "95 % interval": _ends(row, usd) or ONE_DAY,
            "share": percent(row["share_of_total_percent"]),
            "largest day": _largest_day(row),
            "days above 0": f"{row['days_positive']} of {row['days']}",
        }
        for row in split[split["path"] != COMPARISON].to_dict("records")
    ]
    return pd.DataFrame(rows)


_MEASURES = {
    "surplus_usd": "surplus",
    "vpp_profit_usd": "VPP profit",
    "household_gain_usd": "households",
    "satisfaction_mean": "satisfaction",
}


def comparison_table(split: pd.DataFrame) -> pd.DataFrame:
    """Display rows of the comparisons in `GAP_SPLIT`: a pair of strategies, each measure with its interval."""
    rows: dict[str, dict[str, str]] = {}
    for row in split[split["path"] == COMPARISON].to_dict("records"):
        pair = f"{row['upper_strategy']} − {row['lower_strategy']}"
        form = usd if row["measure"].endswith("_usd") else score
        ends = _ends(row, form)
        cell = form(row["difference"]) + (f" ({ends})" if ends else "")
        rows.setdefault(pair, {"pair": pair})[_MEASURES[row["measure"]]] = cell
    return pd.DataFrame(list(rows.values())).fillna(NONE)


def _largest_day(row: Mapping[Any, Any]) -> str:
    """Share of the day that makes most of a difference; marked where that is more than half of it."""
    share = row["largest_day_percent"]
    if pd.isna(share):
        return NONE
    marked = f" ({row['largest_day']}: no finding)" if row["one_day_dominates"] else ""
    return percent(share, 0) + marked


def _ends(row: Mapping[Any, Any], form: Callable[[Any], str]) -> str:
    return "" if pd.isna(row["low"]) else f"{form(row['low'])} to {form(row['high'])}"


def claims_table(claims: pd.DataFrame) -> pd.DataFrame:
    """Display rows of `CLAIMS`: claim, claimed, measured, interval, verdict, because."""
    rows = []
    for row in claims.to_dict("records"):
        measured = NONE if pd.isna(row["measured"]) else f"{plain(row['measured'])} {row['unit']}"
        has_interval = not pd.isna(row["low"])
        rows.append(
            {
                "claim": row["statement"],
                "claimed": row["claimed"],
                "measured": measured,
                "95 % interval": f"{plain(row['low'])} to {plain(row['high'])}" if has_interval else NONE,
                "verdict": row["verdict"],
                "because": row["because"],
            }
        )
    return pd.DataFrame(rows)


def provenance_table(run: Run) -> pd.DataFrame:
    """What reproduces the run: every entry of the provenance, nested ones joined by a dot."""
    entries = _flattened(run.provenance)
    return pd.DataFrame({"what": list(entries), "value": list(entries.values())})


def _flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flattened(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = str(value)
    return flat
