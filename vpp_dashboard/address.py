"""The pages, and how a view is linked: everything that is chosen stands in the address.

Streamlit can bind a widget to the address itself, but leaves out what equals the default, and defaults change with the
lake: a link would mean another month tomorrow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import streamlit as st

from vpp_dashboard.look import prose
from vpp_pipeline.lake import Lake
from vpp_pipeline.lake.links import link_to

Option = TypeVar("Option")
FOLDER = Path(__file__).parent / "views"


class Page(NamedTuple):
    """A page: its file and address, its name, and the heading that it stands under."""

    key: str
    title: str
    under: str
    of_a_run: bool = True
    """whether it shows one month and scenario"""


PAGES = (
    Page("answer", "The answer", "Results"),
    Page("runs", "Months and scenarios", "Results", of_a_run=False),
    Page("compare", "Two runs side by side", "Results", of_a_run=False),
    Page("gap", "What lies between", "Results"),
    Page("study", "Studies and deciders", "Results", of_a_run=False),
    Page("negotiations", "Find a negotiation", "Negotiations"),
    Page("negotiation", "One negotiation", "Negotiations"),
    Page("households", "Who gains, who loses", "Homes"),
    Page("home", "One home", "Homes"),
    Page("mine", "My household", "Homes"),
    Page("data", "Fleet and data", "Data"),
    Page("work", "Run something", "Data", of_a_run=False),
)


def registered() -> dict[str, list[st.Page]]:
    """The pages for Streamlit's navigation, by heading."""
    under: dict[str, list[st.Page]] = {}
    for page in PAGES:
        under.setdefault(page.under, []).append(
            st.Page(FOLDER / f"{page.key}.py", title=page.title, url_path=page.key, default=page is PAGES[0])
        )
    return under


def link(key: str, label: str, **chosen: str | int) -> None:
    """A link to a page with what is chosen there."""
    st.page_link(FOLDER / f"{key}.py", label=label, query_params={name: str(value) for name, value in chosen.items()})


def report_link(lake: Lake, month: str, scenario: str) -> None:
    """A link to a month's whole report, which this server serves from the lake; nothing where there is none."""
    page = lake.report_folder(month, scenario) / "simulation_report.html"
    if page.exists():
        st.markdown(f"[The whole report of {month}, {scenario}](/{link_to(lake, page)})")


def go(key: str, **chosen: str | int) -> None:
    """Open a page with what is chosen there."""
    st.switch_page(FOLDER / f"{key}.py", query_params={name: str(value) for name, value in chosen.items()})


def choose(label: str, key: str, options: Sequence[Option], wanted: Option | None = None, **more: Any) -> Option:
    """A select box whose choice stands in the address as `?key=…`, and follows it when a link or the back button
    changes it. Where neither says anything: `wanted`, or the first option. An address that asks for what is not there
    is told so.
    """
    asked = st.query_params.get(key)
    unknown = asked not in (None, st.session_state.get(_told(key)), *map(str, options))
    take_from_address(key, {str(option): option for option in options})
    if st.session_state.get(key) not in options:
        st.session_state[key] = wanted if wanted in options else options[0]
    chosen: Option = st.selectbox(label, options, key=key, **more)
    put_into_address(key, str(chosen))
    if unknown:
        st.warning(prose(f"The address asks for {key} {str(asked)[:60]!r}, which is not here: this is {chosen}."))
    return chosen


def number(label: str, key: str) -> float | None:
    """A number that may be left out, which stands in the address where it is given."""
    asked = st.query_params.get(key)
    if asked is not None and (key not in st.session_state or asked != st.session_state.get(_told(key))):
        with suppress(ValueError):
            st.session_state[key] = float(asked)
    chosen: float | None = st.number_input(label, value=None, key=key, format="%g")
    if chosen is not None:
        put_into_address(key, f"{chosen:g}")
    elif key in st.query_params:
        del st.query_params[key]
    return chosen


def take_from_address(key: str, named: Mapping[str, Any]) -> None:
    """Give the widget of that key, which is made after this, what the address says, where that is news."""
    asked = st.query_params.get(key)
    if (
        asked is not None
        and asked in named
        and (key not in st.session_state or asked != st.session_state.get(_told(key)))
    ):
        st.session_state[key] = named[asked]


def put_into_address(key: str, value: str) -> None:
    """Let the address say what was chosen."""
    st.session_state[_told(key)] = value
    if st.query_params.get(key) != value:
        st.query_params[key] = value


def _told(key: str) -> str:
    """Where it is kept what the address was last given."""
    return f"told {key}"
