"""What Streamlit runs: the navigation, the month and scenario that are looked at, and the page chosen."""

from __future__ import annotations

import streamlit as st

from vpp_core.errors import InputError
from vpp_dashboard import address, queries
from vpp_dashboard.look import soft
from vpp_dashboard.store import current_lake


def main() -> None:
    """Draw the page. A fault of what people gave or stored is one sentence, as on the command line."""
    st.set_page_config(page_title="Virtual power plant", layout="wide")
    chosen = st.navigation(address.registered())
    try:
        page = next(page for page in address.PAGES if page.key == (chosen.url_path or address.PAGES[0].key))
        with st.sidebar:
            soft(f"lake {current_lake().root}")
        if page.of_a_run:
            _choose_run()
        chosen.run()
    except InputError as error:
        st.error(str(error).replace("$", r"\$"))


def _choose_run() -> None:
    """Month and scenario, above the page and in the address."""
    known = queries.kpis(current_lake())[["month", "scenario"]].drop_duplicates()
    if known.empty:
        raise InputError(f"there are no results in {current_lake().root} yet; make some with `vpp run --month 2023-08`")
    left, right, _ = st.columns([2, 1, 2])
    with left:
        scenarios = sorted(known["scenario"].unique())
        scenario = address.choose("Scenario", "scenario", scenarios, "reference")
    with right:
        months = sorted(known.loc[known["scenario"] == scenario, "month"], reverse=True)
        address.choose("Month", "month", months)


main()
