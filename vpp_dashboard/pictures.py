"""The pictures of a run's prices, sun and load, each drawn once as long as its tables stay. Knows no Streamlit."""

from __future__ import annotations

from vpp_core.calendar import in_local_time
from vpp_core.results.plots_data import Picture, load_picture, market_picture, solar_picture
from vpp_dashboard.queries import prices, table
from vpp_dashboard.store import remembered
from vpp_pipeline.lake import Lake

HEIGHT_PX = 700


@remembered
def picture(lake: Lake, month: str, scenario: str, what: str) -> Picture:
    """Of `prices`, `sun` or `load`."""
    if what == "prices":
        rows, drawn = prices(lake, month, scenario), market_picture
    elif what == "sun":
        rows, drawn = table(lake, "solar_generation", month, scenario), solar_picture
    else:
        rows, drawn = table(lake, "load_profiles", month, scenario), load_picture
    made = drawn(in_local_time(rows, lake.scenario(scenario).operator))
    made.figure.update_layout(height=HEIGHT_PX)
    return made
