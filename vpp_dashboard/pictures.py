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
    iso = lake.scenario(scenario).operator
    if what == "prices":
        made = market_picture(in_local_time(prices(lake, month, scenario), iso))
    elif what == "sun":
        made = solar_picture(in_local_time(table(lake, "solar_generation", month, scenario), iso))
    else:
        made = load_picture(in_local_time(table(lake, "load_profiles", month, scenario), iso))
    made.figure.update_layout(height=HEIGHT_PX)
    return made
