"""What all plots share: a record, the strategies’ colours, numbers rounded to what a picture shows."""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np
import pandas as pd

from vpp_core.devices import DEVICES
from vpp_core.results.rungs import ALONE, BOUND, BOUND_WITHIN, COMMANDED, EXACT, NEGOTIATED, SMART, UNHEEDING

Figure = dict[str, Any]

GREEN, BLUE, ORANGE, LILAC, PURPLE = "#0aa873", "#2f7cb8", "#ee9040", "#dda3ea", "#7a3fd0"
GOLD = "#f2d93b"
GREY, RED, RUST, MAROON, YELLOW = "#8b929c", "#c2553a", "#b7571c", "#ac0d31", "#ceb833"
NIGHT = "#000048"
"""The strategies' tints, and some that plots outside the report use."""
DEVICE_COLOUR = {device.source: device.colour for device in DEVICES}
BATTERY, CAR, SOLAR = DEVICE_COLOUR["battery"], DEVICE_COLOUR["ev"], "#dfb600"
RESERVE, NONSPIN, CALLED, PROGRAMME = "#d993ff", "#5b3ab8", "#b43252", "#7b1d35"
KEPT, BILL, WEAR, PENALTY = "#dfa938", "#ad4c76", "#9ea185", "#896540"
PRICE, FORECAST, AWARD, MOVED_OUT, MOVED_IN = "#501400", "#e3c2a6", "#bf763a", "#66e56a", "#9bd0ff"
GAINED, LOST, NEUTRAL = "#2a5fb0", RED, "#52727f"
"""What is no strategy: a tint for each thing, the same in every plot of the report, and no strategy's. Tints that stand
side by side in a plot stay apart for readers who see no red or no green too: where hues could not, lightness does."""

_COLOURS = {
    ALONE: GREY,
    SMART: GOLD,
    NEGOTIATED: GREEN,
    COMMANDED: BLUE,
    UNHEEDING: ORANGE,
    EXACT: MAROON,
    BOUND_WITHIN: LILAC,
    BOUND: PURPLE,
}
_MORE_COLOURS = ("#5bb8c4", RUST, RED)


def colour(strategy: str, position: int = 0) -> str:
    """A strategy's colour, the same in every plot."""
    return _COLOURS.get(strategy, _MORE_COLOURS[position % len(_MORE_COLOURS)])


def see_through(tint: str, share: float) -> str:
    """A colour `#rrggbb` of which only a share covers what lies below."""
    red, green, blue = (int(tint[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share:g})"


def values(series: pd.Series) -> list[float | None]:
    """Numbers to four decimals; null where there is none."""
    numbers = series.to_numpy(dtype=float, na_value=np.nan).tolist()
    return [None if isnan(number) else round(number, 4) + 0.0 for number in numbers]
