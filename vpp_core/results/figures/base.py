"""What all plots share: a record, the strategies’ colours, numbers rounded to what a picture shows."""

from __future__ import annotations

from typing import Any

import pandas as pd

Figure = dict[str, Any]

_COLOURS = {
    "no_vpp": "#8b929c",
    "negotiated": "#12a37c",
    "centralized_aware": "#3f8fd2",
    "centralized": "#e08a2e",
    "perfect_foresight_aware": "#b795e0",
    "perfect_foresight": "#8661c9",
}
_MORE_COLOURS = ("#d4587a", "#a8a832", "#5bb8c4")


def colour(strategy: str, position: int = 0) -> str:
    """A strategy's colour, the same in every plot."""
    return _COLOURS.get(strategy, _MORE_COLOURS[position % len(_MORE_COLOURS)])


def values(series: pd.Series) -> list[float | None]:
    """Numbers to four decimals; null where there is none."""
    return [None if pd.isna(value) else round(float(value), 4) for value in series]
