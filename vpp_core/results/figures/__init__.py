"""The page's plots as plain Plotly records (data and layout), so that drawing them needs no import and no browser here.

Colours are set for both a light and a dark page; fonts, grids and backgrounds follow the page's theme (`page`).
"""

from vpp_core.results.figures.bargaining import bargaining_figures
from vpp_core.results.figures.base import Figure, colour
from vpp_core.results.figures.days import day_figure, event_figure, heat_figure, price_heat_figure
from vpp_core.results.figures.homes import gain_figure, satisfaction_figure
from vpp_core.results.figures.money import (
    concentration_figure,
    ladder_figure,
    parts_figure,
    source_figure,
    waterfall_figure,
)
from vpp_core.results.figures.sweeps import frontier_figure, sweep_figure

__all__ = [
    "Figure",
    "bargaining_figures",
    "colour",
    "concentration_figure",
    "day_figure",
    "event_figure",
    "frontier_figure",
    "gain_figure",
    "heat_figure",
    "ladder_figure",
    "parts_figure",
    "price_heat_figure",
    "satisfaction_figure",
    "source_figure",
    "sweep_figure",
    "waterfall_figure",
]
