"""Which rule of bargaining matters: bars on either side of what the scenario's own values give, the largest on top."""

from __future__ import annotations

from typing import Any

import pandas as pd

from vpp_core.results.bargaining import MEASURES, words_of
from vpp_core.results.figures.base import BLUE, GREY, ORANGE, Figure

_WRAPPED = 24
"""Letters in a line of a label."""


def bargaining_figures(effects: pd.DataFrame) -> dict[str, Figure]:
    """A figure per measure, by its name for people; `effects` as `bargaining.effects` gives them."""
    labels = {str(rule): _label(str(rule), rows) for rule, rows in effects.groupby("varied", sort=False)}
    return {
        words: _tornado(effects[effects["measure"] == measure], labels, "$" if measure.endswith("_usd") else "0–1")
        for measure, words in MEASURES.items()
    }


def _tornado(rows: pd.DataFrame, labels: dict[str, str], unit: str) -> Figure:
    low = rows[rows["value"] < rows["own_value"]].sort_values("value").groupby("varied", sort=False).head(1)
    high = rows[rows["value"] > rows["own_value"]].sort_values("value").groupby("varied", sort=False).tail(1)
    return {
        "data": [
            _bars("lowest value", BLUE, low.set_index("varied"), labels),
            _bars("highest value", ORANGE, high.set_index("varied"), labels),
        ],
        "layout": {
            "height": 110 + 52 * len(labels),
            "barmode": "group",
            "bargap": 0.25,
            "xaxis": {"title": {"text": f"change [{unit}]"}, "zeroline": True},
            "yaxis": {"autorange": "reversed", "automargin": True, "tickfont": {"size": 10}},
        },
    }


def _bars(name: str, tint: str, rows: pd.DataFrame, labels: dict[str, str]) -> Figure:
    """A bar per rule that was tried on this side of its own value."""
    tried = [rule for rule in labels if rule in rows.index]
    shown = rows.loc[tried]
    above = [_rounded(high - middle) for high, middle in zip(shown["high"], shown["estimate"], strict=True)]
    below = [_rounded(middle - low) for low, middle in zip(shown["low"], shown["estimate"], strict=True)]
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "y": [labels[rule] for rule in tried],
        "x": [_rounded(value) for value in shown["estimate"]],
        "customdata": [f"{value:g}" for value in shown["value"]],
        "marker": {"color": tint},
        "error_x": {
            "type": "data", "symmetric": False, "array": above, "arrayminus": below, "thickness": 1, "width": 3,
            "color": GREY,
        },
        "hovertemplate": "%{y}<br>at %{customdata}: %{x}<extra></extra>",
    }  # fmt: skip


def _rounded(value: Any) -> float | None:
    return None if pd.isna(value) else round(float(value), 5)


def _label(rule: str, rows: pd.DataFrame) -> str:
    """The rule in lines that leave a narrow window room for the bars, and its lowest, own and highest value."""
    import textwrap

    values = sorted({*rows["value"], *rows["own_value"]})
    own = rows["own_value"].iloc[0]
    shown = [f"<b>{value:g}</b>" if value == own else f"{value:g}" for value in sorted({values[0], own, values[-1]})]
    return "<br>".join([*textwrap.wrap(words_of(rule), _WRAPPED), " … ".join(shown)])
