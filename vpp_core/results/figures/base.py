"""What all plots share: a record, the strategies’ colours, numbers rounded to what a picture shows."""

from __future__ import annotations

from typing import Any

import pandas as pd

Figure = dict[str, Any]

GREEN, BLUE, ORANGE, LILAC, PURPLE = "#0aa873", "#2f7cb8", "#ee9040", "#dda3ea", "#7a3fd0"
GREY, RED, RUST, MAROON, YELLOW = "#8b929c", "#c2553a", "#b7571c", "#ac0d31", "#ceb833"
NIGHT = "#000048"
"""All tints of the plots. Those that stand side by side in one stay apart for readers who see no red or no green too:
where hues could not, lightness does."""

_COLOURS = {
    "no_vpp": GREY,
    "negotiated": GREEN,
    "centralized_aware": BLUE,
    "centralized": ORANGE,
    "perfect_foresight_aware": LILAC,
    "perfect_foresight": PURPLE,
}
_MORE_COLOURS = (MAROON, YELLOW, "#5bb8c4")


def colour(strategy: str, position: int = 0) -> str:
    """A strategy's colour, the same in every plot."""
    return _COLOURS.get(strategy, _MORE_COLOURS[position % len(_MORE_COLOURS)])


def values(series: pd.Series) -> list[float | None]:
    """Numbers to four decimals; null where there is none."""
    return [None if pd.isna(value) else round(float(value), 4) + 0.0 for value in series]
