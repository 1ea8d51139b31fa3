"""The two templates over the same sections: a page and Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from vpp_core.results.page_style import CSS, SCRIPT
from vpp_core.results.run import Run
from vpp_core.results.section import Section, Table, shown
from vpp_core.results.shares import REAL, data_shares, shown_share
from vpp_core.results.text import NONE, as_words, count, markdown_table

if TYPE_CHECKING:
    from jinja2 import Environment


def page(title: str, run: Run, sections: Sequence[Section], library: str | None = None) -> bytes:
    """A whole page that needs no server or network, its plots as JSON by element id.

    `library`: where plotly's script lies, as seen from the page; without, it is in the page, which then needs no other
    file and has 4.9 MB more.
    """
    from markupsafe import Markup

    kept = shown(sections)
    plots = {plot.name: plot.figure for section in kept for part in section.parts for plot in part.plots}
    given = {
        "css": Markup(CSS),
        "script": Markup(SCRIPT),
        "plotly": None if library else Markup(_plotly()),
        "library": library,
        "figures": Markup(_json(plots)),
        "real": REAL,
        "run_on": run_on(run, run.scenario.description),
    }
    return _filled("page.html.j2", title, run, kept, **given)


def markdown(title: str, run: Run, sections: Sequence[Section]) -> bytes:
    """The same as text."""
    return _filled("report.md.j2", title, run, shown(sections), run_on=run_on(run, as_words(run.scenario.description)))


def run_on(run: Run, description: str) -> str:
    """What was run, in a sentence or two."""
    scenario, iso = run.scenario, run.scenario.operator
    return (
        f"{count(scenario.homes, 'home')} (fleet seed {scenario.seed}), {days_run(run)}, node {node(run)} of "
        f"{iso.name}, data seed {scenario.data_seed}. {description}." + (f" {iso.homes_note}" if iso.homes_note else "")
    )


def days_run(run: Run) -> str:
    """How many local days were run, and whether these are only the month's first."""
    shortened = " (the first of the month, not all)" if run.scenario.first_days else ""
    return count(run.days, "local day") + shortened


def node(run: Run) -> str:
    """The pricing node(s) of the run."""
    return ", ".join(sorted(run.market_prices["node"].dropna().unique())) or NONE


def prose(text: str) -> str:
    """Text as HTML whose lines do not end between a number and its %, between a minus and its number, or in MW-h."""
    return escape(text).replace(" %", "&nbsp;%").replace("−", "−&NoBreak;").replace("W-h", "W‑h")


def _filled(template: str, title: str, run: Run, sections: Sequence[Section], **given: Any) -> bytes:
    made = _environment(html=template.endswith(".html.j2")).get_template(template)
    text = made.render(title=title, sections=sections, shares=data_shares(run), **given)
    return (text.strip() + "\n").encode()


@cache
def _environment(html: bool) -> Environment:
    """The Jinja environment of pages (HTML) or of text, one each a process; it keeps the compiled templates."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    made = Environment(
        loader=PackageLoader("vpp_core.results"),
        autoescape=html,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters |= {"prose": lambda text: Markup(prose(text)), "share": shown_share, "sheet": _sheet}
    return made


def _sheet(table: Table) -> str:
    rows = [[f"`{cell.text}`" if cell.look == "code" else cell.text for cell in row] for row in table.rows]
    return markdown_table([cell.text for cell in table.head], rows)


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def _json(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
